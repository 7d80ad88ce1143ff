//! `wavetank explain`.

use std::io::{IsTerminal as _, Write as _};

use anyhow::bail;
use report::TextStyle;

use crate::Exit;
use crate::args::ExplainArgs;
use crate::commands::run::{columns, save};

pub(crate) fn execute(args: &ExplainArgs) -> anyhow::Result<Exit> {
    let record = save::record(&args.run)?;
    let history = save::history(&args.run)?;
    let mut out = std::io::stdout().lock();
    let style = TextStyle { color: out.is_terminal(), width: columns() };
    let (check, events) = (args.check.as_deref(), usize::from(args.events));
    let Some(text) = report::render_explanation(&record, &history, check, events, style) else {
        let folder = args.run.display();
        match check {
            Some(check) => bail!("{folder}: the run did not fail `{check}`"),
            None => bail!("{folder}: the run passed, there is nothing to explain"),
        }
    };
    out.write_all(text.as_bytes())?;
    Ok(Exit::Pass)
}
