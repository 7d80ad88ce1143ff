//! Breakers in the record of a run.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, BreakerState, CallOutcome};
use model::history::{Event, Record};
use serde::{Deserialize, Serialize};

use crate::units::seconds;

/// The life of one breaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BreakerRecord {
    /// Venue and operation class.
    pub name: String,
    /// State at the end.
    pub state: BreakerState,
    /// Calls that it let through, by how they ended.
    pub calls: CallCounts,
    /// Its changes, in order.
    pub transitions: Vec<Transition>,
}

/// Calls by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CallCounts {
    /// The other side works.
    pub success: u64,
    /// The other side does not work.
    pub failure: u64,
    /// Says nothing about the other side.
    pub ignored: u64,
    /// The caller went away.
    pub cancelled: u64,
}

/// One change of a breaker's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// When, seconds since the start of the run.
    pub at_s: f64,
    /// State before.
    pub from: BreakerState,
    /// State now.
    pub to: BreakerState,
    /// Number of the new state.
    pub generation: u64,
    /// Why.
    pub cause: String,
    /// For `open`: seconds until a probe may pass.
    pub open_s: Option<f64>,
}

impl BreakerRecord {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: BreakerState::Closed,
            calls: CallCounts::default(),
            transitions: Vec::new(),
        }
    }
}

impl CallCounts {
    fn count(&mut self, outcome: CallOutcome) {
        let counter = match outcome {
            CallOutcome::Success => &mut self.success,
            CallOutcome::Failure => &mut self.failure,
            CallOutcome::Ignored => &mut self.ignored,
            CallOutcome::Cancelled => &mut self.cancelled,
        };
        *counter = counter.saturating_add(1);
    }
}

pub(super) fn read(history: &[Record]) -> Vec<BreakerRecord> {
    let mut breakers: BTreeMap<&str, BreakerRecord> = BTreeMap::new();
    let mut guards: BTreeMap<u64, &str> = BTreeMap::new();
    for record in history {
        let Event::Trader(event) = &record.event else {
            continue;
        };
        if let AuditEvent::CallStarted { call, breaker: Some(name), .. } = event {
            guards.insert(*call, name);
            breakers.entry(name).or_insert_with(|| BreakerRecord::new(name));
        } else if let AuditEvent::CallEnded { call, outcome, .. } = event {
            let guard = guards.remove(call).and_then(|name| breakers.get_mut(name));
            if let Some(breaker) = guard {
                breaker.calls.count(*outcome);
            }
        } else if let AuditEvent::BreakerChanged {
            breaker: name,
            generation,
            from,
            to,
            cause,
            open_ms,
        } = event
        {
            let breaker = breakers.entry(name).or_insert_with(|| BreakerRecord::new(name));
            breaker.state = *to;
            breaker.transitions.push(Transition {
                at_s: seconds(record.at_ns),
                from: *from,
                to: *to,
                generation: *generation,
                cause: cause.clone(),
                open_s: open_ms.map(|ms| seconds(ms.saturating_mul(1_000_000))),
            });
        }
    }
    breakers.into_values().collect()
}
