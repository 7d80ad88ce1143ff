use super::*;
use crate::testkit::events::{sent, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

fn arrives_at(at_ms: u64) -> Story {
    let mut story = Story::new();
    story
        .trader(10_000, sent(1, "o-1"))
        .venue(at_ms, venue_order("o-1", "V1", OrderState::Open, "0"));
    story
}

#[test]
fn an_order_that_takes_effect_too_late_is_reported() {
    assert_passes(CHECK.name, &arrives_at(15_000), &expectations());
    let message = "order o-1 takes effect 5.100 s after it was sent, at most 5.000 s allowed";
    assert_reports(CHECK.name, &arrives_at(15_100), &expectations(), message);
}

#[test]
fn only_the_first_change_says_when_it_arrived() {
    let mut story = arrives_at(10_020);
    story.venue(60_000, venue_order("o-1", "V1", OrderState::Filled, "0.5"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn an_order_that_is_refused_takes_no_effect() {
    let mut story = arrives_at(10_020);
    story
        .trader(20_000, sent(2, "o-2"))
        .venue(30_000, venue_order("o-2", "V2", OrderState::Rejected, "0"));
    assert_passes(CHECK.name, &story, &expectations());
}
