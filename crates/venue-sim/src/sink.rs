//! Where a simulated venue reports what it did.

use std::fmt::Debug;

use model::history::VenueEvent;

/// Takes the venue's events, in the order in which they happened.
///
/// Called while the venue's state is locked: it must neither block nor call back into the venue.
pub trait VenueSink: Debug + Send + Sync {
    /// Takes one event.
    fn record(&self, event: VenueEvent);
}
