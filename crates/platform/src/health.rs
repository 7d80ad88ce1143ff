//! What the node depends on, and how each of it is.
//!
//! Every dependency is declared once, critical or not, and then tells its own state through a
//! [`HealthReporter`]. Whoever asks gets a [`HealthSnapshot`]: each dependency with its state, why,
//! and since when, and what follows for the whole. The registry decides nothing else: a dependency
//! that is down stops nobody.
//!
//! Pure: no task, no wait. A change is told once: one `tracing` event and one
//! [`AuditEvent::HealthChanged`]. A new reason for the same state is kept, but not told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::audit::{AuditEvent, HealthState};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::audit::Auditor;

/// Longest reason, in characters: error texts may carry whole pages of a venue.
const REASON_LENGTH_MAX: usize = 200;

/// What a dependency is before it has told anything.
const NOT_HEARD_OF: &str = "not heard of yet";

/// Whether the node is of use without a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criticality {
    /// Trading goes on without it; the lack is shown.
    NonCritical,
    /// Without it the node is down.
    Critical,
}

impl Criticality {
    /// True for [`Criticality::Critical`].
    pub const fn is_critical(self) -> bool {
        matches!(self, Self::Critical)
    }
}

/// How the node is as a whole, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Overall {
    /// Everything works.
    Up,
    /// Something works badly, or something that is not critical does not work.
    Degraded,
    /// Something critical does not work.
    Down,
    /// The node is shutting down, whatever works.
    Stopping,
}

impl Overall {
    /// Every one of them, for metrics.
    const ALL: [Self; 4] = [Self::Up, Self::Degraded, Self::Down, Self::Stopping];

    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Stopping => "stopping",
        }
    }
}

impl fmt::Display for Overall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A dependency at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyHealth {
    /// Name: `kraken/read`, `influxdb`.
    pub name: String,
    /// Whether the node is of use without it.
    pub criticality: Criticality,
    /// How it is.
    pub state: HealthState,
    /// Why; empty while it is up and nothing is to be said.
    pub reason: String,
    /// For how long it has been in this state.
    pub lasts: Duration,
}

/// Every dependency at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSnapshot {
    /// What follows for the whole.
    pub overall: Overall,
    /// Dependencies in the order of their declaration.
    pub dependencies: Vec<DependencyHealth>,
}

/// All dependencies of a node. Cheap to clone; clones are the same registry.
#[derive(Debug, Clone)]
pub struct HealthRegistry {
    shared: Arc<Shared>,
}

/// Tells the state of one dependency. Cheap to clone. Dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct HealthReporter {
    shared: Arc<Shared>,
    index: usize,
}

#[derive(Debug)]
struct Shared {
    auditor: Auditor,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    stopping: bool,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    criticality: Criticality,
    state: HealthState,
    reason: String,
    since: Instant,
    /// Its reporter has spoken.
    heard: bool,
}

impl HealthRegistry {
    /// A registry without dependencies: up.
    pub fn new(auditor: Auditor) -> Self {
        Self { shared: Arc::new(Shared { auditor, state: Mutex::default() }) }
    }

    /// Declares a dependency: down until its reporter says otherwise, which is not told as a change. The first
    /// word of its reporter is told in any case.
    ///
    /// A name that is declared again is the same dependency, critical if either said so.
    pub fn declare(&self, name: &str, criticality: Criticality) -> HealthReporter {
        let mut state = self.shared.state.lock();
        let index = match state.entries.iter().position(|entry| entry.name == name) {
            Some(index) => index,
            None => {
                state.entries.push(Entry {
                    name: name.to_owned(),
                    criticality,
                    state: HealthState::Down,
                    reason: NOT_HEARD_OF.to_owned(),
                    since: Instant::now(),
                    heard: false,
                });
                state.entries.len() - 1
            }
        };
        let entry = &mut state.entries[index];
        entry.criticality = entry.criticality.max(criticality);
        drop(state);
        HealthReporter { shared: Arc::clone(&self.shared), index }
    }

