//! WebSocket v1, the frozen protocol of older programs: its public channels, for recordings of it.

use std::borrow::Cow;

use model::{Level, Symbol, Trade};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode::{Columns, DecodeError, Number};
use super::market::Ticker;
use super::names;
use super::rest::market::side;
use super::rest::{SystemStatus, TickerRow};

/// One message from the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The state of the venue.
    Status(SystemStatus),
    /// Nothing but a sign of life.
    Heartbeat,
    /// A subscription stands, or was refused.
    Subscribed {
        /// The pair.
        symbol: Option<Symbol>,
        /// Why not.
        error: Option<String>,
    },
    /// Best prices and the last 24 hours.
    Ticker(Symbol, Ticker),
    /// Trades, oldest first.
    Trades(Vec<Trade>),
    /// A book, or a change of one.
    Book(BookChange),
    /// A channel or an event that we do not know.
    Other,
}

/// A snapshot of a book, or what changed. Levels that fall out of the depth are not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookChange {
    /// Instrument.
    pub symbol: Symbol,
    /// Whether it replaces what was known.
    pub snapshot: bool,
    /// New quantities per price of the buy side, to be applied in order.
    pub bids: Vec<Level>,
    /// New quantities per price of the sell side, to be applied in order.
    pub asks: Vec<Level>,
    /// Digits after the point of prices and quantities as they stand on the wire, with which the
    /// checksum counts: not always those of the pair's rules. `None` without levels.
    pub decimals: Option<(u32, u32)>,
    /// Checksum of the book after the change; snapshots have none.
    pub checksum: Option<u32>,
}

/// Reads one text message.
///
/// # Errors
/// [`DecodeError`]: not JSON, or a channel that we know with data that we cannot read.
pub fn decode(text: &str) -> Result<Message, DecodeError> {
    if text.trim_start().starts_with('[') { data(text) } else { event(text) }
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pair: Option<Cow<'a, str>>,
    #[serde(rename = "errorMessage")]
    error: Option<String>,
}

fn event(text: &str) -> Result<Message, DecodeError> {
    let Event { event, status, pair, error } = serde_json::from_str(text)?;
    Ok(match event.as_deref() {
        Some("heartbeat") => Message::Heartbeat,
        Some("systemStatus") => Message::Status(SystemStatus::parse(&status.unwrap_or_default())),
        Some("subscriptionStatus") => {
            let symbol = pair.as_deref().and_then(names::symbol_from_wsname);
            Message::Subscribed { symbol, error }
        }
        _ => Message::Other,
    })
}

/// `[channel number, payload.., channel name, pair]`.
fn data(text: &str) -> Result<Message, DecodeError> {
    let parts: Vec<&RawValue> = serde_json::from_str(text)?;
    let [_, payloads @ .., channel, pair] = parts.as_slice() else {
        return Ok(Message::Other);
    };
    // The texts of private channels end otherwise.
    let (Ok(channel), Ok(pair)) = (
        serde_json::from_str::<Cow<'_, str>>(channel.get()),
        serde_json::from_str::<Cow<'_, str>>(pair.get()),
    ) else {
        return Ok(Message::Other);
    };
    let symbol = names::symbol_from_wsname(&pair).ok_or(DecodeError::Missing { what: "pair" })?;
    let payload = payloads.first().ok_or(DecodeError::Missing { what: "payload" })?.get();
    match &*channel {
        "ticker" => {
            let row: TickerRow<'_> = serde_json::from_str(payload)?;
            Ok(Message::Ticker(symbol, row.into_ticker()?))
        }
        "trade" => {
            let rows: Vec<Columns<'_>> = serde_json::from_str(payload)?;
            let read = |row| trade(&symbol, row);
            Ok(Message::Trades(rows.iter().map(read).collect::<Result<_, _>>()?))
        }
        channel if channel.starts_with("book-") => book(symbol, payloads),
        _ => Ok(Message::Other),
    }
}

/// Price, quantity, time, side, and more that we do not use.
fn trade(symbol: &Symbol, row: &Columns<'_>) -> Result<Trade, DecodeError> {
    Ok(Trade {
        symbol: symbol.clone(),
        venue_ts: row.at(2, "time")?.seconds()?,
        price: row.at(0, "price")?.price()?,
        quantity: row.at(1, "quantity")?.quantity()?,
        taker_side: side(row.at(3, "side")?.text()),
        trade_id: None,
    })
}

#[derive(Default, Deserialize)]
struct BookPart<'a> {
    #[serde(borrow, rename = "as")]
    all_asks: Option<Levels<'a>>,
    #[serde(borrow, rename = "bs")]
    all_bids: Option<Levels<'a>>,
    #[serde(borrow, default, rename = "a")]
    asks: Levels<'a>,
    #[serde(borrow, default, rename = "b")]
    bids: Levels<'a>,
    #[serde(borrow, rename = "c")]
    checksum: Option<Number<'a>>,
}

/// Rows of price, quantity, time and a mark.
type Levels<'a> = Vec<Columns<'a>>;

/// A change of both sides comes as two payloads, the second of which has the checksum.
fn book(symbol: Symbol, payloads: &[&RawValue]) -> Result<Message, DecodeError> {
    let mut change = BookChange {
        symbol,
        snapshot: false,
        bids: Vec::new(),
        asks: Vec::new(),
        decimals: None,
        checksum: None,
    };
    for payload in payloads {
        let part: BookPart<'_> = serde_json::from_str(payload.get())?;
        change.snapshot |= part.all_asks.is_some() || part.all_bids.is_some();
        let asks = part.all_asks.unwrap_or(part.asks);
        let bids = part.all_bids.unwrap_or(part.bids);
        let decimals = asks.iter().chain(&bids).next().map(Columns::decimals).transpose()?;
        change.decimals = change.decimals.or(decimals);
        change.asks.extend(levels(&asks)?);
        change.bids.extend(levels(&bids)?);
        if let Some(checksum) = part.checksum {
            let checksum = checksum.count().ok().and_then(|sum| u32::try_from(sum).ok());
            change.checksum = Some(checksum.ok_or(DecodeError::Missing { what: "checksum" })?);
        }
    }
    Ok(Message::Book(change))
}

fn levels(rows: &[Columns<'_>]) -> Result<Vec<Level>, DecodeError> {
    rows.iter().filter_map(|row| row.level().transpose()).collect()
}

#[cfg(test)]
mod tests;
