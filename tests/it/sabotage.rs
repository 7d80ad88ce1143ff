//! The scenarios of the mechanisms against traders in whom the mechanism is missing: each must be found
//! out, by a check or by what its story proves. A scenario that a saboteur passes shows nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use resilience::{BreakerPolicy, RetryBudgetConfig};
use scenario::Tier;
use sim::Setup;

use crate::mechanisms::{self, Proof};
use crate::saboteurs::{HOUR, lose_points, no_breakers, no_timeouts, read_instead};
use crate::support::{failing, fault_setup, run};

/// Not a check, but what the scenario's story proves.
const STORY: &str = "story";

/// Runs a scenario with a sabotaged trader and expects to be told so by all of these.
///
/// What is promised is what the trader as it should be promises.
fn found_out(name: &str, proof: Proof, sabotage: impl FnOnce(&mut Setup), by: &[&str]) {
    let sound = fault_setup(name, 1);
    let mut setup = sound.clone();
    sabotage(&mut setup);
    let history = run(&setup).history;
    let mut told = failing(&sound, &history);
    if catch_unwind(AssertUnwindSafe(|| proof(&sound, &history))).is_err() {
        told.push(STORY);
    }
    for expected in by {
        assert!(told.contains(expected), "{name}: `{expected}` did not notice, but {told:?} did");
    }
}

fn no_proof(_: &Setup, _: &[model::history::Record]) {}

#[test]
fn without_timeouts_a_hung_request_is_found_out_in_every_phase() {
    let scenarios: [(&str, Proof); 3] = [
        ("hung-connect", mechanisms::hung_connect),
        ("hung-head", mechanisms::hung_head),
        ("hung-body", mechanisms::hung_body),
    ];
    for (name, proof) in scenarios {
        let sabotage = |setup: &mut Setup| no_timeouts(&mut setup.node.kraken);
        found_out(name, proof, sabotage, &["waits-bounded", "breakers-opened", STORY]);
    }
}

#[test]
fn without_breakers_a_hung_request_is_found_out_in_every_phase() {
    for name in ["hung-connect", "hung-head", "hung-body"] {
        let sabotage = |setup: &mut Setup| no_breakers(&mut setup.node.kraken);
        found_out(name, no_proof, sabotage, &["breakers-opened"]);
    }
}

#[test]
fn a_hung_handshake_that_is_waited_for_is_found_out() {
    let sabotage = |setup: &mut Setup| no_timeouts(&mut setup.node.kraken);
    let by = ["waits-bounded", STORY];
    found_out("hung-handshake", mechanisms::hung_handshake, sabotage, &by);
}

/// One that gives up sooner than it said would look as if nothing had hung.
#[test]
fn a_stream_that_does_not_come_back_is_found_out() {
    let sabotage = |setup: &mut Setup| {
        let reconnect = &mut setup.node.kraken.reconnect;
        (reconnect.base, reconnect.cap) = (Duration::from_secs(280), Duration::from_secs(280));
    };
    found_out("hung-handshake", no_proof, sabotage, &["recovered"]);
}

#[test]
fn a_trader_that_ignores_its_retry_budget_is_found_out() {
    let sabotage = |setup: &mut Setup| {
        let budget = RetryBudgetConfig { calls_percent: 100, per_second: 1000, saved_max: 1000 };
        setup.node.kraken.read_lane.budget = budget;
    };
    found_out("retry-budget", no_proof, sabotage, &["retries-bounded"]);
}

#[test]
fn a_trader_that_never_doubts_a_silent_stream_is_found_out() {
    let sabotage = |setup: &mut Setup| {
        setup.node.kraken.silence_max = Duration::from_secs(60);
        setup.node.kraken.pong_timeout = Duration::from_secs(60);
    };
    let by = ["silence-noticed", STORY];
    found_out("hung-subscribed", mechanisms::hung_subscribed, sabotage, &by);
}

#[test]
fn a_trader_that_does_not_pause_when_it_is_asked_to_is_found_out() {
    for asked in ["retry-after: 0\r\n", "retry-after: 3\r\n", "retry-later: 7\r\n"] {
        let sabotage = |setup: &mut Setup| read_instead(setup, "retry-after: 7\r\n", asked);
        found_out("storm-429", mechanisms::storm_429, sabotage, &[STORY]);
    }
    // To take a limit for a failure of the venue opens a breaker that should stay closed.
    let sabotage = |setup: &mut Setup| read_instead(setup, "HTTP/1.1 429", "HTTP/1.1 503");
    found_out("storm-429", mechanisms::storm_429, sabotage, &[STORY]);
}

#[test]
fn an_impatient_trader_is_found_out_by_slow_answers() {
    let sabotage = |setup: &mut Setup| {
        let kraken = &mut setup.node.kraken;
        for lane in [&mut kraken.read_lane, &mut kraken.order_lane, &mut kraken.cancel_lane] {
            lane.attempt_timeout = Duration::from_secs(2);
        }
    };
    found_out("slow-answers", mechanisms::slow_answers, sabotage, &[STORY]);
}

#[test]
fn a_flapping_service_finds_out_who_has_no_breaker_or_one_that_stays_open() {
    let sabotage = |setup: &mut Setup| no_breakers(&mut setup.node.kraken);
    let by = ["breakers-opened", STORY];
    found_out("flapping", mechanisms::flapping, sabotage, &by);
    let sabotage = |setup: &mut Setup| {
        setup.node.kraken.read_lane.breaker.open_for = HOUR;
        setup.node.kraken.cancel_lane.breaker.open_for = HOUR;
    };
    found_out("flapping", no_proof, sabotage, &["breaker-transitions", "recovered"]);
}

#[test]
fn a_strategy_in_a_hurry_finds_out_who_has_no_limiter_worth_the_name() {
    let sabotage = |setup: &mut Setup| {
        setup.node.kraken.tier = kraken::tier::Tier::Pro;
        setup.node.kraken.limit_margin_percent = 0;
    };
    assert_eq!(fault_setup("limiter-overload", 1).scenario.account.tier, Tier::Starter);
    found_out("limiter-overload", no_proof, sabotage, &["venue-limits"]);
}

#[test]
fn a_slow_venue_finds_out_who_does_not_count_slow_calls() {
    for name in ["slow-calls", "failure-rate"] {
        let sabotage = |setup: &mut Setup| {
            setup.node.kraken.read_lane.breaker.policy = BreakerPolicy::default();
        };
        found_out(name, no_proof, sabotage, &["breakers-opened"]);
    }
}

/// A trader that takes a write for done which the database never got.
#[test]
fn a_trader_that_loses_points_without_a_word_is_found_out() {
    found_out("sink-down", no_proof, lose_points, &["sink-complete"]);
}
