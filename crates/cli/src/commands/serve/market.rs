//! What plays: recorded markets, and generated ones for pairs without a recording.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use model::{Level, Price, Quantity, Side, Symbol, UnixNanos};
use tape::{
    Compression, FileAbout, Format, GeneratorConfig, LevelRow, MarketKind, MarketReader, ROWS_MAX,
    ReadOptions, Rows, Tape, TradeGenerator, TradeRow,
};
use venue_sim::kraken::{KrakenAsset, MarketEvent, Pair};

use crate::args::{ServeArgs, ServedTape, Speed};

/// Length of a market that is generated at once: of what has happened at the start, and of what comes after it,
/// piece by piece, since it is kept in memory.
pub(super) const PAST_SPELL: Duration = Duration::from_secs(60 * 60);
pub(super) const SPELL: Duration = Duration::from_secs(10 * 60);
/// Trades per minute of a generated market before the start and after it: whoever waits for the next trade or change
/// of a book does so for a second or two.
pub(super) const QUIET_PER_MINUTE: u32 = 2;
pub(super) const LIVELY_PER_MINUTE: u32 = 60;
/// Standard deviation of its return of one minute, basis points.
const VOLATILITY_BPS: u32 = 4;
/// Most that has happened at the start unless the command line says otherwise: what `OHLC` can show.
const PAST_MAX: Duration = Duration::from_secs(12 * 60 * 60);

/// The recorded markets, as if they had begun at zero.
#[derive(Debug)]
pub(super) struct Recording {
    /// In the order of their times.
    events: Vec<MarketEvent>,
    /// Time of the last event.
    pub(super) length: Duration,
    pub(super) symbols: BTreeSet<Symbol>,
    /// Those whose book is recorded.
    pub(super) books: BTreeSet<Symbol>,
}

/// A recording laid over real time.
#[derive(Debug)]
pub(super) struct Schedule {
    /// When the recording begins.
    pub(super) begin: UnixNanos,
    pub(super) past: Vec<MarketEvent>,
    pub(super) live: Vec<MarketEvent>,
}

impl Recording {
    /// Reads every tape. Tapes of one pair keep their distance; each pair begins with its first event.
    pub(super) fn load(args: &ServeArgs) -> anyhow::Result<Self> {
        let mut by_symbol: BTreeMap<Symbol, Vec<MarketEvent>> = BTreeMap::new();
        let mut books = BTreeSet::new();
        for tape in &args.tape {
            for (symbol, events) in read(tape, args.symbol.as_ref())? {
                if events.iter().any(|event| matches!(event, MarketEvent::Depth { .. })) {
                    books.insert(symbol.clone());
                }
                by_symbol.entry(symbol).or_default().extend(events);
            }
        }
        let symbols = by_symbol.keys().cloned().collect();
        let mut events = Vec::new();
        for mut of_pair in by_symbol.into_values() {
            of_pair.sort_by_key(MarketEvent::at);
            let first = of_pair.first().map_or(UnixNanos::ZERO, MarketEvent::at);
            events.extend(of_pair.into_iter().map(|event| {
                let time = UnixNanos::ZERO.plus(event.at().since(first));
                event.moved_to(time)
            }));
        }
        events.sort_by_key(MarketEvent::at);
        let length = events.last().map_or(Duration::ZERO, |last| last.at().since(UnixNanos::ZERO));
        Ok(Self { events, length, symbols, books })
    }

    /// How much has happened at the start.
    pub(super) fn past(&self, args: &ServeArgs) -> Duration {
        match (args.speed, args.history) {
            (Speed::Max, _) => self.length,
            (Speed::Real | Speed::Ten, Some(history)) => history.min(self.length),
            (Speed::Real | Speed::Ten, None) => (self.length / 2).min(PAST_MAX),
        }
    }

    /// The events as they happen when the venue opens at `start`, after `past` of the recording; with no factor
    /// all of them have happened.
    pub(super) fn schedule(
        &self,
        start: UnixNanos,
        past: Duration,
        factor: Option<u32>,
    ) -> Schedule {
        let begin = start.as_nanos() - i64::try_from(past.as_nanos()).unwrap_or(0);
        let begin = UnixNanos::from_nanos(begin);
        let offset = |event: &MarketEvent| event.at().since(UnixNanos::ZERO);
        let (mut before, mut live) = (Vec::new(), Vec::new());
        for event in &self.events {
            let at = offset(event);
            match factor {
                Some(factor) if at >= past => {
                    let time = start.plus((at - past) / factor);
                    live.push(event.clone().moved_to(time));
                }
                Some(_) | None => before.push(event.clone().moved_to(begin.plus(at))),
            }
        }
        Schedule { begin, past: before, live }
    }

