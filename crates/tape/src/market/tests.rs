use std::fs;
use std::path::Path;

use super::*;
use crate::quality::{CheckedReader, Problem, QualityConfig, QualityError, QualityReport};
use crate::row::{LevelRow, QuoteRow};
use crate::testing::{Scratch, shared_data};

/// Everything that is found in files, with the default policies but without stopping.
fn survey(paths: &[PathBuf], options: ReadOptions) -> Result<QualityReport, ReadError> {
    let reader = MarketReader::open(paths, options)?;
    let mut reader = CheckedReader::survey(reader, QualityConfig::default());
    loop {
        match reader.next_batch() {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(reader.into_report()),
            Err(QualityError::Read(error)) => return Err(error),
            Err(error) => return Err(a_survey_refuses_nothing(&error)),
        }
    }
}

fn a_survey_refuses_nothing(error: &QualityError) -> ReadError {
    panic!("a survey refuses nothing: {error}")
}

/// A report on one line: format, rows, span, prices, problems with count and amount.
fn line(report: &QualityReport) -> String {
    let time = |ts: Option<UnixNanos>| ts.map_or_else(String::new, crate::format_utc);
    let mut parts = vec![
        report.files[0].format.to_string(),
        report.files[0].symbol.clone().unwrap_or_default(),
        format!("{} rows", report.rows),
        format!("{}..{}", time(report.first_ts), time(report.last_ts)),
        format!("{}..{}", report.low.unwrap_or_default(), report.high.unwrap_or_default()),
    ];
    for (problem, tally) in &report.problems {
        parts.push(match tally.amount {
            0 => format!("{problem} {}", tally.count),
            amount => format!("{problem} {}/{amount}", tally.count),
        });
    }
    parts.join(" | ")
}

/// Reads a real file; says nothing where the data are not there.
fn check(name: &str, expected: &str) {
    if let Some(path) = shared_data(name) {
        let report = survey(&[path], ReadOptions::default()).unwrap();
        assert_eq!(line(&report), expected, "{name}");
    }
}

#[test]
fn real_files_of_kraken_are_read_whole() {
    check(
        "kraken/trades_csv/BCHEUR_2023-01-01.csv",
        "kraken-trades | BCHEUR | 148 rows | 2023-01-01 00:03:56..2023-01-01 23:19:47 | \
         89.82..90.93 | equal-trade 1 | gap 4",
    );
    check(
        "kraken/trades_csv/XBTUSD_2019-07-01_0000-0030.csv",
        "kraken-trades | XBTUSD | 1993 rows | 2019-07-01 00:00:03.172..2019-07-01 00:29:58.5 \
         | 10600..10989.8 | equal-trade 1",
    );
    check(
        "kraken/trades_csv/XBTUSD_2019-07-01_0000-0030_with_side.csv",
        "csv-trades | XBTUSD | 1993 rows | 2019-07-01 00:00:03.172..2019-07-01 00:29:58.5 | \
         10600..10989.8 | equal-trade 1",
    );
    check(
        "kraken/rest/OHLC_XBTUSDT_1m_2025-11-10.json",
        "kraken-rest-ohlc | XBTUSDT | 721 rows | 2025-11-10 12:17:00..2025-11-11 00:16:00 | \
         104711..106536 | unfinished-bar 1 | empty-bar 215",
    );
    check(
        "kraken/ohlcvt_1m/XBTUSDC_1_2023Q1.csv.gz",
        "kraken-ohlcvt | XBTUSDC | 56717 rows | 2023-01-01 00:00:00..2023-03-31 23:59:00 | \
         16490.76..29153.69 | gap 26746/72883 | jump 9",
    );
    check(
        "kraken/ohlcvt_1m/kraken_btc_usd_1m_20230301_20230321.csv",
        "csv-bars |  | 30180 rows | 2023-03-01 00:00:00..2023-03-21 23:59:00 | \
         19549.9..28590.6 | gap 47/60 | rounded 17826",
    );
    check(
        "kraken/ohlcvt_1m/USDTUSD_1_20230301_20230321.csv",
        "kraken-ohlcvt | USDTUSD | 29959 rows | 2023-03-01 00:00:00..2023-03-21 23:58:00 | \
         0.9993..1.06 | gap 255/280 | rounded 4659",
    );
    check(
        "kraken/ohlcvt_60/XBTUSD_60.csv.gz",
        "kraken-ohlcvt | XBTUSD | 70253 rows | 2013-10-06 21:00:00..2023-01-07 09:00:00 | \
         122..68991 | gap 3254/10856 | jump 1154 | rounded 24",
    );
}

