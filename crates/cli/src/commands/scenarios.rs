//! `wavetank scenarios`.

use std::io::Write as _;

use crate::Exit;
use crate::args::ScenariosArgs;

pub(crate) fn execute(args: &ScenariosArgs) -> anyhow::Result<Exit> {
    let scenarios = scenario::list(&args.dir)?;
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for scenario in &scenarios {
        writeln!(out, "{:width$}  {}", scenario.name, scenario.purpose)?;
    }
    Ok(Exit::Pass)
}
