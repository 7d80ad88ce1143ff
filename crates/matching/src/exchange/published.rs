//! What of a market's book is published: liquidity that comes back, parts of orders, and what follows a recording.

use model::{Quantity, Symbol};

use crate::config::SyntheticConfig;
use crate::exchange::Exchange;
use crate::order::OrderId;

impl Exchange {
    /// Brings what our takers took from a synthetic book back before the next recorded trade does.
    pub fn refill(&mut self, symbol: &Symbol) {
        if let Some(at) = self.position(symbol) {
            self.markets[at].market.outside.refill();
        }
    }

    /// Shows only a part of a resting order in the book, and a new one when that is executed; `None` shows all of it.
    pub fn set_shown(&mut self, order: OrderId, shown: Option<Quantity>) {
        let known = self.orders.get(order).filter(|order| order.is_open());
        if let Some((at, remaining)) = known.map(|order| (order.market, order.remaining())) {
            self.markets[at].market.set_shown(order, shown, remaining);
        }
    }

    /// Gives a market whose book was recorded a synthetic one, from its next trade on; until then the book is as
    /// the recording left it, with everybody ahead of an order of ours that is known: of one out of its sight, what
    /// stands at the nearest level. Does nothing to other markets.
    pub fn end_recording(&mut self, symbol: &Symbol, shape: SyntheticConfig) {
        if let Some(at) = self.position(symbol) {
            self.markets[at].market.end_recording(shape);
        }
    }
}
