//! Reading private methods.

use std::time::Duration;

use super::{RESTING, trading};
use crate::kraken::fixture::{World, signed};

/// Three orders, opened at +0, +1 and +2 s and cancelled at +10, +11 and +12 s.
fn three_closed() -> (World, Vec<String>) {
    let mut world = trading();
    let start = world.now;
    let second = |n: u64| start.plus(Duration::from_secs(n));
    let mut txids = Vec::new();
    for n in 0..3 {
        world.now = second(n);
        txids.push(world.add(&format!("{RESTING}&userref={n}")));
    }
    for (n, txid) in (10..).zip(&txids) {
        world.now = second(n);
        world.post("CancelOrder", &format!("txid={txid}"));
    }
    (world, txids)
}

#[test]
fn closed_orders_come_newest_first_in_pages() {
    let (mut world, txids) = three_closed();
    let all = world.post("ClosedOrders", "");
    let at = |txid: &String| all.find(txid.as_str()).unwrap();
    assert!(at(&txids[2]) < at(&txids[1]) && at(&txids[1]) < at(&txids[0]));
    assert!(all.ends_with(r#""count":3}}"#));
    let second = world.post("ClosedOrders", "ofs=1");
    assert!(!second.contains(&txids[2]) && second.contains(&txids[0]));
    assert!(second.ends_with(r#""count":3}}"#));
    let uncounted = world.post("ClosedOrders", "without_count=true");
    assert!(!uncounted.contains("\"count\""));
}

#[test]
fn closed_orders_are_selected_by_time_and_name() {
    let (mut world, txids) = three_closed();
    let mut count = |form: &str| {
        let answer = world.post("ClosedOrders", form);
        let at = answer.rfind(':').unwrap();
        answer[at + 1..].trim_end_matches('}').parse::<u32>().unwrap()
    };
    assert_eq!(count("userref=1"), 1);
    assert_eq!(count("closetime=close&start=1795248097.298"), 2);
    assert_eq!(count("closetime=close&end=1795248097.298"), 1);
    assert_eq!(count("closetime=open&end=1795248088.298"), 2);
    assert_eq!(count("start=1795248088.298&end=1795248097.298"), 2);
    // An order stands for the time at which it was opened.
    assert_eq!(count(&format!("closetime=close&start={}", txids[1])), 3);
    assert_eq!(count(&format!("closetime=open&start={}", txids[1])), 1);
    let wrong = world.post("ClosedOrders", "start=yesterday");
    assert_eq!(wrong, r#"{"error":["EGeneral:Invalid arguments:start"]}"#);
    let wrong = world.post("ClosedOrders", "closetime=never");
    assert_eq!(wrong, r#"{"error":["EGeneral:Invalid arguments:closetime"]}"#);
}

#[test]
fn queried_orders_must_all_be_known_and_ones_own() {
    let (mut world, txids) = three_closed();
    let both = world.post("QueryOrders", &format!("txid={},{}", txids[0], txids[1]));
    assert!(both.contains(&txids[0]) && both.contains(&txids[1]));
    let invalid = r#"{"error":["EOrder:Invalid order"]}"#;
    let unknown = world.post("QueryOrders", &format!("txid={},ONOPE", txids[0]));
    assert_eq!(unknown, invalid);
    let arguments = r#"{"error":["EGeneral:Invalid arguments:txid"]}"#;
    assert_eq!(world.post("QueryOrders", ""), arguments);
    let many = vec![txids[0].as_str(); 51].join(",");
    assert_eq!(world.post("QueryOrders", &format!("txid={many}")), arguments);
    let key = world.venue.keys.get_mut("key-b").unwrap();
    key.permissions = crate::kraken::Permissions::ALL;
    let form = format!("nonce=1&txid={}", txids[0]);
    let foreign = signed("key-b", "QueryOrders", "1", &form);
    assert_eq!(world.venue.handle(&foreign, world.now).body, invalid);
}

#[test]
fn balances_show_assets_ever_held() {
    let mut world = World::new();
    let before = world.post("Balance", "");
    assert_eq!(before, r#"{"error":[],"result":{"XXBT":"10.0000000000","ZUSD":"100000.0000"}}"#);
    let mut ether = crate::kraken::fixture::trade("1500", "1", model::Side::Buy);
    ether.symbol = model::Symbol::new("ETH/USD");
    world.venue.on_tape(&[ether], world.now);
    world.add("pair=ETHUSD&type=buy&ordertype=market&volume=1");
    world.add("pair=ETHUSD&type=sell&ordertype=market&volume=1");
    let after = world.post("Balance", "");
    assert!(after.contains(r#""XETH":"0.0000000000""#), "{after}");
}

#[test]
fn the_trade_balance_has_the_digits_of_its_asset() {
    let mut world = trading();
    let check = |world: &mut World, form: &str, eb: &str, m: &str| {
        let answer = world.post("TradeBalance", form);
        assert!(answer.contains(&format!(r#""eb":"{eb}","tb":"{eb}","m":"{m}""#)), "{answer}");
    };
    check(&mut world, "", "300000.0000", "0.0000");
    check(&mut world, "asset=XXBT", "15.0000000000", "0.0000000000");
}

#[test]
fn a_token_is_issued_for_fifteen_minutes() {
    let mut world = World::new();
    let answer = world.post("GetWebSocketsToken", "");
    assert!(answer.starts_with(r#"{"error":[],"result":{"token":""#));
    assert!(answer.ends_with(r#"","expires":900}}"#));
}

#[test]
fn the_statement_lists_balances_and_totals() {
    let mut world = trading();
    world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=1&price=15000");
    world.venue.record_statement();
    let lines = world.memory.lines();
    assert_eq!(
        lines[lines.len() - 9..],
        [
            "a: 10 BTC, 0 held",
            "a: 0 ETH, 0 held",
            "a: 100000 USD, 15000 held",
            "b: 10 BTC, 0 held",
            "b: 0 ETH, 0 held",
            "b: 100000 USD, 0 held",
            "in all 20 BTC",
            "in all 0 ETH",
            "in all 200000 USD",
        ]
    );
}
