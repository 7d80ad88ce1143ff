//! `no-duplicate-order`: one intent, at most one order, and a fate for each.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, CallOutcome};
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, OrderState, VenueOrderId};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{audit, is_crash};
use crate::findings::{Findings, end_of};

pub(crate) const CHECK: Check = Check {
    name: "no-duplicate-order",
    class: Class::Safety,
    sentence: "each intent leads to at most one order, is sent again only if it surely never left, and gets a final fate that stays",
    judge,
};

/// What became of the latest attempt to place an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// Nobody tried.
    None,
    /// The answer is awaited.
    Running(u64),
    /// Surely nothing left the trader.
    NotSent,
    /// The venue may have seen it.
    MaybeSent,
}

/// One order, from intent to fate.
#[derive(Debug)]
struct Intent<'a> {
    wanted: bool,
    attempt: Attempt,
    at_venue: Vec<&'a VenueOrderId>,
    state: OrderState,
    /// Whoever wanted it is no more, and knows no fate of it.
    orphaned: bool,
}

impl Default for Intent<'_> {
    fn default() -> Self {
        Self {
            wanted: false,
            attempt: Attempt::None,
            at_venue: Vec::new(),
            state: OrderState::Created,
            orphaned: false,
        }
    }
}

/// The orders of a run, and which call carries which.
#[derive(Debug, Default)]
struct Ledger<'a> {
    intents: BTreeMap<&'a ClientOrderId, Intent<'a>>,
    calls: BTreeMap<u64, &'a ClientOrderId>,
    findings: Findings,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut ledger = Ledger::default();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            ledger.crash();
        } else if let Some(event) = audit(record) {
            ledger.trader(record, event, expect);
        } else if let Event::Venue(event) = &record.event {
            ledger.venue(record, event, &expect.account);
        }
    }
    let Ledger { intents, mut findings, .. } = ledger;
    if !expect.is_cut() {
        for (id, intent) in intents.iter().filter(|(_, intent)| intent.is_open()) {
            let message = format!("order {id} has no final fate: it is {}", intent.state);
            findings.violate(end_of(history), message);
        }
    }
    findings.verdict("no order was wanted")
}

impl Intent<'_> {
    /// True while somebody owes it a fate.
    const fn is_open(&self) -> bool {
        !self.state.is_final() && !self.orphaned
    }
}

impl<'a> Ledger<'a> {
    /// The trader is gone: what it had sent may have arrived.
    fn crash(&mut self) {
        self.calls.clear();
        for intent in self.intents.values_mut() {
            intent.orphaned |= !intent.state.is_final();
            if matches!(intent.attempt, Attempt::Running(_)) {
                intent.attempt = Attempt::MaybeSent;
            }
        }
    }

    fn trader(&mut self, record: &Record, event: &'a AuditEvent, expect: &Expectations) {
        if let AuditEvent::OrderIntent { order } = event {
            let id = &order.client_order_id;
            self.findings.examine();
            let intent = self.intents.entry(id).or_default();
            if intent.wanted {
                self.findings.violate(record, format!("order {id} is wanted twice"));
            }
            intent.wanted = true;
        } else if let AuditEvent::OrderChanged { client_order_id, state, .. } = event {
            let intent = self.intents.entry(client_order_id).or_default();
            if intent.state.is_final() && intent.state != *state {
                let message = format!(
                    "order {client_order_id} was {} and is {state}: final state revoked",
                    intent.state
                );
                self.findings.violate(record, message);
            }
            intent.state = *state;
        } else if let AuditEvent::CallStarted { call, client_order_id: Some(id), .. } = event {
            self.send(record, *call, id);
        } else if let AuditEvent::CallEnded { call, outcome, error } = event
            && let Some(intent) = self.calls.remove(call).and_then(|id| self.intents.get_mut(id))
            && intent.attempt == Attempt::Running(*call)
        {
            let never_left = *outcome != CallOutcome::Success
                && error.as_ref().is_some_and(|error| {
                    expect.not_sent_errors.iter().any(|proof| error.contains(proof.as_str()))
                });
            intent.attempt = if never_left { Attempt::NotSent } else { Attempt::MaybeSent };
        }
    }

    /// A call that places an order begins.
    fn send(&mut self, record: &Record, call: u64, id: &'a ClientOrderId) {
        self.findings.examine();
        let intent = self.intents.entry(id).or_default();
        if !intent.wanted {
            let message = format!("order {id} is sent without an intent before it");
            self.findings.violate(record, message);
        }
        let wrong = match intent.attempt {
            Attempt::Running(_) => Some("is sent again while the first answer is awaited"),
            Attempt::MaybeSent => Some("is sent again though the venue may have it"),
            Attempt::NotSent if !intent.at_venue.is_empty() => {
                Some("is sent again though the venue has it")
            }
            Attempt::None | Attempt::NotSent => None,
        };
        if let Some(wrong) = wrong {
            self.findings.violate(record, format!("order {id} {wrong}"));
        }
        intent.attempt = Attempt::Running(call);
        self.calls.insert(call, id);
    }

    fn venue(&mut self, record: &Record, event: &'a VenueEvent, of: &str) {
        let VenueEvent::OrderChanged { account, client_order_id, venue_order_id, .. } = event
        else {
            return;
        };
        if account != of {
            return;
        }
        let Some(id) = client_order_id else {
            let message = format!("venue order {venue_order_id} carries no client order id");
            self.findings.violate(record, message);
            return;
        };
        let intent = self.intents.entry(id).or_default();
        if intent.at_venue.contains(&venue_order_id) {
            return;
        }
        if !intent.wanted {
            let message = format!("venue order {venue_order_id} ({id}) has no intent");
            self.findings.violate(record, message);
        }
        if let Some(first) = intent.at_venue.first() {
            let message = format!("order {id} is at the venue twice: {first} and {venue_order_id}");
            self.findings.violate(record, message);
        }
        intent.at_venue.push(venue_order_id);
    }
}

#[cfg(test)]
mod tests;
