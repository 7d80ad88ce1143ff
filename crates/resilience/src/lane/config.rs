//! What a lane can be told.

use std::time::Duration;

use thiserror::Error;

use crate::backoff::BackoffConfigError;
use crate::breaker::{BreakerConfig, BreakerConfigError};
use crate::limiter::{LimiterConfig, LimiterConfigError};
use crate::retry::{RetryBudgetConfig, RetryBudgetConfigError, RetryConfig};

/// Settings of one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneConfig {
    /// Its breaker.
    pub breaker: BreakerConfig,
    /// Its rate.
    pub limiter: LimiterConfig,
    /// Retries of one call.
    pub retry: RetryConfig,
    /// Retries of all calls together.
    pub budget: RetryBudgetConfig,
    /// Longest time of one attempt, from the send to the end of the answer. Above 0, default 15 s.
    pub attempt_timeout: Duration,
    /// Longest wait for the limiter, per attempt. Default 5 s.
    pub queue_wait_max: Duration,
}

impl Default for LaneConfig {
    fn default() -> Self {
        Self {
            breaker: BreakerConfig::default(),
            limiter: LimiterConfig::default(),
            retry: RetryConfig::default(),
            budget: RetryBudgetConfig::default(),
            attempt_timeout: Duration::from_secs(15),
            queue_wait_max: Duration::from_secs(5),
        }
    }
}

/// Why a [`LaneConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LaneConfigError {
    /// The breaker's part.
    #[error(transparent)]
    Breaker(#[from] BreakerConfigError),
    /// The limiter's part.
    #[error(transparent)]
    Limiter(#[from] LimiterConfigError),
    /// The waits between retries.
    #[error(transparent)]
    Backoff(#[from] BackoffConfigError),
    /// The retry budget.
    #[error(transparent)]
    Budget(#[from] RetryBudgetConfigError),
    /// No attempt could ever succeed.
    #[error("attempt timeout is zero")]
    NoAttemptTime,
}
