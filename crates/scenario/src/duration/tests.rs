use proptest::prelude::*;

use super::*;

#[test]
fn texts_with_units_are_read_exactly() {
    let check = |text: &str, nanos: u64| {
        assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
    };
    check("0s", 0);
    check("7ns", 7);
    check("7us", 7_000);
    check("250ms", 250_000_000);
    check("30s", 30_000_000_000);
    check("5m", 300_000_000_000);
    check("1m30s", 90_000_000_000);
    check("90s", 90_000_000_000);
    check("1h1ms", 3_600_001_000_000);
    check("2d", 172_800_000_000_000);
}

#[test]
fn everything_else_is_refused_and_the_message_shows_how() {
    for text in [
        "",
        "30",
        "s",
        "5 m",
        " 5m",
        "5m ",
        "1.5s",
        "-5s",
        "+5s",
        "5min",
        "5M",
        "30s1m",
        "1m1m",
        "5mm",
        "1m30",
        "300000d",
        "99999999999999999999s",
        "٣s",
    ] {
        let error = parse_duration(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                r#"`{text}` is not a duration with a unit, for example "250ms", "30s" or "5m""#
            )
        );
    }
}

#[test]
fn a_duration_is_shown_in_its_largest_units() {
    let check = |millis: u64, text: &str| {
        assert_eq!(format_duration(Duration::from_millis(millis)), text);
    };
    check(0, "0s");
    check(250, "250ms");
    check(90_000, "1m30s");
    check(86_400_000, "1d");
}

proptest! {
    #[test]
    fn a_shown_duration_is_read_back(nanos in any::<u64>()) {
        let duration = Duration::from_nanos(nanos);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }
}
