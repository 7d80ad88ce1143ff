use proptest::prelude::*;

use super::*;

fn check(text: &str, expected: Result<&str, &str>) {
    let got = Price::parse(text);
    match expected {
        Ok(shown) => assert_eq!(got.map(|p| p.to_string()), Ok(shown.to_owned()), "{text}"),
        Err(message) => {
            assert_eq!(got.map_err(|e| e.to_string()), Err(message.to_owned()), "{text}");
        }
    }
}

#[test]
fn a_decimal_text_is_read_exactly() {
    check("0.50930100", Ok("0.509301"));
    check("45285.2", Ok("45285.2"));
    check("-0.000000001", Ok("-0.000000001"));
    check("1e-8", Ok("0.00000001"));
    check("1.5E3", Ok("1500"));
    check(".5", Ok("0.5"));
    check("-0", Ok("0"));
    check("0e99", Ok("0"));
    check("1.0000000000000", Ok("1"));
}

#[test]
fn what_is_not_a_number_or_does_not_fit_is_refused() {
    check("", Err("`` is not a decimal number"));
    check(".", Err("`.` is not a decimal number"));
    check("1,5", Err("`1,5` is not a decimal number"));
    check("nan", Err("`nan` is not a decimal number"));
    check("1e", Err("`1e` is not a decimal number"));
    check("0.0000000001", Err("`0.0000000001` has more than 9 digits after the point"));
    check("1e-99", Err("`1e-99` has more than 9 digits after the point"));
    check("99999999999", Err("`99999999999` is too large"));
    check("1e99", Err("`1e99` is too large"));
}

proptest! {
    #[test]
    fn plain_texts_are_read_as_all_others_are(text in "[0-9]{0,12}\\.?[0-9]{0,10}|[0-9.e+-]{0,6}") {
        let scaled = parse_scaled(&text, Price::DECIMALS).ok().and_then(|raw| i64::try_from(raw).ok());
        if let Some(raw) = parse_plain(text.as_bytes(), Price::DECIMALS) {
            prop_assert_eq!(Some(raw), scaled);
        }
        prop_assert_eq!(Price::parse(&text).ok().map(Price::raw), scaled);
    }
}

proptest! {
    #[test]
    fn fixed_texts_are_those_of_the_general_way(raw in any::<i64>(), small in -999_i64..999, decimals in 0_u32..13) {
        for raw in [raw, small, i64::MIN, i64::MAX] {
            let expected = format_scaled(i128::from(raw), Price::DECIMALS, Some(decimals));
            prop_assert_eq!(Price::from_raw(raw).to_fixed(decimals), expected);
        }
    }
}

#[test]
fn fixed_text_is_padded_and_cut() {
    let price = Price::parse("45285.25").expect("valid");
    assert_eq!(price.to_fixed(1), "45285.2");
    assert_eq!(price.to_fixed(5), "45285.25000");
    assert_eq!(price.to_fixed(0), "45285");
    assert_eq!(Price::parse("-0.04").expect("valid").to_fixed(1), "0.0");
}

#[test]
fn steps_round_down_and_divide() {
    let tick = Price::step(1);
    assert_eq!(tick.to_string(), "0.1");
    let price = Price::parse("10.57").expect("valid");
    assert_eq!(price.floor_to(tick).to_string(), "10.5");
    assert!(!price.is_multiple_of(tick));
    assert!(price.floor_to(tick).is_multiple_of(tick));
    assert!(!price.is_multiple_of(Price::ZERO));
}

proptest! {
    #[test]
    fn text_and_number_are_two_forms_of_one_value(raw in any::<i64>()) {
        let price = Price::from_raw(raw);
        prop_assert_eq!(Price::parse(&price.to_string()), Ok(price));
        prop_assert_eq!(Price::parse(&price.to_fixed(9)), Ok(price));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,40}") {
        drop(Price::parse(&text));
    }
}
