//! The `book` channel, read as a client reads it.

use model::history::book_hash;
use model::{Book, Level, Price, Quantity};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::*;
use crate::kraken::book::{Sides, checksum};
use crate::kraken::fixture::recording;

#[derive(Deserialize)]
struct Message {
    channel: String,
    #[serde(rename = "type")]
    kind: String,
    data: [Row; 1],
}

#[derive(Deserialize)]
struct Row {
    symbol: String,
    bids: Vec<LevelRow>,
    asks: Vec<LevelRow>,
    checksum: u32,
}

#[derive(Deserialize)]
struct LevelRow {
    price: Box<RawValue>,
    qty: Box<RawValue>,
}

impl LevelRow {
    fn level(&self) -> Level {
        Level {
            price: Price::parse(self.price.get()).unwrap(),
            quantity: Quantity::parse(self.qty.get()).unwrap(),
        }
    }
}

/// Applies a message as a client of `depth` does, and checks the checksum.
fn apply(book: &mut Book, text: &str, depth: usize) {
    let message: Message = serde_json::from_str(text).unwrap();
    assert_eq!(message.channel, "book");
    let [row] = message.data;
    assert_eq!(row.symbol, "BTC/USD");
    if message.kind == "snapshot" {
        book.clear();
    }
    for level in &row.bids {
        book.set(Side::Buy, level.level());
    }
    for level in &row.asks {
        book.set(Side::Sell, level.level());
    }
    book.truncate(depth);
    assert_eq!(checksum(&Sides::of(book), 1, 8), row.checksum);
}

fn subscribe(client: &mut Client, depth: usize) -> Book {
    let text = format!(
        r#"{{"method":"subscribe","params":{{"channel":"book","symbol":["BTC/USD"],"depth":{depth}}},"req_id":3}}"#
    );
    let [ack, snapshot]: [String; 2] = client.send(&text).try_into().unwrap();
    assert_eq!(
        ack,
        format!(
            r#"{{"method":"subscribe","req_id":3,"result":{{"channel":"book","depth":{depth},"snapshot":true,"symbol":"BTC/USD"}},"success":true,{TIMES}"#
        )
    );
    let mut book = Book::new();
    apply(&mut book, &snapshot, depth);
    book
}

#[test]
fn a_second_subscription_is_refused_before_anything_is_published() {
    let mut client = Client::new(Role::Any);
    subscribe(&mut client, 10);
    let trade = crate::kraken::fixture::trade("20100.0", "1", Side::Buy);
    let now = client.world.now;
    client.world.venue.exchange.on_trade(&trade, now, &mut Vec::new()).unwrap();
    let again = r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}"#;
    let [answer]: [String; 1] = client.send(again).try_into().unwrap();
    assert!(answer.contains("Already subscribed"));
}

#[test]
fn the_snapshot_has_the_depth_asked_for() {
    for depth in [10, 25] {
        let mut client = Client::new(Role::Any);
        let book = subscribe(&mut client, depth);
        assert_eq!((book.bids().count(), book.asks().count()), (depth, depth));
        assert_eq!(book.best_ask().unwrap().price, Price::parse("20000").unwrap());
    }
}

#[test]
fn an_empty_book_is_published_as_such() {
    let mut world = World::new();
    let outbox = Arc::new(Outbox::default());
    let connection = world.venue.open_session(Role::Any, Version::V2, Arc::clone(&outbox));
    let text = r#"{"method":"subscribe","params":{"channel":"book","symbol":["ETH/USD"]}}"#;
    world.venue.on_text(connection, text, world.now);
    let received = World::received(&outbox);
    assert_eq!(
        received[2],
        r#"{"channel":"book","type":"snapshot","data":[{"symbol":"ETH/USD","bids":[],"asks":[],"checksum":0,"timestamp":"2026-11-21T08:01:27.298000Z"}]}"#
    );
    let empty = book_hash(&Book::new());
    assert_eq!(world.memory.books(), [empty]);
}

