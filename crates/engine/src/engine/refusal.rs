//! Orders that are not placed.

use model::{NewOrder, OrderKind, Price};

use super::Engine;
use crate::risk::rule_broken;

impl Engine {
    /// Why an order must not be placed, if so.
    pub(super) fn refusal(&self, request: &NewOrder) -> Option<&'static str> {
        let Some(instrument) = self.instruments.get(&request.symbol) else {
            return Some("instrument is not traded here");
        };
        if self.stopping || !self.private_live {
            return Some("orders cannot be followed now");
        }
        if let Some(why) = self.intake.refusal(&request.kind) {
            return Some(why);
        }
        if let Some(why) = rule_broken(instrument, request, self.price_hint(request)) {
            return Some(why);
        }
        if request.quantity > self.risk.order_quantity_max {
            return Some("order_quantity_max exceeded");
        }
        let exposure = self.orders.exposure(&request.symbol);
        if exposure.orders >= self.risk.working_orders_max {
            return Some("working_orders_max exceeded");
        }
        let position = self.positions.get(&request.symbol).copied().unwrap_or_default();
        let wanted = exposure.of(request.side) + i128::from(request.quantity.raw());
        if !self.risk.allows_position(position, request.side, wanted) {
            return Some("position_max exceeded");
        }
        None
    }

    /// The price at which an order may be expected to trade, for rules about its cost.
    fn price_hint(&self, request: &NewOrder) -> Option<Price> {
        match request.kind {
            OrderKind::Limit { price, .. } => Some(price),
            OrderKind::Triggered { price, limit, .. } => Some(limit.unwrap_or(price)),
            OrderKind::Market => {
                let last = self.markets.get(&request.symbol)?.last_trade.as_ref()?;
                Some(last.price)
            }
        }
    }
}
