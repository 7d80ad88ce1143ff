//! The retries of one call.

use std::time::Duration;

use platform::EntropyStream;

use super::Shared;
use super::error::{Classify, LaneError, RetryAdvice};
use crate::deadline::Deadline;

/// What the error of an attempt advises; `None` if the lane itself refused it, which another
/// attempt would not change soon.
pub(super) fn advice<E: Classify>(error: &LaneError<E>) -> Option<RetryAdvice> {
    match error {
        LaneError::BreakerOpen(_) | LaneError::Limited(_) | LaneError::DeadlineElapsed => None,
        LaneError::AttemptTimedOut { .. } => Some(RetryAdvice::Backoff),
        LaneError::Call(error) => Some(error.retry()),
    }
}

/// The retries of one call.
pub(super) struct Retries<'a> {
    lane: &'a Shared,
    call: u64,
    done: u32,
    /// Derived when first needed: most calls never are.
    rng: Option<EntropyStream>,
}

impl<'a> Retries<'a> {
    pub(super) fn new(lane: &'a Shared) -> Self {
        Self { lane, call: lane.count_call(), done: 0, rng: None }
    }

    /// How long to wait before the next attempt; `None` if there is to be none.
    pub(super) fn next(&mut self, advice: RetryAdvice, deadline: Deadline) -> Option<Duration> {
        let Self { lane, call, .. } = *self;
        let retry_after = match advice {
            RetryAdvice::Never => return None,
            RetryAdvice::Backoff => Duration::ZERO,
            RetryAdvice::After(time) => time,
        };
        if self.done >= lane.retry.retries_max {
            return None;
        }
        let rng = self.rng.get_or_insert_with(|| lane.backoff.stream(&call.to_string()));
        let delay = lane.retry.backoff.delay_after(self.done, retry_after, rng);
        if delay >= deadline.remaining() || !lane.breaker.lets_pass() {
            return None;
        }
        if !lane.budget.withdraw() {
            lane.counts.count_denied();
            tracing::debug!(lane = lane.breaker.name(), call, "retry budget exhausted");
            return None;
        }
        self.done += 1;
        lane.counts.count_retry();
        Some(delay)
    }
}
