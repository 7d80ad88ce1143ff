//! What an order may not break: the venue's rules and our own limits. Pure.

use model::{Instrument, Notional, OrderKind, Price, Quantity, Side};

use crate::desk::Draft;

/// What no strategy may exceed. No default: it guards money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskLimits {
    /// Largest quantity of one order, base units.
    pub order_quantity_max: Quantity,
    /// Largest absolute position that open orders could lead to, base units.
    pub position_max: Quantity,
    /// Most orders per instrument that may be working at once.
    pub working_orders_max: usize,
}

impl RiskLimits {
    /// Whether the position stays within the limit, or at least shrinks without turning, if orders of
    /// one side fill completely: `wanted` is their sum in steps of a quantity.
    pub(crate) fn allows_position(&self, position: Quantity, side: Side, wanted: i128) -> bool {
        let position = i128::from(position.raw());
        let worst = match side {
            Side::Buy => position + wanted,
            Side::Sell => position - wanted,
        };
        let shrinks = || {
            let turns = worst != 0 && (worst > 0) != (position > 0);
            !turns && worst.abs() < position.abs()
        };
        worst.abs() <= i128::from(self.position_max.raw()) || shrinks()
    }
}

/// The venue's rule that an order breaks, if any: better refused here than there.
pub(crate) fn rule_broken(
    instrument: &Instrument,
    draft: &Draft,
    price_hint: Option<Price>,
) -> Option<&'static str> {
    if !draft.quantity.is_positive() || draft.quantity < instrument.quantity_min {
        return Some("quantity below the venue's minimum");
    }
    if !draft.quantity.is_multiple_of(instrument.lot_size()) {
        return Some("quantity is not a multiple of the lot size");
    }
    let prices = match draft.kind {
        OrderKind::Market => [None, None],
        OrderKind::Limit { price, .. } => [Some(price), None],
        OrderKind::Triggered { price, limit, .. } => [Some(price), limit],
    };
    for price in prices {
        let Some(price) = price else { continue };
        if !price.is_positive() {
            return Some("price is not above zero");
        }
        if !price.is_multiple_of(instrument.tick_size) {
            return Some("price is not a multiple of the tick size");
        }
    }
    let cost = price_hint.map(|price| Notional::of(price, draft.quantity));
    if cost.is_some_and(|cost| cost < instrument.cost_min) {
        return Some("cost below the venue's minimum");
    }
    None
}
