//! Too much is refused, in Kraken's words and at the right moment.

use std::time::Duration;

use super::{RESTING, trading};
use crate::kraken::fixture::{World, signed};

const CALLS: &str = r#"{"error":["EAPI:Rate limit exceeded"]}"#;
const TRANSACTIONS: &str = r#"{"error":["EOrder:Rate limit exceeded"]}"#;
const OPEN_ORDERS: &str = r#"{"error":["EOrder:Orders limit exceeded"]}"#;

impl World {
    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// Adds an order, waits, cancels it; the answer to the cancel.
    fn round(&mut self, seconds: u64) -> String {
        let id = self.add(RESTING);
        self.pass(seconds);
        self.post("CancelOrder", &format!("txid={id}"))
    }
}

#[test]
fn the_twenty_first_call_of_a_key_at_once_is_refused() {
    let mut world = trading();
    for number in 0..20 {
        let method = ["Balance", "OpenOrders", "GetWebSocketsToken", "CancelAll"][number % 4];
        assert!(!world.post(method, "").contains("Rate limit"), "call {number}");
    }
    assert_eq!(world.post("Balance", ""), CALLS);
    // The refused one counted, too; two are forgotten within 4 s.
    world.pass(3);
    assert_eq!(world.post("Balance", ""), CALLS);
    world.pass(3);
    assert!(world.post("Balance", "").contains("result"));
    // Orders, cancels, public requests and other keys are counted elsewhere or not at all.
    assert!(world.post("AddOrder", RESTING).contains("txid"));
    assert!(world.post("CancelOrder", "txid=none").contains("Unknown order"));
    assert!(world.get("Time").contains("unixtime"));
    let other = signed("key-b", "Balance", "1", "nonce=1");
    assert!(world.venue.handle(&other, world.now).body.contains("result"));
}

#[test]
fn a_call_with_wrong_arguments_counts_and_one_of_a_stranger_does_not() {
    let mut world = trading();
    for _ in 0..30 {
        let forged = signed("key-a", "Balance", "1", "nonce=2");
        assert!(world.venue.handle(&forged, world.now).body.contains("Invalid signature"));
    }
    for _ in 0..20 {
        assert!(world.post("QueryOrders", "").contains("arguments:txid"));
    }
    assert_eq!(world.post("QueryOrders", ""), CALLS);
}

#[test]
fn cancels_weigh_by_the_age_of_their_orders() {
    // 125 in all: 13 rounds of 1 + 8, and 8 are left.
    let mut young = trading();
    for number in 0..13 {
        assert!(young.round(0).contains("count"), "round {number}");
    }
    let id = young.add(RESTING);
    assert_eq!(young.post("CancelOrder", &format!("txid={id}")), TRANSACTIONS);
    // A refused cancel has cancelled nothing, and costs nothing.
    assert!(young.post("OpenOrders", "").contains(&id));
    young.pass(5);
    assert!(young.post("CancelOrder", &format!("txid={id}")).contains("count"));
    // Orders of five minutes are cancelled for nothing: 2.34 per second do the rest.
    let mut old = trading();
    for number in 0..100 {
        assert!(old.round(300).contains("count"), "round {number}");
    }
}

#[test]
fn an_order_counts_even_if_it_is_not_understood_and_per_pair() {
    let mut world = trading();
    let nonsense = "pair=XXBTZUSD&type=buy&ordertype=limit&volume=0.0002&price=never";
    for number in 0..125 {
        let answer = world.post("AddOrder", nonsense);
        assert!(answer.contains("arguments:price"), "order {number}: {answer}");
    }
    assert_eq!(world.post("AddOrder", RESTING), TRANSACTIONS);
    // One of a mere question does not count, nor one of another pair.
    assert!(world.post("AddOrder", &format!("{RESTING}&validate=true")).contains("descr"));
    let other = "pair=ETHUSD&type=buy&ordertype=limit&volume=1&price=100";
    assert!(world.post("AddOrder", other).contains("txid"));
    world.pass(1);
    assert!(world.post("AddOrder", RESTING).contains("txid"));
}

#[test]
fn all_cancels_of_one_request_are_counted_together() {
    let mut world = trading();
    for _ in 0..14 {
        world.add(&format!("{RESTING}&userref=7"));
    }
    // 14 orders, and 14 cancels of 8 each are 112: one above 125.
    assert_eq!(world.post("CancelOrder", "txid=7"), TRANSACTIONS);
    world.pass(1);
    assert!(world.post("CancelOrder", "txid=7").contains(r#""count":14"#));
}

#[test]
fn open_orders_are_limited_per_pair_and_those_that_do_not_rest_go_through() {
    let mut world = trading();
    for number in 0..80 {
        assert!(world.post("AddOrder", RESTING).contains("txid"), "order {number}");
    }
    assert_eq!(world.post("AddOrder", RESTING), OPEN_ORDERS);
    let market = "pair=XXBTZUSD&type=buy&ordertype=market&volume=0.0002";
    assert!(world.post("AddOrder", market).contains("txid"));
    let other = "pair=ETHUSD&type=buy&ordertype=limit&volume=1&price=100";
    assert!(world.post("AddOrder", other).contains("txid"));
    world.post("CancelAll", "");
    assert!(world.post("AddOrder", RESTING).contains("txid"));
}