    /// Trades before the recording begins, of the pairs of which it has the book only: without them there would be
    /// neither a last price nor candles.
    pub(super) fn before(
        &self,
        pairs: &[Pair],
        begin: UnixNanos,
    ) -> anyhow::Result<Vec<MarketEvent>> {
        let spell = i64::try_from(PAST_SPELL.as_nanos()).unwrap_or(0);
        let from = UnixNanos::from_nanos(begin.as_nanos() - spell);
        let mut events = Vec::new();
        let middles = self.first_middles();
        for (seed, pair) in (0_u64..).zip(pairs) {
            if let Some(price) = middles.get(pair.symbol()) {
                let price = price.floor_to(pair.instrument.tick_size);
                let seeds = (QUIET_PER_MINUTE, seed);
                events.extend(generated(pair, (from, PAST_SPELL), price, seeds)?);
            }
        }
        events.sort_by_key(MarketEvent::at);
        Ok(events)
    }

    /// The middle of the first best prices of every pair that has a book and no trades.
    fn first_middles(&self) -> BTreeMap<&Symbol, Price> {
        let (mut middles, mut traded) = (BTreeMap::new(), BTreeSet::new());
        for event in &self.events {
            match event {
                MarketEvent::Trade(trade) => {
                    traded.insert(&trade.symbol);
                }
                MarketEvent::Depth { symbol, bids, asks, .. } if !middles.contains_key(symbol) => {
                    let bid = bids.iter().map(|level| level.price).max();
                    let ask = asks.iter().map(|level| level.price).min();
                    if let Some((bid, ask)) = bid.zip(ask) {
                        let half = ask.raw().saturating_sub(bid.raw()) / 2;
                        middles.insert(symbol, Price::from_raw(bid.raw().saturating_add(half)));
                    }
                }
                MarketEvent::Depth { .. } => {}
            }
        }
        middles.retain(|symbol, _| !traded.contains(*symbol));
        middles
    }
}

/// One tape: its pairs and their events.
fn read(
    tape: &ServedTape,
    default: Option<&Symbol>,
) -> anyhow::Result<BTreeMap<Symbol, Vec<MarketEvent>>> {
    let path = tape.path.as_path();
    let mut reader = MarketReader::open(std::slice::from_ref(&tape.path), ReadOptions::default())?;
    let wanted = match tape.symbol.as_ref().or(default) {
        Some(symbol) => Some(
            listed(symbol.as_str())
                .ok_or_else(|| anyhow!("the simulated venue does not list `{symbol}`"))?,
        ),
        None => None,
    };
    let symbols = pairs_of(reader.files(), wanted.as_ref(), path)?;
    if let ([file], [symbol]) = (reader.files(), &symbols[..])
        && file.format == Format::KrakenTrades
        && file.compression == Compression::None
    {
        // Its own reader says more about what is wrong with a line. Only the head was read so far.
        let trades = Tape::load(path)?;
        let events = trades.trades_for(symbol).map(MarketEvent::Trade).collect();
        return Ok(BTreeMap::from([(symbol.clone(), events)]));
    }
    let (mut events, mut count): (BTreeMap<Symbol, Vec<MarketEvent>>, usize) = Default::default();
    let mut left_out: u64 = 0;
    while let Some(batch) = reader.next_batch()? {
        let symbol = &symbols[batch.file];
        let of_pair = events.entry(symbol.clone()).or_default();
        let before = of_pair.len();
        match batch.rows {
            Rows::Trades(rows) => {
                let is_trade =
                    |row: &&TradeRow| row.price.is_positive() && row.quantity.is_positive();
                of_pair.extend(
                    rows.iter()
                        .filter(is_trade)
                        .map(|row| MarketEvent::Trade(row.to_trade(symbol))),
                );
                left_out += rows.iter().filter(|row| !is_trade(row)).count() as u64;
            }
            Rows::Book(rows) => rows.iter().for_each(|row| push_level(of_pair, row, symbol)),
            Rows::Bars(_) | Rows::Quotes(_) | Rows::Orders(_) => {
                let kind = reader.kind().name();
                return Err(anyhow!("{}: expected trades or a book, found {kind}", path.display()));
            }
        }
        count += of_pair.len() - before;
        if count > ROWS_MAX {
            return Err(anyhow!("{}: expected at most {ROWS_MAX} rows", path.display()));
        }
    }
    if left_out > 0 {
        tracing::warn!(path = %path.display(), left_out, "rows without price or quantity left out");
    }
    Ok(events)
}

