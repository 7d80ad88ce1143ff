//! What a message of a venue says of one market.

use std::borrow::Cow;

use model::{Fixed, Price, Quantity, Side, Unit, UnixNanos};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::bars::Growing;
use super::frame::{Frame, expected};
use super::orders::Orders;
use super::{binance, futures, kraken, kraken_old};
use crate::datetime::TimeUnit;
use crate::format::Format;
use crate::json::bare;
use crate::number::{NumberFault, parse_decimal};
use crate::read_error::LineProblem;
use crate::row::TradeRow;

/// What one message says of one market.
#[derive(Debug)]
pub(super) struct Message<'f> {
    pub(super) format: Format,
    /// `None` for a snapshot that names no market.
    pub(super) symbol: Option<Cow<'f, str>>,
    /// Length of a bar, in the words of Binance.
    pub(super) interval: Option<String>,
    /// When the venue says that it happened.
    pub(super) ts: Option<UnixNanos>,
    /// `None` where nobody wants it.
    pub(super) body: Option<Body>,
}

#[derive(Debug)]
pub(super) enum Body {
    Trades(Vec<TradeRow>),
    /// The last trades before a subscription.
    EarlierTrades(Vec<TradeRow>),
    /// Bid, ask.
    Quote([(Price, Quantity); 2]),
    Levels(Levels),
    Orders(Orders),
    Bar(Growing),
    /// The depth that Kraken agreed to send.
    Depth(usize),
}

/// Levels of a book in one message.
#[derive(Debug)]
pub(super) struct Levels {
    pub(super) snapshot: bool,
    pub(super) levels: Vec<WireLevel>,
    /// True when a level was left out, whose price is beyond what can be counted.
    pub(super) beyond: bool,
    pub(super) proof: Proof,
}

/// A level in Kraken's words.
#[derive(Deserialize)]
pub(super) struct WirePair<'f> {
    #[serde(borrow)]
    price: &'f RawValue,
    #[serde(borrow)]
    qty: &'f RawValue,
}

/// A level, with the digits that a checksum covers.
#[derive(Debug)]
pub(super) struct WireLevel {
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) digits: String,
}

/// How a message shows that none is missing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Proof {
    /// CRC32 of the book behind the message, where it is told; the depth where it is known.
    Checksum { sum: Option<u32>, depth: Option<usize> },
    /// Numbers of the first and last update, and of the message before on futures. A snapshot has the last.
    Updates { first: u64, last: u64, previous: Option<u64> },
    /// One number for each message.
    Number(u64),
    /// Each message is a whole book of so many levels of a side: none can be missed.
    Whole(u32),
}

/// Whether anybody wants what is of a format and of a market.
pub(super) type Wanted<'w> = &'w dyn Fn(Format, Option<&str>) -> bool;

/// The keys that tell messages apart.
#[derive(Deserialize)]
struct Keys<'f> {
    #[serde(borrow)]
    channel: Option<&'f RawValue>,
    #[serde(borrow)]
    method: Option<&'f RawValue>,
    #[serde(borrow)]
    feed: Option<&'f RawValue>,
    #[serde(borrow)]
    event: Option<&'f RawValue>,
    #[serde(borrow)]
    stream: Option<&'f RawValue>,
    #[serde(borrow)]
    data: Option<&'f RawValue>,
}

/// What a frame says. Messages without market data say nothing.
pub(super) fn messages<'f>(
    frame: &'f Frame<'_>,
    wanted: Wanted<'_>,
) -> Result<Vec<Message<'f>>, LineProblem> {
    let text = frame.text.as_ref();
    if text.trim_start().starts_with('[') {
        return kraken_old::messages(text, wanted);
    }
    let keys: Keys<'f> = super::frame::read(text, "the message of a venue")?;
    match keys {
        Keys { event: Some(_), .. } => Ok(Vec::new()),
        Keys { channel: Some(_), .. } => kraken::messages(text, wanted),
        Keys { method: Some(_), .. } => kraken::answer(text, wanted),
        Keys { feed: Some(_), .. } => futures::messages(text, wanted),
        Keys { stream: Some(stream), data: Some(data), .. } => {
            let partial = binance::partial_depth(bare(stream));
            binance::messages(data.get(), None, partial, wanted)
        }
        _ => binance::messages(text, frame.asked.as_deref(), None, wanted),
    }
}

