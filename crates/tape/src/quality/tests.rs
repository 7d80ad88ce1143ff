use std::path::Path;

use model::{Price, Quantity, UnixNanos};
use proptest::prelude::*;

use super::*;
use crate::market::{MarketReader, ReadOptions};
use crate::row::{RowKind, Rows, TradeRow};
use crate::testing::Scratch;

/// Prices of the rows that stay, and the report or the refusal.
fn run(name: &str, text: &str, on: &[&str]) -> Result<(Vec<String>, QualityReport), String> {
    let scratch = Scratch::new(name);
    let path = scratch.write("x.csv", text.as_bytes());
    let mut config = QualityConfig::default();
    for text in on {
        config.set_text(text)?;
    }
    let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    let mut reader = CheckedReader::new(reader, config);
    let mut prices = Vec::new();
    while let Some(rows) = reader.next_batch().map_err(|error| refusal(&error.to_string()))? {
        match rows {
            Rows::Trades(rows) => prices.extend(rows.iter().map(|row| row.price.to_string())),
            Rows::Bars(rows) => prices.extend(rows.iter().map(|row| row.close.to_string())),
            Rows::Quotes(rows) => prices.extend(rows.iter().map(|row| row.bid.to_string())),
            Rows::Book(rows) => prices.extend(rows.iter().map(|row| row.price.to_string())),
            Rows::Orders(rows) => prices.extend(rows.iter().map(|row| row.price.to_string())),
        }
    }
    Ok((prices, reader.into_report()))
}

/// Without the folders of its path.
fn refusal(text: &str) -> String {
    let name = Path::new(text).file_name().unwrap();
    name.to_str().unwrap().to_owned()
}

#[test]
fn a_problem_fails_is_skipped_or_kept_as_told() {
    // The third row is older than the second.
    let text = "1700000000,1,1\n1700000002,2,1\n1700000001,3,1\n1700000003,4,1\n";
    let refused = run("policy-fail", text, &[]).unwrap_err();
    assert_eq!(
        refused,
        "x.csv:3: unsorted: 2023-11-14 22:13:21 after 2023-11-14 22:13:22 (to go on: `--on \
         unsorted=skip`, `--on unsorted=sort:ROWS` or `--on unsorted=keep`)"
    );
    let mut config = QualityConfig { never_kept: &[Problem::Gap], ..QualityConfig::default() };
    assert_eq!(config.ways_on(Problem::Gap), ["gap=skip"], "what is suggested is taken");
    assert_eq!(config.ways_on(Problem::Jump), ["jump=skip", "jump=keep"]);
    assert_eq!(config.kept_in_vain(), Some(Problem::Gap));
    config.set_text("gap=skip").unwrap();
    assert_eq!(config.kept_in_vain(), None);
    let (prices, report) = run("policy-skip", text, &["unsorted=skip"]).unwrap();
    assert_eq!(prices, ["1", "2", "4"]);
    assert_eq!((report.rows, report.skipped, report.count(Problem::Unsorted)), (4, 1, 1));
    assert_eq!(report.problems[&Problem::Unsorted].skipped, 1);
    let (prices, report) = run("policy-keep", text, &["unsorted=keep"]).unwrap();
    assert_eq!(prices, ["1", "2", "3", "4"]);
    assert_eq!((report.skipped, report.count(Problem::Unsorted)), (0, 1));
    let (prices, report) = run("policy-sort", text, &["unsorted=sort:1"]).unwrap();
    assert_eq!(prices, ["1", "3", "2", "4"]);
    assert_eq!((report.rows, report.skipped, report.count(Problem::Unsorted)), (4, 0, 1));
}

#[test]
fn a_row_older_than_the_window_fails_and_ties_keep_their_order() {
    let text = "1700000004,1,1\n1700000005,2,1\n1700000006,3,1\n1700000001,4,1\n";
    let refused = run("window", text, &["unsorted=sort:2"]).unwrap_err();
    assert!(refused.starts_with("x.csv:4: unsorted: "), "{refused}");
    let (prices, _) = run("window", text, &["unsorted=sort:3"]).unwrap();
    assert_eq!(prices, ["4", "1", "2", "3"]);
    let text = "1700000002,1,1\n1700000001,2,1\n1700000001,3,1\n1700000002,4,1\n1700000001,5,1\n";
    let (prices, _) = run("ties", text, &["unsorted=sort:100"]).unwrap();
    assert_eq!(prices, ["2", "3", "5", "1", "4"]);
}

