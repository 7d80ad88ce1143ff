//! `outcomes-true`: what the trader says of its orders and calls is so.
//!
//! Of an order it says that it was not placed, that it is placed, or that nobody knows. The first must stay true
//! for ever, the second be true when it is said; the third denies nothing, and `recovered` sees to its end.

use std::collections::{BTreeMap, BTreeSet};

use model::audit::{AuditEvent, CallOutcome};
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, OrderState, Quantity, VenueOrderId};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{OK, answered_op, audit, is_crash};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "outcomes-true",
    class: Class::Safety,
    sentence: "nothing that the trader says of an order or of a call denies what the venue did, or runs ahead of it",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut words = Words::new(history, expect);
    for record in history {
        if is_crash(record, &expect.trader_host) {
            words.calls.clear();
        }
        if let Some(event) = audit(record) {
            words.said(record, event);
        } else if let Event::Venue(event) = &record.event {
            words.did(record, event);
        }
    }
    words.findings.verdict("the trader said nothing of any order or call")
}

/// An order at the venue.
#[derive(Debug, Clone, Copy)]
struct Placed<'a> {
    id: &'a VenueOrderId,
    state: OrderState,
    filled: Quantity,
}

/// A call that waits for its answer.
#[derive(Debug, Clone, Copy)]
struct Waiting<'a> {
    op: &'a str,
    /// Position of its begin in the history.
    since: u64,
}

struct Words<'a> {
    expect: &'a Expectations,
    placed: BTreeMap<&'a ClientOrderId, Placed<'a>>,
    /// Orders of which the trader said that they are not at the venue.
    denied: BTreeMap<&'a ClientOrderId, OrderState>,
    calls: BTreeMap<u64, Waiting<'a>>,
    /// Positions of the answers without an error that no call has taken for its own, by operation.
    granted: BTreeMap<String, BTreeSet<u64>>,
    /// Hosts of venues that tell what they answer.
    venues: BTreeSet<&'a str>,
    findings: Findings,
}

impl<'a> Words<'a> {
    fn new(history: &'a [Record], expect: &'a Expectations) -> Self {
        Self {
            expect,
            placed: BTreeMap::new(),
            denied: BTreeMap::new(),
            calls: BTreeMap::new(),
            granted: BTreeMap::new(),
            venues: history.iter().filter_map(answering_host).collect(),
            findings: Findings::default(),
        }
    }

    fn said(&mut self, record: &Record, event: &'a AuditEvent) {
        if let AuditEvent::OrderChanged { client_order_id, venue_order_id, state, filled, .. } =
            event
        {
            self.findings.examine();
            let placed = self.placed.get(client_order_id).copied();
            let wrong = denial(placed, venue_order_id.as_ref(), *state, *filled);
            if let Some(wrong) = wrong {
                let message = format!("order {client_order_id} is said to be {state}, but {wrong}");
                self.findings.violate(record, message);
            }
            if matches!(state, OrderState::NotPlaced | OrderState::Rejected) {
                self.denied.insert(client_order_id, *state);
            }
        } else if let AuditEvent::CallStarted { call, op, .. } = event {
            self.calls.insert(*call, Waiting { op, since: record.seq });
        } else if let AuditEvent::CallEnded { call, outcome, error } = event
            && let Some(Waiting { op, since }) = self.calls.remove(call)
            && *outcome == CallOutcome::Success
            && error.is_none()
            && is_request(op, &self.venues)
        {
            self.findings.examine();
            if !self.take_answer(op, since) {
                let message = format!(
                    "call #{call} {op} is said to have succeeded, but the venue granted none meanwhile"
                );
                self.findings.violate(record, message);
            }
        }
    }

    /// Takes the first answer since a call began that is still free, if there is one. Calls take theirs as they end:
    /// whoever ends later may take a later one.
    fn take_answer(&mut self, op: &str, since: u64) -> bool {
        let Some(granted) = self.granted.get_mut(op) else { return false };
        let first = granted.range(since..).next().copied();
        first.is_some_and(|answer| granted.remove(&answer))
    }

    fn did(&mut self, record: &Record, event: &'a VenueEvent) {
        if let VenueEvent::RequestAnswered { op, status, error, .. } = event {
            if *status == OK && error.is_none() {
                self.granted.entry(answered_op(record, op)).or_default().insert(record.seq);
            }
        } else if let VenueEvent::OrderChanged {
            account,
            client_order_id: Some(order),
            venue_order_id: id,
            state,
            filled,
        } = event
            && *account == self.expect.account
        {
            let (state, filled) = (*state, *filled);
            if let Some(said) = self.denied.get(order)
                && state != OrderState::Rejected
            {
                let message =
                    format!("order {order} was said to be {said}, but is {state} at the venue");
                self.findings.violate(record, message);
            }
            self.placed.insert(order, Placed { id, state, filled });
        }
    }
}

/// Host of a venue that answers requests.
fn answering_host(record: &Record) -> Option<&str> {
    let answers = matches!(record.event, Event::Venue(VenueEvent::RequestAnswered { .. }));
    answers.then_some(record.host.as_str())
}

/// True for an operation of whose answers a venue tells: `kraken/AddOrder`, not `kraken/public/connect`.
fn is_request(op: &str, venues: &BTreeSet<&str>) -> bool {
    op.split_once('/').is_some_and(|(host, method)| venues.contains(host) && !method.contains('/'))
}

/// What the venue did that such a statement denies, or has not done.
fn denial(
    placed: Option<Placed<'_>>,
    id: Option<&VenueOrderId>,
    state: OrderState,
    filled: Quantity,
) -> Option<String> {
    let executed = placed.map(|placed| placed.filled).unwrap_or_default();
    if filled > executed {
        return Some(format!("{executed} of {filled} are executed at the venue"));
    }
    let at_venue = placed.map_or_else(|| "unknown".to_owned(), |placed| placed.state.to_string());
    match state {
        OrderState::Created | OrderState::Submitting | OrderState::Unknown => None,
        OrderState::NotPlaced | OrderState::Rejected => placed
            .filter(|placed| placed.state != OrderState::Rejected)
            .map(|placed| format!("the venue has it as {} ({at_venue})", placed.id)),
        OrderState::Open => match (placed, id) {
            (Some(placed), Some(id)) if placed.id == id => None,
            (Some(_), None) => None,
            (None, _) | (Some(_), Some(_)) => Some(format!("it is {at_venue} at the venue")),
        },
        OrderState::Filled | OrderState::Cancelled => placed
            .is_none_or(|placed| placed.state != state)
            .then(|| format!("it is {at_venue} at the venue")),
    }
}

#[cfg(test)]
mod tests;
