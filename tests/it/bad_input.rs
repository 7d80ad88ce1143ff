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
    let expected = "error: data/tapes/none.csv: \
        expected a file of trades `timestamp,price,volume`, found nothing there";
    assert_refused(&["run", OUTAGE, "--tape", "data/tapes/none.csv"], expected);
}

#[test]
fn a_tape_that_is_wrong() {
    let columns = "`timestamp,price,volume`";
    with_tape("empty.csv", "", &format!(": expected trades {columns}, found an empty file"));
    with_tape(
        "row.csv",
        "1,2,3\n2,abc,3\n",
        ":2: expected a price with at most 9 digits after the point, found `abc`",
    );
    with_tape(
        "unsorted.csv",
        "2,2,3\n1,2,3\n",
        ":2: expected a time not before 2.000000000 of the row above, found 1.000000000",
    );
    with_tape("zero.csv", "1,0,3\n", ":1: expected a price above zero, found `0`");
    with_tape("short.csv", "1,2\n", &format!(":1: expected 3 columns {columns}, found 2"));
}

#[test]
fn a_scenario_that_is_missing() {
    let expected = "error: scenarios/none.toml: expected a scenario file, found nothing there";
    assert_refused(&["run", "scenarios/none.toml"], expected);
}

#[test]
fn a_scenario_that_is_wrong() {
    let duration = r#"expected a duration with a unit, for example "250ms", "30s" or "5m""#;
    with_scenario(
        "unknown-key.toml",
        |text| text.replace("tape =", "tapee ="),
        ":18: unknown key `tapee` in [market]; did you mean `tape`?",
    );
    with_scenario(
        "no-unit.toml",
        |text| text.replace("\"30m\"", "30"),
        &format!(":11: `length = 30`: {duration}"),
    );
    with_scenario(
        "wrong-unit.toml",
        |text| text.replace("\"30m\"", "\"30min\""),
        &format!(":11: `length = \"30min\"`: {duration}"),
    );
    with_scenario(
        "strategy.toml",
        |text| text.replace("ema-cross:", "moon:"),
        ":25: unknown strategy `moon`; known are `ema-cross`, `sma-cross`, `quoter` and `no-op`",
    );
    with_scenario(
        "symbol.toml",
        |text| text.replace("BTC/USD", "PEPE/USD").replace("BTC =", "PEPE ="),
        ":17: the simulated venue does not list `PEPE/USD`",
    );
}

#[test]
fn a_folder_that_cannot_be_written() {
    let file = scratch("folders").join("file");
    fs::write(&file, "").expect("writable");
    let folder = file.join("run");
    let folder = folder.to_str().expect("a path of ours");
    let output = wavetank(&["run", OUTAGE, "--quiet", "--out", folder]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "an unsaved run is no result");
}
