use proptest::prelude::*;

use super::*;

fn decimal(text: &str) -> Option<i64> {
    // The fast path sees what follows the field, too.
    let line = format!("{text},12345678,");
    let mut cursor = line.as_bytes();
    let value = take_decimal(&mut cursor, 8);
    value.filter(|_| cursor.starts_with(b",12345678,"))
}

#[test]
fn usual_numbers_take_the_fast_path() {
    for (text, expected) in [
        ("0", 0),
        ("1", 100_000_000),
        ("0.00000001", 1),
        ("61837.63000000", 6_183_763_000_000),
        ("-0.5", -50_000_000),
        ("92233720368.54775807", i64::MAX),
        ("123456789.12345678", 12_345_678_912_345_678),
    ] {
        assert_eq!(decimal(text), Some(expected), "{text}");
    }
}

#[test]
fn unusual_numbers_are_left_to_the_slow_path() {
    for text in ["", ".", "-", "1.", ".5", "1e3", "0.000000001", "92233720368.54775808", "+1"] {
        assert_eq!(decimal(text), None, "{text}");
    }
}

#[test]
fn a_text_is_rounded_where_the_unit_ends() {
    let check = |text: &str, expected| assert_eq!(parse_decimal(text, 8), expected, "{text}");
    check("0.26833389999999996", Ok((26_833_390, true)));
    check("0.000000004", Ok((0, true)));
    check("0.000000005", Ok((1, true)));
    check("-0.000000005", Ok((-1, true)));
    check("1e-8", Ok((1, false)));
    check("1.5E2", Ok((15_000_000_000, false)));
    check("1e-99", Ok((0, true)));
    check("0e99", Ok((0, false)));
    check("1e99", Err(NumberFault::TooLarge));
    check(&"9".repeat(60), Err(NumberFault::TooLarge));
    check("92233720369", Err(NumberFault::TooLarge));
    let tenth = "0.1000000000000000055511151231257827021181583404541015625";
    check(tenth, Ok((10_000_000, true)));
    check(&format!("1.5{}", "0".repeat(60)), Ok((150_000_000, false)));
    check(&format!("1.5{}1", "0".repeat(60)), Ok((150_000_000, true)));
    check(&format!("1.{}x", "0".repeat(60)), Err(NumberFault::Malformed));
    for text in ["", ".", "-", "e5", "1e", "0x1", "1 ", "NaN", "1.2.3", "--1"] {
        check(text, Err(NumberFault::Malformed));
    }
}

proptest! {
    #[test]
    fn the_fast_path_agrees_with_the_slow_one(text in "-?[0-9]{0,12}(\\.[0-9]{0,10})?(e[0-9])?") {
        if let Some(value) = decimal(&text) {
            prop_assert_eq!(parse_decimal(&text, 8), Ok((value, false)));
        }
    }

    #[test]
    fn digits_end_where_they_end(value: u64, tail in "[^0-9]{0,9}") {
        let text = format!("{value}{tail}");
        let mut cursor = text.as_bytes();
        let digits = value.to_string().len();
        let expected = (digits <= 19).then_some((value, digits));
        prop_assert_eq!(take_digits(&mut cursor), expected);
        prop_assert!(expected.is_none() || cursor == tail.as_bytes());
    }

    #[test]
    fn any_bytes_end(bytes: Vec<u8>) {
        let mut cursor = bytes.as_slice();
        let _: Option<i64> = take_decimal(&mut cursor, 9);
        prop_assert!(bytes.ends_with(cursor));
    }
}
