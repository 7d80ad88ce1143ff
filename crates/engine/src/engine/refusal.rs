//! Orders that are not placed.

use model::{OrderKind, Price};

use super::Engine;
use crate::desk::Draft;
use crate::markets::Market;
use crate::risk::rule_broken;

/// There are no rules for it.
pub(super) const NOT_TRADED: &str = "instrument is not traded here";

impl Engine {
    /// Checks an order that a strategy wants.
    ///
    /// # Errors
    /// Why it must not be placed.
    pub(super) fn admit(&self, draft: &Draft) -> Result<(), &'static str> {
        let market = &self.markets[draft.market];
        let instrument = market.instrument.as_ref().ok_or(NOT_TRADED)?;
        if self.stopping || !self.private_live {
            return Err("orders cannot be followed now");
        }
        if let Some(why) = self.intake.refusal(&draft.kind) {
            return Err(why);
        }
        if let Some(why) = rule_broken(instrument, draft, price_hint(market, draft)) {
            return Err(why);
        }
        if draft.quantity > self.risk.order_quantity_max {
            return Err("order_quantity_max exceeded");
        }
        let exposure = self.orders.exposure(draft.market);
        if exposure.orders >= self.risk.working_orders_max {
            return Err("working_orders_max exceeded");
        }
        let wanted = exposure.of(draft.side) + i128::from(draft.quantity.raw());
        if !self.risk.allows_position(market.position, draft.side, wanted) {
            return Err("position_max exceeded");
        }
        Ok(())
    }
}

/// The price at which an order may be expected to trade, for rules about its cost.
fn price_hint(market: &Market, draft: &Draft) -> Option<Price> {
    match draft.kind {
        OrderKind::Limit { price, .. } => Some(price),
        OrderKind::Triggered { price, limit, .. } => Some(limit.unwrap_or(price)),
        OrderKind::Market => Some(market.view.as_ref()?.last_trade.as_ref()?.price),
    }
}
