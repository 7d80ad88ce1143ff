use std::collections::BTreeMap;

use model::{Instrument, Price, Quantity, UnixNanos};

use super::*;
use crate::book::LocalBook;
use crate::codec::fixtures::v1_recording;
use crate::codec::reply;
use crate::codec::rest::{Keyed, PairRow};

/// Rules of every pair that the recorder was told at its start.
fn instruments(answers: &[String]) -> BTreeMap<Symbol, Instrument> {
    let [pairs] = answers else { panic!("one request was recorded") };
    let rows: Keyed<PairRow<'_>> =
        reply::result(pairs.as_bytes(), UnixNanos::ZERO).expect("a result");
    let all = rows.len();
    let read = |row: PairRow<'_>| row.into_rules().expect("numbers").map(|rules| rules.instrument);
    let named: BTreeMap<_, _> =
        rows.into_values().filter_map(read).map(|found| (found.symbol.clone(), found)).collect();
    // Dark pools have no name on the WebSocket.
    assert_eq!((all, named.len()), (304, 293));
    named
}

/// Every frame is known, every number is read, and every checksum is that of the book so far.
#[test]
fn the_recording_is_read_completely() {
    let Some((frames, answers)) = v1_recording() else {
        return;
    };
    let mut instruments = instruments(&answers);
    let mut books: BTreeMap<Symbol, LocalBook> = BTreeMap::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for frame in &frames {
        let message = decode(frame).unwrap_or_else(|error| panic!("{error}: {frame}"));
        let kind = match message {
            Message::Status(status) => {
                assert_eq!(status, SystemStatus::Online);
                "status"
            }
            Message::Heartbeat => "heartbeat",
            Message::Subscribed { symbol, error } => {
                assert!(symbol.is_some() && error.is_none(), "{frame}");
                "subscribed"
            }
            Message::Ticker(_, ticker) => {
                assert!(
                    ticker.bid.price < ticker.ask.price && ticker.low <= ticker.high,
                    "{frame}"
                );
                "ticker"
            }
            Message::Trades(trades) => {
                assert!(trades.iter().all(|trade| trade.taker_side.is_some()), "{frame}");
                "trade"
            }
            Message::Book(change) => {
                let rules = instruments.get_mut(&change.symbol).expect("a known pair");
                let decimals = change.decimals.expect("a level");
                if change.snapshot {
                    (rules.price_decimals, rules.quantity_decimals) = decimals;
                    books.insert(change.symbol.clone(), LocalBook::new(rules, 1000));
                }
                assert_eq!(decimals, (rules.price_decimals, rules.quantity_decimals), "{frame}");
                let book = books.get_mut(&change.symbol).expect("a snapshot came first");
                book.apply(&change.bids, &change.asks);
                let sum = book.checksum();
                assert!(change.snapshot || change.checksum == Some(sum), "{sum}: {frame}");
                if change.snapshot { "snapshot" } else { "book" }
            }
            Message::Other => panic!("{frame}"),
        };
        *counts.entry(kind).or_default() += 1;
    }
    let expected = [
        ("book", 4269),
        ("heartbeat", 92),
        ("snapshot", 10),
        ("status", 3),
        ("subscribed", 30),
        ("ticker", 18),
        ("trade", 8),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[test]
fn a_change_of_both_sides_is_one() {
    let text = r#"[1,{"a":[["5541.30000","2.50700000","1534614248.123678","r"]]},
        {"b":[["5541.20000","0.00000000","1534614335.345903"]],"c":"974942666"},
        "book-10","XBT/USD"]"#;
    let level = |price, quantity| Level {
        price: Price::parse(price).expect("valid"),
        quantity: Quantity::parse(quantity).expect("valid"),
    };
    let expected = BookChange {
        symbol: Symbol::new("BTC/USD"),
        snapshot: false,
        asks: vec![level("5541.3", "2.507")],
        bids: vec![level("5541.2", "0")],
        decimals: Some((5, 8)),
        checksum: Some(974_942_666),
    };
    assert_eq!(decode(text).expect("readable"), Message::Book(expected));
}

#[test]
fn what_is_not_known_is_told_from_what_is_broken() {
    let other = |text| assert_eq!(decode(text).expect("readable"), Message::Other, "{text}");
    other(r#"[[{"OWNT":{}}],"ownTrades",{"sequence":1}]"#);
    other(r#"[0,[],"moon","XBT/USD"]"#);
    other(r#"{"event":"moon"}"#);
    other("[]");
    let refused = r#"{"errorMessage":"no such pair","event":"subscriptionStatus","pair":"foobar"}"#;
    let refused = decode(refused).expect("readable");
    let error = Some("no such pair".to_owned());
    assert_eq!(refused, Message::Subscribed { symbol: None, error });
    for text in [
        r#"[0,{"a":[["x","1","1"]],"c":"1"},"book-10","XBT/USD"]"#,
        r#"[0,{"a":[["1"]],"c":"1"},"book-10","XBT/USD"]"#,
        r#"[0,{"a":[],"c":"99999999999"},"book-10","XBT/USD"]"#,
        r#"[0,[["1","2","then","b"]],"trade","XBT/USD"]"#,
        r#"[0,"trade","XBT/USD"]"#,
        "hello",
    ] {
        assert!(decode(text).is_err(), "{text}");
    }
}
