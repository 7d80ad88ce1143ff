use super::*;
use crate::testkit::events::{ended, intent, sent, trader_order, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

/// The first answer to order `o-2` is lost; it is sent again at 63.5 s.
fn sent_again(error: &str) -> Story {
    let mut story = clean();
    story.change(|record| match &mut record.event {
        Event::Trader(AuditEvent::CallEnded { call: 3, error: text, .. }) => {
            *text = Some(error.to_owned());
            true
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
    });
    story.trader(63_500, sent(40, "o-2")).trader(63_520, ended(40, CallOutcome::Success));
    story
}

#[test]
fn two_venue_orders_for_one_intent_are_reported() {
    let mut story = clean();
    story.venue(1_030, venue_order("o-1", "V2", OrderState::Open, "0"));
    reports(&story, "order o-1 is at the venue twice: V1 and V2");
}

#[test]
fn an_order_sent_again_after_a_lost_answer_is_reported() {
    let story = sent_again("no answer within 10s");
    reports(&story, "order o-2 is sent again though the venue may have it");
}

#[test]
fn an_order_that_surely_never_left_may_be_sent_again() {
    let mut story = sent_again("cannot connect to api.kraken.com:443");
    assert_passes(CHECK.name, &story, &expectations());
    story.venue(63_000, venue_order("o-2", "V2", OrderState::Open, "0"));
    reports(&story, "order o-2 is sent again though the venue has it");
}

#[test]
fn an_order_sent_twice_at_once_is_reported() {
    let mut story = clean();
    story.trader(1_010, sent(40, "o-1"));
    reports(&story, "order o-1 is sent again while the first answer is awaited");
}

#[test]
fn an_order_without_an_intent_before_it_is_reported_at_both_ends() {
    let mut story = clean();
    story
        .trader(180_000, sent(40, "ghost"))
        .venue(180_010, venue_order("ghost", "V9", OrderState::Cancelled, "0"))
        .trader(180_020, intent("ghost"));
    reports(&story, "order ghost is sent without an intent before it");
    reports(&story, "venue order V9 (ghost) has no intent");
}

#[test]
fn a_venue_order_without_our_id_is_reported() {
    let mut story = clean();
    let mut nameless = venue_order("o-1", "V9", OrderState::Open, "0");
    if let VenueEvent::OrderChanged { client_order_id, .. } = &mut nameless {
        *client_order_id = None;
    }
    story.venue(180_000, nameless);
    reports(&story, "venue order V9 carries no client order id");
}

#[test]
fn a_doubled_intent_is_reported() {
    let mut story = clean();
    story.trader(180_000, intent("o-1"));
    reports(&story, "order o-1 is wanted twice");
}

#[test]
fn a_lost_intent_is_reported() {
    let mut story = clean();
    story.trader(180_000, intent("o-9"));
    reports(&story, "order o-9 has no final fate: it is created");
    story.trader(180_001, trader_order("o-9", OrderState::Unknown, "0"));
    reports(&story, "order o-9 has no final fate: it is unknown");
}

#[test]
fn orders_of_other_accounts_are_not_ours() {
    let mut story = clean();
    let mut other = venue_order("x-1", "V9", OrderState::Open, "0");
    if let VenueEvent::OrderChanged { account, .. } = &mut other {
        *account = "somebody".to_owned();
    }
    story.venue(180_000, other);
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_final_state_that_is_revoked_is_reported() {
    let mut story = clean();
    story.trader(2_000, trader_order("o-1", OrderState::Filled, "0.5"));
    assert_passes(CHECK.name, &story, &expectations());
    for state in [OrderState::Open, OrderState::Cancelled] {
        let mut story = story.clone();
        story.trader(3_000, trader_order("o-1", state, "0.5"));
        reports(&story, &format!("order o-1 was filled and is {state}: final state revoked"));
    }
}
