use model::history::{Event, WorldEvent};

use super::*;
use crate::testkit::events::{fault, missed, printed, seen, stream};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn a_trade_that_was_never_published_is_reported() {
    let mut story = clean();
    story.trader(30_500, seen(99));
    reports(&story, "trade 99 of BTC/USD was given, but never published");
}

#[test]
fn a_trade_that_is_given_twice_or_out_of_order_is_reported() {
    let mut story = clean();
    story.trader(30_500, seen(2));
    reports(&story, "trade 2 of BTC/USD was given after trade 2");
    let mut story = clean();
    story.venue(31_000, printed(3)).venue(31_000, printed(4));
    story.trader(31_020, seen(4)).trader(31_020, seen(3));
    reports(&story, "trade 3 of BTC/USD was given after trade 4");
}

#[test]
fn a_gap_that_nobody_noticed_is_reported() {
    let mut story = clean();
    story.venue(31_000, printed(3)).venue(32_000, printed(4)).trader(32_020, seen(4));
    reports(&story, "1 trades of BTC/USD between 2 and 4 are missing, and nobody noticed");
}

#[test]
fn a_gap_that_was_noticed_is_none_of_its_business() {
    let mut story = clean();
    story.venue(31_000, printed(3)).venue(32_000, printed(4));
    story.trader(32_020, missed(2, 4)).trader(32_020, seen(4));
    assert_passes(CHECK.name, &story, &expectations());
    // Another gap than the one that was told of.
    let mut story = clean();
    story.venue(31_000, printed(3)).venue(32_000, printed(4));
    story.trader(32_020, missed(1, 4)).trader(32_020, seen(4));
    reports(&story, "nobody noticed");
}

#[test]
fn what_was_traded_while_the_stream_was_down_may_be_missing() {
    let mut story = clean();
    story
        .venue(31_000, printed(3))
        .trader(31_500, stream("kraken/public", StreamState::Down, "reset"))
        .trader(31_900, stream("kraken/public", StreamState::Live, "again"))
        .venue(32_000, printed(4))
        .trader(32_020, seen(4));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_trade_that_does_not_come_though_all_is_well_is_reported() {
    let mut story = clean();
    story.venue(175_000, printed(9));
    reports(&story, "trade 9 of BTC/USD is not given after");
}

#[test]
fn after_damaged_bytes_nothing_is_judged_until_the_next_start() {
    let mut expect = expectations();
    expect.damaging.insert(7);
    let mut story = clean();
    story.world(30_400, fault(7, "corrupt 1 in 100")).trader(30_500, seen(99));
    assert_passes(CHECK.name, &story, &expect);
    story.tell(30_600, "trader", Event::World(WorldEvent::HostCrashed)).trader(30_700, seen(98));
    assert_reports(CHECK.name, &story, &expect, "trade 98 of BTC/USD was given, but never");
}
