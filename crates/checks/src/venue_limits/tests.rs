use std::time::Duration;

use super::*;
use crate::expectations::{CounterRate, OrderCounter};
use crate::testkit::events::{cancel_received, intent, order_received, sent, started, venue_order};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

/// Three calls and half of one per second; ten transactions and one per second; two open orders; three
/// connection attempts within a minute.
fn limits() -> VenueLimits {
    let seconds = Duration::from_secs;
    VenueLimits {
        calls: CounterRate { max: 3, decay_milli_per_s: 500 },
        call_weights: [("kraken/Balance".to_owned(), 1)].into(),
        order_op: "kraken/AddOrder".to_owned(),
        cancel_op: "kraken/CancelOrder".to_owned(),
        orders: OrderCounter {
            counter: CounterRate { max: 10, decay_milli_per_s: 1_000 },
            order_weight: 1,
            cancel_weights: vec![(seconds(5), 8), (seconds(300), 1)],
        },
        open_orders_max: 2,
        connects: ["kraken/public/connect", "kraken/private/connect"].map(str::to_owned).into(),
        connects_max: 3,
        connects_window: seconds(60),
    }
}

fn expect() -> Expectations {
    let mut expect = expectations();
    expect.venue_limits = Some(limits());
    expect
}

/// Calls of an operation that begin at these times.
fn calls(op: &str, at_ms: impl IntoIterator<Item = u64>) -> Story {
    let mut story = Story::new();
    for (call, at_ms) in (0..).zip(at_ms) {
        story.trader(at_ms, started(call, op));
    }
    story
}

#[test]
fn calls_of_the_key_are_counted_to_the_unit() {
    assert_passes(CHECK.name, &calls("Balance", [0, 0, 0, 2_000, 4_000]), &expect());
    let message = "call #3 kraken/Balance of the key: raised to 3.01, 3 allowed";
    assert_reports(CHECK.name, &calls("Balance", [0, 0, 0, 1_990]), &expect(), message);
    // Rest saves nothing up.
    let message = "call #4 kraken/Balance of the key: raised to 4.00, 3 allowed";
    assert_reports(
        CHECK.name,
        &calls("Balance", [0, 90_000, 90_000, 90_000, 90_000]),
        &expect(),
        message,
    );
    // What the venue does not count may come as often as it likes, but proves nothing.
    let uncounted = calls("Time", [0; 50]).history();
    let verdict = CHECK.run(&uncounted, &expect()).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}

#[test]
fn one_connection_attempt_too_many_within_any_window_is_reported_over_both_streams() {
    let attempts = |at_ms: &[u64]| {
        let mut story = Story::new();
        for (call, at_ms) in (0..).zip(at_ms) {
            let op = if call % 2 == 0 { "public/connect" } else { "private/connect" };
            story.trader(*at_ms, started(call, op));
        }
        story
    };
    let message =
        "call #3 kraken/private/connect is connection attempt 4 within 60.000 s, 3 allowed";
    for at_ms in [[0, 1, 2, 59_999], [50_000, 60_000, 70_000, 109_999]] {
        assert_reports(CHECK.name, &attempts(&at_ms), &expect(), message);
    }
    // A whole window later the first is forgotten.
    assert_passes(CHECK.name, &attempts(&[0, 1, 2, 60_000, 60_001, 60_002]), &expect());
}

/// A resting order that is sent and opens; it arrives later by `late_ms`.
fn order(story: &mut Story, name: &str, at_ms: u64, late_ms: u64) {
    story
        .trader(at_ms, intent(name))
        .trader(at_ms, sent(1, name))
        .venue(at_ms + late_ms, order_received(true))
        .venue(at_ms + late_ms, venue_order(name, &format!("V-{name}"), OrderState::Open, "0"));
}

