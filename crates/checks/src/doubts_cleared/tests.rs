use super::*;
use crate::testkit::events::{applied, stream};
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

/// A stream with a book at 10 s that is down at a time for a reason.
fn down_at(at_ms: u64, reason: &str) -> Story {
    let mut story = Story::new();
    story
        .trader(1_000, stream("kraken/public", StreamState::Live, "subscribed"))
        .trader(10_000, applied(0xa1))
        .trader(at_ms, stream("kraken/public", StreamState::Down, reason));
    story
}

#[test]
fn a_stream_that_is_given_up_too_soon_is_reported() {
    let message = "stream kraken/public is given up as silent 14.900 s after its last book, not after 15.000 s";
    assert_reports(CHECK.name, &down_at(24_900, "silent for 200ms"), &expectations(), message);
}

#[test]
fn a_stream_that_was_silent_for_long_enough_passes() {
    assert_passes(CHECK.name, &down_at(25_000, "silent for 15s"), &expectations());
    assert_passes(CHECK.name, &down_at(24_990, "silent for 15s"), &expectations());
}

#[test]
fn a_stream_that_is_lost_for_another_reason_passes() {
    assert_passes(CHECK.name, &down_at(10_100, "reset"), &expectations());
}

#[test]
fn what_another_connection_brought_counts_for_nothing() {
    let mut story = down_at(11_000, "reset");
    story
        .trader(12_000, stream("kraken/public", StreamState::Connecting, "again"))
        .trader(13_000, stream("kraken/public", StreamState::Live, "subscribed"))
        .trader(14_000, stream("kraken/public", StreamState::Down, "silent for 15s"));
    assert_passes(CHECK.name, &story, &expectations());
}
