//! `wavetank plan`.

use std::io::Write as _;

use crate::Exit;
use crate::args::PlanArgs;
use crate::commands::run::source::Source;

pub(crate) fn execute(args: &PlanArgs) -> anyhow::Result<Exit> {
    let source = Source::load(&args.scenario, args.tape.as_deref())?;
    let setup = source.setup(args.seed, None)?;
    std::io::stdout().lock().write_all(source.explicit(&setup).as_bytes())?;
    Ok(Exit::Pass)
}
