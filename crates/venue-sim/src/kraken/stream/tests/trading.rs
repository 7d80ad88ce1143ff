//! Methods that trade, and the `balances` channel.

use std::time::Duration;

use super::*;
use crate::kraken::fixture::signed;

/// A private session of account `a` with its token.
fn trader() -> (Client, String) {
    let mut client = Client::new(Role::PrivateStream);
    let answer = client.world.post("GetWebSocketsToken", "");
    let at = answer.find("\"token\":\"").unwrap() + 9;
    let token = answer[at..at + 43].to_owned();
    (client, token)
}

fn request(method: &str, token: &str, params: &str) -> String {
    format!(r#"{{"method":"{method}","params":{{"token":"{token}",{params}}},"req_id":12}}"#)
}

const LIMIT: &str = r#""order_type":"limit","side":"buy","order_qty":0.0002,"symbol":"BTC/USD","limit_price":15000"#;

/// The id of an order that was just placed.
fn placed(client: &mut Client, token: &str, params: &str) -> String {
    let answer = client.send(&request("add_order", token, params)).remove(0);
    let at = answer.find(r#""order_id":""#).expect(&answer) + 12;
    answer[at..at + 19].to_owned()
}

fn error(client: &mut Client, text: &str, expected: &str) {
    let answer = client.send(text).remove(0);
    let start = format!(r#"{{"error":"{expected}","#);
    assert!(answer.starts_with(&start), "{answer}");
    assert!(answer.contains(r#""success":false"#));
}

#[test]
fn an_order_is_placed_amended_replaced_and_cancelled() {
    let (mut client, token) = trader();
    let id =
        placed(&mut client, &token, &format!(r#"{LIMIT},"cl_ord_id":"mine","post_only":true"#));
    let amend = request(
        "amend_order",
        &token,
        &format!(r#""order_id":"{id}","limit_price":15001,"order_qty":3e-4"#),
    );
    let answer = client.send(&amend).remove(0);
    assert!(answer.contains(r#""result":{"amend_id":"T"#), "{answer}");
    assert!(answer.contains(&format!(r#""order_id":"{id}""#)));
    let shown = client.world.post("OpenOrders", "");
    assert!(shown.contains("buy 0.00030000 XBTUSD @ limit 15001.0"), "{shown}");
    let edit = request(
        "edit_order",
        &token,
        &format!(r#""order_id":"{id}","symbol":"BTC/USD","limit_price":15002"#),
    );
    let answer = client.send(&edit).remove(0);
    assert!(answer.contains(&format!(r#""original_order_id":"{id}""#)), "{answer}");
    let cancel = request("cancel_all", &token, r#""x":1"#);
    let answer = client.send(&cancel).remove(0);
    assert!(answer.contains(r#""result":{"count":1},"success":true"#), "{answer}");
}

#[test]
fn a_trailing_stop_and_a_close_in_the_words_of_streams() {
    let (mut client, token) = trader();
    let stop = r#""order_type":"trailing-stop-limit","side":"sell","order_qty":0.5,"symbol":"BTC/USD","limit_price":-5,"limit_price_type":"quote","triggers":{"reference":"last","price":1.5,"price_type":"pct"}"#;
    placed(&mut client, &token, stop);
    let open = client.world.post("OpenOrders", "");
    let words = "sell 0.50000000 XBTUSD @ trailing stop +1.5000% -> limit -5.0";
    assert!(open.contains(words), "{open}");
    let conditional = r#""conditional":{"order_type":"stop-loss-limit","trigger_price":14000,"limit_price":13990.5}"#;
    placed(&mut client, &token, &format!("{LIMIT},{conditional}"));
    let open = client.world.post("OpenOrders", "");
    assert!(open.contains("close position @ stop loss 14000.0 -> limit 13990.5"), "{open}");
    let broken = request("add_order", &token, &format!(r#"{LIMIT},"conditional":7"#));
    error(&mut client, &broken, "EGeneral:Invalid arguments:conditional");
}

#[test]
fn cancels_are_answered_one_by_one() {
    let (mut client, token) = trader();
    let id = placed(&mut client, &token, LIMIT);
    let text =
        request("cancel_order", &token, &format!(r#""order_id":["{id}","OAAAAA-AAAAA-AAAAAA"]"#));
    let answers = client.send(&text);
    assert_eq!(answers.len(), 2);
    assert!(answers[0].contains(&format!(r#""result":{{"order_id":"{id}"}},"success":true"#)));
    assert!(answers[1].contains("EOrder:Unknown order"));
    for _ in 0..2 {
        placed(&mut client, &token, &format!(r#"{LIMIT},"order_userref":7"#));
    }
    let batch = request("batch_cancel", &token, r#""orders":[7]"#);
    assert!(client.send(&batch)[0].contains(r#""orders_cancelled":2,"success":true"#));
}

#[test]
fn batches_and_the_dead_mans_switch_work_here_too() {
    let (mut client, token) = trader();
    let order = r#"{"order_type":"limit","side":"buy","order_qty":0.0002,"limit_price":15000}"#;
    let batch =
        request("batch_add", &token, &format!(r#""symbol":"BTC/USD","orders":[{order},{order}]"#));
    let answer = client.send(&batch).remove(0);
    assert_eq!(answer.matches(r#"{"order_id":"O"#).count(), 2, "{answer}");
    let arm = request("cancel_all_orders_after", &token, r#""timeout":60"#);
    let answer = client.send(&arm).remove(0);
    assert!(answer.contains(r#""triggerTime":"2026-11-21T08:02:27Z""#), "{answer}");
    client.world.now = client.world.now.plus(Duration::from_secs(60));
    let now = client.world.now;
    client.world.venue.on_time(now);
    assert_eq!(client.world.venue.exchange.open_order_count(), 0);
}

#[test]
fn triggers_and_costs_have_fields_of_their_own() {
    let (mut client, token) = trader();
    let stop = r#""order_type":"stop-loss-limit","side":"sell","order_qty":0.1,"symbol":"BTC/USD","limit_price":18990,"triggers":{"reference":"last","price":-5,"price_type":"pct"}"#;
    placed(&mut client, &token, stop);
    let shown = client.world.post("OpenOrders", "");
    assert!(shown.contains("@ stop loss 19000.0 -> limit 18990.0"), "{shown}");
    let cost = r#""order_type":"market","side":"buy","cash_order_qty":500,"symbol":"BTC/USD""#;
    placed(&mut client, &token, cost);
    assert!(client.world.post("ClosedOrders", "").contains(r#""cost":"500.00000""#));
}

#[test]
fn what_is_wrong_is_said_in_krakens_words() {
    let (mut client, token) = trader();
    let text = LIMIT.replace("15000", "\"15000\"");
    error(
        &mut client,
        &request("add_order", &token, &text),
        "Limit_price field must be a number_float",
    );
    let text = LIMIT.replace("BTC/USD", "XBT/USD");
    error(&mut client, &request("add_order", &token, &text), "Currency pair not supported XBT/USD");
    let dear = LIMIT.replace("0.0002", "100");
    error(&mut client, &request("add_order", &token, &dear), "EOrder:Insufficient funds");
    let margin = format!(r#"{LIMIT},"margin":true"#);
    error(&mut client, &request("add_order", &token, &margin), "EOrder:Insufficient margin");
    error(&mut client, &request("add_order", "no token", LIMIT), "ESession:Invalid session");
    error(
        &mut client,
        &request("cancel_order", &token, r#""x":1"#),
        "EGeneral:Invalid arguments:order_id",
    );
    error(&mut client, r#"{"method":"dance","params":{}}"#, "Unsupported event");
    let mut public = Client::new(Role::PublicStream);
    let elsewhere =
        "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com";
    error(&mut public, &request("add_order", &token, LIMIT), elsewhere);
}

#[test]
fn a_token_may_no_more_than_its_key() {
    let mut client = Client::new(Role::PrivateStream);
    let mut funds_only = client.world.venue.keys.remove("key-b").unwrap();
    funds_only.permissions.web_sockets = true;
    client.world.venue.keys.insert("key-b".to_owned(), funds_only);
    let request_b = signed("key-b", "GetWebSocketsToken", "1", "nonce=1");
    let now = client.world.now;
    let answer = client.world.venue.handle(&request_b, now).body;
    let at = answer.find("\"token\":\"").expect(&answer) + 9;
    let token = answer[at..at + 43].to_owned();
    error(&mut client, &request("add_order", &token, LIMIT), "EGeneral:Permission denied");
    let executions = request("subscribe", &token, r#""channel":"executions""#);
    error(&mut client, &executions, "EGeneral:Permission denied");
    let balances = request("subscribe", &token, r#""channel":"balances""#);
    assert!(client.send(&balances)[0].contains(r#""success":true"#));
}

#[test]
fn balances_come_as_a_snapshot_and_entry_by_entry() {
    let (mut client, token) = trader();
    let received = client.send(&request("subscribe", &token, r#""channel":"balances""#));
    assert!(received[0].contains(r#""result":{"channel":"balances","snapshot":true}"#));
    let row = r#"{"asset":"BTC","asset_class":"currency","balance":10.0000000000,"wallets":[{"type":"spot","id":"main","balance":10.0000000000}]}"#;
    assert!(
        received[1].contains(row) && received[1].ends_with(r#""sequence":1}"#),
        "{}",
        received[1]
    );
    let market = r#""order_type":"market","side":"buy","order_qty":0.01,"symbol":"BTC/USD""#;
    client.send(&request("subscribe", &token, r#""channel":"executions""#));
    let messages = client.send(&request("add_order", &token, market));
    let told: Vec<&String> =
        messages.iter().filter(|text| text.contains(r#""channel":"balances""#)).collect();
    assert_eq!(told.len(), 2);
    let paid = r#"{"asset":"USD","asset_class":"currency","amount":-200.0000,"balance":99799.2000,"fee":0.8000,"ledger_id":"L"#;
    assert!(told[0].contains(paid) && told[0].ends_with(r#""sequence":2}"#), "{}", told[0]);
    assert!(told[1].contains(r#""asset":"BTC""#) && told[1].ends_with(r#""sequence":3}"#));
}
