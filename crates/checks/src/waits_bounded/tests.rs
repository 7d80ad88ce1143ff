use model::audit::CallOutcome;
use model::history::Event;

use super::*;
use crate::testkit::events::{ended, fault, healed, started};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn a_wait_beyond_its_bound_is_reported() {
    let wait = |ends_ms| {
        let mut story = Story::new();
        story.trader(1_000, started(0, "Balance")).trader(ends_ms, ended(0, CallOutcome::Failure));
        story
    };
    assert_passes(CHECK.name, &wait(11_020), &expectations());
    reports(&wait(11_021), "call #0 kraken/Balance took 10.021 s, at most 10.000 s allowed");
}

#[test]
fn a_wait_that_never_ends_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(record.event, Event::Trader(AuditEvent::CallEnded { call: 7, .. }))
    });
    reports(&story, "call #7 kraken/QueryOrders, begun at 95.000 s, never ended");
}

#[test]
fn a_call_that_ends_twice_or_begins_twice_is_reported() {
    let mut story = clean();
    story.trader(180_000, ended(9, CallOutcome::Success));
    reports(&story, "call #9 ended, but was not running");
    let mut story = clean();
    story.trader(180_000, started(9, "Balance")).trader(180_001, ended(9, CallOutcome::Success));
    reports(&story, "call #9 kraken/Balance began with a used number");
}

#[test]
fn a_bound_longer_than_allowed_is_reported() {
    let bounded = |ms| {
        let mut call = started(50, "Balance");
        if let AuditEvent::CallStarted { bound_ms, .. } = &mut call {
            *bound_ms = ms;
        }
        let mut story = clean();
        story.trader(180_000, call).trader(180_020, ended(50, CallOutcome::Success));
        story
    };
    assert_passes(CHECK.name, &bounded(10_000), &expectations());
    let message = "call #50 kraken/Balance may take 10.001 s, at most 10.000 s allowed";
    reports(&bounded(10_001), message);
    reports(&bounded(u64::MAX), "call #50 kraken/Balance may take");
}

#[test]
fn a_wait_that_runs_out_while_the_trader_is_frozen_ends_with_the_thaw() {
    let mut story = clean();
    story
        .world(100_000, fault(7, "freeze trader"))
        .world(104_900, healed(7, 1))
        .world(104_950, fault(8, "freeze trader"))
        .world(112_000, healed(8, 1))
        .change(|record| match &record.event {
            Event::Trader(AuditEvent::CallEnded { call: 7, .. }) => {
                record.at_ns = 112_010_000_000;
                true
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
        });
    let mut expect = expectations();
    assert_reports(CHECK.name, &story, &expect, "call #7 kraken/QueryOrders took 17.010 s");
    expect.freezes = [7, 8].into();
    assert_passes(CHECK.name, &story, &expect);
    expect.freezes = [7].into();
    assert_reports(CHECK.name, &story, &expect, "call #7 kraken/QueryOrders took 17.010 s");
}
