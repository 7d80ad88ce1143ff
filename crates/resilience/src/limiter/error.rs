//! Why a request was not let through.

use std::time::Duration;

use thiserror::Error;

/// A request was not let through; nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimiterError {
    /// It can never pass.
    #[error("weight `{weight}` is above the limiter's capacity of `{capacity}`")]
    TooHeavy {
        /// Weight of the request.
        weight: u32,
        /// Capacity of the limiter.
        capacity: u32,
    },
    /// It would have to wait longer than it may.
    #[error("rate limit: not before {at_least:?}, may wait {wait_max:?}")]
    WaitTooLong {
        /// Wait from the request's arrival, as far as it is certain; more if others come first.
        at_least: Duration,
        /// Longest wait that the caller allowed.
        wait_max: Duration,
    },
    /// Too many wait already.
    #[error("rate limit: `{waiting}` requests wait already")]
    QueueFull {
        /// Requests in the queue.
        waiting: usize,
    },
    /// A keyed limiter has so many keys in use that it takes no other.
    #[error("rate limit: `{keys}` keys are in use already")]
    TooManyKeys {
        /// Keys in use.
        keys: usize,
    },
}

impl LimiterError {
    /// How long it takes at least until another try makes sense; zero where that is not known.
    pub const fn at_least(&self) -> Duration {
        match self {
            Self::WaitTooLong { at_least, .. } => *at_least,
            Self::TooHeavy { .. } | Self::QueueFull { .. } | Self::TooManyKeys { .. } => {
                Duration::ZERO
            }
        }
    }
}
