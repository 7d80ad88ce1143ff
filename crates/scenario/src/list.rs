//! The scenarios of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ScenarioError;
use crate::scenario::Scenario;

/// Files and folders that [`list`] looks at, at most.
const ENTRIES_MAX: usize = 10_000;
/// Levels of folders that [`list`] enters, at most.
const DEPTH_MAX: usize = 8;

/// What a list of scenarios tells about one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioInfo {
    /// Path below the folder, without the extension: `faults/kraken-outage`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What it shows, in one line.
    pub purpose: String,
}

/// Every scenario below a folder, sorted by name. Symbolic links are not followed.
///
/// # Errors
/// [`ScenarioError`]: a folder cannot be read, a file is not a valid scenario (the first by path),
/// or there are more than 10,000 entries or 8 levels.
pub fn list(dir: &Path) -> Result<Vec<ScenarioInfo>, ScenarioError> {
    let mut files = Vec::new();
    let mut entries = 0;
    collect(dir, dir, 0, &mut entries, &mut files)?;
    files.sort();
    let mut infos = Vec::with_capacity(files.len());
    for path in files {
        let scenario = Scenario::load(&path)?;
        let below = path.strip_prefix(dir).unwrap_or(&path).with_extension("");
        let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
        infos.push(ScenarioInfo { name: names.join("/"), path, purpose: scenario.purpose });
    }
    infos.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(infos)
}

fn collect(
    root: &Path,
    dir: &Path,
    depth: usize,
    entries: &mut usize,
    files: &mut Vec<PathBuf>,
) -> Result<(), ScenarioError> {
    let read = |source| ScenarioError::from_io(dir, "a folder of scenarios", source);
    for entry in fs::read_dir(dir).map_err(read)? {
        let entry = entry.map_err(read)?;
        let kind = entry.file_type().map_err(read)?;
        let path = entry.path();
        *entries = entries.saturating_add(1);
        if *entries > ENTRIES_MAX || (kind.is_dir() && depth == DEPTH_MAX) {
            return Err(ScenarioError::TooMany {
                path: root.to_owned(),
                files_max: ENTRIES_MAX,
                depth_max: DEPTH_MAX,
            });
        }
        if kind.is_dir() {
            collect(root, &path, depth + 1, entries, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|ext| ext == "toml") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