/// Late rows that the window puts into their place are counted, and no reason to refuse the tape.
#[test]
fn only_problems_that_refuse_a_row_fail() {
    let failed = |text: &str| {
        let scratch = Scratch::new("failed");
        let path = scratch.write("x.csv", text.as_bytes());
        let mut config = QualityConfig::default();
        config.set_text("unsorted=sort:1").unwrap();
        let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
        let mut reader = CheckedReader::survey(reader, config);
        while reader.next_batch().unwrap().is_some() {}
        let problems = reader.into_report().problems.into_iter();
        problems.map(|(problem, tally)| (problem, tally.failed)).collect::<Vec<_>>()
    };
    let sorted = "1700000002,1,1\n1700000001,1,1\n1700000003,-1,1\n";
    let expected = [(Problem::Unsorted, false), (Problem::NotPositive, true)];
    assert_eq!(failed(sorted), expected);
    let late = "1700000002,1,1\n1700000003,1,1\n1700000001,1,1\n";
    assert_eq!(failed(late), [(Problem::Unsorted, true)]);
}

/// Problems of trades with the count of each.
#[test]
fn every_problem_of_trades_is_found() {
    let all = ["not-positive=skip", "absurd-time=skip", "duplicate-id=skip", "unsorted=keep"];
    let check = |row: &str, expected: &[(Problem, u64)]| {
        let text = format!(
            "1,100,1,100,1700000000000,True,True\n2,100,1,100,1700000000001,False,True\n{row}\n"
        );
        let (_, report) = run("trades", &text, &all).unwrap();
        let found: Vec<_> =
            report.problems.iter().map(|(key, tally)| (*key, tally.count)).collect();
        assert_eq!(found, expected, "{row}");
    };
    check("3,100,1,100,1700000000001,True,True", &[]);
    check("2,100,1,100,1700000000001,True,True", &[(Problem::DuplicateId, 1)]);
    check("5,100,1,100,1700000000001,True,True", &[(Problem::MissingIds, 1)]);
    check("0,100,1,100,1700000000001,True,True", &[(Problem::MissingIds, 1)]);
    check("3,0,1,100,1700000000001,True,True", &[(Problem::NotPositive, 1)]);
    check("3,-1,1,100,1700000000001,True,True", &[(Problem::NotPositive, 1)]);
    check("3,100,0.0,100,1700000000001,True,True", &[(Problem::NotPositive, 1)]);
    check("3,106,1,100,1700000000001,True,True", &[(Problem::Jump, 1)]);
    check("3,105,1,100,1700000000001,True,True", &[]);
    check("3,100,1,100,1700003600002,True,True", &[(Problem::Gap, 1)]);
    check("3,100,1,100,1700003600001,True,True", &[]);
    check("3,100,1,100,1700000000000,True,True", &[(Problem::Unsorted, 1)]);
    check(
        "3,100,1,100,600000000000,True,True",
        &[(Problem::Unsorted, 1), (Problem::AbsurdTime, 1)],
    );
    check("3,100,1,100,4200000000000,True,True", &[(Problem::AbsurdTime, 1)]);
}

#[test]
fn every_problem_of_bars_is_found() {
    let all = [
        "not-positive=skip",
        "absurd-time=skip",
        "duplicate-bar=skip",
        "overlapping-bar=skip",
        "crossed-bar=skip",
    ];
    let check = |row: &str, expected: &[(Problem, u64, u64)]| {
        let text = format!(
            "1700000040000,100,101,99,100,5,1700000099999,5,7,1,1,0\n\
             1700000100000,100,101,99,100,5,1700000159999,5,7,1,1,0\n{row},5,7,1,1,0\n"
        );
        let (_, report) = run("bars", &text, &all).unwrap();
        let found = report.problems.iter().map(|(key, tally)| (*key, tally.count, tally.amount));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{row}");
    };
    check("1700000160000,100,101,99,100,5,1700000219999", &[]);
    check("1700000340000,100,101,99,100,5,1700000399999", &[(Problem::Gap, 1, 3)]);
    check("1700000100000,100,101,99,100,5,1700000159999", &[(Problem::DuplicateBar, 1, 0)]);
    check("1700000130000,100,101,99,100,5,1700000189999", &[(Problem::OverlappingBar, 1, 0)]);
    check("1700000160000,100,99,101,100,5,1700000219999", &[(Problem::CrossedBar, 1, 0)]);
    check("1700000160000,102,101,99,100,5,1700000219999", &[(Problem::CrossedBar, 1, 0)]);
    check("1700000160000,100,101,99,98,5,1700000219999", &[(Problem::CrossedBar, 1, 0)]);
    check("1700000160000,0,101,0,100,5,1700000219999", &[(Problem::NotPositive, 1, 0)]);
    check("1700000160000,100,101,99,100,-5,1700000219999", &[(Problem::NotPositive, 1, 0)]);
    check("1700000160000,100,101,99,100,0,1700000219999", &[(Problem::EmptyBar, 1, 0)]);
    check("1700000160000,100,120,99,100,5,1700000219999", &[(Problem::Jump, 1, 0)]);
    check("1700000160000,100,101,99,100,5,1700000159999", &[(Problem::Rounded, 1, 0)]);
    check("1700000160000,100,101,99,100,5,1800000159999", &[(Problem::AbsurdTime, 1, 0)]);
}

