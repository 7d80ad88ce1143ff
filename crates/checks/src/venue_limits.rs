//! `venue-limits`: the trader never does more than the venue allows its account, and is never banned.
//!
//! `rates-bounded` holds the trader to its own configuration; here the account counts, whatever the trader
//! believes of it, and to the unit: a trader that is as fast as it may be has no slack left. The counts are
//! this check's own. What the venue answered is not asked for, nor what the trader's limiters say.
//!
//! Calls and connection attempts count when they are sent. Orders and cancels are those that arrived, each
//! counted at the time at which it was sent: what the network keeps back and then delivers all at once is
//! not the trader's fault.

mod level;

use std::collections::{BTreeMap, VecDeque};

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, OrderState, Symbol, VenueOrderId};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, VenueLimits, nanos};
use crate::facts::seconds;
use crate::findings::{Findings, Place};
use level::Level;

pub(crate) const CHECK: Check = Check {
    name: "venue-limits",
    class: Class::Safety,
    sentence: "no call, order, cancel or connection attempt is one too many for the trader's account",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let Some(limits) = &expect.venue_limits else {
        return findings.verdict("nobody said what the venue allows");
    };
    let mut seen = Seen::new(limits);
    for record in history {
        match &record.event {
            Event::Trader(AuditEvent::CallStarted { call, op, .. }) => {
                seen.sent(record, *call, op, &mut findings);
            }
            Event::Trader(AuditEvent::OrderIntent { order }) => {
                seen.pairs.insert(&order.client_order_id, &order.symbol);
            }
            Event::Venue(
                VenueEvent::OrderReceived { account, .. }
                | VenueEvent::CancelReceived { account, .. }
                | VenueEvent::OrderChanged { account, .. },
            ) if *account != expect.account => {}
            Event::Venue(event) => seen.arrived(record, event, &mut findings),
            Event::Trader(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    seen.count_transactions(&mut findings);
    findings.verdict("nothing was done that the venue counts")
}

/// What was done so far.
struct Seen<'a> {
    limits: &'a VenueLimits,
    /// Calls of the key.
    calls: Level,
    /// Connection attempts less than a window ago.
    connects: VecDeque<u64>,
    /// When operations were sent whose arrival is not told yet.
    under_way: BTreeMap<&'a str, Vec<u64>>,
    /// The pair of every order that the trader wanted.
    pairs: BTreeMap<&'a ClientOrderId, &'a Symbol>,
    /// Open orders: since when, and of which pair.
    open: BTreeMap<&'a VenueOrderId, (u64, Option<&'a Symbol>)>,
    transactions: Vec<Transaction<'a>>,
}

/// An order or a cancel that arrived.
struct Transaction<'a> {
    sent_ns: u64,
    arrived: Place,
    symbol: &'a Symbol,
    weight: u32,
    what: String,
}

impl<'a> Seen<'a> {
    fn new(limits: &'a VenueLimits) -> Self {
        Self {
            limits,
            calls: Level::default(),
            connects: VecDeque::new(),
            under_way: BTreeMap::new(),
            pairs: BTreeMap::new(),
            open: BTreeMap::new(),
            transactions: Vec::new(),
        }
    }

    fn sent(&mut self, record: &Record, call: u64, op: &'a str, findings: &mut Findings) {
        let limits = self.limits;
        if let Some(weight) = limits.call_weights.get(op) {
            findings.examine();
            if let Some(excess) = self.calls.add(*weight, limits.calls, record.at_ns) {
                findings.violate(record, format!("call #{call} {op} of the key: {excess}"));
            }
        }
        if limits.connects.contains(op) {
            findings.examine();
            let (max, window) = (limits.connects_max, nanos(limits.connects_window));
            self.connects.push_back(record.at_ns);
            self.connects.retain(|at_ns| record.at_ns - at_ns < window);
            let number = self.connects.len();
            if u32::try_from(number).map_or(true, |number| number > max) {
                let window = seconds(window);
                findings.violate(
                    record,
                    format!("call #{call} {op} is connection attempt {number} within {window}, {max} allowed"),
                );
            }
        }
        if op == limits.order_op || op == limits.cancel_op {
            self.under_way.entry(op).or_default().push(record.at_ns);
        }
    }

    fn arrived(&mut self, record: &Record, event: &'a VenueEvent, findings: &mut Findings) {
        if let VenueEvent::OrderReceived { symbol, rests, .. } = event {
            let of_pair = |(_, pair): &&(u64, Option<&Symbol>)| *pair == Some(symbol);
            let open = self.open.values().filter(of_pair).count();
            let max = self.limits.open_orders_max;
            if *rests && open >= max {
                let message = format!("an order of {symbol} with {open} open, {max} allowed");
                findings.violate(record, message);
            }
            let what = format!("an order of {symbol}");
            let (op, weight) = (&self.limits.order_op, self.limits.orders.order_weight);
            self.transaction(record, op, symbol, weight, what, findings);
        } else if let VenueEvent::CancelReceived { symbol, venue_order_id, .. } = event {
            let opened = self.open.get(venue_order_id);
            let age_ns = opened.map_or(0, |(opened_ns, _)| record.at_ns.saturating_sub(*opened_ns));
            let mut steps = self.limits.orders.cancel_weights.iter();
            let weight = steps.find(|(below, _)| age_ns < nanos(*below)).map_or(0, |step| step.1);
            let what = format!("a cancel of {venue_order_id} after {}", seconds(age_ns));
            let op = &self.limits.cancel_op;
            self.transaction(record, op, symbol, weight, what, findings);
        } else if let VenueEvent::OrderChanged { client_order_id, venue_order_id, state, .. } =
            event
        {
            if *state == OrderState::Open {
                let pair = client_order_id.as_ref().and_then(|id| self.pairs.get(id)).copied();
                self.open.entry(venue_order_id).or_insert((record.at_ns, pair));
            } else {
                self.open.remove(venue_order_id);
            }
        }
    }

    fn transaction(
        &mut self,
        record: &Record,
        op: &str,
        symbol: &'a Symbol,
        weight: u32,
        what: String,
        findings: &mut Findings,
    ) {
        findings.examine();
        // The latest send of its kind: earlier ones never arrived, or arrive with it.
        let sent = self.under_way.get_mut(op).and_then(Vec::pop);
        let sent_ns = sent.unwrap_or(record.at_ns);
        self.transactions.push(Transaction {
            sent_ns,
            arrived: record.into(),
            symbol,
            weight,
            what,
        });
    }

    /// Counts orders and cancels by pair, in the order in which they were sent.
    fn count_transactions(&mut self, findings: &mut Findings) {
        self.transactions.sort_by_key(|transaction| (transaction.sent_ns, transaction.arrived));
        let mut pairs: BTreeMap<&Symbol, Level> = BTreeMap::new();
        for Transaction { sent_ns, arrived, symbol, weight, what } in &self.transactions {
            let level = pairs.entry(symbol).or_default();
            if let Some(excess) = level.add(*weight, self.limits.orders.counter, *sent_ns) {
                let message = format!("{what}, sent at {}: {excess}", seconds(*sent_ns));
                findings.violate(*arrived, message);
            }
        }
    }
}

#[cfg(test)]
mod tests;
