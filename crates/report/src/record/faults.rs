//! Phases and faults in the record of a run.

use model::history::{Event, Phase, Record, WorldEvent};
use serde::{Deserialize, Serialize};

use crate::units::seconds;

/// A part of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhaseRecord {
    /// When it began, seconds since the start of the run.
    pub at_s: f64,
    /// Which part.
    pub phase: Phase,
}

/// One fault as it really was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// Number in the plan.
    pub fault: u32,
    /// Kind and target.
    pub what: String,
    /// When it began, seconds since the start of the run.
    pub from_s: f64,
    /// When it ended; `None` if the run ended first.
    pub to_s: Option<f64>,
    /// How often it struck; `None` if the run ended first.
    pub struck: Option<u64>,
}

pub(super) fn phases(history: &[Record]) -> Vec<PhaseRecord> {
    let mut phases = Vec::new();
    for record in history {
        if let Event::World(WorldEvent::PhaseStarted { phase }) = &record.event {
            phases.push(PhaseRecord { at_s: seconds(record.at_ns), phase: *phase });
        }
    }
    phases
}

pub(super) fn read(history: &[Record]) -> Vec<FaultRecord> {
    let mut faults: Vec<FaultRecord> = Vec::new();
    for record in history {
        let at_s = seconds(record.at_ns);
        if let Event::World(WorldEvent::FaultStarted { fault, what }) = &record.event {
            let what = what.clone();
            let fresh = FaultRecord { fault: *fault, what, from_s: at_s, to_s: None, struck: None };
            faults.push(fresh);
        } else if let Event::World(WorldEvent::FaultEnded { fault, struck }) = &record.event {
            let running = |known: &&mut FaultRecord| known.fault == *fault && known.to_s.is_none();
            if let Some(known) = faults.iter_mut().find(running) {
                known.to_s = Some(at_s);
                known.struck = Some(*struck);
            }
        }
    }
    faults
}
