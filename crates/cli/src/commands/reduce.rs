//! `wavetank reduce`.

use std::fs;
use std::io::Write as _;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::Exit;
use crate::args::ReduceArgs;
use crate::commands::run::source::Source;
use crate::commands::sweep::bar::Bar;
use crate::commands::sweep::reduced::{self, Origin};

/// A run that takes longer is taken for one that fails otherwise.
const RUN_TIME_MAX: Duration = Duration::from_mins(10);

pub(crate) fn execute(args: &ReduceArgs) -> anyhow::Result<Exit> {
    let source = Source::load(&args.scenario, args.tape.as_deref())?;
    let setup = source.setup(args.seed, None)?;
    let name = args.scenario.display().to_string();
    let case = source.case(name.clone());
    let seed = scenario::format_seed(setup.seed);
    let check = match &args.check {
        Some(check) => check.clone(),
        None => {
            let record = case.run(setup.seed, false, RUN_TIME_MAX);
            let worst = record.failures.first();
            worst.with_context(|| format!("{name} with seed {seed} fails nothing"))?.check.clone()
        }
    };
    let never = AtomicBool::new(false);
    let bar = Bar::of_reduction(&check, args.runs, args.quiet);
    let looked = |runs, faults| bar.look(runs, faults);
    let limits = (args.runs, RUN_TIME_MAX);
    let reduced = sweep::reduce(&case, &setup, &check, limits, &never, looked);
    bar.end();
    let Some(reduced) = reduced else {
        bail!("{name} with seed {seed} does not fail `{check}`");
    };
    let text = reduced::text(&source, &setup, &reduced, Origin { check: &check, scenario: &name });
    match &args.out {
        Some(file) => {
            fs::write(file, text)
                .with_context(|| format!("{}: cannot be written", file.display()))?;
            let (before, after) = (setup.plan.faults.len(), reduced.setup.plan.faults.len());
            writeln!(
                std::io::stdout(),
                "{}: fails `{check}` with {after} of {before} faults, after {} runs",
                file.display(),
                reduced.runs
            )?;
        }
        None => std::io::stdout().lock().write_all(text.as_bytes())?,
    }
    Ok(Exit::Pass)
}
