//! Bad input ends with exit code 1 and one clear line, never with a panic or half a result.

use std::fs;
use std::path::PathBuf;

use crate::support::{OUTAGE, root, wavetank};

/// A folder of its own for the files of one test.
fn scratch(name: &str) -> PathBuf {
    let folder = root().join("target/tests").join(name);
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

/// Runs the program and expects this one line on standard error.
fn assert_refused(arguments: &[&str], expected: &str) {
    let output = wavetank(arguments);
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {err}");
    assert_eq!(err.trim_end(), expected);
    assert_eq!(out, "", "no result may be printed");
}

fn with_tape(name: &str, content: &str, expected: &str) {
    let path = scratch("tapes").join(name);
    fs::write(&path, content).expect("writable");
    let path = path.to_str().expect("a path of ours");
    let expected = format!("error: {path}{expected}");
    assert_refused(&["run", OUTAGE, "--tape", path], &expected);
}

fn with_scenario(name: &str, change: impl FnOnce(String) -> String, expected: &str) {
    let path = scratch("scenarios").join(name);
    let text = fs::read_to_string(root().join(OUTAGE)).expect("readable");
    fs::write(&path, change(text)).expect("writable");
    let path = path.to_str().expect("a path of ours");
    assert_refused(&["run", path], &format!("error: {path}{expected}"));
}

#[test]
fn a_tape_that_is_missing() {
    let expected = "error: data/tapes/none.csv: expected a tape, found nothing there";
    assert_refused(&["run", OUTAGE, "--tape", "data/tapes/none.csv"], expected);
}

#[test]
fn a_tape_that_is_wrong() {
    with_tape("empty.csv", "", ": expected at least one trade, the file is empty");
    with_tape("row.csv", "1,2,3\n2,abc,3\n", ":2: expected");
    with_tape("unsorted.csv", "2,2,3\n1,2,3\n", ":2: expected");
    with_tape("zero.csv", "1,0,3\n", ":1: expected");
}

#[test]
fn a_scenario_that_is_wrong() {
    with_scenario("unknown-key.toml", |text| text.replace("tape =", "tapee ="), ":1: unknown key");
    with_scenario("unit.toml", |text| text.replace("\"30m\"", "30"), ":1: expected");
    with_scenario("strategy.toml", |text| text.replace("ema-cross:", "moon:"), ": strategy");
}
