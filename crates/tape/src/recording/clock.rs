//! When something happened that the venue puts no time on.

use model::UnixNanos;

/// Estimates the venue's time from the recorder's.
///
/// A message cannot arrive before it was sent: the venue's clock is ahead of the recorder's by at least the
/// largest difference seen. Estimates never go back.
#[derive(Debug, Default)]
pub(super) struct Clock {
    ahead: Option<i64>,
    newest: i64,
}

impl Clock {
    /// A message of any market that tells its time.
    pub(super) fn saw(&mut self, ts: UnixNanos, received: i64) {
        let ahead = ts.as_nanos().saturating_sub(received);
        self.ahead = Some(self.ahead.map_or(ahead, |most| most.max(ahead)));
    }

    /// The venue's time of what was received now.
    pub(super) fn estimate(&mut self, received: i64) -> UnixNanos {
        let estimate = received.saturating_add(self.ahead.unwrap_or(0));
        self.newest = self.newest.max(estimate);
        UnixNanos::from_nanos(self.newest)
    }
}
