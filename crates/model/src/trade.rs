//! Public trades and our own fills.

use serde::{Deserialize, Serialize};

use crate::decimal::{Price, Quantity};
use crate::instrument::Symbol;
use crate::money::Notional;
use crate::order::Side;
use crate::time::UnixNanos;

/// A public print: somebody traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// Instrument.
    pub symbol: Symbol,
    /// Stamped by the venue.
    pub venue_ts: UnixNanos,
    /// Price of the trade.
    pub price: Price,
    /// Base units, above zero.
    pub quantity: Quantity,
    /// Side of the taker, where the source tells it.
    pub taker_side: Option<Side>,
    /// The venue's number of the trade, where the source tells it.
    pub trade_id: Option<u64>,
}

/// Whether an order gave or took liquidity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Liquidity {
    /// The order rested.
    Maker,
    /// The order crossed the book.
    Taker,
}

impl Liquidity {
    /// Lower-case English: `maker`, `taker`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Taker => "taker",
        }
    }
}

/// One execution of one of our orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// The venue's number of the trade; unique per symbol.
    pub trade_id: u64,
    /// Price of the execution.
    pub price: Price,
    /// Base units, above zero.
    pub quantity: Quantity,
    /// Fee in the quote asset; negative for a rebate.
    pub fee: Notional,
    /// Maker or taker.
    pub liquidity: Liquidity,
}
