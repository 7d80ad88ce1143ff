use model::Book;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::*;
use crate::kraken::fixture::recording;

impl Sides {
    /// Levels of a book as clients hold it.
    pub(crate) fn of(book: &Book) -> Self {
        Self { bids: book.bids().collect(), asks: book.asks().collect() }
    }

    fn to_book(&self, depth: usize) -> Book {
        let mut book = Book::new();
        for (side, levels) in [(Side::Buy, &self.bids), (Side::Sell, &self.asks)] {
            levels.iter().take(depth).for_each(|level| book.set(side, *level));
        }
        book
    }
}

/// The asks of the documented example, best first.
const ASKS: &str = "45285.2 0.00100000, 45286.4 1.54571953, 45286.6 1.54571109, \
    45289.6 1.54560911, 45290.2 0.15890660, 45291.8 1.54553491, 45294.7 0.04454749, \
    45296.1 0.35380000, 45297.5 0.09945542, 45299.5 0.18772827";
/// Its bids, best first.
const BIDS: &str = "45283.5 0.10000000, 45283.4 1.54582015, 45282.1 0.10000000, \
    45281.0 0.10000000, 45280.3 1.54592586, 45279.0 0.07990000, 45277.6 0.03310103, \
    45277.5 0.30000000, 45277.3 1.54602737, 45276.6 0.15445238";

fn level(text: &str) -> Level {
    let (price, quantity) = text.trim().split_once(' ').unwrap();
    Level { price: Price::parse(price).unwrap(), quantity: Quantity::parse(quantity).unwrap() }
}

fn documented() -> Sides {
    Sides { bids: BIDS.split(',').map(level).collect(), asks: ASKS.split(',').map(level).collect() }
}

#[test]
fn the_documented_checksums_are_reproduced() {
    let mut book = documented();
    assert_eq!(checksum(&book, 1, 8), 3_310_070_434);
    book.bids[0] = level("45283.5 0.20000000");
    assert_eq!(checksum(&book, 1, 8), 38_355_977);
}

#[test]
fn only_ten_levels_count_and_fewer_are_fine() {
    let mut book = documented();
    book.bids.push(level("45000.0 1"));
    assert_eq!(checksum(&book, 1, 8), 3_310_070_434);
    let empty = Sides::default();
    assert_eq!(checksum(&empty, 1, 8), 0);
    let digits = |number: i64| {
        let mut text = Vec::new();
        push_digits(number, &mut text);
        String::from_utf8(text).unwrap()
    };
    assert_eq!(digits(0), "");
    assert_eq!(digits(100_010), "100010");
    assert_eq!(digits(i64::MAX), i64::MAX.to_string());
}

#[test]
fn a_level_that_falls_out_is_not_mentioned_and_one_that_returns_is() {
    let sides = |bids: &[&str]| Sides {
        bids: bids.iter().map(|text| level(text)).collect(),
        asks: Vec::new(),
    };
    let before = sides(&["5 1", "4 1", "3 1"]);
    let better = sides(&["6 1", "5 1", "4 1", "3 1"]);
    assert_eq!(before.changes_to(&better, 2).bids, [level("6 1")]);
    assert_eq!(better.changes_to(&before, 2).bids, [level("6 0"), level("4 1")]);
    let shrunk = sides(&["5 2"]);
    assert_eq!(before.changes_to(&shrunk, 2).bids, [level("4 0"), level("5 2")]);
    assert!(before.changes_to(&sides(&["5 1", "4 1"]), 2).is_empty());
}

/// Applies differences as a subscriber does.
fn apply(book: &mut Book, changes: &Sides, depth: usize) {
    for level in &changes.bids {
        book.set(Side::Buy, *level);
    }
    for level in &changes.asks {
        book.set(Side::Sell, *level);
    }
    book.truncate(depth);
}

fn any_sides() -> impl Strategy<Value = Sides> {
    let side = || prop::collection::btree_map(1_i64..60, 1_i64..4, 0..40);
    let levels = |side: std::collections::BTreeMap<i64, i64>, sign: i64| {
        let levels = side.into_iter().map(move |(offset, quantity)| Level {
            price: Price::from_raw((1_000 + sign * offset) * 1_000_000),
            quantity: Quantity::from_raw(quantity),
        });
        levels.collect::<Vec<_>>()
    };
    (side(), side())
        .prop_map(move |(bids, asks)| Sides { bids: levels(bids, -1), asks: levels(asks, 1) })
}

proptest! {
    #[test]
    fn differences_turn_what_subscribers_hold_into_the_book(
        books in prop::collection::vec(any_sides(), 2..20),
        depth in prop::sample::select(vec![10_usize, 25, 100]),
    ) {
        let mut held = books[0].to_book(depth);
        for step in books.windows(2) {
            let changes = step[0].changes_to(&step[1], depth);
            apply(&mut held, &changes, depth);
            prop_assert_eq!(&held, &step[1].to_book(depth));
            prop_assert_eq!(checksum(&Sides::of(&held), 3, 8), checksum(&step[1], 3, 8));
        }
    }
}

/// One line of a recorded session.
#[derive(Deserialize)]
struct Recorded {
    frame: String,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(default)]
    channel: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct RecordedBook {
    bids: Vec<RecordedLevel>,
    asks: Vec<RecordedLevel>,
    checksum: u32,
}

#[derive(Deserialize)]
struct RecordedLevel {
    price: Box<RawValue>,
    qty: Box<RawValue>,
}

impl RecordedLevel {
    fn level(&self) -> Level {
        level(&format!("{} {}", self.price.get(), self.qty.get()))
    }
}

#[test]
fn recorded_checksums_of_the_real_venue_are_reproduced() {
    for (file, depth) in [
        ("book_d10_BTCUSD_2026-08-01_resyncs.ndjson", 10),
        ("book_d25_BTCUSD_2026-08-02.ndjson", 25),
    ] {
        let Some(text) = recording(&format!("ws_v2/{file}")) else {
            return;
        };
        let (mut book, mut checked) = (Book::new(), 0);
        for line in text.lines() {
            let recorded: Recorded = serde_json::from_str(line).unwrap();
            let frame: Frame = serde_json::from_str(&recorded.frame).unwrap();
            let (Some(data), "book") = (frame.data, frame.channel.as_str()) else {
                continue;
            };
            let [message]: [RecordedBook; 1] = serde_json::from_str(data.get()).unwrap();
            if frame.kind == "snapshot" {
                book.clear();
            }
            let levels = |levels: &[RecordedLevel]| levels.iter().map(|l| l.level()).collect();
            let changes = Sides { bids: levels(&message.bids), asks: levels(&message.asks) };
            apply(&mut book, &changes, depth);
            assert_eq!(checksum(&Sides::of(&book), 1, 8), message.checksum);
            checked += 1;
        }
        assert!(checked > 100, "{file} has {checked} book messages");
    }
}
