//! The record of a run: the stable JSON of `wavetank run --format json`, see `SCHEMA.md`.

mod breakers;
mod checked;
mod faults;
mod orders;
mod streams;

use std::collections::BTreeMap;
use std::time::Duration;

use checks::{CheckResult, Class};
use model::audit::AuditEvent;
use model::history::{Event, Record};
use model::{Quantity, Symbol};
use serde::{Deserialize, Serialize};

use crate::meta::{RunMeta, TapeMeta};
use crate::units::{instant, nanos};

pub use breakers::{BreakerRecord, CallCounts, Transition};
pub use checked::{CheckRecord, CheckVerdict, ViolationRecord};
pub use faults::{FaultRecord, PhaseRecord};
pub use orders::{FillRecord, OrderRecord, OrderType};
pub use streams::{StreamChange, StreamRecord};

/// Version of the JSON: rises when a field goes or changes its meaning, not when one is added.
pub const SCHEMA: u32 = 1;

/// Everything worth knowing about one run. Money and quantities are decimal texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// What the scenario shows.
    pub purpose: String,
    /// Seed of the run.
    pub seed: u64,
    /// Fingerprint of the history; equal for equal runs.
    pub digest: String,
    /// Version of the program.
    pub version: String,
    /// Commit that the program was built from.
    pub commit: Option<String>,
    /// Whether every check passed.
    pub verdict: RunVerdict,
    /// Simulated venue.
    pub venue: String,
    /// The market that played.
    pub tape: TapeRecord,
    /// Virtual time that passed, seconds.
    pub simulated_s: f64,
    /// Real time that it took, seconds; differs between equal runs.
    pub wall_s: f64,
    /// Virtual seconds per real second; differs between equal runs.
    pub speed: f64,
    /// Number of events in the history.
    pub events: u64,
    /// The fault plan, one line per fault.
    pub plan: Vec<String>,
    /// Parts of the run.
    pub phases: Vec<PhaseRecord>,
    /// What the checks found.
    pub checks: Vec<CheckRecord>,
    /// Faults, in the order in which they began.
    pub faults: Vec<FaultRecord>,
    /// Breakers, by name.
    pub breakers: Vec<BreakerRecord>,
    /// Streams, by name.
    pub streams: Vec<StreamRecord>,
    /// The trader's orders, in the order in which they were wanted.
    pub orders: Vec<OrderRecord>,
    /// Executions of the trader's orders at the venue, in order.
    pub fills: Vec<FillRecord>,
    /// The trader's last word on its positions, base units.
    pub positions: BTreeMap<Symbol, Quantity>,
}

/// The verdict on a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunVerdict {
    /// Every check passed, or was allowed to find nothing.
    Pass,
    /// A check failed.
    Fail,
    /// No check was made: the run was only looked at.
    Unjudged,
}

/// The market that played.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TapeRecord {
    /// The file, as it was named.
    pub path: String,
    /// Trades in it.
    pub rows: u64,
    /// Time of the first trade, RFC 3339.
    pub first: String,
    /// Time of the last trade, RFC 3339.
    pub last: String,
}

/// The failure that decides the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Promise that was broken.
    pub class: Class,
    /// Check that says so.
    pub check: String,
    /// Virtual time at which it showed.
    pub at: Duration,
}

impl RunRecord {
    /// The record of a run.
    pub fn new(meta: RunMeta, history: &[Record], checks: &[CheckResult]) -> Self {
        let verdict = match checks {
            [] => RunVerdict::Unjudged,
            _ if checks.iter().all(CheckResult::passed) => RunVerdict::Pass,
            _ => RunVerdict::Fail,
        };
        let (simulated_s, wall_s) = (meta.simulated.as_secs_f64(), meta.wall.as_secs_f64());
        let (orders, fills) = orders::read(history);
        Self {
            schema: SCHEMA,
            scenario: meta.scenario,
            purpose: meta.purpose,
            seed: meta.seed,
            digest: meta.digest,
            version: meta.version,
            commit: meta.commit,
            verdict,
            venue: meta.venue,
            tape: TapeRecord::new(meta.tape),
            simulated_s,
            wall_s,
            // JSON has no infinity: a run too short to be measured has no speed.
            speed: if wall_s > 0.0 { simulated_s / wall_s } else { 0.0 },
            events: u64::try_from(history.len()).unwrap_or(u64::MAX),
            plan: meta.faults,
            phases: faults::phases(history),
            checks: checks.iter().map(CheckRecord::new).collect(),
            faults: faults::read(history),
            breakers: breakers::read(history),
            streams: streams::read(history),
            orders,
            fills,
            positions: positions(history),
        }
    }

    /// True unless a check failed.
    pub fn passed(&self) -> bool {
        self.verdict != RunVerdict::Fail
    }

    /// The failure that decides the exit code: safety before liveness, then the earliest.
    ///
    /// A check that found nothing to examine fails at the end of the run.
    pub fn failure(&self) -> Option<Failure> {
        let end_ns = nanos(self.simulated_s);
        self.checks
            .iter()
            .filter(|check| !check.passed)
            .map(|check| {
                let first = check.violations.first();
                let at_ns = first.map_or(end_ns, |violation| nanos(violation.at_s));
                Failure {
                    class: check.class,
                    check: check.name.clone(),
                    at: Duration::from_nanos(at_ns),
                }
            })
            .min_by_key(|failure| (failure.class, failure.at))
    }
}

impl TapeRecord {
    fn new(meta: TapeMeta) -> Self {
        Self {
            path: meta.path,
            rows: meta.rows,
            first: instant(meta.first),
            last: instant(meta.last),
        }
    }
}

/// Last position told per symbol.
fn positions(history: &[Record]) -> BTreeMap<Symbol, Quantity> {
    let mut positions = BTreeMap::new();
    for record in history {
        if let Event::Trader(AuditEvent::PositionChanged { symbol, quantity }) = &record.event {
            positions.insert(symbol.clone(), *quantity);
        }
    }
    positions
}

#[cfg(test)]
mod tests;
