//! News that take as long as the tape tells.

use super::{Halt, Run};
use crate::event::HeardRow;

impl Run {
    /// True where only how long the next event of its tape takes to the strategy is `told`: takes note of it, where
    /// the venue follows its tape.
    ///
    /// # Errors
    /// [`crate::FeedError`]: an event of which that was not told, or a time that is none.
    pub(super) fn follows(&mut self, market: usize, told: Option<HeardRow>) -> Result<bool, Halt> {
        let venue = self.markets[market].venue;
        self.wire.lines[venue].follow(told).map_err(Halt::Feed)?;
        Ok(told.is_some())
    }
}
