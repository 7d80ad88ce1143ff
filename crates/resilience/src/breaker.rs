//! Circuit breaker: stops calling what does not answer, and finds out when it does again.
//!
//! ```text
//!            failure_threshold failures in a row
//!   CLOSED ------------------------------------> OPEN <---- force_open
//!     ^                                          |  ^
//!     | success_threshold                open_for|  | a probe
//!     | successes in a row                is over|  | fails
//!     |                                          v  |
//!     +---------------------------------- HALF_OPEN-+        isolate ----> ISOLATED
//!                                                            reset   ----> CLOSED
//! ```
//!
//! In `CLOSED` calls pass, in `OPEN` they are rejected with the time left. In `HALF_OPEN` a few
//! pass as probes and the others are rejected at once. `ISOLATED` rejects until [`Breaker::reset`].
//!
//! What it promises, beyond the diagram:
//!
//! - **Generations.** Every change of state has a number. An outcome counts only in the generation
//!   that let its call through; a late one is reported as [`Recorded::Stale`] and counted as such.
//! - **Nothing wedges it.** A permit that is dropped, by a timeout, an abort or a lost `select!`,
//!   gives its slot back at that moment. A probe that neither ends nor is dropped is given up after
//!   [`BreakerConfig::half_open_max_wait`]. No timer task is needed for recovery: the first call
//!   after the opening is over becomes the probe, also a year later.
//! - **Four outcomes.** Success and failure count. *Ignored* says nothing about the other side (a
//!   local limit, a caller in haste), *cancelled* means that the caller went away; both only give
//!   a probe's slot back.
//! - **Order of ends.** "In a row" follows the order in which calls end, not in which they began.
//! - **Told once, in order.** Each change goes to the audit trail, the log and the subscribers
//!   after the lock is released, in the order of generations. See [`Breaker::subscribe`].
//! - **Panics count.** A panic inside [`Breaker::call`] is a failure and goes on to the caller.
//! - **Time** is tokio's, thus virtual in simulation. On a real machine it stands still while the
//!   machine sleeps: an opening may last longer than configured, never shorter.
//!
//! A call through a closed breaker without counted failures takes no lock and reads no clock.

mod call;
mod config;
mod core;
mod event;
mod name;
mod permit;
mod shared;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::audit::CallOutcome;
use platform::{Auditor, EntropyStream};
use tokio::sync::broadcast;
use tokio::time::Instant;

pub use self::call::BreakerCall;
pub use self::config::{AlertConfig, BreakerConfig, BreakerConfigError, OpenGrowth};
pub use self::event::{BreakerEvent, BreakerOpen, BreakerSnapshot, CallError, Recorded};
pub use self::name::BreakerName;
pub use self::permit::Permit;

use self::core::Core;
use self::shared::Shared;

/// A circuit breaker. Cheap to clone; clones are the same breaker.
#[derive(Debug, Clone)]
pub struct Breaker {
    shared: Arc<Shared>,
}

impl Breaker {
    /// A closed breaker. `name` says what it guards: `kraken/read`; at most
    /// [`BreakerName::LENGTH_MAX`] bytes.
    ///
    /// # Errors
    /// [`BreakerConfigError`]: a setting is out of range, or the name too long.
    ///
    /// # Determinism
    /// Reads no clock. Draws from `entropy` once per trip if openings grow with jitter.
    pub fn new(
        name: &str,
        config: BreakerConfig,
        auditor: Auditor,
        entropy: EntropyStream,
    ) -> Result<Self, BreakerConfigError> {
        config.validate()?;
        let Some(name) = BreakerName::new(name) else {
            return Err(BreakerConfigError::TooLarge("name"));
        };
        let core = Core::new(config, entropy);
        Ok(Self { shared: Arc::new(Shared::new(name, core, auditor)) })
    }

    /// What the breaker guards.
    pub fn name(&self) -> &str {
        self.shared.name()
    }

    /// Makes a call: acquires at the first poll, classifies the result, records it.
    ///
    /// A future that was never polled holds nothing.
    ///
    /// # Errors
    /// [`CallError::Open`]: rejected, `future` was not polled. [`CallError::Call`]: its own error.
    ///
    /// # Cancel safety
    /// Dropping it records a cancelled call, which gives a probe's slot back.
    pub fn call<T, E, F, C>(&self, future: F, classify: C) -> BreakerCall<'_, F, C>
    where
        F: Future<Output = Result<T, E>>,
        C: FnOnce(&Result<T, E>) -> CallOutcome,
        E: fmt::Display,
    {
        BreakerCall::new(&self.shared, future, classify)
    }

    /// Lets a call through. The permit must be given back with [`Permit::record`].
    ///
    /// # Errors
    /// [`BreakerOpen`]: the call may not be made.
    pub fn acquire(&self) -> Result<Permit, BreakerOpen> {
        match self.shared.acquire(Instant::now) {
            Ok(ticket) => Ok(Permit::new(Arc::clone(&self.shared), ticket)),
            Err(refusal) => Err(self.shared.reject(refusal)),
        }
    }

    /// Tells whether [`Breaker::acquire`] would let a call through now. Takes no slot and changes
    /// no state, so that a caller can find out before it queues for other things.
    ///
    /// # Errors
    /// [`BreakerOpen`]: the call may not be made. Counts as a rejected call.
    pub fn peek(&self) -> Result<(), BreakerOpen> {
        let peek = self.shared.peek(Instant::now);
        peek.map_err(|refusal| self.shared.reject(refusal))
    }

    /// As [`Breaker::peek`], for a caller that only wonders.
    pub(crate) fn lets_pass(&self) -> bool {
        self.shared.peek(Instant::now).is_ok()
    }

    /// The breaker at this moment.
    pub fn snapshot(&self) -> BreakerSnapshot {
        self.shared.snapshot()
    }

    /// Closes the breaker and forgets failures, growth and alerts. Calls in flight count no more.
    ///
    /// Begins a new generation in any state, also in `CLOSED`.
    pub fn reset(&self) {
        self.shared.reset(Instant::now());
    }

    /// Rejects every call until [`Breaker::reset`].
    pub fn isolate(&self) {
        self.shared.isolate(Instant::now());
    }

    /// Opens the breaker for a time, at most ten years: the venue has banned us.
    ///
    /// An opening that lasts longer already stays as it is, and so does an isolation. A longer one
    /// begins a new generation, `OPEN` to `OPEN`. Not counted as a trip.
    pub fn force_open(&self, open_for: Duration, cause: &str) {
        self.shared.force_open(open_for, cause, Instant::now());
    }

    /// A stream of events from now on.
    ///
    /// Bounded: a receiver that lags behind by more than 64 events is told by
    /// [`broadcast::error::RecvError::Lagged`] how many it has lost. Events come in the order of
    /// their generations. If two threads change the breaker at once, one of them tells both
    /// changes, so the other may return from its call a little before its event is out.
    pub fn subscribe(&self) -> broadcast::Receiver<BreakerEvent> {
        self.shared.subscribe()
    }
}

/// Cause of the failure of a call that panicked; the message belongs to the panic hook.
pub(crate) const PANICKED: &str = "panicked";

#[cfg(test)]
mod tests;
