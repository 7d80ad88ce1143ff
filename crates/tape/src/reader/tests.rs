use std::io;

use super::*;

fn read(bytes: &[u8]) -> Result<Vec<TapeTrade>, TapeError> {
    TradeReader::new(Path::new("data/x.csv"), bytes).collect()
}

fn rows(bytes: &[u8]) -> Vec<String> {
    let trades = read(bytes).unwrap();
    let text = |trade: &TapeTrade| format!("{} {} {}", trade.ts, trade.price, trade.quantity);
    trades.iter().map(text).collect()
}

#[test]
fn rows_are_read_exactly() {
    let text = b"1561939203,90.540000,1.10448420\n\
        1561939205.43,10749.4,0.004\n\
        1710327959.173346878,0.000000001,0.00000001\n";
    assert_eq!(
        rows(text),
        [
            "1561939203.000000000 90.54 1.1044842",
            "1561939205.430000000 10749.4 0.004",
            "1710327959.173346878 0.000000001 0.00000001",
        ]
    );
}

#[test]
fn equal_rows_are_different_trades() {
    assert_eq!(rows(b"1,2,3\n1,2,3\n1,2,3\n").len(), 3);
}

#[test]
fn line_ends_and_marks_of_other_programs_are_accepted() {
    let expected = rows(b"1,2,3\n2,3,4\n");
    assert_eq!(rows(b"1,2,3\n2,3,4"), expected);
    assert_eq!(rows(b"1,2,3\r\n2,3,4\r\n"), expected);
    assert_eq!(rows(b"\xef\xbb\xbf1,2,3\n2,3,4\n"), expected);
}

/// Every text that a wrong file can cause, save for a long line.
const ERRORS: &[(&[u8], &str)] = &[
    (b"", "data/x.csv: expected trades `timestamp,price,volume`, found an empty file"),
    (b"\xef\xbb\xbf", "data/x.csv: expected trades `timestamp,price,volume`, found an empty file"),
    (b"\n", "data/x.csv:1: expected `timestamp,price,volume`, found an empty line"),
    (b"1,2,3\n\n1,2,3\n", "data/x.csv:2: expected `timestamp,price,volume`, found an empty line"),
    (
        b"1,2,3\r\n\r\n1,2,3\r\n",
        "data/x.csv:2: expected `timestamp,price,volume`, found an empty line",
    ),
    (b"1,2,3\n1,2\n", "data/x.csv:2: expected 3 columns `timestamp,price,volume`, found 2"),
    (b"1,2,3,4\n", "data/x.csv:1: expected 3 columns `timestamp,price,volume`, found 4"),
    (
        b"1,2\r1,3\n",
        "data/x.csv:1: expected a price with at most 9 digits after the point, found `2 1`",
    ),
    (b"1;2;3\n", "data/x.csv:1: expected 3 columns `timestamp,price,volume`, found 1"),
    (
        b"1,2,3,4,5,6,7\n",
        "data/x.csv:1: expected 3 columns `timestamp,price,volume`, found 7: this looks like bars \
         (timestamp,open,high,low,close,volume,trades)",
    ),
    (
        b"time,price,volume\n1,2,3\n",
        "data/x.csv:1: expected numbers `timestamp,price,volume`, found the header \
         `time,price,volume`: this format has none",
    ),
    (
        b"time_ms,side,price,amount\r\n1,2,3\r\n",
        "data/x.csv:1: expected numbers `timestamp,price,volume`, found the header \
         `time_ms,side,price,amount`: this format has none",
    ),
    (
        b"1,2,3\ntime,2,3\n",
        "data/x.csv:2: expected a time in seconds since 1970 with at most 9 digits after the \
         point, found `time`",
    ),
    (
        b"1561939203172,2,3\n",
        "data/x.csv:1: expected a time in seconds since 1970 with at most 9 digits after the \
         point, found `1561939203172`",
    ),
    (
        b"1.0000000001,2,3\n",
        "data/x.csv:1: expected a time in seconds since 1970 with at most 9 digits after the \
         point, found `1.0000000001`",
    ),
    (b"1,-3,3\n", "data/x.csv:1: expected a price above zero, found `-3`"),
    (b"1,0.0,3\n", "data/x.csv:1: expected a price above zero, found `0.0`"),
    (
        b"1,abc,3\n",
        "data/x.csv:1: expected a price with at most 9 digits after the point, found `abc`",
    ),
    (b"1,,3\n", "data/x.csv:1: expected a price with at most 9 digits after the point, found ``"),
    (
        b"1,0.0000000001,3\n",
        "data/x.csv:1: expected a price with at most 9 digits after the point, found `0.0000000001`",
    ),
    (
        b"1,9223372037,3\n",
        "data/x.csv:1: expected a price from -9223372036.854775807 to 9223372036.854775807, found \
         `9223372037`",
    ),
    (
        b"1,1.0000000000000000000000000000000000000000001,3\n",
        "data/x.csv:1: expected a price with at most 9 digits after the point, found \
         `1.0000000000000000000000000000000000000000001`",
    ),
    (
        b"1,2,-92233720369\n",
        "data/x.csv:1: expected a volume from -92233720368.54775807 to 92233720368.54775807, found \
         `-92233720369`",
    ),
    (b"1,2,-3\n", "data/x.csv:1: expected a volume above zero, found `-3`"),
    (b"1,2,0\r\n", "data/x.csv:1: expected a volume above zero, found `0`"),
    (
        b"1,2,NaN\n",
        "data/x.csv:1: expected a volume with at most 8 digits after the point, found `NaN`",
    ),
    (
        b"1,2,0.000000001\n",
        "data/x.csv:1: expected a volume with at most 8 digits after the point, found `0.000000001`",
    ),
    (
        b"5,2,3\n6,2,3\n5.5,2,3\n",
        "data/x.csv:3: expected a time not before 6.000000000 of the row above, found 5.500000000",
    ),
    (
        b"1,2,3\n1,2,\x003\n",
        "data/x.csv:2: expected text `timestamp,price,volume`, found binary data (byte 0x00)",
    ),
    (
        b"1,2,3\n1,\xff2,3\n",
        "data/x.csv:2: expected text `timestamp,price,volume`, found binary data (byte 0xff)",
    ),
];

