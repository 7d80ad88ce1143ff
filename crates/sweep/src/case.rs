//! One seed of one scenario: run, judged, counted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use checks::CheckResult;
use report::{Coverage, FailureClass, SeedFailure, SeedRecord};
use scenario::PlannedFault;
use sim::{Outcome, Progress, Setup, SimError, simulate_within};

/// Not a check of the history: nothing in the run panics.
pub const NO_PANIC: &str = "no-panic";
/// Not a check of the history: the run ends within its time.
pub const RUN_ENDS: &str = "run-ends";
/// Not a check of the history: the run gives the same history again.
pub const REPEATS: &str = "repeats";

/// Makes the run of a seed.
type Make = Arc<dyn Fn(u64) -> Result<Setup, SimError> + Send + Sync>;

/// Changes a run, but not what it promises.
type Alter = Arc<dyn Fn(&mut Setup) + Send + Sync>;

/// A scenario that is swept.
#[derive(Clone)]
pub struct Case {
    /// Its name, as it stands in records.
    pub name: String,
    /// Faults that it may plan, by label: [`scenario::FaultKind::label`].
    labels: Vec<String>,
    make: Make,
    alter: Option<Alter>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Case {
    /// A case of which `make` gives the run of each seed, and whose plans have faults of these labels.
    pub fn new(
        name: String,
        labels: Vec<String>,
        make: impl Fn(u64) -> Result<Setup, SimError> + Send + Sync + 'static,
    ) -> Self {
        Self { name, labels, make: Arc::new(make), alter: None }
    }

    /// The same with a change of every run that its promises know nothing of: a planted bug.
    #[must_use]
    pub fn altered(mut self, alter: impl Fn(&mut Setup) + Send + Sync + 'static) -> Self {
        self.alter = Some(Arc::new(alter));
        self
    }

    /// The run of a seed.
    ///
    /// # Errors
    /// What makes the run says.
    pub fn setup(&self, seed: u64) -> Result<Setup, SimError> {
        (self.make)(seed)
    }

    /// Runs and judges a seed; `repeat` runs it again and compares.
    pub fn run(&self, seed: u64, repeat: bool, wall_max: Duration) -> SeedRecord {
        match self.setup(seed) {
            Ok(setup) => self.run_setup(&setup, repeat, wall_max),
            Err(error) => SeedRecord::without_history(&self.name, seed, failed(&error)),
        }
    }

    fn run_setup(&self, setup: &Setup, repeat: bool, wall_max: Duration) -> SeedRecord {
        let (outcome, checks) = match self.judged(setup, wall_max) {
            Ok(judged) => judged,
            Err(error) => {
                return SeedRecord::without_history(&self.name, setup.seed, failed(&error));
            }
        };
        let mut coverage = Coverage::possible(&setup.expectations(), self.labels.iter().cloned());
        let label = |fault: &PlannedFault| (fault.id, fault.kind.label());
        let labels: BTreeMap<_, _> = setup.plan.faults.iter().map(label).collect();
        coverage.count(&outcome.history, &labels, &checks);
        let history = (&outcome.history[..], &outcome.digest[..]);
        let mut record = SeedRecord::new(&self.name, setup.seed, history, &checks, coverage);
        if repeat {
            record.repeated = true;
            record.failures.extend(self.differs(setup, &outcome, wall_max));
        }
        record
    }

    /// Names of the checks that a run fails; what has no history fails one, too.
    pub fn failing(&self, setup: &Setup, wall_max: Duration) -> Vec<String> {
        match self.judged(setup, wall_max) {
            Ok((_, checks)) => {
                let failed = checks.iter().filter(|check| !check.passed());
                failed.map(|check| check.name.to_owned()).collect()
            }
            Err(error) => vec![failed(&error).check],
        }
    }

    fn judged(
        &self,
        setup: &Setup,
        wall_max: Duration,
    ) -> Result<(Outcome, Vec<CheckResult>), SimError> {
        let outcome = self.simulated(setup, wall_max)?;
        let checks = checks::run(&outcome.history, &setup.expectations());
        Ok((outcome, checks))
    }

    fn simulated(&self, setup: &Setup, wall_max: Duration) -> Result<Outcome, SimError> {
        let mut setup = setup.clone();
        if let Some(alter) = &self.alter {
            alter(&mut setup);
        }
        simulate_within(&setup, &Progress::default(), wall_max)
    }

    fn differs(&self, setup: &Setup, first: &Outcome, wall_max: Duration) -> Option<SeedFailure> {
        let (class, check) = (FailureClass::Differs, REPEATS.to_owned());
        let again = match self.simulated(setup, wall_max) {
            Ok(again) => again,
            Err(error) => return Some(SeedFailure { class, check, ..failed(&error) }),
        };
        if again.digest == first.digest {
            return None;
        }
        let mut both = first.history.iter().zip(&again.history);
        let parted = both.find(|(first, again)| first != again);
        let (at_ms, message) = match parted {
            Some((first, again)) => {
                (first.at_ns / 1_000_000, format!("first `{first}`, then `{again}`"))
            }
            None => {
                let (first, again) = (first.history.len(), again.history.len());
                (0, format!("first {first} events, then {again}"))
            }
        };
        Some(SeedFailure { class, check, at_ms, message, total: 1 })
    }
}

/// What a run without a history failed.
fn failed(error: &SimError) -> SeedFailure {
    let at = if let SimError::Stuck { at } | SimError::TooLong { at, .. } = error {
        Some(*at)
    } else {
        None
    };
    let check = if at.is_some() {
        RUN_ENDS
    } else if matches!(error, SimError::Panicked(_)) {
        NO_PANIC
    } else {
        "runs"
    };
    SeedFailure {
        class: FailureClass::Safety,
        check: check.to_owned(),
        at_ms: u64::try_from(at.unwrap_or_default().as_millis()).unwrap_or(u64::MAX),
        message: error.to_string(),
        total: 1,
    }
}
