//! The arrows between crates, checked against `cargo metadata`: the table of ARCHITECTURE.md as code.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Every crate with the crates of ours that it may use, in any kind of dependency.
const ALLOWED: &[(&str, &[&str])] = &[
    // What tests share; see the test about it.
    (TESTKIT, &[]),
    // Production. Below, no simulation crate may ever appear in these rows.
    ("model", &[]),
    ("platform", &["model", TESTKIT]),
    ("telemetry", &[]),
    // Apart from `platform`, so that the simulation is built without it.
    ("tls", &["model", "platform"]),
    ("resilience", &["model", "platform", TESTKIT]),
    // Its tests read what it publishes.
    ("transport", &["model", "platform", "telemetry", "resilience", TESTKIT]),
    ("tape", &["model"]),
    ("store", &["model", "platform", "resilience", "transport", TESTKIT]),
    ("kraken", &["model", "platform", "resilience", "transport", TESTKIT]),
    ("engine", &["model"]),
    ("node", &["model", "platform", "resilience", "transport", "store", "kraken", "engine"]),
    // Simulation.
    ("matching", &["model"]),
    ("backtest", &["model", "tape", "engine", "matching"]),
    // A storm draws from named streams, which are platform's.
    ("scenario", &["model", "platform"]),
    ("checks", &["model"]),
    ("venue-sim", &["model", "platform", "tape", "matching"]),
    (
        "sim",
        &[
            "model",
            "platform",
            "telemetry",
            "resilience",
            "transport",
            "store",
            "tape",
            "kraken",
            "engine",
            "node",
            "matching",
            "scenario",
            "checks",
            "venue-sim",
        ],
    ),
    ("report", &["model", "checks", "matching", "backtest", "engine", "tape"]),
    // Runs what `sim` simulates, and sums it up as `report` shows it.
    ("sweep", &["checks", "scenario", "sim", "report"]),
];

/// What the tests of several crates share.
const TESTKIT: &str = "testkit";

/// Crates that may use everything.
const UNBOUND: &[&str] = &["cli", "own-scenario", "own-strategy", "tests", "benches"];

/// The crates that may depend on the simulation's engine: one to use it, one to measure its floor.
const TURMOIL_USERS: &[&str] = &["sim", "benches"];

#[test]
fn every_dependency_between_crates_is_an_allowed_arrow() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    let listed = ALLOWED.iter().map(|(name, _)| *name).chain(UNBOUND.iter().copied());
    assert_eq!(ours, listed.collect::<BTreeSet<_>>(), "a crate is missing in this test's table");
    for (name, allowed) in ALLOWED {
        for dependency in &packages[*name] {
            let stranger =
                ours.contains(dependency.as_str()) && !allowed.contains(&dependency.as_str());
            assert!(!stranger, "crate `{name}` must not use `{dependency}`");
        }
    }
}

#[test]
fn only_the_simulation_and_its_bench_use_turmoil() {
    for (name, dependencies) in packages() {
        let uses = dependencies.contains("turmoil");
        assert_eq!(uses, TURMOIL_USERS.contains(&name.as_str()), "crate `{name}`");
    }
}

#[test]
fn nothing_but_tests_uses_what_tests_share() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let mut users = 0;
    for package in packages {
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        for used in dependencies.iter().filter(|used| used["name"] == TESTKIT) {
            assert_eq!(used["kind"], "dev", "crate `{}`", package["name"]);
            users += 1;
        }
    }
    assert!(users > 3, "{users} crates use `{TESTKIT}`");
}

#[test]
fn no_crate_has_a_feature_for_simulation() {
    for package in metadata()["packages"].as_array().expect("packages") {
        let features = package["features"].as_object().expect("features");
        assert!(features.is_empty(), "{} has features {features:?}", package["name"]);
    }
}

/// Our crates with the names of everything they depend on.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let dependencies = |package: &Value| {
        package["dependencies"].as_array().expect("dependencies").iter().map(name).collect()
    };
    packages.iter().map(|package| (name(package), dependencies(package))).collect()
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}
