//! How long messages travel.

use std::sync::Arc;
use std::time::Duration;

use model::UnixNanos;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use crate::event::HeardRow;

/// How long the messages of one channel travel. They never overtake each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Latency {
    /// Always as long. At most [`LATENCY_MAX`].
    Constant(Duration),
    /// Equally likely from `min` to `max`, drawn for each message.
    Uniform {
        /// Shortest.
        min: Duration,
        /// Longest, not below `min`, at most [`LATENCY_MAX`].
        max: Duration,
    },
    /// Measured ones: each message takes the next one, from the first one again behind the last. At least one,
    /// at most [`RECORDED_MAX`], each at most [`LATENCY_MAX`].
    Recorded(Arc<[Duration]>),
    /// Of market data only: what the tape tells, the time from the venue's stamp to the recorder's, and
    /// `offset_nanos`, by which the recorder's clock was behind the venue's. The sum is zero to [`TAPE_LATENCY_MAX`].
    Tape {
        /// Added to each, nanoseconds.
        offset_nanos: i64,
    },
}

/// Most measured latencies of one way.
pub const RECORDED_MAX: usize = 1 << 20;

/// Longest latency.
pub const LATENCY_MAX: Duration = Duration::from_secs(3_600);

/// Longest latency that a tape may tell: venues repeat trades of days ago to whoever subscribes.
pub const TAPE_LATENCY_MAX: Duration = Duration::from_secs(7 * 86_400);

/// Most messages that may be on their way on one channel: about 50 MB.
pub const IN_FLIGHT_MAX: usize = 1 << 19;

impl Latency {
    /// None.
    pub const ZERO: Self = Self::Constant(Duration::ZERO);

    /// True when the bounds make sense.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Tape { .. } => true,
            Self::Constant(latency) => *latency <= LATENCY_MAX,
            Self::Uniform { min, max } => min <= max && *max <= LATENCY_MAX,
            Self::Recorded(all) => {
                (1..=RECORDED_MAX).contains(&all.len()) && all.iter().all(|t| *t <= LATENCY_MAX)
            }
        }
    }

    /// Shortest and longest that may be.
    pub fn bounds(&self) -> (Duration, Duration) {
        match self {
            Self::Tape { .. } => (Duration::ZERO, TAPE_LATENCY_MAX),
            Self::Constant(latency) => (*latency, *latency),
            Self::Uniform { min, max } => (*min, *max),
            Self::Recorded(all) => {
                let (min, max) = (all.iter().min(), all.iter().max());
                (min.copied().unwrap_or_default(), max.copied().unwrap_or_default())
            }
        }
    }
}

/// Why a tape does not tell how long news take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FeedError {
    /// It does not say when the event was received.
    #[error("expected a tape that tells when each event was received")]
    Unknown,
    /// The event was received before it happened, or long after.
    #[error(
        "it was received {nanos} ns after it happened, expected 0 to 7 days: by how much is the recorder's clock behind?"
    )]
    Range {
        /// The time of the event.
        ts: UnixNanos,
        /// What the tape tells, corrected.
        nanos: i64,
    },
}

/// Latencies of the three ways between strategy and venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatencyConfig {
    /// Market data, from the venue to the strategy.
    pub feed: Latency,
    /// Orders and cancels, from the strategy to the venue.
    pub entry: Latency,
    /// Answers and executions, from the venue to the strategy.
    pub response: Latency,
}

impl LatencyConfig {
    /// Everything arrives at once.
    pub const ZERO: Self =
        Self { feed: Latency::ZERO, entry: Latency::ZERO, response: Latency::ZERO };
}

/// Messages on their way, in the order of their arrivals.
#[derive(Debug)]
pub(crate) struct Channel<T> {
    delay: Delay,
    last: UnixNanos,
    /// When the next message arrives; the end of time without one.
    next_at: i64,
    /// Those that have arrived stay in front until all have, which is soon: mostly few travel together.
    messages: Vec<(UnixNanos, T)>,
    arrived: usize,
}

