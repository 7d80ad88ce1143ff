//! Public methods about the market of one pair: book, trades, best prices, candles.

use model::{Level, Side, UnixNanos};
use serde::Serialize;

use crate::kraken::candles::Candle;
use crate::kraken::error::ApiError;
use crate::kraken::pair::Pair;
use crate::kraken::prints::Print;
use crate::kraken::rest::public::key_of;
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::venue::{Listed, Venue};
use crate::kraken::wire::{Keyed, Number, json};

/// Levels of a `Depth` answer: default and most.
const DEPTH_DEFAULT: usize = 100;
const DEPTH_COUNT_MAX: usize = 500;
/// Trades of a `Trades` answer: default and most.
const TRADES_COUNT_MAX: usize = 1_000;
/// Interval of `OHLC` by default, minutes.
const INTERVAL_DEFAULT: u32 = 1;
/// From here on a `since` of `Trades` counts nanoseconds; below it counts seconds, as some clients do.
const NANOS_FROM: i64 = 100_000_000_000;

#[derive(Serialize)]
struct DepthRow {
    asks: Vec<(String, String, i64)>,
    bids: Vec<(String, String, i64)>,
}

/// Price, quantity, time, side, kind of taker, nothing, number.
type TradeRow = (String, String, Number, &'static str, &'static str, &'static str, u64);

/// Time, open, high, low, close, average price, volume, trades.
type CandleRow = (i64, String, String, String, String, String, String, u64);

/// Rows of a pair and where the next page begins.
#[derive(Serialize)]
struct Page<R, L> {
    #[serde(flatten)]
    rows: Keyed<Vec<R>>,
    last: L,
}

impl Venue {
    /// `Depth`.
    pub(super) fn depth(&self, args: &Args) -> MethodResult {
        let listed = self.listed_for(args)?;
        let count = args.number("count")?.unwrap_or(DEPTH_DEFAULT);
        if !(1..=DEPTH_COUNT_MAX).contains(&count) {
            return Err(ApiError::arguments("count"));
        }
        let decimals = listed.pair.instrument.cost_decimals;
        let changed = listed.book_changed.secs();
        let rows = |levels: &[Level]| {
            let rows = levels.iter().take(count).map(|level| {
                let price = level.price.to_fixed(decimals);
                (price, level.quantity.to_fixed(3), changed)
            });
            rows.collect()
        };
        let row = DepthRow { asks: rows(&listed.book.asks), bids: rows(&listed.book.bids) };
        Ok(json(&Keyed(vec![(key_of(&listed.pair, args), row)])))
    }

    /// `Trades`: the first after `since`, or the latest.
    pub(super) fn trades(&self, args: &Args, now: UnixNanos) -> MethodResult {
        let listed = self.listed_for(args)?;
        let count = args.number("count")?.unwrap_or(TRADES_COUNT_MAX);
        if !(1..=TRADES_COUNT_MAX).contains(&count) {
            return Err(ApiError::arguments("count"));
        }
        let since = args.get("since").map(|text| nanos(text, "since")).transpose()?;
        let trades: Vec<&Print> = match since {
            Some(since) => listed.prints.after(since, count).collect(),
            None => listed.prints.latest(count).collect(),
        };
        let last = trades.last().map(|print| print.trade.venue_ts).or(since).unwrap_or(now);
        let rows = trades.into_iter().map(|print| trade_row(print, &listed.pair));
        let rows = Keyed(vec![(key_of(&listed.pair, args), rows.collect())]);
        Ok(json(&Page { rows, last: last.as_nanos().to_string() }))
    }

    /// `Spread`.
    pub(super) fn spread(&self, args: &Args, now: UnixNanos) -> MethodResult {
        let listed = self.listed_for(args)?;
        let since = args.get("since").map(|text| nanos(text, "since")).transpose()?;
        let since = since.unwrap_or(UnixNanos::ZERO);
        let decimals = listed.pair.instrument.cost_decimals;
        let mut last = now;
        let mut rows = Vec::new();
        for spread in listed.spreads.since(since) {
            last = spread.at;
            let (bid, ask) = (spread.bid.to_fixed(decimals), spread.ask.to_fixed(decimals));
            rows.push((spread.at.secs(), bid, ask));
        }
        let rows = Keyed(vec![(key_of(&listed.pair, args), rows)]);
        Ok(json(&Page { rows, last: last.secs() }))
    }

    /// `OHLC`: finished candles that began after `since`, and the running one.
    pub(super) fn ohlc(&self, args: &Args, now: UnixNanos) -> MethodResult {
        let listed = self.listed_for(args)?;
        let interval = args.number("interval")?.unwrap_or(INTERVAL_DEFAULT);
        let candles = listed.candles.until(interval, now);
        let mut candles = candles.ok_or_else(|| ApiError::arguments("interval"))?;
        if candles.is_empty()
            && let Some(price) = listed.reference()
        {
            let step = crate::kraken::candles::length(interval);
            candles.push(Candle::flat(price, now.floor_to(step)));
        }
        let since = args.get("since").map(|text| nanos(text, "since")).transpose()?;
        let since = since.map_or(0, UnixNanos::secs);
        let finished = candles.len().checked_sub(2).and_then(|at| candles.get(at));
        let step = crate::kraken::candles::length(interval);
        let before = now.floor_to(step).secs() - i64::try_from(step.as_secs()).unwrap_or(0);
        let last = finished.map_or(before, |candle| candle.start.secs());
        let running = candles.last().map(|candle| candle.start);
        let wanted =
            |candle: &&Candle| candle.start.secs() > since || Some(candle.start) == running;
        let rows = candles.iter().filter(wanted).map(|candle| candle_row(candle, &listed.pair));
        let rows = Keyed(vec![(key_of(&listed.pair, args), rows.collect())]);
        Ok(json(&Page { rows, last }))
    }

    /// The pair that `pair` names.
    fn listed_for(&self, args: &Args) -> Result<&Listed, ApiError> {
        self.listed_as(args.require("pair")?).ok_or(ApiError::UNKNOWN_PAIR)
    }
}

fn trade_row(print: &Print, pair: &Pair) -> TradeRow {
    let trade = &print.trade;
    (
        trade.price.to_fixed(pair.instrument.cost_decimals),
        trade.quantity.to_fixed(8),
        Number::seconds_to_100_nanos(trade.venue_ts),
        match trade.taker_side.unwrap_or(Side::Buy) {
            Side::Buy => "b",
            Side::Sell => "s",
        },
        print.taker.letter(),
        "",
        trade.trade_id.unwrap_or(0),
    )
}

fn candle_row(candle: &Candle, pair: &Pair) -> CandleRow {
    let decimals = pair.instrument.price_decimals;
    let [open, high, low, close] =
        [candle.open, candle.high, candle.low, candle.close].map(|price| price.to_fixed(decimals));
    // Without trades Kraken writes a plain zero.
    let vwap = candle.vwap(decimals).map_or("0.0".to_owned(), |price| price.to_fixed(decimals));
    let volume = candle.volume.to_fixed(8);
    (candle.start.secs(), open, high, low, close, vwap, volume, candle.trades)
}

/// A time in nanoseconds, or in seconds with or without a fraction.
fn nanos(text: &str, field: &str) -> Result<UnixNanos, ApiError> {
    match text.parse::<i64>() {
        Ok(number) if number >= NANOS_FROM => Ok(UnixNanos::from_nanos(number)),
        Ok(_) | Err(_) => UnixNanos::parse_secs(text).map_err(|_| ApiError::arguments(field)),
    }
}
