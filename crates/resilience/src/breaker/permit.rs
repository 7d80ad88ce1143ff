//! Leave to make one call, which must be given back with an outcome.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use model::audit::CallOutcome;

use super::circuit::Breaker;
use super::core::Ticket;
use super::event::Recorded;

/// Leave to make one call. Dropping it means that the caller went away: a slot of a probe is free
/// at once, and nothing is counted.
///
/// It can be held across awaits and sent to another thread. A branch of a `select!` that loses
/// drops its permit, which is just right. Forgetting it (`mem::forget`) takes a probe's slot away
/// until [`super::BreakerConfig::half_open_max_wait`] is over.
///
/// A panic that unwinds through the holder drops the permit, too: whoever wants it to count as a
/// failure, as [`super::Breaker::call`] does, must catch it and record it.
#[derive(Debug)]
#[must_use = "dropping a permit cancels the call"]
pub struct Permit<'a> {
    slot: Slot<&'a Breaker>,
}

/// A [`Permit`] that keeps its breaker alive and can go wherever it wants.
#[derive(Debug)]
#[must_use = "dropping a permit cancels the call"]
pub struct OwnedPermit {
    slot: Slot<Arc<Breaker>>,
}

impl<'a> Permit<'a> {
    pub(super) const fn new(breaker: &'a Breaker, ticket: Ticket) -> Self {
        Self { slot: Slot::new(breaker, ticket) }
    }

    /// Gives the permit back with the outcome of the call.
    ///
    /// `cause` tells why a failure failed. It is rendered for failures only, before any lock is
    /// taken, and cut to a sensible length; a bare breaker does not look at it.
    ///
    /// Returns [`Recorded::Stale`] if the breaker has changed in the meantime.
    pub fn record(self, outcome: CallOutcome, cause: impl fmt::Display) -> Recorded {
        self.slot.record(outcome, cause)
    }

    /// Returns whether the call is a probe: the breaker is half-open.
    pub const fn is_probe(&self) -> bool {
        self.slot.ticket.is_probe()
    }
}

impl OwnedPermit {
    pub(super) const fn new(breaker: Arc<Breaker>, ticket: Ticket) -> Self {
        Self { slot: Slot::new(breaker, ticket) }
    }

    /// As [`Permit::record`].
    pub fn record(self, outcome: CallOutcome, cause: impl fmt::Display) -> Recorded {
        self.slot.record(outcome, cause)
    }

    /// Returns whether the call is a probe: the breaker is half-open.
    pub const fn is_probe(&self) -> bool {
        self.slot.ticket.is_probe()
    }
}

/// A ticket that cannot get lost.
pub(super) struct Slot<B: Deref<Target = Breaker>> {
    breaker: B,
    ticket: Ticket,
    settled: bool,
}

impl<B: Deref<Target = Breaker>> Slot<B> {
    #[inline]
    pub(super) const fn new(breaker: B, ticket: Ticket) -> Self {
        Self { breaker, ticket, settled: false }
    }

    #[inline]
    pub(super) fn record(mut self, outcome: CallOutcome, cause: impl fmt::Display) -> Recorded {
        let recorded = self.breaker.settle(self.ticket, outcome, cause);
        // Only now: a cause that panics when it is rendered has not given a probe's slot back.
        self.settled = true;
        recorded
    }
}

impl<B: Deref<Target = Breaker>> Drop for Slot<B> {
    #[inline]
    fn drop(&mut self) {
        if !self.settled {
            self.breaker.settle(self.ticket, CallOutcome::Cancelled, "");
        }
    }
}

impl<B: Deref<Target = Breaker>> fmt::Debug for Slot<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("breaker", &self.breaker.name())
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
