//! Wall time: for nonces, signatures, time stamps. Never for durations.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use model::UnixNanos;

/// Tells wall time. It may jump in either direction; whoever needs order must enforce it.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> UnixNanos;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the real end of the clock seam")]
    fn now(&self) -> UnixNanos {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixNanos::ZERO.plus(since)
    }
}
