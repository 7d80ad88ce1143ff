//! `sweep`, `reduce`, `plan`, `diff`, `explain` and `schema` from the outside.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{root, wavetank};

/// Half a minute of faults: what is tested here is not the trader.
const QUICK: &str = r#"schema = 1
purpose = "a short calm"
run = { length = "200s" }
market = { venue = "kraken", symbol = "BTC/USD", tape = "data/tapes/BTCUSD_sample_30m.csv" }

[trader]
strategy = "quoter:qty=0.05,distance_bps=3,inventory_max=0.5,every_s=3"
balance = { USD = "100000", BTC = "1" }

[storm]
at = "15s"
for = "30s"

[[storm.family]]
kind = "rest-status"
seeds_percent = 100
every_min = "5s"
every_max = "10s"
for_min = "100ms"
for_max = "2s"
status = 503
"#;

/// The canary, which fails `venue-limits`.
const CANARY: &str = "scenarios/canary/wrong-tier.toml";

/// An empty folder of this test.
fn scratch(name: &str) -> PathBuf {
    let folder = root().join("target/tests/sweep").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("writable");
    }
    fs::create_dir_all(&folder).expect("writable");
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

/// Runs the program; its exit code, standard output and error.
fn told(arguments: &[&str]) -> (i32, String, String) {
    let output = wavetank(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("saved")).expect("JSON")
}

/// A result without the machine's time.
fn timeless(mut report: Value) -> Value {
    report.as_object_mut().expect("an object").remove("time").expect("a time");
    report
}

#[test]
fn a_sweep_goes_on_where_it_was_left_and_parts_make_the_whole() {
    let folder = scratch("resume");
    let scenario = folder.join("quick.toml");
    fs::write(&scenario, QUICK).expect("writable");
    let sweep = |seeds: &str, out: &str, more: &[&str]| {
        let out = folder.join(out);
        let arguments =
            ["sweep", text(&scenario), "--seeds", seeds, "--out", text(&out), "--format", "json"];
        let (code, printed, error) = told(&[&arguments[..], more].concat());
        assert_eq!(code, 0, "{error}{printed}");
        let printed: Value = serde_json::from_str(&printed).expect("one JSON object");
        assert_eq!(printed, json(&out.join("sweep.json")));
        assert!(
            fs::read_to_string(out.join("junit.xml")).expect("saved").contains("</testsuites>")
        );
        printed
    };
    let whole = sweep("0..4", "whole", &["--jobs", "1", "--twice-every", "2"]);
    assert_eq!(whole["done"], 4);
    assert_eq!(whole["repeated"], 2);
    let some = sweep("0..2", "parts", &["--jobs", "2", "--twice-every", "2"]);
    assert_ne!(some["fingerprint"], whole["fingerprint"]);
    // A line that a crash cut off counts as not run.
    let lines = folder.join("parts/seeds.jsonl");
    let mut cut = fs::read_to_string(&lines).expect("saved");
    cut.truncate(cut.len() - 10);
    fs::write(&lines, &cut).expect("writable");
    let rest = sweep("0..4", "parts", &["--jobs", "3", "--twice-every", "2"]);
    assert_eq!(rest["time"]["runs"], 3, "one of four was there");
    assert_eq!(timeless(rest), timeless(whole.clone()));
    // Nothing is left to do.
    assert_eq!(sweep("0..4", "parts", &[])["time"]["runs"], 0);
    let parts =
        ["1/2", "2/2"].map(|part| sweep("0..4", &part.replace('/', "-"), &["--shard", part]));
    assert_eq!(parts.map(|part| part["done"].clone()), [2, 2].map(Value::from));

    fs::write(&scenario, QUICK.replace("503", "500")).expect("writable");
    let parts = folder.join("parts");
    let (code, _, error) =
        told(&["sweep", text(&scenario), "--seeds", "0..4", "--out", text(&parts)]);
    assert_eq!(code, 1);
    assert!(error.contains("belongs to a sweep of other scenarios"), "{error}");
}

