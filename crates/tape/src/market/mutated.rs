//! Every reader on real files that were damaged at random: rows or an error that names the place, and
//! never a panic. `PROPTEST_CASES` makes the run longer.

use std::io::Read as _;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::columnar::ColumnarWriter;
use crate::row::TradeRow;
use crate::testing::{Scratch, gzip, shared_data, zip};

/// Bytes of a real file that are damaged: some hundred rows.
const BYTES_MAX: u64 = 32 * 1024;

/// A file of each kind that is read.
const NAMES: &[&str] = &[
    "kraken/trades_csv/BCHEUR_2023-01-01.csv",
    "kraken/trades_csv/XBTUSD_2019-07-01_0000-0030_with_side.csv",
    "kraken/ohlcvt_1m/USDTUSD_1_20230301_20230321.csv",
    "kraken/ohlcvt_1m/kraken_btc_usd_1m_20230301_20230321.csv",
    "kraken/rest/OHLC_XBTUSDT_1m_2025-11-10.json",
    "binance/trades/BTCUSDT-trades-2024-08-08T2354_0005.csv",
    "binance/trades/ETHUSDT-perp_2023-02-02_ccxt_1000.csv",
    "binance/aggTrades/XRPETH-aggTrades-2019-10-11.csv",
    "binance/rest/aggTrades_BTCUSDT_2020-01-02_fromId.json",
    "binance/rest/klines_BTCUSDT_1m_2020-05-06.json",
    "binance/klines_1m_usdm/FILUSDT-1m-2025-02.csv.gz",
    "binance/klines_spot/BTCUSDT_15m_2020-10-02_2021-01-02.csv",
    "other/tardis/bitmex_trades_XBTUSD.csv",
    "oracles/input_GOOG.csv",
    "binance/quotes/BTCUSDT-2021-01-08_451rows.csv",
    "binance/depth_hist_usdm/btcusdt-depth-snap.csv",
    "binance/depth_hist_usdm/btcusdt-depth-update.csv",
    "other/tardis/deribit_incremental_book_L2_BTC-PERPETUAL.csv",
    "other/tardis/binance-futures_book_snapshot_5_BTCUSDT.csv",
    "kraken/ws_v2/book_d10_BTCUSD_2026-08-01_resyncs.ndjson#book",
    "kraken/ws_v1/KRAKEN_2021-04-17_10pairs_trade_ticker_book1000.jsonl.gz#XMR/USD,book",
    "kraken/ws_futures/KRAKEN_FUTURES_2021-07-22.jsonl.gz#PI_ETHUSD,book",
    "binance/ws_raw_spot/btcusdt_20240808.gz#book",
    "binance/ws_raw_spot/btcusdt_20240808.gz#trades",
    "binance/ws_raw_usdm/btcusdt_20240808.gz#quotes",
    "bad_input/Binance_BTCUSDT_minute_descending_2019-09.csv",
    "bad_input/XBTUSD_60_zero_row.csv",
    "bad_input/._kraken_btc_usd.csv",
];

/// What a recording of ten markets is cut down to, and the longest line of a recording.
const OF_MANY: &str = "book-1000";
const RECORDED_MAX: usize = 8 * 1024;

/// The first bytes of a real file, unpacked; JSON is cut to whole rows by the reader's own error, and
/// recordings lack their longest lines.
fn head(name: &str) -> Option<Vec<u8>> {
    let (name, choice) = name.split_once('#').unwrap_or((name, ""));
    let path = shared_data(name)?;
    let [source] = sources_of(&path).unwrap().try_into().unwrap();
    let mut bytes = Vec::new();
    let is_json = name.ends_with(".json");
    let limit = if is_json { u64::MAX } else { BYTES_MAX };
    if choice.is_empty() {
        source.open().unwrap().take(limit).read_to_end(&mut bytes).unwrap();
        return Some(bytes);
    }
    let mut text = String::new();
    source.open().unwrap().read_to_string(&mut text).unwrap();
    let mut left = usize::try_from(BYTES_MAX).unwrap();
    for line in text.lines().filter(|line| line.len() < RECORDED_MAX) {
        let is_meant = !name.contains("ws_v1") || line.contains(OF_MANY);
        if is_meant && let Some(rest) = left.checked_sub(line.len() + 1) {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
            left = rest;
        }
    }
    Some(bytes)
}

/// One thing that happens to bytes. Places are parts of 65536 of the length.
#[derive(Debug, Clone)]
enum Damage {
    Flip(u16, u8),
    Cut(u16),
    Remove(u16, u8),
    Repeat(u16, u8),
    Insert(u16, Vec<u8>),
}

