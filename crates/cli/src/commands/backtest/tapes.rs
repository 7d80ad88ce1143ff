//! The tapes of a backtest: which files, of which market, with a bar on the terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use backtest::{CheckedTape, JoinedTape, MarketEvent};
use engine::{SpecError, StrategySpec};
use indicatif::{ProgressBar, ProgressStyle};
use model::{Price, Symbol};
use report::{FileHash, Finding};
use tape::{
    CheckedReader, FileAbout, MarketReader, Policy, Problem, QualityConfig, QualityError,
    QualityReport, Row, RowKind, Rows, file_sha256, format_utc, is_same_market,
};

use super::BacktestArgs;
use super::file::Loaded;
use crate::commands::tape::survey;

/// What is traded where neither the arguments nor the files say it.
const SYMBOL: &str = "BTC/USD";
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
    /// What its first rows show.
    pub(super) head: Head,
    /// What is worth knowing of its name.
    pub(super) note: Option<String>,
    paths: Vec<PathBuf>,
    tape: JoinedTape,
}

/// What the first rows of the files of a market show.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head {
    /// Digits after the point of their prices; later what the market is said to have.
    pub(super) price_decimals: u32,
    /// Length of their bars.
    bar_length: Option<Duration>,
}

impl Head {
    fn take(&mut self, rows: Rows<'_>) {
        for row in rows.iter() {
            let prices = match row {
                Row::Trade(row) => [row.price; 4],
                Row::Bar(row) => {
                    self.bar_length.get_or_insert(row.length());
                    [row.open, row.high, row.low, row.close]
                }
                Row::Quote(row) => [row.bid, row.ask, row.bid, row.ask],
                Row::Level(row) => [row.price; 4],
            };
            for price in prices {
                self.price_decimals = decimals_of(price, self.price_decimals);
            }
        }
    }
}

/// Digits after the point that a price needs, at least so many.
fn decimals_of(price: Price, least: u32) -> u32 {
    let mut decimals = least;
    while decimals < Price::DECIMALS && !price.is_multiple_of(Price::step(decimals)) {
        decimals += 1;
    }
    decimals
}

/// Why the events of a market end early.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlayError {
    #[error(transparent)]
    Quality(#[from] QualityError),
    #[error(
        "a price of {price} at {at} UTC, off the market's steps: it has {decimals} digits after the point (from \
         --price-decimals or its first rows); expected --price-decimals {needed}"
    )]
    Digits { price: Price, at: String, decimals: u32, needed: u32 },
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
    ) -> impl Iterator<Item = Result<MarketEvent<'static>, PlayError>> {
        let mut rows = 0_u64;
        let decimals = self.head.price_decimals;
        (&mut self.tape).map(move |event| {
            rows += 1;
            if rows.is_multiple_of(ROWS_PER_LOOK) {
                bar.inc(ROWS_PER_LOOK);
            }
            let event = event?;
            match off_steps(&event, decimals) {
                None => Ok(event),
                Some(price) => {
                    let (at, needed) = (format_utc(event.ts()), decimals_of(price, decimals));
                    Err(PlayError::Digits { price, at, decimals, needed })
                }
            }
        })
    }
}

