//! The folder of a sweep: what is done is there at any time, and can be gone on with.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use report::{SWEEP_SCHEMA, SeedRecord, SweepReport, Tally};
use serde::{Deserialize, Serialize};

use crate::commands::run::source::Source;

/// Where a sweep is saved that has no folder of its own.
const DEFAULT: &str = "target/wavetank/sweep";
/// One line per run.
const SEEDS: &str = "seeds.jsonl";

/// What the lines of a folder belong to: the first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    schema: u32,
    /// Fingerprint of the program.
    program: String,
    /// Fingerprint of file and market by scenario.
    scenarios: BTreeMap<String, String>,
}

/// A folder, open for more lines.
pub(super) struct Folder {
    path: PathBuf,
    seeds: File,
}

impl Folder {
    /// Opens a folder, with what it holds already; without a name, a folder of ours that is begun anew.
    pub(super) fn open<'a>(
        given: Option<&Path>,
        named: impl Iterator<Item = (String, &'a Arc<Source>)>,
    ) -> anyhow::Result<(Self, Tally)> {
        let path = given.map_or_else(|| PathBuf::from(DEFAULT), Path::to_owned);
        let shown = || format!("{}: cannot be used", path.display());
        fs::create_dir_all(&path).with_context(shown)?;
        let fingerprint =
            |(name, source): (String, &Arc<Source>)| Ok((name, source.fingerprint()?));
        let scenarios = named.map(fingerprint).collect::<anyhow::Result<_>>()?;
        let head = Head { schema: SWEEP_SCHEMA, program: program()?, scenarios };
        let file = path.join(SEEDS);
        let mut tally = Tally::default();
        if given.is_some() && file.exists() {
            let whole = read(&file, &head, &mut tally)?;
            let seeds = File::options().append(true).open(&file).with_context(shown)?;
            // A line that a crash cut off would spoil the next one.
            seeds.set_len(whole)?;
            return Ok((Self { path, seeds }, tally));
        }
        let seeds = File::create(&file).with_context(shown)?;
        let mut folder = Self { path, seeds };
        folder.line(&head)?;
        Ok((folder, tally))
    }

    /// Adds what a seed gave.
    pub(super) fn add(&mut self, record: &SeedRecord) -> anyhow::Result<()> {
        self.line(record)
    }

    fn line(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let shown = || format!("{}: cannot be written", self.path.join(SEEDS).display());
        self.seeds.write_all(&line).with_context(shown)
    }

    /// Adds a reduced scenario; the file that it is in.
    pub(super) fn add_reduced(
        &self,
        scenario: &str,
        check: &str,
        text: &str,
    ) -> anyhow::Result<String> {
        let folder = self.path.join("reduced");
        fs::create_dir_all(&folder)?;
        let plain = scenario.trim_end_matches(".toml").trim_start_matches("scenarios/");
        let plain: String =
            plain.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let file = folder.join(format!("{}-{check}.toml", plain.trim_matches('-')));
        fs::write(&file, text).with_context(|| format!("{}: cannot be written", file.display()))?;
        Ok(file.display().to_string())
    }

    /// Saves the result.
    pub(super) fn save(&self, report: &SweepReport) -> anyhow::Result<()> {
        let write = |name: &str, text: String| {
            let file = self.path.join(name);
            fs::write(&file, text).with_context(|| format!("{}: cannot be written", file.display()))
        };
        write("junit.xml", report::junit_xml(report))?;
        write("sweep.json", serde_json::to_string_pretty(report)? + "\n")
    }
}

/// Reads the lines of a folder; how many bytes of it are whole lines.
fn read(file: &Path, expected: &Head, tally: &mut Tally) -> anyhow::Result<u64> {
    let shown = file.display();
    let mut lines = BufReader::new(File::open(file)?);
    let mut line = Vec::new();
    let mut whole = 0;
    let mut first = true;
    loop {
        line.clear();
        let length = lines.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        if first {
            let head: Head = serde_json::from_slice(&line)
                .with_context(|| format!("{shown}: expected the seeds of a sweep"))?;
            if head.program != expected.program {
                bail!(
                    "{shown}: made by another build of this program: its runs prove nothing of this one; choose another --out, or delete it"
                );
            }
            if head != *expected {
                bail!(
                    "{shown}: belongs to a sweep of other scenarios or markets; choose another --out, or delete it"
                );
            }
            first = false;
        } else {
            let record: SeedRecord = serde_json::from_slice(&line)
                .with_context(|| format!("{shown}: expected a run in each line"))?;
            tally.add(&record);
        }
        whole += u64::try_from(length).unwrap_or(0);
    }
    if first {
        bail!("{shown}: expected the seeds of a sweep; delete it");
    }
    Ok(whole)
}

/// Fingerprint of this program.
fn program() -> anyhow::Result<String> {
    let path = std::env::current_exe().context("this program cannot find itself")?;
    fingerprint(&[&fs::read(path)?])
}

/// Fingerprint of texts.
pub(in crate::commands) fn fingerprint(parts: &[&[u8]]) -> anyhow::Result<String> {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        let length = u64::try_from(part.len())?;
        hasher.update(&length.to_le_bytes()).update(part);
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}
