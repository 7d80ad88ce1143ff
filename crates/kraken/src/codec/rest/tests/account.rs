//! What the private methods tell of an account, in real payloads where there are some.

use serde_json::value::RawValue;

use super::*;
use crate::codec::account::{OrderDetails, OrderStatus, Position};

fn amount(text: &str) -> Notional {
    Notional::parse(text).expect("valid")
}

fn orders(body: &str, of: &str) -> Vec<OrderDetails> {
    let rows: Keyed<Box<RawValue>> = read(body);
    let rows = serde_json::from_str(rows[of].get()).expect("orders");
    details(rows).expect("numbers")
}

#[test]
fn every_sample_of_an_order_is_read_in_full() {
    for name in ["open_orders_stop_loss_limit", "open_orders_trailing_stop"] {
        let Some(body) = sample(name) else { return };
        let [order] = &orders(&body, "open")[..] else { panic!("one order") };
        assert_eq!((&order.status, order.closed_at), (&OrderStatus::Open, None), "{name}");
    }
    let Some(body) = sample("query_orders_open_limit") else { return };
    let rows: Keyed<DetailsRow<'_>> = read(&body);
    assert_eq!(details(rows).expect("numbers")[0].status, OrderStatus::Open);
}

#[test]
fn a_trailing_order_keeps_its_distance_and_a_triggered_one_its_prices() {
    let (Some(open), Some(closed)) =
        (sample("open_orders_trailing_stop"), sample("closed_orders_triggered"))
    else {
        return;
    };
    let trailing = &orders(&open, "open")[0];
    assert_eq!((&*trailing.kind, &*trailing.price), ("trailing-stop", "+50.0000%"));
    assert!(trailing.pair.is(&Symbol::new("XRP/USD")) && trailing.side == Some(Side::Buy));
    assert_eq!(trailing.userref, None, "zero is none");
    let closed = orders(&closed, "closed");
    let stopped = closed.iter().find(|order| order.misc == ["stopped"]).expect("one that woke");
    assert_eq!((&*stopped.price, &*stopped.second_price), ("0.8930", "0.4465"));
    assert_eq!((stopped.userref, &*stopped.time_in_force), (Some(5316), "gtc"));
    assert_eq!(stopped.flags, ["fciq"]);
    assert_eq!(
        stopped.description,
        "buy 5.00000000 USDCEUR @ trailing stop 0.8930 -> limit 0.4465"
    );
    let ended = UnixNanos::from_nanos(1_791_922_563_667_544_000);
    assert_eq!((stopped.closed_at, stopped.expires_at), (Some(ended), None));
    assert_eq!(stopped.report.state, OrderState::Cancelled);
}

#[test]
fn a_closed_order_names_its_executions() {
    let Some(body) = sample("query_orders_closed_market") else { return };
    let rows: Keyed<DetailsRow<'_>> = read(&body);
    let order = &details(rows).expect("numbers")[0];
    assert_eq!(order.trades, ["TWA6QJ-ZO4EM-6QIHQJ"]);
    assert_eq!(order.average_price, amount("71.05741"));
    assert_eq!(order.quantity, amount("0.1"));
    assert_eq!(order.report.filled, Quantity::parse("0.1").ok());
}

/// The row of section 1.4 of the reference.
const TRADE: &str = r#"{"T1":{"ordertxid":"O1","postxid":"T0","pair":"XETHZUSD","aclass":"forex",
    "time":1700272061.8606286,"type":"buy","ordertype":"limit","price":"1912.68000","cost":"18.67280",
    "fee":"0.03248","vol":"0.01200000","margin":"0.00000","leverage":"0","misc":"",
    "trade_id":46006064,"maker":true,"ledgers":["L1"]}}"#;

