//! The task of a batcher: begins batches and answers their callers.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::{FuturesUnordered, StreamExt};
use model::panic_message;
use platform::TaskResult;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::config::BatcherConfig;
use super::error::BatchError;
use super::queue::Next;
use super::{Shared, Waiting};
use crate::catch_unwind::CatchUnwind;

/// Dropping it answers everybody: a group that is closed, a task that is aborted.
pub(super) struct Driver<I, O, E, R> {
    shared: Arc<Shared<I, O, E>>,
    config: BatcherConfig,
    run: R,
    /// Calls in batches that were dropped before their end.
    cut_off: AtomicUsize,
    /// Calls in batches that were dropped before their beginning.
    unsent: AtomicUsize,
}

impl<I, O, E, R> Driver<I, O, E, R> {
    pub(super) const fn new(shared: Arc<Shared<I, O, E>>, config: BatcherConfig, run: R) -> Self {
        let (cut_off, unsent) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { shared, config, run, cut_off, unsent }
    }
}

impl<I, O, E, R> Drop for Driver<I, O, E, R> {
    fn drop(&mut self) {
        let load = |calls: &AtomicUsize| calls.load(Ordering::Relaxed);
        self.shared.end(load(&self.unsent), load(&self.cut_off));
    }
}

impl<I, O, E, R, F> Driver<I, O, E, R>
where
    I: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
    R: Fn(Vec<I>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Vec<Result<O, E>>, E>> + Send + 'static,
{
    /// Runs until the batcher is shut down or its group cancelled, and everything is answered or the
    /// time for that is over.
    pub(super) async fn run(self, cancel: CancellationToken) -> TaskResult {
        // Batches run in here, so that none outlives the task; dropped before the driver itself.
        let mut running = FuturesUnordered::new();
        let mut cancelled = false;
        loop {
            let now = Instant::now();
            let next = if self.shared.is_over(now) {
                Next::Wait
            } else {
                self.shared.queue.lock().next(now, running.len())
            };
            let not_before = match next {
                Next::Batch(batch) => {
                    running.push(self.batch(InFlight::new(&self, batch)));
                    continue;
                }
                Next::NotBefore(time) => Some(time),
                Next::Wait => None,
            };
            let (idle, until) = {
                let queue = self.shared.queue.lock();
                let idle = running.is_empty() && queue.len() == 0 && queue.is_closed();
                (idle, self.shared.ending.lock().until)
            };
            if idle {
                return Ok(());
            }
            let wake = not_before.into_iter().chain(until).min();
            tokio::select! {
                biased;
                () = cancel.cancelled(), if !cancelled => {
                    cancelled = true;
                    self.shared.begin_to_end(self.config.flush_max);
                }
                Some(()) = running.next(), if !running.is_empty() => {}
                () = self.shared.changed.notified() => {}
                () = sleep_until_some(wake) => {
                    if until.is_some_and(|until| Instant::now() >= until) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Makes one batch and answers its callers. Dropping it answers them, too.
    async fn batch(&self, mut batch: InFlight<'_, I, O, E>) {
        let shared = &*self.shared;
        if shared.is_over(Instant::now()) {
            return;
        }
        let items = batch.begin();
        let calls = items.len();
        // In a block of its own: a panic of `run` before its future is there is caught as well.
        let made = pin!(async { (self.run)(items).await });
        let after = self.config.batch_timeout;
        let made = timeout(after, CatchUnwind(made)).await;
        let answers = std::mem::take(&mut batch.answers);
        let failure = match made {
            Ok(Ok(Ok(results))) if results.len() == calls => {
                shared.succeeded.fetch_add(1, Ordering::Relaxed);
                for (answer, result) in answers.into_iter().zip(results) {
                    // The caller may have gone away.
                    drop(answer.send(result.map_err(BatchError::Item)));
                }
                return;
            }
            Ok(Ok(Ok(results))) => Failure::WrongCount(results.len()),
            Ok(Ok(Err(error))) => Failure::Failed(Arc::new(error)),
            Ok(Err(panic)) => Failure::Panicked(panic_message(panic.as_ref()).into()),
            Err(_) => Failure::TimedOut,
        };
        shared.failed.fetch_add(1, Ordering::Relaxed);
        for answer in answers {
            drop(answer.send(Err(match &failure {
                Failure::Failed(error) => BatchError::Batch(Arc::clone(error)),
                Failure::Panicked(panic) => BatchError::Panicked(Arc::clone(panic)),
                Failure::WrongCount(results) => BatchError::WrongCount { calls, results: *results },
                Failure::TimedOut => BatchError::TimedOut { after },
            })));
        }
    }
}

/// What a batch failed with, for each of its callers.
enum Failure<E> {
    Failed(Arc<E>),
    Panicked(Arc<str>),
    WrongCount(usize),
    TimedOut,
}

/// A batch that was taken out of the queue. Dropping it answers those callers who have no answer yet.
struct InFlight<'a, I, O, E> {
    running: &'a AtomicUsize,
    cut_off: &'a AtomicUsize,
    unsent: &'a AtomicUsize,
    /// Empty once it has begun.
    items: Vec<I>,
    answers: Vec<oneshot::Sender<Result<O, BatchError<E>>>>,
    begun: bool,
}

impl<'a, I, O, E> InFlight<'a, I, O, E> {
    fn new<R>(driver: &'a Driver<I, O, E, R>, batch: Vec<Waiting<I, O, E>>) -> Self {
        let Driver { shared, cut_off, unsent, .. } = driver;
        let running = &shared.running;
        running.fetch_add(1, Ordering::Relaxed);
        let (items, answers) =
            batch.into_iter().map(|Waiting { item, answer }| (item, answer)).unzip();
        Self { running, cut_off, unsent, items, answers, begun: false }
    }

    fn begin(&mut self) -> Vec<I> {
        self.begun = true;
        std::mem::take(&mut self.items)
    }
}

impl<I, O, E> Drop for InFlight<'_, I, O, E> {
    fn drop(&mut self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
        let counter = if self.begun { self.cut_off } else { self.unsent };
        counter.fetch_add(self.answers.len(), Ordering::Relaxed);
        for answer in self.answers.drain(..) {
            let error = if self.begun { BatchError::CutOff } else { BatchError::ShutDown };
            // The caller may have gone away.
            drop(answer.send(Err(error)));
        }
    }
}

async fn sleep_until_some(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
