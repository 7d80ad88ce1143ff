//! WebSocket v2: requests and messages.

use std::borrow::Cow;

use model::{Level, OrderReport, Symbol, Trade};
use serde::Deserialize;

use super::decode::DecodeError;
use super::market::{BySymbol, Candle, Listed, Ticker};
use super::rest::SystemStatus;
use answer::Envelope;
pub use answer::{Ack, Done, DoneOrder};
pub use own::BalanceRow;

mod answer;
mod market;
mod own;
pub(crate) mod request;
pub(crate) mod trading;

/// One message from the venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The state of the venue.
    Status(SystemStatus),
    /// Nothing but a sign of life.
    Heartbeat,
    /// The answer to a ping.
    Pong,
    /// The answer to another request.
    Ack(Ack),
    /// Trades of one or more symbols.
    Trades {
        /// Whether these are the last ones from before the subscription.
        snapshot: bool,
        /// The trades, oldest first.
        trades: Vec<Trade>,
    },
    /// Changes of books.
    Books {
        /// Whether these replace what was known.
        snapshot: bool,
        /// One per symbol.
        changes: Vec<BookChange>,
    },
    /// Best prices and the last 24 hours of symbols.
    Tickers(BySymbol<Ticker>),
    /// Candles of symbols, each as it is now.
    Candles(BySymbol<Candle>),
    /// Pairs with their rules: all of them, then those that change.
    Instruments {
        /// Whether these are all.
        snapshot: bool,
        /// The pairs.
        pairs: Vec<Listed>,
    },
    /// News of our orders.
    Executions {
        /// Whether this is the complete list of open orders.
        snapshot: bool,
        /// Number of the message, rising by one.
        sequence: Option<u64>,
        /// The news, in order.
        reports: Vec<OrderReport>,
    },
    /// What we own.
    Balances {
        /// Whether these are all assets.
        snapshot: bool,
        /// Number of the message, rising by one.
        sequence: Option<u64>,
        /// One per asset.
        rows: Vec<BalanceRow>,
    },
    /// An error that answers no request.
    Error(String),
    /// A channel or an answer that we do not know, or text that is not JSON.
    Other,
}

/// A snapshot of a book, or what changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookChange {
    /// Instrument.
    pub symbol: Symbol,
    /// New quantities per price of the buy side, to be applied in order.
    pub bids: Vec<Level>,
    /// New quantities per price of the sell side, to be applied in order.
    pub asks: Vec<Level>,
    /// Checksum of the book after the change.
    pub checksum: u32,
}

/// Reads one text message.
///
/// # Errors
/// [`DecodeError`]: a message of a channel that we know whose data we cannot read, or the beginning of
/// a JSON object. Text that is no JSON at all comes from what stands in front of Kraken and is
/// [`Message::Other`].
pub fn decode(text: &str) -> Result<Message, DecodeError> {
    // Kraken names the channel first, so that its frequent messages are read once. Nothing depends on it.
    if let Some(channel) = first_channel(text)
        && let Some(message) = of_channel(channel, text)
    {
        return message;
    }
    let envelope = match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => envelope,
        Err(error) if text.trim_start().starts_with('{') => return Err(error.into()),
        Err(_) => return Ok(Message::Other),
    };
    match envelope.channel.as_deref() {
        Some(channel) => of_channel(channel, text).unwrap_or(Ok(Message::Other)),
        None => Ok(answer::read(envelope)),
    }
}

/// The channel of a message that begins with it.
fn first_channel(text: &str) -> Option<&str> {
    let (channel, _) = text.strip_prefix(r#"{"channel":""#)?.split_once('"')?;
    Some(channel)
}

/// A message of a channel; `None` for one that we do not know.
fn of_channel(channel: &str, text: &str) -> Option<Result<Message, DecodeError>> {
    let message = match channel {
        "heartbeat" => {
            serde_json::from_str::<Heartbeat>(text).map_err(DecodeError::from).map(Into::into)
        }
        "book" => market::books(text),
        "trade" => market::trades(text),
        "ticker" => market::tickers(text),
        "ohlc" => market::candles(text),
        "instrument" => market::instruments(text),
        "executions" => own::executions(text),
        "balances" => own::balances(text),
        "status" => status(text),
        _ => return None,
    };
    Some(message)
}

/// Checks no more than that it is JSON.
#[derive(Deserialize)]
struct Heartbeat {}

impl From<Heartbeat> for Message {
    fn from(_: Heartbeat) -> Self {
        Self::Heartbeat
    }
}

/// A message of a channel.
#[derive(Deserialize)]
struct Data<D> {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    sequence: Option<u64>,
    data: D,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Snapshot,
    #[serde(other)]
    Change,
}

impl<D> Data<D> {
    fn is_snapshot(&self) -> bool {
        self.kind == Some(Kind::Snapshot)
    }
}

fn data<'a, D: Deserialize<'a>>(text: &'a str) -> Result<Data<D>, DecodeError> {
    Ok(serde_json::from_str(text)?)
}

#[derive(Deserialize)]
struct SystemRow<'a> {
    #[serde(borrow)]
    system: Cow<'a, str>,
}

fn status(text: &str) -> Result<Message, DecodeError> {
    let rows = data::<Vec<SystemRow<'_>>>(text)?.data;
    let last = rows.last().map(|row| SystemStatus::parse(&row.system));
    Ok(last.map_or(Message::Other, Message::Status))
}

#[cfg(test)]
mod tests;
