//! A run with its verdicts.

use std::fmt;
use std::time::Duration;

use checks::{CheckResult, Verdict};

use crate::error::SimError;
use crate::setup::Setup;
use crate::world::{Outcome, Progress, simulate};

/// What was run, what happened, and what the checks say of it.
#[derive(Debug, Clone)]
pub struct Run {
    /// What determined it.
    pub setup: Setup,
    /// What happened.
    pub outcome: Outcome,
    /// The verdict of every check.
    pub checks: Vec<CheckResult>,
}

impl Run {
    /// Simulates and judges a setup.
    ///
    /// # Errors
    /// [`SimError`]: there is no verdict.
    pub(crate) fn of(setup: Setup, progress: &Progress) -> Result<Self, SimError> {
        let outcome = simulate(&setup, progress)?;
        let checks = checks::run(&outcome.history, &setup.expectations());
        Ok(Self { setup, outcome, checks })
    }

    /// Whether every check passed.
    pub fn passed(&self) -> bool {
        self.failed().next().is_none()
    }

    /// The checks that did not pass.
    pub fn failed(&self) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().filter(|check| !check.passed())
    }
}

/// One line for the run, and one for each check that failed, with what it found first.
impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { scenario, seed, .. } = &self.setup;
        let (failed, all) = (self.failed().count(), self.checks.len());
        let digest = &self.outcome.digest;
        write!(
            f,
            "{} seed {seed}: {failed} of {all} checks failed, digest {digest}",
            scenario.name
        )?;
        for check in self.failed() {
            write!(f, "\n  {}: {}", check.name, check.sentence)?;
            match &check.verdict {
                Verdict::Pass { .. } => {}
                Verdict::Vacuous { why, .. } => write!(f, "\n    nothing to examine: {why}")?,
                Verdict::Fail { violations, .. } => {
                    if let Some(first) = violations.first() {
                        let at = Duration::from_nanos(first.at_ns);
                        write!(f, "\n    after {at:?}: {}", first.message)?;
                    }
                }
            }
        }
        Ok(())
    }
}
