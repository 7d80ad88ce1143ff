//! One scenario per mechanism: its story as a person would tell it, and what proves that the mechanism
//! did its work. The expectations of each hold for every seed; the stories are those of seed 1.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use model::OrderState;
use model::audit::{AuditEvent, BreakerState, CallOutcome, StreamState};
use model::history::{Event, Record, VenueEvent, WorldEvent};
use resilience::{LaneConfig, RetryBudgetConfig};
use sim::Setup;

use crate::support::{assert_passes, fault_setup, run};

/// Seeds that each scenario must pass here.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

/// Runs a scenario with several seeds, judges each run, shows each to `prove`, and tells the first.
fn story(name: &str, prove: impl Fn(&Setup, &[Record])) -> String {
    let mut stories = SEEDS.map(|seed| {
        let setup = fault_setup(name, seed);
        let history = run(&setup).history;
        assert_passes(&setup, &history);
        prove(&setup, &history);
        tell(&history)
    });
    let first = stories.next().expect("a seed");
    // The others are run for what they prove.
    stories.for_each(drop);
    first
}

/// Faults, breakers and streams, one line each, up to the shutdown.
fn tell(history: &[Record]) -> String {
    let mut text = String::new();
    for record in history {
        let line = match &record.event {
            Event::World(WorldEvent::FaultStarted { fault, what }) => {
                format!("fault {fault} begins: {what}")
            }
            Event::World(WorldEvent::FaultEnded { fault, struck }) => {
                format!("fault {fault} ends, struck {struck} times")
            }
            Event::World(WorldEvent::PhaseStarted { phase }) => format!("-- {}", phase.as_str()),
            Event::Trader(AuditEvent::BreakerChanged { breaker, from, to, cause, .. }) => {
                format!("{breaker}: {from} -> {to}, {cause}")
            }
            Event::Trader(AuditEvent::StreamChanged { stream, state, reason }) => {
                format!("{stream}: {}, {reason}", state.as_str())
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => continue,
        };
        let millis = record.at().as_millis();
        let (minutes, seconds) = (millis / 60_000, millis % 60_000);
        writeln!(text, "{minutes:02}:{:02}.{:03}  {line}", seconds / 1_000, seconds % 1_000)
            .expect("a text takes everything");
    }
    text
}

/// Calls that ended, with the time that each took and its outcome.
fn calls(history: &[Record]) -> Vec<(String, Duration, Duration, CallOutcome)> {
    let mut started = BTreeMap::new();
    let mut ended = Vec::new();
    for record in history {
        if let Event::Trader(AuditEvent::CallStarted { call, op, .. }) = &record.event {
            started.insert(*call, (op.clone(), record.at()));
        } else if let Event::Trader(AuditEvent::CallEnded { call, outcome, .. }) = &record.event
            && let Some((op, at)) = started.remove(call)
        {
            ended.push((op, at, record.at().saturating_sub(at), *outcome));
        }
    }
    ended
}

/// When a breaker first opened.
fn opened(history: &[Record], name: &str) -> Option<Duration> {
    let opens = |record: &&Record| matches!(&record.event, Event::Trader(AuditEvent::BreakerChanged { breaker, to: BreakerState::Open, .. }) if breaker == name);
    history.iter().find(opens).map(Record::at)
}

fn in_doubt(history: &[Record]) -> usize {
    let unknown = |record: &&Record| matches!(&record.event, Event::Trader(AuditEvent::OrderChanged { state, .. }) if *state == OrderState::Unknown);
    history.iter().filter(unknown).count()
}

/// No call, hung or not, took longer than its bound, and some really were ended by it.
fn assert_ended_by_bound(history: &[Record], op: &str, bound: Duration) {
    let slack = Duration::from_millis(20);
    let calls = calls(history);
    let took = calls.iter().filter(|(name, ..)| name.starts_with(op)).map(|(_, _, took, _)| *took);
    let longest = took.max().expect("calls");
    assert!(longest <= bound + slack, "{op} took {longest:?}");
    assert!(longest >= bound, "no {op} was ended by its bound, the longest took {longest:?}");
}

/// Bound of an attempt at a query, and of the dial within.
const ATTEMPT: Duration = Duration::from_secs(10);
const DIAL: Duration = Duration::from_secs(10);
/// Bound of dial and handshake of a stream.
const CONNECT: Duration = Duration::from_secs(30);

/// What must hold of a run besides the checks. Panics where it does not.
pub(crate) type Proof = fn(&Setup, &[Record]);

pub(crate) fn hung_connect(_: &Setup, history: &[Record]) {
    assert!(opened(history, "kraken/read").is_some());
    assert_ended_by_bound(history, "kraken/OpenOrders", DIAL);
}

#[test]
fn a_hung_dial_ends_by_its_bound_and_opens_the_breaker() {
    insta::assert_snapshot!("hung_connect", story("hung-connect", hung_connect));
}

pub(crate) fn hung_head(_: &Setup, history: &[Record]) {
    assert!(opened(history, "kraken/read").is_some());
    assert_ended_by_bound(history, "kraken/OpenOrders", ATTEMPT);
}

#[test]
fn an_answer_that_never_begins_ends_by_its_bound() {
    insta::assert_snapshot!("hung_head", story("hung-head", hung_head));
}

pub(crate) fn hung_body(setup: &Setup, history: &[Record]) {
    assert!(opened(history, "kraken/read").is_some());
    assert_ended_by_bound(history, "kraken/OpenOrders", ATTEMPT);
    let (from, to) = (setup.plan.faults[0].at, setup.plan.faults[0].until);
    let succeeded = calls(history).into_iter().filter(|(op, at, took, outcome)| {
        let within = *at >= from && *at + *took < to && *outcome == CallOutcome::Success;
        within && !op.contains("connect") && !op.contains("subscribe")
    });
    assert_eq!(succeeded.count(), 0);
}

#[test]
fn half_an_answer_is_no_success() {
    insta::assert_snapshot!("hung_body", story("hung-body", hung_body));
}

pub(crate) fn hung_handshake(_: &Setup, history: &[Record]) {
    for stream in ["kraken/public/connect", "kraken/private/connect"] {
        assert_ended_by_bound(history, stream, CONNECT);
    }
}

#[test]
fn a_hung_handshake_ends_by_its_bound() {
    insta::assert_snapshot!("hung_handshake", story("hung-handshake", hung_handshake));
}

pub(crate) fn hung_subscribed(setup: &Setup, history: &[Record]) {
    let (from, to) = (setup.plan.faults[0].at, setup.plan.faults[0].until);
    for name in ["kraken/public", "kraken/private"] {
        let down = history.iter().filter(|record| (from..to).contains(&record.at())).filter(
            |record| matches!(&record.event, Event::Trader(AuditEvent::StreamChanged { stream, state: StreamState::Down, .. }) if stream == name),
        );
        // The first session, and new ones that were silent, too.
        assert!(down.count() >= 3, "{name}");
    }
}

#[test]
fn every_session_that_falls_silent_is_noticed() {
    insta::assert_snapshot!("hung_subscribed", story("hung-subscribed", hung_subscribed));
}

pub(crate) fn storm_429(setup: &Setup, history: &[Record]) {
    let asked = Duration::from_secs(7);
    let fault = &setup.plan.faults[0];
    let refused = history.iter().filter(|record| {
        matches!(&record.event, Event::Venue(VenueEvent::RequestAnswered { status: 429, .. }))
    });
    let refused: Vec<Duration> = refused.map(Record::at).collect();
    // What is on its way when the first refusal arrives comes with it; the next comes no sooner
    // than asked for, and not a second later if anybody waits.
    let together = Duration::from_secs(1);
    let gaps = refused.windows(2).map(|pair| pair[1] - pair[0]);
    let (bursts, within): (Vec<_>, Vec<_>) = gaps.partition(|gap| *gap >= together);
    let soonest = bursts.iter().min().expect("more than one burst");
    assert!(*soonest >= asked, "asked again after {soonest:?}");
    assert!(*soonest < asked + together, "asked again only after {soonest:?}");
    // No more than one for each of the three lanes and a second cancel at once.
    assert!(within.len() <= bursts.len() * 4, "{} refusals in {}", within.len(), bursts.len());
    assert!(refused.iter().all(|at| *at < fault.until + together));
    assert_eq!(opened(history, "kraken/read"), None, "a pause is no failure of the venue");
}

#[test]
fn a_request_to_retry_later_is_honoured_to_the_second() {
    insta::assert_snapshot!("storm_429", story("storm-429", storm_429));
}

pub(crate) fn slow_answers(setup: &Setup, history: &[Record]) {
    let (from, to) = (setup.plan.faults[0].at, setup.plan.faults[0].until);
    assert_eq!((in_doubt(history), opened(history, "kraken/read")), (0, None));
    let slow = calls(history).into_iter().filter(|(op, at, _, _)| {
        (from..to).contains(at) && (op.ends_with("Order") || op.ends_with("Orders"))
    });
    for (op, _, took, outcome) in slow {
        let bounds = Duration::from_secs(1)..=Duration::from_millis(4_200);
        assert!(bounds.contains(&took), "{op} took {took:?}");
        assert_eq!(outcome, CallOutcome::Success, "{op}");
    }
}

#[test]
fn slow_answers_are_no_failures() {
    insta::assert_snapshot!("slow_answers", story("slow-answers", slow_answers));
}

pub(crate) fn flapping(setup: &Setup, history: &[Record]) {
    assert_eq!(setup.plan.faults.len(), 6);
    assert!(opened(history, "kraken/read").is_some());
}

#[test]
fn a_flapping_service_is_met_by_the_same_rules_each_time() {
    insta::assert_snapshot!("flapping", story("flapping", flapping));
}

/// A run of a scenario with a lane of queries as production has it.
fn without_settings(name: &str, keep_retries: bool) -> Vec<Record> {
    let mut setup = fault_setup(name, 1);
    let production = LaneConfig::default();
    let lane = &mut setup.node.kraken.read_lane;
    lane.breaker.policy = production.breaker.policy;
    if !keep_retries {
        (lane.retry, lane.budget) = (production.retry, production.budget);
    }
    run(&setup).history
}

fn failed_queries(history: &[Record]) -> usize {
    let queries = calls(history).into_iter().filter(|(op, ..)| op.ends_with("Orders"));
    queries.filter(|(_, _, _, outcome)| *outcome == CallOutcome::Failure).count()
}

#[test]
fn slow_calls_open_a_breaker_though_none_fails() {
    let story = story("slow-calls", |_, history| {
        assert!(opened(history, "kraken/read").is_some());
        for lane in ["kraken/order", "kraken/cancel"] {
            assert_eq!(opened(history, lane), None, "{lane}");
        }
        assert_eq!(failed_queries(history), 0);
    });
    insta::assert_snapshot!("slow_calls", story);
    assert_eq!(opened(&without_settings("slow-calls", false), "kraken/read"), None);
}

#[test]
fn a_failure_rate_opens_a_breaker_where_failures_in_a_row_do_not() {
    let story = story("failure-rate", |_, history| {
        assert!(opened(history, "kraken/read").is_some());
    });
    insta::assert_snapshot!("failure_rate", story);
    let history = without_settings("failure-rate", true);
    assert!(failed_queries(&history) >= 10, "the same failures");
    assert_eq!(opened(&history, "kraken/read"), None);
}

/// The last value of a metric of the lane of queries.
fn of_read_lane(history: &[Record], metric: &str) -> u32 {
    let series = format!(r#"wavetank_lane_{metric}{{lane="kraken/read"}}"#);
    let value = |record: &Record| match &record.event {
        Event::World(WorldEvent::MetricsSampled { changed }) => changed.get(&series)?.parse().ok(),
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    };
    history.iter().rev().find_map(value).unwrap_or(0)
}

/// Queries, their retries and those that were denied, as sampled.
fn retries(history: &[Record]) -> String {
    let mut text = String::new();
    for at in 0..history.len() {
        let Event::World(WorldEvent::MetricsSampled { changed }) = &history[at].event else {
            continue;
        };
        let series = r#"wavetank_lane_attempts_total{lane="kraken/read"}"#;
        if changed.contains_key(series) && (50..=130).contains(&history[at].at().as_secs()) {
            let [attempts, retries, denied] =
                ["attempts_total", "retries_total", "retries_denied_total"]
                    .map(|metric| of_read_lane(&history[..=at], metric));
            writeln!(
                text,
                "{:>4} s  {attempts:>3} attempts, {retries} of them retries, {denied} retries denied",
                history[at].at().as_secs()
            )
            .expect("a text");
        }
    }
    text
}

#[test]
fn a_retry_budget_denies_the_storm_of_retries() {
    story("retry-budget", |_, history| {
        // Three saved up, and one for every ten queries.
        let [calls, retries, denied] = ["calls_total", "retries_total", "retries_denied_total"]
            .map(|metric| of_read_lane(history, metric));
        assert!(retries >= 3 && retries <= 3 + calls / 10, "{retries} retries of {calls} calls");
        assert!(denied >= 5, "only {denied} retries were denied");
        assert_eq!(opened(history, "kraken/read"), None);
    });
    insta::assert_snapshot!("retry_budget", retries(&run(&fault_setup("retry-budget", 1)).history));
    // With the budget of production nothing is denied, and most of it is a storm.
    let mut generous = fault_setup("retry-budget", 1);
    generous.node.kraken.read_lane.budget = RetryBudgetConfig::default();
    let history = run(&generous).history;
    assert_eq!(of_read_lane(&history, "retries_denied_total"), 0);
    assert!(of_read_lane(&history, "retries_total") >= 20);
}

/// Series of the counter that Kraken keeps for the pair, as the client mirrors it.
fn engine_counter(what: &str) -> String {
    format!(r#"wavetank_limiter_{what}{{limiter="kraken/engine/BTC/USD","#)
}

/// The counter of the pair as the client mirrors it: times in seconds with what is used, and its capacity.
fn engine_samples(history: &[Record]) -> (Vec<(u64, u32)>, u32) {
    let (mut used, mut capacity) = (Vec::new(), 0);
    for record in history {
        let Event::World(WorldEvent::MetricsSampled { changed }) = &record.event else {
            continue;
        };
        for (series, value) in changed {
            let value: u32 = value.parse().unwrap_or(0);
            if series.starts_with(&engine_counter("used")) {
                used.push((record.at().as_secs(), value));
            } else if series.starts_with(&engine_counter("capacity")) {
                capacity = value;
            }
        }
    }
    (used, capacity)
}

pub(crate) fn limiter_overload(_: &Setup, history: &[Record]) {
    let (used, capacity) = engine_samples(history);
    let highest = used.iter().map(|(_, used)| *used).max().expect("samples");
    assert!(capacity > 0 && highest <= capacity, "{highest} of {capacity}");
    assert!(highest * 10 >= capacity * 9, "the limit was never felt: {highest} of {capacity}");
    let cancels = |(op, _, _, outcome): &(String, Duration, Duration, CallOutcome)| {
        op == "kraken/CancelOrder" && *outcome == CallOutcome::Success
    };
    let cancels = calls(history).iter().filter(|call| cancels(call)).count();
    assert!(cancels >= 20, "it is cancels that are dear, and there were {cancels}");
}

/// No breaker and no stream has anything to tell here: the counter does.
#[test]
fn a_strategy_in_a_hurry_waits_at_home() {
    for seed in SEEDS {
        let setup = fault_setup("limiter-overload", seed);
        let history = run(&setup).history;
        assert_passes(&setup, &history);
        limiter_overload(&setup, &history);
        if seed == *SEEDS.start() {
            let (used, capacity) = engine_samples(&history);
            let mut text = String::new();
            for (second, used) in used {
                writeln!(text, "{second:>4} s  {used:>3} of {capacity}").expect("a text");
            }
            insta::assert_snapshot!("limiter_overload", text);
        }
    }
}
