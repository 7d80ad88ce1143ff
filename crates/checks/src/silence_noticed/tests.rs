use std::time::Duration;

use super::*;
use crate::Silence;
use crate::testkit::events::{fault, healed, stream};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

#[test]
fn a_stream_that_stays_live_through_a_hang_is_reported() {
    let mut story = clean();
    story.without(|record| {
        let change = stream_change(record);
        change.is_some_and(|(name, state)| {
            name == "kraken/public" && state != StreamState::Live && record.at_ns > 1_000_000_000
        })
    });
    let message = "stream kraken/public still claimed to be live 43.000 s after fault 1 let its connection hang";
    assert_reports(CHECK.name, &story, &expectations(), message);
}

#[test]
fn a_stream_that_notices_too_late_is_reported() {
    let mut story = clean();
    story.change(|record| {
        let late = (90_000_000_000..92_000_000_000).contains(&record.at_ns);
        if late {
            record.at_ns += 7_000_000_000;
        }
        late
    });
    assert_reports(CHECK.name, &story, &expectations(), "live 22.000 s after fault 1");
}

#[test]
fn a_stream_that_becomes_live_during_a_hang_gets_the_whole_bound() {
    let mut story = clean();
    story
        .trader(96_000, stream("kraken/public", StreamState::Live, "odd"))
        .trader(117_000, stream("kraken/public", StreamState::Down, "silent"));
    assert_reports(CHECK.name, &story, &expectations(), "live 21.000 s after fault 1");
    story.without(|record| record.at_ns == 117_000_000_000);
    story.trader(115_000, stream("kraken/public", StreamState::Down, "silent"));
    assert_passes(CHECK.name, &story, &expectations());
}

/// What the shorter hold kept back arrives when it ends: the silence begins there.
#[test]
fn a_hold_that_ends_within_a_silence_is_a_sign_of_life() {
    let down_at = |at_ms| {
        let mut story = clean();
        story
            .trader(96_000, stream("kraken/public", StreamState::Live, "odd"))
            .world(96_500, fault(2, "hold between trader and ws.kraken.com"))
            .world(97_000, healed(2, 1))
            .trader(at_ms, stream("kraken/public", StreamState::Down, "silent"));
        story
    };
    let mut expect = expectations();
    expect.faults.insert(2);
    let streams = ["kraken/public".to_owned()].into();
    expect.silences.insert(2, Silence { streams, later: true });
    assert_passes(CHECK.name, &down_at(116_500), &expect);
    assert_reports(CHECK.name, &down_at(117_900), &expect, "live 20.900 s after fault 1");
}

#[test]
fn a_hang_shorter_than_the_bound_proves_nothing() {
    let mut expect = expectations();
    expect.silence_max = Duration::from_secs(60);
    let verdict = CHECK.run(&clean().history(), &expect).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}

fn private_change(record: &Record) -> Option<StreamState> {
    stream_change(record).filter(|(name, _)| *name == "kraken/private").map(|(_, state)| state)
}

#[test]
fn a_promised_stream_that_was_never_live_is_reported() {
    let check = |story: &Story| {
        let message = "stream kraken/private never became live";
        assert_reports(CHECK.name, story, &expectations(), message);
    };
    let mut mute = clean();
    mute.without(|record| private_change(record).is_some());
    check(&mute);
    let mut vain = clean();
    vain.without(|record| private_change(record).is_some_and(|state| state == StreamState::Live));
    check(&vain);
}

/// What a slow link had on its way when the hold began arrives in spite of it.
#[test]
fn what_is_under_way_when_a_hold_begins_is_a_sign_of_life() {
    let down_at = |at_ms| {
        let mut story = clean();
        story
            .world(95_900, fault(2, "latency by 1s"))
            .trader(96_000, stream("kraken/public", StreamState::Live, "odd"))
            .world(96_500, healed(2, 1))
            .trader(at_ms, stream("kraken/public", StreamState::Down, "silent"));
        story
    };
    let mut expect = expectations();
    expect.faults.insert(2);
    assert_reports(CHECK.name, &down_at(117_000), &expect, "after fault 1");
    expect.under_way.insert(2, Duration::from_secs(1));
    assert_passes(CHECK.name, &down_at(117_000), &expect);
    // The hold is over at 118 s.
    assert_reports(CHECK.name, &down_at(118_400), &expect, "live 20.500 s after fault 1");
}
