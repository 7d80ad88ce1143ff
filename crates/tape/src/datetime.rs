//! Times of the files: counts since 1970 in four units, and dates as text.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use model::UnixNanos;

use crate::number::{parse_decimal, take_decimal, take_integer};

/// How a column tells the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    /// Seconds, with up to nine digits after the point.
    Seconds,
    /// A count whose size tells the unit: Binance went from milliseconds to microseconds in 2025.
    BySize,
    /// `2020-10-02`, `2020-10-02 16:45:00`, `2020-10-02T16:45:00.123Z`, `...+00:00`.
    Text,
}

/// Below: seconds until the year 5138. Below the others: milliseconds, microseconds to that year.
const SECONDS_END: u64 = 100_000_000_000;
const MILLIS_END: u64 = SECONDS_END * 1_000;
const MICROS_END: u64 = MILLIS_END * 1_000;

impl TimeUnit {
    /// What a field of this kind is called in errors.
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::Seconds => "a time in seconds since 1970 with at most 9 digits after the point",
            Self::BySize => "a time in milliseconds or microseconds since 1970",
            Self::Text => "a time like 2020-10-02 16:45:00",
        }
    }

    /// Takes a time from the front, in nanoseconds; `None` for what [`Self::parse`] must look at.
    #[inline(always)]
    pub(crate) fn take(self, cursor: &mut &[u8]) -> Option<i64> {
        match self {
            Self::Seconds => take_decimal(cursor, 9).filter(|nanos| *nanos >= 0),
            Self::BySize => nanos_by_size(take_integer(cursor)?),
            Self::Text => None,
        }
    }

    /// Reads a whole text, in nanoseconds.
    pub(crate) fn parse(self, text: &str) -> Option<i64> {
        let mut rest = text.as_bytes();
        if let Some(nanos) = self.take(&mut rest)
            && rest.is_empty()
        {
            return Some(nanos);
        }
        match self {
            Self::Text => parse_date_time(text),
            Self::BySize if text.contains('.') => {
                // Seconds with a fraction, as Python prints them.
                let (nanos, _) = parse_decimal(text, 9).ok()?;
                Some(nanos).filter(|nanos| *nanos >= 0)
            }
            Self::Seconds | Self::BySize => None,
        }
    }
}

/// A count in the unit that its size suggests.
#[inline(always)]
fn nanos_by_size(count: u64) -> Option<i64> {
    let factor = unit_by_size(count);
    i64::try_from(count.checked_mul(factor)?).ok()
}

/// Nanoseconds of the unit that the size of a count suggests.
#[inline(always)]
pub(crate) const fn unit_by_size(count: u64) -> u64 {
    if count < SECONDS_END {
        1_000_000_000
    } else if count < MILLIS_END {
        1_000_000
    } else if count < MICROS_END {
        1_000
    } else {
        1
    }
}

/// Reads `2020-10-02`, `2020-10-02 16:45:00` or `2020-10-02T16:45:00.123Z`, in UTC.
///
/// # Errors
/// A text that says what was expected.
pub fn parse_utc(text: &str) -> Result<UnixNanos, String> {
    let nanos = parse_date_time(text);
    nanos.map(UnixNanos::from_nanos).ok_or_else(|| {
        "expected a day or a time in UTC, like 2020-10-02 or 2020-10-02T16:45:00".to_owned()
    })
}

/// A date with or without a time of day, in UTC.
fn parse_date_time(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time),
        None => (text, "00:00:00"),
    };
    let time =
        ["+00:00", "Z", " UTC"].iter().find_map(|zone| time.strip_suffix(zone)).unwrap_or(time);
    let mut parts = date.split('-');
    let (year, month, day) =
        (part(parts.next()?, 4)?, part(parts.next()?, 2)?, part(parts.next()?, 2)?);
    if parts.next().is_some() {
        return None;
    }
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':');
    let (hour, minute) = (part(parts.next()?, 2)?, part(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |text| part(text, 2))?;
    if parts.next().is_some() || !(1..=9).contains(&fraction.len()) {
        return None;
    }
    let nanos = part(&format!("{fraction:0<9}"), 9)?;
    let date_time = DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
    let instant = Offset::UTC.to_timestamp(date_time).ok()?;
    i64::try_from(instant.as_nanosecond()).ok()
}

/// A number of exactly `digits` digits.
fn part<T: FromStr>(text: &str, digits: usize) -> Option<T> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// `2024-08-08 23:54:15.342`, in UTC, with as many digits after the point as are needed.
pub fn format_utc(ts: UnixNanos) -> String {
    let instant = Timestamp::from_nanosecond(ts.as_nanos().into());
    // Every 64-bit count of nanoseconds is within the library's range; the count is a fair fallback.
    instant.map_or_else(
        |_| ts.to_string(),
        |instant| Offset::UTC.to_datetime(instant).strftime("%Y-%m-%d %H:%M:%S%.f").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_counts_mean_the_same_instant() {
        let check = |unit: TimeUnit, text: &str, expected: Option<&str>| {
            let shown = unit.parse(text).map(|nanos| format_utc(UnixNanos::from_nanos(nanos)));
            assert_eq!(shown.as_deref(), expected, "{unit:?} {text}");
        };
        let instant = Some("2024-08-08 23:54:15.342");
        check(TimeUnit::Seconds, "1723161255.342", instant);
        check(TimeUnit::BySize, "1723161255342", instant);
        check(TimeUnit::BySize, "1723161255342000", instant);
        check(TimeUnit::BySize, "1723161255342000000", instant);
        check(TimeUnit::BySize, "1723161255.342", instant);
        check(TimeUnit::Text, "2024-08-08 23:54:15.342", instant);
        check(TimeUnit::Text, "2024-08-08T23:54:15.342Z", instant);
        check(TimeUnit::Text, "2024-08-08 23:54:15.342000+00:00", instant);
        check(TimeUnit::Text, "2024-02-29", Some("2024-02-29 00:00:00"));
        check(TimeUnit::Text, "1969-12-31 23:59", Some("1969-12-31 23:59:00"));
        for wrong in ["2023-02-29", "2024-13-01", "2024-01-01 24:00", "2024-1-1", "x", "", "T"] {
            check(TimeUnit::Text, wrong, None);
        }
        check(TimeUnit::Text, "2024-01-01 00:00:00+02:00", None);
        check(TimeUnit::Seconds, "1723161255342", None);
        check(TimeUnit::Seconds, "-1", None);
        check(TimeUnit::BySize, "18446744073709551615", None);
    }

    proptest::proptest! {
        #[test]
        fn every_instant_is_read_back(nanos: i64) {
            let shown = format_utc(UnixNanos::from_nanos(nanos));
            proptest::prop_assert_eq!(parse_date_time(&shown), Some(nanos));
        }

        #[test]
        fn any_text_is_a_time_or_none(text in "[0-9T :.Z+-]{0,30}") {
            let _: Option<i64> = TimeUnit::Text.parse(&text);
            let _: Option<i64> = TimeUnit::BySize.parse(&text);
        }
    }
}
