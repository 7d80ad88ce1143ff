//! `orders-as-wanted`: what the venue executes is what the strategy wanted.
//!
//! An order may be changed on its way: a price that is rounded, a side that is turned, a quantity that loses its last
//! digits. The venue's executions show it.

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, Fill, Liquidity, NewOrder, OrderKind, OrderState, Side};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "orders-as-wanted",
    class: Class::Safety,
    sentence: "each order is executed on the side that was wanted, never worse than its limit, at its limit where it rested, and for the whole quantity if it is filled",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut wanted: BTreeMap<&ClientOrderId, &NewOrder> = BTreeMap::new();
    for record in history {
        match &record.event {
            Event::Trader(AuditEvent::OrderIntent { order }) => {
                wanted.insert(&order.client_order_id, order);
            }
            Event::Venue(VenueEvent::Filled {
                account,
                client_order_id: Some(id),
                side,
                fill,
                ..
            }) if *account == expect.account => {
                let Some(order) = wanted.get(id) else { continue };
                findings.examine();
                if let Some(wrong) = differs(order, *side, fill) {
                    let message = format!("fill {} of order {id} {wrong}", fill.trade_id);
                    findings.violate(record, message);
                }
            }
            Event::Venue(VenueEvent::OrderChanged {
                account,
                client_order_id: Some(id),
                state: OrderState::Filled,
                filled,
                ..
            }) if *account == expect.account => {
                let Some(order) = wanted.get(id) else { continue };
                findings.examine();
                if *filled != order.quantity {
                    let quantity = order.quantity;
                    let message = format!("order {id} is filled with {filled}, not {quantity}");
                    findings.violate(record, message);
                }
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    findings.verdict("nothing was executed")
}

/// What of an execution is not as it was wanted.
fn differs(order: &NewOrder, side: Side, fill: &Fill) -> Option<String> {
    if side != order.side {
        return Some(format!("is a {side}, not a {}", order.side));
    }
    let OrderKind::Limit { price: limit, .. } = order.kind else { return None };
    let worse = match side {
        Side::Buy => fill.price > limit,
        Side::Sell => fill.price < limit,
    };
    let moved = fill.liquidity == Liquidity::Maker && fill.price != limit;
    (worse || moved).then(|| format!("is at {}, though its limit is {limit}", fill.price))
}

#[cfg(test)]
mod tests;