#[test]
fn policies_are_read_from_text_or_refused() {
    let mut config = QualityConfig::default();
    config.set_text("gap=fail").unwrap();
    assert_eq!(config.policy(Problem::Gap), Policy::Fail);
    config.set_text("unsorted=sort:7").unwrap();
    assert_eq!(config.policy(Problem::Unsorted), Policy::Sort(7));
    for text in
        ["gap", "gap=", "gap=sort:7", "nap=keep", "unsorted=sort:0", "unsorted=sort:9999999"]
    {
        assert!(config.set_text(text).is_err(), "{text}");
    }
    let numbers: Vec<usize> = Problem::ALL.iter().map(|problem| *problem as usize).collect();
    assert_eq!(numbers, (0..Problem::ALL.len()).collect::<Vec<_>>());
}

/// Trades of which most are sound: what is strange about each is drawn.
fn any_trades() -> impl Strategy<Value = Vec<TradeRow>> {
    let strange = prop_oneof![20 => Just(0_u8), 1 => any::<u8>()];
    proptest::collection::vec((strange, 0..3_i64, 1..100_i64), 1..60).prop_map(|rows| {
        let (mut ts, mut id, mut price) = (1_700_000_000_000_000_000_i64, 100_u64, 50_000_i64);
        let trades = rows.into_iter().map(|(strange, wait, size)| {
            ts += wait * 1_000_000_000;
            id += 1;
            price += size - 50;
            let mut row = TradeRow {
                ts: UnixNanos::from_nanos(ts),
                price: Price::from_raw(price),
                quantity: Quantity::from_raw(size),
                trade_id: Some(id),
                fills: u32::try_from(size).unwrap() % 3,
                taker_side: None,
            };
            match strange {
                1..=20 => row.ts = UnixNanos::from_nanos(ts - 1_500_000_000),
                21..=40 => ts += 4_000_000_000_000,
                41..=60 => id += 3,
                61..=80 => row.trade_id = Some(id - 1),
                81..=100 => row.price = Price::from_raw(price * 2),
                101..=120 => row.price = Price::from_raw(0),
                121..=140 => row.quantity = Quantity::from_raw(-1),
                141..=160 => row.trade_id = None,
                161..=180 => row.quantity = Quantity::from_raw(i64::MAX),
                181..=200 => row.ts = UnixNanos::from_nanos(i64::from(strange)),
                201..=220 => row.ts = UnixNanos::from_nanos(i64::MAX),
                _ => {}
            }
            row
        });
        trades.collect()
    })
}

proptest! {
    #[test]
    fn trades_looked_at_all_at_once_give_the_report_of_one_by_one(
        rows in any_trades(),
        step in 1..9_usize,
        keep: bool,
    ) {
        let mut config = QualityConfig { jump_bps: 100, ..QualityConfig::default() };
        for problem in Problem::ALL {
            config.set(problem, if keep { Policy::Keep } else { Policy::Skip }).unwrap();
        }
        let checker = || Checker::new(RowKind::Trades, Vec::new(), config.clone());
        let (mut slow, mut fast, mut number) = (checker(), checker(), 0);
        for rows in rows.chunks(step) {
            let is_sound = fast.sound_trades(rows);
            for row in rows {
                number += 1;
                let about = RowAbout { number, ..RowAbout::default() };
                let verdict = slow.trade(about, row);
                if is_sound {
                    prop_assert_eq!(verdict.0, Policy::Keep);
                } else {
                    fast.trade(about, row);
                }
            }
            prop_assert_eq!(fast.report(), slow.report());
        }
    }
}

