use std::path::PathBuf;

use super::*;
use crate::market::{MarketReader, ReadOptions};
use crate::quality::QualityConfig;
use crate::testing::{Scratch, shared_data};

fn open(path: PathBuf, on: &[&str]) -> CheckedReader {
    let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    let mut config = QualityConfig::default();
    on.iter().for_each(|text| config.set_text(text).unwrap());
    CheckedReader::new(reader, config)
}

/// `time:tape:price` of every row, the time in seconds after 1,700,000,000.
fn rows(tapes: Vec<CheckedReader>) -> String {
    let mut merged = Merged::new(tapes).unwrap();
    let mut text = Vec::new();
    while let Some(MergedRow { known_at, tape, row }) = merged.next_row().unwrap() {
        let price = match row {
            Row::Trade(row) => row.price,
            Row::Bar(row) => row.close,
            Row::Quote(row) => row.bid,
            Row::Level(row) => row.price,
            Row::Order(row) => row.price,
        };
        let seconds = known_at.since(UnixNanos::from_secs(1_700_000_000)).as_secs();
        text.push(format!("{seconds}:{tape}:{price}"));
    }
    text.join(" ")
}

#[test]
fn rows_of_one_instant_come_tape_by_tape() {
    let scratch = Scratch::new("merged-ties");
    let a = scratch.write("a.csv", b"1700000001,1,1\n1700000002,2,1\n1700000002,3,1\n");
    let b =
        scratch.write("b.csv", b"1700000000,9,1\n1700000002,8,1\n1700000002,7,1\n1700000003,6,1\n");
    let open = |path: &PathBuf| open(path.clone(), &[]);
    assert_eq!(rows(vec![open(&a), open(&b)]), "0:1:9 1:0:1 2:0:2 2:0:3 2:1:8 2:1:7 3:1:6");
    assert_eq!(rows(vec![open(&b), open(&a)]), "0:0:9 1:1:1 2:0:8 2:0:7 2:1:2 2:1:3 3:0:6");
    assert_eq!(rows(vec![]), "");
}

#[test]
fn a_bar_comes_when_it_has_ended() {
    let scratch = Scratch::new("merged-bars");
    let bars = "1700000000,1,1,1,1,1,1\n1700000060,2,2,2,2,1,1\n";
    let bars = scratch.write("XBTUSD_1.csv", bars.as_bytes());
    let trades = scratch.write("t.csv", b"1700000000,7,1\n1700000060,8,1\n1700000061,9,1\n");
    let tapes = vec![open(trades, &[]), open(bars, &[])];
    assert_eq!(rows(tapes), "0:0:7 60:0:8 60:1:1 61:0:9 120:1:2");
}

#[test]
fn a_late_row_that_is_kept_comes_behind_the_row_before_it() {
    let scratch = Scratch::new("merged-late");
    let a = scratch.write("a.csv", b"1700000005,1,1\n1700000001,2,1\n1700000006,3,1\n");
    let b = scratch.write("b.csv", b"1700000002,9,1\n1700000005,8,1\n");
    let tapes = vec![open(a, &["unsorted=keep"]), open(b, &[])];
    assert_eq!(rows(tapes), "2:1:9 5:0:1 5:0:2 5:1:8 6:0:3");
}

#[test]
fn a_merge_of_real_tapes_is_their_sorted_sum() {
    let names = [
        "binance/trades/BTCUSDT-trades-2024-08-08T2354_0005.csv",
        "binance/aggTrades/XRPETH-aggTrades-2019-10-11.csv",
        "binance/aggTrades/XRPETH-aggTrades-2019-10-12.csv",
        "binance/klines_1m_usdm/FILUSDT-1m-2023-08.csv.gz",
    ];
    let paths: Vec<PathBuf> = names.iter().filter_map(|name| shared_data(name)).collect();
    let mut expected = Vec::new();
    for (tape, path) in paths.iter().enumerate() {
        let mut merged = Merged::new(vec![open(path.clone(), &[])]).unwrap();
        while let Some(row) = merged.next_row().unwrap() {
            expected.push(MergedRow { tape, ..row });
        }
    }
    // Stable, so rows of one instant stay in the order of the tapes.
    expected.sort_by_key(|row| row.known_at);
    let mut merged =
        Merged::new(paths.iter().map(|path| open(path.clone(), &[])).collect()).unwrap();
    for row in &expected {
        assert_eq!(merged.next_row().unwrap().as_ref(), Some(row));
    }
    assert_eq!(merged.next_row().unwrap(), None);
    let counts: Vec<u64> = merged.reports().map(|report| report.rows).collect();
    assert!(paths.len() < names.len() || counts == [19_904, 5_929, 4_134, 44_640], "{counts:?}");
}
