//! The public channels.

use std::borrow::Cow;
use std::time::Duration;

use model::{
    Asset, DecimalError, Instrument, Level, Notional, Price, Quantity, Side, Symbol, Trade,
    UnixNanos,
};
use serde::Deserialize;

use super::{BookChange, Message, data};
use crate::codec::decode::{DecodeError, Number, Rows, field};
use crate::codec::market::{Candle, Listed, PairStatus, Ticker};

#[derive(Deserialize)]
struct TradeRow {
    symbol: Symbol,
    side: TakerSide,
    #[serde(deserialize_with = "field::price")]
    price: Price,
    #[serde(deserialize_with = "field::quantity")]
    qty: Quantity,
    trade_id: u64,
    #[serde(deserialize_with = "field::time")]
    timestamp: UnixNanos,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum TakerSide {
    Buy,
    Sell,
    #[serde(other)]
    Unknown,
}

impl From<TradeRow> for Trade {
    fn from(row: TradeRow) -> Self {
        Self {
            symbol: row.symbol,
            venue_ts: row.timestamp,
            price: row.price,
            quantity: row.qty,
            taker_side: match row.side {
                TakerSide::Buy => Some(Side::Buy),
                TakerSide::Sell => Some(Side::Sell),
                TakerSide::Unknown => None,
            },
            trade_id: Some(row.trade_id),
        }
    }
}

pub(super) fn trades(text: &str) -> Result<Message, DecodeError> {
    let message = data::<Rows<TradeRow, Trade>>(text)?;
    Ok(Message::Trades { snapshot: message.is_snapshot(), trades: message.data.into_vec() })
}

#[derive(Deserialize)]
struct BookRow {
    symbol: Symbol,
    #[serde(default, deserialize_with = "field::levels")]
    bids: Vec<Level>,
    #[serde(default, deserialize_with = "field::levels")]
    asks: Vec<Level>,
    checksum: u32,
}

impl From<BookRow> for BookChange {
    fn from(BookRow { symbol, bids, asks, checksum }: BookRow) -> Self {
        Self { symbol, bids, asks, checksum }
    }
}

pub(super) fn books(text: &str) -> Result<Message, DecodeError> {
    let message = data::<Rows<BookRow, BookChange>>(text)?;
    Ok(Message::Books { snapshot: message.is_snapshot(), changes: message.data.into_vec() })
}

#[derive(Deserialize)]
struct TickerRow<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(deserialize_with = "field::price")]
    bid: Price,
    #[serde(deserialize_with = "field::quantity")]
    bid_qty: Quantity,
    #[serde(deserialize_with = "field::price")]
    ask: Price,
    #[serde(deserialize_with = "field::quantity")]
    ask_qty: Quantity,
    #[serde(deserialize_with = "field::price")]
    last: Price,
    #[serde(deserialize_with = "field::notional")]
    volume: Notional,
    #[serde(deserialize_with = "field::notional")]
    vwap: Notional,
    #[serde(deserialize_with = "field::price")]
    low: Price,
    #[serde(deserialize_with = "field::price")]
    high: Price,
}

pub(super) fn tickers(text: &str) -> Result<Message, DecodeError> {
    let rows = data::<Vec<TickerRow<'_>>>(text)?.data;
    let read = |row: TickerRow<'_>| {
        let TickerRow { last, volume, vwap, low, high, .. } = row;
        let bid = Level { price: row.bid, quantity: row.bid_qty };
        let ask = Level { price: row.ask, quantity: row.ask_qty };
        (Symbol::new(&row.symbol), Ticker { bid, ask, last, volume, vwap, low, high })
    };
    Ok(Message::Tickers(rows.into_iter().map(read).collect()))
}

/// Seconds of a minute.
const MINUTE_S: u64 = 60;

#[derive(Deserialize)]
struct CandleRow<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(deserialize_with = "field::time")]
    interval_begin: UnixNanos,
    interval: u32,
    #[serde(deserialize_with = "field::price")]
    open: Price,
    #[serde(deserialize_with = "field::price")]
    high: Price,
    #[serde(deserialize_with = "field::price")]
    low: Price,
    #[serde(deserialize_with = "field::price")]
    close: Price,
    #[serde(deserialize_with = "field::notional")]
    vwap: Notional,
    #[serde(deserialize_with = "field::notional")]
    volume: Notional,
    trades: u64,
}

pub(super) fn candles(text: &str) -> Result<Message, DecodeError> {
    let rows = data::<Vec<CandleRow<'_>>>(text)?.data;
    let read = |row: CandleRow<'_>| {
        let CandleRow { open, high, low, close, vwap, volume, trades, .. } = row;
        let start = row.interval_begin;
        let length = Duration::from_secs(u64::from(row.interval) * MINUTE_S);
        let candle = Candle { start, length, open, high, low, close, vwap, volume, trades };
        (Symbol::new(&row.symbol), candle)
    };
    Ok(Message::Candles(rows.into_iter().map(read).collect()))
}

#[derive(Deserialize)]
struct Lists<'a> {
    #[serde(borrow, default)]
    pairs: Vec<ListedRow<'a>>,
}

#[derive(Deserialize)]
struct ListedRow<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    base: Cow<'a, str>,
    #[serde(borrow)]
    quote: Cow<'a, str>,
    #[serde(borrow)]
    status: Cow<'a, str>,
    price_precision: u32,
    qty_precision: u32,
    cost_precision: u32,
    #[serde(borrow)]
    price_increment: Option<Number<'a>>,
    #[serde(borrow)]
    qty_min: Number<'a>,
    #[serde(borrow)]
    cost_min: Option<Number<'a>>,
}

impl ListedRow<'_> {
    fn into_listed(self) -> Result<Listed, DecimalError> {
        let tick_size = match self.price_increment {
            Some(increment) => increment.price()?,
            None => Price::step(self.price_precision),
        };
        let cost_min = self.cost_min.map(Number::notional).transpose()?;
        let instrument = Instrument {
            symbol: Symbol::new(&self.symbol),
            base: Asset::new(&self.base),
            quote: Asset::new(&self.quote),
            price_decimals: self.price_precision.min(Price::DECIMALS),
            quantity_decimals: self.qty_precision.min(Quantity::DECIMALS),
            cost_decimals: self.cost_precision.min(Notional::DECIMALS),
            tick_size,
            quantity_min: self.qty_min.quantity()?,
            cost_min: cost_min.unwrap_or_default(),
        };
        Ok(Listed { instrument, status: PairStatus::parse(&self.status) })
    }
}

/// A pair whose prices are finer than ours is left out: it costs the others nothing.
pub(super) fn instruments(text: &str) -> Result<Message, DecodeError> {
    let message = data::<Lists<'_>>(text)?;
    let snapshot = message.is_snapshot();
    let mut pairs = Vec::with_capacity(message.data.pairs.len());
    for row in message.data.pairs {
        let symbol = row.symbol.clone();
        match row.into_listed() {
            Ok(listed) => pairs.push(listed),
            Err(error) => {
                tracing::debug!(venue = "kraken", %symbol, %error, "pair left out");
            }
        }
    }
    Ok(Message::Instruments { snapshot, pairs })
}