#[test]
fn real_files_of_binance_are_read_whole() {
    check(
        "binance/trades/BTCUSDT-trades-2024-08-08T2354_0005.csv",
        "binance-trades | BTCUSDT | 19904 rows | 2024-08-08 23:54:15.342..2024-08-09 \
         00:05:05.8 | 61556.04..61860.8",
    );
    check(
        "binance/trades/ETHUSDT-perp_2023-02-02_ccxt_1000.csv",
        "csv-trades | ETHUSDT | 1000 rows | 2023-02-02 09:20:00.138..2023-02-02 09:23:27.493 \
         | 1666.21..1667.32",
    );
    check(
        "binance/aggTrades/XRPETH-aggTrades-2019-10-11.csv",
        "binance-agg-trades | XRPETH | 5929 rows | 2019-10-11 00:00:11.62..2019-10-11 \
         23:54:32.67 | 0.00139676..0.00149324",
    );
    check(
        "binance/aggTrades/XRPETH-aggTrades-2019-10-12.csv",
        "binance-agg-trades | XRPETH | 4134 rows | 2019-10-12 00:00:01.503..2019-10-12 \
         23:59:51.296 | 0.00147233..0.00152557",
    );
    check(
        "binance/rest/aggTrades_BTCUSDT_2020-01-02_fromId.json",
        "binance-rest-agg-trades |  | 1000 rows | 2020-01-02 15:10:23.305..2020-01-02 \
         15:18:39.811 | 7137.19..7144.11",
    );
    check(
        "binance/rest/klines_BTCUSDT_1m_2020-05-06.json",
        "binance-rest-klines |  | 60 rows | 2020-05-06 04:42:00..2020-05-06 05:41:00 | \
         8990.54..9039.99",
    );
    check(
        "binance/rest/klines_BTCUSDT_1h_2020-05.json",
        "binance-rest-klines |  | 1000 rows | 2020-04-30 21:00:00..2020-06-11 12:00:00 | \
         8117..10380 | jump 8",
    );
    check(
        "binance/klines_1m_usdm/FILUSDT-1m-2025-02.csv.gz",
        "binance-klines | FILUSDT | 40320 rows | 2025-02-01 00:00:00..2025-02-28 23:59:00 | \
         2.58..4.874 | jump 5",
    );
    check(
        "binance/klines_1m_usdm/FILUSDT-1m-2023-08.csv.gz",
        "binance-klines | FILUSDT | 44640 rows | 2023-08-01 00:00:00..2023-08-31 23:59:00 | \
         3..4.328 | jump 3 | empty-bar 11",
    );
    check(
        "binance/klines_1m_usdm/FILUSDT-1m-2023-06.csv.gz",
        "binance-klines | FILUSDT | 43200 rows | 2023-06-01 00:00:00..2023-06-30 23:59:00 | \
         2.539..5.028 | jump 8 | empty-bar 1",
    );
    check(
        "binance/klines_spot/BTCUSDT_15m_2020-10-02_2021-01-02.csv",
        "csv-bars | BTCUSDT | 8809 rows | 2020-10-02 16:45:00..2021-01-02 16:30:00 | \
         10463.02..32942.89 | gap 3/23 | jump 5 | empty-bar 3 | rounded 1",
    );
    check(
        "binance/klines_spot/BTCUSDT_1h_2020-10-02_2021-01-02.csv",
        "csv-bars | BTCUSDT | 2203 rows | 2020-10-02 16:00:00..2021-01-02 15:00:00 | \
         10463.02..31567.89 | gap 3/5 | jump 7 | empty-bar 1 | rounded 1",
    );
    check(
        "binance_us/klines_1m_spot/BTCUSDT-1m-20230301_20230321.csv.gz",
        "binance-klines | BTCUSDT | 30240 rows | 2023-03-01 00:00:00..2023-03-21 23:59:00 | \
         19565.4..28461.22 | empty-bar 658",
    );
}

