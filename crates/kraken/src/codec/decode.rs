//! Reading JSON without losing digits.

use std::fmt;
use std::marker::PhantomData;

use model::{DecimalError, Level, Notional, Price, Quantity, UnixNanos};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use thiserror::Error;

/// A message that is not what the protocol promises.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Not JSON, or not of the expected shape.
    #[error("unexpected JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A number that does not fit its unit.
    #[error("unexpected number: {0}")]
    Number(#[from] DecimalError),
    /// A time that is not RFC 3339, or out of range.
    #[error("`{text}` is not a time")]
    Time {
        /// The text as it was found.
        text: String,
    },
    /// A part without which the message means nothing.
    #[error("`{what}` is missing")]
    Missing {
        /// Name of the part.
        what: &'static str,
    },
}

/// A JSON number, or a string with a number in it, as the text on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<'a>(&'a str);

impl<'a> Number<'a> {
    pub(super) fn price(self) -> Result<Price, DecimalError> {
        Price::parse(self.0)
    }

    pub(super) fn quantity(self) -> Result<Quantity, DecimalError> {
        Quantity::parse(self.0)
    }

    pub(super) fn notional(self) -> Result<Notional, DecimalError> {
        Notional::parse(self.0)
    }

    /// Seconds since 1970. Kraken writes them as floats, of which more than nine digits are noise.
    pub(super) fn seconds(self) -> Result<UnixNanos, DecodeError> {
        let text = match self.0.split_once('.') {
            Some((_, fraction)) if fraction.len() > 9 => {
                self.0.get(..self.0.len() - (fraction.len() - 9)).unwrap_or(self.0)
            }
            Some(_) | None => self.0,
        };
        UnixNanos::parse_secs(text).map_err(|_| DecodeError::Time { text: self.0.to_owned() })
    }

    pub(super) fn count(self) -> Result<u64, DecodeError> {
        let wrong = |_| DecimalError::Malformed { text: self.0.to_owned() };
        Ok(self.0.parse().map_err(wrong)?)
    }

    /// The text between the quotes, without regard to escapes.
    pub(super) const fn text(self) -> &'a str {
        self.0
    }
}

impl fmt::Debug for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'a RawValue>::deserialize(deserializer)?.get();
        let unquoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        Ok(Self(unquoted.unwrap_or(text)))
    }
}

/// Fields that are read as what they mean at once; a wrong one is an error of the JSON, with its place.
pub(super) mod field {
    use super::*;

    pub(in crate::codec) fn price<'de, D: Deserializer<'de>>(de: D) -> Result<Price, D::Error> {
        Number::deserialize(de)?.price().map_err(D::Error::custom)
    }

    pub(in crate::codec) fn quantity<'de, D: Deserializer<'de>>(
        de: D,
    ) -> Result<Quantity, D::Error> {
        Number::deserialize(de)?.quantity().map_err(D::Error::custom)
    }

    pub(in crate::codec) fn notional<'de, D: Deserializer<'de>>(
        de: D,
    ) -> Result<Notional, D::Error> {
        Number::deserialize(de)?.notional().map_err(D::Error::custom)
    }

    pub(in crate::codec) fn time<'de, D: Deserializer<'de>>(de: D) -> Result<UnixNanos, D::Error> {
        timestamp(Number::deserialize(de)?.text()).map_err(D::Error::custom)
    }

    pub(in crate::codec) fn levels<'de, D: Deserializer<'de>>(
        de: D,
    ) -> Result<Vec<Level>, D::Error> {
        de.deserialize_seq(Levels)
    }
}

#[derive(Deserialize)]
struct LevelRow<'a> {
    #[serde(borrow)]
    price: Number<'a>,
    #[serde(borrow)]
    qty: Number<'a>,
}

/// A level of a book; `None` for one whose price is above what a price holds.
///
/// Books of real markets have such offers, ten billion for a bitcoin, far from where anybody trades. If one
/// was among the best after all, the book's checksum would tell.
fn level(price: Number<'_>, quantity: Number<'_>) -> Result<Option<Level>, DecimalError> {
    let quantity = quantity.quantity()?;
    match price.price() {
        Ok(price) => Ok(Some(Level { price, quantity })),
        Err(DecimalError::TooLarge { text }) => {
            tracing::debug!(venue = "kraken", price = text, "level left out");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A list, each row of which becomes what it means before the next one is read.
pub(super) struct Rows<R, T> {
    rows: Vec<T>,
    read_as: PhantomData<R>,
}

impl<R, T> Rows<R, T> {
    pub(super) fn into_vec(self) -> Vec<T> {
        self.rows
    }
}

impl<'de, R: Deserialize<'de> + Into<T>, T> Deserialize<'de> for Rows<R, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self { rows: Vec::new(), read_as: PhantomData })
    }
}

impl<'de, R: Deserialize<'de> + Into<T>, T> Visitor<'de> for Rows<R, T> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<Self, A::Error> {
        while let Some(row) = rows.next_element::<R>()? {
            self.rows.push(row.into());
        }
        Ok(self)
    }
}

struct Levels;

impl<'de> Visitor<'de> for Levels {
    type Value = Vec<Level>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of levels")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
        let mut levels = Vec::new();
        while let Some(LevelRow { price, qty }) = rows.next_element()? {
            levels.extend(level(price, qty).map_err(A::Error::custom)?);
        }
        Ok(levels)
    }
}

/// A row without names. What comes after the columns that we use is nobody's business.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Columns<'a>(#[serde(borrow)] Vec<Number<'a>>);

