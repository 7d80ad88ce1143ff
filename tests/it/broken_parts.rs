//! Checks against broken components: each is run through the outage, and the checks that must
//! notice it do. The promises are those of the sound setup.

use std::sync::Arc;
use std::time::Duration;

use checks::Verdict;
use engine::StrategySpec;
use kraken::Tier;
use resilience::BreakerPolicy;
use sim::Setup;

use crate::saboteurs::{Prelude, before_node, leak_a_socket, leak_a_task};
use crate::support::{failing, outage, run};

/// Runs a broken setup and judges it by the promises of the sound one.
fn assert_noticed(by: &str, break_it: impl FnOnce(&mut Setup)) {
    let sound = outage(1);
    let mut broken = outage(1);
    break_it(&mut broken);
    let failing = failing(&sound, &run(&broken).history);
    assert!(failing.contains(&by), "expected `{by}` to notice, but only {failing:?} did");
}

/// Runs a setup that leaks and expects the check to name what is left, and nothing else.
fn assert_left(what: &str, prelude: Prelude) {
    let mut leaky = outage(1);
    leaky.program = before_node(prelude);
    let results = checks::run(&run(&leaky).history, &leaky.expectations());
    let check = results.iter().find(|result| result.name == "nothing-left-behind");
    let verdict = check.map(|result| &result.verdict);
    let Some(Verdict::Fail { violations, total: 1 }) = verdict else {
        panic!("expected one violation, but {verdict:?}");
    };
    assert_eq!(violations[0].message, what);
}

#[test]
fn a_breaker_that_never_opens_is_noticed() {
    assert_noticed("breaker-transitions", |setup| {
        setup.node.kraken.read_lane.breaker.policy =
            BreakerPolicy::Consecutive { failures: 10_000 };
    });
}

#[test]
fn a_breaker_that_never_closes_is_noticed() {
    assert_noticed("recovered", |setup| {
        setup.node.kraken.read_lane.breaker.open_for = Duration::from_secs(24 * 3600);
    });
}

#[test]
fn a_breaker_that_probes_too_early_is_noticed() {
    assert_noticed("breaker-transitions", |setup| {
        setup.node.kraken.read_lane.breaker.open_for = Duration::from_secs(3);
    });
}

#[test]
fn a_stream_that_does_not_notice_silence_is_noticed() {
    assert_noticed("silence-noticed", |setup| {
        setup.node.kraken.silence_max = Duration::from_secs(60);
    });
}

#[test]
fn a_limiter_that_does_not_limit_is_noticed() {
    assert_noticed("rates-bounded", |setup| {
        setup.node.kraken.tier = Tier::Pro;
        setup.node.kraken.limit_margin_percent = 0;
        setup.node.reconcile_every = Duration::from_millis(500);
    });
}

#[test]
fn waits_that_are_too_long_are_noticed() {
    assert_noticed("waits-bounded", |setup| {
        setup.node.kraken.read_lane.attempt_timeout = Duration::from_secs(25);
    });
}

#[test]
fn orders_that_are_left_at_the_end_are_noticed() {
    assert_noticed("nothing-left-behind", |setup| {
        let spec = StrategySpec::parse("quoter").expect("a strategy");
        setup.node.strategy = spec.factory();
        setup.node.settle_max = Duration::from_millis(1);
    });
}

#[test]
fn a_leaked_task_is_noticed() {
    assert_left("trader left 1 tasks alive", leak_a_task);
}

#[test]
fn a_leaked_socket_is_noticed() {
    assert_left("trader left 1 sockets open", leak_a_socket);
}

#[test]
fn a_node_that_fails_is_noticed() {
    assert_noticed("nothing-left-behind", |setup| {
        setup.program = Arc::new(|_context| Box::pin(async { Err("broken".to_owned()) }));
    });
}

#[test]
fn a_fault_that_never_strikes_is_noticed() {
    let mut setup = outage(1);
    setup.plan.faults.clear();
    let sound = outage(1);
    let outcome = run(&setup);
    assert!(failing(&sound, &outcome.history).contains(&"faults-struck"));
}

#[test]
fn a_run_in_which_nothing_happens_proves_nothing() {
    let setup = outage(1);
    let results = checks::run(&[], &setup.expectations());
    let passed = results.iter().filter(|result| matches!(result.verdict, Verdict::Pass { .. }));
    assert_eq!(passed.count(), 0);
}
