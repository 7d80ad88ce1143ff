//! Payloads of the public methods.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use model::{Book, Instrument, Level, Notional, Price, Quantity, Side, Symbol, Trade, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::codec::decode::{Columns, DecodeError, Number};
use crate::codec::market::{Candle, PairStatus, Ticker};
use crate::codec::names;
use crate::rules::PairRules;

/// Digits of a cost where nobody says otherwise.
const COST_DECIMALS: u32 = 5;

#[derive(Deserialize)]
pub(crate) struct PairRow<'a> {
    wsname: Option<String>,
    base: String,
    quote: String,
    pair_decimals: u32,
    lot_decimals: u32,
    /// Absent until 2022.
    cost_decimals: Option<u32>,
    #[serde(borrow)]
    ordermin: Option<Number<'a>>,
    #[serde(borrow)]
    costmin: Option<Number<'a>>,
    #[serde(borrow)]
    tick_size: Option<Number<'a>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(default)]
    leverage_buy: Vec<u32>,
    #[serde(default)]
    leverage_sell: Vec<u32>,
    #[serde(borrow)]
    long_position_limit: Option<Number<'a>>,
    #[serde(borrow)]
    short_position_limit: Option<Number<'a>>,
}

impl PairRow<'_> {
    /// The pair with its rules; `None` for a pair without a name on the WebSocket.
    pub(crate) fn into_rules(mut self) -> Result<Option<PairRules>, DecodeError> {
        let limit = |number: Option<Number<'_>>| number.map(Number::quantity).transpose();
        let (long_max, short_max) =
            (limit(self.long_position_limit)?, limit(self.short_position_limit)?);
        // Absent until 2022.
        let status = self.status.take().map_or(PairStatus::Online, |word| PairStatus::parse(&word));
        let leverage_buy = std::mem::take(&mut self.leverage_buy);
        let leverage_sell = std::mem::take(&mut self.leverage_sell);
        let instrument = self.into_instrument()?;
        Ok(instrument.map(|instrument| PairRules {
            instrument,
            status,
            leverage_buy,
            leverage_sell,
            long_max,
            short_max,
        }))
    }

    /// The pair as an instrument; `None` for a pair without a name on the WebSocket.
    fn into_instrument(self) -> Result<Option<Instrument>, DecodeError> {
        let wsname = self.wsname.as_deref().unwrap_or_default();
        let Some(symbol) = names::symbol_from_wsname(wsname) else {
            return Ok(None);
        };
        let tick_size = self.tick_size.map(Number::price).transpose()?;
        let quantity_min = self.ordermin.map(Number::quantity).transpose()?;
        let cost_min = self.costmin.map(Number::notional).transpose()?;
        Ok(Some(Instrument {
            symbol,
            base: names::asset_from_id(&self.base),
            quote: names::asset_from_id(&self.quote),
            price_decimals: self.pair_decimals.min(Price::DECIMALS),
            quantity_decimals: self.lot_decimals.min(Quantity::DECIMALS),
            cost_decimals: self.cost_decimals.unwrap_or(COST_DECIMALS).min(Notional::DECIMALS),
            tick_size: tick_size
                .filter(|tick| tick.is_positive())
                .unwrap_or_else(|| Price::step(self.pair_decimals)),
            quantity_min: quantity_min.unwrap_or_default(),
            cost_min: cost_min.unwrap_or_default(),
        }))
    }
}

#[derive(Deserialize)]
pub(crate) struct TickerRow<'a> {
    #[serde(borrow)]
    a: Columns<'a>,
    #[serde(borrow)]
    b: Columns<'a>,
    #[serde(borrow)]
    c: Columns<'a>,
    #[serde(borrow)]
    v: Columns<'a>,
    #[serde(borrow)]
    p: Columns<'a>,
    #[serde(borrow)]
    l: Columns<'a>,
    #[serde(borrow)]
    h: Columns<'a>,
}

/// Where the last 24 hours stand beside today.
const DAY: usize = 1;

