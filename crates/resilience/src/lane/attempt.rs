//! One attempt: what is inside the breaker.

use std::panic::resume_unwind;
use std::pin::pin;

use model::audit::CallOutcome;
use platform::AuditedCall;
use tokio::time::{Instant, timeout};

use super::Shared;
use super::call::Terms;
use super::error::{Classify, LaneError};
use crate::breaker::{PANICKED, Permit};
use crate::catch_unwind::CatchUnwind;
use crate::deadline::AttemptTimeout;
use crate::limiter::Limiter;

/// An attempt in flight. Dropping it closes the audit record and gives the permit back, both as
/// cancelled.
pub(super) struct Attempt<'a> {
    lane: &'a Shared,
    limiter: &'a Limiter,
    audited: AuditedCall,
    permit: Permit<'a>,
    time: AttemptTimeout,
    started: Instant,
}

impl<'a> Attempt<'a> {
    /// Takes the permit, last thing before the send.
    pub(super) fn begin<E>(lane: &'a Shared, call: Terms<'a>) -> Result<Self, LaneError<E>> {
        let time = call.deadline.attempt(lane.attempt_timeout);
        if time.timeout.is_zero() {
            return Err(LaneError::DeadlineElapsed);
        }
        // A pause may have begun since the weight was taken, while the call waited in its queue.
        call.limiter.refuse_if_paused()?;
        let permit = lane.breaker.acquire()?;
        lane.counts.count_attempt();
        let (breaker, order) = (Some(lane.breaker.name()), call.client_order_id);
        let audited = lane.auditor.call_started(call.op, breaker, time.timeout, order);
        let started = Instant::now();
        Ok(Attempt { lane, limiter: call.limiter, audited, permit, time, started })
    }

    pub(super) async fn run<T, E: Classify>(
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
        let (lane, limiter) = (self.lane, self.limiter);
        self.settle(error.outcome(), Some(error.to_string()));
        if let Some(pause) = error.pause() {
            limiter.pause(pause);
        }
        if let Some(ban) = error.ban() {
            lane.breaker.force_open(ban, &format!("banned: {error}"));
        }
    }

    fn timed_out<E>(self) -> LaneError<E> {
        self.lane.counts.count_timeout();
        let after = self.time.timeout;
        let outcome = if self.time.cut_short { CallOutcome::Ignored } else { CallOutcome::Failure };
        self.settle(outcome, Some(format!("no answer within {after:?}")));
        LaneError::AttemptTimedOut { after }
    }

    fn settle(self, outcome: CallOutcome, error: Option<String>) {
        self.lane.counts.record_duration(self.started.elapsed());
        // The audit trail tells the end of the call before the change that it causes.
        let cause = error.clone().unwrap_or_default();
        self.audited.end(outcome, error);
        self.permit.record(outcome, cause);
    }
}