#[test]
fn our_order_appears_in_the_book_and_leaves_it() {
    let mut client = Client::new(Role::Any);
    let mut book = subscribe(&mut client, 10);
    let before = book.clone();
    let order = "pair=XBTUSD&type=sell&ordertype=limit&volume=0.25&price=20000.0&oflags=post";
    let txid = client.world.add(order);
    let [update]: [String; 1] = client.received().try_into().unwrap();
    apply(&mut book, &update, 10);
    let more = book.best_ask().unwrap().quantity.raw() - before.best_ask().unwrap().quantity.raw();
    assert_eq!(more, 25_000_000);
    client.world.post("CancelOrder", &format!("txid={txid}"));
    let [update]: [String; 1] = client.received().try_into().unwrap();
    apply(&mut book, &update, 10);
    assert_eq!(book, before);
    let gone = client.send(
        r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10}}"#,
    );
    assert!(gone[0].contains(r#""result":{"channel":"book","depth":10,"symbol":"BTC/USD"}"#));
}

/// Half an hour of real trading, with an order of ours near the market now and then.
fn play_real_trades(text: &str) -> Vec<String> {
    let mut client = Client::new(Role::Any);
    let mut book = subscribe(&mut client, 10);
    let totals = client.world.venue.exchange.ledger().totals();
    let mut all = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        client.world.trade(fields[1], fields[2], if n % 2 == 0 { Side::Buy } else { Side::Sell });
        if n % 50 == 0 {
            let price = Price::parse(fields[1]).unwrap().floor_to(Price::step(1));
            let form = format!("pair=XBTUSD&type=buy&ordertype=limit&volume=0.01&price={price}");
            client.world.post("AddOrder", &form);
        }
        for text in client.received() {
            apply(&mut book, &text, 10);
            all.push(text);
        }
        assert_eq!(client.world.memory.books().last(), Some(&book_hash(&book)));
    }
    assert_eq!(client.world.venue.exchange.ledger().totals(), totals);
    let lines = client.world.memory.lines();
    all.extend(lines);
    all
}

#[test]
fn a_real_half_hour_plays_and_equal_runs_give_equal_bytes() {
    let Some(text) = recording("trades_csv/XBTUSD_2019-07-01_0000-0030.csv") else {
        return;
    };
    let lines = play_real_trades(&text);
    assert!(lines.iter().any(|line| line.contains("is filled")));
    assert_eq!(lines, play_real_trades(&text));
}

#[derive(Debug, Clone)]
enum Step {
    Trade { offset: i64, buy: bool },
    Order { offset: i64, buy: bool, lots: i64 },
    CancelAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (-300_i64..300, any::<bool>()).prop_map(|(offset, buy)| Step::Trade { offset, buy }),
        2 => (-100_i64..100, any::<bool>(), 1_i64..1_000)
            .prop_map(|(offset, buy, lots)| Step::Order { offset, buy, lots }),
        1 => Just(Step::CancelAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// What a client builds from the messages is what the history says it should hold.
    #[test]
    fn clients_hold_the_recorded_book(steps in prop::collection::vec(step(), 1..40)) {
        let mut client = Client::new(Role::Any);
        let mut book = subscribe(&mut client, 10);
        let mut ticks = 200_000;
        for step in &steps {
            match *step {
                Step::Trade { offset, buy } => {
                    ticks += offset;
                    let price = Price::from_raw(ticks * 100_000_000).to_string();
                    let taker = if buy { Side::Buy } else { Side::Sell };
                    client.world.trade(&price, "0.1", taker);
                }
                Step::Order { offset, buy, lots } => {
                    let price = Price::from_raw((ticks + offset) * 100_000_000);
                    let volume = Quantity::from_raw(lots * 10_000);
                    let side = if buy { "buy" } else { "sell" };
                    client.world.post("AddOrder", &format!(
                        "pair=XBTUSD&type={side}&ordertype=limit&volume={volume}&price={price}"
                    ));
                }
                Step::CancelAll => {
                    client.world.post("CancelAll", "");
                }
            }
            for text in client.received() {
                apply(&mut book, &text, 10);
            }
            let hashes = client.world.memory.books();
            // The silent ETH/USD is recorded once, empty.
            let empty = book_hash(&Book::new());
            let last = hashes.iter().rev().find(|hash| **hash != empty);
            prop_assert_eq!(last, Some(&book_hash(&book)));
        }
    }
}
