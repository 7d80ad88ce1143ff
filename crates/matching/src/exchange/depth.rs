//! Recorded books that show every order.

use model::{Symbol, UnixNanos};

use crate::crowd::OrderChange;
use crate::event::{ExchangeEvent, TapeError};
use crate::exchange::{Exchange, Listing, MarketId};
use crate::market::Market;

/// Recorded orders of one instrument.
#[derive(Debug, Clone, Copy)]
pub struct OrdersUpdate<'a> {
    /// Instrument.
    pub symbol: &'a Symbol,
    /// True when the orders are the whole book; false when they are changes of single ones.
    pub snapshot: bool,
    /// Levels of a side that the source shows at most, as of [`DepthUpdate`](crate::DepthUpdate).
    pub levels: Option<u32>,
    /// In the order in which they happened; those that stand at one price first come first.
    pub changes: &'a [OrderChange],
}

impl Exchange {
    /// Plays recorded orders: they replace the liquidity of everybody else, and tell where in their queues our
    /// orders stand. A market follows either these or [`Exchange::on_depth`].
    ///
    /// # Errors
    /// As [`Exchange::on_depth`].
    pub fn on_orders_in(
        &mut self,
        MarketId(at): MarketId,
        update: &OrdersUpdate<'_>,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), TapeError> {
        let symbol = || update.symbol.clone();
        let market = self.recorded(at)?;
        let broken =
            |change: &OrderChange| !change.price.is_positive() || change.quantity.raw() < 0;
        if update.changes.iter().any(broken) {
            return Err(TapeError::NotPositive { symbol: symbol() });
        }
        market.outside.shows(update.levels);
        market.on_orders(update.snapshot, update.changes);
        self.after_depth(at, now, out);
        Ok(())
    }

    /// The market of which the tape shows the liquidity.
    pub(super) fn recorded(&mut self, at: usize) -> Result<&mut Market, TapeError> {
        let Listing { instrument, market, .. } = &mut self.markets[at];
        match market.outside.is_recorded() {
            true => Ok(market),
            false => Err(TapeError::SyntheticBook { symbol: instrument.symbol.clone() }),
        }
    }

    /// Recorded liquidity has changed: fills our orders that it meets or crosses.
    pub(super) fn after_depth(&mut self, at: usize, now: UnixNanos, out: &mut Vec<ExchangeEvent>) {
        let Listing { market, next_trade, .. } = &mut self.markets[at];
        market.on_quotes(&mut self.executions);
        // Mostly it meets none.
        if !self.executions.is_empty() {
            let before = *next_trade;
            self.execute(at, now, out);
            self.after_own_prints(at, before, now, out);
        }
    }
}
