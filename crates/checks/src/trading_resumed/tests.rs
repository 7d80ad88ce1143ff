use model::OrderState;

use super::*;
use crate::testkit::events::{fault, healed, intent, phase, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

/// A run with a fault from 60 s to 100 s and orders at these times.
fn wanted_at(seconds: &[u64]) -> Story {
    let mut story = Story::new();
    story
        .world(60_000, fault(0, "hold"))
        .world(100_000, healed(0, 1))
        .world(100_000, phase(Phase::Calm))
        .world(200_000, phase(Phase::Shutdown));
    for (number, second) in seconds.iter().enumerate() {
        story.trader(second * 1_000, intent(&format!("o-{number}")));
    }
    story
}

#[test]
fn a_trader_that_always_quotes_and_does_not_any_more_is_reported() {
    let message = "no order is open, and none was wanted for 145.000 s before the end";
    assert_reports(CHECK.name, &wanted_at(&[10, 55]), &expectations(), message);
    assert_passes(CHECK.name, &wanted_at(&[10, 55, 150]), &expectations());
}

#[test]
fn who_has_an_order_open_needs_no_other() {
    let mut story = wanted_at(&[55]);
    story.venue(55_020, venue_order("o-0", "V1", OrderState::Open, "0"));
    assert_passes(CHECK.name, &story, &expectations());
    story.venue(130_000, venue_order("o-0", "V1", OrderState::Filled, "0.5"));
    assert_reports(CHECK.name, &story, &expectations(), "none was wanted for 145.000 s");
}

#[test]
fn who_wanted_orders_often_is_expected_to_want_them_again() {
    let mut expect = expectations();
    expect.quotes = false;
    let message = "none was wanted for 165.000 s";
    assert_reports(CHECK.name, &wanted_at(&[20, 25, 30, 35]), &expect, message);
    let verdict = (CHECK.judge)(&wanted_at(&[10, 21, 32, 43]).history(), &expect);
    assert!(matches!(verdict, Verdict::Vacuous { .. }), "{verdict:?}");
}
