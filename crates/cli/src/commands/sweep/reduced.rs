//! The file of a reduced failure.

use std::sync::Arc;

use sim::Setup;
use sweep::{Case, Reduced};

use crate::commands::run::command;
use crate::commands::run::source::Source;

/// Where a failure was found.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Origin<'a> {
    pub(in crate::commands) check: &'a str,
    pub(in crate::commands) scenario: &'a str,
}

/// The command that repeats a run.
pub(super) fn repro(sources: &[Arc<Source>], cases: &[Case], scenario: &str, seed: u64) -> String {
    let found = cases.iter().position(|case| case.name == scenario);
    command(scenario, seed, found.and_then(|at| sources[at].other_tape()))
}

/// The scenario file of a reduced run, with its origin in the first lines.
pub(in crate::commands) fn text(
    source: &Source,
    found: &Setup,
    reduced: &Reduced,
    Origin { check, scenario }: Origin<'_>,
) -> String {
    let seed = scenario::format_seed(found.seed);
    let (before, after) = (found.plan.faults.len(), reduced.setup.plan.faults.len());
    let cut = if reduced.cut { " The reduction was cut short." } else { "" };
    let comment = format!(
        "Fails the check `{check}`. Found in {scenario} with seed {seed} and {before} faults, reduced to \
         {after} in {} runs.{cut}\n\
         Once the cause is mended, this belongs into scenarios/regress/: say here what it was.",
        reduced.runs
    );
    let mut setup = reduced.setup.clone();
    setup.scenario.purpose = format!("Regression: `{check}` failed in {scenario}, seed {seed}");
    setup.scenario.explicit(&setup.plan, source.other_tape(), &comment)
}
