use std::collections::BTreeMap;
use std::path::PathBuf;

use model::{Price, Quantity, Side};

use crate::market::{MarketReader, ReadOptions};
use crate::quality::{CheckedReader, Problem, QualityConfig, QualityReport};
use crate::row::{LevelRow, Row};
use crate::testing::{Scratch, shared_data};

const RESYNCS: &str = "kraken/ws_v2/book_d10_BTCUSD_2026-08-01_resyncs.ndjson";
const V1: &str = "kraken/ws_v1/KRAKEN_2021-04-17_10pairs_trade_ticker_book1000.jsonl.gz";
const FUTURES: &str = "kraken/ws_futures/KRAKEN_FUTURES_2021-07-22.jsonl.gz";
const FOUR: &str =
    "binance/ws_raw_spot/BINANCE_2021-10-12_4sym_depth_bookTicker_aggTrade_kline.jsonl.gz";

/// A path with its choice behind it.
fn chosen(path: PathBuf, choice: &str) -> PathBuf {
    if choice.is_empty() { path } else { PathBuf::from(format!("{}#{choice}", path.display())) }
}

/// The rows that stay and the report; problems are counted as `on` says.
fn read(paths: &[PathBuf], on: &[&str]) -> (Vec<Row>, QualityReport) {
    let mut config = QualityConfig::default();
    on.iter().for_each(|text| config.set_text(text).unwrap());
    let reader = MarketReader::open(paths, ReadOptions::default()).unwrap();
    let mut checked = CheckedReader::survey(reader, config);
    let mut all = Vec::new();
    while let Some(rows) = checked.next_batch().unwrap() {
        all.extend(rows.iter());
    }
    (all, checked.into_report())
}

/// As [`read`], of a recording that is there.
fn read_shared(name: &str, choice: &str) -> Option<(Vec<Row>, QualityReport)> {
    Some(read(&[chosen(shared_data(name)?, choice)], &[]))
}

fn error(path: PathBuf) -> String {
    let options = ReadOptions::default();
    let mut reader = match MarketReader::open(&[path], options) {
        Ok(reader) => reader,
        Err(error) => return error.to_string(),
    };
    loop {
        match reader.next_batch() {
            Ok(batch) => assert!(batch.is_some(), "no error"),
            Err(error) => return error.to_string(),
        }
    }
}

/// Bids and asks after all rows.
type Book = [BTreeMap<Price, Quantity>; 2];

fn book(rows: &[Row]) -> Book {
    let mut book = Book::default();
    for row in rows {
        let Row::Level(LevelRow { side, price, quantity, begins, snapshot, .. }) = row else {
            panic!("{row:?}")
        };
        if *begins && *snapshot {
            book = Book::default();
        }
        let levels = &mut book[usize::from(*side == Side::Sell)];
        if quantity.is_zero() {
            levels.remove(price);
        } else {
            levels.insert(*price, *quantity);
        }
    }
    book
}

/// The checksum as Kraken's page of v2 states it, from numbers and their decimals.
fn sum([bids, asks]: &Book, decimals: (u32, u32)) -> u32 {
    let (price_step, step) = (Price::step(decimals.0).raw(), Quantity::step(decimals.1).raw());
    let best = asks.iter().take(10).chain(bids.iter().rev().take(10));
    let digits = best.map(|(p, q)| format!("{}{}", p.raw() / price_step, q.raw() / step));
    crc32fast::hash(digits.collect::<String>().as_bytes())
}

