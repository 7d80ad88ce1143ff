//! `outcomes-counted`: a breaker is told the truth about every call.
//!
//! What became of a call is read from what it says of itself and from the venue's answers; what counts as what,
//! from rules that the configuration does not know.

use std::collections::{BTreeMap, BTreeSet};

use model::audit::{AuditEvent, CallOutcome};
use model::history::{Event, Record, VenueEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{OK, answered_op, is_crash};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "outcomes-counted",
    class: Class::Safety,
    sentence: "a call counts for its breaker as what became of it, and as a success only if the venue answered",
    judge,
};

/// Beginning of what a call says that had no answer within its bound, which follows.
const NO_ANSWER: &str = "no answer within ";

/// A call behind a breaker.
#[derive(Debug)]
struct Running<'a> {
    op: &'a str,
    bound_ms: u64,
}

/// Calls that count.
#[derive(Debug, Default)]
struct Calls<'a> {
    running: BTreeMap<u64, Running<'a>>,
    /// Answers of the venue that no success has used up, by operation.
    answers: BTreeMap<String, u64>,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    if expect.outcomes.is_empty() {
        return findings.verdict("no outcomes were promised");
    }
    let venues: BTreeSet<&str> = history.iter().filter_map(answering_host).collect();
    let mut calls = Calls::default();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            calls.running.clear();
        }
        match &record.event {
            Event::Trader(AuditEvent::CallStarted {
                call, op, breaker: Some(_), bound_ms, ..
            }) => {
                calls.running.insert(*call, Running { op, bound_ms: *bound_ms });
            }
            Event::Trader(AuditEvent::CallEnded { call, outcome, error }) => {
                let Some(running) = calls.running.remove(call) else {
                    continue;
                };
                findings.examine();
                let (op, error) = (running.op, error.as_deref());
                if let Some(due) = due(&running, error, expect)
                    && *outcome != due
                {
                    let (outcome, due) = (outcome.as_str(), due.as_str());
                    let told = error.unwrap_or("nothing went wrong");
                    let message =
                        format!("call #{call} {op} counts as {outcome}, not as {due}: {told}");
                    findings.violate(record, message);
                }
                let succeeded = *outcome == CallOutcome::Success && error.is_none();
                if succeeded && is_request(op, &venues) && !calls.take_answer(op) {
                    let message =
                        format!("call #{call} {op} succeeds without an answer of the venue");
                    findings.violate(record, message);
                }
            }
            Event::Venue(VenueEvent::RequestAnswered { op, status: OK, .. }) => {
                let answers = calls.answers.entry(answered_op(record, op)).or_default();
                *answers = answers.saturating_add(1);
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    findings.verdict("no call ended that counts")
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

/// How a call must be counted; `None` where nobody said so.
fn due(call: &Running<'_>, error: Option<&str>, expect: &Expectations) -> Option<CallOutcome> {
    let error = error?;
    if error.starts_with(NO_ANSWER) {
        let whole = expect.calls.get(call.op)?.bound_max.as_millis();
        // One that a deadline cut short says nothing of the venue.
        let full = u128::from(call.bound_ms) >= whole;
        return Some(if full { CallOutcome::Failure } else { CallOutcome::Ignored });
    }
    let rules = expect.outcomes.iter();
    let mut fits =
        rules.filter(|rule| call.op.starts_with(&rule.op) && error.starts_with(&rule.error));
    fits.next().map(|rule| rule.outcome)
}

impl Calls<'_> {
    /// Uses an answer up, if there is one.
    fn take_answer(&mut self, op: &str) -> bool {
        let Some(answers) = self.answers.get_mut(op).filter(|answers| **answers > 0) else {
            return false;
        };
        *answers -= 1;
        true
    }
}

#[cfg(test)]
mod tests;
