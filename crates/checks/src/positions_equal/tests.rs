use super::*;
use crate::testkit::events::{position, quantity, trader_fill, venue_fill};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations, two_lives};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn another_position_is_reported_after_recovery_and_at_the_end() {
    let mut story = clean();
    story.trader(62_000, position("0.4"));
    reports(&story, "position BTC/USD after recovery: trader says 0.4, venue executed 0.5");
    reports(&story, "position BTC/USD at the end: trader says 0.4, venue executed 0.5");
}

#[test]
fn an_execution_that_the_trader_never_learned_of_is_reported() {
    let mut story = clean();
    story.venue(80_000, venue_fill("o-1", "V1", 8, "0.1"));
    reports(&story, "position BTC/USD at the end: trader says 0.5, venue executed 0.6");
}

#[test]
fn an_execution_just_before_the_comparison_is_given_time() {
    let mut story = clean();
    story
        .venue(149_900, venue_fill("o-1", "V1", 8, "0.1"))
        .trader(150_100, trader_fill("o-1", 8, "0.1"))
        .trader(150_100, position("0.6"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_fill_counted_twice_is_reported() {
    let mut story = clean();
    story.trader(1_060, trader_fill("o-1", 7, "0.5"));
    reports(&story, "fill 7 of order o-1 is counted twice");
}

#[test]
fn a_fill_that_never_happened_or_differs_is_reported() {
    let mut story = clean();
    story.trader(1_060, trader_fill("o-1", 9, "0.5"));
    reports(&story, "fill 9 of order o-1 never happened at the venue");
    let mut story = clean();
    story.change(|record| match &mut record.event {
        Event::Trader(AuditEvent::Filled { fill, .. }) => {
            fill.quantity = quantity("0.4");
            true
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
    });
    reports(&story, "differs from the venue's: 0.4 @ 10000 fee 1 here, 0.5 @ 10000 fee 1 there");
}

#[test]
fn a_fill_of_the_wrong_order_is_reported() {
    let mut story = clean();
    story
        .venue(80_000, venue_fill("o-1", "V1", 8, "0.1"))
        .trader(80_010, trader_fill("o-2", 8, "0.1"));
    reports(&story, "fill 8 of order o-2 belongs to order o-1 at the venue");
    story.trader(80_020, trader_fill("ghost", 8, "0.1"));
    reports(&story, "fill 8 of order ghost has no intent");
}

#[test]
fn a_trade_that_the_venue_executes_twice_is_reported() {
    let mut story = clean();
    story.venue(1_030, venue_fill("o-1", "V1", 7, "0.5"));
    reports(&story, "venue executes BTC/USD trade 7 twice");
}

#[test]
fn sales_count_negative() {
    let mut story = clean();
    let mut sale = venue_fill("o-2", "V2", 8, "0.8");
    if let VenueEvent::Filled { side, .. } = &mut sale {
        *side = Side::Sell;
    }
    story
        .venue(63_000, sale)
        .trader(63_010, trader_fill("o-2", 8, "0.8"))
        .trader(63_010, position("-0.3"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn an_execution_that_counts_but_is_not_told_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::Filled { fill, .. }) if fill.trade_id == 7)
    });
    let message = "BTC/USD trade 7 of order o-1 is not told by the trader";
    assert_reports(CHECK.name, &story, &expectations(), message);
    // A run that is cut short may end before it is.
    let mut expect = expectations();
    expect.shutdown_at = None;
    assert_passes(CHECK.name, &story, &expect);
}

#[test]
fn a_position_that_is_forgotten_with_a_crash_is_reported() {
    let mut story = two_lives();
    assert_passes(CHECK.name, &story, &expectations());
    story.without(|record| record.at_ns == 145_040_000_000 && is_position(record));
    reports(&story, "position BTC/USD at the end: trader says 0, venue executed 0.5");
}

fn is_position(record: &Record) -> bool {
    matches!(record.event, Event::Trader(AuditEvent::PositionChanged { .. }))
}
