//! The folder of a run.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::history::Record;
use report::RunRecord;

/// Saves a run; `plan` is a scenario file that repeats it. `run.json` comes last, so that a folder that has it is complete.
pub(crate) fn save(
    folder: &Path,
    record: &RunRecord,
    history: &[Record],
    plan: &str,
) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder)
        .with_context(|| format!("{}: cannot be created", folder.display()))?;
    let complete = folder.join("run.json");
    if complete.exists() {
        fs::remove_file(&complete)?;
    }
    write(&folder.join("plan.toml"), |out| Ok(out.write_all(plan.as_bytes())?))?;
    write(&folder.join("history.jsonl"), |out| Ok(report::history_jsonl(history, out)?))?;
    write(&folder.join("fills.csv"), |out| Ok(report::fills_csv(record, out)?))?;
    write(&complete, |out| {
        serde_json::to_writer_pretty(&mut *out, record)?;
        Ok(writeln!(out)?)
    })?;
    Ok(folder.to_owned())
}

fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let shown = || format!("{}: cannot be written", path.display());
    let mut out = BufWriter::new(File::create(path).with_context(shown)?);
    content(&mut out).with_context(shown)?;
    out.flush().with_context(shown)
}

/// The history of a saved run.
pub(crate) fn history(folder: &Path) -> anyhow::Result<Vec<Record>> {
    let (file, path) = open(folder, "history.jsonl")?;
    report::read_history(BufReader::new(file)).with_context(|| path.display().to_string())
}

/// The record of a saved run.
pub(crate) fn record(folder: &Path) -> anyhow::Result<RunRecord> {
    let (file, path) = open(folder, "run.json")?;
    let read = serde_json::from_reader(BufReader::new(file));
    read.with_context(|| format!("{}: expected the record of a run", path.display()))
}

fn open(folder: &Path, name: &str) -> anyhow::Result<(File, PathBuf)> {
    let path = folder.join(name);
    let missing = || {
        let folder = folder.display();
        format!(
            "{folder}: expected the folder of a run, as `run --out` writes it, found no {name} there"
        )
    };
    Ok((File::open(&path).with_context(missing)?, path))
}