/// The cancel of such an order.
fn cancel(story: &mut Story, name: &str, at_ms: u64, late_ms: u64) {
    let venue = format!("V-{name}");
    story
        .trader(at_ms, started(2, "CancelOrder"))
        .venue(at_ms + late_ms, cancel_received(&venue))
        .venue(at_ms + late_ms, venue_order(name, &venue, OrderState::Cancelled, "0"));
}

#[test]
fn a_cancel_weighs_by_the_age_of_its_order() {
    let rounds = |age_ms: u64| {
        let mut story = Story::new();
        for (name, at_ms) in [("a", 1_000), ("b", 7_000)] {
            order(&mut story, name, at_ms, 10);
            cancel(&mut story, name, at_ms + age_ms, 10);
        }
        story
    };
    assert_passes(CHECK.name, &rounds(5_000), &expect());
    let message = "a cancel of V-b after 4.999 s, sent at 11.999 s: raised to 11.00, 10 allowed";
    assert_reports(CHECK.name, &rounds(4_999), &expect(), message);
}

#[test]
fn a_refused_cancel_is_one_too_many_although_nothing_changed() {
    let mut story = Story::new();
    order(&mut story, "a", 1_000, 10);
    for at_ms in [1_500, 2_000] {
        story.trader(at_ms, started(2, "CancelOrder")).venue(at_ms + 10, cancel_received("V-a"));
    }
    let message = "a cancel of V-a after 1.000 s, sent at 2.000 s: raised to 16.00, 10 allowed";
    assert_reports(CHECK.name, &story, &expect(), message);
}

#[test]
fn what_the_network_delivers_at_once_was_not_sent_at_once() {
    // Sent every second and kept back until 20 s; one that never arrives comes first.
    let story = |apart_ms: u64| {
        let mut story = Story::new();
        story.trader(500, sent(0, "lost"));
        for number in 0..12 {
            let name = format!("o{number}");
            let at_ms = 1_000 + number * apart_ms;
            story.trader(at_ms, intent(&name)).trader(at_ms, sent(1, &name));
            story.venue(20_000, order_received(false));
        }
        story
    };
    assert_passes(CHECK.name, &story(1_000), &expect());
    let message = "an order of BTC/USD, sent at 1.000 s: raised to 11.00, 10 allowed";
    assert_reports(CHECK.name, &story(0), &expect(), message);
    // What nobody sent counts when it arrives.
    let mut alone = Story::new();
    for _ in 0..11 {
        alone.venue(20_000, order_received(false));
    }
    let message = "an order of BTC/USD, sent at 20.000 s: raised to 11.00, 10 allowed";
    assert_reports(CHECK.name, &alone, &expect(), message);
}

#[test]
fn an_order_that_may_rest_beside_too_many_is_reported() {
    let mut story = Story::new();
    order(&mut story, "a", 1_000, 10);
    order(&mut story, "b", 2_000, 10);
    story.trader(3_000, sent(1, "c")).venue(3_010, order_received(false));
    assert_passes(CHECK.name, &story, &expect());
    let mut third = story.clone();
    third.trader(4_000, sent(1, "d")).venue(4_010, order_received(true));
    let message = "an order of BTC/USD with 2 open, 2 allowed";
    assert_reports(CHECK.name, &third, &expect(), message);
    cancel(&mut story, "a", 10_000, 10);
    order(&mut story, "d", 11_000, 10);
    assert_passes(CHECK.name, &story, &expect());
}

#[test]
fn other_accounts_are_not_ours() {
    let mut story = clean();
    for _ in 0..50 {
        let VenueEvent::OrderReceived { symbol, rests, .. } = order_received(true) else {
            unreachable!("an order")
        };
        let account = "somebody".to_owned();
        story.venue(100_000, VenueEvent::OrderReceived { account, symbol, rests });
    }
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn forgotten_expectations_do_not_pass() {
    let mut expect = expectations();
    expect.venue_limits = None;
    let verdict = CHECK.run(&clean().history(), &expect).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}
