//! How a task is told to stop.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::error::{TaskError, TaskResult};

/// What stops the tasks of a named group. Shared by them: a token of its own for each task would take
/// as long as the rest of spawning it.
#[derive(Debug)]
pub(super) struct Stop(CancellationToken);

impl Stop {
    /// One that is cancelled with `parent`, too.
    pub(super) fn below(parent: &CancellationToken) -> Arc<Self> {
        Arc::new(Self(parent.child_token()))
    }

    pub(super) const fn token(&self) -> &CancellationToken {
        &self.0
    }
}

/// How a task ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    ByItself,
    Stopped,
}

pin_project! {
    /// A future that ends early when it is told to stop.
    ///
    /// It starts to wait for the token only when it has to wait for anything: many tasks end at their
    /// first poll.
    pub(super) struct Stoppable<F> {
        #[pin]
        future: F,
        stop: Arc<Stop>,
        // Boxed, so that a task that never waits is not the larger for it.
        waiting: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    }
}

impl<F> Stoppable<F> {
    pub(super) const fn new(future: F, stop: Arc<Stop>) -> Self {
        Self { future, stop, waiting: None }
    }
}

impl<F: Future<Output = TaskResult>> Future for Stoppable<F> {
    type Output = Result<Ended, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let told = match this.waiting.as_mut() {
            Some(waiting) => waiting.as_mut().poll(cx).is_ready(),
            None => this.stop.token().is_cancelled(),
        };
        if told {
            return Poll::Ready(Ok(Ended::Stopped));
        }
        if let Poll::Ready(result) = this.future.poll(cx) {
            return Poll::Ready(result.map(|()| Ended::ByItself));
        }
        if this.waiting.is_none() {
            let waiting = this.stop.token().clone().cancelled_owned();
            ready!(this.waiting.insert(Box::pin(waiting)).as_mut().poll(cx));
            return Poll::Ready(Ok(Ended::Stopped));
        }
        Poll::Pending
    }
}