/// How long the next message travels, nanoseconds.
#[derive(Debug)]
enum Delay {
    Constant(i64),
    Uniform {
        min: i64,
        range: i64,
        draws: Box<ChaCha8Rng>,
    },
    Recorded {
        all: Arc<[Duration]>,
        next: usize,
    },
    /// As the tape tells, which it did for the next event or not.
    Tape {
        offset: i64,
        nanos: i64,
        is_told: bool,
    },
}

impl Delay {
    /// Those that are drawn come from the stream `name` of a seed.
    fn new(latency: &Latency, seed: u64, name: &str) -> Self {
        match latency {
            Latency::Constant(latency) => Self::Constant(nanos(*latency)),
            Latency::Uniform { min, max } if min == max => Self::Constant(nanos(*min)),
            Latency::Uniform { min, max } => {
                let mut hasher = blake3::Hasher::new();
                hasher.update(&seed.to_le_bytes()).update(b"backtest/").update(name.as_bytes());
                let draws = ChaCha8Rng::from_seed(*hasher.finalize().as_bytes());
                let (min, range) = (nanos(*min), nanos(*max) - nanos(*min));
                Self::Uniform { min, range, draws: Box::new(draws) }
            }
            Latency::Recorded(all) => Self::Recorded { all: Arc::clone(all), next: 0 },
            Latency::Tape { offset_nanos } => {
                Self::Tape { offset: *offset_nanos, nanos: 0, is_told: false }
            }
        }
    }

    fn next(&mut self) -> i64 {
        if let Self::Constant(nanos) = self { *nanos } else { self.next_other() }
    }

    #[inline(never)]
    fn next_other(&mut self) -> i64 {
        match self {
            Self::Constant(nanos) | Self::Tape { nanos, .. } => *nanos,
            Self::Uniform { min, range, draws } => *min + draws.random_range(0..=*range),
            Self::Recorded { all, next } => {
                let latency = all.get(*next).copied().unwrap_or_default();
                *next = if *next + 1 < all.len() { *next + 1 } else { 0 };
                nanos(latency)
            }
        }
    }
}

impl<T> Channel<T> {
    /// A channel whose latencies are drawn from the stream `name` of a seed.
    pub(crate) fn new(latency: &Latency, seed: u64, name: &str) -> Self {
        let last = UnixNanos::from_nanos(i64::MIN);
        let delay = Delay::new(latency, seed, name);
        Self { delay, last, next_at: i64::MAX, messages: Vec::new(), arrived: 0 }
    }

    /// Where the tape is followed: what comes next was told to take so long, `None` before an event of which it was
    /// to be told already.
    pub(crate) fn follow(&mut self, told: Option<HeardRow>) -> Result<(), FeedError> {
        let Delay::Tape { offset, nanos: delay, is_told } = &mut self.delay else { return Ok(()) };
        match told {
            Some(HeardRow { ts, received }) => {
                let nanos_max = nanos(TAPE_LATENCY_MAX);
                let told = received.as_nanos().saturating_sub(ts.as_nanos());
                *delay = told.saturating_add(*offset);
                if !(0..=nanos_max).contains(delay) {
                    return Err(FeedError::Range { ts, nanos: *delay });
                }
                *is_told = true;
                Ok(())
            }
            None if std::mem::take(is_told) => Ok(()),
            None => Err(FeedError::Unknown),
        }
    }

    /// Sends a message at `now`. False when too many are on their way.
    #[inline(always)]
    pub(crate) fn send(&mut self, now: UnixNanos, message: T) -> bool {
        let arrival = UnixNanos::from_nanos(now.as_nanos().saturating_add(self.delay.next()));
        self.last = self.last.max(arrival);
        if self.messages.is_empty() {
            self.next_at = self.last.as_nanos();
        } else if self.messages.len() == self.messages.capacity() {
            self.forget_arrived();
        }
        self.messages.push((self.last, message));
        self.len() <= IN_FLIGHT_MAX
    }

