use model::{Price, Quantity, Symbol};

use super::*;
use crate::codec::fixtures::recording;
use crate::codec::ws::{self, Message};
use crate::test_venue::instrument;

/// Plays a recording; returns how many snapshots and updates were right.
fn play(frames: &[String], depth: usize) -> (usize, usize) {
    let mut sync = BookSync::new(&instrument(), depth);
    let (mut snapshots, mut updates) = (0, 0);
    for frame in frames {
        let Ok(Message::Books { snapshot, changes }) = ws::decode(frame) else {
            continue;
        };
        for change in changes {
            let applied = sync.apply(snapshot, &change);
            assert!(matches!(applied, Applied::Right { .. }), "{applied:?} after {frame}");
            snapshots += usize::from(snapshot);
            updates += usize::from(!snapshot);
        }
    }
    (snapshots, updates)
}

#[test]
fn every_checksum_of_a_recording_is_right() {
    let Some(frames) = recording("book_d25_BTCUSD_2026-08-02") else {
        return;
    };
    assert_eq!(play(&frames, 25), (1, 2051));
}

#[test]
fn every_checksum_is_right_across_resyncs() {
    let Some(frames) = recording("book_d10_BTCUSD_2026-08-01_resyncs") else {
        return;
    };
    assert_eq!(play(&frames, 10), (5, 296));
}

fn level(price: &str, quantity: &str) -> Level {
    Level {
        price: Price::parse(price).expect("valid"),
        quantity: Quantity::parse(quantity).expect("valid"),
    }
}

fn change(bids: &[Level], asks: &[Level], checksum: u32) -> BookChange {
    BookChange {
        symbol: Symbol::new("BTC/USD"),
        bids: bids.to_vec(),
        asks: asks.to_vec(),
        checksum,
    }
}

/// Checksum of texts as the protocol describes them, made by hand.
fn crc(texts: &[&str]) -> u32 {
    crc32fast::hash(texts.concat().as_bytes())
}

#[test]
fn a_book_is_skipped_until_its_snapshot_and_lost_on_a_wrong_checksum() {
    let mut sync = BookSync::new(&instrument(), 10);
    let bid = level("45283.5", "0.10000000");
    let ask = level("45285.2", "0.00100000");
    assert_eq!(sync.apply(false, &change(&[bid], &[], 1)), Applied::Skipped);
    let right = crc(&["452852", "100000", "452835", "10000000"]);
    let applied = sync.apply(true, &change(&[bid], &[ask], right));
    assert!(matches!(applied, Applied::Right { best_changed: true, .. }));
    assert_eq!(sync.best(), (Some(bid), Some(ask)));
    let deeper = level("45283.4", "1");
    let right = crc(&["452852", "100000", "452835", "10000000", "452834", "100000000"]);
    let applied = sync.apply(false, &change(&[deeper], &[], right));
    assert!(matches!(applied, Applied::Right { best_changed: false, .. }));
    let applied = sync.apply(false, &change(&[], &[level("45285.2", "0")], 7));
    assert!(matches!(applied, Applied::Wrong { expected: 7, .. }));
    assert_eq!(sync.best(), (None, None));
    assert_eq!(sync.apply(false, &change(&[], &[], right)), Applied::Skipped);
    assert!(!sync.lose());
}

#[test]
fn a_snapshot_replaces_what_was_there() {
    let mut sync = BookSync::new(&instrument(), 10);
    let (old, new) = (level("1.0", "1"), level("2.0", "1"));
    sync.apply(true, &change(&[old], &[], crc(&["10", "100000000"])));
    sync.apply(true, &change(&[new], &[], crc(&["20", "100000000"])));
    assert_eq!(sync.best(), (Some(new), None));
    assert!(sync.lose());
}

#[test]
fn leading_zeros_do_not_count() {
    let mut instrument = instrument();
    instrument.price_decimals = 5;
    let mut sync = BookSync::new(&instrument, 10);
    let right = crc(&["5005", "501"]);
    let applied = sync.apply(true, &change(&[], &[level("0.05005", "0.00000501")], right));
    assert!(matches!(applied, Applied::Right { .. }));
}
