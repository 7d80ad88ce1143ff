//! All parts in the one right order, for one venue and class of operations.
//!
//! ```text
//! deadline > retry (budget) > breaker.peek > limiter > queue > breaker.acquire > timeout > send
//! ```
//!
//! Why this order:
//!
//! - The breaker is asked twice. First without taking anything, so that no weight is spent and no
//!   queue is entered while it is open. Then for the permit, last before the send, so that the one
//!   slot of a probe is not held by a request that still waits for weight or a connection.
//! - The breaker is inside the retries: it counts attempts. A call with three retries that all fail
//!   is four failures. When the breaker opens, the retries end.
//! - The attempt timeout is inside the breaker, so a hung probe ends.
//! - Weight is taken for each attempt: the venue counts each, too.
//!
//! A lane is one venue and one class: reads, order placement and order cancels have a lane each, so
//! that an open breaker for placement never blocks a cancel.
//!
//! Cancelling a call, at any point, is dropping its future: queue places and permits are given back
//! and nothing is attempted any more.

mod config;
mod error;

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::ClientOrderId;
use model::audit::CallOutcome;
use platform::{AuditedCall, Auditor, Entropy, EntropyStream};
use tokio::time::timeout;

pub use self::config::{LaneConfig, LaneConfigError};
pub use self::error::{Classify, LaneError, RetryAdvice};

use crate::breaker::{Breaker, BreakerSnapshot, PANICKED, Permit};
use crate::catch_unwind::CatchUnwind;
use crate::deadline::{AttemptTimeout, Deadline, DeadlineElapsed};
use crate::limiter::{Limiter, LimiterSnapshot};
use crate::retry::{RetryBudget, RetryConfig};

/// One call.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// What is called: `kraken/Depth`.
    pub op: &'a str,
    /// Weight of each attempt for the limiter.
    pub weight: u32,
    /// By when everything must be over, attempts and waits.
    pub deadline: Deadline,
    /// The order that an order-placing call carries.
    pub client_order_id: Option<&'a ClientOrderId>,
}

/// A lane at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneSnapshot {
    /// Its breaker.
    pub breaker: BreakerSnapshot,
    /// Its limiter.
    pub limiter: LimiterSnapshot,
    /// Calls made.
    pub calls: u64,
    /// Attempts that were sent.
    pub sent: u64,
    /// Retries made.
    pub retries: u64,
    /// Retries that the budget did not allow.
    pub retries_denied: u64,
}

/// Breaker, limiter, retries and timeouts of one venue and class of operations. Cheap to clone;
/// clones are the same lane.
#[derive(Debug, Clone)]
pub struct Lane {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    breaker: Arc<Breaker>,
    limiter: Limiter,
    budget: RetryBudget,
    retry: RetryConfig,
    attempt_timeout: Duration,
    queue_wait_max: Duration,
    auditor: Auditor,
    backoff: Entropy,
    calls: AtomicU64,
    sent: AtomicU64,
    retries: AtomicU64,
    retries_denied: AtomicU64,
}

