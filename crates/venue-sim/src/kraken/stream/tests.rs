mod books;
mod channels;
mod mutated;
mod private;
mod trading;
mod v1;

use std::sync::Arc;

use model::Side;

use super::*;
use crate::kraken::fixture::World;

/// A venue with one session.
struct Client {
    world: World,
    connection: u64,
    outbox: Arc<Outbox>,
}

impl Client {
    /// A session on a venue on which trading has begun at 20,000.
    fn new(role: Role) -> Self {
        Self::of(World::new(), role)
    }

    /// As [`Client::new`] on a venue of one's own.
    fn of(mut world: World, role: Role) -> Self {
        world.trade("20000.0", "0.5", Side::Buy);
        let outbox = Arc::new(Outbox::default());
        let connection = world.venue.open_session(role, Version::V2, Arc::clone(&outbox));
        World::received(&outbox);
        Self { world, connection, outbox }
    }

    /// Sends a request; everything that came since the last call.
    fn send(&mut self, text: &str) -> Vec<String> {
        let now = self.world.now;
        self.world.venue.on_text(self.connection, text, now);
        self.received()
    }

    fn received(&self) -> Vec<String> {
        World::received(&self.outbox)
    }
}

/// The end of every answer.
const TIMES: &str =
    r#""time_in":"2026-11-21T08:01:27.298000Z","time_out":"2026-11-21T08:01:27.298000Z"}"#;

#[test]
fn a_session_is_greeted_with_the_status() {
    let mut world = World::new();
    let outbox = Arc::new(Outbox::default());
    world.venue.open_session(Role::Any, Version::V2, Arc::clone(&outbox));
    let [greeting]: [String; 1] = World::received(&outbox).try_into().unwrap();
    let start = r#"{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":"#;
    let id = greeting.strip_prefix(start).unwrap();
    let id: u64 = id.strip_suffix("}]}").unwrap().parse().unwrap();
    assert!(id > 1 << 53);
    assert_eq!(world.memory.lines(), ["session 1 opened"]);
}

