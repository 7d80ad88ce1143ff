//! What a cache can be told.

use std::time::Duration;

use thiserror::Error;

/// Longest ttl: a value that may be older needs no cache but a constant.
const TTL_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// Most that `entries_max` may say.
const ENTRIES_MAX: usize = 1_000_000;

/// Settings of a [`super::TtlCache`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheConfig {
    /// Age, counted from the end of its load, at which a value is not given out any more. Above zero,
    /// at most 7 days, default 300 s.
    pub ttl: Duration,
    /// Values held; for one more, the one that was loaded first goes. 1 to 1 000 000, default 1000.
    pub entries_max: usize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(300), entries_max: 1_000 }
    }
}

/// Why a [`CacheConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CacheConfigError {
    /// Values would be stale at once, or never.
    #[error("cache `ttl` is {0:?}, expected above zero and at most {TTL_MAX:?}")]
    Ttl(Duration),
    /// Nothing could be held, or too much.
    #[error("cache `entries_max` is {0}, expected 1 to {ENTRIES_MAX}")]
    EntriesMax(usize),
}

impl CacheConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`CacheConfigError`]: a value is out of range.
    pub fn validate(&self) -> Result<(), CacheConfigError> {
        if self.ttl.is_zero() || self.ttl > TTL_MAX {
            Err(CacheConfigError::Ttl(self.ttl))
        } else if !(1..=ENTRIES_MAX).contains(&self.entries_max) {
            Err(CacheConfigError::EntriesMax(self.entries_max))
        } else {
            Ok(())
        }
    }
}
