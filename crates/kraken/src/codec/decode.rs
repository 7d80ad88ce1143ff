//! Reading JSON without losing digits.

use std::fmt;

use model::{DecimalError, Notional, Price, Quantity, UnixNanos};
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

impl Number<'_> {
    pub(super) fn price(self) -> Result<Price, DecimalError> {
        Price::parse(self.0)
    }

    pub(super) fn quantity(self) -> Result<Quantity, DecimalError> {
        Quantity::parse(self.0)
    }

    pub(super) fn notional(self) -> Result<Notional, DecimalError> {
        Notional::parse(self.0)
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

/// Parses `2023-10-06T17:35:55.440295Z`.
pub(super) fn timestamp(text: &str) -> Result<UnixNanos, DecodeError> {
    let parsed = text.parse::<jiff::Timestamp>().ok();
    parsed
        .and_then(|time| i64::try_from(time.as_nanosecond()).ok())
        .map(UnixNanos::from_nanos)
        .ok_or_else(|| DecodeError::Time { text: text.to_owned() })
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
}
