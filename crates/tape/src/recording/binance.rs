//! Binance's streams, raw or combined: `trade`, `aggTrade`, `bookTicker`, `depth`, `kline`, and REST snapshots.

use std::borrow::Cow;

use model::{Side, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::bars;
use super::frame::{expected, read};
use super::message::{
    Body, Levels, Message, Proof, Wanted, integer, need, price, quantity, time_by_size,
};
use crate::format::Format;
use crate::read_error::LineProblem;
use crate::row::TradeRow;

/// Keys of all streams.
#[derive(Deserialize)]
struct Event<'f> {
    #[serde(borrow)]
    e: Option<Cow<'f, str>>,
    #[serde(borrow, rename = "E")]
    sent: Option<&'f RawValue>,
    #[serde(borrow, rename = "T")]
    happened: Option<&'f RawValue>,
    #[serde(borrow, alias = "symbol")]
    s: Option<Cow<'f, str>>,
    #[serde(borrow)]
    a: Option<&'f RawValue>,
    #[serde(borrow)]
    b: Option<&'f RawValue>,
    #[serde(borrow, rename = "A")]
    ask_quantity: Option<&'f RawValue>,
    #[serde(borrow, rename = "B")]
    bid_quantity: Option<&'f RawValue>,
    #[serde(borrow, rename = "U")]
    first_update: Option<&'f RawValue>,
    #[serde(borrow)]
    u: Option<&'f RawValue>,
    #[serde(borrow)]
    pu: Option<&'f RawValue>,
    #[serde(borrow)]
    t: Option<&'f RawValue>,
    #[serde(borrow)]
    p: Option<&'f RawValue>,
    #[serde(borrow)]
    q: Option<&'f RawValue>,
    #[serde(borrow)]
    f: Option<&'f RawValue>,
    #[serde(borrow)]
    l: Option<&'f RawValue>,
    #[serde(borrow)]
    m: Option<&'f RawValue>,
    #[serde(borrow)]
    k: Option<&'f RawValue>,
    #[serde(borrow, rename = "lastUpdateId")]
    last_update: Option<&'f RawValue>,
    #[serde(borrow)]
    bids: Option<&'f RawValue>,
    #[serde(borrow)]
    asks: Option<&'f RawValue>,
}

pub(super) fn messages<'f>(
    text: &'f str,
    asked: Option<&'f str>,
    partial: Option<(&'f str, u32)>,
    wanted: Wanted<'_>,
) -> Result<Vec<Message<'f>>, LineProblem> {
    let event: Event<'f> = read(text, "an event of Binance")?;
    let is_quote = event.bid_quantity.is_some() && event.ask_quantity.is_some();
    let format = match event.e.as_deref() {
        Some("trade") => Format::BinanceWsTrades,
        Some("aggTrade") => Format::BinanceWsAggTrades,
        Some("bookTicker") => Format::BinanceWsBookTicker,
        Some("kline") => Format::BinanceWsKlines,
        Some("depthUpdate") | None if partial.is_some() => Format::BinanceWsPartialDepth,
        Some("depthUpdate") => Format::BinanceWsDepth,
        // On spot, best prices have no name and no time.
        None if is_quote && event.u.is_some() => Format::BinanceWsBookTicker,
        None if event.last_update.is_some() => Format::BinanceWsDepth,
        _ => return Ok(Vec::new()),
    };
    let ts = event.happened.or(event.sent).map(time_by_size).transpose()?;
    let symbol = event.s.clone().or_else(|| asked.map(Cow::Borrowed));
    let symbol = symbol.or_else(|| partial.map(|(name, _)| name.to_ascii_uppercase().into()));
    let levels = partial.map(|(_, levels)| levels);
    if symbol.is_none() && event.last_update.is_none() {
        return Err(expected("the market in `s`", text));
    }
    let body =
        wanted(format, symbol.as_deref()).then(|| event.body(format, ts, levels)).transpose()?;
    let interval = event.interval()?;
    Ok(vec![Message { format, symbol, interval, ts, body }])
}