#[test]
fn the_canary_fails_and_is_grouped_reduced_and_annotated() {
    let folder = scratch("canary");
    let arguments = ["sweep", CANARY, "--seeds", "1+2", "--out", text(&folder), "--github"];
    let (code, printed, error) = told(&[&arguments[..], &["--reduce-runs", "3"]].concat());
    assert_eq!(code, 2, "{error}{printed}");
    for part in [
        "x safety venue-limits  scenarios/canary/wrong-tier.toml: 2 seeds, 0x1, 0x2\n",
        "repro    wavetank run scenarios/canary/wrong-tier.toml --seed 0x1\n",
        "::error title=safety venue-limits in scenarios/canary/wrong-tier.toml::2 of 2 runs",
        "verdict FAIL: 2 of 2 runs failed",
    ] {
        assert!(printed.contains(part), "{part:?} in\n{printed}");
    }
    let report = json(&folder.join("sweep.json"));
    let reduced = report["failures"][0]["reduced"].as_str().expect("reduced");
    let (code, _, error) = told(&["run", reduced, "--quiet"]);
    assert_eq!(code, 2);
    assert!(error.contains("FAIL safety venue-limits"), "{error}");
    let (code, printed, _) = told(&["reduce", reduced, "--runs", "2", "--quiet"]);
    assert_eq!(code, 0);
    assert!(printed.starts_with("# Fails the check `venue-limits`."), "{printed}");
}

#[test]
fn a_saved_run_can_be_explained_compared_and_run_from_its_plan() {
    let folder = scratch("saved");
    let [one, other, again] = ["one", "other", "again"].map(|name| folder.join(name));
    let run = |scenario: &str, seed: &str, out: &Path| {
        let cut = ["--until", "40s", "--quiet", "--out", text(out)];
        let (code, printed, error) = told(&[&["run", scenario, "--seed", seed][..], &cut].concat());
        assert!(matches!(code, 0 | 2), "{printed}{error}");
        json(&out.join("run.json"))["digest"].clone()
    };
    let digest = run(CANARY, "1", &one);
    assert_ne!(run(CANARY, "2", &other), digest);
    assert_eq!(run(text(&one.join("plan.toml")), "1", &again), digest);

    let (code, printed, _) = told(&["diff", text(&one), text(&again)]);
    assert_eq!((code, printed.starts_with("equal: ")), (0, true), "{printed}");
    let (code, printed, _) = told(&["diff", text(&one), text(&other), "--context", "2"]);
    assert_eq!(code, 4);
    assert!(
        printed.starts_with("the runs part after ") && printed.contains("\n  + ["),
        "{printed}"
    );

    let (code, printed, error) = told(&["explain", text(&one)]);
    assert_eq!(code, 0, "{error}");
    for part in
        ["FAIL safety venue-limits", "\nIN FORCE\n", "\nOPEN WAITS\n", "  trader\n", "\nTHEN\n"]
    {
        assert!(printed.contains(part), "{part:?} in\n{printed}");
    }
    let (code, _, error) = told(&["explain", text(&one), "--check", "recovered"]);
    assert_eq!(code, 1);
    assert!(error.contains("did not fail `recovered`"), "{error}");
    let (code, _, error) = told(&["diff", text(&one), text(&folder)]);
    assert_eq!(code, 1);
    assert!(error.contains("expected the folder of a run"), "{error}");
}

#[test]
fn the_plan_is_shown_as_a_scenario() {
    let (code, plan, _) = told(&["plan", "storm/kraken-storm", "--seed", "5"]);
    assert_eq!(code, 0);
    let scenario = scenario::Scenario::parse("scenarios/x.toml", &plan).expect("a scenario");
    assert_eq!(scenario.run.seed, 5);
    assert!(scenario.storm.is_none() && !scenario.faults.is_empty());
}
