//! `wavetank schema`.

use std::io::Write as _;

use crate::Exit;

pub(crate) fn execute() -> anyhow::Result<Exit> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &scenario::json_schema())?;
    writeln!(out)?;
    Ok(Exit::Pass)
}