#[test]
fn other_real_files_are_read_whole() {
    check(
        "other/tardis/bitmex_trades_XBTUSD.csv",
        "tardis-trades |  | 10 rows | 2020-03-01 00:00:03.145..2020-03-01 00:00:03.276 | \
         8531.5..8531.5 | equal-trade 8",
    );
    check(
        "oracles/input_GOOG.csv",
        "csv-bars |  | 2148 rows | 2004-08-19 00:00:00..2013-03-01 00:00:00 | 95.96..808.97 \
         | gap 463/969 | jump 147 | rounded 2136",
    );
    check(
        "bad_input/Binance_BTCUSDT_minute_descending_2019-09.csv",
        "cryptodatadownload-bars |  | 15000 rows | 2019-09-19 03:57:00..2019-09-19 03:57:00 \
         | 9809.45..9814.52 | unsorted 14999",
    );
    check(
        "bad_input/XBTUSD_60_zero_row.csv",
        "csv-bars | XBTUSD | 1 rows | .. | 0..0 | not-positive 1",
    );
}

#[test]
fn real_quotes_and_books_are_read_whole() {
    check(
        "binance/quotes/BTCUSDT-2021-01-08_451rows.csv",
        "csv-quotes | BTCUSDT | 451 rows | 2021-01-08 00:00:01.076..2021-01-08 00:00:46.674 | \
         39430.29..39550 | rounded 189",
    );
    check(
        "binance/depth_hist_usdm/btcusdt-depth-snap.csv",
        "binance-depth |  | 100 rows | 2022-11-01 23:49:39.146..2022-11-01 23:49:39.146 | \
         20365.9..20377",
    );
    check(
        "binance/depth_hist_usdm/btcusdt-depth-update.csv",
        "binance-depth |  | 100 rows | 2022-11-01 23:59:59.939..2022-11-01 23:59:59.939 | \
         2047.3..20879.1",
    );
    check(
        "other/tardis/deribit_incremental_book_L2_BTC-PERPETUAL.csv",
        "tardis-book |  | 15 rows | 2020-04-01 00:00:00.245..2020-04-01 00:00:00.245 | \
         6421.5..6428.5",
    );
}

/// Side, price, quantity, and whether the change begins a message and is part of a snapshot.
fn levels(name: &str) -> Vec<(String, bool, bool)> {
    let Some(path) = shared_data(name) else { return Vec::new() };
    let mut reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    let mut levels = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        let Rows::Book(rows) = batch.rows else { panic!("a book") };
        assert_eq!(batch.broken, [0_usize; 0], "{name}");
        let text = |row: &LevelRow| format!("{:?} {} {}", row.side, row.price, row.quantity);
        levels.extend(rows.iter().map(|row| (text(row), row.begins, row.snapshot)));
    }
    levels
}

#[test]
fn messages_of_a_book_are_told_apart() {
    let snapshot = levels("binance/depth_hist_usdm/btcusdt-depth-snap.csv");
    let begins = |levels: &[(String, bool, bool)]| levels.iter().filter(|level| level.1).count();
    if snapshot.is_empty() {
        return;
    }
    assert_eq!(snapshot[0], ("Buy 20377 1.77".to_owned(), true, true));
    assert_eq!(begins(&snapshot), 1);
    let changes = levels("binance/depth_hist_usdm/btcusdt-depth-update.csv");
    assert_eq!(changes[0], ("Sell 20472.8 0".to_owned(), true, false));
    assert!(begins(&changes) >= 1);
    let tardis = levels("other/tardis/deribit_incremental_book_L2_BTC-PERPETUAL.csv");
    assert_eq!(tardis[0], ("Sell 6421.5 18640".to_owned(), true, true));
}

