//! Durations as text with units: `250ms`, `30s`, `1m30s`.

use std::fmt;
use std::time::Duration;

use serde::{Deserializer, Serializer, de};
use thiserror::Error;

/// What an error message asks for.
const EXPECTED: &str = r#"a duration with a unit, for example "250ms", "30s" or "5m""#;

/// Units with their length in nanoseconds, longest first.
const UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not {EXPECTED}")]
pub struct InvalidDuration {
    /// The text as it was found.
    pub text: String,
}

/// Parses whole numbers with units `d`, `h`, `m`, `s`, `ms`, `us`, `ns`, longest unit first, each at
/// most once, without spaces: `90s`, `1m30s`, `250ms`.
///
/// # Errors
/// [`InvalidDuration`]: a bare number, an unknown or repeated unit, a fraction, a sign, or a length
/// beyond 584 years.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidDuration> {
    let nanos = parse_nanos(text).ok_or_else(|| InvalidDuration { text: text.to_owned() })?;
    Ok(Duration::from_nanos(nanos))
}

fn parse_nanos(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_lowercase).count();
        let (name, after) = after.split_at(letters);
        // The search goes on where it stopped, so that units can only become shorter.
        let (_, nanos) = units.find(|(unit, _)| *unit == name)?;
        let number: u64 = number.parse().ok()?;
        total = total.checked_add(number.checked_mul(*nanos)?)?;
        if after.is_empty() {
            return Some(total);
        }
        rest = after;
    }
}

/// The shortest text that [`parse_duration`] reads back as the same duration: `1m30s`, `0s`.
///
/// Durations beyond 584 years show as the longest one.
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, nanos) in UNITS {
        let count = rest / nanos;
        rest %= nanos;
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(unit);
        }
    }
    text
}

/// For `#[serde(with = "duration")]`.
pub(crate) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_duration(*duration))
}

/// For `#[serde(with = "duration")]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = Duration;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(EXPECTED)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            parse_duration(text).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_str(Visitor)
}

/// For `#[serde(default, with = "duration::optional")]`.
pub(crate) mod optional {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}

#[cfg(test)]
mod tests;
