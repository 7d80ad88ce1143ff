//! Times of the files: counts since 1970 in four units, and dates as text.

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

const NANOS_PER_SECOND: i64 = 1_000_000_000;

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
    if parts.next().is_some() || !(1..=12).contains(&month) {
        return None;
    }
    if !(1..=days_of_month(year, month)).contains(&day) {
        return None;
    }
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = clock.split(':');
    let (hour, minute) = (part(parts.next()?, 2)?, part(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |text| part(text, 2))?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if !(1..=9).contains(&fraction.len()) {
        return None;
    }
    let nanos = part(&format!("{fraction:0<9}"), 9)?;
    let days = days_since_1970(year, month, day);
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(nanos)
}

/// A number of exactly `digits` digits.
fn part(text: &str, digits: usize) -> Option<i64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days of the Gregorian calendar; years count from March so that the leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// `2024-08-08 23:54:15.342`, in UTC, with as many digits after the point as are needed.
pub fn format_utc(ts: UnixNanos) -> String {
    let (days, second) = (ts.secs().div_euclid(86_400), ts.secs().rem_euclid(86_400));
    let (year, month, day) = date_of(days);
    let clock = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    let fraction = match ts.subsec_nanos() {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').to_owned(),
    };
    format!("{year:04}-{month:02}-{day:02} {clock}{fraction}")
}

/// The inverse of [`days_since_1970`].
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, early) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + early, month, day)
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
