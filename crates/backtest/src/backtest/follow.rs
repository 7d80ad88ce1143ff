//! News that take as long as the tape tells.

use super::{Halt, Run};
use crate::merge::Step;

impl Run {
    /// True for what only tells how long the next event of its tape takes to the strategy: takes note of it, where
    /// the venue follows its tape.
    ///
    /// # Errors
    /// [`crate::FeedError`]: an event of which that was not told, or a time that is none.
    pub(super) fn follows(&mut self, market: usize, step: &Step<'_>) -> Result<bool, Halt> {
        let venue = self.markets[market].venue;
        let told = match step {
            Step::Heard(row) => Some(*row),
            Step::Trade(_) | Step::Depth(_) | Step::Orders(_) | Step::Bar(..) => None,
        };
        self.wire.lines[venue].follow(told).map_err(Halt::Feed)?;
        Ok(told.is_some())
    }
}
