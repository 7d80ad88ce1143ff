use std::error::Error as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use model::{Price, Quantity, Side, UnixNanos};
use proptest::prelude::*;

use super::*;
use crate::read_error::ReadError;
use crate::row::{BarRow, LevelRow, OrderRow, QuoteRow, RowBuffer, RowKind, Rows, TradeRow};
use crate::testing::Scratch;

fn bytes_of(rows: Rows<'_>) -> Result<Vec<u8>, WriteError> {
    let about = vec![("symbol".to_owned(), "BTCUSDT".to_owned())];
    let mut writer = ColumnarWriter::new(Vec::new(), rows.kind(), about)?;
    writer.write(rows)?;
    Ok(writer.finish()?.0)
}

fn read(path: &PathBuf) -> Result<RowBuffer, ReadError> {
    let mut reader = ColumnarReader::new("x.parquet", File::open(path).unwrap())?;
    let mut rows = RowBuffer::default();
    while reader.advance()? {
        rows.extend(reader.rows());
    }
    Ok(rows)
}

fn trade(number: u64) -> TradeRow {
    let n = i64::try_from(number).unwrap();
    TradeRow {
        ts: UnixNanos::from_nanos(1_700_000_000_000_000_000 + n * 1_000_001),
        price: Price::from_raw(60_000_000_000_000 + n * 10_000_000),
        quantity: Quantity::from_raw(1 + n),
        trade_id: (!number.is_multiple_of(3)).then_some(number),
        fills: 1 + u32::try_from(number % 4).unwrap(),
        taker_side: [None, Some(Side::Buy), Some(Side::Sell)][usize::try_from(number % 3).unwrap()],
    }
}

#[test]
fn many_groups_come_back_row_by_row() {
    let scratch = Scratch::new("groups");
    let trades: Vec<TradeRow> = (0..2 * GROUP_ROWS as u64 + 5_000).map(trade).collect();
    let bytes = bytes_of(Rows::Trades(&trades)).unwrap();
    assert_eq!(bytes, bytes_of(Rows::Trades(&trades)).unwrap(), "the same rows, the same bytes");
    let path = scratch.write("x.parquet", &bytes);
    assert!(read(&path).unwrap().trades == trades);
    let mut writer = ColumnarWriter::new(Vec::new(), RowKind::Trades, vec![]).unwrap();
    writer.write(Rows::Trades(&trades)).unwrap();
    assert_eq!(writer.finish().unwrap().1, trades.len() as u64);
    let reader = ColumnarReader::new("x", File::open(&path).unwrap()).unwrap();
    assert_eq!((reader.kind(), reader.symbol()), (RowKind::Trades, Some("BTCUSDT")));
}

#[test]
fn what_a_column_cannot_hold_is_refused() {
    let mut row = trade(1);
    row.price = Price::from_raw(1_000_000_000_000_000_000);
    let text = |rows: &[TradeRow]| {
        let error = bytes_of(Rows::Trades(rows)).unwrap_err();
        // As the command line prints it.
        format!("{error}: {}", error.source().unwrap())
    };
    assert_eq!(
        text(&[trade(1), row]),
        "row 2: expected a price below 1000000000, found 1000000000"
    );
    row = trade(1);
    row.trade_id = Some(u64::MAX);
    assert_eq!(text(&[row]), "row 1: expected a trade_id below 2^63, found 18446744073709551615");
    let mut writer = ColumnarWriter::new(Vec::new(), RowKind::Bars, vec![]).unwrap();
    let error = writer.write(Rows::Trades(&[trade(1)])).unwrap_err();
    assert_eq!(error.to_string(), "expected bars, found trades");
}

#[test]
fn a_damaged_file_gives_its_rows_or_an_error_and_nothing_else() {
    let scratch = Scratch::new("damaged");
    let trades: Vec<TradeRow> = (0..5).map(trade).collect();
    let bytes = bytes_of(Rows::Trades(&trades)).unwrap();
    for length in 0..bytes.len() {
        let path = scratch.write("x.parquet", &bytes[..length]);
        read(&path).unwrap_err();
    }
    let mut refused = 0;
    for at in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x15;
        let path = scratch.write("x.parquet", &bytes);
        match read(&path) {
            Ok(rows) => assert!(rows.trades == trades, "byte {at}"),
            Err(_) => refused += 1,
        }
    }
    // Offsets that are told twice, ranges of times and names for people are not looked at.
    assert!(refused * 10 > bytes.len() * 7, "{refused} of {}", bytes.len());
}

