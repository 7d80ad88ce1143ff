//! `breaker-open-blocks`: an open breaker lets nothing pass.

use std::collections::{BTreeMap, BTreeSet};

use model::audit::{AuditEvent, BreakerState};
use model::history::Record;

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{audit, is_crash};
use crate::findings::Findings;

pub(crate) const CHECK: Check = Check {
    name: "breaker-open-blocks",
    class: Class::Safety,
    sentence: "no call passes a breaker that is open, and no more probes than allowed while it is half open",
    judge,
};

/// What one breaker said last, and its probes.
#[derive(Debug)]
struct Gate {
    state: BreakerState,
    probes: BTreeSet<u64>,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut gates: BTreeMap<&str, Gate> = BTreeMap::new();
    for record in history {
        if is_crash(record, &expect.trader_host) {
            gates.clear();
        }
        let Some(event) = audit(record) else {
            continue;
        };
        if let AuditEvent::BreakerChanged { breaker, to, .. } = event {
            if *to != BreakerState::Closed {
                findings.examine();
            }
            let probes = BTreeSet::new();
            gates.insert(breaker, Gate { state: *to, probes });
        } else if let AuditEvent::CallStarted { call, op, breaker: Some(name), .. } = event {
            let Some(gate) = gates.get_mut(name.as_str()) else {
                continue;
            };
            let probes_max = expect.rules(name).half_open_max;
            if let Some(wrong) = gate.pass(*call, probes_max) {
                findings
                    .violate(record, format!("call #{call} {op} passed breaker {name} {wrong}"));
            }
        } else if let AuditEvent::CallEnded { call, .. } = event {
            for gate in gates.values_mut() {
                gate.probes.remove(call);
            }
        }
    }
    findings.verdict("no breaker opened")
}

impl Gate {
    /// Lets a call pass; says what is wrong with that.
    fn pass(&mut self, call: u64, probes_max: u32) -> Option<String> {
        match self.state {
            BreakerState::Closed => None,
            BreakerState::Open | BreakerState::Isolated => {
                Some(format!("while it was {}", self.state))
            }
            BreakerState::HalfOpen => {
                self.probes.insert(call);
                let probes = u32::try_from(self.probes.len()).unwrap_or(u32::MAX);
                (probes > probes_max)
                    .then(|| format!("as probe {probes} at once, {probes_max} allowed"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
