//! `live-is-earned`: a stream is live once the venue has acknowledged a subscription, not before.

use std::collections::{BTreeMap, BTreeSet};

use model::audit::{AuditEvent, CallOutcome, StreamState};
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{audit, is_crash};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "live-is-earned",
    class: Class::Safety,
    sentence: "no stream claims to be live before a subscription of the same connection succeeded",
    judge,
};

/// End of the names of the operations that subscribe; the stream's name stands before it.
const SUBSCRIBE: &str = "/subscribe";

/// Subscriptions since their streams last began to connect.
#[derive(Debug, Default)]
struct Subscriptions<'a> {
    /// Stream of each one that is not acknowledged yet, by call.
    running: BTreeMap<u64, &'a str>,
    /// Streams with one that succeeded.
    earned: BTreeSet<&'a str>,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut subscriptions = Subscriptions::default();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            subscriptions = Subscriptions::default();
        }
        let Some(event) = audit(record) else {
            continue;
        };
        if let AuditEvent::StreamChanged { stream, state: StreamState::Live, .. } = event {
            findings.examine();
            if !subscriptions.earned.contains(stream.as_str()) {
                let message = format!("stream {stream} is live, but no subscription succeeded");
                findings.violate(record, message);
            }
        } else {
            subscriptions.observe(event);
        }
    }
    findings.verdict("no stream became live")
}

impl<'a> Subscriptions<'a> {
    fn observe(&mut self, event: &'a AuditEvent) {
        if let AuditEvent::CallStarted { call, op, .. } = event {
            if let Some(stream) = op.strip_suffix(SUBSCRIBE) {
                self.running.insert(*call, stream);
            }
        } else if let AuditEvent::CallEnded { call, outcome, .. } = event {
            let stream = self.running.remove(call);
            if *outcome == CallOutcome::Success {
                self.earned.extend(stream);
            }
        } else if let AuditEvent::StreamChanged { stream, .. } = event {
            // What was earned or asked for on another connection counts for nothing on the next.
            self.earned.remove(stream.as_str());
            self.running.retain(|_, of| *of != stream.as_str());
        }
    }
}

#[cfg(test)]
mod tests;
