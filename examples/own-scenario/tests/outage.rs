//! The strategy through an outage: every promise holds, and the breakers behave as they did when the
//! snapshot was taken.

use std::path::Path;

use own_scenario::Metronome;
use scenario::Scenario;
use sim::{Run, Simulate as _};

/// The outage of the main job, with the strategy of this crate.
fn outage(seed: u64) -> Run {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let scenario = root.join("scenarios/faults/kraken-outage.toml");
    let scenario = Scenario::load(&scenario).expect("a valid scenario");
    scenario.strategy(Metronome::new(20)).run(seed).expect("a run")
}

#[test]
fn my_strategy_survives_an_outage() {
    let run = outage(7);
    assert!(run.passed(), "{run}");
    insta::assert_snapshot!("breakers", report::breaker_timeline(&run.outcome.history));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(outage(7).outcome.digest, outage(7).outcome.digest);
    assert_ne!(outage(7).outcome.digest, outage(8).outcome.digest);
}
