//! The task of a writer: takes points out of the buffer and writes them.

use std::sync::Arc;
use std::time::Duration;

use platform::health::HealthReporter;
use platform::{Auditor, EntropyStream, TaskResult};
use resilience::{BackoffConfig, Deadline, LaneError};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::buffer::{Counts, End, Next};
use super::error::WriteError;
use super::request::{Bucket, NAME};
use super::writer::{Shared, tell_lost};

/// Requests for one batch whose points the database does not take: enough to find three bad points
/// among a thousand. What is left after them is rejected as a whole.
const SPLITS_MAX: usize = 64;

/// Dropping it gives up what is left, and tells so.
pub(super) struct Driver {
    pub(super) shared: Arc<Shared>,
    pub(super) bucket: Arc<Bucket>,
    pub(super) health: HealthReporter,
    pub(super) auditor: Auditor,
    pub(super) request_timeout: Duration,
    pub(super) again: BackoffConfig,
    pub(super) rng: EntropyStream,
    /// Batches that failed in a row.
    pub(super) failed: u32,
    /// The end has begun, and the waits after a failure with it anew.
    pub(super) ending: bool,
    /// Points that were rejected since the last that was written.
    pub(super) rejected: usize,
    /// What was told of losses so far.
    pub(super) told: Counts,
}

impl Driver {
    /// Runs until the writer is closed and everything is written, or the time for that is over, or the
    /// task is cancelled.
    pub(super) async fn run(mut self, cancel: CancellationToken) -> TaskResult {
        let shared = Arc::clone(&self.shared);
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            () = shared.given_up() => {}
            () = self.write_all() => {}
        }
        Ok(())
    }

    async fn write_all(&mut self) {
        loop {
            self.tell_losses();
            let next = self.shared.buffer.lock().next(Instant::now());
            match next {
                Next::Write(batch) => self.write(&batch).await,
                Next::NotBefore(time) => tokio::select! {
                    biased;
                    () = self.shared.changed.notified() => {}
                    () = sleep_until(time) => {}
                },
                Next::Wait => self.shared.changed.notified().await,
                Next::End => return,
            }
        }
    }

    /// Writes a batch. If its points are to blame, its halves, and so on: from the first to the last,
    /// so that what is done is always at the front of the buffer.
    ///
    /// The database is up if it takes any of them, and degraded if it answers but takes none.
    async fn write(&mut self, batch: &[Arc<str>]) {
        let mut parts = vec![batch];
        let mut requests = 0;
        let mut refused = None;
        let mut taken = false;
        while let Some(part) = parts.pop() {
            requests += 1;
            let deadline = Deadline::after(self.request_timeout);
            match self.bucket.write(part, deadline).await {
                Ok(()) => {
                    self.shared.buffer.lock().settle(part.len(), End::Written);
                    (self.failed, self.rejected, taken) = (0, 0, true);
                    self.health.up();
                }
                Err(LaneError::Call(error)) if error.blames_points() => {
                    if part.len() > 1 && requests < SPLITS_MAX {
                        let (front, back) = part.split_at(part.len() / 2);
                        parts.extend([back, front]);
                    } else {
                        let points = part.len();
                        tracing::warn!(sink = NAME, points, %error, "points rejected");
                        self.shared.buffer.lock().settle(points, End::Rejected);
                        self.rejected = self.rejected.saturating_add(points);
                        refused = Some(error);
                    }
                }
                Err(error) => return self.wait_again(&error),
            }
        }
        if let Some(error) = refused.filter(|_| !taken) {
            self.failed = 0;
            self.health.degraded(&format!("{} points rejected: {error}", self.rejected));
        }
    }

    /// The database is away: what is left of the batch waits with the other points.
    fn wait_again(&mut self, error: &LaneError<WriteError>) {
        if !self.ending && self.shared.buffer.lock().is_closed() {
            (self.ending, self.failed) = (true, 0);
        }
        let delay = self.again.delay(self.failed, &mut self.rng);
        self.failed = self.failed.saturating_add(1);
        let until = match error {
            // Nothing passes before.
            LaneError::BreakerOpen(open) => open.retry_at(),
            LaneError::Limited(_)
            | LaneError::DeadlineElapsed
            | LaneError::AttemptTimedOut { .. }
            | LaneError::Call(_) => {
                self.health.down(&error.to_string());
                Instant::now() + delay
            }
        };
        let mut buffer = self.shared.buffer.lock();
        buffer.release(until);
        let buffered = buffer.len();
        drop(buffer);
        let delay_ms = until.saturating_duration_since(Instant::now()).as_millis();
        tracing::debug!(sink = NAME, %error, buffered, delay_ms, "points not written yet");
    }

    /// Tells what was lost since it was last told.
    fn tell_losses(&mut self) {
        let now = self.shared.buffer.lock().counts();
        let told = std::mem::replace(&mut self.told, now);
        let losses = [
            ("no room while the database is away", now.dropped - told.dropped),
            ("rejected by the database", now.rejected - told.rejected),
            ("not to be said in the line protocol", now.malformed - told.malformed),
            ("not written by the end", now.unwritten - told.unwritten),
        ];
        for (reason, points) in losses {
            if points > 0 {
                tell_lost(&self.auditor, reason, points);
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.buffer.lock().abandon();
        self.tell_losses();
        self.shared.end();
    }
}