/// The last checksum of a recording of v2.
fn last_sum(text: &str) -> u32 {
    let (_, rest) = text.rsplit_once("checksum\\\":").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

/// What fails, with its count.
fn failures(report: &QualityReport) -> Vec<(&'static str, u64)> {
    let fails = |problem: &&Problem| report.policy(**problem) == crate::quality::Policy::Fail;
    report.problems.keys().filter(fails).map(|of| (of.name(), report.count(*of))).collect()
}

fn messages_of(rows: &[Row]) -> usize {
    rows.iter().filter(|row| matches!(row, Row::Level(row) if row.begins)).count()
}

#[test]
fn a_book_with_resyncs_ends_as_its_last_checksum_says() {
    let Some(path) = shared_data(RESYNCS) else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let (rows, report) = read(&[path], &[]);
    assert_eq!(failures(&report), []);
    assert_eq!(messages_of(&rows), 301);
    let book = book(&rows);
    assert_eq!((book[0].len(), book[1].len()), (10, 10));
    assert_eq!(sum(&book, (1, 8)), last_sum(&text));
}

#[test]
fn every_book_of_the_recordings_is_proven() {
    let check = |name: &str, choice: &str, messages: usize| {
        let Some((rows, report)) = read_shared(name, choice) else { return };
        assert_eq!(failures(&report), [], "{name} {choice}");
        assert_eq!(messages_of(&rows), messages, "{name} {choice}");
    };
    check("kraken/ws_v2/book_d25_BTCUSD_2026-08-02.ndjson", "", 2_052);
    check(FUTURES, "PI_XRPUSD,book", 236);
    check(FOUR, "NKNUSDT,book", 150);
    check("binance/ws_raw_spot/btcusdt_20240808.gz", "book", 3_450);
    check("binance/ws_raw_usdm/btcusdt_20240808.gz", "book", 6_548);
    check("binance/ws_raw_cm/btcusd_perp_20240808.gz", "book", 26_825);
    let pairs =
        "KSM/XBT XMR/USD ETH/CHF OMG/USD GRT/ETH WAVES/EUR ADA/XBT XBT/CHF SC/EUR OCEAN/XBT";
    let mut messages = 0;
    for pair in pairs.split(' ') {
        let Some((rows, report)) = read_shared(V1, &format!("{pair},kraken-ws1-book")) else {
            return;
        };
        assert_eq!(failures(&report), [], "{pair}");
        messages += messages_of(&rows);
    }
    assert_eq!(messages, 4_269 + 10);
}

#[test]
fn a_recording_goes_on_in_the_next_file() {
    let names = ["08", "09"].map(|day| format!("binance/ws_raw_spot/btcusdt_202408{day}.gz"));
    let [Some(first), Some(second)] = names.map(|name| shared_data(&name)) else { return };
    let [first, second] = [first, second].map(|path| chosen(path, "book"));
    let (rows, report) = read(&[second.clone(), first], &[]);
    assert_eq!((failures(&report), messages_of(&rows)), (vec![], 3_450 + 3_044));
    // Alone it has no snapshot, and nothing can be known.
    let (rows, report) = read(std::slice::from_ref(&second), &[]);
    assert_eq!((failures(&report), rows.len()), (vec![("broken-sequence", 1)], 0));
    let (rows, report) = read(&[second], &["broken-sequence=keep"]);
    assert_eq!((report.count(Problem::BrokenSequence), messages_of(&rows)), (1, 3_044));
}

#[test]
fn a_lost_message_is_found_and_the_next_snapshot_repairs_the_book() {
    let Some(path) = shared_data(RESYNCS) else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let is_update = |line: &str| line.contains(r#"\"update\",\"data\":[{\"symbol"#);
    let lost = text.lines().position(is_update).unwrap();
    let without: Vec<&str> =
        text.lines().enumerate().filter(|(at, _)| *at != lost).map(|(_, line)| line).collect();
    let scratch = Scratch::new("recording-lost");
    let path = scratch.write("x.ndjson", without.join("\n").as_bytes());
    let (_, report) = read(std::slice::from_ref(&path), &[]);
    assert_eq!(failures(&report), [("wrong-checksum", 1)]);
    let example = &report.problems[&Problem::WrongChecksum].examples[0];
    // Heartbeats may lie between.
    let next = u64::try_from(lost).unwrap() + 1;
    assert!((next..next + 5).contains(&example.number), "{example:?}");
    let (_, kept) = read(std::slice::from_ref(&path), &["wrong-checksum=keep"]);
    assert!(kept.count(Problem::WrongChecksum) > 1);
    let (rows, skipped) = read(&[path], &["wrong-checksum=skip"]);
    assert_eq!(sum(&book(&rows), (1, 8)), last_sum(&text));
    let tally = &skipped.problems[&Problem::WrongChecksum];
    assert!(tally.count == 1 && tally.skipped > 1 && tally.skipped == skipped.skipped);
}

/// Messages of Binance's spot, each received 10 ms after it was sent.
fn spot(messages: &[&str]) -> String {
    let line = |(at, text): (usize, &&str)| {
        let sent = 1_700_000_000_000 + at * 100;
        let text = text.replace("{depth", &format!(r#"{{"e":"depthUpdate","s":"AB","E":{sent}"#));
        format!("{}000000 {text}\n", sent + 10)
    };
    messages.iter().enumerate().map(line).collect()
}

#[test]
fn numbers_of_updates_are_followed_by_the_rules_of_the_venue() {
    let scratch = Scratch::new("recording-chain");
    let snapshot = |last: u64| {
        format!(
            r#"{{"lastUpdateId":{last},"bids":[["9","1"],["8","1"]],"asks":[["11","{last}"]]}}"#
        )
    };
    let diff = |first: u64, last: u64, bid: u64| {
        format!(r#"{{depth,"U":{first},"u":{last},"b":[["9","{bid}"]],"a":[]}}"#)
    };
    let run = |name: &str, messages: &[String], on: &[&str]| {
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        let path = scratch.write(name, spot(&messages).as_bytes());
        let (rows, report) = read(&[path], on);
        let best = book(&rows)[0].last_key_value().map(|(_, quantity)| quantity.to_string());
        (report.count(Problem::BrokenSequence), messages_of(&rows), best.unwrap_or_default())
    };
    let (early, inside) = (diff(1, 3, 70), diff(4, 6, 71));
    // The snapshot holds the first one and half of the second one, which is given behind it.
    let begun = [early, inside, snapshot(5)];
    assert_eq!(run("a", &begun, &[]), (0, 2, "71".to_owned()));
    let good = [&begun[..], &[diff(7, 7, 72), snapshot(6), diff(8, 9, 73)]].concat();
    assert_eq!(run("b", &good, &[]), (0, 4, "73".to_owned()), "an old snapshot says nothing");
    let hole = [&begun[..], &[diff(8, 8, 72), diff(9, 9, 73)]].concat();
    assert_eq!(run("c", &hole, &["broken-sequence=keep"]), (1, 4, "73".to_owned()));
    assert_eq!(run("d", &hole, &["broken-sequence=skip"]), (1, 2, "71".to_owned()));
    // The snapshot that the recorder fetched then, and what came while it did.
    let repaired = [&hole[..], &[snapshot(8)]].concat();
    assert_eq!(run("e", &repaired, &["broken-sequence=skip"]), (1, 4, "73".to_owned()));
    let behind = [&begun[..], &[snapshot(20), diff(22, 22, 74)]].concat();
    assert_eq!(run("f", &behind, &["broken-sequence=keep"]).0, 1, "21 is missing");
}

#[test]
fn trades_and_quotes_come_with_the_times_of_the_venue() {
    let Some((rows, report)) = read_shared("binance/ws_raw_spot/btcusdt_20240808.gz", "quotes")
    else {
        return;
    };
    assert_eq!((rows.len(), failures(&report)), (28_040, vec![]));
    let Row::Quote(last) = rows[rows.len() - 1] else { panic!("a quote") };
    // The recorder's clock was 1.27 s behind.
    let ahead = last.ts.as_nanos() - last.local_ts.as_nanos();
    assert!((1_250_000_000..1_300_000_000).contains(&ahead), "{ahead}");
    let count = |name: &str, choice: &str| read_shared(name, choice).map(|(rows, _)| rows.len());
    assert_eq!(count("binance/ws_raw_usdm/btcusdt_20240808.gz", "trades"), Some(21_313));
    assert_eq!(
        count("binance/ws_raw_cm/btcusd_perp_20240808.gz", "btcusd_perp,quotes"),
        Some(19_136)
    );
    assert_eq!(count(FOUR, "LRC/BTC,binance-ws-agg-trades"), Some(1));
    assert_eq!(count(V1, "XMR/USD,trades"), Some(4));
    assert_eq!(count(V1, "WAVES/EUR,quotes"), Some(1));
    assert_eq!(count(FUTURES, "PI_LTCUSD,trades"), Some(101));
}

#[test]
fn trades_of_kraken_that_a_subscription_repeats_are_told_by_their_numbers() {
    let trade = |id: u32| {
        format!(
            r#"{{"symbol":"BTC/USD","side":"sell","price":60000.10,"qty":0.5,"ord_type":"market","trade_id":{id},"timestamp":"2024-08-08T00:00:{:02}.5Z"}}"#,
            id % 60
        )
    };
    let message = |kind: &str, ids: &[u32]| {
        let data: Vec<String> = ids.iter().map(|id| trade(*id)).collect();
        let text = format!(r#"{{"channel":"trade","type":"{kind}","data":[{}]}}"#, data.join(","));
        format!("1723075200000000000 {text}\n")
    };
    let text =
        [message("snapshot", &[1, 2]), message("update", &[3]), message("snapshot", &[2, 3, 4])];
    let path = Scratch::new("recording-trades").write("x", text.concat().as_bytes());
    let (rows, report) = read(&[path], &[]);
    assert_eq!(report.count(Problem::DuplicateId), 0);
    let ids = rows.iter().map(|row| match row {
        Row::Trade(row) => (row.trade_id, row.taker_side),
        Row::Bar(_) | Row::Quote(_) | Row::Level(_) | Row::Order(_) => panic!("{row:?}"),
    });
    let sells = [1, 2, 3, 4].map(|id| (Some(id), Some(Side::Sell)));
    assert_eq!(ids.collect::<Vec<_>>(), sells);
}

#[test]
fn what_is_meant_must_be_clear() {
    let Some(path) = shared_data(FOUR) else { return };
    let check = |choice: &str, message: &str| {
        let error = error(chosen(path.clone(), choice));
        assert!(error.contains(message), "{error}");
    };
    check("", "found several: #BLZETH,binance-ws-book-ticker #BLZETH,binance-ws-depth #LRCBTC,");
    check("trades", "with rows of trades, found several: #LRCBTC,binance-ws-agg-trades #NKNUSDT,");
    check("ETHBTC,book", "found nothing of that; it holds #BLZETH,");
    let csv = shared_data("kraken/trades_csv/BCHEUR_2023-01-01.csv").unwrap();
    let error = error(chosen(csv, "book"));
    assert!(
        error.contains("a recording, since `#` chooses in one, found kraken-trades"),
        "{error}"
    );
}

#[test]
fn a_wrong_line_is_named() {
    let scratch = Scratch::new("recording-wrong");
    let good = r#"1700000000010000000 {"e":"trade","s":"AB","T":1700000000000,"t":1,"p":"9","q":"1","m":true}"#;
    let check = |wrong: &str, message: &str| {
        let path = scratch.write("x", format!("{good}\n{good}\n{wrong}\n").as_bytes());
        let error = error(path);
        assert!(error.ends_with(&format!("x:3: expected {message}")), "{error}");
    };
    check("x 1", "a time in nanoseconds and a message, found `x 1`");
    check(
        "1 {",
        "JSON with the message of a venue, found EOF while parsing an object at line 1 column 1",
    );
    check(
        &good.replace("\"9\"", "\"1.2.3\""),
        "a number of up to 9 decimals in `p`, found `\"1.2.3\"`",
    );
    check(
        &good.replace("\"9\"", "\"10000000000\""),
        "a number from -9223372036.854775807 to 9223372036.854775807 in `p`, found `\"10000000000\"`",
    );
    check(&good.replace("true", "1"), "true or false in `m`, found `1`");
    check(&good.replace("\"t\":1,", ""), "the key `t`, found `none`");
}

/// One message of a partial book, and one of changes, as combined streams have them.
fn combined(second: i64, stream: &str, data: &str) -> String {
    format!("{second}000000000 {{\"stream\":\"{stream}\",\"data\":{data}}}\n")
}

#[test]
fn a_partial_book_is_whole_in_every_message() {
    let scratch = Scratch::new("partial");
    let spot = |second, bid: &str| {
        let data = format!(
            "{{\"lastUpdateId\":{second},\"bids\":[[\"{bid}\",\"1\"]],\"asks\":[[\"9\",\"1\"]]}}"
        );
        combined(second, "btcusdt@depth5@100ms", &data)
    };
    let text = [spot(1_700_000_000, "8"), spot(1_700_000_001, "7")].concat();
    let path = scratch.write("spot.jsonl", text.as_bytes());
    let reader = MarketReader::open(std::slice::from_ref(&path), ReadOptions::default()).unwrap();
    let about = &reader.files()[0];
    assert_eq!((about.format.name(), about.levels), ("binance-ws-partial-depth", Some(5)));
    assert_eq!(about.symbol.as_deref(), Some("BTCUSDT"));
    let shown = |path| {
        let (rows, _) = read(&[path], &[]);
        let row = |row: &Row| match row {
            Row::Level(row) => (row.price.to_string(), row.begins, row.snapshot),
            Row::Trade(_) | Row::Bar(_) | Row::Quote(_) | Row::Order(_) => panic!("{row:?}"),
        };
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let level = |price: &str, begins| (price.to_owned(), begins, true);
    let whole = [level("8", true), level("9", false), level("7", true), level("9", false)];
    assert_eq!(shown(path), whole);
    let futures = |second, bid: &str| {
        let data = format!(
            "{{\"e\":\"depthUpdate\",\"E\":{second}000,\"T\":{second}000,\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\
             \"pu\":0,\"b\":[[\"{bid}\",\"1\"]],\"a\":[[\"9\",\"1\"]]}}"
        );
        combined(second, "btcusdt@depth5", &data)
    };
    let text = [futures(1_700_000_000, "8"), futures(1_700_000_001, "7")].concat();
    assert_eq!(shown(scratch.write("futures.jsonl", text.as_bytes())), whole);
    let changes = combined(
        1_700_000_002,
        "btcusdt@depth",
        "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":2,\"b\":[],\"a\":[]}",
    );
    let both = scratch.write("both.jsonl", [spot(1_700_000_000, "8"), changes].concat().as_bytes());
    let error = error(both);
    assert!(
        error.contains("several: #BTCUSDT,binance-ws-depth #BTCUSDT,binance-ws-partial"),
        "{error}"
    );
}

mod bars;
mod level3;

#[test]
fn the_two_keys_of_a_frame_may_come_in_any_order() {
    let scratch = Scratch::new("frame-order");
    let text = "{\"e\":\"trade\",\"T\":1700000000000,\"s\":\"B\",\"t\":1,\"p\":\"8\",\"q\":\"1\",\"m\":true}";
    let text = text.replace('"', "\\\"");
    let one = format!("{{\"recv_ns\":1700000000000000001,\"frame\":\"{text}\"}}\n");
    let other = format!("{{\"frame\":\"{text}\",\"recv_ns\":1700000000000000001}}\n");
    let [one, other] = [("one.jsonl", one), ("other.jsonl", other)]
        .map(|(name, text)| read(&[scratch.write(name, text.as_bytes())], &[]).0);
    assert_eq!((one.len(), &one), (1, &other));
}
