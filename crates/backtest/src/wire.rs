//! The ways between the venues and the strategy, and the record that the venues keep.

use engine::EngineEvent;
use model::{Bar, Level, UnixNanos};

use crate::config::BacktestConfig;
use crate::event::TradeRow;
use crate::latency::Channel;
use crate::record::Recorder;
use crate::venue::Request;

/// What a venue publishes of one market.
#[derive(Debug)]
pub(crate) enum Published {
    /// A trade, and the best levels where it changed them.
    Trade(TradeRow, Option<Best>),
    Best(Best),
    Bar(Bar),
}

/// Best levels, bid and ask.
pub(crate) type Best = [Option<Level>; 2];

/// The three ways between one venue and the strategy.
#[derive(Debug)]
pub(crate) struct Lines {
    /// Market data, with the number of the market.
    pub(crate) public: Channel<(usize, Published)>,
    /// Answers and executions.
    pub(crate) private: Channel<EngineEvent>,
    /// Orders and cancels.
    pub(crate) requests: Channel<Request>,
}

/// A line with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Public,
    Private,
    Requests,
}

/// Where messages go.
#[derive(Debug)]
pub(crate) struct Wire {
    /// By venue.
    pub(crate) lines: Vec<Lines>,
    pub(crate) record: Recorder,
    /// True when a channel held more than it may.
    pub(crate) overflowed: bool,
}

impl Wire {
    pub(crate) fn new(config: &BacktestConfig) -> Self {
        let lines = config.venues.iter().enumerate().map(|(at, venue)| {
            let stream = |name: &str| match at {
                0 => name.to_owned(),
                _ => format!("{name}/{at}"),
            };
            let (latency, seed) = (&venue.latency, config.seed);
            Lines {
                public: Channel::new(&latency.feed, seed, &stream("feed")),
                private: Channel::new(&latency.response, seed, &stream("response")),
                requests: Channel::new(&latency.entry, seed, &stream("entry")),
            }
        });
        Self { lines: lines.collect(), record: Recorder::default(), overflowed: false }
    }

    /// Tells everybody at a venue.
    pub(crate) fn publish(&mut self, venue: usize, market: usize, now: UnixNanos, what: Published) {
        self.overflowed |= !self.lines[venue].public.send(now, (market, what));
    }

    /// Tells the strategy alone.
    pub(crate) fn answer(&mut self, venue: usize, now: UnixNanos, event: EngineEvent) {
        self.overflowed |= !self.lines[venue].private.send(now, event);
    }

    /// Asks a venue.
    pub(crate) fn request(&mut self, venue: usize, now: UnixNanos, request: Request) {
        self.overflowed |= !self.lines[venue].requests.send(now, request);
    }

    /// True when nothing is on its way, and what venues publish takes no drawn time.
    pub(crate) fn is_still(&self) -> bool {
        let still = |lines: &Lines| {
            let idle = lines.private.is_empty() && lines.requests.is_empty();
            idle && lines.public.is_empty() && lines.public.is_constant()
        };
        self.lines.iter().all(still)
    }

    /// The line whose message arrives next, when, and its venue.
    ///
    /// At one time the markets' news come first, then the venues' answers, then requests; of two venues
    /// the first.
    pub(crate) fn first(&self) -> (i64, Line, usize) {
        let mut first = (i64::MAX, Line::Requests, 0);
        let mut look = |line, next_at: fn(&Lines) -> i64| {
            for (venue, lines) in self.lines.iter().enumerate() {
                let at = next_at(lines);
                if at < first.0 {
                    first = (at, line, venue);
                }
            }
        };
        look(Line::Public, |lines| lines.public.next_at());
        look(Line::Private, |lines| lines.private.next_at());
        look(Line::Requests, |lines| lines.requests.next_at());
        first
    }

    /// Messages on their way.
    pub(crate) fn in_flight(&self) -> usize {
        let each = |lines: &Lines| lines.public.len() + lines.private.len() + lines.requests.len();
        self.lines.iter().map(each).sum()
    }
}