/// What disks, editors and scripts put into files.
const INSERTED: &[&str] = &[
    "\n",
    "\r\n",
    ",",
    ",,",
    "-",
    "\"",
    "0",
    "99999999999999999999999999",
    "-1",
    "1e400",
    "1e-400",
    "NaN",
    "null",
    "\0",
    "\u{feff}",
    "[",
    "]",
    "{",
    "}",
    "\u{2028}",
    "+",
    ".",
];

impl Damage {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            (any::<u16>(), 1..=u8::MAX).prop_map(|(at, bits)| Self::Flip(at, bits)),
            any::<u16>().prop_map(Self::Cut),
            (any::<u16>(), any::<u8>()).prop_map(|(at, count)| Self::Remove(at, count)),
            (any::<u16>(), any::<u8>()).prop_map(|(at, count)| Self::Repeat(at, count)),
            (any::<u16>(), proptest::sample::select(INSERTED))
                .prop_map(|(at, text)| Self::Insert(at, text.as_bytes().to_vec())),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: u16| bytes.len() * usize::from(at) / 65_536;
        match self {
            Self::Flip(at, bits) => {
                let at = place(*at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Cut(at) => bytes.truncate(place(*at)),
            Self::Remove(at, count) => {
                let at = place(*at);
                let end = bytes.len().min(at + usize::from(*count));
                drop(bytes.drain(at..end));
            }
            Self::Repeat(at, count) => {
                let at = place(*at);
                let end = bytes.len().min(at + usize::from(*count));
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            Self::Insert(at, text) => {
                let at = place(*at);
                drop(bytes.splice(at..at, text.iter().copied()));
            }
        }
    }
}

/// All rows before the first error, and the error.
fn read(path: &PathBuf) -> (Vec<String>, Option<ReadError>) {
    let mut rows = Vec::new();
    let mut reader = match MarketReader::open(std::slice::from_ref(path), ReadOptions::default()) {
        Ok(reader) => reader,
        Err(error) => return (rows, Some(error)),
    };
    loop {
        match reader.next_batch() {
            Ok(Some(batch)) => rows.extend(batch.rows.iter().map(|row| format!("{row:?}"))),
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error)),
        }
    }
}

/// The same, read with several threads.
fn read_ahead(path: &PathBuf) -> (Vec<String>, Option<ReadError>) {
    let mut rows = Vec::new();
    let reader = match MarketReader::open(std::slice::from_ref(path), ReadOptions::default()) {
        Ok(reader) => reader,
        Err(error) => return (rows, Some(error)),
    };
    let read = reader.read_ahead::<ReadError>(|batch| {
        rows.extend(batch.rows.iter().map(|row| format!("{row:?}")));
        Ok(())
    });
    (rows, read.err())
}

/// Reads damaged bytes, and checks what every error must tell.
fn survives(scratch: &Scratch, file: &str, bytes: &[u8], is_packed: bool) {
    let (name, choice) = file.split_once('#').unwrap_or((file, ""));
    let mut path = scratch.write(name, bytes);
    if !choice.is_empty() {
        path = PathBuf::from(format!("{}#{choice}", path.display()));
    }
    let (rows, error) = read(&path);
    let ahead = read_ahead(&path);
    let text = |error: &Option<ReadError>| error.as_ref().map(ToString::to_string);
    assert!(rows == ahead.0 && text(&error) == text(&ahead.1), "{error:?} {:?}", ahead.1);
    let Some(error) = error else { return };
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.len() < 1_000 && !text.contains('\n'), "{text}");
    if let ReadError::Line { line, .. } = error {
        let lines = memchr::memchr_iter(b'\n', bytes).count() as u64 + 1;
        assert!(line >= 1 && (is_packed || line <= lines), "{text}, of {lines} lines");
    }
}

/// The name of a test's folder.
fn folder(name: &str) -> String {
    format!("mutated-{}", name.replace(['/', '.', '#', ','], "-"))
}

