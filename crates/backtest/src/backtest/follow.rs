//! News that take as long as the tape tells.

use super::{Halt, Run};
use crate::event::MarketEvent;

impl Run {
    /// True for what only tells how long the next event of its tape takes to the strategy: takes note of it, where
    /// the venue follows its tape.
    ///
    /// # Errors
    /// [`crate::FeedError`]: an event of which that was not told, or a time that is none.
    pub(super) fn follows(&mut self, market: usize, event: &MarketEvent<'_>) -> Result<bool, Halt> {
        let venue = self.markets[market].venue;
        let told = if let MarketEvent::Heard(row) = event { Some(*row) } else { None };
        self.wire.lines[venue].follow(told).map_err(Halt::Feed)?;
        Ok(told.is_some())
    }
}
