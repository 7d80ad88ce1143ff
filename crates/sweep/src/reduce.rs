//! Reduces a failure with real runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use scenario::FaultPlan;
use sim::Setup;

use crate::case::Case;
use crate::reduction::{Candidate, Reduction};

/// What a reduction came to.
#[derive(Debug, Clone)]
pub struct Reduced {
    /// The smallest run that fails the check. Its scenario has the length of the run.
    pub setup: Setup,
    /// Runs that it took.
    pub runs: u32,
    /// Whether it was ended before nothing was left to try.
    pub cut: bool,
}

/// Looks for the smallest run of a seed that fails a check which the run fails.
///
/// `looked` is told after every run: runs so far, faults of the smallest. `None` if the run does not fail it.
pub fn reduce(
    case: &Case,
    setup: &Setup,
    check: &str,
    (runs_max, wall_max): (u32, Duration),
    stop: &AtomicBool,
    mut looked: impl FnMut(u32, usize),
) -> Option<Reduced> {
    let fails = |setup: &Setup| case.failing(setup, wall_max).iter().any(|name| name == check);
    if !fails(setup) {
        return None;
    }
    let mut reduction = Reduction::new(&setup.scenario, &setup.plan);
    let mut runs = 1;
    let mut cut = false;
    while let Some(candidate) = reduction.propose() {
        cut = runs >= runs_max || stop.load(Ordering::Relaxed);
        if cut {
            break;
        }
        reduction.tell(fails(&with(setup, &candidate)));
        runs += 1;
        looked(runs, reduction.best().faults.len());
    }
    Some(Reduced { setup: with(setup, reduction.best()), runs, cut })
}

fn with(setup: &Setup, candidate: &Candidate) -> Setup {
    let mut setup = setup.clone();
    setup.scenario.run.length = candidate.length;
    let name = setup.plan.scenario.clone();
    setup.plan = FaultPlan::new(name, setup.seed, candidate.faults.clone());
    setup
}