/// Damages a file in many ways. The config is of `proptest`, so that a failure is made small.
fn damage_all(name: &str, bytes: &[u8], file: &str, is_packed: bool) {
    let scratch = Scratch::new(&folder(name));
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    // The default is 256 cases for one file; there are twenty files.
    config.cases = config.cases.div_ceil(4);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let damages = proptest::collection::vec(Damage::any(), 1..4);
    let outcome = runner.run(&damages, |damages| {
        let mut bytes = bytes.to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        survives(&scratch, file, &bytes, is_packed);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{name}: {failure}");
    }
}

#[test]
fn damaged_text_and_json_are_rows_or_an_error_at_a_line() {
    for name in NAMES {
        let Some(bytes) = head(name) else { return };
        let choice = name.split_once('#').map(|(_, choice)| format!("#{choice}"));
        let file = format!("BTCUSDT-1m.csv{}", choice.unwrap_or_default());
        damage_all(name, &bytes, &file, false);
    }
}

#[test]
fn damaged_archives_and_columns_are_rows_or_an_error_that_names_the_file() {
    let name = "binance/aggTrades/XRPETH-aggTrades-2019-10-11.csv";
    let Some(bytes) = head(name) else { return };
    damage_all("packed-gzip", &gzip(&bytes), "x.csv.gz", true);
    damage_all("packed-deflate", &zip(&[("a.csv", &bytes)], true), "x.zip", true);
    damage_all("packed-store", &zip(&[("a.csv", &bytes)], false), "x.zip", true);
    let path = shared_data(name).unwrap();
    let mut reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    let mut writer = ColumnarWriter::new(Vec::new(), reader.kind(), Vec::new()).unwrap();
    while let Some(batch) = reader.next_batch().unwrap() {
        writer.write(batch.rows).unwrap();
    }
    damage_all("packed-columns", &writer.finish().unwrap().0, "x.parquet", true);
}

#[test]
fn several_threads_read_what_one_reads() {
    let scratch = Scratch::new("mutated-ahead");
    let names =
        ["11", "12"].map(|day| format!("binance/aggTrades/XRPETH-aggTrades-2019-10-{day}.csv"));
    let [Some(first), Some(second)] = names.map(|name| shared_data(&name)) else { return };
    let first = std::fs::read(first).unwrap();
    let second = std::fs::read(second).unwrap();
    let mut broken = second.clone();
    let last_comma = broken.iter().rposition(|byte| *byte == b',').unwrap();
    broken[last_comma] = b';';
    let all = |second: &[u8]| {
        let paths = [scratch.write("a.csv", &first), scratch.write("b.csv", second)];
        let numbers = |batch: &Batch<'_>| {
            let Rows::Trades(rows) = batch.rows else { unreachable!("trades") };
            let of = |(row, number): (&TradeRow, u64)| (batch.file, number, *row);
            rows.iter().zip(batch.first..).map(of).collect::<Vec<_>>()
        };
        let open = || MarketReader::open(&paths, ReadOptions::default()).unwrap();
        let (mut one, mut many, mut reader) = (Vec::new(), Vec::new(), open());
        let error = loop {
            match reader.next_batch() {
                Ok(Some(batch)) => one.extend(numbers(&batch)),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        let read = open().read_ahead::<ReadError>(|batch| {
            many.extend(numbers(batch));
            Ok(())
        });
        assert!(one == many, "{} and {} rows", one.len(), many.len());
        assert_eq!(read.err().map(|error| error.to_string()), error);
        (one.len(), error)
    };
    assert_eq!(all(&second), (5_929 + 4_134, None));
    let (rows, error) = all(&broken);
    assert_eq!(rows, 5_929 + 4_133);
    assert!(error.unwrap().contains("b.csv:4134: expected 8 columns"));
}

#[test]
fn a_caller_that_refuses_ends_the_reading() {
    let scratch = Scratch::new("mutated-refuses");
    let text = "1700000000,60000,0.5\n".repeat(200_000);
    let path = scratch.write("x.csv", text.as_bytes());
    let reader = MarketReader::open(&[path], ReadOptions::default()).unwrap();
    let mut batches = 0;
    let read = reader.read_ahead(|batch| {
        batches += 1;
        if batches < 3 {
            return Ok(());
        }
        Err(ReadError::Empty { place: format!("stop at {}", batch.first) })
    });
    assert!(read.unwrap_err().to_string().starts_with("stop at "));
    assert_eq!(batches, 3);
}

#[test]
fn rows_before_a_wrong_line_are_as_they_were() {
    let scratch = Scratch::new("mutated-line");
    for name in
        NAMES.iter().filter(|name| name.starts_with("kraken/trades") || name.contains("/aggT"))
    {
        let Some(bytes) = head(name) else { return };
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().take(100).collect();
        let (whole, _) = read(&scratch.write("x.csv", lines.join("\n").as_bytes()));
        for wrong in 3..lines.len() {
            let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let comma = lines[wrong].find(',').unwrap();
            lines[wrong].insert(comma, 'x');
            let (rows, error) = read(&scratch.write("x.csv", lines.join("\n").as_bytes()));
            assert!(rows == whole[..rows.len()] && rows.len() + 2 > wrong, "{name}:{}", wrong + 1);
            let text = error.unwrap().to_string();
            assert!(text.contains(&format!("x.csv:{}: expected ", wrong + 1)), "{text}");
        }
    }
}
