//! Orders: identity, request and state.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

use crate::decimal::{Price, Quantity};
use crate::instrument::Symbol;

/// Direction of an order or of a trade's taker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Base is received, quote is paid.
    Buy,
    /// Base is given, quote is received.
    Sell,
}

impl Side {
    /// The other side.
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// Lower-case English: `buy`, `sell`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Our name of an order, unique for all time, chosen before the first send: 1 to 18 of `[A-Za-z0-9-]`.
///
/// 18 is what the strictest venue (Kraken) takes for free text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientOrderId {
    /// Zeros behind the text, so that the order is that of the texts.
    text: [u8; Self::LENGTH_MAX],
    length: u8,
}

/// A text that no venue would take as a client order id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a client order id: expected 1 to 18 letters, digits or dashes")]
pub struct InvalidClientOrderId {
    text: String,
}

impl ClientOrderId {
    /// Longest id, in bytes.
    pub const LENGTH_MAX: usize = 18;

    /// Checks and wraps a text.
    ///
    /// # Errors
    /// [`InvalidClientOrderId`]: empty, longer than 18 bytes, or another character.
    pub fn new(text: &str) -> Result<Self, InvalidClientOrderId> {
        Self::try_from(text.as_bytes())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("letters, digits and dashes")
    }

    /// The bytes of the text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }

    /// Changes the last character. False for one that no id has: nothing has changed then.
    pub fn set_last(&mut self, last: u8) -> bool {
        let place = usize::from(self.length.saturating_sub(1));
        match self.text.get_mut(place) {
            Some(character) if is_allowed(last) => {
                *character = last;
                true
            }
            Some(_) | None => false,
        }
    }
}

const fn is_allowed(character: u8) -> bool {
    character.is_ascii_alphanumeric() || character == b'-'
}

/// The same of the bytes of a text.
impl TryFrom<&[u8]> for ClientOrderId {
    type Error = InvalidClientOrderId;

    fn try_from(text: &[u8]) -> Result<Self, InvalidClientOrderId> {
        let fits = (1..=Self::LENGTH_MAX).contains(&text.len());
        // Without an early end, so that all bytes are looked at together.
        if fits && text.iter().fold(true, |all, character| all & is_allowed(*character)) {
            let mut id = Self { text: [0; Self::LENGTH_MAX], length: 0 };
            id.text[..text.len()].copy_from_slice(text);
            id.length = u8::try_from(text.len()).expect("at most 18");
            Ok(id)
        } else {
            Err(InvalidClientOrderId { text: String::from_utf8_lossy(text).into_owned() })
        }
    }
}

impl TryFrom<String> for ClientOrderId {
    type Error = InvalidClientOrderId;

    fn try_from(text: String) -> Result<Self, InvalidClientOrderId> {
        Self::new(&text)
    }
}

impl From<ClientOrderId> for String {
    fn from(id: ClientOrderId) -> Self {
        id.as_str().to_owned()
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The venue's name of an order. Opaque.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VenueOrderId(SmolStr);

impl VenueOrderId {
    /// Wraps a text from the venue.
    pub fn new(text: &str) -> Self {
        Self(SmolStr::new(text))
    }

    /// The name at a venue that numbers its orders.
    pub fn of_number(number: u64) -> Self {
        let (mut digits, mut rest, mut length) = ([b'0'; 20], number, 0_usize);
        for digit in digits.iter_mut().rev() {
            *digit = digit.saturating_add(u8::try_from(rest % 10).expect("a digit"));
            length = length.saturating_add(1);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        let text = &digits[digits.len().saturating_sub(length)..];
        Self::new(std::str::from_utf8(text).expect("digits"))
    }

    /// The number of a name that [`VenueOrderId::of_number`] gave.
    pub fn number(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VenueOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for VenueOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an order meets the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderKind {
    /// Takes what the book offers at any price.
    Market,
    /// Trades at `price` or better.
    Limit {
        /// Worst price accepted.
        price: Price,
        /// Refused rather than taking liquidity.
        post_only: bool,
    },
    /// Waits until the market trades at `price`, then becomes a limit order at `limit`, or a market
    /// order without one.
    Triggered {
        /// Which way the market must go.
        trigger: Trigger,
        /// Price of the public trade that wakes the order.
        price: Price,
        /// Worst price accepted then; `None` for any.
        limit: Option<Price>,
    },
}

/// What a waiting order waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// The market moves against the position that the order ends: up for a buy, down for a sell.
    StopLoss,
    /// The market moves in favour of it: down for a buy, up for a sell.
    TakeProfit,
}

impl Trigger {
    /// True when an order of `side` wakes as the market rises, false when it wakes as it falls.
    pub const fn is_rising(self, side: Side) -> bool {
        matches!((self, side), (Self::StopLoss, Side::Buy) | (Self::TakeProfit, Side::Sell))
    }

    /// True when a public trade at `last` wakes an order of `side` that waits for `price`.
    pub fn fires(self, side: Side, price: Price, last: Price) -> bool {
        if self.is_rising(side) { last >= price } else { last <= price }
    }

    /// Lower-case name: `stop-loss`, `take-profit`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StopLoss => "stop-loss",
            Self::TakeProfit => "take-profit",
        }
    }
}

/// What happens with the part that is not filled at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeInForce {
    /// Rests until cancelled.
    Gtc,
    /// The rest is cancelled.
    Ioc,
    /// All of it is filled at once, or nothing.
    Fok,
}

/// A request for an order, before the venue knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOrder {
    /// Our id, unique for all time.
    pub client_order_id: ClientOrderId,
    /// Instrument.
    pub symbol: Symbol,
    /// Direction.
    pub side: Side,
    /// Market, limit, or waiting for a trigger.
    pub kind: OrderKind,
    /// Base units, above zero.
    pub quantity: Quantity,
    /// Life of the unfilled part.
    pub time_in_force: TimeInForce,
    /// True when the order may make the position smaller, never larger or of the other sign.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reduce_only: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Where an order stands, as far as we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Decided, not sent.
    Created,
    /// Sent; the answer is awaited.
    Submitting,
    /// Sent; whether the venue has it is not known. Resolved only by asking the venue.
    Unknown,
    /// Resting at the venue, perhaps partly filled.
    Open,
    /// Filled completely. Final.
    Filled,
    /// Cancelled, perhaps partly filled. Final.
    Cancelled,
    /// Refused by the venue. Final.
    Rejected,
    /// Surely never at the venue: refused locally, or not found after its deadline. Final.
    NotPlaced,
}

impl OrderState {
    /// True when nothing can change any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Rejected | Self::NotPlaced)
    }

    /// Lower-case name, words joined by dashes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Submitting => "submitting",
            Self::Unknown => "unknown",
            Self::Open => "open",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::NotPlaced => "not-placed",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
