//! Orders that are not placed.

use model::{NewOrder, OrderKind, Price};

use super::Engine;
use crate::markets::{Market, MarketNumber};
use crate::risk::rule_broken;

/// There are no rules for it.
pub(super) const NOT_TRADED: &str = "instrument is not traded here";

impl Engine {
    /// Checks an order for a market.
    ///
    /// # Errors
    /// Why it must not be placed.
    pub(super) fn admit(
        &self,
        request: &NewOrder,
        number: MarketNumber,
    ) -> Result<(), &'static str> {
        let market = &self.markets[number];
        let instrument = market.instrument.as_ref().ok_or(NOT_TRADED)?;
        if self.stopping || !self.private_live {
            return Err("orders cannot be followed now");
        }
        if let Some(why) = self.intake.refusal(&request.kind) {
            return Err(why);
        }
        if let Some(why) = rule_broken(instrument, request, price_hint(market, request)) {
            return Err(why);
        }
        if request.quantity > self.risk.order_quantity_max {
            return Err("order_quantity_max exceeded");
        }
        let exposure = self.orders.exposure(number);
        if exposure.orders >= self.risk.working_orders_max {
            return Err("working_orders_max exceeded");
        }
        let wanted = exposure.of(request.side) + i128::from(request.quantity.raw());
        if !self.risk.allows_position(market.position, request.side, wanted) {
            return Err("position_max exceeded");
        }
        Ok(())
    }
}

/// The price at which an order may be expected to trade, for rules about its cost.
fn price_hint(market: &Market, request: &NewOrder) -> Option<Price> {
    match request.kind {
        OrderKind::Limit { price, .. } => Some(price),
        OrderKind::Triggered { price, limit, .. } => Some(limit.unwrap_or(price)),
        OrderKind::Market => Some(market.view.as_ref()?.last_trade.as_ref()?.price),
    }
}