/// A price that has more digits after the point than its market.
fn off_steps(event: &MarketEvent<'_>, decimals: u32) -> Option<Price> {
    // Constants, so that nothing is divided: this looks at every price of a tape.
    let is_off = |price: &Price| {
        let raw = price.raw();
        match decimals {
            0 => raw % 1_000_000_000 != 0,
            1 => raw % 100_000_000 != 0,
            2 => raw % 10_000_000 != 0,
            3 => raw % 1_000_000 != 0,
            4 => raw % 100_000 != 0,
            5 => raw % 10_000 != 0,
            6 => raw % 1_000 != 0,
            7 => raw % 100 != 0,
            8 => raw % 10 != 0,
            _ => false,
        }
    };
    match event {
        MarketEvent::Trade(row) => Some(row.price).filter(is_off),
        MarketEvent::Bar(bar) => [bar.open, bar.high, bar.low, bar.close].into_iter().find(is_off),
        MarketEvent::Depth(row) => {
            row.bids.iter().chain(row.asks.iter()).map(|level| level.price).find(is_off)
        }
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
    let symbol = args.symbol.as_deref().unwrap_or(SYMBOL);
    let given: Vec<_> = if args.tape.is_empty() {
        file.tapes().map(|(symbol, path)| (symbol, path, true)).collect()
    } else {
        args.tape.iter().map(|text| named(text, symbol)).collect()
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
    let config = survey::config(&args.how)?;
    let mut kinds: BTreeMap<RowKind, Vec<PathBuf>> = BTreeMap::new();
    let mut head = Head::default();
    for path in &paths {
        let mut reader = MarketReader::open(std::slice::from_ref(path), options)?;
        playable(reader.kind(), &config)?;
        kinds.entry(reader.kind()).or_default().push(path.clone());
        if let Some(batch) = reader.next_batch()? {
            head.take(batch.rows);
        }
    }
    let (mut tapes, mut files) = (Vec::new(), Vec::new());
    for paths in kinds.values() {
        let reader = MarketReader::open(paths, options)?;
        files.extend_from_slice(reader.files());
        tapes.push(CheckedTape::new(CheckedReader::new(reader, config.clone())));
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
    survey::of_one_market(&files)?;
    let note = other_name(&symbol, &files);
    if let Some(note) = note.as_ref().filter(|_| !assigned && args.symbol.is_none()) {
        return Err(anyhow!("{note}; expected --symbol BASE/QUOTE, or --tape BASE/QUOTE=FILE"));
    }
    let names: Vec<_> = files.iter().take(3).map(|f| f.place.clone()).collect();
    let more = match files.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let formats: BTreeSet<_> = files.iter().map(|file| file.format.name()).collect();
    let formats: Vec<_> = formats.into_iter().collect();
    let name = format!("{symbol}: {}{more}, {}", names.join(", "), formats.join(", "));
    Ok(MarketTape { symbol, name, head, note, paths, tape: JoinedTape::new(tapes) })
}

/// Refuses to keep rows that a backtest cannot play, whatever is wrong with them otherwise.
fn playable(kind: RowKind, config: &QualityConfig) -> anyhow::Result<()> {
    let never: &[Problem] = match kind {
        RowKind::Bars => &[
            Problem::Unsorted,
            Problem::NotPositive,
            Problem::CrossedBar,
            Problem::DuplicateBar,
            Problem::OverlappingBar,
            Problem::AbsurdTime,
        ],
        RowKind::Trades | RowKind::Quotes | RowKind::Book => &[Problem::NotPositive],
    };
    match never.iter().find(|problem| config.policy(**problem) == Policy::Keep) {
        Some(problem) => Err(anyhow!(
            "--on {problem}=keep: a backtest cannot play such {}; expected skip or fail",
            kind.name()
        )),
        None => Ok(()),
    }
}

/// What there is to say where the files tell another market than they are played as.
fn other_name(symbol: &str, files: &[FileAbout]) -> Option<String> {
    let pair = symbol.split_once(':').map_or(symbol, |(_, pair)| pair);
    let is_other = |told: &str| !is_same_market(told, pair);
    let (place, told) = files.iter().find_map(|file| Some((&file.place, file.symbol.as_ref()?)))?;
    is_other(told).then(|| format!("{place} is a tape of {told}, not of {pair}"))
}

/// The strategy on these tapes.
pub(super) fn spec_of(
    mut spec: StrategySpec,
    tapes: &[MarketTape],
) -> Result<StrategySpec, SpecError> {
    for length in tapes.iter().filter_map(|tape| tape.head.bar_length) {
        spec = spec.of_bars(length)?;
    }
    Ok(spec)
}

/// Refuses a strategy that looks at trades alone where no tape has any.
pub(super) fn has_trades(spec: &StrategySpec, tapes: &[MarketTape]) -> anyhow::Result<()> {
    let symbols: Vec<_> = tapes.iter().map(|tape| Symbol::new(&tape.symbol)).collect();
    let wants = spec.factory().build(&symbols).wants();
    let only_trades = wants.trades && !wants.best_prices && !wants.bars;
    let trades = |tape: &MarketTape| {
        tape.tape.kinds().any(|kind| matches!(kind, RowKind::Trades | RowKind::Bars))
    };
    match tapes.iter().find(|tape| !trades(tape)) {
        Some(tape) if only_trades => Err(anyhow!(
            "{}: the strategy acts on trades, of which this tape has none; expected a tape of trades \
             beside the book: --tape {}=FILE",
            tape.name,
            tape.symbol
        )),
        Some(_) | None => Ok(()),
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
        let finding = |(problem, tally): (&Problem, &tape::Tally)| Finding {
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

/// The files of all tapes with their hashes; of an archive or a recording that of the whole file.
pub(super) fn hashes(tapes: &[MarketTape]) -> anyhow::Result<Vec<FileHash>> {
    let whole = |path: &PathBuf| {
        let shown = path.display().to_string();
        let split = if path.exists() { None } else { shown.split_once(['!', '#']) };
        split.map_or_else(|| path.clone(), |(file, _)| PathBuf::from(file))
    };
    let paths: BTreeSet<PathBuf> = tapes.iter().flat_map(|tape| &tape.paths).map(whole).collect();
    let hash = |path: PathBuf| -> anyhow::Result<FileHash> {
        let sha256 = file_sha256(&path)?;
        Ok(FileHash { path: path.display().to_string(), sha256 })
    };
    paths.into_iter().map(hash).collect()
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
