//! What callers and venues say about failed calls.

use std::fmt;
use std::time::Duration;

use model::audit::CallOutcome;
use thiserror::Error;

use crate::breaker::BreakerOpen;
use crate::limiter::LimiterError;

/// Whether another attempt makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAdvice {
    /// No: the answer would be the same.
    Never,
    /// After the usual backoff.
    Backoff,
    /// Not before the server's own time, and not before the usual backoff.
    After(Duration),
}

/// What a failed attempt means. Implemented by the error types of venues and transports.
///
/// The text of the error goes into the audit trail and into the cause of a breaker's change.
pub trait Classify: fmt::Display {
    /// What the breaker counts.
    fn outcome(&self) -> CallOutcome;

    /// Whether another attempt makes sense, if the operation may be repeated at all.
    fn retry(&self) -> RetryAdvice;

    /// How long the call's limiter is to let nothing pass: we were too fast.
    fn pause(&self) -> Option<Duration>;

    /// How long the lane's breaker is to be forced open: we are banned.
    fn ban(&self) -> Option<Duration>;
}

/// A call that brought no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LaneError<E> {
    /// The breaker did not let it through; nothing was sent.
    #[error(transparent)]
    BreakerOpen(#[from] BreakerOpen),
    /// The limiter did not let it through; nothing was sent.
    #[error(transparent)]
    Limited(#[from] LimiterError),
    /// No time was left before anything was sent.
    #[error("deadline elapsed before the request was sent")]
    DeadlineElapsed,
    /// No answer in time. Whether the other side has seen the request is unknown.
    #[error("no answer within {after:?}")]
    AttemptTimedOut {
        /// The timeout of the attempt.
        after: Duration,
    },
    /// The call's own error, from the queue or from the send.
    #[error(transparent)]
    Call(E),
}

impl<E> LaneError<E> {
    /// Returns whether the other side has surely not seen the request, so that even an order may be
    /// sent again. `call_not_sent` judges the call's own error.
    ///
    /// Meant for [`super::Lane::call_once`]. After [`super::Lane::call_repeatable`] it judges the
    /// attempt whose error it is, not the attempts before; such a call may be repeated anyway.
    pub fn surely_not_sent(&self, call_not_sent: impl FnOnce(&E) -> bool) -> bool {
        match self {
            Self::BreakerOpen(_) | Self::Limited(_) | Self::DeadlineElapsed => true,
            Self::AttemptTimedOut { .. } => false,
            Self::Call(error) => call_not_sent(error),
        }
    }

    /// How long it makes no sense to try again. `call_wait` judges the call's own error.
    pub fn wait(&self, call_wait: impl FnOnce(&E) -> Duration) -> Duration {
        match self {
            Self::BreakerOpen(open) => open.retry_after,
            Self::Limited(limited) => limited.at_least(),
            Self::DeadlineElapsed | Self::AttemptTimedOut { .. } => Duration::ZERO,
            Self::Call(error) => call_wait(error),
        }
    }
}