    /// From now on the node is stopping.
    pub fn stopping(&self) {
        self.shared.state.lock().stopping = true;
    }

    /// Every dependency now.
    pub fn snapshot(&self) -> HealthSnapshot {
        let state = self.shared.state.lock();
        let now = Instant::now();
        let dependencies = state.entries.iter().map(|entry| entry.health(now)).collect();
        HealthSnapshot { overall: state.overall(), dependencies }
    }

    /// Writes the metrics `wavetank_dependency_up` (1 up, 0.5 degraded, 0 down) and
    /// `wavetank_node_state` (1 for the state of the whole, 0 for the others).
    pub fn publish(&self) {
        let HealthSnapshot { overall, dependencies } = self.snapshot();
        for DependencyHealth { name, criticality, state, .. } in dependencies {
            let value = match state {
                HealthState::Up => 1.0,
                HealthState::Degraded => 0.5,
                HealthState::Down => 0.0,
            };
            let critical = if criticality.is_critical() { "true" } else { "false" };
            let labels = [("dependency", name), ("critical", critical.to_owned())];
            metrics::gauge!("wavetank_dependency_up", &labels).set(value);
        }
        for state in Overall::ALL {
            let value = f64::from(u8::from(state == overall));
            metrics::gauge!("wavetank_node_state", "state" => state.as_str()).set(value);
        }
    }
}

impl HealthReporter {
    /// It works.
    pub fn up(&self) {
        self.set(HealthState::Up, "");
    }

    /// It works, and there is something to say about how.
    pub fn up_with(&self, note: &str) {
        self.set(HealthState::Up, note);
    }

    /// It works badly, or with a loss.
    pub fn degraded(&self, reason: &str) {
        self.set(HealthState::Degraded, reason);
    }

    /// It does not work.
    pub fn down(&self, reason: &str) {
        self.set(HealthState::Down, reason);
    }

    fn set(&self, to: HealthState, reason: &str) {
        let reason = bounded(reason);
        let mut state = self.shared.state.lock();
        let entry = &mut state.entries[self.index];
        let from = entry.state;
        let changed = from != to || !entry.heard;
        entry.heard = true;
        if from != to {
            entry.state = to;
            entry.since = Instant::now();
        }
        entry.reason.clone_from(&reason);
        let (dependency, critical) = (entry.name.clone(), entry.criticality.is_critical());
        drop(state);
        if !changed {
            return;
        }
        if to == HealthState::Up {
            tracing::info!(dependency, critical, %from, %to, reason, "dependency changed");
        } else {
            tracing::warn!(dependency, critical, %from, %to, reason, "dependency changed");
        }
        let event = AuditEvent::HealthChanged { dependency, critical, state: to, reason };
        self.shared.auditor.record(event);
    }
}

impl State {
    fn overall(&self) -> Overall {
        if self.stopping {
            return Overall::Stopping;
        }
        let worst = self.entries.iter().map(Entry::weight).max();
        worst.unwrap_or(Overall::Up)
    }
}

impl Entry {
    /// What this dependency alone makes of the whole.
    const fn weight(&self) -> Overall {
        match (self.state, self.criticality) {
            (HealthState::Up, _) => Overall::Up,
            (HealthState::Down, Criticality::Critical) => Overall::Down,
            (HealthState::Down | HealthState::Degraded, _) => Overall::Degraded,
        }
    }

    fn health(&self, now: Instant) -> DependencyHealth {
        DependencyHealth {
            name: self.name.clone(),
            criticality: self.criticality,
            state: self.state,
            reason: self.reason.clone(),
            lasts: now.saturating_duration_since(self.since),
        }
    }
}

fn bounded(reason: &str) -> String {
    match reason.char_indices().nth(REASON_LENGTH_MAX) {
        Some((end, _)) => format!("{}...", &reason[..end]),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
