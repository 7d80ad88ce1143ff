//! How Kraken writes numbers, times and maps.
//!
//! Numbers are written from integers with an exact number of digits, never through floats.

use std::fmt::Write as _;

use jiff::Timestamp;
use model::{Notional, Price, Quantity, Rounding, UnixNanos};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::kraken::orders::Offset;
use crate::kraken::pair::Pair;

/// A bare JSON number with the digits that it was given.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Number(Box<RawValue>);

impl Number {
    pub(crate) fn price(price: Price, decimals: u32) -> Self {
        Self::from_text(price.to_fixed(decimals))
    }

    pub(crate) fn quantity(quantity: Quantity, decimals: u32) -> Self {
        Self::from_text(quantity.to_fixed(decimals))
    }

    pub(crate) fn amount(amount: Notional, decimals: u32) -> Self {
        Self::from_text(amount_text(amount, decimals))
    }

    /// Seconds with the microseconds that are not zero: `1791904988.43134`.
    pub(crate) fn seconds(time: UnixNanos) -> Self {
        let micros = time.subsec_nanos() / 1_000;
        let text = format!("{}.{micros:06}", time.secs());
        let text = text.trim_end_matches('0').trim_end_matches('.');
        Self::from_text(text.to_owned())
    }

    /// Seconds with seven digits, as `Trades` shows them: `1710327959.1733468`.
    pub(crate) fn seconds_to_100_nanos(time: UnixNanos) -> Self {
        let parts = time.subsec_nanos() / 100;
        let text = format!("{}.{parts:07}", time.secs());
        let text = text.trim_end_matches('0').trim_end_matches('.');
        Self::from_text(text.to_owned())
    }

    /// The number of a distance: `-1.5`, or `2.0000` of a percentage.
    pub(crate) fn distance(offset: Offset, pair: &Pair) -> Self {
        let sign = if offset.above { "" } else { "-" };
        Self::from_text(format!("{sign}{}", offset.distance.number(pair)))
    }

    /// A number of hundredths: `-2.41`.
    pub(crate) fn hundredths(number: i64) -> Self {
        let (sign, size) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
        Self::from_text(format!("{sign}{}.{:02}", size / 100, size % 100))
    }

    /// The whole number.
    pub(crate) fn whole(number: u64) -> Self {
        Self::from_text(number.to_string())
    }

    fn from_text(text: String) -> Self {
        Self(RawValue::from_string(text).expect("digits and a point are a JSON number"))
    }
}

/// A JSON object whose keys come from data, in the order given.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<T>(pub(crate) Vec<(String, T)>);

impl<T: Serialize> Serialize for Keyed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The JSON text of a value.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("maps have text keys and numbers are finite")
}

/// `2024-05-19T16:27:13.694962Z`.
pub(crate) fn rfc3339(time: UnixNanos) -> String {
    let mut text = String::new();
    push_rfc3339(&mut text, time);
    text
}

/// As [`rfc3339`], behind what is there.
pub(crate) fn push_rfc3339(text: &mut String, time: UnixNanos) {
    let nanos = i128::from(time.as_nanos());
    let time = Timestamp::from_nanosecond(nanos).expect("64 bits of nanoseconds are in its range");
    push_display(text, format_args!("{time:.6}"));
}

/// Appends what a value shows.
pub(crate) fn push_display(text: &mut String, value: impl std::fmt::Display) {
    write!(text, "{value}").expect("a string takes everything");
}

/// `2024-05-17T11:12:00.000000000Z`.
pub(crate) fn rfc3339_nanos(time: UnixNanos) -> String {
    let nanos = i128::from(time.as_nanos());
    let time = Timestamp::from_nanosecond(nanos).expect("64 bits of nanoseconds are in its range");
    time.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
}

/// `2024-01-24T11:45:46Z`.
pub(crate) fn rfc3339_seconds(time: UnixNanos) -> String {
    let time = Timestamp::from_second(time.secs()).expect("seconds of 64-bit nanoseconds are");
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Thu, 06 Jul 23 18:50:48 +0000`.
pub(crate) fn rfc1123(time: UnixNanos) -> String {
    let time = Timestamp::from_second(time.secs()).expect("seconds of 64-bit nanoseconds are");
    time.strftime("%a, %d %b %y %H:%M:%S +0000").to_string()
}

/// The time that an RFC 3339 text means; `None` for another text.
pub(crate) fn parse_rfc3339(text: &str) -> Option<UnixNanos> {
    let time: Timestamp = text.parse().ok()?;
    i64::try_from(time.as_nanosecond()).ok().map(UnixNanos::from_nanos)
}

/// An amount with exactly `decimals` digits, rounded half up.
pub(crate) fn amount_text(amount: Notional, decimals: u32) -> String {
    amount.round_to(decimals, Rounding::HalfUp).to_fixed(decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let price = Number::price(Price::parse("45285.2").unwrap(), 1);
        let quantity = Number::quantity(Quantity::parse("0.001").unwrap(), 8);
        assert_eq!(json(&(price, quantity)), "[45285.2,0.00100000]");
    }

    #[test]
    fn seconds_have_no_zeros_at_the_end() {
        let check = |nanos: i64, text: &str| {
            assert_eq!(json(&Number::seconds(UnixNanos::from_nanos(nanos))), text);
        };
        check(1_791_904_988_431_340_000, "1791904988.43134");
        check(1_791_904_996_732_507_999, "1791904996.732507");
        check(1_700_000_000_000_000_000, "1700000000");
    }

    #[test]
    fn times_are_written_as_in_the_samples() {
        let time = UnixNanos::parse_secs("1688669448.5").unwrap();
        assert_eq!(rfc1123(time), "Thu, 06 Jul 23 18:50:48 +0000");
        assert_eq!(rfc3339(time), "2023-07-06T18:50:48.500000Z");
        let early = UnixNanos::from_nanos(-1_999);
        assert_eq!(rfc3339(early), "1969-12-31T23:59:59.999998Z");
        assert_eq!(rfc3339_seconds(time), "2023-07-06T18:50:48Z");
        assert_eq!(parse_rfc3339("2023-07-06T18:50:48.5Z"), Some(time));
        assert_eq!(parse_rfc3339("tomorrow"), None);
    }

    #[test]
    fn amounts_are_shown_to_the_nearest_digit() {
        let check = |amount: &str, decimals: u32, expected: &str| {
            assert_eq!(amount_text(Notional::parse(amount).unwrap(), decimals), expected);
        };
        check("0.0000006917", 9, "0.000000692");
        check("0.0000006917", 10, "0.0000006917");
        check("12.667525", 5, "12.66753");
        check("5", 2, "5.00");
        check("-0.0004", 3, "0.000");
        check("-0.0006", 3, "-0.001");
    }
}
