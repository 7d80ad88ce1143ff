//! The `executions` channel.

use std::time::Duration;

use super::*;

/// What every accepted subscription says.
const OLD_FIELDS: &str = r#""warnings":["cancel_reason is deprecated, use reason","stop_price is deprecated, use triggers.price","trigger is deprecated use triggers.reference","triggered_price is deprecated use triggers.last_price"]"#;

/// A private session of account `a` that has read its snapshot.
fn subscribed() -> Client {
    let mut client = Client::new(Role::PrivateStream);
    let token = token(&mut client.world);
    let received = client.send(&subscription(&token));
    assert_eq!(
        received,
        [
            format!(
                r#"{{"method":"subscribe","req_id":7,"result":{{"channel":"executions","maxratecount":125,"snap_orders":true,"snap_trades":false,{OLD_FIELDS}}},"success":true,{TIMES}"#
            ),
            r#"{"channel":"executions","type":"snapshot","data":[],"sequence":1}"#.to_owned(),
        ]
    );
    client
}

fn token(world: &mut World) -> String {
    let answer = world.post("GetWebSocketsToken", "");
    let at = answer.find("\"token\":\"").unwrap() + 9;
    answer[at..at + 43].to_owned()
}

fn subscription(token: &str) -> String {
    format!(
        r#"{{"method":"subscribe","params":{{"channel":"executions","token":"{token}","snap_orders":true}},"req_id":7}}"#
    )
}

