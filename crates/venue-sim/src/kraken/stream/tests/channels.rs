//! The channels `ticker`, `ohlc`, `instrument` and `status`.

use std::time::Duration;

use super::*;

#[test]
fn a_ticker_speaks_on_trades_or_on_other_best_prices() {
    let mut client = Client::new(Role::PublicStream);
    let received = client.send(
        r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"]},"req_id":1}"#,
    );
    assert_eq!(
        received[0],
        format!(
            r#"{{"method":"subscribe","req_id":1,"result":{{"channel":"ticker","event_trigger":"trades","snapshot":true,"symbol":"BTC/USD"}},"success":true,{TIMES}"#
        )
    );
    assert!(received[1].starts_with(
        r#"{"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":1"#
    ));
    let rest = r#""last":20000.0,"volume":0.50000000,"vwap":20000.0,"low":20000.0,"high":20000.0,"change":0.0,"change_pct":0.00,"timestamp":"2026-11-21T08:01:27.298000Z"}]}"#;
    assert!(received[1].ends_with(rest), "{}", received[1]);
    client.world.trade("20200.0", "0.5", Side::Buy);
    let [update]: [String; 1] = client.received().try_into().unwrap();
    assert!(update.contains(r#""change":200.0,"change_pct":1.00"#), "{update}");
    // The best prices are those that the trade has left.
    let told: serde_json::Value = serde_json::from_str(&update).unwrap();
    let price = |name: &str| told["data"][0][name].as_f64().unwrap();
    assert!(price("bid") <= price("last") && price("last") <= price("ask"), "{update}");
    let text = r#"{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"sometimes"}}"#;
    let mut other = Client::new(Role::PublicStream);
    assert!(other.send(text)[0].contains("Event trigger not supported"));
    other.send(&text.replace("sometimes", "bbo"));
    other.world.trade("20300.0", "0.5", Side::Buy);
    assert!(other.received()[0].contains(r#""channel":"ticker","type":"update""#));
    let gone = r#"{"method":"unsubscribe","params":{"channel":"ticker","symbol":["BTC/USD"]}}"#;
    assert!(other.send(gone)[0].contains(r#""success":true"#));
    other.world.trade("20400.0", "0.5", Side::Buy);
    assert_eq!(other.received(), [""; 0]);
}

#[test]
fn candles_come_as_a_snapshot_and_with_each_trade() {
    let mut client = Client::new(Role::PublicStream);
    let text =
        r#"{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD"],"interval":5}}"#;
    let received = client.send(text);
    assert!(received[0].contains(r#""interval":5"#), "{}", received[0]);
    assert!(received[0].contains("timestamp is deprecated, use interval_begin"));
    assert_eq!(
        received[1],
        r#"{"channel":"ohlc","type":"snapshot","timestamp":"2026-11-21T08:01:27.298000000Z","data":[{"symbol":"BTC/USD","open":20000.0,"high":20000.0,"low":20000.0,"close":20000.0,"trades":1,"volume":0.50000000,"vwap":20000.0,"interval_begin":"2026-11-21T08:00:00.000000000Z","interval":5,"timestamp":"2026-11-21T08:05:00.000000Z"}]}"#
    );
    client.world.now = client.world.now.plus(Duration::from_secs(60));
    client.world.trade("20010.0", "0.1", Side::Sell);
    let [update]: [String; 1] = client.received().try_into().unwrap();
    assert!(
        update.contains(r#""high":20010.0,"low":20000.0,"close":20010.0,"trades":2"#),
        "{update}"
    );
    assert!(client.send(text)[0].contains("Already subscribed"));
    assert!(client.send(&text.replace(":5", ":7"))[0].contains("interval not supported"));
}

#[test]
fn candles_of_one_pair_are_followed_in_several_intervals() {
    let mut client = Client::new(Role::PublicStream);
    let text = |method: &str, more: &str| {
        format!(
            r#"{{"method":"{method}","params":{{"channel":"ohlc","symbol":["BTC/USD"]{more}}}}}"#
        )
    };
    let five = r#","interval":5"#;
    assert!(client.send(&text("subscribe", five))[0].contains(r#""success":true"#));
    assert!(client.send(&text("subscribe", ""))[0].contains(r#""interval":1"#));
    client.world.trade("20010.0", "0.1", Side::Sell);
    let intervals = |client: &Client| {
        let told = client.received().into_iter();
        let told = told.map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap());
        told.map(|told| told["data"][0]["interval"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(intervals(&client), [1, 5]);
    // Of two it is the usual one that is meant without a word.
    assert!(client.send(&text("unsubscribe", ""))[0].contains(r#""interval":1"#));
    assert!(
        client.send(&text("unsubscribe", r#","interval":1"#))[0].contains("Subscription Not Found")
    );
    client.world.trade("20020.0", "0.1", Side::Sell);
    assert_eq!(intervals(&client), [5]);
    assert!(client.send(&text("unsubscribe", ""))[0].contains(r#""interval":5"#));
    client.world.trade("20030.0", "0.1", Side::Sell);
    assert_eq!(intervals(&client), [0; 0]);
}

#[test]
fn trades_of_one_takers_order_come_in_one_message() {
    let mut client = Client::new(Role::PublicStream);
    client.send(r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#);
    let trade = |price: &str, side: Side, later: u64| {
        let mut trade = crate::kraken::fixture::trade(price, "0.1", side);
        trade.venue_ts = trade.venue_ts.plus(Duration::from_millis(later));
        crate::kraken::MarketEvent::Trade(trade)
    };
    let events = [
        trade("20000.1", Side::Buy, 0),
        trade("20000.2", Side::Buy, 0),
        trade("20000.3", Side::Buy, 0),
        trade("20000.2", Side::Sell, 0),
        trade("20000.1", Side::Sell, 1),
    ];
    client.world.venue.on_markets(&events, client.world.now);
    let prices = |text: &String| text.matches(r#""price":"#).count();
    assert_eq!(client.received().iter().map(prices).collect::<Vec<_>>(), [3, 1, 1]);
}

#[test]
fn what_comes_by_itself_is_subscribed_and_left_without_a_word() {
    let mut client = Client::new(Role::PublicStream);
    for channel in ["heartbeat", "status"] {
        for method in ["subscribe", "unsubscribe"] {
            let text = format!(r#"{{"method":"{method}","params":{{"channel":"{channel}"}}}}"#);
            let [answer]: [String; 1] = client.send(&text).try_into().unwrap();
            assert!(answer.contains(r#""success":true"#), "{answer}");
        }
    }
}

#[test]
fn instruments_are_an_object_with_their_rules() {
    let mut client = Client::new(Role::PublicStream);
    let received = client.send(r#"{"method":"subscribe","params":{"channel":"instrument"}}"#);
    assert!(received[0].contains(r#""channel":"instrument","snapshot":true"#));
    let pair = r#"{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online","qty_precision":8,"qty_increment":0.00000001,"price_precision":1,"cost_precision":5,"marginable":false,"has_index":false,"cost_min":0.500000000,"tick_size":0.1,"price_increment":0.1,"qty_min":0.00005000}"#;
    assert!(received[1].contains(pair), "{}", received[1]);
    assert!(
        received[1]
            .contains(r#"{"id":"USD","status":"enabled","precision":4,"precision_display":2"#)
    );
    let value: serde_json::Value = serde_json::from_str(&received[1]).unwrap();
    assert!(value["data"].is_object());
}

#[test]
fn phases_are_told_to_everybody_and_maintenance_ends_sessions() {
    let mut client = Client::new(Role::PublicStream);
    client.world.venue.set_phase(Phase::PostOnly);
    let [told]: [String; 1] = client.received().try_into().unwrap();
    assert!(told.contains(
        r#""channel":"status","type":"update","data":[{"version":"2.0.10","system":"post_only""#
    ));
    assert!(!client.outbox.is_finished());
    client.world.venue.set_phase(Phase::PostOnly);
    assert_eq!(client.received(), [""; 0]);
    client.world.venue.set_phase(Phase::Maintenance);
    assert!(client.outbox.is_finished());
    let text = r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#;
    let received = client.send(text);
    assert!(received[1].contains("EService:Unavailable"), "{received:?}");
}
