//! Rules of the house that no lint knows.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source file; of a test file.
const LINES_MAX: usize = 600;
const TEST_LINES_MAX: usize = 1_000;
const COLUMNS_MAX: usize = 120;

#[test]
fn files_are_small_finished_and_free_of_silenced_tests() {
    let mut faults = Vec::new();
    let sources = sources();
    assert!(sources.len() > 50, "the search found only {} files", sources.len());
    for path in sources {
        let text = fs::read_to_string(&path).expect("readable");
        let shown = path.display();
        let is_test =
            path.components().any(|c| c.as_os_str() == "tests") || path.ends_with("tests.rs");
        let limit = if is_test { TEST_LINES_MAX } else { LINES_MAX };
        let lines = text.lines().count();
        if lines > limit {
            faults.push(format!("{shown}: {lines} lines, at most {limit}"));
        }
        let mut previous = "";
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(fault) = line_fault(line, previous) {
                faults.push(format!("{shown}:{number}: {fault}"));
            }
            previous = line;
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What is wrong with a line. The words are split so that this file passes its own test.
fn line_fault(line: &str, previous: &str) -> Option<&'static str> {
    let has = |parts: [&str; 2]| line.contains(&parts.concat());
    // Messages of the wire stand in one piece.
    let is_message = has(["r#", "\""]) || line.split('"').any(|part| part.len() > COLUMNS_MAX / 2);
    if line.chars().count() > COLUMNS_MAX && !is_message {
        Some("line is too long")
    } else if has(["#[ign", "ore"]) || has(["#[should", "_panic"]) {
        Some("tests are neither silenced nor expected to panic")
    } else if has(["TO", "DO"]) || has(["FIX", "ME"]) || has(["XX", "X:"]) {
        Some("unfinished")
    } else if has(["#[al", "low("]) || has(["#![al", "low("]) {
        Some("use `expect` with a reason")
    } else if previous.trim_end().ends_with(&["sele", "ct! {"].concat()) && line.trim() != "biased;"
    {
        Some("`select!` starts with `biased;`")
    } else {
        None
    }
}

#[test]
fn only_the_command_line_crate_has_lint_settings_of_its_own() {
    let crates = root().join("crates");
    let own: Vec<_> = fs::read_dir(crates)
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.join("clippy.toml").exists())
        .map(|path| path.file_name().expect("named").to_string_lossy().into_owned())
        .collect();
    assert_eq!(own, ["cli"]);
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "tests", "benches"] {
        collect(&root().join(folder), &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
