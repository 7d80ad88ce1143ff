//! The steps of a shutdown, each of them hanging once: the order stays, every bound holds, the report
//! names what was late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::StrategySpec;
use model::audit::{AuditEvent, HealthState};
use model::history::{Event, Record, WorldEvent};
use node::{Sink, SinkContext, SinkSpec};
use platform::{BoxFuture, TaskError};
use scenario::FaultKind;
use sim::{Setup, TRADER};

use crate::support::{ended, outage};

const MINUTE: Duration = Duration::from_secs(60);

/// What a sink does when it is flushed.
#[derive(Debug, Clone, Copy)]
enum Flush {
    Works,
    Fails,
    Hangs,
    Panics,
}

/// A sink of which only the end is looked at.
#[derive(Debug)]
struct Planted {
    flush: Flush,
    flushed: Arc<AtomicBool>,
}

impl Sink for Planted {
    fn flush(&self) -> BoxFuture<'_, Result<(), TaskError>> {
        Box::pin(async {
            match self.flush {
                Flush::Works => {
                    self.flushed.store(true, Ordering::SeqCst);
                    Ok(())
                }
                Flush::Fails => Err("the database is away".into()),
                Flush::Hangs => std::future::pending().await,
                Flush::Panics => panic!("the sink is broken"),
            }
        })
    }
}

fn sink(name: &str, flush: Flush, flushed: &Arc<AtomicBool>) -> SinkSpec {
    let flushed = Arc::clone(flushed);
    SinkSpec::new(name, move |context: SinkContext| {
        context.health.up();
        Arc::new(Planted { flush, flushed: Arc::clone(&flushed) })
    })
}

/// A calm market of a minute, with a market maker that always has orders out.
fn calm() -> Setup {
    let mut setup = outage(1);
    setup.plan.faults.clear();
    setup.scenario.run.length = MINUTE;
    setup.node.strategy = StrategySpec::parse("quoter:every_s=1").expect("a strategy").factory();
    setup
}

/// Steps of the shutdown with their seconds after the first; what was late in brackets.
fn steps(history: &[Record]) -> Vec<String> {
    let mut first = None;
    let step = |record: &Record| {
        let Event::Trader(AuditEvent::Shutdown { step, unfinished }) = &record.event else {
            return None;
        };
        let since = record.at_ns - *first.get_or_insert(record.at_ns);
        let late = if unfinished.is_empty() { String::new() } else { format!(" {unfinished:?}") };
        Some(format!("{} {step}{late}", since / 1_000_000_000))
    };
    history.iter().filter_map(step).collect()
}

/// Tasks and sockets that the trader's host left.
fn left(history: &[Record]) -> (u64, u64) {
    let mut ends = history.iter().filter(|record| record.host == TRADER);
    let end = ends.find_map(|record| match &record.event {
        Event::World(WorldEvent::HostStopped { tasks_alive, sockets_open, .. }) => {
            Some((*tasks_alive, *sockets_open))
        }
        Event::World(_) | Event::Trader(_) | Event::Venue(_) | Event::Sink(_) => None,
    });
    end.expect("the trader ended")
}

#[test]
fn sinks_that_hang_fail_or_panic_keep_nothing_from_the_others() {
    let flushed = Arc::new(AtomicBool::new(false));
    let mut setup = calm();
    let plan = [
        ("hangs", Flush::Hangs),
        ("panics", Flush::Panics),
        ("fails", Flush::Fails),
        ("works", Flush::Works),
    ];
    for (name, flush) in plan {
        setup.node.sinks.push(sink(name, flush, &flushed));
        setup.node.optional.insert(name.to_owned());
    }
    let (result, history) = ended(&setup);
    let report = result.expect("none of them is needed");
    assert!(flushed.load(Ordering::SeqCst));
    assert!(report.orders > 0 && report.unsettled.is_empty());
    let expected = [
        "task group `hangs`: task `flush` did not stop in time;",
        "task group `panics`: task `flush` failed: panicked: the sink is broken;",
        "task group `fails`: task `flush` failed: the database is away;",
    ];
    assert_eq!(report.left, expected);
    let expected = [
        "0 stop-intake",
        "0 settle-orders",
        "0 flush-sinks",
        r#"5 flush-sinks ["hangs: flush"]"#,
        "5 close-streams",
        "5 close-connections",
        r#"5 stopped ["hangs: flush"]"#,
    ];
    assert_eq!(steps(&history), expected);
    assert_eq!(left(&history), (0, 0));
}

