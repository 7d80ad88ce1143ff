//! Why a call of a batch brought no result.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

/// A call of a batch that brought no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BatchError<E> {
    /// This call failed; the others of its batch have results of their own.
    #[error(transparent)]
    Item(E),
    /// The batch failed, and this call with it.
    #[error("batch failed: {0}")]
    Batch(Arc<E>),
    /// The batch panicked. What became of the call is not known.
    #[error("batch panicked: {0}")]
    Panicked(Arc<str>),
    /// The batch returned another number of results than it had calls, so that none can be told to
    /// belong to this one.
    #[error("batch of {calls} calls returned {results} results")]
    WrongCount {
        /// Calls of the batch.
        calls: usize,
        /// Results that came back.
        results: usize,
    },
    /// The batch took too long. What became of the call is not known.
    #[error("no result of the batch within {after:?}")]
    TimedOut {
        /// The bound that ran out.
        after: Duration,
    },
    /// Too many calls wait already; this one was not taken.
    #[error("batcher is full: {queued} calls wait already")]
    QueueFull {
        /// Calls in the queue.
        queued: usize,
    },
    /// The batcher ended while the batch ran. What became of the call is not known.
    #[error("batch was cut off at the end of its batcher")]
    CutOff,
    /// The batcher has ended, or ended while the call waited. The call was in no batch that began.
    #[error("batcher is shut down")]
    ShutDown,
}