impl<'a> Columns<'a> {
    /// The column of a name that only the error tells.
    pub(super) fn at(&self, column: usize, what: &'static str) -> Result<Number<'a>, DecodeError> {
        self.0.get(column).copied().ok_or(DecodeError::Missing { what })
    }

    /// Price and quantity in front, as a level of a book; `None` for a price that is too large for one.
    pub(super) fn level(&self) -> Result<Option<Level>, DecodeError> {
        Ok(level(self.at(0, "price")?, self.at(1, "quantity")?)?)
    }

    /// Digits after the points of both.
    pub(super) fn decimals(&self) -> Result<(u32, u32), DecodeError> {
        let digits = |number: Number<'_>| {
            let fraction = number.0.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            u32::try_from(fraction).unwrap_or(u32::MAX)
        };
        Ok((digits(self.at(0, "price")?), digits(self.at(1, "quantity")?)))
    }
}

/// Parses `2023-10-06T17:35:55.440295Z`.
pub(super) fn timestamp(text: &str) -> Result<UnixNanos, DecodeError> {
    if let Some(at) = micros_in_utc(text.as_bytes()) {
        return Ok(at);
    }
    let parsed = text.parse::<jiff::Timestamp>().ok();
    parsed
        .and_then(|time| i64::try_from(time.as_nanosecond()).ok())
        .map(UnixNanos::from_nanos)
        .ok_or_else(|| DecodeError::Time { text: text.to_owned() })
}

/// As [`timestamp`], of the very form in which Kraken writes most of them: years from 1970 to 2199 with
/// microseconds in UTC. `None` for everything else, which is jiff's. A message of a trade is read in a
/// sixth less time by that.
fn micros_in_utc(text: &[u8]) -> Option<UnixNanos> {
    let number = |from: usize, length: usize| {
        text.get(from..from + length)?.iter().try_fold(0_i64, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
    if text.len() != 27 || marks.iter().any(|(at, mark)| text[*at] != *mark) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    let length = match month {
        2 => 28 + leap,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let valid = (1970..2200).contains(&year)
        && (1..=length).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !valid {
        return None;
    }
    // Days since 1970, of a year that begins in March, so that its leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    let seconds = ((days - 719_469) * 24 + hour) * 3_600 + minute * 60 + second;
    Some(UnixNanos::from_nanos(seconds * 1_000_000_000 + number(20, 6)? * 1_000))
}

/// Formats an instant as RFC 3339.
pub(super) fn rfc3339(at: UnixNanos) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos()))
        .map_or_else(|_| String::new(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        let parsed: Vec<Number<'_>> =
            serde_json::from_str(r#"[45285.2, 0.00100000, "0.1", 1e-8]"#).expect("valid");
        assert_eq!(format!("{parsed:?}"), "[45285.2, 0.00100000, 0.1, 1e-8]");
        assert_eq!(parsed[0].price(), Price::parse("45285.2"));
        assert_eq!(parsed[3].quantity(), Ok(Quantity::from_raw(1)));
        let absent: Option<Number<'_>> = serde_json::from_str("null").expect("valid");
        assert_eq!(absent, None);
    }

    #[test]
    fn times_go_both_ways() {
        let text = "2023-10-06T17:35:55.440295Z";
        let at = timestamp(text).expect("valid");
        assert_eq!(at.as_nanos(), 1_696_613_755_440_295_000);
        assert_eq!(rfc3339(at), text);
        assert!(timestamp("yesterday").is_err());
        assert!(timestamp("9999-01-01T00:00:00Z").is_err());
    }

    /// Every day of the range, and each with another time of the day.
    #[test]
    fn the_common_form_of_a_time_means_what_jiff_says() {
        let jiffs = |text: &str| {
            let nanos = text.parse::<jiff::Timestamp>().expect("a time").as_nanosecond();
            Some(UnixNanos::from_nanos(i64::try_from(nanos).expect("in range")))
        };
        let days = (1970..2200).flat_map(|year| {
            (1..=12).flat_map(move |month| (1..=31).map(move |day| (year, month, day)))
        });
        let (mut count, mut micros) = (0, 0);
        for (year, month, day) in days {
            micros = (micros + 86_399_123_457_i64) % 86_400_000_000;
            let seconds = micros / 1_000_000;
            let text = format!(
                "{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
                seconds / 3_600,
                seconds / 60 % 60,
                seconds % 60,
                micros % 1_000_000
            );
            let Some(at) = micros_in_utc(text.as_bytes()) else {
                assert!(text.parse::<jiff::Timestamp>().is_err(), "{text}");
                continue;
            };
            assert_eq!(Some(at), jiffs(&text), "{text}");
            count += 1;
        }
        assert_eq!(count, 84_006);
        for other in [
            "2023-10-06T17:35:55.44029Z",
            "2023-10-06t17:35:55.440295Z",
            "2023-10-06T17:35:60.440295Z",
            "2023-10-06T24:35:50.440295Z",
            "2023-13-06T17:35:50.440295Z",
            "2023-00-06T17:35:50.440295Z",
            "1969-10-06T17:35:50.440295Z",
            "2023-10-06T17:35:5 .440295Z",
            "",
        ] {
            assert_eq!(micros_in_utc(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn seconds_may_have_more_digits_than_nanoseconds() {
        let at = |text| Number(text).seconds().map(UnixNanos::as_nanos).ok();
        assert_eq!(at("1710327959.1733468"), Some(1_710_327_959_173_346_800));
        assert_eq!(at("1700272061.12345678949"), Some(1_700_272_061_123_456_789));
        assert_eq!(at("0"), Some(0));
        assert_eq!(at("soon"), None);
    }
}
