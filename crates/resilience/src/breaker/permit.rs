//! Leave to make one call, which must be given back with an outcome.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use model::audit::CallOutcome;

use super::core::Ticket;
use super::event::Recorded;
use super::shared::Shared;

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
pub struct Permit {
    slot: Slot<Arc<Shared>>,
}

impl Permit {
    pub(super) const fn new(shared: Arc<Shared>, ticket: Ticket) -> Self {
        Self { slot: Slot::new(shared, ticket) }
    }

    /// Gives the permit back with the outcome of the call.
    ///
    /// `cause` tells why a failure failed. It is rendered for failures only, before any lock is
    /// taken, and cut to a sensible length.
    ///
    /// Returns [`Recorded::Stale`] if the breaker has changed in the meantime.
    pub fn record(self, outcome: CallOutcome, cause: impl fmt::Display) -> Recorded {
        self.slot.record(outcome, cause)
    }

    /// Returns whether the call is a probe: the breaker is half-open.
    pub const fn is_probe(&self) -> bool {
        self.slot.ticket.probe
    }
}

/// A ticket that cannot get lost. Borrows its breaker where it can, which saves two counts of
/// references.
pub(super) struct Slot<S: Deref<Target = Shared>> {
    shared: S,
    ticket: Ticket,
    settled: bool,
}

impl<S: Deref<Target = Shared>> Slot<S> {
    pub(super) const fn new(shared: S, ticket: Ticket) -> Self {
        Self { shared, ticket, settled: false }
    }

    #[inline]
    pub(super) fn record(mut self, outcome: CallOutcome, cause: impl fmt::Display) -> Recorded {
        self.settled = true;
        self.shared.settle(self.ticket, outcome, cause)
    }
}

impl<S: Deref<Target = Shared>> Drop for Slot<S> {
    #[inline]
    fn drop(&mut self) {
        if !self.settled {
            self.shared.settle(self.ticket, CallOutcome::Cancelled, "");
        }
    }
}

impl<S: Deref<Target = Shared>> fmt::Debug for Slot<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("breaker", &self.shared.name())
            .field("ticket", &self.ticket)
            .finish_non_exhaustive()
    }
}
