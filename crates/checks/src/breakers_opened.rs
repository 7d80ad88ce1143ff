//! `breakers-opened`: a storm that must trip a breaker does trip it.

use model::audit::{AuditEvent, BreakerState};
use model::history::{Event, Record, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{audit, seconds};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "breakers-opened",
    class: Class::Safety,
    sentence: "each breaker that the faults must open opens in time",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    if expect.opens.is_empty() {
        let why = "the faults need not open any breaker".to_owned();
        return Verdict::Vacuous { why, allowed: true };
    }
    let mut findings = Findings::default();
    let Some(storm) = history.iter().find(|record| fault_starts(record)).map(Place::from) else {
        return findings.verdict("no fault began");
    };
    let end = end_of(history);
    for (breaker, within) in &expect.opens {
        let within_ns = nanos(*within);
        let due_ns = storm.at_ns.saturating_add(within_ns).saturating_add(expect.slack_ns());
        let opened = history
            .iter()
            .filter(|record| record.seq > storm.seq && record.at_ns <= due_ns)
            .any(|record| opens(record, breaker));
        // A run that was cut short may end before the time is over.
        if !opened && expect.is_cut() && end.at_ns <= due_ns {
            continue;
        }
        findings.examine();
        if !opened {
            let (within, begun) = (seconds(within_ns), seconds(storm.at_ns));
            let message = format!(
                "breaker {breaker} did not open within {within} of the first fault at {begun}"
            );
            findings.violate(first_after(history, due_ns).unwrap_or(end), message);
        }
    }
    findings.verdict("the run ended before any breaker had to open")
}

const fn fault_starts(record: &Record) -> bool {
    matches!(record.event, Event::World(WorldEvent::FaultStarted { .. }))
}

fn opens(record: &Record, wanted: &str) -> bool {
    matches!(audit(record), Some(AuditEvent::BreakerChanged { breaker, to, .. })
        if breaker == wanted && *to == BreakerState::Open)
}

/// The first record after a time.
fn first_after(history: &[Record], at_ns: u64) -> Option<Place> {
    history.iter().find(|record| record.at_ns > at_ns).map(Place::from)
}

#[cfg(test)]
mod tests;
