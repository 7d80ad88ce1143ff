//! Messages of the public channels.

use model::{Level, Price, Quantity, Side, Trade, UnixNanos};
use serde::Serialize;

use crate::kraken::book::{Sides, checksum};
use crate::kraken::candles::{Candle, length};
use crate::kraken::pair::Pair;
use crate::kraken::venue::Listed;
use crate::kraken::wire::{Number, json, rfc3339, rfc3339_nanos};

#[derive(Serialize)]
struct Message<'a, T> {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    data: Vec<T>,
}

#[derive(Serialize)]
struct TradeRow<'a> {
    symbol: &'a str,
    side: &'static str,
    price: Number,
    qty: Number,
    ord_type: &'static str,
    trade_id: u64,
    timestamp: String,
}

#[derive(Serialize)]
struct BookRow<'a> {
    symbol: &'a str,
    bids: Vec<LevelRow>,
    asks: Vec<LevelRow>,
    checksum: u32,
    timestamp: String,
}

#[derive(Serialize)]
struct LevelRow {
    price: Number,
    qty: Number,
}

/// A message of the `trade` channel. A tape does not tell what kind of order took: all are shown
/// as `market`.
pub(crate) fn trade_message<'a>(
    pair: &Pair,
    kind: &str,
    trades: impl IntoIterator<Item = &'a Trade>,
) -> String {
    let rules = &pair.instrument;
    let row = |trade: &Trade| TradeRow {
        symbol: rules.symbol.as_str(),
        side: trade.taker_side.unwrap_or(Side::Buy).as_str(),
        price: Number::price(trade.price, rules.price_decimals),
        qty: Number::quantity(trade.quantity, rules.quantity_decimals),
        ord_type: "market",
        trade_id: trade.trade_id.unwrap_or(0),
        timestamp: rfc3339(trade.venue_ts),
    };
    json(&Message { channel: "trade", kind, data: trades.into_iter().map(row).collect() })
}

#[derive(Serialize)]
struct TickerRow<'a> {
    symbol: &'a str,
    bid: Number,
    bid_qty: Number,
    ask: Number,
    ask_qty: Number,
    last: Number,
    volume: Number,
    vwap: Number,
    low: Number,
    high: Number,
    change: Number,
    change_pct: Number,
    timestamp: String,
}

/// A message of the `ticker` channel: the last 24 hours.
pub(crate) fn ticker_message(listed: &Listed, kind: &str, now: UnixNanos) -> String {
    let rules = &listed.pair.instrument;
    let (last, _) = listed.ticker.last().unwrap_or((Price::ZERO, Quantity::ZERO));
    let flat = Candle::flat(last, UnixNanos::ZERO);
    let day = listed.ticker.last_day(now).unwrap_or(flat);
    let price = |price: Price| Number::price(price, rules.price_decimals);
    let quantity = |quantity: Quantity| Number::quantity(quantity, rules.quantity_decimals);
    let best = |levels: &[Level]| {
        let best = levels.first().copied();
        best.unwrap_or(Level { price: Price::ZERO, quantity: Quantity::ZERO })
    };
    let (bid, ask) = (best(&listed.book.bids), best(&listed.book.asks));
    let change = last.checked_sub(day.open).unwrap_or(Price::ZERO);
    let row = TickerRow {
        symbol: rules.symbol.as_str(),
        bid: price(bid.price),
        bid_qty: quantity(bid.quantity),
        ask: price(ask.price),
        ask_qty: quantity(ask.quantity),
        last: price(last),
        volume: quantity(day.volume),
        vwap: price(day.vwap(rules.price_decimals).unwrap_or(day.open)),
        low: price(day.low),
        high: price(day.high),
        change: price(change),
        change_pct: Number::hundredths(percent(change, day.open)),
        timestamp: rfc3339(now),
    };
    json(&Message { channel: "ticker", kind, data: vec![row] })
}

/// Hundredths of a percent, rounded toward zero.
fn percent(change: Price, of: Price) -> i64 {
    let hundredths = i128::from(change.raw()) * 10_000 / i128::from(of.raw()).max(1);
    i64::try_from(hundredths).unwrap_or(0)
}

#[derive(Serialize)]
struct CandleRow<'a> {
    symbol: &'a str,
    open: Number,
    high: Number,
    low: Number,
    close: Number,
    trades: u64,
    volume: Number,
    vwap: Number,
    interval_begin: String,
    interval: u32,
    timestamp: String,
}

#[derive(Serialize)]
struct TimedMessage<'a, T> {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: Vec<T>,
}

/// A message of the `ohlc` channel.
pub(crate) fn candle_message(
    pair: &Pair,
    kind: &str,
    interval: u32,
    candles: &[Candle],
    now: UnixNanos,
) -> String {
    let rules = &pair.instrument;
    let price = |price: Price| Number::price(price, rules.price_decimals);
    let row = |candle: &Candle| CandleRow {
        symbol: rules.symbol.as_str(),
        open: price(candle.open),
        high: price(candle.high),
        low: price(candle.low),
        close: price(candle.close),
        trades: candle.trades,
        volume: Number::quantity(candle.volume, rules.quantity_decimals),
        vwap: price(candle.vwap(rules.price_decimals).unwrap_or(candle.close)),
        interval_begin: rfc3339_nanos(candle.start),
        interval,
        timestamp: rfc3339(candle.start.plus(length(interval))),
    };
    let data = candles.iter().map(row).collect();
    json(&TimedMessage { channel: "ohlc", kind, timestamp: rfc3339_nanos(now), data })
}

/// A message of the `book` channel: `levels`, and the checksum of the whole `book`.
pub(crate) fn book_message(
    pair: &Pair,
    kind: &str,
    levels: &Sides,
    book: &Sides,
    now: UnixNanos,
) -> String {
    let rules = &pair.instrument;
    let rows = |levels: &[Level]| {
        let row = |level: &Level| LevelRow {
            price: Number::price(level.price, rules.price_decimals),
            qty: Number::quantity(level.quantity, rules.quantity_decimals),
        };
        levels.iter().map(row).collect()
    };
    let row = BookRow {
        symbol: rules.symbol.as_str(),
        bids: rows(&levels.bids),
        asks: rows(&levels.asks),
        checksum: checksum(book, rules.price_decimals, rules.quantity_decimals),
        timestamp: rfc3339(now),
    };
    json(&Message { channel: "book", kind, data: vec![row] })
}
