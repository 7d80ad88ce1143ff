use super::*;
use crate::testkit::events::{intent, shutdown, stream};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations, two_lives};

const PRIVATE: &str = "kraken/private";

/// An order that is wanted at a time, of a stream that is live from 1 s to 10 s.
fn wanted_at(at_ms: u64) -> Story {
    let mut story = Story::new();
    story
        .trader(1_000, stream(PRIVATE, StreamState::Live, "subscribed"))
        .trader(10_000, stream(PRIVATE, StreamState::Down, "reset"))
        .trader(at_ms, intent("o-1"));
    story
}

#[test]
fn an_order_that_nobody_would_hear_of_is_reported() {
    let message = "order o-1 is wanted while no private stream is live";
    for at_ms in [500, 10_021, 15_000] {
        assert_reports(CHECK.name, &wanted_at(at_ms), &expectations(), message);
    }
    for at_ms in [5_000, 10_015] {
        assert_passes(CHECK.name, &wanted_at(at_ms), &expectations());
    }
}

/// The list of open orders comes before the word that the stream is live.
#[test]
fn an_order_may_be_a_moment_before_the_word_that_the_stream_is_live() {
    assert_passes(CHECK.name, &wanted_at(990), &expectations());
}

#[test]
fn another_stream_does_not_tell_of_orders() {
    let mut story = Story::new();
    story.trader(0, stream("kraken/public", StreamState::Live, "subscribed"));
    story.trader(1_000, intent("o-1"));
    assert_reports(CHECK.name, &story, &expectations(), "while no private stream is live");
}

#[test]
fn an_order_after_the_stop_is_reported() {
    let mut story = clean();
    story.trader(200_005, intent("o-4"));
    let message = "order o-4 is wanted though the trader stops";
    assert_reports(CHECK.name, &story, &expectations(), message);
}

#[test]
fn the_next_trader_hears_nothing_before_its_own_stream_is_live() {
    let mut story = two_lives();
    story.trader(141_000, intent("o-10"));
    let message = "order o-10 is wanted while no private stream is live";
    assert_reports(CHECK.name, &story, &expectations(), message);
}

#[test]
fn the_next_trader_does_not_stop_since_the_one_before_did() {
    let mut story = two_lives();
    story.trader(140_050, shutdown("stop-intake"));
    story.trader(150_000, intent("o-10"));
    assert_passes(CHECK.name, &story, &expectations());
}
