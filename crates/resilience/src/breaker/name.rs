//! The name of a breaker, small enough to be copied into every rejection.

use std::fmt;
use std::ops::Deref;

/// What a breaker guards: `kraken/read`. At most [`BreakerName::LENGTH_MAX`] bytes.
///
/// Held in place: a rejection carries it, and counting references to a shared text twice would cost
/// a fifth of the whole rejection.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BreakerName {
    /// Zeros after the text, so that equal names are equal arrays.
    bytes: [u8; Self::LENGTH_MAX],
    length: u8,
}

impl BreakerName {
    /// Longest name, in bytes.
    pub const LENGTH_MAX: usize = 31;

    /// The name of a breaker that has none.
    pub(super) const EMPTY: Self = Self { bytes: [0; Self::LENGTH_MAX], length: 0 };

    /// Wraps a text; `None` if it is too long.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; Self::LENGTH_MAX];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        let length = u8::try_from(text.len()).ok()?;
        Some(Self { bytes, length })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let text = &self.bytes[..usize::from(self.length)];
        str::from_utf8(text).expect("made from a whole text")
    }
}

impl Deref for BreakerName {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for BreakerName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for BreakerName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for BreakerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for BreakerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
