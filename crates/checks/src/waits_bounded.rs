//! `waits-bounded`: nothing waits for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::audit::AuditEvent;
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{Spells, audit, is_crash, seconds};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "waits-bounded",
    class: Class::Safety,
    sentence: "every wait on the network ends once, within the bound that it began with, and no bound is longer than allowed",
    judge,
};

/// A wait that has begun.
#[derive(Debug)]
struct Wait<'a> {
    op: &'a str,
    place: Place,
    bound_ns: u64,
}

impl Wait<'_> {
    /// When it must be over; while the trader's process is stopped, nothing of it ends.
    fn over_by_ns(&self, spells: &Spells, expect: &Expectations) -> u64 {
        let due_ns = self.place.at_ns.saturating_add(self.bound_ns);
        spells.thawed_ns(due_ns, &expect.freezes).saturating_add(expect.slack_ns())
    }
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let spells = Spells::of(history);
    let mut waits: BTreeMap<u64, Wait<'_>> = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            waits.clear();
            numbers.clear();
        }
        let Some(event) = audit(record) else {
            continue;
        };
        if let AuditEvent::CallStarted { call, op, bound_ms, .. } = event {
            findings.examine();
            if !numbers.insert(*call) {
                findings.violate(record, format!("call #{call} {op} began with a used number"));
            }
            // A call without a rule is the finding of `calls-known`.
            if let Some(rule) = expect.calls.get(op)
                && Duration::from_millis(*bound_ms) > rule.bound_max
            {
                let bound = seconds(nanos(Duration::from_millis(*bound_ms)));
                let most = seconds(nanos(rule.bound_max));
                findings.violate(
                    record,
                    format!("call #{call} {op} may take {bound}, at most {most} allowed"),
                );
            }
            let place = Place::from(record);
            let bound_ns = bound_ms.saturating_mul(1_000_000);
            waits.insert(*call, Wait { op, place, bound_ns });
        } else if let AuditEvent::CallEnded { call, .. } = event {
            let Some(wait) = waits.remove(call) else {
                findings.violate(record, format!("call #{call} ended, but was not running"));
                continue;
            };
            let lasted_ns = record.at_ns.saturating_sub(wait.place.at_ns);
            if record.at_ns > wait.over_by_ns(&spells, expect) {
                let message = format!(
                    "call #{call} {} took {}, at most {} allowed",
                    wait.op,
                    seconds(lasted_ns),
                    seconds(wait.bound_ns)
                );
                findings.violate(record, message);
            }
        }
    }
    never_ended(waits, end_of(history), &spells, expect, &mut findings);
    findings.verdict("no call was made")
}

/// Reports the waits that are still there when the history is over.
fn never_ended(
    waits: BTreeMap<u64, Wait<'_>>,
    end: Place,
    spells: &Spells,
    expect: &Expectations,
    findings: &mut Findings,
) {
    for (call, wait) in waits {
        // A run that was cut short may end in the middle of a wait.
        if expect.is_cut() && end.at_ns <= wait.over_by_ns(spells, expect) {
            continue;
        }
        let message = format!(
            "call #{call} {}, begun at {}, never ended",
            wait.op,
            seconds(wait.place.at_ns)
        );
        findings.violate(end, message);
    }
}

#[cfg(test)]
mod tests;
