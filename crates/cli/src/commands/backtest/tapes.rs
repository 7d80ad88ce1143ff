//! The tapes of a backtest: which files, of which market, with a bar on the terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use backtest::{CheckedTape, JoinedTape, MarketEvent};
use indicatif::{ProgressBar, ProgressStyle};
use report::Finding;
use tape::{
    CheckedReader, FileAbout, MarketReader, QualityError, QualityReport, RowKind, format_utc,
    is_same_market,
};

use super::BacktestArgs;
use super::file::Loaded;
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
    tape: JoinedTape,
}

/// What the files of one market hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarketData {
    Trades,
    Bars,
    /// A book or best prices, with or without trades.
    Book,
}

impl MarketTape {
    /// The venue, if one is named.
    pub(super) fn venue(&self) -> Option<&str> {
        self.symbol.split_once(':').map(|(venue, _)| venue)
    }

    /// What it holds.
    pub(super) fn data(&self) -> MarketData {
        let of = |kind: RowKind| match kind {
            RowKind::Trades => MarketData::Trades,
            RowKind::Bars => MarketData::Bars,
            RowKind::Quotes | RowKind::Book => MarketData::Book,
        };
        // Trades are first.
        self.tape.kinds().map(of).last().unwrap_or(MarketData::Trades)
    }

    /// Its events, which move a bar.
    pub(super) fn events(
        &mut self,
        bar: &ProgressBar,
    ) -> impl Iterator<Item = Result<MarketEvent<'static>, QualityError>> {
        let mut rows = 0_u64;
        (&mut self.tape).inspect(move |_| {
            rows += 1;
            if rows.is_multiple_of(ROWS_PER_LOOK) {
                bar.inc(ROWS_PER_LOOK);
            }
        })
    }
}

/// The files of a market as they were named: is the market said with each?
struct NamedFiles {
    symbol: String,
    paths: Vec<PathBuf>,
    assigned: bool,
}

/// Opens what `--tape` names, or else the file, in the order in which the markets are named first.
pub(super) fn open(args: &BacktestArgs, file: &Loaded) -> anyhow::Result<Vec<MarketTape>> {
    let given: Vec<_> = if args.tape.is_empty() {
        file.tapes().map(|(symbol, path)| (symbol, path, true)).collect()
    } else {
        args.tape.iter().map(|text| named(text, &args.symbol)).collect()
    };
    let mut markets: Vec<NamedFiles> = Vec::new();
    for (symbol, path, assigned) in given {
        match markets.iter_mut().find(|known| known.symbol == symbol) {
            Some(known) => {
                known.paths.push(path);
                known.assigned &= assigned;
            }
            None => markets.push(NamedFiles { symbol, paths: vec![path], assigned }),
        }
    }
    // The markets of a venue stand together: so they are numbered.
    let venue = |symbol: &String| symbol.split_once(':').map_or("", |(venue, _)| venue).to_owned();
    let venues: Vec<_> = markets.iter().map(|market| venue(&market.symbol)).collect();
    markets.sort_by_key(|of| venues.iter().position(|known| *known == venue(&of.symbol)));
    markets.into_iter().map(|market| open_market(args, market)).collect()
}

fn open_market(args: &BacktestArgs, market: NamedFiles) -> anyhow::Result<MarketTape> {
    let NamedFiles { symbol, paths, assigned } = market;
    let options = survey::options(&args.how);
    let mut kinds: BTreeMap<RowKind, Vec<PathBuf>> = BTreeMap::new();
    for path in &paths {
        let kind = MarketReader::open(std::slice::from_ref(path), options)?.kind();
        kinds.entry(kind).or_default().push(path.clone());
    }
    let (mut tapes, mut files) = (Vec::new(), Vec::new());
    for paths in kinds.values() {
        let reader = MarketReader::open(paths, options)?;
        files.extend_from_slice(reader.files());
        tapes.push(CheckedTape::new(CheckedReader::new(reader, survey::config(&args.how)?)));
    }
    if kinds.len() > 1
        && let Some(bars) = files.iter().find(|file| file.format.kind() == RowKind::Bars)
    {
        let other = files.iter().find(|file| file.format.kind() != RowKind::Bars);
        let other = other.map_or("", |file| file.place.as_str());
        let place = &bars.place;
        return Err(anyhow!("{place}: bars beside {other}; expected one or the other of {symbol}"));
    }
    if kinds.contains_key(&RowKind::Quotes) && kinds.contains_key(&RowKind::Book) {
        return Err(anyhow!("{symbol}: a book beside best prices; expected one or the other"));
    }
    if !assigned {
        of_one_market(&files)?;
    }
    let names: Vec<_> = files.iter().take(3).map(|f| f.place.clone()).collect();
    let more = match files.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let formats: BTreeSet<_> = files.iter().map(|file| file.format.name()).collect();
    let formats: Vec<_> = formats.into_iter().collect();
    let name = format!("{symbol}: {}{more}, {}", names.join(", "), formats.join(", "));
    Ok(MarketTape { symbol, name, paths, tape: JoinedTape::new(tapes) })
}

/// Refuses files that tell two markets and are given for one.
fn of_one_market(files: &[FileAbout]) -> anyhow::Result<()> {
    let told = |file: &FileAbout| Some((file.place.clone(), file.symbol.clone()?));
    let mut told = files.iter().filter_map(told);
    let Some((first, of)) = told.next() else { return Ok(()) };
    match told.find(|(_, symbol)| !is_same_market(symbol, &of)) {
        None => Ok(()),
        Some((place, symbol)) => Err(anyhow!(
            "{place}: a tape of {symbol}, but {first} is one of {of}; expected one market, or the market of \
             each: --tape BASE/QUOTE={first} --tape BASE/QUOTE={place}"
        )),
    }
}

/// `[VENUE:]BASE/QUOTE=FILE`, or a file of the market that `--symbol` names; and which of the two.
fn named(text: &str, symbol: &str) -> (String, PathBuf, bool) {
    let plain = || (symbol.to_owned(), PathBuf::from(text), false);
    if Path::new(text).exists() {
        return plain();
    }
    let named = text.split_once('=').filter(|(symbol, _)| symbol.contains('/'));
    named.map_or_else(plain, |(symbol, path)| (symbol.to_owned(), path.into(), true))
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
    let of = |report: &QualityReport| {
        let finding = |(problem, tally): (&tape::Problem, &tape::Tally)| Finding {
            problem: format!("{} of {}", problem.name(), tape.symbol),
            count: tally.count,
            policy: report.policy(*problem).to_string(),
            example: tally.examples.first().map_or(String::new(), |example| {
                let (place, at) = (report.place(example), format_utc(example.ts));
                format!("{place}, {at}: {}", example.text)
            }),
        };
        report.problems.iter().map(finding).collect::<Vec<_>>()
    };
    tape.tape.reports().flat_map(of).collect()
}

/// How the data was checked.
pub(super) fn checked(tapes: &[MarketTape]) -> String {
    let reports = tapes.iter().flat_map(|tape| tape.tape.reports());
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
