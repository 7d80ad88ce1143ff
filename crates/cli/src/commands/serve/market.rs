//! What plays: recorded markets, and generated ones for pairs without a recording.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use model::{Level, Quantity, Side, Symbol, UnixNanos};
use tape::{
    Format, GeneratorConfig, LevelRow, MarketKind, MarketReader, ROWS_MAX, ReadOptions, Rows, Tape,
    TradeGenerator,
};
use venue_sim::kraken::{KrakenAsset, MarketEvent, Pair};

use crate::args::{ServeArgs, ServedTape, Speed};

/// Length of a market that is generated at once; after it comes the next one.
pub(super) const SPELL: Duration = Duration::from_secs(60 * 60);
/// Trades per minute of a generated market, for a pair that nobody asked for and for one whose tape has ended.
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
    pub(super) past: Vec<MarketEvent>,
    pub(super) live: Vec<MarketEvent>,
}

impl Recording {
    /// Reads every tape. Tapes of one pair keep their distance; each pair begins with its first event.
    pub(super) fn load(args: &ServeArgs) -> anyhow::Result<Self> {
        let mut by_symbol: BTreeMap<Symbol, Vec<MarketEvent>> = BTreeMap::new();
        let mut books = BTreeSet::new();
        for tape in &args.tape {
            let (symbol, events) = read(tape, args.symbol.as_ref())?;
            if events.iter().any(|event| matches!(event, MarketEvent::Depth { .. })) {
                books.insert(symbol.clone());
            }
            by_symbol.entry(symbol).or_default().extend(events);
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
        Schedule { past: before, live }
    }
}

/// One tape: its pair and its events.
fn read(tape: &ServedTape, default: Option<&Symbol>) -> anyhow::Result<(Symbol, Vec<MarketEvent>)> {
    let path = tape.path.as_path();
    let mut reader = MarketReader::open(std::slice::from_ref(&tape.path), ReadOptions::default())?;
    let named = reader.files().first().and_then(|file| file.symbol.clone());
    let symbol = tape.symbol.clone().or_else(|| default.cloned());
    let symbol = match symbol {
        Some(symbol) => listed(symbol.as_str())
            .ok_or_else(|| anyhow!("the simulated venue does not list `{symbol}`"))?,
        None => guess(named.as_deref(), path),
    };
    let format = reader.files().first().map(|file| file.format);
    if format == Some(Format::KrakenTrades) {
        // Its own reader says more about what is wrong with a line.
        let tape = Tape::load(path)?;
        return Ok((symbol.clone(), tape.trades_for(&symbol).map(MarketEvent::Trade).collect()));
    }
    let mut events = Vec::new();
    while let Some(batch) = reader.next_batch()? {
        match batch.rows {
            Rows::Trades(rows) => {
                let trades = rows.iter().filter(|row| row.price.is_positive());
                let trades = trades.filter(|row| row.quantity.is_positive());
                events.extend(trades.map(|row| MarketEvent::Trade(row.to_trade(&symbol))));
            }
            Rows::Book(rows) => rows.iter().for_each(|row| push_level(&mut events, row, &symbol)),
            Rows::Bars(_) | Rows::Quotes(_) | Rows::Orders(_) => {
                let kind = reader.kind().name();
                return Err(anyhow!("{}: expected trades or a book, found {kind}", path.display()));
            }
        }
        if events.len() > ROWS_MAX {
            return Err(anyhow!("{}: expected at most {ROWS_MAX} rows", path.display()));
        }
    }
    Ok((symbol, events))
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

/// Trades of a pair that has no tape, from an instant on, for one [`SPELL`].
///
/// A function of its arguments: the same spell is always the same market.
pub(super) fn generated(
    pair: &Pair,
    from: UnixNanos,
    price: model::Price,
    (trades_per_minute, seed): (u32, u64),
) -> anyhow::Result<Vec<MarketEvent>> {
    let rules = &pair.instrument;
    let config = GeneratorConfig {
        kind: MarketKind::Reverting,
        start: from,
        length: SPELL,
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
    use super::*;

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
            let Schedule { past, live } = tape.schedule(start, past, speed.factor());
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
    fn a_tape_of_a_book_keeps_its_messages_together() {
        let text = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n\
                    kraken,ETH/USD,1585699200000000,1585699200000100,true,bid,10,1\n\
                    kraken,ETH/USD,1585699200000000,1585699200000100,true,ask,11,2\n\
                    kraken,ETH/USD,1585699201000000,1585699201000100,false,bid,10,0\n";
        let tape = recording("ETHUSD_wavetank_book_test.csv", text);
        assert_eq!(tape.books, BTreeSet::from([Symbol::new("ETH/USD")]));
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
            let spell =
                || generated(&pair, UnixNanos::ZERO, pair.usual_price, (QUIET_PER_MINUTE, 1));
            let trades = spell().expect("in range");
            assert!(trades.len() > 50, "{}", pair.symbol());
            assert_eq!(trades, spell().expect("again"));
        }
    }
}
