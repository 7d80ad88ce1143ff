use super::*;
use crate::testkit::events::{answered, ended, id, quantity, started, trader_order, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

/// The trader says something else of an order.
fn said(order: &'static str, from: OrderState, to: OrderState) -> Story {
    let mut story = clean();
    story.change(|record| match &mut record.event {
        Event::Trader(AuditEvent::OrderChanged { client_order_id, state, .. })
            if *client_order_id == id(order) && *state == from =>
        {
            *state = to;
            true
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
    });
    story
}

#[test]
fn an_order_that_is_denied_though_the_venue_has_it_is_reported() {
    let story = said("o-1", OrderState::Open, OrderState::NotPlaced);
    reports(&story, "order o-1 is said to be not-placed, but the venue has it as V1 (filled)");
}

#[test]
fn an_order_that_arrives_after_it_was_denied_is_reported() {
    let mut story = said("o-2", OrderState::Unknown, OrderState::NotPlaced);
    story.venue(63_000, venue_order("o-2", "V2", OrderState::Open, "0"));
    reports(&story, "order o-2 was said to be not-placed, but is open at the venue");
}

#[test]
fn an_order_that_is_believed_though_the_venue_has_none_is_reported() {
    let story = said("o-2", OrderState::Unknown, OrderState::Open);
    reports(&story, "order o-2 is said to be open, but it is unknown at the venue");
}

#[test]
fn an_order_that_is_unknown_denies_nothing() {
    let story = said("o-1", OrderState::Open, OrderState::Unknown);
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn an_end_that_has_not_come_is_reported() {
    let mut story = clean();
    story.venue(140_000, venue_order("o-7", "V7", OrderState::Open, "0"));
    story.trader(140_500, trader_order("o-7", OrderState::Cancelled, "0"));
    story.venue(141_000, venue_order("o-7", "V7", OrderState::Cancelled, "0"));
    reports(&story, "order o-7 is said to be cancelled, but it is open at the venue");
}

#[test]
fn more_than_was_executed_is_reported() {
    let mut story = clean();
    story.change(|record| match &mut record.event {
        Event::Trader(AuditEvent::OrderChanged { filled, state: OrderState::Filled, .. }) => {
            *filled = quantity("0.6");
            true
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
    });
    reports(&story, "order o-1 is said to be filled, but 0.5 of 0.6 are executed");
}

#[test]
fn a_success_that_the_venue_did_not_grant_is_reported() {
    let mut story = clean();
    story.change(|record| match &mut record.event {
        Event::Trader(AuditEvent::CallEnded { call: 4, outcome, error }) => {
            (*outcome, *error) = (CallOutcome::Success, None);
            true
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
    });
    reports(&story, "call #4 kraken/Balance is said to have succeeded");
}

#[test]
fn a_call_of_which_the_venue_tells_nothing_is_not_judged() {
    let mut story = clean();
    story.change(|record| {
        let is_call = matches!(&record.event, Event::Trader(AuditEvent::CallStarted { op, .. })
            if op == "kraken/public/subscribe");
        if is_call && let Event::Trader(AuditEvent::CallStarted { op, .. }) = &mut record.event {
            "influxdb/write".clone_into(op);
        }
        is_call
    });
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_success_needs_an_answer_of_its_own() {
    let message = |call: u64| format!("call #{call} kraken/Balance is said to have succeeded");
    let mut story = clean();
    story
        .trader(180_000, started(70, "Balance"))
        .trader(180_010, started(71, "Balance"))
        .trader(180_040, ended(70, CallOutcome::Success))
        .trader(180_050, ended(71, CallOutcome::Success));
    reports(&story, &message(70));
    story.venue(180_020, answered("Balance", 503));
    reports(&story, &message(70));
    story.venue(180_020, answered("Balance", 200));
    reports(&story, &message(71));
    // An answer from before it began is not its own.
    story.venue(179_990, answered("Balance", 200));
    reports(&story, &message(71));
    story.venue(180_030, answered("Balance", 200));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn the_one_that_ends_later_takes_the_later_answer() {
    let mut story = clean();
    story
        .trader(180_000, started(70, "Balance"))
        .venue(180_010, answered("Balance", 200))
        .trader(180_020, started(71, "Balance"))
        .venue(180_030, answered("Balance", 200))
        .trader(180_040, ended(71, CallOutcome::Success))
        .trader(180_050, ended(70, CallOutcome::Success));
    assert_passes(CHECK.name, &story, &expectations());
}
