use super::*;
use crate::testkit::events::{applied, published, stream, symbol};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn a_book_that_was_never_published_is_reported() {
    let mut story = clean();
    story.trader(180_000, applied(0xbad));
    reports(&story, "book BTC/USD 0000000000000bad was never published");
}

#[test]
fn a_book_before_it_is_published_is_reported() {
    let mut story = clean();
    story.trader(180_000, applied(0xa5)).venue(180_010, published(0xa5));
    reports(&story, "00000000000000a5 was never published");
}

#[test]
fn books_out_of_order_are_reported() {
    let mut story = clean();
    story.trader(180_000, applied(0xa1));
    reports(&story, "goes back behind an earlier one");
}

#[test]
fn a_book_that_returns_to_an_earlier_state_may_be_applied_again() {
    let mut story = clean();
    story
        .venue(180_000, published(0xa1))
        .venue(180_001, published(0xa2))
        .venue(180_002, published(0xa1))
        .trader(180_020, applied(0xa1))
        .trader(180_021, applied(0xa2))
        .trader(180_022, applied(0xa1));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_gap_that_is_ignored_is_reported() {
    let mut story = clean();
    story.venue(180_000, published(0xa5));
    reports(&story, "claims to be in sync, but is out of date for 20.020 s");
}

#[test]
fn a_book_that_admits_to_be_lost_may_be_out_of_date() {
    let mut story = clean();
    let lost = AuditEvent::BookLost { symbol: symbol(), reason: "checksum".to_owned() };
    story.venue(180_000, published(0xa5)).trader(180_500, lost);
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_stale_book_after_reconnecting_is_reported() {
    // The stream is live again, but nobody asked for the books anew: the old one is still claimed.
    let mut story = clean();
    story.trader(180_000, stream("kraken/public", StreamState::Live, "again"));
    story.venue(180_100, published(0xa5)).venue(190_000, published(0xa6));
    story.trader(190_020, applied(0xa6));
    reports(&story, "out of date for 9.900 s");
}

#[test]
fn silence_excuses_a_delay_only_for_its_own_bound() {
    // The clean run publishes at 80 s into a hung connection and gives it up at 90 s.
    let mut expect = expectations();
    expect.lags.insert(1, std::time::Duration::from_secs(5));
    assert_reports(CHECK.name, &clean(), &expect, "out of date for 10.000 s");
}
