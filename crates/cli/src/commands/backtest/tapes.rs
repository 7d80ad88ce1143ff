//! The tapes of a backtest: which files, of which market, with a bar on the terminal.

use std::fs::{self, File};
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use backtest::{CheckedTape, MarketEvent};
use indicatif::{ProgressBar, ProgressStyle};
use report::Finding;
use tape::{CheckedReader, MarketReader, QualityError, RowKind, format_utc};

use super::BacktestArgs;
use crate::commands::tape::survey;

/// Rows between two moves of the bar on the terminal.
const ROWS_PER_LOOK: u64 = 65_536;
/// Bytes of a text file from which the number of its rows is guessed.
const SAMPLE_BYTES: u64 = 65_536;

/// The files of one market.
pub(super) struct MarketTape {
    /// Symbol, with its venue before a colon if one is named.
    pub(super) symbol: String,
    /// The files, for people.
    pub(super) name: String,
    paths: Vec<PathBuf>,
    tape: CheckedTape,
}

impl MarketTape {
    /// The venue, if one is named.
    pub(super) fn venue(&self) -> Option<&str> {
        self.symbol.split_once(':').map(|(venue, _)| venue)
    }

    /// True when it holds bars.
    pub(super) fn is_bars(&self) -> bool {
        self.tape.kind() == RowKind::Bars
    }

    /// Its events, which move a bar.
    pub(super) fn events(
        &mut self,
        bar: &ProgressBar,
    ) -> impl Iterator<Item = Result<MarketEvent, QualityError>> {
        let mut rows = 0_u64;
        (&mut self.tape).inspect(move |_| {
            rows += 1;
            if rows.is_multiple_of(ROWS_PER_LOOK) {
                bar.inc(ROWS_PER_LOOK);
            }
        })
    }
}

/// Opens what `--tape` names, in the order in which the markets are named first.
pub(super) fn open(args: &BacktestArgs) -> anyhow::Result<Vec<MarketTape>> {
    let mut markets: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for text in &args.tape {
        let (symbol, path) = named(text, &args.symbol);
        match markets.iter_mut().find(|(known, _)| *known == symbol) {
            Some((_, paths)) => paths.push(path),
            None => markets.push((symbol, vec![path])),
        }
    }
    // The markets of a venue stand together: so they are numbered.
    let venue = |symbol: &String| symbol.split_once(':').map_or("", |(venue, _)| venue).to_owned();
    let venues: Vec<_> = markets.iter().map(|(symbol, _)| venue(symbol)).collect();
    markets.sort_by_key(|(symbol, _)| venues.iter().position(|known| *known == venue(symbol)));
    let open = |(symbol, paths): (String, Vec<PathBuf>)| {
        let reader = MarketReader::open(&paths, survey::options(&args.how))?;
        let names: Vec<_> = reader.files().iter().take(3).map(|f| f.place.clone()).collect();
        let more = match reader.files().len().saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if matches!(reader.kind(), RowKind::Quotes | RowKind::Book) {
            let kind = reader.kind().name();
            return Err(anyhow!(
                "{}: a tape of {kind}; expected trades or bars (the library plays books: `CheckedTape`)",
                names.join(", ")
            ));
        }
        let format = reader.files().first().map_or(String::new(), |f| f.format.to_string());
        let name = format!("{symbol}: {}{more}, {format}", names.join(", "));
        let tape = CheckedTape::new(CheckedReader::new(reader, survey::config(&args.how)?));
        Ok(MarketTape { symbol, name, paths, tape })
    };
    markets.into_iter().map(open).collect()
}

/// `[VENUE:]BASE/QUOTE=FILE`, or a file of the market that `--symbol` names.
fn named(text: &str, symbol: &str) -> (String, PathBuf) {
    let plain = || (symbol.to_owned(), PathBuf::from(text));
    if Path::new(text).exists() {
        return plain();
    }
    let named = text.split_once('=').filter(|(symbol, _)| symbol.contains('/'));
    named.map_or_else(plain, |(symbol, path)| (symbol.to_owned(), path.into()))
}

/// A bar over the rows of all tapes; hidden without a terminal, without an end where nobody can guess it.
pub(super) fn bar(tapes: &[MarketTape], quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let rows: Option<u64> = tapes.iter().flat_map(|tape| &tape.paths).map(|p| rows_of(p)).sum();
    let (bar, template) = match rows {
        Some(rows) => {
            (ProgressBar::new(rows), "playing {bar:40} {percent}%, {per_sec}, {eta} left")
        }
        None => (ProgressBar::no_length(), "playing {human_pos} rows, {per_sec}"),
    };
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

/// About how many rows a text file has, by the length of its first ones.
fn rows_of(path: &Path) -> Option<u64> {
    let bytes = fs::metadata(path).ok()?.len();
    let mut sample = Vec::new();
    File::open(path).ok()?.take(SAMPLE_BYTES).read_to_end(&mut sample).ok()?;
    if !sample.is_ascii() {
        return None;
    }
    let lines = u64::try_from(sample.iter().filter(|byte| **byte == b'\n').count()).ok()?;
    let length = u64::try_from(sample.len()).ok()?.checked_div(lines)?;
    bytes.checked_div(length)
}

/// What was found in a tape.
pub(super) fn findings(tape: &MarketTape) -> Vec<Finding> {
    let report = tape.tape.report();
    let finding = |(problem, tally): (&tape::Problem, &tape::Tally)| Finding {
        problem: format!("{} of {}", problem.name(), tape.symbol),
        count: tally.count,
        policy: report.policy(*problem).to_string(),
        example: tally.examples.first().map_or(String::new(), |example| {
            let (place, at) = (report.place(example), format_utc(example.ts));
            format!("{place}, {at}: {}", example.text)
        }),
    };
    report.problems.iter().map(finding).collect()
}

/// How the data was checked.
pub(super) fn checked(tapes: &[MarketTape]) -> String {
    let reports = tapes.iter().map(|tape| tape.tape.report());
    let (rows, skipped) = reports
        .fold((0, 0), |(rows, skipped), report| (rows + report.rows, skipped + report.skipped));
    format!("{rows} rows were read and checked, {skipped} left out.")
}

/// Reads everything into memory.
pub(super) fn load(
    tape: &mut MarketTape,
    bar: &ProgressBar,
) -> anyhow::Result<backtest::SharedTape> {
    let name = tape.symbol.clone();
    tape.events(bar).collect::<Result<_, _>>().with_context(|| format!("tape of {name}"))
}
