//! `wavetank backtest` as its users call it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{recording, root, wavetank};

const TAPE: &str = "data/tapes/BTCUSD_sample_30m.csv";
const EMA: &str = "ema-cross:fast=3,slow=8,qty=0.01,bar_s=5,patience_s=10";

fn backtest(more: &[&str]) -> Value {
    played(EMA, more)
}

fn played(strategy: &str, more: &[&str]) -> Value {
    let arguments = ["backtest", "--tape", TAPE, "--strategy", strategy, "--format", "json"];
    let output = wavetank(&[&arguments[..], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn equal_backtests_in_two_processes_are_equal() {
    let latency = ["--latency", "1ms/2ms..40ms/2ms..40ms", "--seed"];
    let run = |seed: &str| backtest(&[&latency[..], &[seed]].concat());
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
    assert!(count("equity.csv") > 20 && count("trades.csv") > 5);
    let saved: Value =
        serde_json::from_slice(&fs::read(folder.join("run.json")).expect("saved")).expect("JSON");
    assert_eq!(saved, record);
}

#[test]
fn a_grid_is_the_same_on_any_number_of_threads_and_in_any_process() {
    let grid = |threads: &str| {
        let grid = ["--grid", "fast=2..4,slow=3..9:3", "--walk-forward", "2", "--threads", threads];
        backtest(&grid)
    };
    let one = grid("1");
    assert_eq!(
        (one["rows"].as_array().expect("rows").len(), &one["left_out"]),
        (7, &2.into()),
        "fast below slow"
    );
    assert_eq!(one["folds"].as_array().expect("folds").len(), 2);
    for threads in ["2", "7"] {
        assert_eq!(grid(threads), one, "{threads} threads");
    }
    // A combination of the grid is the run of the same strategy.
    let alone = played("ema-cross:qty=0.01,bar_s=5,patience_s=10,fast=3,slow=9", &[]);
    let same = |row: &&Value| row["parameters"]["fast"] == "3" && row["parameters"]["slow"] == "9";
    let row = one["rows"].as_array().expect("rows").iter().find(same).expect("a combination");
    assert_eq!((&row["digest"], &row["stats"]), (&alone["digest"], &alone["stats"]));
}

#[test]
fn two_venues_have_one_portfolio() {
    let far = format!("far:BTC/USDT={TAPE}");
    let near = format!("BTC/USD={TAPE}");
    let output = wavetank(&[
        "backtest",
        "--tape",
        &near,
        "--tape",
        &far,
        "--strategy",
        EMA,
        "--format",
        "json",
        "--at-par",
        "USDT",
        "--balance",
        "USD=5000",
        "--balance",
        "far:USDT=7000",
        "--fees",
        "far:0/0",
    ]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let record: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let venues = record["venues"].as_array().expect("venues");
    assert_eq!((venues.len(), &venues[1]["name"]), (2, &"far".into()));
    assert_eq!(venues[1]["initial"]["USDT"], "7000");
    assert!(record["fills"].as_u64().expect("a number") > 20);
}

/// The trade list of backtesting.py, through the command line alone: the arguments stand in the guide.
#[test]
fn the_oracle_is_reproduced_by_arguments() {
    let Some(input) = recording("oracles/input_GOOG.csv") else { return };
    let expected = recording("oracles/goog_smacross_c002_excl.trades.csv").expect("beside it");
    let folder = root().join("target/tests/oracle");
    let tape = format!("GOOG/USD={}", input.display());
    let conventions = include_str!("../../crates/backtest/src/guide.md");
    let (_, rest) = conventions.split_once("```text\n").expect("the arguments");
    let (arguments, _) = rest.split_once("```").expect("their end");
    let arguments: Vec<_> = arguments.split_whitespace().filter(|part| *part != "\\").collect();
    assert_eq!(arguments[..2], ["wavetank", "backtest"]);
    let files = ["--tape", &tape, "--out", folder.to_str().expect("a path of ours")];
    let output = wavetank(&[&arguments[1..], &files].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = |path: &Path| -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(path).expect("readable");
        reader.deserialize().map(|row| row.expect("a row")).collect()
    };
    let (found, expected) = (rows(&folder.join("trades.csv")), rows(&expected));
    assert_eq!((found.len(), expected.len()), (93, 93));
    for (found, expected) in found.iter().zip(&expected) {
        let near = |ours: &str, theirs: &str| {
            let [a, b] =
                [&found[ours], &expected[theirs]].map(|v| v.parse::<f64>().expect("a number"));
            assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{found:?} {expected:?}");
        };
        near("size", "Size");
        near("entry_price", "EntryPrice");
        near("exit_price", "ExitPrice");
        near("pnl", "PnL");
        near("fees", "Commission");
    }
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
