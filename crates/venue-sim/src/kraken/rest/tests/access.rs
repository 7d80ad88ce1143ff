//! Keys, signatures, nonces, permissions, paths.

use bytes::Bytes;

use crate::kraken::fixture::{NOW, World, signed};
use crate::kraken::rest::{Request, Verb};
use crate::kraken::{Otp, Standing};

fn answer(world: &mut World, request: &Request) -> String {
    let reply = world.venue.handle(request, NOW);
    assert_eq!(reply.status, 200);
    reply.body
}

const BALANCE: &str = r#"{"error":[],"result":{"XXBT":"10.0000000000","ZUSD":"100000.0000"}}"#;

#[test]
fn key_then_signature_then_nonce_then_permission() {
    let mut world = World::new();
    let check = |world: &mut World, request: &Request, error: &str| {
        assert_eq!(answer(world, request), format!(r#"{{"error":["{error}"]}}"#));
    };
    let unknown = signed("key-z", "Balance", "1", "nonce=1");
    check(&mut world, &unknown, "EAPI:Invalid key");
    let mut no_key = signed("key-a", "Balance", "1", "nonce=1");
    no_key.api_key = None;
    check(&mut world, &no_key, "EAPI:Invalid key");
    let mut forged = signed("key-a", "Balance", "1", "nonce=1");
    forged.body = Bytes::from_static(b"nonce=1&x=1");
    check(&mut world, &forged, "EAPI:Invalid signature");
    let mut unsigned = signed("key-a", "Balance", "1", "nonce=1");
    unsigned.api_sign = None;
    check(&mut world, &unsigned, "EAPI:Invalid signature");
    let text = signed("key-a", "Balance", "one", "nonce=one");
    check(&mut world, &text, "EAPI:Invalid nonce");
    let funds_only = signed("key-b", "OpenOrders", "1", "nonce=1");
    check(&mut world, &funds_only, "EGeneral:Permission denied");
}

#[test]
fn nonces_of_a_key_increase_strictly() {
    let mut world = World::new();
    let mut balance = |key: &str, nonce: &str| {
        let request = signed(key, "Balance", nonce, &format!("nonce={nonce}"));
        answer(&mut world, &request)
    };
    let invalid = r#"{"error":["EAPI:Invalid nonce"]}"#;
    assert_eq!(balance("key-a", "5"), BALANCE);
    assert_eq!(balance("key-a", "5"), invalid);
    assert_eq!(balance("key-a", "4"), invalid);
    assert_eq!(balance("key-b", "4"), BALANCE);
    assert_eq!(balance("key-a", "18446744073709551615"), BALANCE);
    assert_eq!(balance("key-a", "18446744073709551616"), invalid);
}

#[test]
fn a_bad_signature_leaves_the_nonce_and_a_later_failure_uses_it() {
    let mut world = World::new();
    let mut forged = signed("key-a", "Balance", "1", "nonce=1");
    forged.api_sign = Some("AAAA".to_owned());
    answer(&mut world, &forged);
    assert_eq!(answer(&mut world, &signed("key-a", "Balance", "1", "nonce=1")), BALANCE);
    let refused = answer(&mut world, &signed("key-a", "AddOrder", "2", "nonce=2"));
    assert_eq!(refused, r#"{"error":["EGeneral:Invalid arguments:pair"]}"#);
    let again = answer(&mut world, &signed("key-a", "Balance", "2", "nonce=2"));
    assert_eq!(again, r#"{"error":["EAPI:Invalid nonce"]}"#);
}

#[test]
fn bodies_may_be_json_or_come_without_a_type() {
    let mut world = World::new();
    let mut json = signed("key-a", "Balance", "1", r#"{"nonce":1}"#);
    json.content_type = Some("application/json".to_owned());
    assert_eq!(answer(&mut world, &json), BALANCE);
    let mut text = signed("key-a", "Balance", "2", r#"{"nonce":"2"}"#);
    text.content_type = Some("Application/JSON; charset=utf-8".to_owned());
    assert_eq!(answer(&mut world, &text), BALANCE);
    let mut untyped = signed("key-a", "Balance", "3", "nonce=3");
    untyped.content_type = None;
    assert_eq!(answer(&mut world, &untyped), BALANCE);
}

#[test]
fn wrong_paths_and_verbs_are_unknown_methods() {
    let mut world = World::new();
    let unknown = r#"{"error":["EGeneral:Unknown method"]}"#;
    assert_eq!(world.get("Nothing"), unknown);
    assert_eq!(world.post("Nothing", ""), unknown);
    let mut get = signed("key-a", "Balance", "9", "nonce=9");
    get.verb = Verb::Get;
    assert_eq!(answer(&mut world, &get), unknown);
    let mut post = signed("key-a", "Time", "9", "nonce=9");
    post.path = "/0/public/Time".to_owned();
    assert_eq!(answer(&mut world, &post), unknown);
    world.venue.public_post = true;
    assert!(answer(&mut world, &post).contains("unixtime"));
    let lines = world.memory.lines();
    assert_eq!(lines[0], "answered unknown: 200 EGeneral:Unknown method");
    assert_eq!(lines.last().unwrap(), "answered Time: 200");
}

#[test]
fn a_second_factor_is_asked_for_with_every_request() {
    let mut world = World::new();
    world.venue.keys.get_mut("key-a").unwrap().otp = Some(Otp::new("pass word"));
    let mut ask = |form: &str| answer(&mut world, &signed("key-a", "Balance", "1", form));
    let refused = r#"{"error":["EAPI:Invalid signature"]}"#;
    assert_eq!(ask("nonce=1"), refused);
    assert_eq!(ask("nonce=1&otp=password"), refused);
    assert_eq!(ask("nonce=1&otp=pass%20word"), BALANCE, "the nonce was left");
}

#[test]
fn an_account_that_may_not_trade_reads_and_cancels() {
    let mut world = World::new();
    world.trade("20000.0", "0.5", model::Side::Buy);
    let order = "pair=XBTUSD&type=buy&ordertype=limit&volume=0.001&price=15000";
    let first = world.add(order);
    let second = world.add(order);
    let batch = r#"orders=[{"ordertype":"limit"},{"ordertype":"limit"}]&pair=XBTUSD"#;
    let edit = format!("txid={first}&pair=XBTUSD&price=14000");
    let amend = format!("txid={first}&limit_price=14000");
    let trades = [
        ("AddOrder", order),
        ("AddOrderBatch", batch),
        ("EditOrder", &edit),
        ("AmendOrder", &amend),
    ];
    let refusal = |error: &str| format!(r#"{{"error":["{error}"]}}"#);
    for (standing, error) in
        [(Standing::Locked, "ETrade:Locked"), (Standing::UserLocked, "ETrade:User Locked")]
    {
        assert!(world.venue.set_standing("a", standing));
        for (method, form) in trades {
            assert_eq!(world.post(method, form), refusal(error), "{method}");
        }
        assert!(world.post("OpenOrders", "").contains(&first));
    }
    assert!(world.post("CancelOrder", &format!("txid={second}")).contains(r#""count":1"#));
    for (standing, error) in [
        (Standing::Disabled, "EAuth:Account temporary disabled"),
        (Standing::Unconfirmed, "EAuth:Account unconfirmed"),
    ] {
        assert!(world.venue.set_standing("a", standing));
        assert_eq!(world.post("Balance", ""), refusal(error));
        assert_eq!(world.post("CancelAll", ""), refusal(error));
    }
    assert!(world.venue.set_standing("a", Standing::Active));
    assert!(world.post("AddOrder", order).contains("txid"));
    assert!(!world.venue.set_standing("nobody", Standing::Locked));
}
