//! Kraken's WebSocket v2: `book`, `trade` and `ticker`; `ohlc`; `level3` is a file of its own.

use std::borrow::Cow;
use std::time::Duration;

use model::UnixNanos;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::bars::{Growing, interval_of, prices, volume};
use super::frame::{expected, read};
use super::level3;
use super::message::{
    Body, Levels, Message, Proof, Wanted, WirePair, integer, need, price, quantity, taker_side,
};
use crate::datetime::TimeUnit;
use crate::format::Format;
use crate::read_error::LineProblem;
use crate::row::{BarRow, TradeRow};

/// Longest bars that Kraken offers: 15 days.
const MINUTES_MAX: u64 = 21_600;

#[derive(Deserialize)]
struct Channel<'f> {
    #[serde(borrow)]
    channel: Cow<'f, str>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'f, str>>,
    #[serde(borrow, default)]
    data: Vec<&'f RawValue>,
}

/// An element of `data`, of any of the channels.
#[derive(Deserialize)]
struct Datum<'f> {
    #[serde(borrow)]
    symbol: Option<Cow<'f, str>>,
    #[serde(borrow)]
    timestamp: Option<Cow<'f, str>>,
    #[serde(borrow, default)]
    bids: Vec<WirePair<'f>>,
    #[serde(borrow, default)]
    asks: Vec<WirePair<'f>>,
    checksum: Option<u32>,
    #[serde(borrow)]
    side: Option<Cow<'f, str>>,
    #[serde(borrow)]
    price: Option<&'f RawValue>,
    #[serde(borrow)]
    qty: Option<&'f RawValue>,
    #[serde(borrow)]
    trade_id: Option<&'f RawValue>,
    #[serde(borrow)]
    bid: Option<&'f RawValue>,
    #[serde(borrow)]
    bid_qty: Option<&'f RawValue>,
    #[serde(borrow)]
    ask: Option<&'f RawValue>,
    #[serde(borrow)]
    ask_qty: Option<&'f RawValue>,
    /// Minutes.
    interval: Option<u64>,
    #[serde(borrow)]
    interval_begin: Option<Cow<'f, str>>,
    #[serde(borrow)]
    open: Option<&'f RawValue>,
    #[serde(borrow)]
    high: Option<&'f RawValue>,
    #[serde(borrow)]
    low: Option<&'f RawValue>,
    #[serde(borrow)]
    close: Option<&'f RawValue>,
    #[serde(borrow)]
    volume: Option<&'f RawValue>,
    #[serde(borrow)]
    trades: Option<&'f RawValue>,
}

pub(super) fn messages<'f>(
    text: &'f str,
    wanted: Wanted<'_>,
) -> Result<Vec<Message<'f>>, LineProblem> {
    let channel: Channel<'f> = read(text, "`channel`, `type` and `data`")?;
    let format = match &*channel.channel {
        "book" => Format::KrakenWsBook,
        "level3" => Format::KrakenWsLevel3,
        "ohlc" => Format::KrakenWsOhlc,
        "trade" => Format::KrakenWsTrades,
        "ticker" => Format::KrakenWsTicker,
        _ => return Ok(Vec::new()),
    };
    let snapshot = match channel.kind.as_deref() {
        Some("snapshot") => true,
        Some("update") => false,
        other => return Err(expected("`type` of snapshot or update", other.unwrap_or("none"))),
    };
    let mut found: Vec<Message<'f>> = Vec::new();
    for datum in channel.data {
        if format == Format::KrakenWsLevel3 {
            found.push(level3::message(datum, snapshot, wanted)?);
            continue;
        }
        let datum: Datum<'f> = read(datum.get(), "the data of a book, a trade, a ticker or a bar")?;
        // The time of a bar is that of its end.
        let told = datum.timestamp.as_deref().filter(|_| format != Format::KrakenWsOhlc);
        let ts = told.map(time).transpose()?;
        let body = wanted(format, datum.symbol.as_deref())
            .then(|| body(format, snapshot, ts, &datum))
            .transpose()?;
        let symbol = Some(datum.symbol.ok_or_else(|| expected("`symbol`", text))?);
        let interval = datum.interval.map(interval_of);
        found.push(Message { format, symbol, interval, ts, body });
    }
    Ok(found)
}

