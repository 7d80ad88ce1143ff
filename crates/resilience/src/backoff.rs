//! How long to wait before another attempt. Pure.

use std::time::Duration;

use rand::{Rng, RngExt};
use thiserror::Error;

/// Longest wait that a server may ask for. A longer one is a ban, which is the breaker's business.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Which part of a delay is left to chance, so that clients that failed together do not come back
/// together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Jitter {
    /// None: the delay is exactly the exponential one.
    None,
    /// All of it: anything from zero to the exponential delay.
    #[default]
    Full,
    /// The upper half: at least half of the exponential delay.
    Equal,
}

/// Exponential backoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffConfig {
    /// Upper bound of the first delay. At least 1 ms, default 1 s.
    pub base: Duration,
    /// Upper bound of every delay. From `base` to [`RETRY_AFTER_MAX`], default 30 s.
    pub cap: Duration,
    /// Which part is left to chance. Default [`Jitter::Full`].
    pub jitter: Jitter,
}

/// Why a [`BackoffConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackoffConfigError {
    /// Delays are whole milliseconds.
    #[error("backoff setting `base` is below 1 ms")]
    BaseTooShort,
    /// The first delay would be above the last.
    #[error("backoff setting `cap` is below `base`")]
    CapBelowBase,
    /// A cap that would let a call sleep for hours.
    #[error("backoff setting `cap` is above {RETRY_AFTER_MAX:?}")]
    CapTooLong,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self { base: Duration::from_secs(1), cap: Duration::from_secs(30), jitter: Jitter::Full }
    }
}

impl BackoffConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`BackoffConfigError`]: a bound is out of range.
    pub fn validate(&self) -> Result<(), BackoffConfigError> {
        if self.base < Duration::from_millis(1) {
            Err(BackoffConfigError::BaseTooShort)
        } else if self.cap < self.base {
            Err(BackoffConfigError::CapBelowBase)
        } else if self.cap > RETRY_AFTER_MAX {
            Err(BackoffConfigError::CapTooLong)
        } else {
            Ok(())
        }
    }

    /// Delay before retry `attempt`, which counts from 0.
    ///
    /// At most `min(base * 2^attempt, cap)`, in whole milliseconds, rounded down: the cap holds
    /// with the jitter in it.
    ///
    /// # Determinism
    /// Draws once from the stream given, or not at all without jitter; reads no clock.
    pub fn delay<R: Rng + ?Sized>(&self, attempt: u32, rng: &mut R) -> Duration {
        let grown = 1_u32.checked_shl(attempt).and_then(|factor| self.base.checked_mul(factor));
        let bound = millis(grown.unwrap_or(self.cap).min(self.cap));
        Duration::from_millis(match self.jitter {
            Jitter::None => bound,
            Jitter::Full => rng.random_range(0..=bound),
            Jitter::Equal => rng.random_range(bound.div_ceil(2)..=bound),
        })
    }

    /// As [`BackoffConfig::delay`], but not less than the server asked for, as far as
    /// [`RETRY_AFTER_MAX`].
    ///
    /// # Determinism
    /// As [`BackoffConfig::delay`]: what the server says does not change what is drawn.
    pub fn delay_after<R: Rng + ?Sized>(
        &self,
        attempt: u32,
        retry_after: Duration,
        rng: &mut R,
    ) -> Duration {
        self.delay(attempt, rng).max(retry_after.min(RETRY_AFTER_MAX))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
