//! `calls-known`: the trader asks nothing of the venue but what it may ask, and hides no request.

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "calls-known",
    class: Class::Safety,
    sentence: "every call is one that the trader may make, behind the right breaker, and the venue gets no request without one",
    judge,
};

/// Status with which a venue gives up a request of which only a part arrived.
const REQUEST_TIMEOUT: u16 = 408;

/// Name that a venue gives a request that it could not read.
const UNREADABLE: &str = "unknown";

/// How often an operation was called and answered.
#[derive(Debug, Default)]
struct Count {
    started: u64,
    answered: u64,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    if expect.calls.is_empty() {
        return findings.verdict("no calls were promised");
    }
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    for record in history {
        if let Event::Trader(AuditEvent::CallStarted { call, op, breaker, .. }) = &record.event {
            findings.examine();
            let count = counts.entry(op.clone()).or_default();
            count.started = count.started.saturating_add(1);
            if let Some(wrong) = stray(op, breaker.as_deref(), expect) {
                findings.violate(record, format!("call #{call} {op} {wrong}"));
            }
        } else if let Event::Venue(VenueEvent::RequestAnswered { op, status, .. }) = &record.event {
            // Connections that hang may cut a request short, and then nobody knows whose it was.
            if *status == REQUEST_TIMEOUT && op == UNREADABLE {
                continue;
            }
            findings.examine();
            let op = format!("{}/{op}", record.host);
            let count = counts.entry(op.clone()).or_default();
            count.answered = count.answered.saturating_add(1);
            let Count { started, answered } = *count;
            if answered > started {
                let message =
                    format!("request {answered} of {op} came from no call, {started} were begun");
                findings.violate(record, message);
            }
        }
    }
    findings.verdict("no call was made")
}

/// What is wrong with a call of this operation behind this breaker.
fn stray(op: &str, breaker: Option<&str>, expect: &Expectations) -> Option<String> {
    let Some(rule) = expect.calls.get(op) else {
        return Some("is none that the trader may make".to_owned());
    };
    let (due, passed) = (rule.breaker.as_deref().unwrap_or("none"), breaker.unwrap_or("none"));
    (rule.breaker.as_deref() != breaker)
        .then(|| format!("passed breaker {passed}, but {due} must guard it"))
}

#[cfg(test)]
mod tests;
