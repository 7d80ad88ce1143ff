//! The ways from the venue to the strategy, and the record that the venue keeps.

use engine::EngineEvent;
use model::{Bar, Level, UnixNanos};

use crate::config::BacktestConfig;
use crate::event::TradeRow;
use crate::latency::Channel;
use crate::record::Recorder;

/// What the venue publishes.
#[derive(Debug)]
pub(crate) enum Published {
    Trade(TradeRow),
    /// Best levels, bid and ask.
    Best([Option<Level>; 2]),
    Bar(Bar),
}

/// Where the venue's messages go.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) public: Channel<Published>,
    pub(crate) private: Channel<EngineEvent>,
    pub(crate) record: Recorder,
    /// True when a channel held more than it may.
    pub(crate) overflowed: bool,
}

impl Wire {
    pub(crate) fn new(config: &BacktestConfig) -> Self {
        Self {
            public: Channel::new(config.latency.feed, config.seed, "feed"),
            private: Channel::new(config.latency.response, config.seed, "response"),
            record: Recorder::default(),
            overflowed: false,
        }
    }

    /// Tells everybody.
    pub(crate) fn publish(&mut self, now: UnixNanos, message: Published) {
        self.overflowed |= !self.public.send(now, message);
    }

    /// Tells the strategy alone.
    pub(crate) fn answer(&mut self, now: UnixNanos, event: EngineEvent) {
        self.overflowed |= !self.private.send(now, event);
    }
}
