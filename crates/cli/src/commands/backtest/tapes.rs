//! The tapes of a backtest: which files, of which market, with a bar on the terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use backtest::{
    BacktestConfig, CheckedTape, FeedError, JoinedTape, Latency, MarketEvent, RunError,
};
use engine::{SpecError, StrategySpec};
use indicatif::{ProgressBar, ProgressStyle};
use matching::InstrumentConfig;
use model::{Price, Symbol, UnixNanos};
use report::{FileHash, Finding};
use tape::{
    Batch, CheckedReader, FileAbout, MarketReader, Problem, QualityConfig, QualityError,
    QualityReport, ReadOptions, Row, RowKind, Rows, file_sha256, format_utc, is_same_market,
};

use super::BacktestArgs;
use super::file::Loaded;
use crate::commands::tape::survey;

/// What is traded where neither the arguments nor the files say it.
const SYMBOL: &str = "BTC/USD";
/// Rows between two moves of the bar on the terminal.
const ROWS_PER_LOOK: u64 = 65_536;

/// The files of one market.
pub(super) struct MarketTape {
    /// Symbol, with its venue before a colon if one is named.
    pub(super) symbol: String,
    /// The files, for people.
    pub(super) name: String,
    /// What its first rows show.
    pub(super) head: Head,
    /// What is worth knowing of its name and its prices.
    pub(super) notes: Vec<String>,
    /// True when somebody said how many digits its prices have.
    digits_told: bool,
    paths: Vec<PathBuf>,
    options: ReadOptions,
    files: Vec<FileAbout>,
    tape: JoinedTape,
}

/// Markets whose prices have more digits than the first rows of their files, and what there is to say of it.
pub(super) type Finer = BTreeMap<String, (u32, String)>;

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
            if let Row::Bar(row) = &row {
                self.bar_length.get_or_insert(row.length());
            }
            for price in prices_of(&row) {
                self.price_decimals = decimals_of(price, self.price_decimals);
            }
        }
    }
}

/// The prices of a row, some of them twice.
const fn prices_of(row: &Row) -> [Price; 4] {
    match row {
        Row::Trade(row) => [row.price; 4],
        Row::Bar(row) => [row.open, row.high, row.low, row.close],
        Row::Quote(row) => [row.bid, row.ask, row.bid, row.ask],
        Row::Level(row) => [row.price; 4],
        Row::Order(row) => [row.price; 4],
    }
}

/// File and line of the first row that is meant.
fn place_of(
    paths: &[PathBuf],
    options: ReadOptions,
    is_meant: impl Fn(&Row, Option<UnixNanos>) -> bool,
) -> Option<String> {
    paths.iter().find_map(|path| {
        let mut reader = MarketReader::open(std::slice::from_ref(path), options).ok()?;
        let places: Vec<_> = reader.files().iter().map(|file| file.place.clone()).collect();
        while let Ok(Some(batch)) = reader.next_batch() {
            let mut rows = batch.rows.iter().enumerate();
            let found = rows.find(|(at, row)| is_meant(row, received(&batch, *at, row)));
            if let Some((at, _)) = found {
                return Some(format!("{}:{}", places.get(batch.file)?, batch.number(at)));
            }
        }
        None
    })
}

/// When a row was received, where it is known.
fn received(batch: &Batch<'_>, at: usize, row: &Row) -> Option<UnixNanos> {
    match row {
        Row::Trade(_) => batch.received.get(at).copied(),
        Row::Bar(_) => None,
        Row::Quote(row) => Some(row.local_ts),
        Row::Level(row) => Some(row.local_ts),
        Row::Order(row) => Some(row.local_ts),
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
        "{place}: a price of {price}, off the market's steps: it has {decimals} digits after the point; expected \
         --price-decimals {needed}, or none"
    )]
    Digits { market: String, told: bool, place: String, price: Price, decimals: u32, needed: u32 },
}

/// True for an end that the digits of the first rows led to: then `finer` knows of more, with which everything is to be
/// played again.
pub(super) fn learns(finer: &mut Finer, error: &anyhow::Error) -> bool {
    let Some(PlayError::Digits { market, told: false, place, needed, .. }) = error.downcast_ref()
    else {
        return false;
    };
    let note = format!("prices of {market} have {needed} digits after the point, from {place} on");
    finer.insert(market.clone(), (*needed, note));
    true
}

