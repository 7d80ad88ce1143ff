//! Executions, ledgers, balances with holds, volume.

use std::time::Duration;

use super::{RESTING, trading, without_ids};
use crate::kraken::fixture::World;

const MARKET: &str = "pair=XBTUSD&type=buy&ordertype=market&volume=0.01";

/// The id behind a text.
fn id_after(answer: &str, text: &str) -> String {
    let at = answer.find(text).unwrap() + text.len();
    answer[at..at + 19].to_owned()
}

#[test]
fn executions_are_found_by_time_by_page_and_by_id() {
    let mut world = trading();
    world.add(MARKET);
    let answer = world.post("TradesHistory", "ledgers=true");
    let shown = without_ids(&answer);
    let row = r#"{"ordertxid":"O#","postxid":"T#","pair":"XXBTZUSD","aclass":"forex","time":1795248087.298,"type":"buy","ordertype":"market","price":"20000.00000","cost":"200.00000","fee":"0.80000","vol":"0.01000000","margin":"0.00000","leverage":"0","misc":"","trade_id":2,"maker":false,"ledgers":["L#","L#"]}"#;
    assert_eq!(shown, format!(r#"{{"error":[],"result":{{"trades":{{"T#":{row}}},"count":1}}}}"#));
    let id = id_after(&answer, r#"{"trades":{""#);
    assert!(world.post("QueryTrades", &format!("txid={id}")).contains(&id));
    assert!(world.post("QueryTrades", "txid=TAAAAA-AAAAA-AAAAAA").contains("arguments:txid"));
    assert!(world.post("TradesHistory", "start=1795248088").contains(r#"{"trades":{},"count":0}"#));
    assert!(world.post("TradesHistory", "end=1795248086").contains(r#"{"trades":{},"count":0}"#));
    for _ in 0..60 {
        world.add(MARKET);
    }
    // Calls about history cost two.
    world.now = world.now.plus(Duration::from_secs(100));
    let page = |world: &mut World, offset: u32| {
        world.post("TradesHistory", &format!("ofs={offset}")).matches("ordertxid").count()
    };
    assert_eq!([0, 50, 100].map(|offset| page(&mut world, offset)), [50, 11, 0]);
}

#[test]
fn an_execution_has_two_entries_and_they_explain_the_balance() {
    let mut world = trading();
    world.add(MARKET);
    let answer = world.post("Ledgers", "");
    let shown = without_ids(&answer);
    let bought = r#""L#":{"aclass":"currency","amount":"0.0100000000","asset":"XXBT","balance":"10.0100000000","fee":"0.0000000000","refid":"T#","time":1795248087.298,"type":"trade","subtype":""}"#;
    let paid = r#""L#":{"aclass":"currency","amount":"-200.0000","asset":"ZUSD","balance":"99799.2000","fee":"0.8000","refid":"T#","time":1795248087.298,"type":"trade","subtype":""}"#;
    assert_eq!(
        shown,
        format!(r#"{{"error":[],"result":{{"ledger":{{{bought},{paid}}},"count":2}}}}"#)
    );
    assert_eq!(world.post("Ledgers", "asset=XBT").matches("refid").count(), 1);
    assert_eq!(world.post("Ledgers", "type=deposit").matches("refid").count(), 0);
    let id = id_after(&answer, r#""ledger":{""#);
    assert!(world.post("QueryLedgers", &format!("id={id}")).contains(&id));
    let balance = world.post("Balance", "");
    assert!(balance.contains(r#""XXBT":"10.0100000000","ZUSD":"99799.2000""#), "{balance}");
}

#[test]
fn holds_are_shown_beside_balances() {
    let mut world = trading();
    world.add(RESTING);
    assert_eq!(
        world.post("BalanceEx", ""),
        r#"{"error":[],"result":{"XXBT":{"balance":"10.0000000000","hold_trade":"0.0000000000"},"ZUSD":{"balance":"100000.0000","hold_trade":"3.0000"}}}"#
    );
    let worth = world.post("TradeBalance", "asset=ZUSD");
    assert!(worth.contains(r#""eb":"300000.0000","tb":"300000.0000","m":"0.0000""#), "{worth}");
    assert!(world.post("TradeBalance", "asset=NOPE").contains("EQuery:Unknown asset"));
    assert!(world.post("OpenPositions", "").contains(r#""result":{}"#));
}

#[test]
fn the_volume_tells_the_fees_of_a_pair() {
    let mut world = trading();
    let bare = r#"{"error":[],"result":{"currency":"ZUSD","volume":"0.0000"}}"#;
    assert_eq!(world.post("TradeVolume", ""), bare);
    let fees = world.post("TradeVolume", "pair=XBTUSD");
    assert!(fees.contains(
        r#""fees":{"XXBTZUSD":{"fee":"0.4000","minfee":"0.1000","maxfee":"0.4000","nextfee":"0.3500","nextvolume":"10000.0000","tiervolume":"0.0000"}}"#
    ), "{fees}");
    assert!(fees.contains(r#""fees_maker":{"XXBTZUSD":{"fee":"0.2500""#));
    assert!(world.post("TradeVolume", "pair=NOPE").contains("Unknown asset pair"));
}