/// A message of one row as it should be.
fn update(sequence: u64, row: &str) -> String {
    format!(r#"{{"channel":"executions","type":"update","data":[{row}],"sequence":{sequence}}}"#)
}

const AT: &str = r#""timestamp":"2026-11-21T08:01:27.298000Z""#;

#[test]
fn a_resting_order_lives_in_separate_messages() {
    let mut client = subscribed();
    let id = client.world.add(
        "pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=19990&cl_ord_id=wt-1&oflags=post",
    );
    let received = client.received();
    assert_eq!(
        received,
        [
            update(
                2,
                &format!(
                    r#"{{"order_id":"{id}","cl_ord_id":"wt-1","order_userref":0,"symbol":"BTC/USD","side":"buy","order_type":"limit","order_qty":0.50000000,"limit_price":19990.0,"limit_price_type":"static","time_in_force":"GTC","post_only":true,"reduce_only":false,"cum_qty":0.00000000,"cum_cost":0.00000,"avg_price":0.00000,"fee_usd_equiv":0.00000,"fee_ccy_pref":"fciq","exec_type":"pending_new","order_status":"pending_new",{AT}}}"#
                )
            ),
            update(
                3,
                &format!(
                    r#"{{{AT},"order_status":"new","exec_type":"new","order_userref":0,"order_id":"{id}"}}"#
                )
            ),
        ]
    );
    client.world.trade("19989.9", "0.1", Side::Sell);
    let received = client.received();
    assert_eq!(received.len(), 2);
    let at = received[0].find("\"exec_id\":\"").unwrap() + 11;
    let exec_id = &received[0][at..at + 19];
    assert!(exec_id.starts_with('T'));
    assert_eq!(
        received[0],
        update(
            4,
            &format!(
                r#"{{"order_id":"{id}","order_userref":0,"exec_id":"{exec_id}","exec_type":"trade","trade_id":2,"symbol":"BTC/USD","side":"buy","last_qty":0.50000000,"last_price":19990.0,"liquidity_ind":"m","cost":9995.00000,"order_type":"limit",{AT},"order_status":"partially_filled","cum_qty":0.50000000,"cum_cost":9995.00000,"avg_price":19990.00000,"fee_usd_equiv":24.98750,"fees":[{{"asset":"USD","qty":24.98750}}]}}"#
            )
        )
    );
    assert_eq!(
        received[1],
        update(
            5,
            &format!(
                r#"{{{AT},"order_status":"filled","exec_type":"filled","cum_qty":0.50000000,"cum_cost":9995.00000,"fee_usd_equiv":24.98750,"avg_price":19990.00000,"order_userref":0,"order_id":"{id}"}}"#
            )
        )
    );
}

/// An order's life as a client with these parameters hears of it: kind and count of each row.
fn life_with(params: &str) -> Vec<(String, Option<u32>)> {
    let mut client = Client::new(Role::PrivateStream);
    let token = token(&mut client.world);
    let more = format!(r#""snap_orders":true,{params}"#);
    client.send(&subscription(&token).replace(r#""snap_orders":true"#, &more));
    let id = client.world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=19990");
    client.world.post("AmendOrder", &format!("txid={id}&order_qty=0.4"));
    client.world.trade("19989.9", "0.1", Side::Sell);
    let read = |text: String| {
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        let row = &message["data"][0];
        let count = row.get("ratecount").map(|count| count.as_u64().unwrap());
        (row["exec_type"].as_str().unwrap().to_owned(), count.map(|c| u32::try_from(c).unwrap()))
    };
    client.received().into_iter().map(read).collect()
}

#[test]
fn a_client_chooses_which_changes_it_hears_of() {
    let kinds = |params| life_with(params).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    let all = ["pending_new", "new", "amended", "trade", "filled"];
    assert_eq!(kinds(r#""order_status":true"#), all);
    assert_eq!(kinds(r#""order_status":false"#), ["new", "trade", "filled"]);
}

#[test]
fn the_count_of_transactions_is_told_to_who_asks() {
    let counts = |params| life_with(params).into_iter().map(|(_, count)| count).collect::<Vec<_>>();
    assert_eq!(counts(r#""ratecounter":false"#), [None; 5]);
    // An order costs one, an amend of a fresh order four.
    assert_eq!(counts(r#""ratecounter":true"#), [1, 1, 5, 5, 5].map(Some));
}

#[test]
fn a_cancelled_order_says_why() {
    let mut client = subscribed();
    let order = "pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=15000&userref=9";
    let id = client.world.add(order);
    client.received();
    client.world.post("CancelOrder", "txid=9");
    assert_eq!(
        client.received(),
        [update(
            4,
            &format!(
                r#"{{{AT},"order_status":"canceled","exec_type":"canceled","cum_qty":0.00000000,"cum_cost":0.00000,"fee_usd_equiv":0.00000,"avg_price":0.00000,"order_userref":9,"cancel_reason":"User requested","reason":"User requested","order_id":"{id}"}}"#
            )
        )]
    );
}

#[test]
fn each_execution_of_a_taker_is_a_message_without_gaps() {
    let mut client = subscribed();
    client.world.add("pair=XBTUSD&type=buy&ordertype=market&volume=4");
    let received = client.received();
    let kinds: Vec<&str> = received
        .iter()
        .map(|text| {
            assert_eq!(text.matches("exec_type").count(), 1);
            let at = text.find("\"exec_type\":\"").unwrap() + 13;
            text[at..].split('"').next().unwrap()
        })
        .collect();
    assert_eq!(kinds[..2], ["pending_new", "new"]);
    assert!(kinds.len() > 4 && kinds[2..kinds.len() - 1].iter().all(|kind| *kind == "trade"));
    assert_eq!(kinds.last(), Some(&"filled"));
    for (sequence, text) in (2..).zip(&received) {
        assert!(text.ends_with(&format!(r#""sequence":{sequence}}}"#)));
    }
}

#[test]
fn a_new_session_sees_open_orders_and_last_executions() {
    let mut client = subscribed();
    let id = client.world.add("pair=XBTUSD&type=sell&ordertype=limit&volume=4&price=20000.0");
    client.world.trade("20000.0", "3", Side::Buy);
    let token = token(&mut client.world);
    let outbox = Arc::new(Outbox::default());
    let second = client.world.venue.open_session(Role::Any, Version::V2, Arc::clone(&outbox));
    let text = subscription(&token)
        .replace(r#""snap_orders":true"#, r#""snap_orders":true,"snap_trades":true"#);
    client.world.venue.on_text(second, &text, client.world.now);
    let received = World::received(&outbox);
    let (orders, trades) = (&received[2], &received[3]);
    assert!(orders.contains(&id) && orders.contains(r#""order_status":"partially_filled""#));
    assert!(orders.ends_with(r#""sequence":1}"#) && orders.contains(r#""type":"snapshot""#));
    assert!(trades.contains(r#""exec_type":"trade""#));
    assert!(trades.ends_with(r#""sequence":2}"#));
    client.received();
    client.world.post("CancelAll", "");
    assert!(client.received()[0].contains("canceled"));
    assert!(World::received(&outbox)[0].ends_with(r#""sequence":3}"#));
}

#[test]
fn tokens_are_checked() {
    let mut client = Client::new(Role::PrivateStream);
    let invalid = [format!(
        r#"{{"error":"ESession:Invalid session","method":"subscribe","req_id":7,"success":false,{TIMES}"#
    )];
    assert_eq!(client.send(&subscription("nobody's")), invalid);
    let missing = r#"{"method":"subscribe","params":{"channel":"executions"}}"#;
    assert!(client.send(missing)[0].contains("ESession:Invalid session"));
    let issued = token(&mut client.world);
    client.world.now = client.world.now.plus(Duration::from_secs(900));
    let late = client.send(&subscription(&issued));
    assert!(late[0].contains("ESession:Invalid session"));
}

#[test]
fn a_token_may_be_used_again_within_its_life() {
    let mut client = Client::new(Role::PrivateStream);
    let issued = token(&mut client.world);
    let accepted = client.send(&subscription(&issued));
    assert!(accepted[0].contains("\"success\":true"));
    let again = client.send(&subscription(&issued));
    assert!(again[0].contains("Already subscribed"));
    let gone = client.send(r#"{"method":"unsubscribe","params":{"channel":"executions"}}"#);
    assert!(gone[0].contains(r#""result":{"channel":"executions"},"success":true"#));
    let used = client.send(&subscription(&issued));
    assert!(used[0].contains("\"success\":true"));
    client.world.venue.close_session(client.connection);
    let outbox = Arc::new(Outbox::default());
    let next =
        client.world.venue.open_session(Role::PrivateStream, Version::V2, Arc::clone(&outbox));
    client.world.venue.on_text(next, &subscription(&issued), client.world.now);
    assert!(World::received(&outbox)[1].contains("\"success\":true"));
    client.world.venue.close_session(next);
    client.world.now = client.world.now.plus(Duration::from_secs(900));
    let last =
        client.world.venue.open_session(Role::PrivateStream, Version::V2, Arc::clone(&outbox));
    client.world.venue.on_text(last, &subscription(&issued), client.world.now);
    assert!(World::received(&outbox)[1].contains("ESession:Invalid session"));
}

fn kinds(received: &[String]) -> Vec<&str> {
    let kind = |text: &String| {
        let at = text.find("\"exec_type\":\"").unwrap() + 13;
        at..at + text[at..].find('"').unwrap()
    };
    received.iter().map(|text| &text[kind(text)]).collect()
}

#[test]
fn a_waiting_order_is_new_at_once_and_has_a_status_when_its_trigger_is_met() {
    let mut client = subscribed();
    client.world.add("pair=XBTUSD&type=sell&ordertype=stop-loss&volume=0.01&price=19000");
    assert_eq!(kinds(&client.received()), ["pending_new", "new"]);
    client.world.trade("19000.0", "0.5", Side::Sell);
    let received = client.received();
    assert_eq!(kinds(&received), ["status", "trade", "filled"]);
    let triggers = r#""triggers":{"reference":"last","price":19000.0,"price_type":"static","actual_price":19000.0,"last_price":19000.0,"status":"triggered","timestamp":"#;
    assert!(received[0].contains(triggers), "{}", received[0]);
}

#[test]
fn who_wants_no_order_status_sees_openings_executions_and_ends() {
    let mut client = Client::new(Role::PrivateStream);
    let token = token(&mut client.world);
    let short = subscription(&token)
        .replace(r#""snap_orders":true"#, r#""snap_orders":false,"order_status":false"#);
    client.send(&short);
    let id = client.world.add("pair=XBTUSD&type=buy&ordertype=limit&volume=0.5&price=15000");
    client.world.post("AmendOrder", &format!("txid={id}&order_qty=0.4"));
    client.world.post("CancelAll", "");
    assert_eq!(kinds(&client.received()), ["new", "canceled"]);
}

#[test]
fn a_wrong_token_is_told_even_to_who_is_subscribed() {
    let mut client = subscribed();
    let wrong = client.send(&subscription("x"));
    assert!(wrong[0].contains("ESession:Invalid session"), "{}", wrong[0]);
    let nothing = client.send(r#"{"method":"add_order","req_id":1}"#);
    assert!(nothing[0].contains("Malformed request"), "{}", nothing[0]);
}

#[test]
fn fees_are_told_in_dollars_whatever_they_are_paid_in() {
    let mut client = subscribed();
    client.world.trade("20000.0", "0.5", Side::Buy);
    let usd = model::Asset::new("USD");
    let eth = model::Asset::new("ETH");
    let one = model::Notional::parse("1").unwrap();
    assert_eq!(client.world.venue.worth(&eth, one, &usd), None, "no market tells");
    let btc = model::Asset::new("BTC");
    let worth = client.world.venue.worth(&btc, one, &usd).unwrap();
    assert_eq!(worth.to_fixed(0), "20000");
    let back = client.world.venue.worth(&usd, worth, &btc).unwrap();
    assert_eq!(back.to_fixed(6), "1.000000");
}

#[test]
fn an_iceberg_tells_of_each_part_but_the_last() {
    let mut client = subscribed();
    client
        .world
        .add("pair=XBTUSD&type=buy&ordertype=iceberg&volume=0.5&price=19999.8&displayvol=0.1");
    client.received();
    let rows = |client: &mut Client| -> Vec<(String, f64, f64)> {
        let read = |text: String| {
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            let row = &message["data"][0];
            let quantity = row["cum_qty"].as_f64().unwrap();
            let shown = row.get("display_qty").map_or(0.0, |shown| shown.as_f64().unwrap());
            (row["exec_type"].as_str().unwrap().to_owned(), quantity, shown)
        };
        client.received().into_iter().map(read).collect()
    };
    let row = |kind: &str, quantity: f64, shown: f64| (kind.to_owned(), quantity, shown);
    client.world.trade("19999.8", "0.06", Side::Sell);
    assert_eq!(rows(&mut client), [row("trade", 0.06, 0.0)]);
    client.world.trade("19999.8", "0.04", Side::Sell);
    assert_eq!(rows(&mut client), [row("trade", 0.1, 0.0), row("iceberg_refill", 0.1, 0.1)]);
    client.world.trade("19999.8", "0.25", Side::Sell);
    assert_eq!(rows(&mut client), [row("trade", 0.35, 0.0), row("iceberg_refill", 0.35, 0.1)]);
    client.world.trade("19999.8", "0.15", Side::Sell);
    assert_eq!(rows(&mut client), [row("trade", 0.5, 0.0), row("filled", 0.5, 0.0)]);
}

#[test]
fn a_trigger_is_told_under_its_old_name_too() {
    let mut client = subscribed();
    client.world.add("pair=XBTUSD&type=sell&ordertype=stop-loss&volume=0.1&price=15000");
    let pending = client.received().remove(0);
    assert!(
        pending.contains(r#""stop_price":15000.0,"triggers":{"reference":"last""#),
        "{pending}"
    );
}

#[test]
fn a_fee_is_told_in_the_asset_that_paid_it() {
    let mut client = subscribed();
    client.world.add("pair=XBTUSD&type=buy&ordertype=market&volume=0.01&oflags=fcib");
    let received = client.received();
    let fee = r#""fees":[{"asset":"BTC","qty":0.0000400000}]"#;
    assert!(received.iter().any(|text| text.contains(fee)), "{received:?}");
}

/// A pair that is paid in another currency than US dollars, whose fees are told in these nevertheless.
#[test]
fn fees_are_told_in_dollars_from_the_execution_on_and_in_snapshots_alike() {
    let mut config = crate::kraken::fixture::config();
    config.pairs.push(crate::kraken::Pair::by_name("XBTEUR").unwrap());
    config.pairs.push(crate::kraken::Pair::by_name("EURUSD").unwrap());
    let euros = (model::Asset::new("EUR"), model::Notional::parse("100000").unwrap());
    config.accounts[0].balances.insert(euros.0, euros.1);
    let mut client = Client::of(World::with(config), Role::PrivateStream);
    for (symbol, price) in [("BTC/EUR", "16000"), ("EUR/USD", "1.25")] {
        let mut trade = crate::kraken::fixture::trade(price, "1", Side::Buy);
        trade.symbol = Symbol::new(symbol);
        client.world.venue.on_tape(&[trade], client.world.now);
    }
    let token = token(&mut client.world);
    client.send(&subscription(&token));
    client.world.add("pair=XBTEUR&type=buy&ordertype=market&volume=0.01");
    let told = |text: &String| {
        let told: serde_json::Value = serde_json::from_str(text).unwrap();
        let row = &told["data"][0];
        (row["exec_type"].as_str().unwrap().to_owned(), row["fee_usd_equiv"].as_f64())
    };
    // 160 euros at 0.4 %.
    let [none, fee] = [Some(0.0), Some(0.8)];
    let expected = [("pending_new", none), ("new", None), ("trade", fee), ("filled", fee)];
    let expected = expected.map(|(kind, fee)| (kind.to_owned(), fee));
    assert_eq!(client.received().iter().map(told).collect::<Vec<_>>(), expected);
    // A part of it is executed at once, the rest stays.
    client.world.add("pair=XBTEUR&type=buy&ordertype=limit&volume=5&price=16000");
    let live: Vec<_> = client.received().iter().map(told).collect();
    assert_eq!(live.len(), 3, "{live:?}");
    // Another price of the euro changes nothing of what was told of executions.
    let mut trade = crate::kraken::fixture::trade("1.5", "1", Side::Buy);
    trade.symbol = Symbol::new("EUR/USD");
    client.world.venue.on_tape(&[trade], client.world.now);
    client.send(r#"{"method":"unsubscribe","params":{"channel":"executions"}}"#);
    let again = subscription(&token).replace("true", r#"true,"snap_trades":true"#);
    let received = client.send(&again);
    let [orders, trades] = [1, 2].map(|at| received[at].as_str());
    let trades: serde_json::Value = serde_json::from_str(trades).unwrap();
    let shown = trades["data"].as_array().unwrap().iter().map(|row| row["fee_usd_equiv"].as_f64());
    assert_eq!(shown.collect::<Vec<_>>(), [fee, live[2].1]);
    let orders: serde_json::Value = serde_json::from_str(orders).unwrap();
    let (open, part) = (&orders["data"][0], live[2].1.unwrap());
    assert_eq!(open["order_status"], "partially_filled");
    let open = open["fee_usd_equiv"].as_f64().unwrap();
    assert!((open / part - 1.2).abs() < 1e-4, "{open} at 1.5 for {part} at 1.25");
}
