//! The explicit faults of one run.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::document::{Document, Step};
use crate::duration::format_duration;
use crate::error::ScenarioError;
use crate::fault::FaultKind;
use crate::scenario::Scenario;

/// Largest file with a plan.
const PLAN_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What strikes when in one run: a scenario expanded by a seed. Plain data; saved with each run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// Name of the scenario: `faults/kraken-outage`; empty in a plan that was written by hand.
    #[serde(default)]
    pub scenario: String,
    /// Seed of the run; zero in a plan that was written by hand.
    #[serde(default, deserialize_with = "crate::seed::deserialize")]
    pub seed: u64,
    /// Virtual time at which the last fault is over; zero without faults.
    #[serde(default, with = "crate::duration")]
    pub healed_at: Duration,
    /// Faults in the order in which they begin.
    #[serde(default, rename = "fault")]
    pub faults: Vec<PlannedFault>,
}

/// One fault of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PlannedFault {
    /// Number in the plan, from 0.
    #[serde(default)]
    pub id: u32,
    /// Virtual time since the start of the run at which it begins.
    #[serde(with = "crate::duration")]
    pub at: Duration,
    /// Virtual time at which it is over; later than `at`.
    #[serde(with = "crate::duration")]
    pub until: Duration,
    /// Nothing is wrong if it finds nothing to strike.
    #[serde(default)]
    pub may_miss: bool,
    /// What it does.
    #[serde(flatten)]
    pub kind: FaultKind,
}

impl FaultPlan {
    /// A plan of faults in any order: they are numbered in the order in which they begin.
    pub fn new(scenario: String, seed: u64, mut faults: Vec<PlannedFault>) -> Self {
        faults.sort_by_key(|fault| fault.at);
        for (id, fault) in (0..).zip(&mut faults) {
            fault.id = id;
        }
        Self { scenario, seed, healed_at: healed_at(&faults), faults }
    }

    /// Reads a plan: that of a scenario with its own seed, as a run saves it in `plan.toml`, or a file with
    /// nothing but `[[fault]]`s, which are numbered in the order of the file.
    ///
    /// # Errors
    /// [`ScenarioError`]: it cannot be read, is too large, is no plan, or a fault ends before it begins or has
    /// parameters that do not go together.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let read = |source| ScenarioError::from_io(path, "a plan of faults", source);
        let size = std::fs::metadata(path).map_err(read)?.len();
        if size > PLAN_BYTES_MAX {
            return Err(ScenarioError::TooLarge {
                path: path.to_owned(),
                bytes_max: PLAN_BYTES_MAX,
            });
        }
        let text = std::fs::read_to_string(path).map_err(read)?;
        let document = Document::parse(path, &text, &["fault"])?;
        if document.get(&[Step::Key("schema")]).is_some() {
            let scenario = Scenario::parse(path, &text)?;
            return Ok(scenario.plan(scenario.run.seed));
        }
        let mut plan: Self = document.read()?;
        for (at, fault) in plan.faults.iter_mut().enumerate() {
            fault.id = u32::try_from(at).unwrap_or(u32::MAX);
            let place = [Step::Key("fault"), Step::Index(at)];
            if fault.until <= fault.at {
                return Err(document.expected(&place, "`until` later than `at`".to_owned()));
            }
            if let Some((key, expected)) = fault.kind.problem() {
                return Err(document.expected(&place, format!("`{key}`: {expected}")));
            }
        }
        // What the file says of it may be older than its faults.
        plan.healed_at = healed_at(&plan.faults);
        Ok(plan)
    }

    /// Virtual time at which the first fault begins; `None` without faults.
    pub fn begins_at(&self) -> Option<Duration> {
        self.faults.first().map(|fault| fault.at)
    }

    /// Two faults that strike one target at one time; `None` for a plan that may be run.
    pub fn collision(&self) -> Option<(&PlannedFault, &PlannedFault)> {
        let mut before = self.faults.iter().enumerate();
        before.find_map(|(at, fault)| {
            let other = self.faults.iter().take(at).find(|other| fault.collides_with(other));
            other.map(|other| (other, fault))
        })
    }
}

fn healed_at(faults: &[PlannedFault]) -> Duration {
    faults.iter().map(|fault| fault.until).max().unwrap_or(Duration::ZERO)
}

impl PlannedFault {
    /// Whether both do the same to one target at one time, which no run may have.
    pub fn collides_with(&self, other: &Self) -> bool {
        self.at < other.until && other.at < self.until && self.kind.collides_with(&other.kind)
    }
}

/// One line: `at 5m for 30s: rest-status 503`.
impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format_duration(self.at);
        let lasts = format_duration(self.until.saturating_sub(self.at));
        write!(f, "at {at} for {lasts}: {}", self.kind)
    }
}

#[cfg(test)]
mod tests;
