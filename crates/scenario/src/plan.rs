//! The explicit faults of one run.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::duration::format_duration;
use crate::fault::FaultKind;

/// What strikes when in one run: a scenario expanded by a seed. Plain data; saved with each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// Name of the scenario: `faults/kraken-outage`.
    pub scenario: String,
    /// Seed of the run.
    #[serde(with = "crate::seed")]
    pub seed: u64,
    /// Virtual time at which the last fault is over; zero without faults.
    #[serde(with = "crate::duration")]
    pub healed_at: Duration,
    /// Faults in the order in which they begin.
    #[serde(default, rename = "fault")]
    pub faults: Vec<PlannedFault>,
}

/// One fault of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// Number in the plan, from 0.
    pub id: u32,
    /// Virtual time since the start of the run at which it begins.
    #[serde(with = "crate::duration")]
    pub at: Duration,
    /// Virtual time at which it is over; later than `at`.
    #[serde(with = "crate::duration")]
    pub until: Duration,
    /// What it does.
    #[serde(flatten)]
    pub kind: FaultKind,
}

impl FaultPlan {
    /// Virtual time at which the first fault begins; `None` without faults.
    pub fn begins_at(&self) -> Option<Duration> {
        self.faults.first().map(|fault| fault.at)
    }

    /// The plan as TOML text, for `plan.toml` of a run record.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a plan holds nothing that TOML cannot say")
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
