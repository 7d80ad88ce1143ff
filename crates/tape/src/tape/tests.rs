use super::*;
use crate::testing::shared_data;

fn summary(name: &str) -> Option<String> {
    let path = shared_data(name)?;
    Some(Tape::load(&path).unwrap().summary().to_string())
}

/// What a file is refused with, without the folders of its path.
fn refusal(name: &str) -> Option<String> {
    let path = shared_data(name)?;
    let text = Tape::load(&path).unwrap_err().to_string();
    let (_, text) = text.rsplit_once('/').unwrap();
    Some(text.to_owned())
}

#[test]
fn real_archives_are_read_whole() {
    let check = |name: &str, expected: &str| {
        if let Some(summary) = summary(name) {
            assert_eq!(summary, expected, "{name}");
        }
    };
    check(
        "kraken/trades_csv/BCHEUR_2023-01-01.csv",
        "148 trades over 83751.000 s, 89.82 to 90.93, volume 426.64478477, 1 equal rows kept",
    );
    check(
        "kraken/trades_csv/XBTUSD_2019-07-01_0000-0030.csv",
        "1993 trades over 1795.328 s, 10600 to 10989.8, volume 718.2071047, 1 equal rows kept",
    );
}

#[test]
fn other_files_are_refused_with_a_line_that_says_why() {
    let check = |name: &str, expected: &str| {
        if let Some(refusal) = refusal(name) {
            assert_eq!(refusal, expected, "{name}");
        }
    };
    check(
        "kraken/trades_csv/XBTUSD_2019-07-01_0000-0030_with_side.csv",
        "XBTUSD_2019-07-01_0000-0030_with_side.csv:1: expected numbers `timestamp,price,volume`, \
         found the header `time_ms,side,price,amount`: this format has none",
    );
    check(
        "bad_input/._kraken_btc_usd.csv",
        "._kraken_btc_usd.csv:1: expected text `timestamp,price,volume`, found binary data (byte 0x00)",
    );
    check(
        "bad_input/Binance_BTCUSDT_minute_descending_2019-09.csv",
        "Binance_BTCUSDT_minute_descending_2019-09.csv:1: expected 3 columns \
         `timestamp,price,volume`, found 10",
    );
    check(
        "bad_input/XBTUSD_60_zero_row.csv",
        "XBTUSD_60_zero_row.csv:1: expected 3 columns `timestamp,price,volume`, found 7: this looks \
         like bars (timestamp,open,high,low,close,volume,trades)",
    );
    check(
        "bad_input/binance_rest_aggTrades_hand_edited_mock.json",
        "binance_rest_aggTrades_hand_edited_mock.json:1: expected `timestamp,price,volume`, found a \
         line of more than 256 bytes",
    );
    check(
        "kraken/ohlcvt_1m/XBTUSDC_1_2023Q1.csv.gz",
        "XBTUSDC_1_2023Q1.csv.gz:1: expected text `timestamp,price,volume`, found binary data \
         (byte 0x1f)",
    );
}

#[test]
fn a_missing_file_and_a_folder_are_errors() {
    let missing = Tape::load(Path::new("no/such.csv")).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "no/such.csv: expected a file of trades `timestamp,price,volume`, found nothing there"
    );
    let folder = Tape::load(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
    assert_eq!(folder.to_string(), concat!("cannot read ", env!("CARGO_MANIFEST_DIR")));
}

#[test]
fn a_summary_counts_equal_rows_of_one_instant() {
    let text = b"1,10,1\n2,11,1\n2,10,1\n2,11,1\n2,11,1\n3.5,11,1\n";
    let tape = Tape::read(Path::new("x"), text.as_slice()).unwrap();
    assert_eq!(
        tape.summary().to_string(),
        "6 trades over 2.500 s, 10 to 11, volume 6, 2 equal rows kept"
    );
    assert_eq!((tape.len(), tape.is_empty()), (6, false));
    assert_eq!(tape.first_ts(), UnixNanos::from_secs(1));
    assert_eq!(tape.last_ts(), UnixNanos::from_nanos(3_500_000_000));
}

#[test]
fn trades_take_the_name_of_an_instrument() {
    let tape = Tape::read(Path::new("x"), b"1.5,10,2\n".as_slice()).unwrap();
    let symbol = Symbol::new("BTC/USD");
    let trades: Vec<Trade> = tape.trades_for(&symbol).collect();
    let expected = Trade {
        symbol: symbol.clone(),
        venue_ts: UnixNanos::from_nanos(1_500_000_000),
        price: Price::parse("10").unwrap(),
        quantity: Quantity::parse("2").unwrap(),
        taker_side: None,
        trade_id: None,
    };
    assert_eq!(trades, [expected]);
}

#[test]
fn trades_in_memory_obey_the_same_rules() {
    let trade = |ts, price, quantity| TapeTrade {
        ts: UnixNanos::from_secs(ts),
        price: Price::from_raw(price),
        quantity: Quantity::from_raw(quantity),
    };
    let check = |trades: Vec<TapeTrade>, expected: &str| {
        let error = Tape::from_trades(Path::new("made"), trades).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(vec![], "made: expected trades `timestamp,price,volume`, found an empty file");
    check(
        vec![trade(1, 1, 1), trade(1, -1, 1)],
        "made:2: expected a price above zero, found `-0.000000001`",
    );
    check(vec![trade(1, 1, 0)], "made:1: expected a volume above zero, found `0`");
    check(
        vec![trade(2, 1, 1), trade(1, 1, 1)],
        "made:2: expected a time not before 2.000000000 of the row above, found 1.000000000",
    );
}
