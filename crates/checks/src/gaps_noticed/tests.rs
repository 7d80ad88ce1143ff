use model::OrderState;

use super::*;
use crate::testkit::events::{fault, healed, stream, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

const PRIVATE: &str = "kraken/private";

/// Fault 0 loses messages, fault 1 is in the stream's way.
fn expect() -> Expectations {
    let mut expect = expectations();
    expect.gaps = [0].into();
    expect.hampers = [1].into();
    expect
}

/// A message that is lost at 10 s, and one at each of these times that is not.
fn lost_and_sent(sent_ms: &[u64]) -> Story {
    let mut story = Story::new();
    story
        .trader(1_000, stream(PRIVATE, StreamState::Live, "subscribed"))
        .world(5_000, fault(0, "executions lost"))
        .venue(10_000, venue_order("o-1", "V1", OrderState::Open, "0"))
        .venue(10_000, VenueEvent::FaultStruck { fault: 0 });
    for at_ms in sent_ms {
        story.venue(*at_ms, venue_order("o-1", "V1", OrderState::Open, "0.1"));
    }
    story.world(30_000, healed(0, 1));
    story
}

#[test]
fn a_gap_that_a_later_message_shows_must_end_the_connection() {
    let message = "lost at 10.000 s, and the one sent at 12.000 s shows it, but the stream goes on";
    assert_reports(CHECK.name, &lost_and_sent(&[12_000]), &expect(), message);
    let mut noticed = lost_and_sent(&[12_000]);
    noticed.trader(12_020, stream(PRIVATE, StreamState::Down, "executions jumped"));
    assert_passes(CHECK.name, &noticed, &expect());
}

#[test]
fn a_gap_that_nothing_shows_cannot_be_seen() {
    let mut story = lost_and_sent(&[10_005]);
    // That one was lost, too, which is told a moment later.
    story.venue(10_010, VenueEvent::FaultStruck { fault: 0 });
    assert_passes(CHECK.name, &story, &expect());
    story.venue(12_000, venue_order("o-1", "V1", OrderState::Open, "0.2"));
    assert_reports(CHECK.name, &story, &expect(), "lost at 10.010 s, and the one sent at 12.000 s");
}

#[test]
fn what_is_in_the_streams_way_excuses_it() {
    let mut story = lost_and_sent(&[12_000]);
    story.world(12_010, fault(1, "hold")).world(13_000, healed(1, 1));
    assert_passes(CHECK.name, &story, &expect());
    let mut story = lost_and_sent(&[12_000]);
    story.world(9_000, fault(1, "hold")).world(13_000, healed(1, 1));
    let verdict = (CHECK.judge)(&story.history(), &expect());
    assert!(matches!(verdict, Verdict::Vacuous { .. }), "{verdict:?}");
}

#[test]
fn a_stream_that_is_not_live_misses_nothing() {
    let mut story = lost_and_sent(&[12_000]);
    story.trader(9_000, stream(PRIVATE, StreamState::Down, "reset"));
    let verdict = (CHECK.judge)(&story.history(), &expect());
    assert!(matches!(verdict, Verdict::Vacuous { .. }), "{verdict:?}");
}
