//! What a recorded market did.

use matching::DepthUpdate;
use model::{Level, Symbol, Trade, UnixNanos};

use crate::kraken::venue::Venue;

/// One event of a recorded market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketEvent {
    /// A public trade.
    Trade(Trade),
    /// A change of the book of a pair whose book is recorded.
    Depth {
        /// When.
        at: UnixNanos,
        /// Pair.
        symbol: Symbol,
        /// True when the levels are the whole book; false when they replace single ones.
        snapshot: bool,
        /// Buy levels; a quantity of zero removes a level.
        bids: Vec<Level>,
        /// Sell levels; a quantity of zero removes a level.
        asks: Vec<Level>,
    },
}

impl MarketEvent {
    /// When it happened.
    pub const fn at(&self) -> UnixNanos {
        match self {
            Self::Trade(trade) => trade.venue_ts,
            Self::Depth { at, .. } => *at,
        }
    }

    /// The same at another time.
    #[must_use]
    pub fn moved_to(mut self, time: UnixNanos) -> Self {
        match &mut self {
            Self::Trade(trade) => trade.venue_ts = time,
            Self::Depth { at, .. } => *at = time,
        }
        self
    }
}

impl Venue {
    /// Plays an event.
    pub(crate) fn on_market(&mut self, event: &MarketEvent, now: UnixNanos) {
        match event {
            MarketEvent::Trade(trade) => self.on_tape(std::slice::from_ref(trade), now),
            MarketEvent::Depth { symbol, snapshot, bids, asks, at: _ } => {
                let (snapshot, levels) = (*snapshot, None);
                self.on_depth(&DepthUpdate { symbol, snapshot, levels, bids, asks }, now);
            }
        }
    }
}
