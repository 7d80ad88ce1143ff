use super::*;
use crate::testkit::events::{applied, fault, healed, intent, stream, symbol};
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

fn lost() -> AuditEvent {
    AuditEvent::BookLost { symbol: symbol(), reason: "checksum".to_owned() }
}

fn check_passes(story: &Story) {
    assert_passes(CHECK.name, story, &expectations());
}

fn check_reports(story: &Story, message: &str) {
    assert_reports(CHECK.name, story, &expectations(), message);
}

/// A book from 1 s, which is lost at 10 s; an order at a time.
fn wanted_at(at_ms: u64) -> Story {
    let mut story = Story::new();
    story.trader(1_000, applied(0xa1)).trader(10_000, lost()).trader(at_ms, intent("o-1"));
    story
}

#[test]
fn an_order_without_a_book_is_reported() {
    check_passes(&wanted_at(9_000));
    check_passes(&wanted_at(10_010));
    check_reports(&wanted_at(11_000), "order o-1 is wanted, but since 10.000 s no book is in sync");
    let mut again = wanted_at(11_000);
    again.trader(10_500, applied(0xa2));
    check_passes(&again);
}

#[test]
fn a_stream_that_is_down_brings_no_book() {
    let mut story = Story::new();
    story
        .trader(1_000, applied(0xa1))
        .trader(2_000, stream("kraken/private", StreamState::Down, "reset"))
        .trader(3_000, intent("o-1"));
    check_passes(&story);
    story
        .trader(4_000, stream("kraken/public", StreamState::Down, "reset"))
        .trader(5_000, intent("o-2"));
    check_reports(&story, "order o-2 is wanted, but since 4.000 s no book is in sync");
}

#[test]
fn before_the_first_book_there_is_none() {
    let mut story = Story::new();
    story.trader(1_000, intent("o-1"));
    check_reports(&story, "order o-1 is wanted, but since 0.000 s no book is in sync");
}

#[test]
fn who_is_frozen_hears_of_it_afterwards() {
    let mut story = wanted_at(12_000);
    story.world(9_995, fault(0, "freeze")).world(12_000, healed(0, 1));
    let mut expect = expectations();
    expect.freezes = [0].into();
    assert_passes(CHECK.name, &story, &expect);
}
