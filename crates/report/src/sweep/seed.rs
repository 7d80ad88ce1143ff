//! What one seed gave, as one line of `seeds.jsonl`.

use std::time::Duration;

use checks::{CheckResult, Class, Verdict};
use model::history::Record;
use serde::{Deserialize, Serialize};

use super::coverage::Coverage;

/// Which promise a failed run broke; the order is that of importance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureClass {
    /// Something that must never happen, a panic or a hang among it.
    Safety,
    /// Something that must happen in time once the faults are healed.
    Liveness,
    /// The same run gave another history when it was run again.
    Differs,
}

impl FailureClass {
    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Liveness => "liveness",
            Self::Differs => "differs",
        }
    }
}

impl From<Class> for FailureClass {
    fn from(class: Class) -> Self {
        match class {
            Class::Safety => Self::Safety,
            Class::Liveness => Self::Liveness,
        }
    }
}

/// A check that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedFailure {
    /// Promise that was broken.
    pub class: FailureClass,
    /// Name of the check.
    pub check: String,
    /// Virtual time at which it showed, milliseconds.
    pub at_ms: u64,
    /// What was wrong first, for people.
    pub message: String,
    /// Violations in all.
    pub total: u64,
}

/// What one seed of one scenario gave. Nothing in it depends on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedRecord {
    /// The scenario, as it was named.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// Fingerprint of the history; empty for a run that has none.
    pub digest: String,
    /// Events in the history.
    pub events: u64,
    /// Virtual time that passed, milliseconds.
    pub simulated_ms: u64,
    /// Whether it was run a second time and compared.
    pub repeated: bool,
    /// Checks that failed, the most important first; empty for a pass.
    pub failures: Vec<SeedFailure>,
    /// What happened in it.
    pub coverage: Coverage,
}

impl SeedRecord {
    /// The record of a run that came to its end.
    pub fn new(
        scenario: &str,
        seed: u64,
        (history, digest): (&[Record], &str),
        checks: &[CheckResult],
        coverage: Coverage,
    ) -> Self {
        let end = history.last().map(Record::at).unwrap_or_default();
        let failed = checks.iter().filter(|result| !result.passed());
        let mut failures: Vec<_> = failed.map(|result| failure(result, end)).collect();
        failures.sort_by_key(|failure| (failure.class, failure.at_ms));
        Self {
            scenario: scenario.to_owned(),
            seed,
            digest: digest.to_owned(),
            events: u64::try_from(history.len()).unwrap_or(u64::MAX),
            simulated_ms: millis(end),
            repeated: false,
            failures,
            coverage,
        }
    }

    /// The record of a run that has no history: it panicked, hung, or could not be made.
    pub fn without_history(scenario: &str, seed: u64, failure: SeedFailure) -> Self {
        Self {
            scenario: scenario.to_owned(),
            seed,
            digest: String::new(),
            events: 0,
            simulated_ms: failure.at_ms,
            repeated: false,
            failures: vec![failure],
            coverage: Coverage::default(),
        }
    }
}

fn failure(result: &CheckResult, end: Duration) -> SeedFailure {
    let (at_ms, message, total) = match &result.verdict {
        Verdict::Fail { violations, total } => {
            let first = violations.first();
            let at = first.map_or(end, |violation| Duration::from_nanos(violation.at_ns));
            let message = first.map_or_else(String::new, |violation| violation.message.clone());
            (millis(at), message, *total)
        }
        Verdict::Vacuous { why, .. } => (millis(end), format!("nothing to examine: {why}"), 1),
        Verdict::Pass { .. } => (millis(end), String::new(), 0),
    };
    let (class, check) = (result.class.into(), result.name.to_owned());
    SeedFailure { class, check, at_ms, message, total }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
