//! One scenario per mechanism: its story as a person would tell it, and what proves that the mechanism
//! did its work. The expectations of each hold for every seed; the stories are those of seed 1.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use model::OrderState;
use model::audit::{AuditEvent, BreakerState, CallOutcome, StreamState};
use model::history::{Event, Record, VenueEvent, WorldEvent};
use scenario::Scenario;
use sim::Setup;

use crate::support::{assert_passes, root, run, with_tape};

/// Seeds that each scenario must pass here.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

/// Runs a scenario with several seeds, judges each run, shows each to `prove`, and tells the first.
fn story(name: &str, prove: impl Fn(&Setup, &[Record])) -> String {
    let path = root().join(format!("scenarios/faults/{name}.toml"));
    let scenario = Scenario::load(&path).expect("a valid scenario");
    let tape = scenario.tape_path();
    let mut stories = SEEDS.map(|seed| {
        let setup = with_tape(scenario.clone(), &tape, seed);
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

#[test]
fn a_hung_dial_ends_by_its_bound_and_opens_the_breaker() {
    let story = story("hung-connect", |_, history| {
        assert!(opened(history, "kraken/read").is_some());
        assert_ended_by_bound(history, "kraken/OpenOrders", DIAL);
    });
    insta::assert_snapshot!("hung_connect", story);
}

#[test]
fn an_answer_that_never_begins_ends_by_its_bound() {
    let story = story("hung-head", |_, history| {
        assert!(opened(history, "kraken/read").is_some());
        assert_ended_by_bound(history, "kraken/OpenOrders", ATTEMPT);
    });
    insta::assert_snapshot!("hung_head", story);
}

#[test]
fn half_an_answer_is_no_success() {
    let story = story("hung-body", |setup, history| {
        assert!(opened(history, "kraken/read").is_some());
        assert_ended_by_bound(history, "kraken/OpenOrders", ATTEMPT);
        let (from, to) = (setup.plan.faults[0].at, setup.plan.faults[0].until);
        let succeeded = calls(history).into_iter().filter(|(op, at, took, outcome)| {
            let within = *at >= from && *at + *took < to && *outcome == CallOutcome::Success;
            within && !op.contains("connect") && !op.contains("subscribe")
        });
        assert_eq!(succeeded.count(), 0);
    });
    insta::assert_snapshot!("hung_body", story);
}

#[test]
fn a_hung_handshake_ends_by_its_bound() {
    let story = story("hung-handshake", |_, history| {
        for stream in ["kraken/public/connect", "kraken/private/connect"] {
            assert_ended_by_bound(history, stream, CONNECT);
        }
    });
    insta::assert_snapshot!("hung_handshake", story);
}

#[test]
fn every_session_that_falls_silent_is_noticed() {
    let story = story("hung-subscribed", |setup, history| {
        let (from, to) = (setup.plan.faults[0].at, setup.plan.faults[0].until);
        for name in ["kraken/public", "kraken/private"] {
            let down = history.iter().filter(|record| (from..to).contains(&record.at())).filter(
                |record| matches!(&record.event, Event::Trader(AuditEvent::StreamChanged { stream, state: StreamState::Down, .. }) if stream == name),
            );
            // The first session, and new ones that were silent, too.
            assert!(down.count() >= 3, "{name}");
        }
    });
    insta::assert_snapshot!("hung_subscribed", story);
}

#[test]
fn a_request_to_retry_later_is_honoured_to_the_second() {
    let asked = Duration::from_secs(7);
    let story = story("storm-429", |setup, history| {
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
    });
    insta::assert_snapshot!("storm_429", story);
}

#[test]
fn slow_answers_are_no_failures() {
    let story = story("slow-answers", |setup, history| {
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
    });
    insta::assert_snapshot!("slow_answers", story);
}

#[test]
fn a_flapping_service_is_met_by_the_same_rules_each_time() {
    let story = story("flapping", |setup, history| {
        assert_eq!(setup.plan.faults.len(), 6);
        assert!(opened(history, "kraken/read").is_some());
    });
    insta::assert_snapshot!("flapping", story);
}

/// Series of the counter that Kraken keeps for the pair, as the client mirrors it.
fn engine_counter(what: &str) -> String {
    format!(r#"wavetank_limiter_{what}{{limiter="kraken/engine/BTC/USD","#)
}

/// No breaker and no stream has anything to tell here: the counter does.
#[test]
fn a_strategy_in_a_hurry_waits_at_home() {
    let path = root().join("scenarios/faults/limiter-overload.toml");
    let scenario = Scenario::load(&path).expect("a valid scenario");
    let tape = scenario.tape_path();
    for seed in SEEDS {
        let setup = with_tape(scenario.clone(), &tape, seed);
        let history = run(&setup).history;
        assert_passes(&setup, &history);
        let (mut used, mut capacity) = (Vec::new(), 0);
        for record in &history {
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
        let highest = used.iter().map(|(_, used)| *used).max().expect("samples");
        assert!(capacity > 0 && highest <= capacity, "{highest} of {capacity}");
        assert!(highest * 10 >= capacity * 9, "the limit was never felt: {highest} of {capacity}");
        let cancels = |(op, _, _, outcome): &(String, Duration, Duration, CallOutcome)| {
            op == "kraken/CancelOrder" && *outcome == CallOutcome::Success
        };
        let cancels = calls(&history).iter().filter(|call| cancels(call)).count();
        assert!(cancels >= 20, "it is cancels that are dear, and there were {cancels}");
        if seed == *SEEDS.start() {
            let mut text = String::new();
            for (second, used) in used {
                writeln!(text, "{second:>4} s  {used:>3} of {capacity}").expect("a text");
            }
            insta::assert_snapshot!("limiter_overload", text);
        }
    }
}