/// The market and the levels of a partial book: `btcusdt@depth5`, perhaps with `@100ms` or `@500ms` behind it.
pub(super) fn partial_depth(stream: &str) -> Option<(&str, u32)> {
    let (symbol, rest) = stream.split_once("@depth")?;
    let levels = rest.split('@').next()?.parse().ok()?;
    Some((symbol, levels))
}

impl Event<'_> {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only the formats of this module are asked for"
    )]
    fn body(
        &self,
        format: Format,
        ts: Option<UnixNanos>,
        partial: Option<u32>,
    ) -> Result<Body, LineProblem> {
        match format {
            Format::BinanceWsTrades => {
                self.trade(ts, self.t, "t").map(|row| Body::Trades(vec![row]))
            }
            Format::BinanceWsAggTrades => {
                let mut row = self.trade(ts, self.a, "a")?;
                let (first, last) =
                    (integer(need(self.f, "f")?, "f")?, integer(need(self.l, "l")?, "l")?);
                let fills = last.saturating_sub(first).saturating_add(1);
                row.fills = u32::try_from(fills).unwrap_or(u32::MAX);
                Ok(Body::Trades(vec![row]))
            }
            Format::BinanceWsBookTicker => {
                let bid = (
                    price(need(self.b, "b")?, "b")?,
                    quantity(need(self.bid_quantity, "B")?, "B")?,
                );
                let ask = (
                    price(need(self.a, "a")?, "a")?,
                    quantity(need(self.ask_quantity, "A")?, "A")?,
                );
                Ok(Body::Quote([bid, ask]))
            }
            Format::BinanceWsKlines => bars::binance(need(self.k, "k")?),
            _ => self.levels(partial).map(Body::Levels),
        }
    }

    /// Length of the bar that it tells, if it does.
    fn interval(&self) -> Result<Option<String>, LineProblem> {
        #[derive(Deserialize)]
        struct Kline {
            i: String,
        }
        let told = |k: &RawValue| read(k.get(), "the length of the bar in `i`");
        let told: Option<Kline> = self.k.map(told).transpose()?;
        Ok(told.map(|kline| kline.i))
    }

    fn trade(
        &self,
        ts: Option<UnixNanos>,
        id: Option<&RawValue>,
        name: &str,
    ) -> Result<TradeRow, LineProblem> {
        let flag = need(self.m, "m")?;
        let taker_side = match flag.get() {
            "true" => Side::Sell,
            "false" => Side::Buy,
            _ => return Err(expected("true or false in `m`", flag.get())),
        };
        Ok(TradeRow {
            ts: ts.ok_or_else(|| expected("the key `T`", "none"))?,
            price: price(need(self.p, "p")?, "p")?,
            quantity: quantity(need(self.q, "q")?, "q")?,
            trade_id: Some(integer(need(id, name)?, name)?),
            fills: 1,
            taker_side: Some(taker_side),
        })
    }

    fn levels(&self, partial: Option<u32>) -> Result<Levels, LineProblem> {
        let snapshot = self.last_update.is_some() || partial.is_some();
        let (bids, asks, proof) = if let Some(levels) = partial {
            let (bids, asks) = (self.bids.or(self.b), self.asks.or(self.a));
            (need(bids, "bids")?, need(asks, "asks")?, Proof::Whole(levels))
        } else if let Some(last) = self.last_update {
            let last = integer(last, "lastUpdateId")?;
            let proof = Proof::Updates { first: last, last, previous: None };
            (need(self.bids, "bids")?, need(self.asks, "asks")?, proof)
        } else {
            let proof = Proof::Updates {
                first: integer(need(self.first_update, "U")?, "U")?,
                last: integer(need(self.u, "u")?, "u")?,
                previous: self.pu.map(|pu| integer(pu, "pu")).transpose()?,
            };
            (need(self.b, "b")?, need(self.a, "a")?, proof)
        };
        let mut levels = Levels::new(snapshot, proof);
        for (side, pairs) in [(Side::Buy, bids), (Side::Sell, asks)] {
            let pairs: Vec<(&RawValue, &RawValue)> = read(pairs.get(), "levels of two numbers")?;
            for (price, quantity) in pairs {
                levels.push(side, price, quantity)?;
            }
        }
        Ok(levels)
    }
}
