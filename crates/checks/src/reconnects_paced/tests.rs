use super::*;
use crate::testkit::events::stream;
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
