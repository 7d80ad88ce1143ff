//! Messages of the `trade` and `book` channels.

use model::{Level, Side, Trade, UnixNanos};
use serde::Serialize;

use crate::kraken::book::{Sides, checksum};
use crate::kraken::pair::Pair;
use crate::kraken::wire::{Number, json, rfc3339};

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
