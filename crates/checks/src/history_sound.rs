//! `history-sound`: the history itself can be believed.

use std::time::Duration;

use model::history::{Event, Phase, Record, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{phase_start, seconds};
use crate::findings::{Findings, end_of};

pub(crate) const CHECK: Check = Check {
    name: "history-sound",
    class: Class::Safety,
    sentence: "records are numbered without gaps, time never falls, and the phases follow each other when planned",
    judge,
};

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut findings = Findings::default();
    let mut last_ns = 0;
    let mut last_phase = None;
    for (index, record) in history.iter().enumerate() {
        findings.examine();
        let wanted = u64::try_from(index).unwrap_or(u64::MAX);
        if record.seq != wanted {
            findings.violate(record, format!("record {wanted} has number {}", record.seq));
        }
        if record.at_ns < last_ns {
            let (now, before) = (seconds(record.at_ns), seconds(last_ns));
            findings.violate(record, format!("time falls from {before} to {now}"));
        }
        last_ns = record.at_ns;
        if let Event::World(WorldEvent::PhaseStarted { phase }) = &record.event {
            let rank = Some(rank(*phase));
            if rank <= last_phase {
                findings.violate(record, format!("phase {} begins out of order", phase.as_str()));
            }
            last_phase = last_phase.max(rank);
        }
    }
    let slack_ns = expect.slack_ns();
    let end = end_of(history);
    // A run without faults has no storm and no calm.
    let heal_at = (!expect.faults.is_empty()).then_some(expect.heal_at);
    let planned = [(Phase::Calm, heal_at), (Phase::Shutdown, expect.shutdown_at)];
    for (phase, at) in planned {
        // Where a run is cut, a phase may begin or not.
        let reached = |at: &Duration| !expect.is_cut() || *at < expect.length;
        let Some(at_ns) = at.filter(reached).map(nanos) else {
            continue;
        };
        let name = phase.as_str();
        let Some(start) = phase_start(history, phase) else {
            let at = seconds(at_ns);
            findings.violate(end, format!("phase {name}, planned at {at}, never begins"));
            continue;
        };
        if start.at_ns.abs_diff(at_ns) > slack_ns {
            let (now, at) = (seconds(start.at_ns), seconds(at_ns));
            findings.violate(start, format!("phase {name} begins at {now}, planned at {at}"));
        }
    }
    findings.verdict("the history is empty")
}

/// Position of a phase in a run.
const fn rank(phase: Phase) -> u8 {
    match phase {
        Phase::WarmUp => 0,
        Phase::Storm => 1,
        Phase::Calm => 2,
        Phase::Shutdown => 3,
    }
}

#[cfg(test)]
mod tests;
