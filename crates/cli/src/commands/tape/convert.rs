//! `wavetank tape convert`: any files into one tape in columns.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};

use anyhow::Context as _;
use tape::{ColumnarWriter, FileAbout, MarketReader, QualityReport, RowKind, Sieve};

use super::survey;
use crate::Exit;
use crate::args::ConvertArgs;

/// Writes the whole tape or leaves none.
pub(crate) fn convert(args: &ConvertArgs) -> anyhow::Result<Exit> {
    let reader = survey::open(&args.read)?;
    let symbol = args.symbol.clone().or_else(|| reader.files().first()?.symbol.clone());
    let files = reader.files().to_vec();
    let levels = FileAbout::levels_of(&files);
    let files_received = files.iter().all(|file| file.received);
    let lost = files_received && reader.kind() == RowKind::Trades;
    let mut sieve = Sieve::new(reader.kind(), files, survey::config(&args.read.how)?);
    let shown = args.out.display();
    let file = File::create_new(&args.out)
        .with_context(|| format!("{shown}: expected a file that does not exist yet"))?;
    let received = files_received && reader.kind() != RowKind::Trades;
    let written = write(reader, &mut sieve, file, about_of(symbol, levels, received));
    let rows = written.inspect_err(|_| drop(fs::remove_file(&args.out)))?;
    let report: QualityReport = sieve.into_report();
    let mut stdout = std::io::stdout();
    stdout.write_all(survey::text(&report, false).as_bytes())?;
    if lost {
        writeln!(stdout, "  note    when trades were received is not kept in columns")?;
    }
    let bytes = fs::metadata(&args.out).map_or(0, |about| about.len());
    writeln!(stdout, "{shown}: {rows} rows in {bytes} bytes")?;
    Ok(Exit::Pass)
}

/// What a tape in columns keeps of where it came from.
fn about_of(symbol: Option<String>, levels: Option<u32>, received: bool) -> Vec<(String, String)> {
    let symbol = symbol.map(|symbol| ("symbol".to_owned(), symbol));
    let levels = levels.map(|levels| ("levels".to_owned(), levels.to_string()));
    let received = received.then(|| ("received".to_owned(), "true".to_owned()));
    symbol.into_iter().chain(levels).chain(received).collect()
}

fn write(
    reader: MarketReader,
    sieve: &mut Sieve,
    file: File,
    about: Vec<(String, String)>,
) -> anyhow::Result<u64> {
    let mut writer = ColumnarWriter::new(BufWriter::new(file), reader.kind(), about)?;
    reader.read_ahead::<anyhow::Error>(|batch| Ok(writer.write(sieve.take(batch)?)?))?;
    writer.write(sieve.finish()?)?;
    let (_, rows) = writer.finish()?;
    Ok(rows)
}
