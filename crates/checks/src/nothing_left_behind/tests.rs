use super::*;
use crate::testkit::events::{started, stopped, trader_order, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

fn is_end(record: &Record) -> bool {
    matches!(record.event, Event::World(WorldEvent::HostStopped { .. }))
}

#[test]
fn a_leaked_task_and_a_leaked_socket_are_reported() {
    let mut story = clean();
    story.without(is_end).tell(200_040, "trader", Event::World(stopped(1, 2)));
    reports(&story, "trader left 1 tasks alive");
    reports(&story, "trader left 2 sockets open");
}

#[test]
fn other_hosts_may_end_as_they_like() {
    let mut story = clean();
    story.tell(100_000, "kraken", Event::World(stopped(3, 4)));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn an_error_at_the_end_is_reported() {
    let mut story = clean();
    story.change(|record| match &mut record.event {
        Event::World(WorldEvent::HostStopped { error, .. }) => {
            *error = Some("journal is full".to_owned());
            true
        }
        Event::World(_) | Event::Trader(_) | Event::Venue(_) | Event::Sink(_) => false,
    });
    reports(&story, "trader ended with an error: journal is full");
}

#[test]
fn a_trader_that_ends_too_early_or_never_is_reported() {
    let mut story = clean();
    story.without(is_end);
    reports(&story, "host trader never ended");
    story.tell(100_000, "trader", Event::World(stopped(0, 0)));
    reports(&story, "trader ended before it was told to");
}

#[test]
fn a_shutdown_that_takes_too_long_is_reported() {
    let mut story = clean();
    story.without(is_end).tell(330_000, "trader", Event::World(stopped(0, 0)));
    reports(&story, "host trader took 130.000 s to end, at most 120.000 s allowed");
}

#[test]
fn a_shutdown_that_does_not_finish_is_reported() {
    let is_last = |record: &Record| matches!(audit(record), Some(AuditEvent::Shutdown { step, .. }) if step == STOPPED);
    let mut story = clean();
    story.without(is_last);
    reports(&story, "the shutdown never reached its last step, `stopped`");
    let unfinished = vec!["token-refresh".to_owned(), "reconcile".to_owned()];
    story.trader(200_030, AuditEvent::Shutdown { step: STOPPED.to_owned(), unfinished });
    reports(&story, "shutdown step stopped left unfinished: token-refresh, reconcile");
}

#[test]
fn a_call_after_the_end_is_reported() {
    let mut story = clean();
    story.trader(200_035, started(40, "Balance"));
    reports(&story, "call #40 kraken/Balance begins after the trader stopped");
}

#[test]
fn an_open_order_is_reported_at_both_ends() {
    let mut story = clean();
    story
        .trader(190_000, trader_order("o-9", OrderState::Open, "0"))
        .venue(190_000, venue_order("o-9", "V9", OrderState::Open, "0"));
    reports(&story, "venue order V9 is still open");
    reports(&story, "order o-9 is left open");
}

/// A trader that gives up amid faults cannot write to a database that is out of reach; after healing it can.
#[test]
fn a_flush_may_stay_unfinished_amid_faults_only() {
    let flush = |at_ms: u64, left: &str| {
        let mut story = clean();
        let unfinished = vec![left.to_owned()];
        let step = "flush-sinks".to_owned();
        story.trader(at_ms, AuditEvent::Shutdown { step, unfinished });
        story
    };
    assert_passes(CHECK.name, &flush(100_000, "influxdb: flush"), &expectations());
    reports(&flush(100_000, "reconcile"), "step flush-sinks left unfinished: reconcile");
    reports(&flush(130_000, "influxdb: flush"), "left unfinished: influxdb: flush");
}
