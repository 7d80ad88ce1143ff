use std::time::Duration;

use model::Price;

use super::*;
use crate::expectations::{CounterRate, Rate, RateRule};
use crate::testkit::events::{intent, started, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn expect_limits(limits: Vec<Rate>) -> Expectations {
    let mut expect = expectations();
    let ops = ["kraken/Balance".to_owned()].into();
    expect.rates = [("kraken/rest".to_owned(), RateRule { ops, limits })].into();
    expect
}

fn expect() -> Expectations {
    expect_limits(vec![Rate::Window { count: 2, window: Duration::from_secs(1) }])
}

/// Calls that begin at these times.
fn calls(at_ms: impl IntoIterator<Item = u64>) -> Story {
    let mut story = Story::new();
    for (call, at_ms) in (0..).zip(at_ms) {
        story.trader(at_ms, started(call, "Balance"));
    }
    story
}

#[test]
fn one_call_too_many_within_a_window_is_reported_wherever_the_window_lies() {
    let message =
        "call #2 kraken/Balance is too much for kraken/rest: number 3 within 1.000 s, 2 allowed";
    for at_ms in [[0, 500, 979], [1_700, 1_800, 2_679], [5_000, 5_000, 5_000]] {
        assert_reports(CHECK.name, &calls(at_ms), &expect(), message);
    }
}

#[test]
fn a_call_a_whole_window_later_passes_give_or_take_a_tick() {
    for at_ms in [[0, 979, 980], [0, 0, 1_000], [0, 1_000, 2_000]] {
        assert_passes(CHECK.name, &calls(at_ms), &expect());
    }
}

#[test]
fn every_limit_of_a_rule_counts() {
    let long = Rate::Window { count: 3, window: Duration::from_secs(60) };
    let short = Rate::Window { count: 2, window: Duration::from_secs(1) };
    let message =
        "call #3 kraken/Balance is too much for kraken/rest: number 4 within 60.000 s, 3 allowed";
    let expect = expect_limits(vec![short, long]);
    assert_reports(CHECK.name, &calls([0, 5_000, 10_000, 15_000]), &expect, message);
}

#[test]
fn a_counter_falls_with_time_and_has_a_maximum() {
    // Half a unit per second.
    let rate = CounterRate { max: 3, decay_milli_per_s: 500 };
    let expect = expect_limits(vec![Rate::Counter(rate)]);
    assert_passes(CHECK.name, &calls([0, 0, 0, 2_000, 4_000, 6_000]), &expect);
    // One tick early is within the slack of two.
    assert_passes(CHECK.name, &calls([0, 0, 0, 1_990]), &expect);
    let message = "call #3 kraken/Balance is too much for kraken/rest: raised to 4, 3 allowed";
    assert_reports(CHECK.name, &calls([0, 0, 0, 1_900]), &expect, message);
    // An idle time saves nothing up.
    let message = "call #4 kraken/Balance is too much for kraken/rest: raised to 4, 3 allowed";
    assert_reports(CHECK.name, &calls([0, 90_000, 90_000, 90_000, 90_000]), &expect, message);
}

#[test]
fn other_calls_do_not_count() {
    let mut story = clean();
    for call in 50..70 {
        story.trader(180_000, started(call, "Depth"));
    }
    assert_passes(CHECK.name, &story, &expectations());
}

/// The strategy wants an order that rests until it is cancelled.
fn resting(name: &str) -> AuditEvent {
    let mut event = intent(name);
    if let AuditEvent::OrderIntent { order } = &mut event {
        order.kind = OrderKind::Limit { price: Price::step(1), post_only: false };
        order.time_in_force = TimeInForce::Gtc;
    }
    event
}

/// An order that is cancelled some time after it opened.
fn cancelled(story: &mut Story, name: &str, at_ms: u64, age_ms: u64) {
    story.trader(at_ms, resting(name));
    let venue = format!("V-{name}");
    story.venue(at_ms, venue_order(name, &venue, OrderState::Open, "0"));
    story.venue(at_ms + age_ms, venue_order(name, &venue, OrderState::Cancelled, "0"));
}

fn expect_orders() -> Expectations {
    let mut expect = expect();
    let seconds = Duration::from_secs;
    expect.order_counter = Some(OrderCounter {
        counter: CounterRate { max: 10, decay_milli_per_s: 1000 },
        order_weight: 1,
        cancel_weights: vec![(seconds(5), 8), (seconds(300), 1)],
    });
    expect
}

/// One call, so that the check is not vacuous.
fn story() -> Story {
    calls([0])
}

#[test]
fn a_cancel_of_a_young_order_weighs_more_than_that_of_an_old_one() {
    let mut young = story();
    cancelled(&mut young, "a", 1_000, 100);
    cancelled(&mut young, "b", 2_000, 100);
    let message = "order b cancelled is too much for its pair: raised to 17, 10 allowed";
    assert_reports(CHECK.name, &young, &expect_orders(), message);
    let mut old = story();
    cancelled(&mut old, "a", 1_000, 5_000);
    cancelled(&mut old, "b", 7_000, 5_000);
    assert_passes(CHECK.name, &old, &expect_orders());
    let mut apart = story();
    cancelled(&mut apart, "a", 1_000, 100);
    cancelled(&mut apart, "b", 10_000, 100);
    assert_passes(CHECK.name, &apart, &expect_orders());
}

#[test]
fn what_the_venue_cancels_by_itself_is_no_call() {
    let mut story = story();
    for number in 0..11 {
        let (name, venue) = (format!("o{number}"), format!("V{number}"));
        story.trader(1_000, intent(&name));
        story.venue(1_000, venue_order(&name, &venue, OrderState::Open, "0"));
        story.venue(1_000, venue_order(&name, &venue, OrderState::Cancelled, "0"));
    }
    assert_passes(CHECK.name, &story, &expect_orders());
}

#[test]
fn too_many_orders_are_reported() {
    let mut story = story();
    for number in 0..11 {
        let (name, venue) = (format!("o{number}"), format!("V{number}"));
        story.trader(1_000, resting(&name));
        story.venue(1_000, venue_order(&name, &venue, OrderState::Open, "0"));
        // Told again: no other order.
        story.venue(1_000, venue_order(&name, &venue, OrderState::Open, "0"));
    }
    let message = "order o10 open is too much for its pair: raised to 11, 10 allowed";
    assert_reports(CHECK.name, &story, &expect_orders(), message);
}

#[test]
fn forgotten_expectations_do_not_pass() {
    let mut expect = expectations();
    expect.rates.clear();
    let verdict = CHECK.run(&clean().history(), &expect).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}