#[test]
fn an_execution_is_a_fill_with_its_fee() {
    let rows: Keyed<TradeRow<'_>> = serde_json::from_str(TRADE).expect("valid");
    let [trade] = &own_trades(rows).expect("numbers")[..] else { panic!("one") };
    assert_eq!((&*trade.id, trade.order.as_str()), ("T1", "O1"));
    assert!(trade.pair.is(&Symbol::new("ETH/USD")));
    assert_eq!(trade.at.as_nanos(), 1_700_272_061_860_628_600);
    let fill = trade.fill().expect("it has a number");
    assert_eq!((fill.trade_id, fill.fee), (46_006_064, amount("0.03248")));
    assert_eq!(
        (fill.price.to_string(), fill.quantity.to_string()),
        ("1912.68".into(), "0.012".into())
    );
    assert_eq!(fill.liquidity, model::Liquidity::Maker);
    let old = TRADE.replace(r#""trade_id":46006064,"maker":true,"#, "");
    let rows: Keyed<TradeRow<'_>> = serde_json::from_str(&old).expect("valid");
    assert_eq!(own_trades(rows).expect("numbers")[0].fill(), None);
}

#[test]
fn positions_come_by_id_or_put_together() {
    let read_positions = |body: &str| {
        let rows: Box<RawValue> = read(body);
        positions(&rows).expect("numbers")
    };
    let Some(body) = sample("open_positions_consolidated") else { return };
    let [Position { id: None, order: None, net: Some(net), .. }] = &read_positions(&body)[..]
    else {
        panic!("one position of a pair");
    };
    assert_eq!(*net, amount("-0.01022"));
    let one = r#"{"error":[],"result":{"T1":{"ordertxid":"O1","posstatus":"open","pair":"XXBTZUSD",
        "time":1605280097.8294,"type":"sell","ordertype":"limit","cost":"104610.52842","fee":"289.06565",
        "vol":"8.82412861","vol_closed":"0.20200000","margin":"20922.10568","terms":"0.0100% per 4 hours",
        "rollovertm":"1616672637","misc":"","oflags":""}}}"#;
    let [position] = &read_positions(one)[..] else { panic!("one position") };
    assert_eq!(position.id.as_deref(), Some("T1"));
    assert_eq!((position.side, position.value), (Some(Side::Sell), None));
    assert_eq!(position.closed, Quantity::parse("0.202").expect("valid"));
}

#[test]
fn money_is_read_with_what_is_held() {
    let body = r#"{"ZUSD":{"balance":"22.6354","hold_trade":"2.5000"},
        "XXBT":{"balance":"1","hold_trade":"0","credit":"3","credit_used":"1"}}"#;
    let rows = serde_json::from_str(body).expect("valid");
    let found = extended_balances(rows).expect("numbers");
    let available = |asset: &str| found[&Asset::new(asset)].available();
    assert_eq!(available("USD"), Some(amount("20.1354")));
    assert_eq!(available("BTC"), Some(amount("3")));
    let worth = r#"{"eb":"1101.3425","tb":"392.2264","m":"7.0354","uv":"0.0000","n":"-10.0232",
        "c":"21.1063","v":"31.1297","e":"382.2032","mf":"375.1678","ml":"5432.57"}"#;
    let row: TradeBalanceRow<'_> = serde_json::from_str(worth).expect("valid");
    let worth = row.into_balance().expect("numbers");
    assert_eq!(
        (worth.unrealized, worth.margin_level),
        (amount("-10.0232"), Some(amount("5432.57")))
    );
}

#[test]
fn fees_are_found_under_the_venue_s_name_of_a_pair() {
    let body = r#"{"currency":"ZUSD","volume":"200709.5","fees":{"XXBTZUSD":{"fee":"0.1000",
        "minfee":"0.1000","maxfee":"0.2600","nextfee":null,"tiervolume":"10000000.0000","nextvolume":null}},
        "fees_maker":{"XXBTZUSD":{"fee":"0.0200","minfee":"0.0000","maxfee":"0.1600","nextfee":"0.0000",
        "nextvolume":"20000000.0000","tiervolume":"10000000.0000"}}}"#;
    let volume = || {
        let row: VolumeRow<'_> = serde_json::from_str(body).expect("valid");
        row.into_volume().expect("numbers")
    };
    let symbol = Symbol::new("BTC/USD");
    let fees = volume().into_fees(std::slice::from_ref(&symbol)).expect("told");
    let pair = fees.pairs[&symbol];
    assert_eq!((fees.currency.as_str(), pair.taker.percent), ("USD", amount("0.1")));
    assert_eq!(pair.taker.next, None);
    let next = pair.maker.expect("another").next;
    assert_eq!(next, Some((amount("20000000"), Notional::ZERO)));
    assert!(volume().into_fees(&[Symbol::new("ETH/USD")]).is_err());
}

#[test]
fn an_entry_of_a_ledger_may_have_no_balance_yet() {
    let entry = |balance: &str| {
        let text = format!(
            r#"{{"L1":{{"aclass":"currency","amount":"-24.5000","asset":"ZEUR","balance":"{balance}",
            "fee":"0.0490","refid":"T1","time":1688464484.1787,"type":"trade","subtype":""}}}}"#
        );
        let rows: Keyed<LedgerRow<'_>> = serde_json::from_str(&text).expect("valid");
        ledger_entries(rows).expect("numbers").remove(0)
    };
    let told = entry("459567.9171");
    assert_eq!((told.asset.as_str(), &*told.kind, &*told.reference), ("EUR", "trade", "T1"));
    assert_eq!(told.balance, Some(amount("459567.9171")));
    assert_eq!(entry("").balance, None);
}

#[test]
fn a_page_has_rows_under_the_name_of_its_method() {
    for name in ["closed", "trades", "ledger"] {
        let text = format!(r#"{{"{name}":{TRADE},"count":7}}"#);
        let page: PageOf<TradeRow<'_>> = serde_json::from_str(&text).expect("valid");
        assert_eq!((page.rows.len(), page.count), (1, Some(7)), "{name}");
    }
}
