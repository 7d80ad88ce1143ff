//! Messages of the public channels.
//!
//! Those of books and trades, of which there are many, are written straight into their text: symbols and
//! words are ours and need no escapes.

use model::{Instrument, Level, Price, Quantity, Side, UnixNanos};
use serde::Serialize;

use crate::kraken::book::{Sides, checksum};
use crate::kraken::candles::{Candle, length};
use crate::kraken::pair::Pair;
use crate::kraken::prints::Print;
use crate::kraken::venue::Listed;
use crate::kraken::wire::{Number, json, push_display, push_rfc3339, rfc3339, rfc3339_nanos};

/// Bytes of a message with a trade or two.
const TRADES_USUAL: usize = 384;
/// Bytes of a message of a book, levels aside.
const BOOK_USUAL: usize = 160;
/// Bytes of a level.
const LEVEL_USUAL: usize = 48;

#[derive(Serialize)]
struct Message<'a, T> {
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'a str,
    data: Vec<T>,
}

/// A message of the `trade` channel.
pub(crate) fn trade_message<'a>(
    pair: &Pair,
    kind: &str,
    trades: impl IntoIterator<Item = &'a Print>,
) -> String {
    let rules = &pair.instrument;
    let mut text = String::with_capacity(TRADES_USUAL);
    push(&mut text, &[r#"{"channel":"trade","type":""#, kind, r#"","data":["#]);
    for (at, print) in trades.into_iter().enumerate() {
        let trade = &print.trade;
        let comma = if at > 0 { "," } else { "" };
        let side = trade.taker_side.unwrap_or(Side::Buy).as_str();
        push(&mut text, &[comma, r#"{"symbol":""#, rules.symbol.as_str(), r#"","side":""#, side]);
        text.push_str(r#"","price":"#);
        trade.price.push_fixed(rules.price_decimals, &mut text);
        text.push_str(r#","qty":"#);
        trade.quantity.push_fixed(rules.quantity_decimals, &mut text);
        push(&mut text, &[r#","ord_type":""#, print.taker.as_str(), r#"","trade_id":"#]);
        push_display(&mut text, trade.trade_id.unwrap_or(0));
        text.push_str(r#","timestamp":""#);
        push_rfc3339(&mut text, trade.venue_ts);
        text.push_str(r#""}"#);
    }
    text.push_str("]}");
    text
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
    let length = BOOK_USUAL + (levels.bids.len() + levels.asks.len()) * LEVEL_USUAL;
    let mut text = String::with_capacity(length);
    push(&mut text, &[r#"{"channel":"book","type":""#, kind, r#"","data":[{"symbol":""#]);
    push(&mut text, &[rules.symbol.as_str(), r#"","bids":["#]);
    push_levels(&mut text, rules, &levels.bids);
    text.push_str(r#"],"asks":["#);
    push_levels(&mut text, rules, &levels.asks);
    text.push_str(r#"],"checksum":"#);
    push_display(&mut text, checksum(book, rules.price_decimals, rules.quantity_decimals));
    text.push_str(r#","timestamp":""#);
    push_rfc3339(&mut text, now);
    text.push_str(r#""}]}"#);
    text
}

fn push_levels(text: &mut String, rules: &Instrument, levels: &[Level]) {
    for (at, level) in levels.iter().enumerate() {
        text.push_str(if at > 0 { r#",{"price":"# } else { r#"{"price":"# });
        level.price.push_fixed(rules.price_decimals, text);
        text.push_str(r#","qty":"#);
        level.quantity.push_fixed(rules.quantity_decimals, text);
        text.push('}');
    }
}

fn push(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
}
