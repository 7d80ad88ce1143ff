//! What a breaker tells: changes, refusals, its state at a glance.

use std::sync::Arc;
use std::time::Duration;

use model::audit::BreakerState;
use thiserror::Error;
use tokio::time::Instant;

use super::name::BreakerName;
use super::window::Tally;

/// Cause of the failure of a call that panicked; the message belongs to the panic hook.
pub(crate) const PANICKED: &str = "panicked";

/// A call was not let through. Holds no allocation.
//
// The name comes first, whole and aligned. In the order that the compiler would choose, it copies
// across the borders of what it has just written, which stalls the processor for a seventh of a
// rejection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("breaker `{breaker}` is {state}, try again in {retry_after:?}")]
#[repr(C)]
pub struct BreakerOpen {
    /// Name of the breaker; empty if it is bare.
    pub breaker: BreakerName,
    /// `Open`, `HalfOpen` with all probes out, or `Isolated`.
    pub state: BreakerState,
    /// When trying again makes sense.
    ///
    /// `Open`: exact, a call after it is let through as a probe if none was faster. `HalfOpen`: the
    /// time after which the probes are given up at the latest. `Isolated`: nobody knows, so the
    /// configured open time.
    pub retry_after: Duration,
    /// When it was rejected. The sum is left to those who ask for it.
    pub(super) at: Instant,
}

impl BreakerOpen {
    /// [`BreakerOpen::retry_after`] as a point in time.
    pub fn retry_at(&self) -> Instant {
        self.at.checked_add(self.retry_after).unwrap_or(self.at)
    }
}

/// A call through a breaker that brought no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallError<E> {
    /// Not let through, and the future never polled.
    #[error(transparent)]
    Open(#[from] BreakerOpen),
    /// The call's own error.
    #[error(transparent)]
    Call(E),
}

/// Whether an outcome counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It belongs to the state that the breaker is in.
    Current,
    /// The breaker has changed since it let the call through; the outcome says nothing about now.
    Stale,
}

/// Something happened to a breaker. Sent to subscribers in the order of the generations.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BreakerEvent {
    /// It changed its state, or began the same state anew.
    Changed {
        /// Name of the breaker.
        breaker: BreakerName,
        /// Number of the state now; rises by one from event to event.
        generation: u64,
        /// State before.
        from: BreakerState,
        /// State now.
        to: BreakerState,
        /// Why.
        cause: Arc<str>,
        /// For `Open`: time until a probe may pass.
        open_for: Option<Duration>,
        /// When.
        at: Instant,
    },
    /// It tripped too often; sent after the change that was one trip too many.
    TripsRepeatedly {
        /// Name of the breaker.
        breaker: BreakerName,
        /// Trips within the window.
        trips: u32,
        /// The window.
        window: Duration,
        /// When.
        at: Instant,
    },
}

/// A breaker at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerSnapshot {
    /// Name of the breaker; empty if it is bare.
    pub breaker: BreakerName,
    /// State. Time alone changes nothing: an opening that is over shows as `Open` until the first
    /// call comes, see `retry_at`.
    pub state: BreakerState,
    /// Number of the state; rises by one with every change.
    pub generation: u64,
    /// Consecutive failures, under every policy; those at the end of the last stay in `CLOSED`, and
    /// failed probes, while it is not closed. Counts to 65 535.
    pub failures: u32,
    /// Calls in the window as of the last one that counted; `None` unless the policy has one.
    pub window: Option<Tally>,
    /// Consecutive successes of probes; 0 unless half-open.
    pub successes: u32,
    /// Probes in flight; 0 unless half-open.
    pub probes: u32,
    /// The last failure that counted.
    pub last_failure_at: Option<Instant>,
    /// Start of the opening; `None` unless open.
    pub opened_at: Option<Instant>,
    /// From when a probe may pass; `None` unless open.
    pub retry_at: Option<Instant>,
    /// Times that calls opened it. This number and the following ones are whole up to 2^32.
    pub trips: u64,
    /// Outcomes that came too late to count.
    pub stale_results: u64,
    /// Probes that were dropped.
    pub probes_cancelled: u64,
    /// Probes that were given up.
    pub probes_expired: u64,
    /// Calls that were not let through.
    pub rejected: u64,
    /// Changes that were not told because a sink was too slow to keep up with them.
    pub events_lost: u64,
}
