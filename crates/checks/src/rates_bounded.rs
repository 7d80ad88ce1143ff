//! `rates-bounded`: the trader never calls faster than the venue allows, not even in a storm.
//!
//! Calls are counted where they begin, by the trader's audit trail. Orders and cancels are counted where
//! they take effect, by the venue's own books, since a cancel weighs by the age that its order has there.

mod count;

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent, WorldEvent};
use model::{ClientOrderId, NewOrder, OrderKind, OrderState, Symbol, TimeInForce, VenueOrderId};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, OrderCounter, nanos};
use crate::findings::Findings;
use count::{Counter, Counts};

pub(crate) const CHECK: Check = Check {
    name: "rates-bounded",
    class: Class::Safety,
    sentence: "no more calls, orders and cancels than the venue's counts allow, at any time",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut orders = OrderCounts::default();
    for record in history {
        match &record.event {
            Event::Trader(AuditEvent::CallStarted { call, op, .. }) => {
                for (name, rule) in expect.rates.iter().filter(|(_, rule)| rule.ops.contains(op)) {
                    findings.examine();
                    let counts = counts.entry(name).or_insert_with(|| Counts::new(&rule.limits));
                    for excess in counts.add(record.at_ns, expect.slack_ns()) {
                        let message = format!("call #{call} {op} is too much for {name}: {excess}");
                        findings.violate(record, message);
                    }
                }
            }
            Event::Trader(AuditEvent::OrderIntent { order }) => orders.intend(order),
            // Its limiters begin anew; what the venue counts, `venue-limits` counts.
            Event::World(WorldEvent::HostCrashed) if record.host == expect.trader_host => {
                counts.clear();
            }
            Event::Venue(VenueEvent::OrderChanged { account, .. })
                if *account != expect.account => {}
            Event::Venue(VenueEvent::OrderChanged {
                client_order_id: Some(id),
                venue_order_id,
                state,
                ..
            }) => {
                let Some(rule) = &expect.order_counter else {
                    continue;
                };
                let change = Change { id, venue_order_id, state: *state, at_ns: record.at_ns };
                if let Some(excess) = orders.change(rule, change, expect.slack_ns()) {
                    let message = format!("order {id} {state} is too much for its pair: {excess}");
                    findings.violate(record, message);
                }
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    findings.verdict("no call began that is counted")
}

/// What the venue did with an order.
struct Change<'a> {
    id: &'a ClientOrderId,
    venue_order_id: &'a VenueOrderId,
    state: OrderState,
    at_ns: u64,
}

/// The venue's count of orders and cancels, by pair.
#[derive(Default)]
struct OrderCounts<'a> {
    /// Orders that rest until they are cancelled, with their pair. What the venue cancels of others by
    /// itself is no call.
    resting: BTreeMap<&'a ClientOrderId, &'a Symbol>,
    opened_ns: BTreeMap<&'a VenueOrderId, u64>,
    pairs: BTreeMap<&'a Symbol, Counter>,
}

impl<'a> OrderCounts<'a> {
    fn intend(&mut self, order: &'a NewOrder) {
        let limit = matches!(order.kind, OrderKind::Limit { .. });
        if limit && order.time_in_force == TimeInForce::Gtc {
            self.resting.insert(&order.client_order_id, &order.symbol);
        }
    }

    /// Tells what is too much, if it is.
    fn change(&mut self, rule: &OrderCounter, change: Change<'a>, slack_ns: u64) -> Option<String> {
        let Change { id, venue_order_id, state, at_ns } = change;
        let symbol = *self.resting.get(id)?;
        let weight = match state {
            OrderState::Open if !self.opened_ns.contains_key(venue_order_id) => {
                self.opened_ns.insert(venue_order_id, at_ns);
                rule.order_weight
            }
            OrderState::Cancelled => {
                let opened_ns = self.opened_ns.get(venue_order_id)?;
                let age_ns = at_ns.saturating_sub(*opened_ns);
                let step = rule.cancel_weights.iter().find(|(below, _)| age_ns < nanos(*below));
                step.map_or(0, |&(_, weight)| weight)
            }
            OrderState::Open
            | OrderState::Created
            | OrderState::Submitting
            | OrderState::Unknown
            | OrderState::Filled
            | OrderState::Rejected
            | OrderState::NotPlaced => 0,
        };
        let counter = self.pairs.entry(symbol).or_insert_with(|| Counter::new(rule.counter));
        counter.add(weight, at_ns, slack_ns)
    }
}

#[cfg(test)]
mod tests;
