//! What a user implements.

use std::fmt;

use model::{Symbol, Trade};

use crate::desk::Desk;
use crate::order::Order;

/// A trading strategy: looks at the market through a [`Desk`] and places wishes on it.
///
/// The same implementation runs in a backtest, in simulation and live. It must be a pure function
/// of what it is given: no clock, no randomness of its own, no I/O.
pub trait Strategy: fmt::Debug + Send {
    /// Somebody traded.
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        let _ = (trade, desk);
    }

    /// The best prices of a book changed; [`Desk::market`] has them.
    fn on_best_prices(&mut self, symbol: &Symbol, desk: &mut Desk<'_>) {
        let _ = (symbol, desk);
    }

    /// One of our orders changed its state or was filled.
    fn on_order(&mut self, order: &Order, desk: &mut Desk<'_>) {
        let _ = (order, desk);
    }
}
