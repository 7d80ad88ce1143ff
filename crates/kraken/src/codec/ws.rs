//! WebSocket v2: requests and messages.

use std::borrow::Cow;

use model::{
    Fill, Level, Liquidity, Notional, OrderReport, OrderState, Side, Symbol, Trade, VenueOrderId,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::decode::{DecodeError, Number, timestamp};
use super::names;
use super::order_row::client_order_id;
use super::rest::SystemStatus;

pub(crate) mod request;

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
    /// News of our orders.
    Executions {
        /// Whether this is the complete list of open orders.
        snapshot: bool,
        /// Number of the message, rising by one.
        sequence: Option<u64>,
        /// The news, in order.
        reports: Vec<OrderReport>,
    },
    /// An error that answers no request.
    Error(String),
    /// A channel or an answer that we do not know, or text that is not JSON.
    Other,
}

/// The answer to a request. A subscription is answered once per symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The request's own number.
    pub request: Option<u64>,
    /// The symbol, if the request was about one.
    pub symbol: Option<Symbol>,
    /// Where the engine's counter of the account ends, which depends on its tier, if the answer says so.
    pub counter_max: Option<u32>,
    /// The venue's error, for a refusal.
    pub error: Option<String>,
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

#[derive(Deserialize)]
struct Envelope<'a> {
    channel: Option<String>,
    method: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    req_id: Option<u64>,
    success: Option<bool>,
    #[serde(alias = "Error")]
    error: Option<String>,
    symbol: Option<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    sequence: Option<u64>,
}

/// Reads one text message.
///
/// # Errors
/// [`DecodeError`]: a message of a channel that we know whose data we cannot read, or the beginning of
/// a JSON object. Text that is no JSON at all comes from what stands in front of Kraken and is
/// [`Message::Other`].
pub fn decode(text: &str) -> Result<Message, DecodeError> {
    let envelope = match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => envelope,
        Err(error) if text.trim_start().starts_with('{') => return Err(error.into()),
        Err(_) => return Ok(Message::Other),
    };
    let snapshot = envelope.kind.as_deref() == Some("snapshot");
    let data = || {
        let data = envelope.data.ok_or(DecodeError::Missing { what: "data" })?;
        Ok::<_, DecodeError>(data.get())
    };
    match envelope.channel.as_deref() {
        Some("heartbeat") => Ok(Message::Heartbeat),
        Some("status") => status(data()?),
        Some("trade") => {
            Ok(Message::Trades { snapshot, trades: rows(data()?, TradeRow::into_trade)? })
        }
        Some("book") => {
            Ok(Message::Books { snapshot, changes: rows(data()?, BookRow::into_change)? })
        }
        Some("executions") => Ok(Message::Executions {
            snapshot,
            sequence: envelope.sequence,
            reports: rows(data()?, ExecutionRow::into_report)?,
        }),
        Some(_) => Ok(Message::Other),
        None => Ok(answer(envelope)),
    }
}

/// Reads each row on its own, so that rows may borrow from the text.
fn rows<'a, R: Deserialize<'a>, T>(
    data: &'a str,
    read: impl Fn(R) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let rows: Vec<R> = serde_json::from_str(data)?;
    rows.into_iter().map(read).collect()
}

fn answer(envelope: Envelope<'_>) -> Message {
    match envelope.method.as_deref() {
        Some("pong") => return Message::Pong,
        Some(_) => {}
        None => return envelope.error.map_or(Message::Other, Message::Error),
    }
    let result = envelope.result.map(RawValue::get);
    let row = result.and_then(|result| serde_json::from_str::<AckRow>(result).ok());
    let AckRow { symbol, maxratecount } = row.unwrap_or_default();
    let symbol = envelope.symbol.or(symbol);
    let refused = envelope.success == Some(false) || envelope.error.is_some();
    Message::Ack(Ack {
        request: envelope.req_id,
        symbol: symbol.map(|symbol| Symbol::new(&symbol)),
        counter_max: maxratecount,
        error: refused.then(|| envelope.error.unwrap_or_else(|| "refused".to_owned())),
    })
}

#[derive(Default, Deserialize)]
struct AckRow {
    symbol: Option<String>,
    maxratecount: Option<u32>,
}

#[derive(Deserialize)]
struct SystemRow<'a> {
    #[serde(borrow)]
    system: Cow<'a, str>,
}

fn status(data: &str) -> Result<Message, DecodeError> {
    let rows: Vec<SystemRow<'_>> = serde_json::from_str(data)?;
    let last = rows.last().map(|row| SystemStatus::parse(&row.system));
    Ok(last.map_or(Message::Other, Message::Status))
}

#[derive(Deserialize)]
struct TradeRow<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow)]
    side: Cow<'a, str>,
    #[serde(borrow)]
    price: Number<'a>,
    #[serde(borrow)]
    qty: Number<'a>,
    trade_id: u64,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
}