#[test]
fn a_parquet_file_of_another_program_is_refused_by_name() {
    let scratch = Scratch::new("foreign");
    let mut bytes = bytes_of(Rows::Trades(&[trade(1)])).unwrap();
    let text = b"wavetank.tape";
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    bytes[at] = b'x';
    let path = scratch.write("x.parquet", &bytes);
    assert_eq!(
        read(&path).unwrap_err().to_string(),
        "x.parquet: expected a tape written by `wavetank tape convert`, found a Parquet file of \
         wavetank tape"
    );
}

fn any_bar() -> impl Strategy<Value = BarRow> {
    let decimal = -999_999_999_999_999_999_i64..1_000_000_000_000_000_000;
    let prices = proptest::array::uniform4(decimal.clone());
    let count = proptest::option::of(0..=i64::MAX.unsigned_abs());
    (any::<i64>(), any::<i64>(), prices, decimal, count).prop_map(
        |(open_ts, close_ts, prices, volume, count)| {
            let [open, high, low, close] = prices.map(Price::from_raw);
            BarRow {
                open_ts: UnixNanos::from_nanos(open_ts),
                close_ts: UnixNanos::from_nanos(close_ts),
                open,
                high,
                low,
                close,
                volume: Quantity::from_raw(volume),
                count,
            }
        },
    )
}

/// Times and numbers of a row with four decimals.
fn any_numbers() -> impl Strategy<Value = ([UnixNanos; 2], [i64; 4])> {
    let decimal = -999_999_999_999_999_999_i64..1_000_000_000_000_000_000;
    let times = proptest::array::uniform2(any::<i64>().prop_map(UnixNanos::from_nanos));
    (times, proptest::array::uniform4(decimal))
}

fn any_quote() -> impl Strategy<Value = QuoteRow> {
    any_numbers().prop_map(|([ts, local_ts], [bid, bid_quantity, ask, ask_quantity])| {
        let (bid, ask) = (Price::from_raw(bid), Price::from_raw(ask));
        let quantities = [bid_quantity, ask_quantity].map(Quantity::from_raw);
        let [bid_quantity, ask_quantity] = quantities;
        QuoteRow { ts, local_ts, bid, bid_quantity, ask, ask_quantity }
    })
}

fn any_level() -> impl Strategy<Value = LevelRow> {
    let marks = (any::<bool>(), any::<bool>(), any::<bool>());
    (any_numbers(), marks).prop_map(
        |(([ts, local_ts], [price, quantity, ..]), (bid, begins, snapshot))| {
            let (price, quantity) = (Price::from_raw(price), Quantity::from_raw(quantity));
            let side = if bid { Side::Buy } else { Side::Sell };
            LevelRow { ts, local_ts, side, price, quantity, begins, snapshot }
        },
    )
}