impl TickerRow<'_> {
    pub(crate) fn into_ticker(self) -> Result<Ticker, DecodeError> {
        // Price, whole units, units.
        let best = |row: &Columns<'_>, what| {
            let (price, quantity) = (row.at(0, what)?.price()?, row.at(2, what)?.quantity()?);
            Ok::<_, DecodeError>(Level { price, quantity })
        };
        Ok(Ticker {
            bid: best(&self.b, "bid")?,
            ask: best(&self.a, "ask")?,
            last: self.c.at(0, "last trade")?.price()?,
            volume: self.v.at(DAY, "volume")?.notional()?,
            vwap: self.p.at(DAY, "average price")?.notional()?,
            low: self.l.at(DAY, "low")?.price()?,
            high: self.h.at(DAY, "high")?.price()?,
        })
    }
}

#[derive(Deserialize)]
pub(crate) struct DepthRow<'a> {
    #[serde(borrow)]
    asks: Vec<Columns<'a>>,
    #[serde(borrow)]
    bids: Vec<Columns<'a>>,
}

impl DepthRow<'_> {
    pub(crate) fn into_book(self) -> Result<Book, DecodeError> {
        let mut book = Book::new();
        for (side, rows) in [(Side::Buy, &self.bids), (Side::Sell, &self.asks)] {
            for row in rows {
                if let Some(level) = row.level()? {
                    book.set(side, level);
                }
            }
        }
        Ok(book)
    }
}

/// The rows of one pair under a name of the venue's choice, and where the next page begins.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Page<'a>(#[serde(borrow)] BTreeMap<String, &'a RawValue>);

impl<'a> Page<'a> {
    fn split(self) -> Result<(Vec<Columns<'a>>, Number<'a>), DecodeError> {
        let (mut rows, mut last) = (None, None);
        for (name, part) in self.0 {
            if name == "last" {
                last = Some(serde_json::from_str(part.get())?);
            } else {
                rows = Some(serde_json::from_str(part.get())?);
            }
        }
        let missing = |what| DecodeError::Missing { what };
        Ok((rows.ok_or(missing("pair"))?, last.ok_or(missing("last"))?))
    }

    /// Candles, oldest first; the last one is not over yet. Their length is not told.
    ///
    /// # Errors
    /// [`DecodeError`]: a row or the next page is missing, or a number is none.
    pub fn into_candles(self, length: Duration) -> Result<Vec<Candle>, DecodeError> {
        let read = |row: &Columns<'_>| {
            Ok(Candle {
                start: row.at(0, "begin")?.seconds()?,
                length,
                open: row.at(1, "open")?.price()?,
                high: row.at(2, "high")?.price()?,
                low: row.at(3, "low")?.price()?,
                close: row.at(4, "close")?.price()?,
                vwap: row.at(5, "vwap")?.notional()?,
                volume: row.at(6, "volume")?.notional()?,
                trades: row.at(7, "trades")?.count()?,
            })
        };
        self.split()?.0.iter().map(read).collect()
    }

    /// Trades, oldest first, and the instant from which to ask for those after them.
    ///
    /// # Errors
    /// As [`Page::into_candles`].
    pub fn into_trades(self, symbol: &Symbol) -> Result<TradePage, DecodeError> {
        let (rows, last) = self.split()?;
        let read = |row: &Columns<'_>| {
            let number = row.at(6, "trade id").ok().map(Number::count).transpose()?;
            Ok(Trade {
                symbol: symbol.clone(),
                venue_ts: row.at(2, "time")?.seconds()?,
                price: row.at(0, "price")?.price()?,
                quantity: row.at(1, "volume")?.quantity()?,
                taker_side: side(row.at(3, "side")?.text()),
                trade_id: number,
            })
        };
        let trades = rows.iter().map(read).collect::<Result<_, DecodeError>>()?;
        Ok(TradePage { trades, next: TradeCursor(last.count()?) })
    }
}

/// A page of trades.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradePage {
    /// Oldest first, at most 1000.
    pub trades: Vec<Trade>,
    /// Where the page after it begins.
    pub next: TradeCursor,
}

/// A place between two trades, in Kraken's count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TradeCursor(u64);

impl TradeCursor {
    /// Before the trades that came after an instant.
    pub fn after(at: UnixNanos) -> Self {
        Self(u64::try_from(at.as_nanos()).unwrap_or(0))
    }

    /// Nanoseconds since 1970, as `since` takes it.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }
}

/// Side of a taker, in one letter.
pub(in crate::codec) fn side(letter: &str) -> Option<Side> {
    match letter {
        "b" => Some(Side::Buy),
        "s" => Some(Side::Sell),
        _ => None,
    }
}
