//! One row of a trade archive.

use model::{Price, Quantity, Symbol, Trade, UnixNanos};

/// A recorded trade. Files of this format do not tell taker side and trade number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapeTrade {
    /// Stamped by the venue; equal stamps are common.
    pub ts: UnixNanos,
    /// Above zero.
    pub price: Price,
    /// Base units, above zero.
    pub quantity: Quantity,
}

impl TapeTrade {
    /// The row as a public trade of an instrument.
    pub fn to_trade(self, symbol: &Symbol) -> Trade {
        Trade {
            symbol: symbol.clone(),
            venue_ts: self.ts,
            price: self.price,
            quantity: self.quantity,
            taker_side: None,
            trade_id: None,
        }
    }
}