/// What the files of one market hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarketData {
    Trades,
    Bars,
    /// A book or best prices, with or without trades.
    Book,
    /// Every order of a book, with or without trades.
    Orders,
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
            RowKind::Orders => MarketData::Orders,
        };
        // Trades are first.
        self.tape.kinds().map(of).last().unwrap_or(MarketData::Trades)
    }

    /// Lets its events tell when they were received, which all of its files must know.
    pub(super) fn tell_times(&mut self) -> anyhow::Result<()> {
        let knows = |file: &&FileAbout| file.received && file.format.kind() != RowKind::Bars;
        if let Some(file) = self.files.iter().find(|file| !knows(file)) {
            return Err(anyhow!(
                "{}: {} does not tell when its rows were received; expected, for --latency recorded/..., a recording \
                 with times of arrival, or Tardis' files",
                file.place,
                file.format
            ));
        }
        self.tape.tell_times();
        Ok(())
    }

    /// File and line of the first row that is meant; rows come with when they were received.
    pub(super) fn place_of(
        &self,
        is_meant: impl Fn(&Row, Option<UnixNanos>) -> bool,
    ) -> Option<String> {
        place_of(&self.paths, self.options, is_meant)
    }

    /// Its events, which move a bar.
    pub(super) fn events(
        &mut self,
        bar: &ProgressBar,
    ) -> impl Iterator<Item = Result<MarketEvent<'static>, PlayError>> {
        let mut progress = Progress { bar, rows: 0, bytes: 0 };
        let decimals = self.head.price_decimals;
        let (market, told) = (self.symbol.clone(), self.digits_told);
        let (paths, options) = (self.paths.clone(), self.options);
        let tape = &mut self.tape;
        std::iter::from_fn(move || {
            let event = tape.next()?;
            if !matches!(event, Ok(MarketEvent::Heard(_))) {
                progress.take(tape);
            }
            Some(event)
        })
        .map(move |event| {
            let event = event?;
            match off_steps(&event, decimals) {
                None => Ok(event),
                Some(price) => {
                    let is_off = |row: &Row, _| prices_of(row).contains(&price);
                    let place = place_of(&paths, options, is_off);
                    let place = place.unwrap_or_else(|| format_utc(event.ts()));
                    let (market, needed) = (market.clone(), decimals_of(price, decimals));
                    Err(PlayError::Digits { market, told, place, price, decimals, needed })
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
        MarketEvent::Orders(row) => row.changes.iter().map(|change| change.price).find(is_off),
        MarketEvent::Heard(_) => None,
    }
}

/// The files of a market as they were named: is the market said with each?
struct NamedFiles {
    symbol: String,
    paths: Vec<PathBuf>,
    assigned: bool,
}

/// Opens what `--tape` names, or else the file, in the order in which the markets are named first.
pub(super) fn open(
    args: &BacktestArgs,
    file: &Loaded,
    finer: &Finer,
) -> anyhow::Result<Vec<MarketTape>> {
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
    let open = |market| open_market(args, file, finer, market);
    markets.into_iter().map(open).collect()
}

fn open_market(
    args: &BacktestArgs,
    file: &Loaded,
    finer: &Finer,
    market: NamedFiles,
) -> anyhow::Result<MarketTape> {
    let NamedFiles { symbol, paths, assigned } = market;
    let options = survey::options(&args.how);
    let config = survey::config(&args.how)?;
    let mut kinds: BTreeMap<RowKind, (QualityConfig, Vec<PathBuf>)> = BTreeMap::new();
    let mut head = Head::default();
    for path in &paths {
        let mut reader = MarketReader::open(std::slice::from_ref(path), options)?;
        let playable = playable(reader.kind(), &config)?;
        kinds.entry(reader.kind()).or_insert((playable, Vec::new())).1.push(path.clone());
        if let Some(batch) = reader.next_batch()? {
            head.take(batch.rows);
        }
    }
    let (mut tapes, mut files) = (Vec::new(), Vec::new());
    for (config, paths) in kinds.values() {
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
    let books = [RowKind::Quotes, RowKind::Book, RowKind::Orders];
    let books: Vec<_> = books.iter().filter(|kind| kinds.contains_key(kind)).collect();
    if let [one, other, ..] = books[..] {
        let (one, other) = (one.name(), other.name());
        return Err(anyhow!("{symbol}: {one} beside {other}; expected one kind of book"));
    }
    survey::of_one_market(&files)?;
    let mut notes = Vec::from_iter(other_name(&symbol, &files));
    if let Some(note) = notes.first().filter(|_| !assigned && args.symbol.is_none()) {
        return Err(anyhow!("{note}; expected --symbol BASE/QUOTE, or --tape BASE/QUOTE=FILE"));
    }
    if let Some((decimals, note)) = finer.get(&symbol) {
        head.price_decimals = head.price_decimals.max(*decimals);
        notes.push(note.clone());
    }
    let in_file = file.market(&symbol).and_then(|market| market.price_decimals);
    let digits_told = args.price_decimals.or(in_file).is_some();
    let names: Vec<_> = files.iter().take(3).map(|f| f.place.clone()).collect();
    let more = match files.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let formats: BTreeSet<_> = files.iter().map(|file| file.format.name()).collect();
    let formats: Vec<_> = formats.into_iter().collect();
    let name = format!("{symbol}: {}{more}, {}", names.join(", "), formats.join(", "));
    let tape = JoinedTape::new(tapes);
    Ok(MarketTape { symbol, name, head, notes, digits_told, paths, options, files, tape })
}

/// The policies, without keeping rows that a backtest cannot play: who asks for that is refused.
fn playable(kind: RowKind, config: &QualityConfig) -> anyhow::Result<QualityConfig> {
    let never_kept: &[Problem] = match kind {
        RowKind::Bars => &[
            Problem::Unsorted,
            Problem::NotPositive,
            Problem::CrossedBar,
            Problem::DuplicateBar,
            Problem::OverlappingBar,
            Problem::AbsurdTime,
        ],
        RowKind::Trades | RowKind::Quotes | RowKind::Book | RowKind::Orders => {
            &[Problem::Unsorted, Problem::NotPositive]
        }
    };
    let mut config = config.clone();
    config.never_kept = never_kept;
    match config.kept_in_vain() {
        Some(problem) => Err(anyhow!(
            "--on {problem}=keep: a backtest cannot play such {}; expected {} or {problem}=fail",
            kind.name(),
            config.ways_on(problem).join(", ")
        )),
        None => Ok(config),
    }
}

/// What there is to say where the files tell another market than they are played as.
fn other_name(symbol: &str, files: &[FileAbout]) -> Option<String> {
    let pair = symbol.split_once(':').map_or(symbol, |(_, pair)| pair);
    let is_other = |told: &str| !is_same_market(told, pair);
    let (place, told) = files.iter().find_map(|file| Some((&file.place, file.symbol.as_ref()?)))?;
    is_other(told).then(|| format!("{place} is a tape of {told}, not of {pair}"))
}

/// The strategy on these tapes: with bars of several lengths on the longest ones, unless it says others.
pub(super) fn spec_of(spec: StrategySpec, tapes: &[MarketTape]) -> Result<StrategySpec, SpecError> {
    let lengths: BTreeSet<_> = tapes.iter().filter_map(|tape| tape.head.bar_length).collect();
    lengths.into_iter().rev().try_fold(spec, StrategySpec::of_bars)
}

/// Refuses a strategy that could never trade.
pub(super) fn can_trade(
    spec: &StrategySpec,
    tapes: &[MarketTape],
    config: &BacktestConfig,
) -> anyhow::Result<()> {
    hears_of_all(spec, tapes)?;
    is_in_steps(spec, config)
}

/// Refuses a strategy that looks at trades alone, or at bars alone, where a tape has none.
fn hears_of_all(spec: &StrategySpec, tapes: &[MarketTape]) -> anyhow::Result<()> {
    let symbols: Vec<_> = tapes.iter().map(|tape| Symbol::new(&tape.symbol)).collect();
    let wants = spec.factory().build(&symbols).wants();
    let (rows, what, expected): (&[RowKind], _, _) =
        match (wants.trades, wants.best_prices, wants.bars) {
            (true, false, false) => {
                (&[RowKind::Trades, RowKind::Bars], "trades", "a tape of trades beside the book")
            }
            (false, false, true) => (&[RowKind::Bars], "bars", "a tape of bars"),
            _ => return Ok(()),
        };
    let has_none = |tape: &&MarketTape| !tape.tape.kinds().any(|kind| rows.contains(&kind));
    match tapes.iter().find(has_none) {
        Some(MarketTape { name, symbol, .. }) => Err(anyhow!(
            "{name}: the strategy acts on {what}, of which this tape has none; expected {expected}: \
             --tape {symbol}=FILE"
        )),
        None => Ok(()),
    }
}

/// Refuses a strategy whose size is not in the steps of a market: it would be cut to less, or to nothing.
fn is_in_steps(spec: &StrategySpec, config: &BacktestConfig) -> anyhow::Result<()> {
    let Some(size) = spec.quantity() else { return Ok(()) };
    let step = |of: &InstrumentConfig| of.instrument.lot_size();
    match config.instruments().find(|of| size.floor_to(step(of)) != size) {
        Some(of) => {
            let (symbol, step) = (&of.instrument.symbol, step(of));
            Err(anyhow!(
                "parameter `qty={size}`: {symbol} is traded in steps of {step} (--quantity-decimals); \
                 expected whole ones"
            ))
        }
        None => Ok(()),
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

/// A bar over the bytes of all tapes, packed as they are; hidden without a terminal.
pub(super) fn bar(tapes: &[MarketTape], quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bytes = tapes.iter().map(|tape| tape.tape.bytes().1).sum();
    let style = ProgressStyle::with_template("playing {bar:40} {percent}%, {msg}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// How far the tapes of a run are.
struct Progress<'b> {
    bar: &'b ProgressBar,
    rows: u64,
    bytes: u64,
}

impl Progress<'_> {
    /// Another row was played of a tape.
    fn take(&mut self, tape: &JoinedTape) {
        self.rows += 1;
        if !self.rows.is_multiple_of(ROWS_PER_LOOK) || self.bar.is_hidden() {
            return;
        }
        let (bytes, _) = tape.bytes();
        self.bar.inc(bytes.saturating_sub(self.bytes));
        self.bytes = bytes;
        let millis = self.bar.elapsed().as_millis().max(1);
        self.bar.set_message(format!("{} rows/s", u128::from(self.rows) * 1_000 / millis));
    }
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

/// Lets the tapes of the venues whose news take as long as the tape tells say it.
pub(super) fn follow(tapes: &mut [MarketTape], config: &BacktestConfig) -> anyhow::Result<()> {
    let follows = config.venues.iter().flat_map(|venue| {
        let follows = matches!(venue.latency.feed, Latency::Tape { .. });
        venue.instruments.iter().map(move |_| follows)
    });
    for (tape, _) in tapes.iter_mut().zip(follows).filter(|(_, follows)| *follows) {
        tape.tell_times()?;
    }
    Ok(())
}

/// An error of a run, with file and line where its row can be found again.
pub(super) fn with_place(
    error: RunError<PlayError>,
    tapes: &[MarketTape],
    config: &BacktestConfig,
) -> anyhow::Error {
    if let RunError::Source(error) = error {
        // As itself, which `learns` looks for.
        return error.into();
    }
    let RunError::Feed { tape, source: FeedError::Range { ts, nanos }, .. } = &error else {
        return error.into();
    };
    let (ts, nanos) = (*ts, *nanos);
    let Some(at) = tape.checked_sub(1) else { return error.into() };
    let mut offsets = config.venues.iter().flat_map(|venue| {
        let offset = match venue.latency.feed {
            Latency::Tape { offset_nanos } => offset_nanos,
            Latency::Constant(_) | Latency::Uniform { .. } | Latency::Recorded(_) => 0,
        };
        venue.instruments.iter().map(move |_| offset)
    });
    let offset = offsets.nth(at).unwrap_or(0);
    let is_meant = |row: &Row, received: Option<UnixNanos>| {
        let late = |received: UnixNanos| received.as_nanos().saturating_sub(ts.as_nanos());
        row.known_at() == ts && received.is_some_and(|at| late(at).saturating_add(offset) == nanos)
    };
    match tapes.get(at).and_then(|tape| tape.place_of(is_meant)) {
        Some(place) => anyhow!(error).context(place),
        None => error.into(),
    }
}

#[cfg(test)]
mod tests;
