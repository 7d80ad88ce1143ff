#![doc = include_str!("../docs/batcher.md")]

mod config;
mod driver;
mod error;
mod queue;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use metrics::{counter, gauge};
use parking_lot::Mutex;
use platform::Spawner;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

pub use self::config::{BatcherConfig, BatcherConfigError};
use self::driver::Driver;
pub use self::error::BatchError;
use self::queue::{Queue, Refused};
use crate::gather::count;

/// Name of the batchers' tasks within their task group.
const GROUP: &str = "batchers";

/// A batcher at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatcherSnapshot {
    /// Calls that wait for a batch.
    pub queued: usize,
    /// Batches that run.
    pub running: usize,
    /// Calls taken since the start.
    pub calls: u64,
    /// Calls refused because the queue was full.
    pub refused: u64,
    /// Calls whose caller went away before its batch began.
    pub left: u64,
    /// Batches that brought a result per call.
    pub succeeded: u64,
    /// Batches that failed as a whole: an error, a panic, a wrong count, too much time.
    pub failed: u64,
}

/// What the shutdown of a batcher left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatcherReport {
    /// Calls that were told [`BatchError::ShutDown`] because their batch did not begin in time.
    pub unsent: usize,
    /// Calls that were told [`BatchError::CutOff`] because their batch had begun and not ended: what
    /// became of them is not known.
    pub unknown: usize,
}

/// Collects calls and makes them together. Cheap to clone; clones are the same batcher.
pub struct Batcher<I, O, E> {
    shared: Arc<Shared<I, O, E>>,
}

/// One call in the queue.
struct Waiting<I, O, E> {
    item: I,
    answer: oneshot::Sender<Result<O, BatchError<E>>>,
}

struct Shared<I, O, E> {
    name: String,
    queue: Mutex<Queue<Waiting<I, O, E>>>,
    /// There is something new for the driver: calls, or the end.
    changed: Notify,
    ending: Mutex<Ending>,
    /// The driver has ended.
    ended: Notify,
    running: AtomicUsize,
    succeeded: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    left: AtomicU64,
}

/// How the end of a batcher stands.
#[derive(Debug, Default)]
struct Ending {
    /// By when everything must be answered, once the end has begun.
    until: Option<Instant>,
    /// The driver has ended and left this.
    report: Option<BatcherReport>,
}