/// The pair of each file of a tape: the one that is asked for, else what content or name tell. The only file of
/// a tape may tell nothing; of an archive with several, each must.
fn pairs_of(
    files: &[FileAbout],
    wanted: Option<&Symbol>,
    path: &Path,
) -> anyhow::Result<Vec<Symbol>> {
    let of_file = |file: &FileAbout| {
        match wanted {
        Some(symbol) => Ok(symbol.clone()),
        None if files.len() == 1 => Ok(guess(file.symbol.as_deref(), path)),
        None => file.symbol.as_deref().and_then(listed).ok_or_else(|| {
            anyhow!(
                "{}: expected a member named after a pair of the simulated venue, such as `XBTUSD.csv` \
                 (choose: `FILE!MEMBER`, or name the pair: `BTC/USD=FILE`)",
                file.place
            )
        }),
    }
    };
    files.iter().map(of_file).collect()
}

/// Adds a level to the message that it belongs to.
fn push_level(events: &mut Vec<MarketEvent>, row: &LevelRow, wanted: &Symbol) {
    if row.begins || !matches!(events.last(), Some(MarketEvent::Depth { .. })) {
        events.push(MarketEvent::Depth {
            at: row.ts,
            symbol: wanted.clone(),
            snapshot: row.snapshot,
            bids: Vec::new(),
            asks: Vec::new(),
        });
    }
    if let Some(MarketEvent::Depth { bids, asks, .. }) = events.last_mut() {
        let level = Level { price: row.price, quantity: row.quantity.max(Quantity::ZERO) };
        match row.side {
            Side::Buy => bids.push(level),
            Side::Sell => asks.push(level),
        }
    }
}

/// A listed pair under any of its names, or with the names of its assets joined: `BTCUSD`.
fn listed(name: &str) -> Option<Symbol> {
    let known = Pair::by_name(name).or_else(|| {
        let halves = (3..name.len()).filter_map(|at| name.split_at_checked(at));
        let mut pairs = halves.filter_map(|(base, quote)| {
            let (base, quote) = (KrakenAsset::by_name(base)?, KrakenAsset::by_name(quote)?);
            Pair::by_name(&format!("{}/{}", base.asset, quote.asset))
        });
        pairs.next()
    });
    known.map(|pair| pair.symbol().clone())
}

/// The pair that content or file name tell, else `BTC/USD`.
fn guess(named: Option<&str>, path: &Path) -> Symbol {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let word = stem.split(['_', '-', '.', ' ']).next().unwrap_or_default();
    let known = named.and_then(listed).or_else(|| listed(word));
    known.unwrap_or_else(|| Symbol::new("BTC/USD"))
}