/// A price, exact.
pub(super) fn price(value: &RawValue, key: &str) -> Result<Price, LineProblem> {
    decimal(value, key)
}

/// A quantity, exact.
pub(super) fn quantity(value: &RawValue, key: &str) -> Result<Quantity, LineProblem> {
    decimal(value, key)
}

fn decimal<U: Unit>(value: &RawValue, key: &str) -> Result<Fixed<U>, LineProblem> {
    match parse_decimal(bare(value), U::DECIMALS) {
        Ok((raw, false)) => Ok(Fixed::from_raw(raw)),
        Err(NumberFault::TooLarge) => {
            let most = Fixed::<U>::MAX;
            Err(expected(&format!("a number from -{most} to {most} in `{key}`"), value.get()))
        }
        Ok(_) | Err(NumberFault::Malformed) => {
            let decimals = U::DECIMALS;
            Err(expected(&format!("a number of up to {decimals} decimals in `{key}`"), value.get()))
        }
    }
}

/// A count.
pub(super) fn integer(value: &RawValue, key: &str) -> Result<u64, LineProblem> {
    bare(value).parse().map_err(|_| expected(&format!("a whole number in `{key}`"), value.get()))
}

impl Levels {
    /// Without levels yet.
    pub(super) const fn new(snapshot: bool, proof: Proof) -> Self {
        Self { snapshot, levels: Vec::new(), beyond: false, proof }
    }

    /// Adds the levels of both sides.
    pub(super) fn push_pairs(
        &mut self,
        bids: &[WirePair<'_>],
        asks: &[WirePair<'_>],
    ) -> Result<(), LineProblem> {
        for (side, pairs) in [(Side::Buy, bids), (Side::Sell, asks)] {
            for WirePair { price, qty } in pairs {
                self.push(side, price, qty)?;
            }
        }
        Ok(())
    }

    /// Adds a level of two texts.
    pub(super) fn push(
        &mut self,
        side: Side,
        price_text: &RawValue,
        quantity_text: &RawValue,
    ) -> Result<(), LineProblem> {
        // Somebody always offers a coin for ten billion.
        if parse_decimal(bare(price_text), Price::DECIMALS) == Err(NumberFault::TooLarge) {
            self.beyond = true;
            return Ok(());
        }
        self.levels.push(WireLevel {
            side,
            price: price(price_text, "price")?,
            quantity: quantity(quantity_text, "quantity")?,
            digits: match self.proof {
                Proof::Checksum { .. } => [price_text, quantity_text].map(digits).concat(),
                Proof::Updates { .. } | Proof::Number(_) | Proof::Whole(_) => String::new(),
            },
        });
        Ok(())
    }
}

/// The side in Kraken's words.
pub(super) fn taker_side(word: Option<&str>) -> Result<Side, LineProblem> {
    match word {
        Some("buy") => Ok(Side::Buy),
        Some("sell") => Ok(Side::Sell),
        other => Err(expected("`side` of buy or sell", other.unwrap_or("none"))),
    }
}

/// What a checksum covers of a number: its text without the point and without leading zeros.
pub(super) fn digits(text: &RawValue) -> String {
    let digits: String = bare(text).chars().filter(|c| *c != '.').collect();
    digits.trim_start_matches('0').to_owned()
}

/// The value of a key that must be there.
pub(super) fn need<'f>(
    value: Option<&'f RawValue>,
    key: &str,
) -> Result<&'f RawValue, LineProblem> {
    value.ok_or_else(|| expected(&format!("the key `{key}`"), "none"))
}

/// A time in milliseconds, or finer.
pub(super) fn time_by_size(value: &RawValue) -> Result<UnixNanos, LineProblem> {
    let nanos = TimeUnit::BySize.parse(bare(value)).map(UnixNanos::from_nanos);
    nanos.ok_or_else(|| expected(TimeUnit::BySize.expected(), value.get()))
}
