//! Sessions of version 1.

use super::*;

fn old() -> Client {
    let mut world = World::new();
    world.trade("20000.0", "0.5", Side::Buy);
    let outbox = Arc::new(Outbox::default());
    let connection = world.venue.open_session(Role::Any, Version::V1, Arc::clone(&outbox));
    let greeting = World::received(&outbox).remove(0);
    assert!(greeting.starts_with(r#"{"connectionID":"#), "{greeting}");
    assert!(greeting.ends_with(r#""event":"systemStatus","status":"online","version":"1.9.1"}"#));
    Client { world, connection, outbox }
}

fn subscribe(subscription: &str) -> String {
    format!(
        r#"{{"event":"subscribe","reqid":1,"pair":["XBT/USD"],"subscription":{{{subscription}}}}}"#
    )
}

#[test]
fn a_book_is_acknowledged_shown_and_changed_with_a_checksum() {
    let mut client = old();
    let received = client.send(&subscribe(r#""name":"book","depth":10"#));
    assert_eq!(
        received[0],
        r#"{"channelID":352,"channelName":"book-10","event":"subscriptionStatus","pair":"XBT/USD","reqid":1,"status":"subscribed","subscription":{"depth":10,"name":"book"}}"#
    );
    assert!(received[1].starts_with(r#"[352,{"as":[["20000.00000",""#), "{}", received[1]);
    assert!(received[1].ends_with(r#""book-10","XBT/USD"]"#));
    client.world.trade("20100.0", "0.5", Side::Buy);
    let [update]: [String; 1] = client.received().try_into().unwrap();
    let value: serde_json::Value = serde_json::from_str(&update).unwrap();
    let parts = value.as_array().unwrap();
    assert_eq!(parts.len(), 5, "{update}");
    assert!(parts[1]["a"].is_array() && parts[2]["b"].is_array());
    assert!(parts[1]["c"].is_null());
    let sum: u32 = parts[2]["c"].as_str().unwrap().parse().unwrap();
    let book = &client.world.venue.pairs[0].book;
    assert_eq!(sum, crate::kraken::book::checksum(book, 5, 8));
}

#[test]
fn public_feeds_have_their_shapes() {
    let mut client = old();
    for (name, start) in [
        (
            r#""name":"trade""#,
            r#"[341,[["20000.00000","0.50000000","1795248087.298000","b","l",""]],"trade","XBT/USD"]"#,
        ),
        (r#""name":"ticker""#, r#"[340,{"a":["20000.00000","#),
        (
            r#""name":"ohlc","interval":5"#,
            r#"[344,["1795248087.298000","1795248300.000000","20000.00000""#,
        ),
        (r#""name":"spread""#, r#"[342,["1"#),
    ] {
        let received = client.send(&subscribe(name));
        assert!(received[0].contains(r#""status":"subscribed""#), "{}", received[0]);
        assert!(received[1].starts_with(start), "{}", received[1]);
    }
    client.world.trade("20100.0", "0.5", Side::Buy);
    assert_eq!(client.received().len(), 4);
    let gone = subscribe(r#""name":"trade""#).replace("subscribe\"", "unsubscribe\"");
    assert!(client.send(&gone)[0].contains(r#""status":"unsubscribed""#));
}

#[test]
fn refusals_are_those_of_the_documentation() {
    let mut client = old();
    let text = r#"{"event":"subscribe","pair":["foobar"],"subscription":{"name":"ticker"}}"#;
    assert_eq!(
        client.send(text)[0],
        r#"{"errorMessage":"Currency pair not in ISO 4217-A3 format foobar","event":"subscriptionStatus","pair":"foobar","status":"error","subscription":{"name":"ticker"}}"#
    );
    let depth = subscribe(r#""name":"book","depth":7"#);
    assert!(client.send(&depth)[0].contains("Subscription depth not supported"));
    assert!(client.send("not json")[0].contains("Malformed request"));
    assert!(client.send(r#"{"event":"dance"}"#)[0].contains("Event(s) not found"));
    let pong = client.send(r#"{"event":"ping","reqid":42}"#);
    assert_eq!(pong, [r#"{"event":"pong","reqid":42}"#]);
}

#[test]
fn private_feeds_and_orders_work() {
    let mut client = old();
    let answer = client.world.post("GetWebSocketsToken", "");
    let at = answer.find("\"token\":\"").unwrap() + 9;
    let token = answer[at..at + 43].to_owned();
    for name in ["openOrders", "ownTrades"] {
        let text = format!(
            r#"{{"event":"subscribe","subscription":{{"name":"{name}","token":"{token}"}}}}"#
        );
        let received = client.send(&text);
        assert!(received[0].contains(&format!(r#""channelName":"{name}""#)), "{}", received[0]);
        assert!(!received[0].contains(&token), "the token is not repeated");
        assert_eq!(received[1], format!(r#"[[],"{name}",{{"sequence":1}}]"#));
    }
    let add = |price: &str, kind: &str| {
        format!(
            r#"{{"event":"addOrder","token":"{token}","reqid":3,"ordertype":"{kind}","type":"buy","pair":"XBT/USD","price":"{price}","volume":"0.01"}}"#
        )
    };
    let received = client.send(&add("15000", "limit"));
    let status = received.last().unwrap();
    assert!(
        status.contains(r#""event":"addOrderStatus","reqid":3,"status":"ok","txid":"O"#),
        "{status}"
    );
    assert!(status.contains(r#""descr":"buy 0.01000000 XBTUSD @ limit 15000.0""#));
    assert!(received[0].contains(r#""status":"pending""#), "{}", received[0]);
    let descr =
        r#""order":"buy 0.01000000 XBT/USD @ limit 15000.0","ordertype":"limit","pair":"XBT/USD""#;
    assert!(received[0].contains(descr), "{}", received[0]);
    assert!(received[0].contains(r#""opentm":"1795248087.298000""#), "{}", received[0]);
    assert!(received[0].ends_with(r#""openOrders",{"sequence":2}]"#));
    assert!(received[1].contains(r#"":{"status":"open","userref":0}}],"openOrders""#));
    let at = status.find("\"txid\":\"").unwrap() + 8;
    let txid = status[at..at + 19].to_owned();
    let cancel = format!(r#"{{"event":"cancelOrder","token":"{token}","txid":["{txid}"]}}"#);
    let received = client.send(&cancel);
    assert!(received[0].contains(r#""status":"canceled""#), "{}", received[0]);
    assert_eq!(received[1], r#"{"event":"cancelOrderStatus","status":"ok"}"#);
    assert!(
        client.send(&cancel)[0]
            .contains(r#""status":"error","errorMessage":"EOrder:Unknown order""#)
    );
    let received = client.send(&add("30000", "limit"));
    assert!(
        received.iter().any(|text| text.contains(r#""ownTrades",{"sequence":2}]"#)),
        "{received:?}"
    );
    let stranger = add("15000", "limit").replace(&token, "x");
    assert!(client.send(&stranger)[0].contains("ESession:Invalid session"));
    assert_eq!(client.world.venue.tokens.unused_since(&token), None);
    client.world.venue.close_session(client.connection);
    assert!(client.world.venue.tokens.unused_since(&token).is_some(), "nobody uses it any more");
}

#[test]
fn every_feed_of_every_pair_has_a_number_of_its_own() {
    let mut client = old();
    let number = |client: &mut Client, pair: &str, feed: &str| {
        let text = subscribe(feed).replace("XBT/USD", pair);
        let answer: serde_json::Value = serde_json::from_str(&client.send(&text)[0]).unwrap();
        answer["channelID"].as_u64().unwrap()
    };
    let mut numbers = BTreeSet::new();
    for pair in ["XBT/USD", "ETH/USD"] {
        for feed in [r#""name":"ticker""#, r#""name":"trade""#, r#""name":"book","depth":10"#] {
            assert!(numbers.insert(number(&mut client, pair, feed)), "{pair} {feed}");
        }
    }
}

/// A session with both private feeds, and its token.
fn private() -> (Client, String) {
    let mut client = old();
    let answer = client.world.post("GetWebSocketsToken", "");
    let at = answer.find("\"token\":\"").unwrap() + 9;
    let token = answer[at..at + 43].to_owned();
    for name in ["openOrders", "ownTrades"] {
        client.send(&format!(
            r#"{{"event":"subscribe","subscription":{{"name":"{name}","token":"{token}"}}}}"#
        ));
    }
    (client, token)
}

#[test]
fn private_rows_tell_the_states_in_turn_in_words_of_version_1() {
    let (mut client, token) = private();
    let add = |price: &str, kind: &str| {
        format!(
            r#"{{"event":"addOrder","token":"{token}","reqid":3,"ordertype":"{kind}","type":"buy","pair":"XBT/USD","price":"{price}","volume":"0.01"}}"#
        )
    };
    let received = client.send(&add("30000", "limit"));
    let own = received.iter().find(|text| text.contains("ownTrades")).unwrap();
    assert!(own.contains(r#""pair":"XBT/USD""#), "{own}");
    assert!(own.contains(r#""time":"1795248087.298000""#), "{own}");
    let statuses = ["pending", "open", "closed"].map(|status| {
        let shown = format!(r#""status":"{status}""#);
        received.iter().position(|text| text.contains(&shown)).unwrap_or(usize::MAX)
    });
    assert!(statuses.is_sorted() && statuses[2] < received.len(), "{received:?}");
    // A part of a resting order is told, too.
    client.world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=19999.9");
    client.received();
    client.world.trade("19999.9", "0.1", Side::Sell);
    let received = client.received();
    let part = received.iter().find(|text| text.contains(r#""openOrders""#)).unwrap();
    assert!(part.contains(r#""vol_exec":"0."#) && !part.contains("status"), "{part}");
    let amend = format!(
        r#"{{"event":"amendOrder","token":"{token}","reqid":9,"txid":"{}","order_qty":"0.4"}}"#,
        client.world.venue.orders.last_key_value().unwrap().1.facts.txid
    );
    let received = client.send(&amend);
    let status = received.last().unwrap();
    assert!(status.contains(r#""event":"amendOrderStatus","reqid":9,"status":"ok""#), "{status}");
    assert!(status.contains(r#""amend_id":"T"#), "{status}");
    // Trading keeps the token alive.
    client.world.now = client.world.now.plus(std::time::Duration::from_secs(1_000));
    assert!(client.send(&add("15000", "limit")).last().unwrap().contains(r#""status":"ok""#));
}

#[test]
fn a_ticker_shows_the_best_prices_that_a_trade_has_left() {
    let mut client = old();
    client.send(&subscribe(r#""name":"ticker""#));
    client.world.trade("20200.0", "0.5", Side::Buy);
    let [update]: [String; 1] = client.received().try_into().unwrap();
    assert!(update.starts_with(r#"[340,{"a":["20200.00000","#), "{update}");
}

#[test]
fn private_feeds_ask_for_the_right_to_query_orders() {
    let mut client = old();
    client.world.venue.keys.get_mut("key-a").unwrap().permissions.query_open_orders = false;
    client.world.venue.keys.get_mut("key-a").unwrap().permissions.query_closed_orders = false;
    let answer = client.world.post("GetWebSocketsToken", "");
    let at = answer.find("\"token\":\"").unwrap() + 9;
    let token = &answer[at..at + 43];
    for name in ["openOrders", "ownTrades"] {
        let text = format!(
            r#"{{"event":"subscribe","subscription":{{"name":"{name}","token":"{token}"}}}}"#
        );
        let [refused]: [String; 1] = client.send(&text).try_into().unwrap();
        assert!(refused.contains(r#""errorMessage":"EGeneral:Permission denied""#), "{refused}");
    }
}
