//! Kraken's WebSocket v1: lists with the channel and the market at their end.

use std::borrow::Cow;

use model::{Side, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::frame::{expected, read};
use super::message::{Body, Levels, Message, Proof, Wanted, price, quantity};
use crate::datetime::TimeUnit;
use crate::format::Format;
use crate::json::bare;
use crate::read_error::LineProblem;
use crate::row::TradeRow;

/// Changes of a book, or all of it.
#[derive(Default, Deserialize)]
struct Part<'f> {
    #[serde(borrow, rename = "as")]
    all_asks: Option<Vec<Vec<&'f RawValue>>>,
    #[serde(borrow, rename = "bs")]
    all_bids: Option<Vec<Vec<&'f RawValue>>>,
    #[serde(borrow, rename = "a", default)]
    asks: Vec<Vec<&'f RawValue>>,
    #[serde(borrow, rename = "b", default)]
    bids: Vec<Vec<&'f RawValue>>,
    #[serde(borrow, rename = "c")]
    checksum: Option<Cow<'f, str>>,
}

/// Price, whole lots, and lots.
#[derive(Deserialize)]
struct Ticker<'f> {
    #[serde(borrow)]
    a: [&'f RawValue; 3],
    #[serde(borrow)]
    b: [&'f RawValue; 3],
}

pub(super) fn messages<'f>(
    text: &'f str,
    wanted: Wanted<'_>,
) -> Result<Vec<Message<'f>>, LineProblem> {
    let parts: Vec<&'f RawValue> = read(text, "a list with its channel and its market at the end")?;
    let [_, content @ .., channel, symbol] = &parts[..] else {
        return Err(expected("a list with its channel and its market at the end", text));
    };
    let symbol: Cow<'f, str> = read(symbol.get(), "the market as a text")?;
    let (format, depth) = match bare(channel).split_once('-') {
        None if bare(channel) == "trade" => (Format::KrakenWs1Trades, None),
        None if bare(channel) == "ticker" => (Format::KrakenWs1Ticker, None),
        Some(("book", depth)) => {
            let depth = depth.parse().map_err(|_| expected("book-DEPTH", channel.get()))?;
            (Format::KrakenWs1Book, Some(depth))
        }
        _ => return Ok(Vec::new()),
    };
    let mut message = Message { format, symbol: None, interval: None, ts: None, body: None };
    if wanted(format, Some(&symbol)) {
        let (ts, body) = body(format, depth, content, text)?;
        (message.ts, message.body) = (ts, Some(body));
    }
    message.symbol = Some(symbol);
    Ok(vec![message])
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only the formats of this module are asked for")]
fn body(
    format: Format,
    depth: Option<usize>,
    content: &[&RawValue],
    text: &str,
) -> Result<(Option<UnixNanos>, Body), LineProblem> {
    let one = || content.first().copied().ok_or_else(|| expected("a message with content", text));
    match format {
        Format::KrakenWs1Trades => {
            let rows: Vec<Vec<&RawValue>> = read(one()?.get(), "a list of trades")?;
            let rows = rows.iter().map(|row| trade(row)).collect::<Result<Vec<_>, _>>()?;
            Ok((rows.last().map(|row| row.ts), Body::Trades(rows)))
        }
        Format::KrakenWs1Ticker => {
            let Ticker { a, b } = read(one()?.get(), "the best prices `a` and `b`")?;
            let side = |of: [&RawValue; 3]| Ok((price(of[0], "price")?, quantity(of[2], "lots")?));
            Ok((None, Body::Quote([side(b)?, side(a)?])))
        }
        _ => book(depth, content),
    }
}

fn trade(row: &[&RawValue]) -> Result<TradeRow, LineProblem> {
    let [price_text, volume, at, side, ..] = row else {
        return Err(expected("a trade of at least 4 elements", &row.len().to_string()));
    };
    let taker_side = match bare(side) {
        "b" => Side::Buy,
        "s" => Side::Sell,
        _ => return Err(expected("the side `b` or `s`", side.get())),
    };
    Ok(TradeRow {
        ts: time(at)?,
        price: price(price_text, "price")?,
        quantity: quantity(volume, "volume")?,
        trade_id: None,
        fills: 1,
        taker_side: Some(taker_side),
    })
}

fn book(
    depth: Option<usize>,
    content: &[&RawValue],
) -> Result<(Option<UnixNanos>, Body), LineProblem> {
    let (mut levels, mut newest) = (Vec::new(), None);
    let (mut snapshot, mut sum) = (false, None);
    for part in content {
        let part: Part<'_> = read(part.get(), "the levels of a book")?;
        snapshot |= part.all_asks.is_some() || part.all_bids.is_some();
        let asks = part.all_asks.unwrap_or_default().into_iter().chain(part.asks);
        let bids = part.all_bids.unwrap_or_default().into_iter().chain(part.bids);
        levels.extend(asks.map(|level| (Side::Sell, level)));
        levels.extend(bids.map(|level| (Side::Buy, level)));
        if let Some(text) = part.checksum {
            sum = Some(text.parse().map_err(|_| expected("a checksum in `c`", &text))?);
        }
    }
    let mut message = Levels::new(snapshot, Proof::Checksum { sum, depth });
    for (side, fields) in levels {
        let [price, volume, at, ..] = fields[..] else {
            let found = fields.len().to_string();
            return Err(expected("a level of price, volume and time", &found));
        };
        newest = newest.max(Some(time(at)?));
        message.push(side, price, volume)?;
    }
    Ok((newest, Body::Levels(message)))
}

fn time(text: &RawValue) -> Result<UnixNanos, LineProblem> {
    let nanos = TimeUnit::Seconds.parse(bare(text)).map(UnixNanos::from_nanos);
    nanos.ok_or_else(|| expected(TimeUnit::Seconds.expected(), text.get()))
}