#[test]
fn a_message_that_is_missing_and_a_crossed_book_are_found() {
    let scratch = Scratch::new("book");
    let header = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu\n";
    let row = |ts: u64, last: u64, side: &str, price: &str, qty: u32, pu: u64| {
        format!("X,{ts},{last},{last},{side},set,{price},{qty},{pu}\n")
    };
    let text = [
        "X,1700000000000,7,7,b,snap,100,1,-1\n".to_owned(),
        "X,1700000000000,7,7,a,snap,101,1,-1\n".to_owned(),
        row(1_700_000_001_000, 9, "b", "101", 2, 7),
        row(1_700_000_001_000, 9, "a", "101", 0, 7),
        row(1_700_000_002_000, 12, "a", "102", 5, 9),
        row(1_700_000_003_000, 15, "b", "102", 5, 8),
        row(1_700_000_004_000, 16, "b", "99", 5, 15),
        row(1_700_000_005_000, 17, "b", "102", 0, 16),
        row(1_700_000_006_000, 18, "b", "98", 1, 17),
    ];
    let path = scratch.write("x.csv", (header.to_owned() + &text.concat()).as_bytes());
    let report = survey(&[path], ReadOptions::default()).unwrap();
    let place = |problem: Problem| {
        let tally = &report.problems[&problem];
        (tally.count, tally.examples[0].number, tally.examples[0].text.clone())
    };
    // The survey leaves out what fails: the change behind the hole, and with it what crosses.
    let hole = (1, 7, "the message before is missing, or another one".to_owned());
    assert_eq!(place(Problem::BrokenSequence), hole);
    assert_eq!(report.problems.len(), 1);
    let mut config = QualityConfig::default();
    config.set_text("broken-sequence=keep").unwrap();
    let paths = [scratch.path("x.csv")];
    let reader = MarketReader::open(&paths, ReadOptions::default()).unwrap();
    let mut reader = CheckedReader::new(reader, config);
    let error = loop {
        match reader.next_batch() {
            Ok(rows) => assert!(rows.is_some(), "the book is crossed"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("x.csv:7: crossed-book: bid 102, ask 102 (to go on"), "{error}");
}

#[test]
fn quotes_of_every_layout_are_read() {
    let scratch = Scratch::new("quotes");
    let check = |name: &str, text: &str, expected: &str| {
        let path = scratch.write(name, text.as_bytes());
        let mut reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
        let format = reader.files()[0].format;
        let batch = reader.next_batch().unwrap().unwrap();
        let Rows::Quotes([row]) = batch.rows else { panic!("one quote") };
        let QuoteRow { ts, local_ts, bid, bid_quantity, ask, ask_quantity } = row;
        let late = local_ts.as_nanos() - ts.as_nanos();
        let found = format!("{format} {ts} +{late} {bid} {bid_quantity} {ask} {ask_quantity}");
        assert_eq!(found, expected);
    };
    let row = "5,100.5,1,100.6,2,1700000000123,1700000000124\n";
    check("a.csv", row, "binance-book-ticker 1700000000.123000000 +0 100.5 1 100.6 2");
    let header = "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,\
        transaction_time,event_time\n";
    let with_header = format!("{header}{row}");
    check("b.csv", &with_header, "binance-book-ticker 1700000000.123000000 +0 100.5 1 100.6 2");
    let tardis = "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\n\
        x,BTC-USD,1588291201099000,1588291201234268,5494,8629.3,8629.2,806\n";
    check("c.csv", tardis, "tardis-quotes 1588291201.099000000 +135268000 8629.2 806 8629.3 5494");
    let one_sided = tardis.replace("5494,8629.3", ",");
    check("d.csv", &one_sided, "tardis-quotes 1588291201.099000000 +135268000 8629.2 806 0 0");
    // A bar of Kraken has seven numbers, too.
    let path = scratch.write("XBTUSD_1.csv", b"1700000000,1,2,1,2,5,1700000000\n");
    let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    assert_eq!(reader.files()[0].format, Format::KrakenOhlcvt);
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let check = |name: &str, expected: &str| {
        if let Some(path) = shared_data(name) {
            let error = survey(&[path], ReadOptions::default()).unwrap_err().to_string();
            let (_, error) = error.split_once(name).unwrap();
            assert_eq!(error, expected, "{name}");
        }
    };
    check(
        "bad_input/._kraken_btc_usd.csv",
        ": expected one of the known formats (`wavetank tape info --help`), found binary \
         data (byte 0x00)",
    );
    check(
        "bad_input/binance_rest_aggTrades_hand_edited_mock.json",
        ":1: expected the key `id` or `a`, found `{\"data\": [{\"M\": true, \"T\": \
         1588749117459, \"a\": 284861205, \"f...`",
    );
    check(
        "other/tardis/binance-futures_book_snapshot_5_BTCUSDT.csv",
        ": expected one of the known formats (`wavetank tape info --help`), found the header \
         `exchange,symbol,timestamp,local_timestamp,asks[0].price,asks...`: snapshots of a \
         book, one per line, which are not read",
    );
    check(
        "oracles/goog_smacross_c002_excl.trades.csv",
        ": expected one of the known formats (`wavetank tape info --help`), found the header \
         `Size,EntryBar,ExitBar,EntryPrice,ExitPrice,SL,TP,PnL,Commiss...`: no column of \
         times",
    );
}

#[test]
fn bad_files_are_refused_at_their_line() {
    let check = |name: &str, on: &str, expected: &str| {
        let Some(path) = shared_data(name) else { return };
        let mut config = QualityConfig::default();
        config.set_text(on).unwrap();
        let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
        let mut reader = CheckedReader::new(reader, config);
        let error = loop {
            match reader.next_batch() {
                Ok(rows) => assert!(rows.is_some(), "{name} is not refused"),
                Err(error) => break error.to_string(),
            }
        };
        let (_, error) = error.split_once(name).unwrap();
        assert!(error.starts_with(expected), "{error}");
    };
    check(
        "bad_input/Binance_BTCUSDT_minute_descending_2019-09.csv",
        "gap=keep",
        ":2: unsorted: 2019-09-19 03:56:00 after 2019-09-19 03:57:00 (to go on: ",
    );
    check(
        "bad_input/Binance_BTCUSDT_minute_descending_2019-09.csv",
        "unsorted=sort:1000",
        ":1002: unsorted: ",
    );
    check(
        "bad_input/XBTUSD_60_zero_row.csv",
        "gap=keep",
        ":2: not-positive: open 0, high 0, low 0, close 0, volume 0",
    );
    // All of it fits into the window.
    if let Some(path) = shared_data("bad_input/Binance_BTCUSDT_minute_descending_2019-09.csv") {
        let mut config = QualityConfig::default();
        config.set_text("unsorted=sort:15000").unwrap();
        let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
        let mut reader = CheckedReader::new(reader, config);
        while reader.next_batch().unwrap().is_some() {}
        let report = reader.into_report();
        assert_eq!((report.rows, report.skipped, report.failed), (15_000, 0, false));
        assert_eq!((report.count(Problem::Unsorted), report.count(Problem::Gap)), (14_999, 1));
    }
}

#[test]
fn every_page_of_the_hand_edited_mock_is_read_or_refused_by_its_key() {
    let name = "bad_input/binance_rest_aggTrades_hand_edited_mock.json";
    let Some(path) = shared_data(name) else { return };
    let mock: Vec<serde_json::Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut missing = 0;
    for page in &mock {
        for row in page["data"].as_array().into_iter().flatten() {
            let body = format!("[{row}]");
            match Json::read("mock.json", body.as_bytes(), None) {
                Ok(rows) => assert_eq!(rows.rows().len(), 1),
                Err(error) => {
                    let error = error.to_string();
                    assert!(
                        error.starts_with("mock.json:1: expected the key `m`, found"),
                        "{error}"
                    );
                    missing += 1;
                }
            }
        }
    }
    assert_eq!(missing, 9);
}

#[test]
fn two_days_are_one_tape_in_whatever_order_they_are_given() {
    let name = |day: u32| format!("binance/aggTrades/XRPETH-aggTrades-2019-10-{day}.csv");
    let (Some(first), Some(second)) = (shared_data(&name(11)), shared_data(&name(12))) else {
        return;
    };
    let report = survey(&[second, first], ReadOptions::default()).unwrap();
    assert_eq!(report.rows, 5_929 + 4_134);
    assert_eq!((report.fills, report.aggregates), (6_922 + 4_962, 573 + 480));
    assert_eq!(report.volume.to_string(), "4361880");
    assert_eq!(report.problems.keys().copied().collect::<Vec<_>>(), []);
}

const KLINES: &str = "1000000000000,1,3,1,2,5,1000000059999,5,7,1,1,0\n\
    1000000060000,2,2,2,2,5,1000000119999,5,7,1,1,0\n";

#[test]
fn plain_gzip_and_zip_give_equal_rows() {
    let scratch = Scratch::new("packed");
    let plain = scratch.write("BTCUSDT-1m.csv", KLINES.as_bytes());
    let gzip = scratch.write("BTCUSDT-1m.csv.gz", &crate::testing::gzip(KLINES.as_bytes()));
    let members = [("BTCUSDT-1m.csv", KLINES.as_bytes())];
    let stored = scratch.write("stored.zip", &crate::testing::zip(&members, false));
    let deflated = scratch.write("deflated.zip", &crate::testing::zip(&members, true));
    let member = PathBuf::from(format!("{}!BTCUSDT-1m.csv", deflated.display()));
    let expected = rows(&[plain]);
    assert_eq!(expected.len(), 2);
    for packed in [gzip, stored, deflated, member] {
        assert_eq!(rows(std::slice::from_ref(&packed)), expected, "{}", packed.display());
    }
}

/// Every row as text.
fn rows(paths: &[PathBuf]) -> Vec<String> {
    let mut reader = MarketReader::open(paths, ReadOptions::default()).unwrap();
    let mut rows = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        rows.extend(batch.rows.iter().map(|row| format!("{row:?}")))
    }
    rows
}

fn refusal(path: &Path) -> String {
    let error = survey(&[path.to_owned()], ReadOptions::default()).unwrap_err();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}

#[test]
fn broken_packing_is_an_error_and_no_end() {
    let scratch = Scratch::new("broken");
    let long = KLINES.repeat(10_000);
    let mut gzip = crate::testing::gzip(long.as_bytes());
    let half = gzip.len() / 2;
    let path = scratch.write("cut.csv.gz", &gzip[..half]);
    assert!(refusal(&path).starts_with("cannot read "), "{}", refusal(&path));
    let crc = gzip.len() - 8;
    gzip[crc] ^= 1;
    let path = scratch.write("crc.csv.gz", &gzip);
    assert!(refusal(&path).contains("corrupt gzip stream"), "{}", refusal(&path));
    let mut zip = crate::testing::zip(&[("a.csv", long.as_bytes())], false);
    zip[100] ^= 1;
    let path = scratch.write("crc.zip", &zip);
    let text = refusal(&path);
    assert!(text.contains("a.csv"), "{text}");
    let path = scratch.write("empty.zip", &crate::testing::zip(&[], false));
    assert!(refusal(&path).ends_with("empty.zip: expected rows, found none"), "{}", refusal(&path));
    let path = PathBuf::from(format!("{}!b.csv", scratch.path("crc.zip").display()));
    assert!(
        refusal(&path)
            .ends_with("crc.zip!b.csv: expected a file of market data, found nothing there")
    );
}

/// A pipe that is read from its start twice has lost it.
#[cfg(unix)]
#[test]
fn only_files_are_read_and_nobody_waits_for_a_pipe() {
    let scratch = Scratch::new("pipe");
    let pipe = scratch.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), Path::new("/dev/null")] {
        let text = refusal(path);
        let expected = format!("cannot read {}: a pipe or a device, which", path.display());
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn a_checksum_is_verified_and_a_wrong_one_names_both_hashes() {
    let scratch = Scratch::new("checksum");
    let path = scratch.write("x.csv", b"1,2,3\n");
    let hash = "9a8e4c9d4c4f7d9b5d6a3d2c1b0a99887766554433221100ffeeddccbbaa9988";
    scratch.write("x.csv.CHECKSUM", format!("{hash}  x.csv\n").as_bytes());
    let text = refusal(&path);
    let found = text.rsplit_once("found ").unwrap().1.to_owned();
    assert!(text.contains(&format!("expected the SHA-256 {hash} of its .CHECKSUM")), "{text}");
    assert_eq!(found.len(), 64);
    scratch.write("x.csv.CHECKSUM", format!("{found}  x.csv\n").as_bytes());
    let report = survey(std::slice::from_ref(&path), ReadOptions::default()).unwrap();
    assert!(report.files[0].verified);
    scratch.write("x.csv.CHECKSUM", b"<html>not found</html>");
    assert!(
        refusal(&path).contains("expected `<64 hex digits>  <file name>`"),
        "{}",
        refusal(&path)
    );
}

#[test]
fn trades_and_bars_do_not_mix_and_no_files_are_no_tape() {
    let scratch = Scratch::new("mixed");
    let bars = scratch.write("bars.csv", KLINES.as_bytes());
    let trades = scratch.write("trades.csv", b"1,2,3\n");
    let error = survey(&[bars, trades], ReadOptions::default()).unwrap_err().to_string();
    assert!(
        error.ends_with("bars.csv, found trades") && error.contains("expected bars"),
        "{error}"
    );
    let error = survey(&[], ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "expected at least one file, found none");
}

#[test]
fn a_forced_format_must_fit() {
    let scratch = Scratch::new("forced");
    let path = scratch.write("x.csv", b"1000000000,2,3\n");
    let forced = |format| ReadOptions { format: Some(format), ..ReadOptions::default() };
    assert_eq!(survey(std::slice::from_ref(&path), forced(Format::KrakenTrades)).unwrap().rows, 1);
    let error = survey(&[path], forced(Format::BinanceKlines)).unwrap_err().to_string();
    assert!(
        error.ends_with("expected binance-klines, found 3 columns `1000000000,2,3`"),
        "{error}"
    );
}

#[test]
fn lines_are_counted_across_batches_and_blocks() {
    let scratch = Scratch::new("lines");
    let mut text = "1700000000.1234,60000.1,0.00000001\n".repeat(20_000);
    text.push_str("1700000000,abc,1\n");
    let path = scratch.write("x.csv", text.as_bytes());
    let mut reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    let mut rows = 0;
    let error = loop {
        match reader.next_batch() {
            Ok(batch) => {
                let batch = batch.unwrap();
                assert_eq!(batch.first, rows + 1);
                rows += batch.rows.len() as u64;
            }
            Err(error) => break error.to_string(),
        }
    };
    assert_eq!(rows, 20_000);
    let expected = "x.csv:20001: expected a price with at most 9 digits after the point in `price`, \
        found `abc`";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn problems_of_a_mixed_up_tape_are_found() {
    let report = |text: &str| {
        let scratch = Scratch::new("problems");
        let path = scratch.write("XBTUSD_1.csv", text.as_bytes());
        survey(&[path], ReadOptions::default()).unwrap()
    };
    let bars = "1700000040,2,3,1,2,5,7\n1700000100,2,3,1,2,5,7\n1700000100,2,3,1,2,5,7\n\
        1700000040,2,3,1,2,5,7\n1700000400,4,3,1,2,5,7\n1700000420,2,2,2,2,0,0\n";
    let report = report(bars);
    assert_eq!(report.count(Problem::DuplicateBar), 1);
    assert_eq!(report.count(Problem::Unsorted), 1);
    assert_eq!(report.count(Problem::CrossedBar), 1);
}

#[test]
fn a_readme_in_an_archive_is_no_tape() {
    let scratch = Scratch::new("readme");
    let members: [(&str, &[u8]); 2] =
        [("README.txt", b"Trades of Kraken.\n"), ("XBTUSD.csv", b"1700000000,1,1\n")];
    let path = scratch.write("a.zip", &crate::testing::zip(&members, false));
    let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    assert_eq!(reader.files().len(), 1);
}

/// A book keeps its depth through a conversion; what shows all has none.
#[test]
fn the_depth_of_a_book_is_known() {
    let of = |name: &str| {
        shared_data(name).map(|path| {
            MarketReader::open(&[path], ReadOptions::default()).unwrap().files()[0].levels
        })
    };
    let d10 = of("kraken/ws_v2/book_d10_BTCUSD_2026-08-01_resyncs.ndjson");
    assert!(d10.is_none_or(|levels| levels == Some(10)), "{d10:?}");
    let all = of("other/tardis/deribit_incremental_book_L2_BTC-PERPETUAL.csv");
    assert!(all.is_none_or(|levels| levels.is_none()), "{all:?}");
}
