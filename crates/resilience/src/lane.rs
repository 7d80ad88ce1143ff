#![doc = include_str!("../docs/lane.md")]

mod attempt;
mod call;
mod config;
mod error;
mod retries;
mod snapshot;

use std::sync::Arc;
use std::time::Duration;

use platform::{Auditor, Entropy};

pub use self::call::{Call, Once, Repeatable};
pub use self::config::{LaneConfig, LaneConfigError};
pub use self::error::{Classify, LaneError, RetryAdvice};
pub use self::snapshot::LaneSnapshot;

use self::attempt::Attempt;
use self::call::Terms;
use self::retries::{Retries, advice};
use self::snapshot::Counts;
use crate::breaker::Breaker;
use crate::deadline::DeadlineElapsed;
use crate::retry::{RetryBudget, RetryConfig};

/// Breaker, retries and timeouts of one venue and class of operations. Cheap to clone; clones are
/// the same lane.
#[derive(Debug, Clone)]
pub struct Lane {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    breaker: Arc<Breaker>,
    budget: RetryBudget,
    retry: RetryConfig,
    attempt_timeout: Duration,
    queue_wait_max: Duration,
    auditor: Auditor,
    backoff: Entropy,
    counts: Counts,
}

impl Lane {
    /// A lane. `name` is that of its breaker, its metrics and its randomness: `kraken/read`.
    ///
    /// # Errors
    /// [`LaneConfigError`]: a setting is out of range.
    ///
    /// # Determinism
    /// Each call has a stream of its own for its backoff, by lane and number of the call: a call
    /// that retries moves no other.
    pub fn new(
        name: &str,
        config: LaneConfig,
        auditor: &Auditor,
        entropy: &Entropy,
    ) -> Result<Self, LaneConfigError> {
        config.validate()?;
        let entropy = entropy.child(name);
        let opening = entropy.stream("breaker");
        let shared = Shared {
            breaker: Arc::new(Breaker::observed(name, config.breaker, auditor.clone(), opening)?),
            budget: RetryBudget::new(config.budget)?,
            retry: config.retry,
            attempt_timeout: config.attempt_timeout,
            queue_wait_max: config.queue_wait_max,
            auditor: auditor.clone(),
            backoff: entropy.child("backoff"),
            counts: Counts::new(name),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Name of the lane and of its breaker.
    pub fn name(&self) -> &str {
        self.shared.breaker.name()
    }

    /// The breaker.
    pub fn breaker(&self) -> &Arc<Breaker> {
        &self.shared.breaker
    }

    /// The lane at this moment.
    pub fn snapshot(&self) -> LaneSnapshot {
        self.shared.counts.snapshot(self.shared.breaker.snapshot())
    }

    /// Writes the lane's counts to the metrics recorder: `wavetank_lane_*_total`, by `lane`. The
    /// histogram `wavetank_lane_attempt_duration_seconds` is written as attempts end.
    pub fn publish(&self) {
        self.shared.counts.publish(self.name());
    }

    /// Makes a call that may be repeated without harm: a query, a cancel.
    ///
    /// `queue` waits for what the send needs, such as a connection; it must bound its own wait, and
    /// the deadline bounds it, too. Its error is a local refusal: the breaker does not hear of it,
    /// and it is retried only if [`Classify::retry`] says so. `send` makes one attempt.
    ///
    /// A retry happens if the error advises it, retries and budget are left, the backoff ends
    /// before the deadline, and the breaker lets calls pass.
    ///
    /// # Errors
    /// [`LaneError`]: of the last attempt that got as far as `queue` or `send`; if none did, of the
    /// only attempt.
    ///
    /// # Cancel safety
    /// Dropping it drops the attempt in flight, counts nothing, and attempts nothing more. The
    /// other side may have seen the request.
    pub async fn call_repeatable<T, E, P, Q, QF, S, SF>(
        &self,
        call: Call<'_, Repeatable>,
        queue: Q,
        send: S,
    ) -> Result<T, LaneError<E>>
    where
        E: Classify,
        Q: Fn() -> QF,
        QF: Future<Output = Result<P, E>> + Send,
        S: Fn(P) -> SF,
        SF: Future<Output = Result<T, E>> + Send,
    {
        let (lane, call) = (&*self.shared, call.terms());
        let mut retries = Retries::new(lane);
        let mut last = None;
        loop {
            // The closures are called between the awaits and borrowed across none of them, so that
            // the future is `Send` even if they are not `Sync`.
            let result = 'attempt: {
                if let Err(error) = lane.wait_for_weight(call).await {
                    break 'attempt Err(error);
                }
                let connection = match wait_in_queue(call, queue()).await {
                    Ok(connection) => connection,
                    Err(error) => break 'attempt Err(error),
                };
                match Attempt::begin(lane, call) {
                    Ok(attempt) => attempt.run(send(connection)).await,
                    Err(error) => Err(error),
                }
            };
            let error = match result {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(advice) = advice(&error) else {
                // Refused on the way. What an earlier attempt ran into says more.
                return Err(last.unwrap_or(error));
            };
            match retries.next(advice, call.deadline) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
            last = Some(error);
        }
    }

    /// Makes a call of which exactly one attempt may be sent: an order.
    ///
    /// `queue` and `send` as for [`Lane::call_repeatable`].
    ///
    /// # Errors
    /// [`LaneError`]; ask [`LaneError::surely_not_sent`] before sending again.
    ///
    /// # Cancel safety
    /// Dropping it drops the attempt in flight. The other side may have seen the request.
    pub async fn call_once<T, E, P, Q, QF, S, SF>(
        &self,
        call: Call<'_, Once>,
        queue: Q,
        send: S,
    ) -> Result<T, LaneError<E>>
    where
        E: Classify,
        Q: FnOnce() -> QF,
        QF: Future<Output = Result<P, E>> + Send,
        S: FnOnce(P) -> SF,
        SF: Future<Output = Result<T, E>> + Send,
    {
        let (lane, call) = (&*self.shared, call.terms());
        lane.count_call();
        lane.wait_for_weight(call).await?;
        let connection = wait_in_queue(call, queue()).await?;
        Attempt::begin(lane, call)?.run(send(connection)).await
    }
}

impl Shared {
    /// Counts a call and returns its number.
    fn count_call(&self) -> u64 {
        self.budget.deposit();
        self.counts.count_call()
    }

    async fn wait_for_weight<E>(&self, call: Terms<'_>) -> Result<(), LaneError<E>> {
        let left = call.deadline.remaining();
        if left.is_zero() {
            return Err(LaneError::DeadlineElapsed);
        }
        self.breaker.peek()?;
        let wait_max = self.queue_wait_max.min(left);
        Ok(call.limiter.acquire(call.weight, wait_max).await?)
    }
}

async fn wait_in_queue<P, E>(
    call: Terms<'_>,
    queued: impl Future<Output = Result<P, E>>,
) -> Result<P, LaneError<E>> {
    match call.deadline.run(queued).await {
        Ok(connection) => connection.map_err(LaneError::Call),
        Err(DeadlineElapsed) => Err(LaneError::DeadlineElapsed),
    }
}

#[cfg(test)]
mod tests;