impl Lane {
    /// A lane. `name` is that of its breaker and of its randomness: `kraken/read`.
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
        config.retry.backoff.validate()?;
        if config.attempt_timeout.is_zero() {
            return Err(LaneConfigError::NoAttemptTime);
        }
        let entropy = entropy.child(name);
        let opening = entropy.stream("breaker");
        let shared = Shared {
            breaker: Arc::new(Breaker::observed(name, config.breaker, auditor.clone(), opening)?),
            limiter: Limiter::new(config.limiter)?,
            budget: RetryBudget::new(config.budget)?,
            retry: config.retry,
            attempt_timeout: config.attempt_timeout,
            queue_wait_max: config.queue_wait_max,
            auditor: auditor.clone(),
            backoff: entropy.child("backoff"),
            calls: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            retries_denied: AtomicU64::new(0),
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

    /// The limiter.
    pub fn limiter(&self) -> &Limiter {
        &self.shared.limiter
    }

    /// The lane at this moment.
    pub fn snapshot(&self) -> LaneSnapshot {
        let shared = &*self.shared;
        LaneSnapshot {
            breaker: shared.breaker.snapshot(),
            limiter: shared.limiter.snapshot(),
            calls: shared.calls.load(Ordering::Relaxed),
            sent: shared.sent.load(Ordering::Relaxed),
            retries: shared.retries.load(Ordering::Relaxed),
            retries_denied: shared.retries_denied.load(Ordering::Relaxed),
        }
    }

    /// Makes a call that may be repeated without harm: a query, a cancel. **Never an order.**
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
    pub async fn call_idempotent<T, E, P, Q, QF, S, SF>(
        &self,
        call: Call<'_>,
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
        let lane = &*self.shared;
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
                match lane.begin(call) {
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
    /// `queue` and `send` as for [`Lane::call_idempotent`].
    ///
    /// # Errors
    /// [`LaneError`]; ask [`LaneError::surely_not_sent`] before sending again.
    ///
    /// # Cancel safety
    /// Dropping it drops the attempt in flight. The other side may have seen the request.
    pub async fn call_once<T, E, P, Q, QF, S, SF>(
        &self,
        call: Call<'_>,
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
        let lane = &*self.shared;
        lane.count_call();
        lane.wait_for_weight(call).await?;
        let connection = wait_in_queue(call, queue()).await?;
        lane.begin(call)?.run(send(connection)).await
    }
}

impl Shared {
    /// Counts a call and returns its number.
    fn count_call(&self) -> u64 {
        self.budget.deposit();
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    async fn wait_for_weight<E>(&self, call: Call<'_>) -> Result<(), LaneError<E>> {
        let left = call.deadline.remaining();
        if left.is_zero() {
            return Err(LaneError::DeadlineElapsed);
        }
        self.breaker.peek()?;
        let wait_max = self.queue_wait_max.min(left);
        Ok(self.limiter.acquire(call.weight, wait_max).await?)
    }

    /// Takes the permit, last thing before the send.
    fn begin<E>(&self, call: Call<'_>) -> Result<Attempt<'_>, LaneError<E>> {
        let time = call.deadline.attempt(self.attempt_timeout);
        if time.timeout.is_zero() {
            return Err(LaneError::DeadlineElapsed);
        }
        let permit = self.breaker.acquire()?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let (breaker, order) = (Some(self.breaker.name()), call.client_order_id);
        let audited = self.auditor.call_started(call.op, breaker, time.timeout, order);
        Ok(Attempt { lane: self, audited, permit, time })
    }
}

async fn wait_in_queue<P, E>(
    call: Call<'_>,
    queued: impl Future<Output = Result<P, E>>,
) -> Result<P, LaneError<E>> {
    match call.deadline.run(queued).await {
        Ok(connection) => connection.map_err(LaneError::Call),
        Err(DeadlineElapsed) => Err(LaneError::DeadlineElapsed),
    }
}

/// What the error of an attempt advises; `None` if the lane itself refused it, which another
/// attempt would not change soon.
fn advice<E: Classify>(error: &LaneError<E>) -> Option<RetryAdvice> {
    match error {
        LaneError::BreakerOpen(_) | LaneError::Limited(_) | LaneError::DeadlineElapsed => None,
        LaneError::AttemptTimedOut { .. } => Some(RetryAdvice::Backoff),
        LaneError::Call(error) => Some(error.retry()),
    }
}

/// The retries of one call.
struct Retries<'a> {
    lane: &'a Shared,
    call: u64,
    done: u32,
    /// Derived when first needed: most calls never are.
    rng: Option<EntropyStream>,
}

impl<'a> Retries<'a> {
    fn new(lane: &'a Shared) -> Self {
        Self { lane, call: lane.count_call(), done: 0, rng: None }
    }

    /// How long to wait before the next attempt; `None` if there is to be none.
    fn next(&mut self, advice: RetryAdvice, deadline: Deadline) -> Option<Duration> {
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
            lane.retries_denied.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(lane = lane.breaker.name(), call, "retry budget exhausted");
            return None;
        }
        self.done += 1;
        lane.retries.fetch_add(1, Ordering::Relaxed);
        Some(delay)
    }
}

/// An attempt in flight. Dropping it closes the audit record and gives the permit back, both as
/// cancelled.
struct Attempt<'a> {
    lane: &'a Shared,
    audited: AuditedCall,
    permit: Permit<'a>,
    time: AttemptTimeout,
}

impl Attempt<'_> {
    async fn run<T, E: Classify>(
        self,
        sending: impl Future<Output = Result<T, E>>,
    ) -> Result<T, LaneError<E>> {
        match timeout(self.time.timeout, CatchUnwind(pin!(sending))).await {
            Ok(Ok(Ok(value))) => {
                self.settle(CallOutcome::Success, None);
                Ok(value)
            }
            Ok(Ok(Err(error))) => {
                self.failed(&error);
                Err(LaneError::Call(error))
            }
            Ok(Err(panic)) => {
                self.settle(CallOutcome::Failure, Some(PANICKED.to_owned()));
                resume_unwind(panic)
            }
            Err(_) => Err(self.timed_out()),
        }
    }

    fn failed<E: Classify>(self, error: &E) {
        let lane = self.lane;
        self.settle(error.outcome(), Some(error.to_string()));
        if let Some(pause) = error.pause() {
            lane.limiter.pause(pause);
        }
        if let Some(ban) = error.ban() {
            lane.breaker.force_open(ban, &format!("banned: {error}"));
        }
    }

    fn timed_out<E>(self) -> LaneError<E> {
        let after = self.time.timeout;
        let outcome = if self.time.cut_short { CallOutcome::Ignored } else { CallOutcome::Failure };
        self.settle(outcome, Some(format!("no answer within {after:?}")));
        LaneError::AttemptTimedOut { after }
    }

    fn settle(self, outcome: CallOutcome, error: Option<String>) {
        // The audit trail tells the end of the call before the change that it causes.
        let cause = error.clone().unwrap_or_default();
        self.audited.end(outcome, error);
        self.permit.record(outcome, cause);
    }
}

#[cfg(test)]
mod tests;
