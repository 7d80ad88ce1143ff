//! The database is away: trading does not notice, and no point is lost without a word.

use model::audit::AuditEvent;
use model::history::{Event, Record, SinkEvent, WorldEvent};
use sim::Setup;

use crate::support::{assert_passes, run, sink_down, sink_setup};

#[test]
fn every_promise_holds_while_the_database_is_away() {
    let (setup, outcome) = sink_down();
    assert_passes(setup, &outcome.history);
    for seed in 2..=3 {
        let setup = sink_setup(seed);
        assert_passes(&setup, &run(&setup).history);
    }
}

/// Order by order, fill by fill, at the same times.
#[test]
fn trading_is_the_same_as_without_the_outage() {
    let (setup, outcome) = sink_down();
    let mut calm: Setup = setup.clone();
    calm.plan.faults.clear();
    let orders = trading(&outcome.history);
    assert!(orders.len() > 100, "only {} lines", orders.len());
    assert_eq!(orders, trading(&run(&calm).history));
}

#[test]
fn the_story_of_the_sink_is_as_a_person_would_expect() {
    let (_, outcome) = sink_down();
    insta::assert_snapshot!("sink_down", story(&outcome.history));
}

/// The sampled metrics say it too: the points that were written by the last sample are in the history.
#[test]
fn the_metrics_of_the_sink_are_in_the_history() {
    let (_, outcome) = sink_down();
    let written = r#"wavetank_sink_points_total{result="written",sink="influx/write"}"#;
    let samples: Vec<u64> = outcome
        .history
        .iter()
        .filter_map(|record| match &record.event {
            Event::World(WorldEvent::MetricsSampled { changed }) => {
                changed.get(written)?.parse().ok()
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        })
        .collect();
    assert!(samples.is_sorted(), "a total that falls: {samples:?}");
    assert!(samples.last().is_some_and(|points| *points > 0), "{samples:?}");
}

/// What the trader sent and what became of it, with times.
fn trading(history: &[Record]) -> Vec<String> {
    let line = |record: &Record| match &record.event {
        Event::Trader(AuditEvent::CallStarted { op, client_order_id: Some(id), .. }) => {
            Some(format!("{} {op} {id}", record.at_ns))
        }
        Event::Trader(
            event @ (AuditEvent::OrderIntent { .. }
            | AuditEvent::OrderChanged { .. }
            | AuditEvent::Filled { .. }
            | AuditEvent::PositionChanged { .. }),
        ) => Some(format!("{} {event}", record.at_ns)),
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    };
    history.iter().filter_map(line).collect()
}

/// Faults, breaker, health and losses as they came; between them, how the writes were answered.
fn story(history: &[Record]) -> String {
    let mut lines = Vec::new();
    let mut writes: Option<(u16, u64, u64)> = None;
    let flush = |writes: &mut Option<(u16, u64, u64)>, lines: &mut Vec<String>| {
        if let Some((status, count, points)) = writes.take() {
            lines.push(format!(
                "             {count} writes answered {status}, {points} points stored"
            ));
        }
    };
    for record in history {
        if let Event::Sink(SinkEvent::WriteAnswered { status, points }) = &record.event {
            if writes.is_some_and(|(before, _, _)| before != *status) {
                flush(&mut writes, &mut lines);
            }
            let (_, count, stored) = writes.get_or_insert((*status, 0, 0));
            *count += 1;
            *stored += points;
        } else if let Some(told) = told(&record.event) {
            flush(&mut writes, &mut lines);
            let ms = record.at_ns / 1_000_000;
            lines.push(format!("{:>8}.{:03} s {told}", ms / 1000, ms % 1000));
        }
    }
    flush(&mut writes, &mut lines);
    lines.join("\n")
}

fn told(event: &Event) -> Option<String> {
    match event {
        Event::World(WorldEvent::FaultStarted { .. } | WorldEvent::FaultEnded { .. }) => {
            Some(event.to_string())
        }
        Event::Trader(AuditEvent::BreakerChanged { breaker, .. }) if breaker == "influx/write" => {
            Some(event.to_string())
        }
        Event::Trader(AuditEvent::HealthChanged { dependency, .. }) if dependency == "influxdb" => {
            Some(event.to_string())
        }
        Event::Trader(AuditEvent::SinkLost { .. }) => Some(event.to_string()),
        Event::Trader(AuditEvent::Shutdown { .. }) => Some(event.to_string()),
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    }
}