#[test]
fn every_error_names_file_line_and_what_was_expected() {
    for (bytes, expected) in ERRORS {
        let error = read(bytes).unwrap_err();
        assert_eq!(error.to_string(), *expected);
    }
}

#[test]
fn a_line_may_be_long_but_not_longer() {
    let row = |digits| [b"1,2,3\n1,2,".as_slice(), &b"3".repeat(digits), b"\n"].concat();
    let found = "3".repeat(60);
    let error = |digits| read(&row(digits)).unwrap_err().to_string();
    let volume =
        "data/x.csv:2: expected a volume from -92233720368.54775807 to 92233720368.54775807";
    assert_eq!(error(LINE_BYTES_MAX - 4), format!("{volume}, found `{found}...`"));
    assert_eq!(
        error(LINE_BYTES_MAX - 3),
        "data/x.csv:2: expected `timestamp,price,volume`, found a line of more than 256 bytes"
    );
}

#[test]
fn times_with_signs_exponents_or_without_digits_are_refused() {
    for ts in ["-1", "+1", "1e9", "1.", ".5", "1.5.5", " 1", "1 ", "0x1", ""] {
        let row = format!("{ts},2,3\n");
        let error = read(row.as_bytes()).unwrap_err();
        assert!(matches!(error, TapeError::Row { line: 1, .. }), "{ts}: {error}");
    }
}

#[test]
fn a_long_wrong_text_is_cut_in_the_message() {
    let row = format!("1,{},3\n", "x".repeat(200));
    let message = read(row.as_bytes()).unwrap_err().to_string();
    assert!(message.ends_with("xxx...`") && message.len() < 160, "{message}");
}

#[test]
fn rows_before_an_error_come_first_and_nothing_after_it() {
    for tail in [b"\n4,4,4\n".as_slice(), b"4,x,4\n5,5,5\n", b"\x00\n5,5,5\n", b"1,1,1\n5,5,5\n"] {
        let bytes = [b"1,1,1\n2,2,2\n".as_slice(), tail].concat();
        let mut reader = TradeReader::new(Path::new("x.csv"), bytes.as_slice());
        assert!(reader.next().unwrap().is_ok() && reader.next().unwrap().is_ok());
        assert!(matches!(reader.next(), Some(Err(TapeError::Row { line: 3, .. }))), "{tail:?}");
        assert!(reader.next().is_none() && reader.next().is_none());
    }
}

/// Gives one byte at a time, then fails.
struct Dripping<'b>(&'b [u8]);

impl Read for Dripping<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (first, rest) = self.0.split_first().ok_or_else(|| io::Error::other("disk gone"))?;
        buffer[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

#[test]
fn a_source_that_fails_is_no_end_of_file() {
    let path = Path::new("x.csv");
    let items: Vec<_> = TradeReader::new(path, Dripping(b"1,2,3\n2,3")).collect();
    assert_eq!(items.len(), 2);
    let error = items[1].as_ref().unwrap_err();
    assert_eq!(error.to_string(), "cannot read x.csv");
    let source = std::error::Error::source(error).unwrap();
    assert_eq!(source.to_string(), "disk gone");
}

#[test]
fn errors_behind_the_first_buffer_have_the_right_line() {
    let mut bytes = b"1700000000.1234,60000.1,0.00000001\n".repeat(10_000);
    bytes.extend_from_slice(b"\n");
    let error = read(&bytes).unwrap_err();
    assert!(error.to_string().starts_with("data/x.csv:10001: "), "{error}");
}

fn one_line_at_most(bytes: &[u8]) -> Result<(), proptest::test_runner::TestCaseError> {
    if let Err(error) = read(bytes) {
        let error = error.to_string();
        proptest::prop_assert!(error.starts_with("data/x.csv:"), "{error}");
        proptest::prop_assert!(!error.contains(['\n', '\r']), "{error}");
    }
    Ok(())
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_trades_or_one_line_of_error(bytes: Vec<u8>) {
        one_line_at_most(&bytes)?;
    }

    #[test]
    fn any_text_like_a_tape_is_trades_or_one_line_of_error(text in "[0-9.,e+\\-\n\r\"a]{0,80}") {
        one_line_at_most(text.as_bytes())?;
    }
}
