//! `faults-struck`: the storm really happened.

use std::collections::{BTreeMap, BTreeSet};

use model::history::{Event, Phase, Record, VenueEvent, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::Expectations;
use crate::facts::{phase_start, seconds};
use crate::findings::{Findings, end_of};

pub(crate) const CHECK: Check = Check {
    name: "faults-struck",
    class: Class::Safety,
    sentence: "every planned fault begins, strikes unless it may miss, and ends before healing",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let slack_ns = expect.slack_ns();
    let healed_ns =
        phase_start(history, Phase::Calm).map(|place| place.at_ns.saturating_add(slack_ns));
    let mut begun: BTreeSet<u32> = BTreeSet::new();
    let mut active: BTreeSet<u32> = BTreeSet::new();
    let mut ended_ns: BTreeMap<u32, u64> = BTreeMap::new();
    for record in history {
        if let Event::World(WorldEvent::FaultStarted { fault, .. }) = &record.event {
            findings.examine();
            begun.insert(*fault);
            if !active.insert(*fault) {
                findings.violate(record, format!("fault {fault} begins twice"));
            }
        } else if let Event::World(WorldEvent::FaultEnded { fault, struck }) = &record.event {
            if !active.remove(fault) {
                findings.violate(record, format!("fault {fault} ends, but was not in force"));
            }
            ended_ns.insert(*fault, record.at_ns);
            if *struck == 0 && !expect.faults_may_miss.contains(fault) {
                findings.violate(record, format!("fault {fault} never struck"));
            }
            if healed_ns.is_some_and(|healed_ns| record.at_ns > healed_ns) {
                findings.violate(record, format!("fault {fault} ends after healing"));
            }
        } else if let Event::Venue(VenueEvent::FaultStruck { fault }) = &record.event {
            let just_ended = ended_ns
                .get(fault)
                .is_some_and(|ended_ns| record.at_ns <= ended_ns.saturating_add(slack_ns));
            if !active.contains(fault) && !just_ended {
                let at = seconds(record.at_ns);
                findings.violate(record, format!("fault {fault} struck at {at} outside its time"));
            }
        }
    }
    if !expect.is_cut() {
        for fault in &active {
            findings.violate(end_of(history), format!("fault {fault} never ended"));
        }
        for fault in expect.faults.difference(&begun) {
            findings.violate(end_of(history), format!("planned fault {fault} never began"));
        }
    }
    findings.verdict("no fault was planned")
}

#[cfg(test)]
mod tests;