    /// Makes room, where that is much: each message is moved once at most, on average.
    #[inline(never)]
    fn forget_arrived(&mut self) {
        if self.arrived > self.messages.len() / 2 {
            self.messages.drain(..std::mem::take(&mut self.arrived));
        }
    }

    /// When the next message arrives; the end of time without one.
    pub(crate) const fn next_at(&self) -> i64 {
        self.next_at
    }

    /// The next message, and when it arrives.
    pub(crate) fn next(&self) -> Option<(UnixNanos, &T)> {
        self.messages.get(self.arrived).map(|(at, message)| (*at, message))
    }

    /// The next message has arrived.
    pub(crate) fn advance(&mut self) {
        self.arrived += 1;
        if let Some((at, _)) = self.messages.get(self.arrived) {
            self.next_at = at.as_nanos();
        } else {
            self.messages.clear();
            (self.arrived, self.next_at) = (0, i64::MAX);
        }
    }

    /// True with nothing on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// True when all messages travel as long.
    pub(crate) fn is_constant(&self) -> bool {
        matches!(self.delay, Delay::Constant(_))
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len() - self.arrived
    }
}

pub(crate) fn nanos(latency: Duration) -> i64 {
    i64::try_from(latency.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_keep_their_order_and_their_bounds() {
        let (min, max) = (Duration::from_nanos(5), Duration::from_nanos(500));
        let mut channel = Channel::new(&Latency::Uniform { min, max }, 7, "entry");
        for at in 0..1_000 {
            channel.send(UnixNanos::from_nanos(100 * at), at);
        }
        let mut last = 0;
        let mut distinct = 0;
        for expected in 0..1_000 {
            let (at, message) = channel.next().expect("sent");
            assert_eq!(*message, expected);
            assert!(at.as_nanos() >= last);
            assert!((5..=500).contains(&(at.as_nanos() - 100 * expected)), "{at}");
            distinct += usize::from(at.as_nanos() != last);
            last = at.as_nanos();
            channel.advance();
        }
        assert!(channel.is_empty() && channel.next_at() == i64::MAX);
        assert!(distinct > 100, "latencies are drawn, not constant");
    }

    #[test]
    fn streams_depend_on_seed_and_name() {
        let first = |seed, name| {
            let latency = Latency::Uniform { min: Duration::ZERO, max: LATENCY_MAX };
            let mut channel = Channel::new(&latency, seed, name);
            channel.send(UnixNanos::ZERO, ());
            channel.next_at()
        };
        assert_eq!(first(1, "feed"), first(1, "feed"));
        assert_ne!(first(1, "feed"), first(1, "entry"));
        assert_ne!(first(1, "feed"), first(2, "feed"));
    }

    #[test]
    fn recorded_latencies_come_in_their_order_and_again() {
        let recorded = Latency::Recorded([3, 1, 9].map(Duration::from_nanos).into());
        assert!(recorded.is_sound() && !Latency::Recorded([].into()).is_sound());
        let mut channel = Channel::new(&recorded, 7, "feed");
        (0..5).for_each(|at| assert!(channel.send(UnixNanos::from_nanos(100 * at), ())));
        let arrivals = (0..5).map(|_| {
            let at = channel.next_at();
            channel.advance();
            at
        });
        assert_eq!(arrivals.collect::<Vec<_>>(), [3, 101, 209, 303, 401]);
    }

    /// However many are sent while others are on their way, those that have arrived take no memory for long.
    #[test]
    fn what_has_arrived_makes_room() {
        let latency = Latency::Constant(Duration::from_nanos(10));
        let mut channel = Channel::new(&latency, 7, "feed");
        for at in 0..100_000 {
            assert!(channel.send(UnixNanos::from_nanos(at), at));
            while channel.next_at() <= at {
                let (arrival, message) = channel.next().expect("it is due");
                assert_eq!((arrival.as_nanos(), *message), (at, at - 10));
                channel.advance();
            }
            assert_eq!(channel.len(), usize::try_from(at.min(9) + 1).expect("small"));
        }
        assert!(channel.messages.capacity() < 100, "{}", channel.messages.capacity());
    }
}
