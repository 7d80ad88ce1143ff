use model::Price;

use super::*;
use crate::testkit::events::{intent, quantity, venue_fill, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

/// An order with a limit, executed at 10,000 as a taker or a maker.
fn executed(side: Side, limit: &str, liquidity: Liquidity) -> Story {
    let mut story = Story::new();
    let AuditEvent::OrderIntent { mut order } = intent("o-1") else { unreachable!("an intent") };
    let price = Price::parse(limit).expect("a valid price");
    order.kind = OrderKind::Limit { price, post_only: false };
    order.side = side;
    story.trader(1_000, AuditEvent::OrderIntent { order });
    let mut event = venue_fill("o-1", "V1", 7, "0.5");
    if let VenueEvent::Filled { fill, side: of, .. } = &mut event {
        (fill.liquidity, *of) = (liquidity, side);
    }
    story.venue(2_000, event);
    story.venue(2_000, venue_order("o-1", "V1", OrderState::Filled, "0.5"));
    story
}

fn passes(story: &Story) {
    assert_passes(CHECK.name, story, &expectations());
}

fn reports(story: &Story, message: &str) {
    assert_reports(CHECK.name, story, &expectations(), message);
}

#[test]
fn an_execution_beyond_the_limit_is_reported() {
    passes(&executed(Side::Buy, "10001", Liquidity::Taker));
    passes(&executed(Side::Sell, "9999", Liquidity::Taker));
    let message = "fill 7 of order o-1 is at 10000, though its limit is 9999.9";
    reports(&executed(Side::Buy, "9999.9", Liquidity::Taker), message);
    reports(&executed(Side::Sell, "10000.1", Liquidity::Taker), "its limit is 10000.1");
}

#[test]
fn an_order_that_rested_is_executed_at_its_limit() {
    passes(&executed(Side::Buy, "10000", Liquidity::Maker));
    reports(&executed(Side::Buy, "10000.1", Liquidity::Maker), "its limit is 10000.1");
}

#[test]
fn another_side_or_quantity_is_reported() {
    let mut story = executed(Side::Buy, "10000", Liquidity::Taker);
    story.change(|record| {
        let Event::Venue(VenueEvent::Filled { side, .. }) = &mut record.event else {
            return false;
        };
        *side = Side::Sell;
        true
    });
    reports(&story, "fill 7 of order o-1 is a sell, not a buy");
    let mut story = executed(Side::Buy, "10000", Liquidity::Taker);
    story.change(|record| {
        let Event::Venue(VenueEvent::OrderChanged { filled, .. }) = &mut record.event else {
            return false;
        };
        *filled = quantity("0.4");
        true
    });
    reports(&story, "order o-1 is filled with 0.4, not 0.5");
}