/// The least move that is a jump, the largest one that is none, and a number lower than the newest.
#[test]
fn bounds_are_the_same_for_many_trades_at_once() {
    let trade = |id: u64, price: i64| TradeRow {
        ts: UnixNanos::from_secs(1_700_000_000),
        price: Price::from_raw(price),
        quantity: Quantity::from_raw(1),
        trade_id: Some(id),
        fills: 1,
        taker_side: None,
    };
    let check = |rows: [TradeRow; 2], expected: &[Problem]| {
        let config = QualityConfig { jump_bps: 100, ..QualityConfig::default() };
        let checker = || {
            let mut checker = Checker::new(RowKind::Trades, Vec::new(), config.clone());
            checker.trade(RowAbout::default(), &trade(7, 10_000));
            checker
        };
        let (mut slow, mut fast) = (checker(), checker());
        for row in &rows {
            slow.trade(RowAbout::default(), row);
        }
        assert_eq!(fast.sound_trades(&rows), expected.is_empty());
        let found: Vec<_> = slow.report().problems.keys().copied().collect();
        assert_eq!(found, expected);
    };
    check([trade(8, 10_100), trade(9, 10_100)], &[]);
    check([trade(8, 10_101), trade(9, 10_101)], &[Problem::Jump]);
    check([trade(8, 9_900), trade(9, 9_900)], &[]);
    check([trade(8, 9_899), trade(9, 9_899)], &[Problem::Jump]);
}

/// A late trade does not make the next one a hole.
#[test]
fn numbers_are_missing_behind_the_newest_alone() {
    let row = |id: u64| format!("{id},100,1,100,1700000000000,True,True\n");
    let text = [10, 12, 11, 13].map(row).concat();
    let (_, report) = run("late-id", &text, &["missing-ids=keep"]).unwrap();
    let found = &report.problems[&Problem::MissingIds];
    assert_eq!((found.count, found.amount), (2, 1), "11 behind 10, and 11 behind 12");
}

/// Equal trades of one time are told; of another time they are others.
#[test]
fn equal_trades_are_those_of_one_time() {
    let count = |name: &str, text: &str| {
        let (_, report) = run(name, text, &["equal-trade=keep"]).unwrap();
        report.count(Problem::EqualTrade)
    };
    assert_eq!(count("equal", "1700000000,1,1\n1700000000,1,1\n"), 1);
    assert_eq!(count("equal-later", "1700000000,1,1\n1700000001,1,1\n1700000001,2,1\n"), 0);
}

/// Books whose best prices meet are crossed, at the last row of the message that left them so.
#[test]
fn a_book_is_crossed_when_its_best_prices_meet() {
    let refused = |name: &str, ask: &str| {
        let text = format!(
            "{TARDIS}\
             x,B,1700000001000000,1700000001000001,true,bid,99,1\n\
             x,B,1700000001000000,1700000001000001,true,ask,{ask},1\n\
             x,B,1700000002000000,1700000002000001,false,bid,50,1\n"
        );
        levels(name, &text, &["crossed-book=fail"]).err()
    };
    let crossed = refused("crossed", "99").unwrap();
    assert!(crossed.starts_with("x.csv:3: crossed-book: bid 99, ask 99"), "{crossed}");
    assert_eq!(refused("not-crossed", "99.5"), None);
}

/// A price of nothing is nobody only where there is nothing at it.
#[test]
fn best_prices_without_a_price_are_nobody_only_without_a_volume() {
    let prices = |name: &str, bid: &str| {
        let text = format!(
            "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n\
             x,B,1700000001000000,1700000001000001,1,101,{bid}\n"
        );
        run(name, &text, &[]).map(|(prices, _)| prices)
    };
    assert_eq!(prices("nobody", "0,0").unwrap(), ["0"]);
    let refused = prices("nothing", "0,1").unwrap_err();
    assert!(refused.starts_with("x.csv:2: not-positive: bid 0, volume 1"), "{refused}");
}

