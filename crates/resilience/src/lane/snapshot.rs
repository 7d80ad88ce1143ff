//! What a lane counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::Histogram;

use crate::breaker::BreakerSnapshot;

/// A lane at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneSnapshot {
    /// Its breaker.
    pub breaker: BreakerSnapshot,
    /// Calls made.
    pub calls: u64,
    /// Attempts that were sent.
    pub sent: u64,
    /// Retries made.
    pub retries: u64,
    /// Retries that the budget did not allow.
    pub retries_denied: u64,
    /// Attempts that brought no answer in time.
    pub timeouts: u64,
}

/// The lane's own counters.
#[derive(Debug)]
pub(super) struct Counts {
    calls: AtomicU64,
    sent: AtomicU64,
    retries: AtomicU64,
    retries_denied: AtomicU64,
    timeouts: AtomicU64,
    /// How long attempts took that had an end.
    duration: Histogram,
}

impl Counts {
    pub(super) fn new(lane: &str) -> Self {
        let name = "wavetank_lane_attempt_duration_seconds";
        Self {
            calls: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            retries_denied: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            duration: metrics::histogram!(name, "lane" => lane.to_owned()),
        }
    }

    /// Returns the number of the call.
    pub(super) fn count_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn count_attempt(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_denied(&self) {
        self.retries_denied.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_timeout(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn record_duration(&self, duration: Duration) {
        self.duration.record(duration.as_secs_f64());
    }

    pub(super) fn snapshot(&self, breaker: BreakerSnapshot) -> LaneSnapshot {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        LaneSnapshot {
            breaker,
            calls: read(&self.calls),
            sent: read(&self.sent),
            retries: read(&self.retries),
            retries_denied: read(&self.retries_denied),
            timeouts: read(&self.timeouts),
        }
    }

    pub(super) fn publish(&self, lane: &str) {
        let counts = [
            ("wavetank_lane_calls_total", &self.calls),
            ("wavetank_lane_attempts_total", &self.sent),
            ("wavetank_lane_retries_total", &self.retries),
            ("wavetank_lane_retries_denied_total", &self.retries_denied),
            ("wavetank_lane_timeouts_total", &self.timeouts),
        ];
        for (name, count) in counts {
            let count = count.load(Ordering::Relaxed);
            metrics::counter!(name, "lane" => lane.to_owned()).absolute(count);
        }
    }
}
