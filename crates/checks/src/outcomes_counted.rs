//! `outcomes-counted`: a breaker is told the truth about every call.
//!
//! What became of a call is read from what it says of itself; what counts as what, from rules that the
//! configuration does not know. Whether a success is one, `outcomes-true` asks the venue.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, CallOutcome};
use model::history::{Event, Record};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::is_crash;
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "outcomes-counted",
    class: Class::Safety,
    sentence: "a call counts for its breaker as what became of it",
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

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    if expect.outcomes.is_empty() {
        return findings.verdict("no outcomes were promised");
    }
    let mut calls: BTreeMap<u64, Running<'_>> = BTreeMap::new();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            calls.clear();
        }
        match &record.event {
            Event::Trader(AuditEvent::CallStarted {
                call, op, breaker: Some(_), bound_ms, ..
            }) => {
                calls.insert(*call, Running { op, bound_ms: *bound_ms });
            }
            Event::Trader(AuditEvent::CallEnded { call, outcome, error }) => {
                let Some(running) = calls.remove(call) else {
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
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
    }
    findings.verdict("no call ended that counts")
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

#[cfg(test)]
mod tests;