/// Trades of a pair that has no tape, from an instant on, for one spell.
///
/// A function of its arguments: the same spell is always the same market.
pub(super) fn generated(
    pair: &Pair,
    (from, length): (UnixNanos, Duration),
    price: Price,
    (trades_per_minute, seed): (u32, u64),
) -> anyhow::Result<Vec<MarketEvent>> {
    let rules = &pair.instrument;
    let config = GeneratorConfig {
        kind: MarketKind::Reverting,
        start: from,
        length,
        start_price: price,
        price_decimals: rules.price_decimals,
        trades_per_minute,
        volatility_bps: VOLATILITY_BPS,
        quantity_min: rules.quantity_min,
        crash: None,
    };
    let trades = TradeGenerator::new(config, seed);
    let trades = trades.with_context(|| format!("{} cannot be generated", pair.symbol()))?;
    Ok(trades.map(|trade| MarketEvent::Trade(trade.to_trade(pair.symbol()))).collect())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// `100,5,1` and `110,6,1`, by gzip.
    const PACKED: &str = "H4sIAAAAAAAC/zM0MNAx1THkMjQ00DED0gAoecpqEAAAAA==";
    /// An archive of `XBTUSD.csv` with one trade and `XRPEUR.csv` with two.
    const TWO_PAIRS: &str = "UEsDBBQAAAAAAAAAIQAV7v+qBgAAAAYAAAAKAAAAWEJUVVNELmNzdjEsNSwxClBLAwQUAAAAAAAAACEAt9qCHwwAAAAMAAAA\
        CgAAAFhSUEVVUi5jc3YyLDYsMQozLDcsMQpQSwECFAMUAAAAAAAAACEAFe7/qgYAAAAGAAAACgAAAAAAAAAAAAAAgAEAAAAA\
        WEJUVVNELmNzdlBLAQIUAxQAAAAAAAAAIQC32oIfDAAAAAwAAAAKAAAAAAAAAAAAAACAAS4AAABYUlBFVVIuY3N2UEsFBgAA\
        AAACAAIAcAAAAGIAAAAAAA==";
    /// The same with `NOPE.csv` in place of the second.
    const UNKNOWN_PAIR: &str = "UEsDBBQAAAAAAAAAIQAV7v+qBgAAAAYAAAAKAAAAWEJUVVNELmNzdjEsNSwxClBLAwQUAAAAAAAAACEAt9qCHwwAAAAMAAAA\
        CAAAAE5PUEUuY3N2Miw2LDEKMyw3LDEKUEsBAhQDFAAAAAAAAAAhABXu/6oGAAAABgAAAAoAAAAAAAAAAAAAAIABAAAAAFhC\
        VFVTRC5jc3ZQSwECFAMUAAAAAAAAACEAt9qCHwwAAAAMAAAACAAAAAAAAAAAAAAAgAEuAAAATk9QRS5jc3ZQSwUGAAAAAAIA\
        AgBuAAAAYAAAAAAA";

    fn recording(name: &str, text: &str) -> Recording {
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).expect("writable");
        let arguments = ["serve", "kraken", "--tape", path.to_str().expect("a plain path")];
        Recording::load(&ServeArgs::parsed(&arguments)).expect("a valid tape")
    }

    #[test]
    fn the_past_ends_at_the_start_and_the_rest_keeps_its_distances_by_the_speed() {
        let tape = recording("ETHUSD_wavetank_test.csv", "100,5,1\n110,5,1\n130,5,1\n140,5,1\n");
        assert_eq!(tape.symbols, BTreeSet::from([Symbol::new("ETH/USD")]));
        let start = UnixNanos::from_secs(1_000);
        let shown = |speed: Speed| {
            let past = Duration::from_secs(20);
            let Schedule { begin: _, past, live } = tape.schedule(start, past, speed.factor());
            let times = |events: &[MarketEvent]| {
                events.iter().map(|event| event.at().secs()).collect::<Vec<_>>()
            };
            (times(&past), times(&live))
        };
        assert_eq!(shown(Speed::Real), (vec![980, 990], vec![1_010, 1_020]));
        assert_eq!(shown(Speed::Ten), (vec![980, 990], vec![1_001, 1_002]));
        assert_eq!(shown(Speed::Max).1, [0; 0]);
        // Again, it plays whatever the speed.
        let again = tape.schedule(start, Duration::ZERO, Some(Speed::Max.loop_factor()));
        assert_eq!(again.live.len(), 4);
    }

    #[test]
    fn a_pair_without_trades_begins_at_the_middle_of_its_first_book_that_has_both_sides() {
        let mut tape = recording("ETHUSD_wavetank_middles_test.csv", "100,5,1\n");
        let level = |price| Level { price: Price::from_raw(price), quantity: Quantity::step(0) };
        let depth = |symbol: &str, bids: &[i64], asks: &[i64]| MarketEvent::Depth {
            at: UnixNanos::from_secs(100),
            symbol: Symbol::new(symbol),
            snapshot: false,
            bids: bids.iter().copied().map(level).collect(),
            asks: asks.iter().copied().map(level).collect(),
        };
        tape.events.extend([
            depth("ETH/USD", &[5], &[7]),
            depth("SOL/USD", &[10], &[]),
            depth("SOL/USD", &[9, 10], &[15, 14]),
            depth("SOL/USD", &[20], &[30]),
        ]);
        let sol = Symbol::new("SOL/USD");
        assert_eq!(tape.first_middles(), BTreeMap::from([(&sol, Price::from_raw(12))]));
    }

    #[test]
    fn a_packed_tape_is_read_and_an_archive_has_a_pair_per_member() {
        let folder = std::env::temp_dir().join("wavetank-serve-archive");
        std::fs::create_dir_all(&folder).expect("writable");
        let load = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, STANDARD.decode(text).expect("base64")).expect("writable");
            let path = path.to_str().expect("a plain path");
            Recording::load(&ServeArgs::parsed(&["serve", "kraken", "--tape", path]))
        };
        let names = |names: &[&str]| names.iter().map(|name| Symbol::new(name)).collect();
        let packed = load("ETHEUR.csv.gz", PACKED).expect("a packed tape");
        assert_eq!((packed.symbols, packed.events.len()), (names(&["ETH/EUR"]), 2));
        let both = load("both.zip", TWO_PAIRS).expect("two pairs");
        assert_eq!((both.symbols, both.events.len()), (names(&["BTC/USD", "XRP/EUR"]), 3));
        let unknown = load("unknown.zip", UNKNOWN_PAIR).expect_err("no such pair");
        assert!(unknown.to_string().contains("NOPE.csv: expected a member named"), "{unknown}");
    }

    #[test]
    fn a_tape_of_a_book_keeps_its_messages_together() {
        let text = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n\
                    kraken,ETH/USD,1585699200000000,1585699200000100,true,bid,10,1\n\
                    kraken,ETH/USD,1585699200000000,1585699200000100,true,ask,11,2\n\
                    kraken,ETH/USD,1585699201000000,1585699201000100,false,bid,10,0\n";
        let tape = recording("ETHUSD_wavetank_book_test.csv", text);
        assert_eq!(tape.books, BTreeSet::from([Symbol::new("ETH/USD")]));
        let begin = UnixNanos::from_secs(100_000);
        let pairs =
            [Pair::by_name("ETHUSD").expect("listed"), Pair::by_name("XBTUSD").expect("listed")];
        let before = tape.before(&pairs, begin).expect("in range");
        assert!(before.len() > 50 && before.iter().all(|event| event.at() < begin));
        let near = |event: &MarketEvent| match event {
            MarketEvent::Trade(trade) => {
                trade.symbol == Symbol::new("ETH/USD")
                    && (10..12).contains(&(trade.price.raw() / Price::step(0).raw()))
            }
            MarketEvent::Depth { .. } => false,
        };
        assert!(before.iter().all(near), "around the middle of the book, of its pair only");
        let shown = tape.events.iter().map(|event| match event {
            MarketEvent::Depth { at, snapshot, bids, asks, .. } => {
                (at.secs(), *snapshot, bids.len(), asks.len())
            }
            MarketEvent::Trade(_) => panic!("no trades"),
        });
        assert_eq!(shown.collect::<Vec<_>>(), [(0, true, 1, 1), (1, false, 1, 0)]);
    }

    #[test]
    fn pairs_are_known_under_the_names_of_files() {
        let name = |name: &str| listed(name).map(|symbol| symbol.to_string());
        assert_eq!(name("BTCUSD").as_deref(), Some("BTC/USD"));
        assert_eq!(name("xbtusdt").as_deref(), Some("BTC/USDT"));
        assert_eq!(name("XETHZEUR").as_deref(), Some("ETH/EUR"));
        assert_eq!(name("market"), None);
        assert_eq!(guess(None, Path::new("a/ADAUSD.csv")), Symbol::new("ADA/USD"));
        assert_eq!(guess(Some("SOLUSD"), Path::new("x.csv")), Symbol::new("SOL/USD"));
    }

    #[test]
    fn every_pair_can_be_generated_and_repeats() {
        for pair in Pair::all() {
            let spell = || {
                generated(&pair, (UnixNanos::ZERO, SPELL), pair.usual_price, (LIVELY_PER_MINUTE, 1))
            };
            let trades = spell().expect("in range");
            let times: Vec<UnixNanos> = trades.iter().map(MarketEvent::at).collect();
            let longest = times.windows(2).map(|pair| pair[1].since(pair[0])).max();
            assert!(longest < Some(Duration::from_secs(15)), "{}: {longest:?}", pair.symbol());
            assert_eq!(trades, spell().expect("again"));
        }
    }
}
