//! One fault of a link.

use std::collections::BTreeMap;
use std::time::Duration;

use platform::{Entropy, EntropyStream};
use rand::Rng;
use scenario::{Direction, Excess};

/// What a fault does to a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkFault {
    /// The network holds everything back; it is only counted here.
    Held,
    /// Dials get no answer; `reset` also ends what is established.
    Swallow { reset: bool },
    /// Dials are refused.
    Refuse,
    /// The oldest connections are reset, and those that are opened later at an age.
    Reset { connections: usize, after: Option<Duration> },
    /// The other side of the oldest connections has vanished.
    HalfOpen { connections: usize },
    /// The bytes of one direction wait, and dials get no answer.
    HeldOneWay(Direction),
    /// Bytes come late by a time between two.
    Late { directions: &'static [Direction], min: Duration, max: Duration },
    /// Bytes come in drops with an interval between them.
    Paced { directions: &'static [Direction], bytes: usize, interval: Duration },
    /// Bytes come in pieces of any size up to one.
    Split { directions: &'static [Direction], bytes_max: usize },
    /// Connections end after so many bytes to the trader.
    Truncate { bytes: usize },
    /// One byte to the trader in so many is damaged.
    Corrupt { one_in: u32 },
    /// Names resolve late, or not at all.
    Dns { delay: Option<Duration>, found: bool },
    /// Only so many connections at once.
    Pool { connections: usize, excess: Excess },
}

/// A fault in force.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) what: LinkFault,
    pub(super) struck: u64,
    entropy: Entropy,
    /// What each connection draws, by its number.
    draws: BTreeMap<u64, Draws>,
}

/// What a connection draws. Each has a stream of its own: when a host crashes, its connections end in an order that
/// is not the seed's, and they would take each other's draws.
#[derive(Debug)]
struct Draws {
    stream: EntropyStream,
    /// Bytes until the next one is damaged.
    sound: u64,
}

impl InForce {
    pub(super) fn new(what: LinkFault, entropy: Entropy, struck: u64) -> Self {
        Self { what, struck, entropy, draws: BTreeMap::new() }
    }

    /// A connection is no more.
    pub(super) fn forget(&mut self, connection: u64) {
        self.draws.remove(&connection);
    }

    fn draws(&mut self, connection: u64) -> &mut Draws {
        self.draws.entry(connection).or_insert_with(|| {
            let mut stream = self.entropy.stream(&connection.to_string());
            let sound = match self.what {
                LinkFault::Corrupt { one_in } => gap(&mut stream, one_in),
                LinkFault::Held
                | LinkFault::Swallow { .. }
                | LinkFault::Refuse
                | LinkFault::Reset { .. }
                | LinkFault::HalfOpen { .. }
                | LinkFault::HeldOneWay(_)
                | LinkFault::Late { .. }
                | LinkFault::Paced { .. }
                | LinkFault::Split { .. }
                | LinkFault::Truncate { .. }
                | LinkFault::Dns { .. }
                | LinkFault::Pool { .. } => 0,
            };
            Draws { stream, sound }
        })
    }

    /// Damages bytes of a connection where it is their turn.
    pub(super) fn damage(&mut self, connection: u64, bytes: &mut [u8]) {
        let LinkFault::Corrupt { one_in } = self.what else {
            return;
        };
        let mut struck = 0;
        let draws = self.draws(connection);
        for byte in bytes {
            if draws.sound == 0 {
                // No text, head or frame survives it unnoticed; a digit that becomes another would.
                *byte ^= 0x80;
                struck += 1;
                draws.sound = gap(&mut draws.stream, one_in);
            } else {
                draws.sound -= 1;
            }
        }
        self.struck += struck;
    }

    /// By how much something is late, drawn and counted.
    pub(super) fn lateness(&mut self, connection: u64, direction: Direction) -> Duration {
        let LinkFault::Late { directions, min, max } = self.what else {
            return Duration::ZERO;
        };
        if !directions.contains(&direction) {
            return Duration::ZERO;
        }
        self.struck += 1;
        let span = u64::try_from(max.saturating_sub(min).as_millis()).unwrap_or(u64::MAX);
        min + Duration::from_millis(
            self.draws(connection).stream.next_u64() % span.saturating_add(1),
        )
    }

    /// How many of `ready` bytes may pass at once, counted if some may not.
    pub(super) fn piece(&mut self, connection: u64, direction: Direction, ready: usize) -> usize {
        let most = if let LinkFault::Split { directions, bytes_max } = self.what
            && directions.contains(&direction)
        {
            let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX).max(1);
            let drawn = self.draws(connection).stream.next_u64();
            usize::try_from(1 + drawn % bytes_max).unwrap_or(usize::MAX)
        } else if let LinkFault::Paced { directions, bytes, .. } = self.what
            && directions.contains(&direction)
        {
            bytes
        } else {
            return ready;
        };
        self.struck += u64::from(most < ready);
        ready.min(most.max(1))
    }

    /// The pause after a piece.
    pub(super) fn pause(&self, direction: Direction) -> Duration {
        if let LinkFault::Paced { directions, interval, .. } = self.what
            && directions.contains(&direction)
        {
            interval
        } else {
            Duration::ZERO
        }
    }
}

/// Bytes between two that are damaged, `one_in - 1` on average.
fn gap(draws: &mut EntropyStream, one_in: u32) -> u64 {
    draws.next_u64() % (2 * u64::from(one_in)).saturating_sub(1).max(1)
}