/// Rows of a book as text: `side price quantity`, with `*` for the first one of a message and `!` for a snapshot.
fn levels(name: &str, text: &str, on: &[&str]) -> Result<Vec<String>, String> {
    let scratch = Scratch::new(name);
    let path = scratch.write("x.csv", text.as_bytes());
    let mut config = QualityConfig::default();
    on.iter().for_each(|text| config.set_text(text).unwrap());
    let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    let mut reader = CheckedReader::new(reader, config);
    let mut shown = Vec::new();
    while let Some(rows) = reader.next_batch().map_err(|error| refusal(&error.to_string()))? {
        let Rows::Book(rows) = rows else { return Err("no book".to_owned()) };
        shown.extend(rows.iter().map(|row| {
            let begins = if row.begins { "*" } else { "" };
            let whole = if row.snapshot { "!" } else { "" };
            format!("{} {} {}{begins}{whole}", row.side, row.price, row.quantity)
        }));
    }
    Ok(shown)
}

const TARDIS: &str = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n";

/// docs.tardis.dev: the book is cleared where a row is of a snapshot and the one before is not.
#[test]
fn a_snapshot_of_tardis_is_one_however_it_arrived() {
    let text = format!(
        "{TARDIS}\
         x,B,1700000001000000,1700000001000001,true,bid,99,1\n\
         x,B,1700000001000000,1700000001000002,true,ask,101,2\n\
         x,B,1700000000900000,1700000002000001,false,ask,101,5\n\
         x,B,1700000003000000,1700000003000001,true,bid,98,1\n"
    );
    let rows = levels("tardis-snapshot", &text, &[]).unwrap();
    assert_eq!(rows, ["buy 99 1*!", "sell 101 2!", "sell 101 5*", "buy 98 1*!"]);
}

#[test]
fn rows_of_tardis_before_the_first_snapshot_are_of_no_known_book() {
    let text = format!(
        "{TARDIS}\
         x,B,1700000000000000,1700000000000001,false,bid,6300,1\n\
         x,B,1700000000000000,1700000000000002,false,bid,6301,1\n\
         x,B,1700000001000000,1700000001000001,true,bid,99,1\n"
    );
    let refused = levels("tardis-before", &text, &[]).unwrap_err();
    assert!(refused.starts_with("x.csv:2: broken-sequence: "), "{refused}");
    let rows = levels("tardis-before", &text, &["broken-sequence=skip"]).unwrap();
    assert_eq!(rows, ["buy 99 1*!"]);
}

/// What is left of a message is not added to the one before.
#[test]
fn a_message_whose_first_row_is_left_out_stays_a_message() {
    let text = format!(
        "{TARDIS}\
         x,B,1700000001000000,1700000001000001,true,bid,99,1\n\
         x,B,1700000002000000,1700000002000001,false,bid,99.5,1\n\
         x,B,1700000003000000,1700000003000001,true,bid,-1,1\n\
         x,B,1700000003000000,1700000003000001,true,bid,90,1\n\
         x,B,1700000003000000,1700000003000001,true,ask,91,1\n"
    );
    let rows = levels("headless", &text, &["not-positive=skip"]).unwrap();
    assert_eq!(rows, ["buy 99 1*!", "buy 99.5 1*", "buy 90 1*!", "sell 91 1!"]);
}

/// Binance's archive: the end of the bar of an outage lies before its beginning.
#[test]
fn a_bar_that_ends_before_it_begins_is_as_long_as_the_others() {
    let row = |open: i64, close: i64, volume: &str| {
        format!("{open},100,101,99,100,{volume},{close},5,7,1,1,0\n")
    };
    let first = 1_608_559_200_000_i64;
    let minute = |at: i64| first + at * 60_000;
    let text = [
        row(minute(0), minute(1) - 1, "5"),
        row(minute(1), minute(2) - 1, "5"),
        row(minute(2), minute(1) + 20_521, "5"),
        row(minute(3), minute(4) - 1, "5"),
    ];
    let (prices, report) = run("outage", &text.concat(), &[]).unwrap();
    assert_eq!((prices.len(), report.problems.len()), (4, 1));
    assert_eq!(report.count(Problem::Rounded), 1);
}

#[test]
fn a_volume_beyond_the_range_is_the_largest_one_and_counted() {
    let text = "1700000040000,100,101,99,100,123456789012345.5,1700000099999,5,7,1,1,0\n";
    let (prices, report) = run("volume", text, &[]).unwrap();
    assert_eq!((prices.len(), report.count(Problem::Rounded)), (1, 1));
    assert_eq!(report.volume, model::Notional::from_quantity(Quantity::from_raw(i64::MAX)));
}