impl<I, O, E> Batcher<I, O, E>
where
    I: Send + 'static,
    O: Send + 'static,
    E: Send + Sync + 'static,
{
    /// A batcher whose task runs in the spawner's group. `name` is its label in metrics and the name
    /// of its task: `kraken/QueryOrders`.
    ///
    /// `run` makes one batch: it gets the items in the order in which they came and returns one
    /// result for each, in the same order, or an error for all of them. When the group is cancelled,
    /// the batcher shuts down within [`BatcherConfig::flush_max`]; if the group is closed already,
    /// every call is told that the batcher is shut down.
    ///
    /// # Errors
    /// [`BatcherConfigError`]: the configuration makes no sense.
    pub fn new<R, F>(
        name: &str,
        config: BatcherConfig,
        spawner: &Spawner,
        run: R,
    ) -> Result<Self, BatcherConfigError>
    where
        R: Fn(Vec<I>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<Result<O, E>>, E>> + Send + 'static,
    {
        config.validate()?;
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            queue: Mutex::new(Queue::new(&config)),
            changed: Notify::new(),
            ending: Mutex::default(),
            ended: Notify::new(),
            running: AtomicUsize::new(0),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            left: AtomicU64::new(0),
        });
        let driver = Driver::new(Arc::clone(&shared), config, run);
        spawner.spawn_graceful(GROUP, name.to_owned(), |cancel| driver.run(cancel));
        Ok(Self { shared })
    }

    /// Makes a call as part of a batch and returns its own result.
    ///
    /// # Errors
    /// [`BatchError`]: the call's own error, or that of its batch, or it was not taken.
    ///
    /// # Cancel safety
    /// Dropping it takes the call out of the queue if its batch has not begun. If it has, the batch
    /// goes on with the call in it, and nobody gets its result.
    pub async fn call(&self, item: I) -> Result<O, BatchError<E>> {
        let (answer, result) = oneshot::channel();
        let pushed = self.shared.queue.lock().push(Instant::now(), Waiting { item, answer });
        let ticket = pushed.map_err(|refused| match refused {
            Refused::Full { queued } => {
                self.shared.refused.fetch_add(1, Ordering::Relaxed);
                BatchError::QueueFull { queued }
            }
            Refused::Closed => BatchError::ShutDown,
        })?;
        self.shared.changed.notify_one();
        let _place = Place { shared: &self.shared, ticket };
        // A sender that goes away without an answer belonged to a batcher that has ended.
        result.await.unwrap_or(Err(BatchError::ShutDown))
    }

    /// Takes no more calls, makes those that it has at once, and waits until everybody is answered,
    /// at most `within`; those left are told [`BatchError::ShutDown`], or [`BatchError::CutOff`] if
    /// their batch had begun. A second shutdown shortens the
    /// time of the first, if it ends sooner.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing: the shutdown goes on.
    pub async fn shut_down(&self, within: Duration) -> BatcherReport {
        self.shared.begin_to_end(within);
        loop {
            let mut ended = std::pin::pin!(self.shared.ended.notified());
            ended.as_mut().enable();
            if let Some(report) = self.shared.ending.lock().report {
                return report;
            }
            ended.await;
        }
    }

    /// Name of the batcher.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The batcher at this moment.
    pub fn snapshot(&self) -> BatcherSnapshot {
        let shared = &*self.shared;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let queue = shared.queue.lock();
        BatcherSnapshot {
            queued: queue.len(),
            running: shared.running.load(Ordering::Relaxed),
            calls: queue.pushed(),
            refused: load(&shared.refused),
            left: load(&shared.left),
            succeeded: load(&shared.succeeded),
            failed: load(&shared.failed),
        }
    }

    /// Writes the snapshot to the metrics `wavetank_batcher_*`, with the label `batcher`.
    pub fn publish(&self) {
        let now = self.snapshot();
        let name = self.shared.name.as_str();
        gauge!("wavetank_batcher_queued", "batcher" => name.to_owned()).set(count(now.queued));
        gauge!("wavetank_batcher_running", "batcher" => name.to_owned()).set(count(now.running));
        let calls = [("taken", now.calls), ("refused", now.refused), ("left", now.left)];
        for (result, total) in calls {
            let labels = [("batcher", name.to_owned()), ("result", result.to_owned())];
            counter!("wavetank_batcher_calls_total", &labels).absolute(total);
        }
        for (result, total) in [("succeeded", now.succeeded), ("failed", now.failed)] {
            let labels = [("batcher", name.to_owned()), ("result", result.to_owned())];
            counter!("wavetank_batcher_batches_total", &labels).absolute(total);
        }
    }
}

impl<I, O, E> Shared<I, O, E> {
    fn begin_to_end(&self, within: Duration) {
        self.queue.lock().close();
        let until = Instant::now() + within.min(BatcherConfig::FLUSH_MAX);
        let mut ending = self.ending.lock();
        ending.until = Some(ending.until.map_or(until, |earlier| earlier.min(until)));
        drop(ending);
        self.changed.notify_one();
    }

    /// The time for the end is over: nothing begins any more.
    fn is_over(&self, now: Instant) -> bool {
        self.ending.lock().until.is_some_and(|until| now >= until)
    }

    /// Answers whoever still waits; nothing is taken from now on.
    fn end(&self, unsent: usize, unknown: usize) {
        let mut queue = self.queue.lock();
        queue.close();
        let rest = queue.take_all();
        drop(queue);
        let report = BatcherReport { unsent: unsent + rest.len(), unknown };
        for waiting in rest {
            // The caller may have left in this moment.
            drop(waiting.answer.send(Err(BatchError::ShutDown)));
        }
        self.ending.lock().report.get_or_insert(report);
        self.ended.notify_waiters();
    }
}

/// A caller's place in the queue, or what is left of it once its batch has begun.
struct Place<'a, I, O, E> {
    shared: &'a Shared<I, O, E>,
    ticket: u64,
}

impl<I, O, E> Drop for Place<'_, I, O, E> {
    fn drop(&mut self) {
        let left = self.shared.queue.lock().remove(self.ticket);
        if left.is_some() {
            self.shared.left.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<I, O, E> Clone for Batcher<I, O, E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<I, O, E> fmt::Debug for Batcher<I, O, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("name", &self.shared.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