fn any_order() -> impl Strategy<Value = OrderRow> {
    (any_level(), any::<u64>(), any::<i64>()).prop_map(|(level, order, since)| {
        let LevelRow { ts, local_ts, side, price, quantity, begins, snapshot } = level;
        let (since, order) = (UnixNanos::from_nanos(since), order >> 1);
        OrderRow { ts, local_ts, since, side, price, quantity, order, begins, snapshot }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_quotes_and_any_book_come_back(
        quotes in proptest::collection::vec(any_quote(), 1..50),
        book in proptest::collection::vec(any_level(), 1..50),
        orders in proptest::collection::vec(any_order(), 1..50),
    ) {
        let scratch = Scratch::new("any-book");
        let path = scratch.write("q.parquet", &bytes_of(Rows::Quotes(&quotes)).unwrap());
        prop_assert_eq!(read(&path).unwrap().quotes, quotes);
        let path = scratch.write("b.parquet", &bytes_of(Rows::Book(&book)).unwrap());
        prop_assert_eq!(read(&path).unwrap().book, book);
        let path = scratch.write("o.parquet", &bytes_of(Rows::Orders(&orders)).unwrap());
        prop_assert_eq!(read(&path).unwrap().orders, orders);
    }

    #[test]
    fn any_bars_come_back(bars in proptest::collection::vec(any_bar(), 1..50)) {
        let scratch = Scratch::new("any-bars");
        let path = scratch.write("x.parquet", &bytes_of(Rows::Bars(&bars)).unwrap());
        prop_assert_eq!(read(&path).unwrap().bars, bars);
    }

    #[test]
    fn any_bytes_are_a_struct_or_none(bytes: Vec<u8>) {
        let _: Option<usize> = thrift::read_struct(&bytes).map(|(_, length)| length);
    }
}

/// What pandas, polars and DuckDB see, compared with what was written.
#[test]
fn other_programs_open_the_tape() {
    let Some(python) = python() else { return };
    let scratch = Scratch::new("readers");
    let trades: Vec<TradeRow> = (0..70_000).map(trade).collect();
    let bars: Vec<BarRow> = (0..3_000).map(bar).collect();
    let trades_path = scratch.write("trades.parquet", &bytes_of(Rows::Trades(&trades)).unwrap());
    let bars_path = scratch.write("bars.parquet", &bytes_of(Rows::Bars(&bars)).unwrap());
    let sum = |values: &mut dyn Iterator<Item = i64>| values.map(i128::from).sum::<i128>();
    let expected = format!(
        "{} {} {} {} {} {}",
        trades.len(),
        sum(&mut trades.iter().map(|row| row.price.raw())),
        sum(&mut trades.iter().map(|row| row.quantity.raw())),
        bars.len(),
        sum(&mut bars.iter().map(|row| row.close.raw())),
        sum(&mut bars.iter().map(|row| row.close_ts.as_nanos())),
    );
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/columnar/readers.py");
    let output = std::process::Command::new(python)
        .args([script.as_ref(), trades_path.as_os_str(), bars_path.as_os_str()])
        .args(expected.split(' '))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    println!("{}", text(&output.stdout));
}

fn bar(number: u64) -> BarRow {
    let n = i64::try_from(number).unwrap();
    let open_ts = 1_700_000_040_000_000_000 + n * 60_000_000_000;
    BarRow {
        open_ts: UnixNanos::from_nanos(open_ts),
        close_ts: UnixNanos::from_nanos(open_ts + 60_000_000_000),
        open: Price::from_raw(1 + n),
        high: Price::from_raw(5 + n),
        low: Price::from_raw(1),
        close: Price::from_raw(999_999_999_000_000_000 + n),
        volume: Quantity::from_raw(n),
        count: Some(number),
    }
}

/// What the script imports, up to the newest versions that it was seen to pass with.
const LIBRARIES: &[(&str, &str)] =
    &[("pandas", "<4"), ("pyarrow", "<27"), ("polars", "<3"), ("duckdb", "<3")];

/// A Python with the libraries, made under `target` where it is missing: 540 MB, half a minute.
///
/// Without a network the test is skipped, and says so; with `CI=true` it fails.
#[expect(clippy::disallowed_methods, reason = "tells CI from a developer's machine")]
fn python() -> Option<PathBuf> {
    let folder = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| crate::testing::repository_file("target"), PathBuf::from)
        .join("venv");
    let python = folder.join("bin/python");
    let names: Vec<&str> = LIBRARIES.iter().map(|(name, _)| *name).collect();
    let import = format!("import {}", names.join(", "));
    if run(&python, &["-c", &import]).is_ok() {
        return Some(python);
    }
    let wanted: Vec<String> =
        LIBRARIES.iter().map(|(name, below)| format!("{name}{below}")).collect();
    let options =
        "-m pip install --quiet --no-compile --only-binary=:all: --retries 1 --timeout 20";
    let install: Vec<&str> = options.split(' ').chain(wanted.iter().map(String::as_str)).collect();
    let made = run("python3".as_ref(), &["-m", "venv", folder.to_str().unwrap()])
        .and_then(|()| run(&python, &install))
        .and_then(|()| run(&python, &["-c", &import]));
    let Err(why) = made else { return Some(python) };
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_ci, "CI must open the tape in columns with other programs: {why}");
    println!("skipped: no Python with {}: {why}", names.join(", "));
    None
}

/// Runs a program to its end; an error is what it printed.
fn run(program: &Path, args: &[&str]) -> Result<(), String> {
    let output = std::process::Command::new(program).args(args).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = || format!("{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    if output.status.success() { Ok(()) } else { Err(printed()) }
}
