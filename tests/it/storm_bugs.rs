//! Known bugs, planted one at a time, in the storm: a sweep over a few seeds finds each of them, and by a
//! check that names it. The seeds that find one pass without it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kraken::Tier;
use model::Trade;
use model::audit::AuditEvent;
use model::history::{Event, Record};
use node::ForeignOrders;
use resilience::{BackoffConfig, BreakerPolicy, Jitter, LimiterConfig};
use scenario::Scenario;
use sim::Setup;
use tape::Tape;

use crate::accomplices::{beside_node, count_cancellations, leak_probes, resend, resend_renamed};
use crate::saboteurs::{
    HOUR, before_node, blind_to_gaps, deaf_after_a_reconnect, deaf_to_executions, leak_a_socket,
    leak_a_task, leak_a_task_per_token, lose_points, no_breakers, no_timeouts,
};
use crate::support::{assert_passes, failing, root, run};

/// Within so many seeds every planted bug must show.
const SEEDS_MAX: u64 = 500;

/// A scenario with its market, which is read once.
type Played = OnceLock<(Scenario, Arc<[Trade]>)>;

fn seeded(played: &Played, path: &str, seed: u64) -> Setup {
    let (scenario, trades) = played.get_or_init(|| {
        let scenario = Scenario::load(&root().join(path)).expect("a valid scenario");
        let tape = Tape::load(&scenario.tape_path()).expect("a valid tape");
        let trades = tape.trades_for(&scenario.market.symbol).collect();
        (scenario, trades)
    });
    Setup::new(scenario.clone(), seed, Arc::clone(trades)).expect("a valid setup")
}

/// The storm with a seed.
fn storm(seed: u64) -> Setup {
    static STORM: Played = OnceLock::new();
    seeded(&STORM, "scenarios/storm/kraken-storm.toml", seed)
}

/// A storm for a strategy at the limits of its account, in which the trader crashes more often, too.
fn limits(seed: u64) -> Setup {
    static LIMITS: Played = OnceLock::new();
    seeded(&LIMITS, "scenarios/storm/kraken-limits.toml", seed)
}

/// A storm for a strategy whose orders are filled in many parts.
fn fills(seed: u64) -> Setup {
    static FILLS: Played = OnceLock::new();
    seeded(&FILLS, "scenarios/storm/kraken-fills.toml", seed)
}

/// Sweeps the storm with a planted bug until a check fails, which must be one of those given.
pub(crate) fn found(bug: &str, by: &[&str], plant: impl Fn(&mut Setup)) {
    found_in(storm, bug, by, plant);
}

/// The same in another storm.
#[expect(clippy::print_stdout, reason = "how many seeds it took is worth knowing")]
fn found_in(storm: fn(u64) -> Setup, bug: &str, by: &[&str], plant: impl Fn(&mut Setup)) {
    for seed in 0..SEEDS_MAX {
        let sound = storm(seed);
        let mut broken = sound.clone();
        plant(&mut broken);
        let told = failing(&sound, &run(&broken).history);
        if told.is_empty() {
            continue;
        }
        println!("{bug}: found by {told:?} with seed {seed}");
        assert!(told.iter().any(|check| by.contains(check)), "{bug}: found by {told:?} only");
        let without = failing(&sound, &run(&sound).history);
        assert!(without.is_empty(), "seed {seed} fails {without:?} without any bug, too");
        return;
    }
    panic!("{bug}: {SEEDS_MAX} seeds did not find it");
}

/// What is drawn may leave every order without an execution: then nothing is to be said of positions.
#[test]
fn a_storm_in_which_nothing_is_executed_passes() {
    let setup = storm(3_248);
    let history = run(&setup).history;
    let executed =
        |record: &Record| matches!(record.event, Event::Trader(AuditEvent::Filled { .. }));
    assert!(!history.iter().any(executed), "another seed is needed here");
    assert_passes(&setup, &history);
}

#[test]
fn a_handshake_that_is_waited_for_without_end() {
    found("no timeout on the WebSocket handshake", &["waits-bounded"], |setup| {
        setup.node.kraken.connect_timeout = HOUR;
    });
}

#[test]
fn requests_that_are_waited_for_without_end() {
    found("no timeout on requests", &["waits-bounded"], |setup| {
        no_timeouts(&mut setup.node.kraken);
    });
}

#[test]
fn an_attempt_that_may_take_twice_as_long() {
    found("attempts of 20 s instead of 10 s", &["waits-bounded"], |setup| {
        setup.node.kraken.read_lane.attempt_timeout *= 2;
    });
}

#[test]
fn a_silent_stream_that_nobody_doubts() {
    found("silence is doubted after two minutes", &["silence-noticed", "book-equal"], |setup| {
        setup.node.kraken.silence_max = Duration::from_secs(60);
        setup.node.kraken.pong_timeout = Duration::from_secs(60);
    });
}

#[test]
fn breakers_that_do_not_open() {
    found("breakers never open", &["breaker-transitions"], |setup| {
        no_breakers(&mut setup.node.kraken);
    });
}

