//! A whole call through a breaker, as a future.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use model::audit::CallOutcome;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::circuit::Breaker;
use super::event::{CallError, PANICKED};
use super::permit::Slot;
use crate::catch_unwind::CatchUnwind;

pin_project! {
    /// The future of [`Breaker::call`].
    ///
    /// Written by hand: an `async fn` would move the inner future once more and double its size.
    #[must_use = "a future does nothing unless it is polled"]
    pub struct BreakerCall<'a, F, C> {
        breaker: &'a Breaker,
        // Held from the first poll to the end. Dropping it means that the caller went away.
        slot: Option<Slot<&'a Breaker>>,
        classify: Option<C>,
        #[pin]
        future: F,
    }
}

impl<'a, F, C> BreakerCall<'a, F, C> {
    #[inline]
    pub(super) const fn new(breaker: &'a Breaker, future: F, classify: C) -> Self {
        Self { breaker, slot: None, classify: Some(classify), future }
    }
}

impl<T, E, F, C> Future for BreakerCall<'_, F, C>
where
    F: Future<Output = Result<T, E>>,
    C: FnOnce(&Result<T, E>) -> CallOutcome,
    E: fmt::Display,
{
    type Output = Result<T, CallError<E>>;

    /// # Panics
    /// If polled after it was ready.
    // A closed breaker is a few instructions in the caller. What has its address taken (the result,
    // the cause) must be in the arm that fails only: in memory it costs four times the rest.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.slot.is_none() {
            assert!(this.classify.is_some(), "polled after it was ready");
            let ticket = match this.breaker.admit_closed() {
                Some(ticket) => ticket,
                None => match this.breaker.admit(Instant::now) {
                    Ok(ticket) => ticket,
                    Err(refusal) => {
                        *this.classify = None;
                        return Poll::Ready(Err(CallError::Open(this.breaker.reject(refusal))));
                    }
                },
            };
            *this.slot = Some(Slot::new(*this.breaker, ticket));
        }
        let result = ready!(Pin::new(&mut CatchUnwind(this.future)).poll(cx));
        let ended = this.slot.take().zip(this.classify.take());
        let (slot, classify) = ended.expect("both are there until the call has ended");
        match result {
            Ok(result) => {
                let outcome = classify(&result);
                Poll::Ready(match result {
                    Ok(answer) => {
                        slot.record(outcome, "the answer counts as a failure");
                        Ok(answer)
                    }
                    Err(error) => {
                        slot.record(outcome, &error);
                        Err(CallError::Call(error))
                    }
                })
            }
            Err(panic) => {
                slot.record(CallOutcome::Failure, PANICKED);
                resume_unwind(panic)
            }
        }
    }
}

impl<F, C> fmt::Debug for BreakerCall<'_, F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreakerCall")
            .field("breaker", &self.breaker.name())
            .field("slot", &self.slot)
            .finish_non_exhaustive()
    }
}
