//! `wavetank backtest` as its users call it.

use std::fs;

use serde_json::Value;

use crate::support::{root, wavetank};

const TAPE: &str = "data/tapes/BTCUSD_sample_30m.csv";
const EMA: &str = "ema-cross:fast=3,slow=8,qty=0.01,bar_s=5,patience_s=10";

fn backtest(more: &[&str]) -> Value {
    let arguments = ["backtest", "--tape", TAPE, "--strategy", EMA, "--format", "json"];
    let output = wavetank(&[&arguments[..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn equal_backtests_in_two_processes_are_equal() {
    let latency = ["--latency", "1ms/2ms..40ms/2ms..40ms", "--seed"];
    let run = |seed: &str| {
        let mut record = backtest(&[&latency[..], &[seed]].concat());
        record["wall_ms"] = Value::Null;
        record
    };
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7")["digest"], run("8")["digest"]);
}

#[test]
fn a_backtest_leaves_a_complete_folder() {
    let folder = root().join("target/tests/backtest-folder");
    let record = backtest(&["--out", folder.to_str().expect("a path of ours")]);
    let count = |name: &str| fs::read_to_string(folder.join(name)).expect("saved").lines().count();
    let counted = |key: &str| usize::try_from(record[key].as_u64().expect("a number"));
    assert!(counted("fills").expect("few") > 10);
    assert_eq!(count("fills.csv") - 1, counted("fills").expect("few"));
    assert_eq!(count("orders.csv") - 1, counted("orders").expect("few"));
    assert!(count("equity.csv") > 2);
    let saved: Value =
        serde_json::from_slice(&fs::read(folder.join("run.json")).expect("saved")).expect("JSON");
    assert_eq!(saved, record);
}

#[test]
fn the_text_has_the_result_at_a_glance() {
    let output = wavetank(&["backtest", "--tape", TAPE, "--strategy", EMA]);
    let text = String::from_utf8(output.stdout).expect("text");
    for word in ["equity", "max drawdown", "Sharpe", "exposure", "turnover", "fees", "digest"] {
        assert!(text.contains(word), "`{word}` is missing in:\n{text}");
    }
}

#[test]
fn bad_input_is_one_line_and_ends_with_1() {
    let check = |arguments: &[&str], message: &str| {
        let output = wavetank(&[&["backtest", "--strategy", "no-op"], arguments].concat());
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.lines().count() == 1 && err.contains(message), "{err}");
    };
    check(&["--tape", "nowhere.csv"], "nowhere.csv");
    check(&["--tape", "Cargo.toml"], "Cargo.toml");
    check(&["--tape", TAPE, "--fees", "1"], "--fees 1: expected MAKER/TAKER");
}