impl TradeRow<'_> {
    fn into_trade(self) -> Result<Trade, DecodeError> {
        Ok(Trade {
            symbol: Symbol::new(&self.symbol),
            venue_ts: timestamp(&self.timestamp)?,
            price: self.price.price()?,
            quantity: self.qty.quantity()?,
            taker_side: side(&self.side),
            trade_id: Some(self.trade_id),
        })
    }
}

fn side(word: &str) -> Option<Side> {
    match word {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

#[derive(Deserialize)]
struct LevelRow<'a> {
    #[serde(borrow)]
    price: Number<'a>,
    #[serde(borrow)]
    qty: Number<'a>,
}

#[derive(Deserialize)]
struct BookRow<'a> {
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow, default)]
    bids: Vec<LevelRow<'a>>,
    #[serde(borrow, default)]
    asks: Vec<LevelRow<'a>>,
    checksum: u32,
}

impl BookRow<'_> {
    fn into_change(self) -> Result<BookChange, DecodeError> {
        let levels = |rows: Vec<LevelRow<'_>>| {
            let read = |row: LevelRow<'_>| {
                let (price, quantity) = (row.price.price()?, row.qty.quantity()?);
                Ok::<_, DecodeError>(Level { price, quantity })
            };
            rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()
        };
        Ok(BookChange {
            symbol: Symbol::new(&self.symbol),
            bids: levels(self.bids)?,
            asks: levels(self.asks)?,
            checksum: self.checksum,
        })
    }
}

#[derive(Deserialize)]
struct FeeRow<'a> {
    #[serde(borrow)]
    asset: Cow<'a, str>,
    #[serde(borrow)]
    qty: Number<'a>,
}

/// A row of `executions`; most fields are left out where they do not change.
#[derive(Deserialize)]
struct ExecutionRow<'a> {
    order_id: String,
    cl_ord_id: Option<String>,
    exec_type: Option<String>,
    order_status: Option<String>,
    symbol: Option<String>,
    #[serde(borrow)]
    cum_qty: Option<Number<'a>>,
    #[serde(borrow)]
    cum_cost: Option<Number<'a>>,
    #[serde(borrow)]
    last_qty: Option<Number<'a>>,
    #[serde(borrow)]
    last_price: Option<Number<'a>>,
    trade_id: Option<u64>,
    liquidity_ind: Option<String>,
    #[serde(borrow, default)]
    fees: Vec<FeeRow<'a>>,
    reason: Option<String>,
}

impl ExecutionRow<'_> {
    fn into_report(self) -> Result<OrderReport, DecodeError> {
        Ok(OrderReport {
            client_order_id: client_order_id(self.cl_ord_id.as_deref()),
            venue_order_id: VenueOrderId::new(&self.order_id),
            state: self.state(),
            filled: self.cum_qty.map(Number::quantity).transpose()?,
            cost: self.cum_cost.map(Number::notional).transpose()?,
            // The venue tells the fees of each execution, and their sum in dollars only.
            fee: None,
            last_fill: self.fill()?,
            reason: self.reason.filter(|reason| !reason.is_empty()),
        })
    }

    /// A state that we do not know counts as open: that is not final, so the order will be asked for.
    fn state(&self) -> OrderState {
        let status = self.order_status.as_deref().or(self.exec_type.as_deref());
        match status {
            Some("filled") => OrderState::Filled,
            Some("canceled" | "expired") => OrderState::Cancelled,
            _ => OrderState::Open,
        }
    }

    fn fill(&self) -> Result<Option<Fill>, DecodeError> {
        if self.exec_type.as_deref() != Some("trade") {
            return Ok(None);
        }
        let missing = |what| DecodeError::Missing { what };
        let price = self.last_price.ok_or(missing("last_price"))?;
        let quantity = self.last_qty.ok_or(missing("last_qty"))?;
        let liquidity = match self.liquidity_ind.as_deref() {
            Some("m") => Liquidity::Maker,
            _ => Liquidity::Taker,
        };
        Ok(Some(Fill {
            trade_id: self.trade_id.ok_or(missing("trade_id"))?,
            price: price.price()?,
            quantity: quantity.quantity()?,
            fee: self.quote_fee()?,
            liquidity,
        }))
    }

    /// Sum of the fees in the quote asset. We ask for fees in quote; another asset is reported only.
    fn quote_fee(&self) -> Result<Notional, DecodeError> {
        let quote = self.symbol.as_deref().and_then(names::quote_of);
        let mut sum = Notional::ZERO;
        for fee in &self.fees {
            if quote.is_some_and(|quote| quote != fee.asset) {
                tracing::warn!(venue = "kraken", asset = %fee.asset, "fee in another asset");
                continue;
            }
            let amount = fee.qty.notional()?;
            sum = sum.checked_add(amount).unwrap_or(sum);
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests;
