//! Wall-clock instants as integers.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decimal::parse_scaled;

/// Why a text is not a time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a time in seconds since 1970 with at most 9 digits after the point")]
pub struct TimeError {
    text: String,
}

/// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Range 1677 to 2262.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct UnixNanos(i64);

const NANOS_PER_SECOND: i64 = 1_000_000_000;

impl UnixNanos {
    /// The epoch.
    pub const ZERO: Self = Self(0);

    /// Wraps a count of nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The count of nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Wraps whole seconds; saturates at the ends of the range.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Parses seconds with up to nine digits after the point: `1561939203.172`, `1672531436`.
    ///
    /// # Errors
    /// [`TimeError`]: not a number, finer than nanoseconds, or out of range.
    pub fn parse_secs(text: &str) -> Result<Self, TimeError> {
        parse_scaled(text, 9)
            .ok()
            .and_then(|nanos| i64::try_from(nanos).ok())
            .map(Self)
            .ok_or_else(|| TimeError { text: text.to_owned() })
    }

    /// Later by `duration`; saturates at the end of the range.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }

    /// Whole seconds, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// Nanoseconds after the whole second, `0..1_000_000_000`.
    pub const fn subsec_nanos(self) -> i64 {
        self.0.rem_euclid(NANOS_PER_SECOND)
    }

    /// The instant rounded down to a multiple of `step`; unchanged for a zero step.
    pub fn floor_to(self, step: Duration) -> Self {
        let step = i64::try_from(step.as_nanos()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(self.0.checked_rem_euclid(step).unwrap_or(0)))
    }
}

/// Seconds with nine digits after the point.
impl fmt::Display for UnixNanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.secs(), self.subsec_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_with_any_number_of_digits() {
        let check = |text: &str, nanos: i64| {
            assert_eq!(UnixNanos::parse_secs(text), Ok(UnixNanos::from_nanos(nanos)), "{text}");
        };
        check("1672531436", 1_672_531_436_000_000_000);
        check("1561939203.172", 1_561_939_203_172_000_000);
        check("1561939205.43", 1_561_939_205_430_000_000);
        check("1710327959.173346878", 1_710_327_959_173_346_878);
        assert!(UnixNanos::parse_secs("12:30").is_err());
        assert!(UnixNanos::parse_secs("1e30").is_err());
    }

    #[test]
    fn an_instant_shows_as_seconds() {
        assert_eq!(UnixNanos::from_nanos(1_500_000_000).to_string(), "1.500000000");
        assert_eq!(UnixNanos::from_nanos(-1).to_string(), "-1.999999999");
    }

    #[test]
    fn a_difference_is_never_negative() {
        let (early, late) = (UnixNanos::from_secs(1), UnixNanos::from_secs(3));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.floor_to(Duration::from_secs(2)), UnixNanos::from_secs(2));
    }
}
