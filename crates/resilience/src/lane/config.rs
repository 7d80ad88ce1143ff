//! What a lane can be told.

use std::time::Duration;

use thiserror::Error;

use crate::backoff::BackoffConfigError;
use crate::breaker::{BreakerConfig, BreakerConfigError};
use crate::retry::{RetryBudgetConfig, RetryBudgetConfigError, RetryConfig, RetryConfigError};

/// Longest attempt, and longest wait for the limiter.
const TIME_MAX: Duration = Duration::from_secs(3600);

/// Settings of one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneConfig {
    /// Its breaker.
    pub breaker: BreakerConfig,
    /// Retries of one call.
    pub retry: RetryConfig,
    /// Retries of all calls together.
    pub budget: RetryBudgetConfig,
    /// Longest time of one attempt, from the send to the end of the answer. Above 0, at most an
    /// hour, default 15 s.
    pub attempt_timeout: Duration,
    /// Longest wait for the limiter, per attempt. Zero for no wait at all, at most an hour, default
    /// 5 s.
    pub queue_wait_max: Duration,
}

impl Default for LaneConfig {
    fn default() -> Self {
        Self {
            breaker: BreakerConfig::default(),
            retry: RetryConfig::default(),
            budget: RetryBudgetConfig::default(),
            attempt_timeout: Duration::from_secs(15),
            queue_wait_max: Duration::from_secs(5),
        }
    }
}

impl LaneConfig {
    /// Checks the configuration, every part of it.
    ///
    /// # Errors
    /// [`LaneConfigError`] for the first setting that is out of range.
    pub fn validate(&self) -> Result<(), LaneConfigError> {
        self.breaker.validate()?;
        self.retry.validate()?;
        self.retry.backoff.validate()?;
        self.budget.validate()?;
        if self.attempt_timeout.is_zero() || self.attempt_timeout > TIME_MAX {
            Err(LaneConfigError::AttemptTimeout(self.attempt_timeout))
        } else if self.queue_wait_max > TIME_MAX {
            Err(LaneConfigError::QueueWaitMax(self.queue_wait_max))
        } else {
            Ok(())
        }
    }
}

/// Why a [`LaneConfig`] makes no sense. Every message names the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LaneConfigError {
    /// The breaker's part.
    #[error(transparent)]
    Breaker(#[from] BreakerConfigError),
    /// The retries of one call.
    #[error(transparent)]
    Retry(#[from] RetryConfigError),
    /// The waits between retries.
    #[error(transparent)]
    Backoff(#[from] BackoffConfigError),
    /// The retry budget.
    #[error(transparent)]
    Budget(#[from] RetryBudgetConfigError),
    /// Without time no attempt could ever succeed.
    #[error("lane setting `attempt_timeout` of {0:?} is not above zero and at most {TIME_MAX:?}")]
    AttemptTimeout(Duration),
    /// A caller would be stuck.
    #[error("lane setting `queue_wait_max` of {0:?} is above {TIME_MAX:?}")]
    QueueWaitMax(Duration),
}
