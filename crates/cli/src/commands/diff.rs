//! `wavetank diff`.

use std::io::Write as _;
use std::path::Path;

use crate::Exit;
use crate::args::DiffArgs;
use crate::commands::run::save;

pub(crate) fn execute(args: &DiffArgs) -> anyhow::Result<Exit> {
    let history = |folder: &Path| {
        save::history(folder).map(|history| (history, folder.display().to_string()))
    };
    let (left, left_name) = history(&args.left)?;
    let (right, right_name) = history(&args.right)?;
    let context = usize::from(args.context);
    let text = report::render_diff((&left, &left_name), (&right, &right_name), context);
    let mut out = std::io::stdout().lock();
    if text.is_empty() {
        writeln!(out, "equal: {} events", left.len())?;
        return Ok(Exit::Pass);
    }
    out.write_all(text.as_bytes())?;
    Ok(Exit::Differs)
}
