use model::history::{Event, VenueEvent};

use super::*;
use crate::testkit::events::{intent, trader_order, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn another_state_is_reported_after_recovery_and_at_the_end() {
    let mut story = clean();
    story.trader(1_060, trader_order("o-1", OrderState::Cancelled, "0.5"));
    let wrong = "trader says cancelled, filled 0.5; venue says filled, filled 0.5";
    reports(&story, &format!("order o-1 after recovery: {wrong}"));
    reports(&story, &format!("order o-1 at the end: {wrong}"));
}

#[test]
fn what_changes_at_the_very_moment_of_recovery_has_time_to_be_heard_of() {
    let mut story = clean();
    let recovered_ms = expectations().recovered_by_ns() / 1_000_000;
    story
        .trader(recovered_ms - 3_000, intent("o-8"))
        .venue(recovered_ms - 2_990, venue_order("o-8", "V8", OrderState::Open, "0"))
        .trader(recovered_ms - 2_980, trader_order("o-8", OrderState::Open, "0"))
        .venue(recovered_ms, venue_order("o-8", "V8", OrderState::Cancelled, "0"))
        .trader(recovered_ms + 20, trader_order("o-8", OrderState::Cancelled, "0"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn another_filled_quantity_is_reported() {
    let mut story = clean();
    story.trader(1_060, trader_order("o-1", OrderState::Filled, "0.4"));
    reports(&story, "trader says filled, filled 0.4; venue says filled, filled 0.5");
}

#[test]
fn an_order_taken_for_not_placed_that_the_venue_has_is_reported() {
    let mut story = clean();
    story.venue(62_015, venue_order("o-2", "V2", OrderState::Cancelled, "0"));
    reports(
        &story,
        "order o-2 after recovery: trader says not-placed, filled 0; venue says cancelled",
    );
}

#[test]
fn an_order_that_only_the_trader_has_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Venue(VenueEvent::OrderChanged { venue_order_id, .. })
            if venue_order_id.as_str() == "V1")
    });
    reports(&story, "order o-1 at the end: trader says filled, filled 0.5; venue says absent");
}

#[test]
fn an_order_that_only_the_venue_has_is_reported() {
    let mut story = clean();
    story.venue(180_000, venue_order("ghost", "V9", OrderState::Cancelled, "0"));
    reports(&story, "venue order V9 (ghost) at the end: unknown to the trader");
}

#[test]
fn an_order_in_doubt_is_reported_only_when_nothing_moves_any_more() {
    let at_recovery = |sent_ms| {
        let mut story = clean();
        story
            .trader(sent_ms, intent("o-9"))
            .trader(sent_ms, trader_order("o-9", OrderState::Submitting, "0"))
            .trader(155_000, trader_order("o-9", OrderState::NotPlaced, "0"));
        story
    };
    assert_passes(CHECK.name, &at_recovery(149_000), &expectations());
    reports(&at_recovery(147_000), "order o-9 after recovery: trader says submitting");
}
