use super::*;
use crate::testkit::events::{ended, stream, subscribing};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

const PUBLIC: &str = "kraken/public";

fn reports(story: &Story) {
    let fragment = "stream kraken/public is live, but no subscription succeeded";
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

/// A connection whose subscription ends with `outcome` before the stream is live.
fn subscribed(outcome: CallOutcome) -> Story {
    let mut story = Story::new();
    story
        .trader(10, stream(PUBLIC, StreamState::Connecting, "start"))
        .trader(20, subscribing(0, PUBLIC))
        .trader(30, ended(0, outcome))
        .trader(40, stream(PUBLIC, StreamState::Live, "subscribed"));
    story
}

#[test]
fn a_stream_that_subscribed_in_vain_is_reported() {
    assert_passes(CHECK.name, &subscribed(CallOutcome::Success), &expectations());
    for outcome in [CallOutcome::Failure, CallOutcome::Ignored, CallOutcome::Cancelled] {
        reports(&subscribed(outcome));
    }
}

#[test]
fn a_stream_that_is_live_before_the_acknowledgement_is_reported() {
    let mut story = Story::new();
    story
        .trader(10, stream(PUBLIC, StreamState::Connecting, "start"))
        .trader(20, subscribing(0, PUBLIC))
        .trader(40, stream(PUBLIC, StreamState::Live, "dialled"))
        .trader(50, ended(0, CallOutcome::Success));
    reports(&story);
}

#[test]
fn another_streams_subscription_does_not_count() {
    let mut story = Story::new();
    story
        .trader(10, stream(PUBLIC, StreamState::Connecting, "start"))
        .trader(20, subscribing(0, "kraken/private"))
        .trader(30, ended(0, CallOutcome::Success))
        .trader(40, stream(PUBLIC, StreamState::Live, "subscribed"));
    reports(&story);
}

#[test]
fn the_subscription_of_the_connection_before_does_not_count() {
    let mut story = subscribed(CallOutcome::Success);
    story
        .trader(50, subscribing(1, PUBLIC))
        .trader(60, stream(PUBLIC, StreamState::Down, "reset"))
        .trader(70, stream(PUBLIC, StreamState::Connecting, "again"))
        .trader(80, ended(1, CallOutcome::Success))
        .trader(90, stream(PUBLIC, StreamState::Live, "dialled"));
    reports(&story);
}

#[test]
fn a_stream_that_comes_back_without_connecting_is_reported() {
    let mut story = clean();
    story
        .trader(180_000, stream(PUBLIC, StreamState::Down, "reset"))
        .trader(180_001, stream(PUBLIC, StreamState::Live, "odd"));
    reports(&story);
}
