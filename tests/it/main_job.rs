//! The main job: the outage scenario, on the sample tape and on a real half hour of trading.

use scenario::Scenario;

use crate::support::{
    OUTAGE, REAL_TAPE, assert_passes, clean, outage, recording, root, run, with_tape,
};

#[test]
fn every_promise_holds_through_the_outage() {
    let (setup, outcome) = clean();
    assert_passes(setup, &outcome.history);
}

#[test]
fn every_promise_holds_for_other_seeds() {
    for seed in 2..=5 {
        let setup = outage(seed);
        assert_passes(&setup, &run(&setup).history);
    }
}

#[test]
fn every_promise_holds_on_a_real_half_hour_for_seeds_1_to_20() {
    let Some(tape) = recording(REAL_TAPE) else { return };
    let scenario = Scenario::load(&root().join(OUTAGE)).expect("a valid scenario");
    for seed in 1..=20 {
        let setup = with_tape(scenario.clone(), &tape, seed);
        assert_passes(&setup, &run(&setup).history);
    }
}

#[test]
fn the_breaker_timeline_is_as_a_person_would_expect() {
    let (_, outcome) = clean();
    insta::assert_snapshot!("breaker_timeline", report::breaker_timeline(&outcome.history));
}
