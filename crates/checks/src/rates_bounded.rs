//! `rates-bounded`: the trader never calls faster than the venue allows, not even in a storm.

use std::collections::{BTreeMap, VecDeque};

use model::audit::AuditEvent;
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{audit, seconds};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "rates-bounded",
    class: Class::Safety,
    sentence: "behind no breaker more calls begin within its window of time than allowed",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    // Starts that lie less than a window before the latest, by breaker.
    let mut recent: BTreeMap<&str, VecDeque<u64>> = BTreeMap::new();
    for record in history {
        let Some(AuditEvent::CallStarted { call, op, breaker: Some(breaker), .. }) = audit(record)
        else {
            continue;
        };
        let Some(rate) = expect.rates.get(breaker) else {
            continue;
        };
        findings.examine();
        let window_ns = nanos(rate.window);
        let starts = recent.entry(breaker).or_default();
        starts.push_back(record.at_ns);
        // A call admitted a whole window after another may begin a tick less than that after it.
        let apart_ns = window_ns.saturating_sub(expect.slack_ns());
        while starts.front().is_some_and(|at_ns| at_ns.saturating_add(apart_ns) <= record.at_ns) {
            starts.pop_front();
        }
        let count = u32::try_from(starts.len()).unwrap_or(u32::MAX);
        if count > rate.count {
            let (window, most) = (seconds(window_ns), rate.count);
            let message = format!(
                "call #{call} {op} is number {count} behind {breaker} within {window}, {most} allowed"
            );
            findings.violate(record, message);
        }
    }
    findings.verdict("no call began behind a breaker with a promised rate")
}

#[cfg(test)]
mod tests;
