//! Seeds as text: a number, a hexadecimal number, or the hash of a commit.

use std::fmt;

use serde::{Deserializer, de};
use thiserror::Error;

/// What an error message asks for.
const EXPECTED: &str = "a seed: a number up to 18446744073709551615, hexadecimal such as 0x57eb0001, \
     or a git hash of 40 digits";

/// Digits of a full git hash.
const GIT_HASH_DIGITS: usize = 40;
/// Leading digits of a git hash that make the seed: 64 bits.
const GIT_HASH_DIGITS_USED: usize = 16;

/// A text that is not a seed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not {EXPECTED}")]
pub struct InvalidSeed {
    /// The text as it was found.
    pub text: String,
}

/// Parses a decimal number, a hexadecimal one with `0x`, or a full git hash, of which the first 16
/// digits count.
///
/// # Errors
/// [`InvalidSeed`]: anything else, and numbers beyond 64 bits.
pub fn parse_seed(text: &str) -> Result<u64, InvalidSeed> {
    let invalid = || InvalidSeed { text: text.to_owned() };
    let is = |digits: &str, valid: fn(&u8) -> bool| {
        !digits.is_empty() && digits.bytes().all(|byte| valid(&byte))
    };
    if text.len() == GIT_HASH_DIGITS && is(text, u8::is_ascii_hexdigit) {
        return u64::from_str_radix(&text[..GIT_HASH_DIGITS_USED], 16).map_err(|_| invalid());
    }
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(digits) if is(digits, u8::is_ascii_hexdigit) => (digits, 16),
        None if is(text, u8::is_ascii_digit) => (text, 10),
        _ => return Err(invalid()),
    };
    u64::from_str_radix(digits, radix).map_err(|_| invalid())
}

/// The form in which seeds are shown and saved: `0x57eb0001`.
pub fn format_seed(seed: u64) -> String {
    format!("{seed:#x}")
}

/// For `#[serde(deserialize_with = "seed::deserialize")]`: a number, or a text that [`parse_seed`] reads.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(EXPECTED)
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
            u64::try_from(number)
                .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
            Ok(number)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
            parse_seed(text).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    deserializer.deserialize_any(Visitor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_hex_and_git_hashes_are_seeds() {
        let check = |text: &str, seed: u64| assert_eq!(parse_seed(text), Ok(seed), "{text}");
        check("0", 0);
        check("7", 7);
        check("18446744073709551615", u64::MAX);
        check("0x57eb0001", 0x57eb_0001);
        check("0xFFFFFFFFFFFFFFFF", u64::MAX);
        check("3f2a1bc4d5e6f708192a3b4c5d6e7f8091a2b3c4", 0x3f2a_1bc4_d5e6_f708);
        check("1234567890123456789012345678901234567890", 0x1234_5678_9012_3456);
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "-1",
            "+1",
            "1 ",
            "0x",
            "0xg",
            "0x+1",
            "3f2a1bc",
            "18446744073709551616",
            "1e3",
            "0x10000000000000000",
            "zzzz1bc4d5e6f708192a3b4c5d6e7f8091a2b3c4",
        ] {
            let error = parse_seed(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "`{text}` is not a seed: a number up to 18446744073709551615, hexadecimal such \
                     as 0x57eb0001, or a git hash of 40 digits"
                )
            );
        }
    }

    #[test]
    fn a_shown_seed_is_read_back() {
        for seed in [0, 1, 0x57eb_0001, u64::MAX] {
            assert_eq!(parse_seed(&format_seed(seed)), Ok(seed));
        }
    }
}