/// Answers to requests: of interest is the depth of books.
pub(super) fn answer<'f>(
    text: &'f str,
    wanted: Wanted<'_>,
) -> Result<Vec<Message<'f>>, LineProblem> {
    #[derive(Deserialize)]
    struct Answer<'f> {
        #[serde(borrow)]
        method: Cow<'f, str>,
        #[serde(borrow)]
        result: Option<Granted<'f>>,
    }
    #[derive(Deserialize)]
    struct Granted<'f> {
        #[serde(borrow)]
        symbol: Option<Cow<'f, str>>,
        #[serde(borrow)]
        channel: Option<Cow<'f, str>>,
        depth: Option<usize>,
    }
    let answer: Answer<'f> = read(text, "`method` and `result`")?;
    let (Some(Granted { symbol, channel, depth: Some(depth) }), "subscribe") =
        (answer.result, &*answer.method)
    else {
        return Ok(Vec::new());
    };
    let format = match channel.as_deref() {
        Some("level3") => Format::KrakenWsLevel3,
        Some(_) | None => Format::KrakenWsBook,
    };
    let body = wanted(format, symbol.as_deref()).then_some(Body::Depth(depth));
    Ok(vec![Message { format, symbol, interval: None, ts: None, body }])
}

pub(super) fn time(text: &str) -> Result<UnixNanos, LineProblem> {
    let nanos = TimeUnit::Text.parse(text).map(UnixNanos::from_nanos);
    nanos.ok_or_else(|| expected("a time like 2026-08-01T02:53:53.646219Z in `timestamp`", text))
}

/// A bar; that it is closed shows when the next one begins.
fn bar(datum: &Datum<'_>) -> Result<Body, LineProblem> {
    let begin = datum.interval_begin.as_deref();
    let open_ts = time(begin.ok_or_else(|| expected("the key `interval_begin`", "none"))?)?;
    let minutes = datum.interval.filter(|minutes| (1..=MINUTES_MAX).contains(minutes));
    let minutes = minutes.ok_or_else(|| expected("minutes in `interval`", "none"))?;
    let [open, high, low, close] = prices([
        need(datum.open, "open")?,
        need(datum.high, "high")?,
        need(datum.low, "low")?,
        need(datum.close, "close")?,
    ])?;
    let row = BarRow {
        open_ts,
        close_ts: open_ts.plus(Duration::from_secs(minutes * 60)),
        open,
        high,
        low,
        close,
        volume: volume(need(datum.volume, "volume")?, "volume")?,
        count: datum.trades.map(|trades| integer(trades, "trades")).transpose()?,
    };
    Ok(Body::Bar(Growing { row, closed: None }))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only the formats of this module are asked for")]
fn body(
    format: Format,
    snapshot: bool,
    ts: Option<UnixNanos>,
    datum: &Datum<'_>,
) -> Result<Body, LineProblem> {
    match format {
        Format::KrakenWsBook => {
            let proof = Proof::Checksum { sum: datum.checksum, depth: None };
            let mut levels = Levels::new(snapshot, proof);
            levels.push_pairs(&datum.bids, &datum.asks)?;
            Ok(Body::Levels(levels))
        }
        Format::KrakenWsTrades => {
            let taker_side = taker_side(datum.side.as_deref())?;
            let trade = TradeRow {
                ts: ts.ok_or_else(|| expected("the key `timestamp`", "none"))?,
                price: price(need(datum.price, "price")?, "price")?,
                quantity: quantity(need(datum.qty, "qty")?, "qty")?,
                trade_id: datum.trade_id.map(|id| integer(id, "trade_id")).transpose()?,
                fills: 1,
                taker_side: Some(taker_side),
            };
            let trades = vec![trade];
            Ok(if snapshot { Body::EarlierTrades(trades) } else { Body::Trades(trades) })
        }
        Format::KrakenWsOhlc => bar(datum),
        _ => {
            let side = |of: Option<&RawValue>, many: Option<&RawValue>, keys: [&str; 2]| {
                Ok((price(need(of, keys[0])?, keys[0])?, quantity(need(many, keys[1])?, keys[1])?))
            };
            Ok(Body::Quote([
                side(datum.bid, datum.bid_qty, ["bid", "bid_qty"])?,
                side(datum.ask, datum.ask_qty, ["ask", "ask_qty"])?,
            ]))
        }
    }
}
