#![doc = include_str!("../docs/retry.md")]

use parking_lot::Mutex;
use thiserror::Error;
use tokio::time::Instant;

use crate::backoff::BackoffConfig;

/// Retries of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryConfig {
    /// Attempts after the first. 0 switches retries off; at most 100, default 3.
    pub retries_max: u32,
    /// Waits between them.
    pub backoff: BackoffConfig,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self { retries_max: 3, backoff: BackoffConfig::default() }
    }
}

/// Most retries that make any sense.
const RETRIES_MAX: u32 = 100;

impl RetryConfig {
    /// Checks the number of retries; [`BackoffConfig::validate`] checks the waits.
    ///
    /// # Errors
    /// [`RetryConfigError`]: a value is out of range.
    pub const fn validate(&self) -> Result<(), RetryConfigError> {
        if self.retries_max > RETRIES_MAX {
            Err(RetryConfigError::TooManyRetries(self.retries_max))
        } else {
            Ok(())
        }
    }
}

/// Why a [`RetryConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RetryConfigError {
    /// A call that is repeated so often is a storm of its own.
    #[error("retry setting `retries_max` of `{0}` is above {RETRIES_MAX}")]
    TooManyRetries(u32),
}

/// Retries of all calls together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudgetConfig {
    /// Retries earned by calls, in percent of the calls. 0 to 100, default 20.
    pub calls_percent: u32,
    /// Retries earned by time, so that a quiet lane may retry, too. Per second; 0 to 1000, default 1.
    pub per_second: u32,
    /// Retries that can be saved up; a new budget holds so many. 1 to 1000, default 10.
    pub saved_max: u32,
}

impl Default for RetryBudgetConfig {
    fn default() -> Self {
        Self { calls_percent: 20, per_second: 1, saved_max: 10 }
    }
}

/// Largest number of retries saved up, or earned per second.
const BUDGET_MAX: u32 = 1000;

/// Why a [`RetryBudgetConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RetryBudgetConfigError {
    /// More than one retry per call is no budget.
    #[error("retry budget setting `calls_percent` of `{0}` is above 100")]
    TooGenerous(u32),
    /// A budget that time fills so fast bounds nothing.
    #[error("retry budget setting `per_second` of `{0}` is above {BUDGET_MAX}")]
    TooFast(u32),
    /// Nothing could ever be withdrawn, or a storm at once.
    #[error("retry budget setting `saved_max` of `{0}` is not from 1 to {BUDGET_MAX}")]
    SavedMax(u32),
}

impl RetryBudgetConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`RetryBudgetConfigError`]: a value is out of range.
    pub const fn validate(&self) -> Result<(), RetryBudgetConfigError> {
        if self.calls_percent > 100 {
            Err(RetryBudgetConfigError::TooGenerous(self.calls_percent))
        } else if self.per_second > BUDGET_MAX {
            Err(RetryBudgetConfigError::TooFast(self.per_second))
        } else if self.saved_max == 0 || self.saved_max > BUDGET_MAX {
            Err(RetryBudgetConfigError::SavedMax(self.saved_max))
        } else {
            Ok(())
        }
    }
}

/// A token bucket: calls and time pay in, retries draw out.
#[derive(Debug)]
pub struct RetryBudget {
    bucket: Mutex<Bucket>,
}

impl RetryBudget {
    /// A full budget.
    ///
    /// # Errors
    /// [`RetryBudgetConfigError`]: the configuration makes no sense.
    pub fn new(config: RetryBudgetConfig) -> Result<Self, RetryBudgetConfigError> {
        config.validate()?;
        Ok(Self { bucket: Mutex::new(Bucket::new(config)) })
    }

    /// Pays in for one call. Reads no clock.
    pub fn deposit(&self) {
        self.bucket.lock().deposit();
    }

    /// Takes one retry; false when none is left.
    #[must_use]
    pub fn withdraw(&self) -> bool {
        self.bucket.lock().withdraw(Instant::now())
    }
}

/// One retry in the bucket's unit, chosen such that a nanosecond earns a whole number.
const RETRY: u64 = 1_000_000_000;

/// The arithmetic of the budget.
#[derive(Debug)]
struct Bucket {
    config: RetryBudgetConfig,
    saved: u64,
    earned_until: Option<Instant>,
}

impl Bucket {
    fn new(config: RetryBudgetConfig) -> Self {
        Self { config, saved: u64::from(config.saved_max) * RETRY, earned_until: None }
    }

    fn deposit(&mut self) {
        self.earn(u64::from(self.config.calls_percent) * (RETRY / 100));
    }

    fn withdraw(&mut self, now: Instant) -> bool {
        // Until its first withdrawal the bucket is full, so nothing is lost by not counting time.
        let since = self.earned_until.unwrap_or(now);
        let nanos = now.saturating_duration_since(since).as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.earned_until = Some(since.max(now));
        self.earn(nanos.saturating_mul(u64::from(self.config.per_second)));
        let left = self.saved.checked_sub(RETRY);
        self.saved = left.unwrap_or(self.saved);
        left.is_some()
    }

    fn earn(&mut self, amount: u64) {
        let full = u64::from(self.config.saved_max) * RETRY;
        self.saved = self.saved.saturating_add(amount).min(full);
    }
}

#[cfg(test)]
mod tests;
