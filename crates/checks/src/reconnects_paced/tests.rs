use super::*;
use crate::testkit::events::{fault, healed, stream};
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

const PUBLIC: &str = "kraken/public";

/// Waits in milliseconds between losses of a stream that is live for as many milliseconds in between.
fn waits(live_ms: u64, waits_ms: &[u64]) -> Story {
    let mut story = Story::new();
    let mut at_ms = 1_000;
    for wait_ms in waits_ms {
        story.trader(at_ms, stream(PUBLIC, StreamState::Live, "subscribed"));
        at_ms += live_ms;
        story.trader(at_ms, stream(PUBLIC, StreamState::Down, "reset"));
        at_ms += wait_ms;
        story.trader(at_ms, stream(PUBLIC, StreamState::Connecting, "again"));
    }
    story
}

#[test]
fn waits_that_grow_pass() {
    assert_passes(CHECK.name, &waits(100, &[700, 1_300, 2_900, 4_001, 5_100]), &expectations());
}

#[test]
fn a_wait_that_is_too_short_is_reported() {
    let message =
        "stream kraken/public connects again after 0.100 s, not before 0.500 s after 0 tries";
    assert_reports(CHECK.name, &waits(100, &[100]), &expectations(), message);
}

#[test]
fn waits_that_do_not_grow_are_reported() {
    let message =
        "stream kraken/public connects again after 0.900 s, not before 1.000 s after 1 tries";
    assert_reports(CHECK.name, &waits(100, &[900, 900]), &expectations(), message);
}

#[test]
fn waits_begin_anew_once_a_stream_was_live_for_long() {
    assert_passes(CHECK.name, &waits(60_000, &[600, 900, 700]), &expectations());
    let message = "not before 2.000 s after 2 tries";
    assert_reports(CHECK.name, &waits(59_000, &[900, 1_100, 900]), &expectations(), message);
}

#[test]
fn waits_without_chance_are_reported() {
    let message = "4 waits in a row leave nothing to chance";
    let certain = [1_000, 2_000, 4_010, 8_000];
    assert_reports(CHECK.name, &waits(100, &certain), &expectations(), message);
    // One that was told to wait says nothing, one that was shorter says that there is chance.
    let told = [1_000, 2_000, 30_000, 8_000, 10_000];
    assert_reports(CHECK.name, &waits(100, &told), &expectations(), message);
    assert_passes(CHECK.name, &waits(100, &[1_000, 2_000, 3_900, 8_000, 10_000]), &expectations());
}

#[test]
fn without_chance_in_the_rule_nothing_is_left_to_it() {
    let mut expect = expectations();
    let rule = expect.reconnect.as_mut().unwrap();
    rule.least_percent = 100;
    assert_passes(CHECK.name, &waits(100, &[1_000, 2_000, 4_000, 8_000]), &expect);
    let message = "not before 8.000 s after 3 tries";
    assert_reports(CHECK.name, &waits(100, &[1_000, 2_000, 4_000, 7_900]), &expect, message);
}

/// A stream that is down for a reason at 10 s and connects again at a time.
fn again_at(reason: &str, at_ms: u64) -> Story {
    let mut story = Story::new();
    story
        .world(5_000, fault(7, "ws-status 503"))
        .trader(10_000, stream(PUBLIC, StreamState::Down, reason))
        .trader(at_ms, stream(PUBLIC, StreamState::Connecting, "again"))
        .world(60_000, healed(7, 1));
    story
}

#[test]
fn a_dial_that_was_sent_away_is_not_made_again_before_its_time() {
    let reason = "websocket upgrade refused with status 503";
    let mut expect = expectations();
    expect.dial_refusals.insert(7, Duration::ZERO);
    assert_passes(CHECK.name, &again_at(reason, 13_000), &expect);
    expect.dial_refusals.insert(7, Duration::from_secs(9));
    let message = "connects again after 3.000 s, though it was told to stay away for 9.000 s";
    assert_reports(CHECK.name, &again_at(reason, 13_000), &expect, message);
    assert_passes(CHECK.name, &again_at(reason, 19_000), &expect);
    // Which of two refused it, nobody knows.
    let mut story = again_at(reason, 13_000);
    story.world(6_000, fault(8, "ws-status 403"));
    expect.dial_refusals.insert(8, Duration::ZERO);
    assert_passes(CHECK.name, &story, &expect);
}
