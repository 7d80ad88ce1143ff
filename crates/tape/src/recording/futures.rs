//! The WebSocket of Kraken's futures: `book` and `trade`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::frame::{expected, read};
use super::message::{
    Body, Levels, Message, Proof, Wanted, WirePair, integer, need, price, quantity, taker_side,
    time_by_size,
};
use crate::format::Format;
use crate::read_error::LineProblem;
use crate::row::TradeRow;

/// Keys of all feeds.
#[derive(Deserialize)]
struct Feed<'f> {
    #[serde(borrow)]
    feed: Cow<'f, str>,
    #[serde(borrow)]
    product_id: Option<Cow<'f, str>>,
    #[serde(borrow, alias = "time")]
    timestamp: Option<&'f RawValue>,
    #[serde(borrow)]
    seq: Option<&'f RawValue>,
    #[serde(borrow)]
    side: Option<Cow<'f, str>>,
    #[serde(borrow)]
    price: Option<&'f RawValue>,
    #[serde(borrow)]
    qty: Option<&'f RawValue>,
    #[serde(borrow, default)]
    bids: Vec<WirePair<'f>>,
    #[serde(borrow, default)]
    asks: Vec<WirePair<'f>>,
    #[serde(borrow, default)]
    trades: Vec<&'f RawValue>,
}

pub(super) fn messages<'f>(
    text: &'f str,
    wanted: Wanted<'_>,
) -> Result<Vec<Message<'f>>, LineProblem> {
    let feed: Feed<'f> = read(text, "the feed of a book or of trades")?;
    let format = match &*feed.feed {
        "book" | "book_snapshot" => Format::KrakenFuturesWsBook,
        "trade" | "trade_snapshot" => Format::KrakenFuturesWsTrades,
        _ => return Ok(Vec::new()),
    };
    let ts = feed.timestamp.map(time_by_size).transpose()?;
    let body = if wanted(format, feed.product_id.as_deref()) {
        Some(match &*feed.feed {
            "trade" => Body::Trades(vec![trade(&feed)?]),
            "trade_snapshot" => {
                let of = |text: &&RawValue| trade(&read(text.get(), "a trade")?);
                Body::EarlierTrades(feed.trades.iter().map(of).collect::<Result<_, _>>()?)
            }
            _ => Body::Levels(levels(&feed)?),
        })
    } else {
        None
    };
    let symbol = Some(feed.product_id.ok_or_else(|| expected("`product_id`", text))?);
    Ok(vec![Message { format, symbol, interval: None, ts, body }])
}

fn levels(feed: &Feed<'_>) -> Result<Levels, LineProblem> {
    let snapshot = feed.feed == "book_snapshot";
    let number = integer(need(feed.seq, "seq")?, "seq")?;
    let mut levels = Levels::new(snapshot, Proof::Number(number));
    if !snapshot {
        let (price, qty) = (need(feed.price, "price")?, need(feed.qty, "qty")?);
        levels.push(taker_side(feed.side.as_deref())?, price, qty)?;
    }
    levels.push_pairs(&feed.bids, &feed.asks)?;
    Ok(levels)
}

/// The number of a trade is that of its message: its name is no number.
fn trade(feed: &Feed<'_>) -> Result<TradeRow, LineProblem> {
    Ok(TradeRow {
        ts: time_by_size(need(feed.timestamp, "time")?)?,
        price: price(need(feed.price, "price")?, "price")?,
        quantity: quantity(need(feed.qty, "qty")?, "qty")?,
        trade_id: Some(integer(need(feed.seq, "seq")?, "seq")?),
        fills: 1,
        taker_side: Some(taker_side(feed.side.as_deref())?),
    })
}
