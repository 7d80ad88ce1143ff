//! The main job: the outage scenario, on the sample tape and on a real half hour of trading.

use std::collections::BTreeMap;
use std::time::Duration;

use checks::BreakerRules;
use model::OrderState;
use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use scenario::Scenario;

use crate::support::{
    OUTAGE, REAL_TAPE, assert_passes, clean, outage, recording, root, run, with_tape,
};

/// The same outage for a market maker.
const QUOTES: &str = "scenarios/faults/kraken-outage-quotes.toml";

/// Requests are carried out, but their answers are lost.
const LOST_ANSWERS: &str = "scenarios/faults/lost-answers.toml";

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

#[test]
fn every_promise_holds_for_a_market_maker_in_the_same_outage() {
    let scenario = Scenario::load(&root().join(QUOTES)).expect("a valid scenario");
    let sample = scenario.tape_path();
    for seed in 1..=3 {
        let setup = with_tape(scenario.clone(), &sample, seed);
        assert_passes(&setup, &run(&setup).history);
    }
    let Some(tape) = recording(REAL_TAPE) else { return };
    for seed in 1..=5 {
        let setup = with_tape(scenario.clone(), &tape, seed);
        assert_passes(&setup, &run(&setup).history);
    }
}

#[test]
fn every_promise_holds_though_answers_are_lost() {
    let scenario = Scenario::load(&root().join(LOST_ANSWERS)).expect("a valid scenario");
    let sample = scenario.tape_path();
    for seed in 1..=5 {
        let setup = with_tape(scenario.clone(), &sample, seed);
        let history = run(&setup).history;
        assert_passes(&setup, &history);
        assert!(ever(&history, OrderState::Unknown), "no order was ever in doubt");
    }
}

/// A storm that touches no order proves nothing about orders.
#[test]
fn the_outages_put_orders_in_doubt_and_leave_some_resting_in_the_storm_and_at_the_end() {
    let (_, outcome) = clean();
    assert!(ever(&outcome.history, OrderState::Unknown), "no order was ever in doubt");
    let scenario = Scenario::load(&root().join(QUOTES)).expect("a valid scenario");
    let sample = scenario.tape_path();
    let setup = with_tape(scenario, &sample, 1);
    let history = run(&setup).history;
    assert!(ever(&history, OrderState::Unknown), "no quote was ever in doubt");
    for (when, at) in
        [("storm", setup.plan.begins_at().expect("faults")), ("end", setup.scenario.run.length)]
    {
        assert!(resting(&history, at) > 0, "nothing rests at the {when}");
    }
}

fn ever(history: &[Record], wanted: OrderState) -> bool {
    let told = |record: &Record| matches!(&record.event, Event::Trader(AuditEvent::OrderChanged { state, .. }) if *state == wanted);
    history.iter().any(told)
}

/// Orders that are open at the venue at a time.
fn resting(history: &[Record], at: Duration) -> usize {
    let mut states = BTreeMap::new();
    for record in history.iter().filter(|record| record.at() <= at) {
        if let Event::Venue(VenueEvent::OrderChanged { venue_order_id, state, .. }) = &record.event
        {
            states.insert(venue_order_id, *state);
        }
    }
    states.values().filter(|state| **state == OrderState::Open).count()
}

/// The checks take the rules of the breakers from the configuration under test, so that other rules can
/// be tried. The defaults are compared with the rules that operators were promised.
#[test]
fn the_breakers_of_production_follow_the_promised_rules() {
    let expect = outage(1).expectations();
    assert_eq!(expect.breakers.len(), 5);
    for (name, rules) in &expect.breakers {
        let mut promised = BreakerRules::standard();
        // Nobody operates the trader; a venue's ban alone sets a state.
        promised.forced_causes = vec!["banned".to_owned()];
        if !["kraken/read", "influx/write"].contains(&name.as_str()) {
            // Orders and cancels may be seldom, and a stream that lives dials no more: a second success may not come.
            promised.success_threshold = 1;
        }
        assert_eq!(rules, &promised, "{name}");
    }
}
