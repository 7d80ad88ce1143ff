//! Orders that are amended, replaced, placed and cancelled together, or end by themselves.

use std::time::Duration;

use super::{RESTING, trading, without_ids};
use crate::kraken::fixture::{World, signed};
use crate::kraken::orders::Phase;

const UNKNOWN: &str = r#"{"error":["EOrder:Unknown order"]}"#;

fn error(answer: &str, expected: &str) {
    assert_eq!(answer, format!(r#"{{"error":["{expected}"]}}"#));
}

/// A signed JSON body of account `a`; its nonce is a text, as clients send it.
fn json(world: &mut World, method: &str, nonce: u64, fields: &str) -> String {
    let body = format!(r#"{{"nonce":"{nonce}",{fields}}}"#);
    let mut request = signed("key-a", method, &nonce.to_string(), &body);
    request.content_type = Some("application/json".to_owned());
    world.venue.handle(&request, world.now).body
}

#[test]
fn an_amended_order_keeps_its_id_and_its_states_can_be_asked_for() {
    let mut world = trading();
    let id = world.add(RESTING);
    let answer = world.post("AmendOrder", &format!("txid={id}&order_qty=0.0003&limit_price=15001"));
    assert_eq!(without_ids(&answer), r#"{"error":[],"result":{"amend_id":"T#"}}"#);
    let row = world.post("QueryOrders", &format!("txid={id}"));
    assert!(row.contains(r#""price":"15001.0","price2":"0""#), "{row}");
    assert!(row.contains(r#""vol":"0.00030000""#) && row.contains(r#""misc":"amended""#), "{row}");
    let states = world.post("OrderAmends", &format!("order_id={id}"));
    let first = r#"{"amend_id":"T#","amend_type":"original","order_qty":"0.00020000","remaining_qty":"0.00020000","limit_price":"15000.0","post_only":false,"timestamp":1795248087298}"#;
    assert!(without_ids(&states).contains(first), "{states}");
    assert!(states.contains(r#""amend_type":"user""#) && states.ends_with(r#""count":2}}"#));
    error(
        &world.post("AmendOrder", &format!("txid={id}&limit_price=15001.25")),
        "EOrder:Invalid price:XBT/USD price can only be specified up to 1 decimals.",
    );
    error(
        &world.post("AmendOrder", &format!("txid={id}&limit_price=21000&post_only=true")),
        "EOrder:Post only order",
    );
    error(&world.post("AmendOrder", &format!("txid={id}")), "EGeneral:Invalid arguments:order_qty");
    assert_eq!(world.post("AmendOrder", "txid=OAAAAA-AAAAA-AAAAAA&order_qty=1"), UNKNOWN);
    world.post("CancelAll", "");
    assert_eq!(world.post("AmendOrder", &format!("txid={id}&order_qty=1")), UNKNOWN);
}

#[test]
fn an_amended_order_is_young_again_when_it_is_cancelled() {
    let mut world = trading();
    let id = world.add(RESTING);
    world.now = world.now.plus(Duration::from_secs(400));
    // The count is at zero; an old order is amended for one and cancelled for eight.
    world.post("AmendOrder", &format!("txid={id}&order_qty=0.0003"));
    for number in 0..116 {
        let form = format!("{RESTING}&volume=never&userref={number}");
        assert!(world.post("AddOrder", &form).contains("arguments:volume"), "order {number}");
    }
    world.post("AddOrder", &format!("{RESTING}&volume=never"));
    error(&world.post("CancelOrder", &format!("txid={id}")), "EOrder:Rate limit exceeded");
}

#[test]
fn an_edited_order_is_another_one() {
    let mut world = trading();
    let id = world.add(&format!("{RESTING}&oflags=post&userref=9"));
    let answer = world.post("EditOrder", &format!("pair=XBTUSD&txid={id}&price=15100"));
    assert_eq!(
        without_ids(&answer),
        r#"{"error":[],"result":{"status":"ok","txid":"O#","originaltxid":"O#","newuserref":9,"volume":"0.00020000","price":"15100.0","orders_cancelled":1,"descr":{"order":"buy 0.00020000 XBTUSD @ limit 15100.0"}}}"#
    );
    let old = world.post("QueryOrders", &format!("txid={id}"));
    assert!(old.contains(r#""status":"canceled""#) && old.contains("Order replaced"), "{old}");
    assert!(world.post("OpenOrders", "").contains(r#""oflags":"post,fciq""#));
    assert_eq!(world.post("EditOrder", &format!("pair=XBTUSD&txid={id}&price=1")), UNKNOWN);
}

#[test]
fn a_batch_is_rejected_as_a_whole_or_order_by_order() {
    let mut world = trading();
    let two = |first: &str| {
        format!(
            r#""pair":"XXBTZUSD","orders":[{first},{{"type":"buy","ordertype":"limit","volume":"0.0002","price":"14700"}}]"#
        )
    };
    let good = r#"{"type":"buy","ordertype":"limit","volume":"0.0002","price":"15000"}"#;
    let answer = json(&mut world, "AddOrderBatch", 100, &two(good));
    assert_eq!(
        without_ids(&answer),
        r#"{"error":[],"result":{"orders":[{"txid":"O#","descr":{"order":"buy 0.00020000 XBTUSD @ limit 15000.0"}},{"txid":"O#","descr":{"order":"buy 0.00020000 XBTUSD @ limit 14700.0"}}]}}"#
    );
    let dear = r#"{"type":"buy","ordertype":"limit","volume":"1000","price":"15000"}"#;
    let answer = json(&mut world, "AddOrderBatch", 101, &two(dear));
    assert!(answer.contains(r#"{"error":"EOrder:Insufficient funds","descr":{"order":"buy 1000.00000000 XBTUSD @ limit 15000.0"}},{"txid":"#), "{answer}");
    let broken = r#"{"type":"buy","ordertype":"limit","volume":"x","price":"15000"}"#;
    let answer = json(&mut world, "AddOrderBatch", 102, &two(broken));
    error(&answer, "EGeneral:Invalid arguments:volume");
    let one = r#""pair":"XBTUSD","orders":[{"type":"buy"}]"#;
    error(&json(&mut world, "AddOrderBatch", 103, one), "EGeneral:Invalid arguments:orders");
    error(
        &json(&mut world, "AddOrderBatch", 104, r#""pair":"XBTUSD","orders":7"#),
        "EGeneral:Invalid arguments:orders",
    );
    assert_eq!(world.venue.exchange.open_order_count(), 3);
}

#[test]
fn several_orders_are_cancelled_by_any_names() {
    let mut world = trading();
    let id = world.add(RESTING);
    world.add(&format!("{RESTING}&userref=5"));
    world.add(&format!("{RESTING}&userref=5"));
    world.add(&format!("{RESTING}&cl_ord_id=mine"));
    let fields = format!(r#""orders":["{id}",5],"cl_ord_ids":["mine"]"#);
    let answer = json(&mut world, "CancelOrderBatch", 100, &fields);
    assert_eq!(answer, r#"{"error":[],"result":{"count":4}}"#);
    assert_eq!(json(&mut world, "CancelOrderBatch", 101, &fields), UNKNOWN);
    error(
        &json(&mut world, "CancelOrderBatch", 102, r#""orders":[]"#),
        "EGeneral:Invalid arguments:orders",
    );
}

#[test]
fn the_dead_mans_switch_fires_unless_it_is_armed_again_or_off() {
    let mut world = trading();
    world.add(RESTING);
    let answer = world.post("CancelAllOrdersAfter", "timeout=60");
    assert_eq!(
        answer,
        r#"{"error":[],"result":{"currentTime":"2026-11-21T08:01:27Z","triggerTime":"2026-11-21T08:02:27Z"}}"#
    );
    let pass = |world: &mut World, seconds: u64| {
        world.now = world.now.plus(Duration::from_secs(seconds));
        world.venue.on_time(world.now);
        world.venue.exchange.open_order_count()
    };
    assert_eq!(pass(&mut world, 59), 1);
    world.post("CancelAllOrdersAfter", "timeout=60");
    assert_eq!(pass(&mut world, 59), 1);
    assert!(world.post("CancelAllOrdersAfter", "timeout=0").contains(r#""triggerTime":"0""#));
    assert_eq!(pass(&mut world, 100), 1);
    world.post("CancelAllOrdersAfter", "timeout=1");
    assert_eq!(pass(&mut world, 1), 0);
    assert_eq!(world.venue.timers.next(), None);
    error(
        &world.post("CancelAllOrdersAfter", "timeout=86401"),
        "EGeneral:Invalid arguments:timeout",
    );
    error(&world.post("CancelAllOrdersAfter", ""), "EGeneral:Invalid arguments:timeout");
}

#[test]
fn an_order_that_is_good_till_a_date_expires() {
    let mut world = trading();
    let id = world.add(&format!("{RESTING}&timeinforce=GTD&expiretm=%2B10"));
    let row = world.post("QueryOrders", &format!("txid={id}"));
    assert!(row.contains(r#""expiretm":1795248097,"#), "{row}");
    assert!(row.contains(r#""time_in_force":"gtd""#), "{row}");
    world.now = world.now.plus(Duration::from_secs(10));
    world.venue.on_time(world.now);
    let row = world.post("QueryOrders", &format!("txid={id}"));
    assert!(row.contains(r#""status":"expired""#), "{row}");
}

#[test]
fn phases_let_through_what_they_should() {
    let mut world = trading();
    let id = world.add(RESTING);
    world.venue.set_phase(Phase::CancelOnly);
    assert!(world.get("SystemStatus").contains("cancel_only"));
    error(&world.post("AddOrder", RESTING), "EService:Market in cancel_only mode");
    let amend = format!("txid={id}&order_qty=0.0003");
    error(&world.post("AmendOrder", &amend), "EService:Market in cancel_only mode");
    assert!(world.post("CancelOrder", &format!("txid={id}")).contains(r#""count":1"#));
    world.venue.set_phase(Phase::PostOnly);
    error(&world.post("AddOrder", RESTING), "EService:Market in post_only mode");
    assert!(world.post("AddOrder", &format!("{RESTING}&oflags=post")).contains("txid"));
    world.venue.set_phase(Phase::Maintenance);
    error(&world.post("AddOrder", RESTING), "EService:Unavailable");
    error(&world.post("Balance", ""), "EService:Unavailable");
    error(&world.get("Ticker"), "EService:Unavailable");
    assert!(world.get("Time").contains("unixtime"));
    world.venue.set_phase(Phase::Online);
    assert!(world.post("AddOrder", RESTING).contains("txid"));
}
