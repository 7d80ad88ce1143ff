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

/// True when one taker's order made both trades, as far as their time and side tell.
fn are_of_one_order(event: &MarketEvent, next: &MarketEvent) -> bool {
    let (MarketEvent::Trade(trade), MarketEvent::Trade(next)) = (event, next) else { return false };
    let about = |trade: &Trade| (trade.venue_ts, trade.taker_side);
    about(trade) == about(next) && trade.symbol == next.symbol
}

impl Venue {
    /// Plays events one after the other. The trades of one taker's order come in one message, as at Kraken.
    pub(crate) fn on_markets(&mut self, events: &[MarketEvent], now: UnixNanos) {
        for same in events.chunk_by(are_of_one_order) {
            if let [event] = same {
                self.on_market(event, now);
                continue;
            }
            let trade = |event: &MarketEvent| match event {
                MarketEvent::Trade(trade) => Some(trade.clone()),
                MarketEvent::Depth { .. } => None,
            };
            let trades: Vec<Trade> = same.iter().filter_map(trade).collect();
            self.on_tape(&trades, now);
        }
    }

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