#[test]
fn pings_are_answered_and_take_no_parameters() {
    let mut client = Client::new(Role::Any);
    assert_eq!(
        client.send(r#"{"method":"ping","req_id":101}"#),
        [format!(r#"{{"method":"pong","req_id":101,{TIMES}"#)]
    );
    assert_eq!(client.send(r#"{"method":"ping"}"#), [format!(r#"{{"method":"pong",{TIMES}"#)]);
    assert_eq!(
        client.send(r#"{"method":"ping","params":{}}"#),
        [format!(
            r#"{{"error":"Unsupported field: 'params' for the given msg type: ping","method":"ping","success":false,{TIMES}"#
        )]
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    let mut client = Client::new(Role::Any);
    let mut check = |text: &str, answer: &str| {
        assert_eq!(client.send(text), [format!("{answer}{TIMES}")], "{text}");
    };
    let malformed = r#"{"error":"Malformed request","success":false,"#;
    check("hello", malformed);
    check("{}", malformed);
    check("[1]", malformed);
    check(
        r#"{"method":"subscribe","req_id":4}"#,
        r#"{"error":"Malformed request","method":"subscribe","req_id":4,"success":false,"#,
    );
    check(
        r#"{"method":"dance","req_id":4}"#,
        r#"{"error":"Unsupported event","method":"dance","req_id":4,"success":false,"#,
    );
    check(
        r#"{"method":"subscribe","params":{"channel":"nope","symbol":["BTC/USD"]}}"#,
        r#"{"error":"Unsupported channel","method":"subscribe","success":false,"#,
    );
    check(
        r#"{"method":"subscribe","params":{"channel":"trade"}}"#,
        r#"{"error":"Malformed request","method":"subscribe","success":false,"#,
    );
    check(
        r#"{"method":"subscribe","params":{"channel":"trade","symbol":["XBT/USD"]}}"#,
        r#"{"error":"Currency pair not supported XBT/USD","method":"subscribe","success":false,"symbol":"XBT/USD","#,
    );
    check(
        r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":11}}"#,
        r#"{"error":"Subscription depth not supported","method":"subscribe","success":false,"symbol":"BTC/USD","#,
    );
    check(
        r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD"]}}"#,
        r#"{"error":"Subscription Not Found","method":"unsubscribe","success":false,"symbol":"BTC/USD","#,
    );
}

#[test]
fn trades_come_as_a_snapshot_and_then_one_message_per_instant() {
    let mut client = Client::new(Role::PublicStream);
    let subscribe = r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","ETH/USD"]},"req_id":1}"#;
    let ack = |symbol: &str| {
        format!(
            r#"{{"method":"subscribe","req_id":1,"result":{{"channel":"trade","snapshot":true,"symbol":"{symbol}"}},"success":true,{TIMES}"#
        )
    };
    let row = |price: &str, qty: &str, id: u64, side: &str| {
        format!(
            r#"{{"symbol":"BTC/USD","side":"{side}","price":{price},"qty":{qty},"ord_type":"limit","trade_id":{id},"timestamp":"2026-11-21T08:01:27.298000Z"}}"#
        )
    };
    let first = row("20000.0", "0.50000000", 1, "buy");
    assert_eq!(
        client.send(subscribe),
        [
            ack("BTC/USD"),
            format!(r#"{{"channel":"trade","type":"snapshot","data":[{first}]}}"#),
            ack("ETH/USD"),
            r#"{"channel":"trade","type":"snapshot","data":[]}"#.to_owned(),
        ]
    );
    let trades = [
        crate::kraken::fixture::trade("20001.0", "1", Side::Buy),
        crate::kraken::fixture::trade("19999.0", "2", Side::Sell),
    ];
    client.world.venue.on_tape(&trades, client.world.now);
    let (one, two) =
        (row("20001.0", "1.00000000", 2, "buy"), row("19999.0", "2.00000000", 3, "sell"));
    assert_eq!(
        client.received(),
        [format!(r#"{{"channel":"trade","type":"update","data":[{one},{two}]}}"#)]
    );
    let again = client.send(subscribe);
    assert!(again.iter().all(|text| text.contains("Already subscribed")));
    let gone = client.send(&subscribe.replace("subscribe", "unsubscribe"));
    assert!(gone[0].contains(r#""result":{"channel":"trade","symbol":"BTC/USD"},"success":true"#));
    client.world.trade("20000.0", "0.5", Side::Buy);
    assert!(client.received().is_empty());
}

#[test]
fn the_snapshot_has_the_last_fifty_trades_unless_it_is_not_wanted() {
    let mut client = Client::new(Role::Any);
    for _ in 0..60 {
        client.world.trade("20000.0", "0.5", Side::Buy);
    }
    let subscribe = r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":false}}"#;
    let only_ack = client.send(subscribe);
    assert_eq!(only_ack.len(), 1);
    assert!(only_ack[0].contains(r#""snapshot":false"#));
    client.send(r#"{"method":"unsubscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#);
    let received = client.send(&subscribe.replace("false", "true"));
    assert_eq!(received[1].matches("trade_id").count(), 50);
    assert!(received[1].contains(r#""trade_id":12,"#) && received[1].contains(r#""trade_id":61,"#));
}

#[test]
fn each_endpoint_has_its_own_channels() {
    let mut public = Client::new(Role::PublicStream);
    let text = r#"{"method":"subscribe","params":{"channel":"executions","token":"t"}}"#;
    assert!(public.send(text)[0].contains("Private data and trading are unavailable"));
    let mut private = Client::new(Role::PrivateStream);
    let text = r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}"#;
    assert!(private.send(text)[0].contains("Public market data subscriptions are unavailable"));
}

#[test]
fn heartbeats_belong_to_sessions_with_a_subscription() {
    let mut client = Client::new(Role::Any);
    assert!(!client.world.venue.is_subscribed(client.connection));
    client.send(r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}"#);
    assert!(client.world.venue.is_subscribed(client.connection));
    client.world.venue.close_session(client.connection);
    client.world.venue.close_session(client.connection);
    assert!(!client.world.venue.is_subscribed(client.connection));
    let lines = client.world.memory.lines();
    assert_eq!(lines, ["session 1 opened", "session 1 closed"]);
    assert!(client.send(r#"{"method":"ping"}"#).is_empty());
}

#[test]
fn a_phase_is_told_to_each_session_under_its_own_number_and_to_who_follows_the_pairs() {
    let mut client = Client::new(Role::Any);
    client.send(r#"{"method":"subscribe","params":{"channel":"instrument"}}"#);
    let other = Arc::new(Outbox::default());
    client.world.venue.open_session(Role::Any, Version::V2, Arc::clone(&other));
    let id = |text: &str| text.split("connection_id\":").nth(1).map(str::to_owned);
    let greeting = id(&World::received(&other)[0]);
    client.world.venue.set_phase(Phase::LimitOnly);
    let mine = client.received();
    let told = World::received(&other);
    assert_eq!(id(&told[0]), greeting);
    assert_ne!(id(&mine[0]), greeting);
    assert!(told[0].contains(r#""system":"online""#), "the system is, its pairs are not");
    assert!(mine[1].contains(r#""channel":"instrument","type":"update""#), "{}", mine[1]);
    assert!(mine[1].contains(r#""status":"limit_only""#), "{}", mine[1]);
    let market = "pair=XBTUSD&type=buy&ordertype=market&volume=0.01";
    let refused = client.world.post("AddOrder", market);
    assert!(refused.contains("EService:Market in limit_only mode"), "{refused}");
}

#[test]
fn a_flood_of_messages_is_refused() {
    let mut client = Client::new(Role::Any);
    let answers: Vec<String> =
        (0..1_100).flat_map(|_| client.send(r#"{"method":"ping"}"#)).collect();
    let refused = answers.iter().filter(|text| *text == r#"{"Error":"Exceeded msg rate"}"#).count();
    assert_eq!(refused, 100);
    client.world.now = client.world.now.plus(std::time::Duration::from_secs(1));
    assert!(client.send(r#"{"method":"ping"}"#)[0].contains("pong"));
}

#[test]
fn a_ticker_may_be_followed_again_on_another_occasion() {
    let mut client = Client::new(Role::Any);
    let follow = |trigger: &str| {
        format!(
            r#"{{"method":"subscribe","params":{{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"{trigger}"}}}}"#
        )
    };
    assert!(client.send(&follow("trades"))[0].contains("\"success\":true"));
    assert!(client.send(&follow("bbo"))[0].contains("\"success\":true"));
    assert!(client.send(&follow("bbo"))[0].contains("Already subscribed"));
}