#[test]
fn a_sink_that_is_needed_and_not_flushed_is_an_error_with_everything_else_in_order() {
    let flushed = Arc::new(AtomicBool::new(false));
    let mut setup = calm();
    setup.node.sinks.push(sink("ledger", Flush::Hangs, &flushed));
    let (result, history) = ended(&setup);
    let expected = "task group `ledger`: task `flush` did not stop in time;".to_owned();
    assert_eq!(result.map(|_| ()), Err(expected));
    assert_eq!(steps(&history).len(), 7);
    assert_eq!(left(&history), (0, 0));
}

/// A sink with a task that runs for a while, then panics, or is deaf until it is aborted.
fn with_task(name: &str, panics_after: Option<Duration>) -> SinkSpec {
    SinkSpec::new(name, move |context: SinkContext| {
        context.health.up();
        context.spawner.spawn_graceful("sinks", "writer", move |_deaf| async move {
            match panics_after {
                Some(time) => {
                    tokio::time::sleep(time).await;
                    panic!("the writer is broken")
                }
                None => std::future::pending().await,
            }
        });
        Arc::new(Planted { flush: Flush::Works, flushed: Arc::default() })
    })
}

#[test]
fn a_task_that_does_not_hear_is_aborted_and_named() {
    let mut setup = calm();
    setup.node.sinks.push(with_task("deaf", None));
    setup.node.optional.insert("deaf".to_owned());
    let (result, history) = ended(&setup);
    let report = result.expect("it is not needed");
    assert_eq!(report.left, ["task group `deaf`: task `writer` did not stop in time;"]);
    let expected = [
        "0 stop-intake",
        "0 settle-orders",
        "0 flush-sinks",
        "0 close-streams",
        "0 close-connections",
        r#"10 close-connections ["deaf: writer"]"#,
        r#"10 stopped ["deaf: writer"]"#,
    ];
    assert_eq!(steps(&history), expected);
    assert_eq!(left(&history), (0, 0));
}

/// Seconds of the changes of one dependency.
fn changes(history: &[Record], name: &str) -> Vec<(u64, HealthState)> {
    let change = |record: &Record| {
        let Event::Trader(AuditEvent::HealthChanged { dependency, state, .. }) = &record.event
        else {
            return None;
        };
        (dependency == name).then_some((record.at_ns / 1_000_000_000, *state))
    };
    history.iter().filter_map(change).collect()
}

#[test]
fn a_sink_that_breaks_is_told_and_ends_the_node_only_if_it_is_needed() {
    let broken = |optional: bool| {
        let mut setup = calm();
        setup.node.sinks.push(with_task("sink", Some(Duration::from_secs(20))));
        if optional {
            setup.node.optional.insert("sink".to_owned());
        }
        let (result, history) = ended(&setup);
        assert_eq!(
            changes(&history, "sink"),
            [(0, HealthState::Up), (20, HealthState::Down)],
            "the lack is in the history"
        );
        assert_eq!(left(&history), (0, 0));
        let stopped_at = history.iter().find_map(|record| match &record.event {
            Event::Trader(AuditEvent::Shutdown { .. }) => Some(record.at_ns / 1_000_000_000),
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        (result.map(|report| report.unsettled.len()), stopped_at.expect("it ended"))
    };
    assert_eq!(broken(true), (Ok(0), 60));
    let error = "task group `sink`: task `writer` failed: panicked: the writer is broken;";
    assert_eq!(broken(false), (Err(error.to_owned()), 20));
}

#[test]
fn a_venue_that_hangs_through_the_shutdown_leaves_orders_that_are_named() {
    let mut setup = outage(1);
    setup.scenario.run.length = MINUTE;
    setup.node.strategy = StrategySpec::parse("quoter:every_s=1").expect("a strategy").factory();
    setup.plan.faults.retain(|fault| matches!(fault.kind, FaultKind::Hold(_)));
    for fault in &mut setup.plan.faults {
        fault.at = Duration::from_secs(55);
        fault.until = MINUTE * 60;
    }
    setup.node.settle_max = Duration::from_secs(20);
    let flushed = Arc::new(AtomicBool::new(false));
    setup.node.sinks.push(sink("ledger", Flush::Works, &flushed));
    let (result, history) = ended(&setup);
    let report = result.expect("nothing failed but the venue");
    assert!(!report.unsettled.is_empty());
    assert!(report.unsettled.iter().all(|order| order.contains(" is ")), "{:?}", report.unsettled);
    assert!(flushed.load(Ordering::SeqCst), "the next steps are taken nevertheless");
    let steps = steps(&history);
    let (last, others) = steps.split_last().expect("steps");
    let expected = ["0 stop-intake", "0 settle-orders", "20 flush-sinks", "20 close-streams"];
    assert_eq!(others[..4], expected);
    assert!(last.contains("stopped [\"order "), "{last}");
    let seconds: u64 = last.split(' ').next().and_then(|text| text.parse().ok()).expect("seconds");
    assert!(seconds <= 40, "{last}");
    assert_eq!(left(&history), (0, 0));
}
