//! Messages of version 1.

use model::{Level, Notional, Price, Quantity, Side, UnixNanos};
use serde::Serialize;

use crate::kraken::book::{Sides, checksum};
use crate::kraken::candles::length;
use crate::kraken::orders::Phase;
use crate::kraken::pair::Pair;
use crate::kraken::prints::Print;
use crate::kraken::stream::v1::Feed;
use crate::kraken::ticker::Statistics;
use crate::kraken::venue::Listed;
use crate::kraken::wire::json;

/// Version that the first message names.
const VERSION: &str = "1.9.1";
/// The message that shows that a quiet session is alive.
pub(in crate::kraken::stream) const HEARTBEAT: &str = r#"{"event":"heartbeat"}"#;

/// Digits of a quantity.
const LOTS: u32 = 8;

/// The state of the venue.
pub(in crate::kraken::stream) fn status(phase: Phase, connection_id: u64) -> String {
    #[derive(Serialize)]
    struct Status {
        #[serde(rename = "connectionID")]
        connection_id: u64,
        event: &'static str,
        status: &'static str,
        version: &'static str,
    }
    let status = phase.system().as_str();
    json(&Status { connection_id, event: "systemStatus", status, version: VERSION })
}

/// Price, quantity and time of a level.
type LevelRow = (String, String, String);

#[derive(Serialize)]
struct Snapshot {
    #[serde(rename = "as")]
    asks: Vec<LevelRow>,
    bs: Vec<LevelRow>,
}

/// One side of a change; the last one of a message has the checksum.
#[derive(Serialize)]
struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<Vec<LevelRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    b: Option<Vec<LevelRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<String>,
}

#[derive(Serialize)]
struct Ticker {
    a: (String, u64, String),
    b: (String, u64, String),
    #[serde(flatten)]
    statistics: Statistics,
    o: [String; 2],
}

/// Seconds with six digits.
pub(super) fn seconds(time: UnixNanos) -> String {
    format!("{}.{:06}", time.secs(), time.subsec_nanos() / 1_000)
}

const fn digits(pair: &Pair) -> u32 {
    pair.instrument.cost_decimals
}

fn rows(pair: &Pair, levels: &[Level], now: UnixNanos) -> Vec<LevelRow> {
    let row = |level: &Level| {
        (level.price.to_fixed(digits(pair)), level.quantity.to_fixed(LOTS), seconds(now))
    };
    levels.iter().map(row).collect()
}

fn message<T: Serialize>(feed: Feed, pair: &Pair, payload: T) -> String {
    json(&(feed.number(pair), payload, feed.channel(), pair.wsname))
}

/// Public trades.
pub(super) fn trades<'a>(pair: &Pair, trades: impl IntoIterator<Item = &'a Print>) -> String {
    let row = |print: &Print| {
        let trade = &print.trade;
        let side = match trade.taker_side.unwrap_or(Side::Buy) {
            Side::Buy => "b",
            Side::Sell => "s",
        };
        let price = trade.price.to_fixed(digits(pair));
        (
            price,
            trade.quantity.to_fixed(LOTS),
            seconds(trade.venue_ts),
            side,
            print.taker.letter(),
            "",
        )
    };
    message(Feed::Trade, pair, trades.into_iter().map(row).collect::<Vec<_>>())
}

/// Statistics, as `Ticker` of REST shows them.
pub(super) fn ticker(listed: &Listed, now: UnixNanos) -> String {
    let pair = &listed.pair;
    let price = |price: Price| price.to_fixed(digits(pair));
    let (statistics, opened) = listed.statistics(now);
    let best = |levels: &[Level]| {
        let best = levels.first().copied();
        let best = best.unwrap_or(Level { price: Price::ZERO, quantity: Quantity::ZERO });
        let lots = Notional::from_quantity(best.quantity).to_fixed(0).parse().unwrap_or(0);
        (price(best.price), lots, best.quantity.to_fixed(LOTS))
    };
    let row =
        Ticker { a: best(&listed.book.asks), b: best(&listed.book.bids), statistics, o: opened };
    message(Feed::Ticker, pair, row)
}

/// The running candle.
pub(super) fn candle(listed: &Listed, minutes: u32, now: UnixNanos) -> Option<String> {
    let candle = listed.candles.running(minutes, now)?;
    let pair = &listed.pair;
    let price = |price: Price| price.to_fixed(digits(pair));
    let vwap = candle.vwap(digits(pair)).unwrap_or(candle.close);
    let row = (
        seconds(now),
        seconds(candle.start.plus(length(minutes))),
        price(candle.open),
        price(candle.high),
        price(candle.low),
        price(candle.close),
        price(vwap),
        candle.volume.to_fixed(LOTS),
        candle.trades,
    );
    Some(message(Feed::Candles(minutes), pair, row))
}

/// The best levels.
pub(super) fn book(listed: &Listed, depth: usize) -> String {
    let top = listed.book.top(depth);
    let at = listed.book_changed;
    let payload =
        Snapshot { asks: rows(&listed.pair, &top.asks, at), bs: rows(&listed.pair, &top.bids, at) };
    message(Feed::Book(depth), &listed.pair, payload)
}

/// What changed; the checksum is that of the whole new book.
pub(super) fn book_update(
    pair: &Pair,
    depth: usize,
    changes: &Sides,
    book: &Sides,
    now: UnixNanos,
) -> Option<String> {
    let (feed, sum) = (Feed::Book(depth), checksum(book, digits(pair), LOTS).to_string());
    let side = |levels: &[Level]| (!levels.is_empty()).then(|| rows(pair, levels, now));
    let text = match (side(&changes.asks), side(&changes.bids)) {
        (None, None) => return None,
        (Some(a), Some(b)) => {
            let asks = Change { a: Some(a), b: None, c: None };
            let bids = Change { a: None, b: Some(b), c: Some(sum) };
            json(&(feed.number(pair), asks, bids, feed.channel(), pair.wsname))
        }
        (a, b) => message(feed, pair, Change { a, b, c: Some(sum) }),
    };
    Some(text)
}

/// The best prices, if they are others than before.
pub(super) fn spread(pair: &Pair, before: &Sides, book: &Sides, now: UnixNanos) -> Option<String> {
    let touch = |book: &Sides| book.bids.first().copied().zip(book.asks.first().copied());
    let (bid, ask) = touch(book).filter(|best| touch(before) != Some(*best))?;
    let row = (
        bid.price.to_fixed(digits(pair)),
        ask.price.to_fixed(digits(pair)),
        seconds(now),
        bid.quantity.to_fixed(LOTS),
        ask.quantity.to_fixed(LOTS),
    );
    Some(message(Feed::Spread, pair, row))
}