#[test]
fn a_breaker_that_opens_one_failure_late() {
    found("the sixth failure opens", &["breaker-transitions"], |setup| {
        let policy = BreakerPolicy::Consecutive { failures: 6 };
        setup.node.kraken.read_lane.breaker.policy = policy;
    });
}

#[test]
fn a_breaker_that_probes_too_early() {
    found("open for a second instead of 30", &["breaker-transitions"], |setup| {
        setup.node.kraken.read_lane.breaker.open_for = Duration::from_secs(1);
    });
}

#[test]
fn a_breaker_that_closes_after_one_success() {
    found("one success closes", &["breaker-transitions"], |setup| {
        setup.node.kraken.read_lane.breaker.success_threshold = 1;
    });
}

#[test]
fn a_breaker_that_stays_open() {
    let by = ["breaker-transitions", "recovered"];
    found("open for an hour", &by, |setup| {
        setup.node.kraken.read_lane.breaker.open_for = HOUR;
    });
}

#[test]
fn a_limiter_of_another_tier() {
    found("limits of a higher tier", &["rates-bounded", "venue-limits"], |setup| {
        setup.node.kraken.tier = Tier::Pro;
        setup.node.kraken.limit_margin_percent = 0;
    });
}

#[test]
fn a_reconnect_that_does_not_subscribe() {
    let by = ["book-equal", "recovered"];
    found("no updates after a reconnect", &by, deaf_after_a_reconnect);
}

#[test]
fn a_stream_that_comes_back_late() {
    found("reconnects after four minutes", &["recovered"], |setup| {
        let wait = Duration::from_secs(240);
        setup.node.kraken.reconnect =
            BackoffConfig { base: wait, cap: wait, jitter: Jitter::Equal };
    });
}

#[test]
fn executions_that_nobody_misses() {
    let by = ["orders-equal", "positions-equal"];
    found("executions unheard and orders not compared", &by, |setup| {
        deaf_to_executions(setup);
        setup.node.reconcile_every = HOUR;
    });
}

#[test]
fn a_shutdown_that_leaves_orders_open() {
    let by = ["nothing-left-behind", "no-duplicate-order"];
    found("no settling at the shutdown", &by, |setup| {
        setup.node.settle_max = Duration::from_millis(1);
    });
}

#[test]
fn points_that_are_lost_without_a_word() {
    found("writes that never arrive", &["sink-complete"], lose_points);
}

#[test]
fn a_task_that_outlives_the_shutdown() {
    found("a leaked task", &["nothing-left-behind"], |setup| {
        setup.program = before_node(leak_a_task);
    });
}

#[test]
fn a_socket_that_outlives_the_shutdown() {
    found("a leaked socket", &["nothing-left-behind"], |setup| {
        setup.program = before_node(leak_a_socket);
    });
}

#[test]
fn a_task_per_token_that_outlives_the_shutdown() {
    found("a task that renews a token", &["nothing-left-behind"], leak_a_task_per_token);
}

#[test]
fn an_order_that_is_sent_again_after_a_lost_reply() {
    let by = ["no-duplicate-order"];
    found("re-sent under the same id", &by, |setup| beside_node(setup, resend));
    found("re-sent under another id", &by, |setup| beside_node(setup, resend_renamed));
}

#[test]
fn a_breaker_that_counts_cancellations() {
    let by = ["breaker-transitions"];
    found("cancelled calls open", &by, |setup| beside_node(setup, count_cancellations));
}

#[test]
fn a_probe_whose_slot_is_lost() {
    found("lost slots", &["breaker-transitions"], |setup| beside_node(setup, leak_probes));
}

#[test]
fn a_gap_in_the_executions_that_nobody_sees() {
    let by = ["gaps-noticed", "orders-equal", "positions-equal", "recovered"];
    // The comparison with the venue's lists would make up for it every five seconds.
    found_in(fills, "gaps ignored and orders not compared", &by, |setup| {
        blind_to_gaps(setup);
        setup.node.reconcile_every = HOUR;
    });
}

#[test]
fn a_gap_in_the_executions_that_changes_nothing() {
    found_in(fills, "gaps ignored", &["gaps-noticed"], blind_to_gaps);
}

#[test]
fn an_order_that_is_taken_long_after_it_was_sent() {
    found_in(fills, "a deadline of 50 s", &["orders-timely"], |setup| {
        setup.node.kraken.order_deadline = Duration::from_secs(50);
    });
}

#[test]
fn a_limiter_that_is_off_by_one_window() {
    fn of(seconds: u64) -> LimiterConfig {
        LimiterConfig::window(6, Duration::from_secs(seconds))
    }
    // No storm of five minutes comes to the hundred and twenty dials of the real one.
    let tight = |seed| {
        let mut setup = storm(seed);
        setup.node.kraken.dial_limit = of(30);
        setup
    };
    found_in(tight, "half the window", &["rates-bounded"], |setup| {
        setup.node.kraken.dial_limit = of(15);
    });
}

#[test]
fn orders_of_a_crashed_run_that_nobody_looks_for() {
    let by = ["orders-equal", "nothing-left-behind", "no-duplicate-order"];
    found_in(limits, "no reconciliation after a restart", &by, |setup| {
        setup.node.foreign_orders = ForeignOrders::Leave;
    });
}
