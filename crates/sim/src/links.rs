//! What faults do to the links between the trader and the other hosts, and how often.
//!
//! turmoil strikes pairs of hosts; everything finer is done here, in front of the streams of both ends.
//! Bytes are struck where they are read: a fault of the direction `in` at the trader's end, one of the
//! direction `out` at the other. What was written is in the network then, and arrives though the
//! writer may be gone, as with a real kernel.

mod end;
mod fault;
mod flow;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use platform::Entropy;
use scenario::{Direction, Excess};
use tokio::time::{Instant, sleep};

pub(crate) use end::{End, Fate};
pub(crate) use fault::LinkFault;
pub(crate) use flow::{Flow, Ready};

use fault::InForce;

/// Wait before the first SYN is sent again, as Linux does; it doubles from time to time.
const SYN_WAIT: Duration = Duration::from_secs(1);

/// How often a SYN is sent again before the dial fails: Linux's `tcp_syn_retries`.
const SYN_RETRIES: u32 = 6;

/// What dials draw from; no connection has this number.
const DIALS: u64 = u64::MAX;

/// The links of the trader, by host. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links(Arc<Mutex<BTreeMap<String, Link>>>);

impl Links {
    /// The link to a host.
    pub(crate) fn to(&self, host: &str) -> Link {
        self.0.lock().entry(host.to_owned()).or_default().clone()
    }
}

/// The link to one host. Clones are the same link.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// By number in the plan.
    faults: BTreeMap<u32, InForce>,
    /// Open ends of connections, in the order in which they were opened.
    ends: BTreeMap<u64, Arc<End>>,
    opened: u64,
}

/// How a dial was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reception {
    /// Somebody answered.
    Served,
    /// Somebody answered who has no time: the first request gets a status 503.
    TurnedAway,
}

/// How many of the bytes that are there may be read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// None until a fault is over.
    Held,
    /// So many, and then nothing for a time.
    Bytes(usize, Duration),
}

impl Link {
    /// Puts a fault in force. What its connections draw, they draw from streams of `entropy`.
    pub(crate) fn begin(&self, fault: u32, what: LinkFault, entropy: Entropy) {
        let mut state = self.0.lock();
        let struck = match &what {
            LinkFault::Swallow { reset: true } => state.cut(fault, usize::MAX, Fate::Reset),
            LinkFault::Reset { connections, .. } => state.cut(fault, *connections, Fate::Reset),
            LinkFault::HalfOpen { connections } => state.cut(fault, *connections, Fate::Silent),
            LinkFault::Held
            | LinkFault::Swallow { reset: false }
            | LinkFault::Refuse
            | LinkFault::HeldOneWay(_)
            | LinkFault::Late { .. }
            | LinkFault::Paced { .. }
            | LinkFault::Split { .. }
            | LinkFault::Truncate { .. }
            | LinkFault::Corrupt { .. }
            | LinkFault::Dns { .. }
            | LinkFault::Pool { .. } => 0,
        };
        state.faults.insert(fault, InForce::new(what, entropy, struck));
        state.wake();
    }

    /// Ends a fault; how often it struck.
    pub(crate) fn end(&self, fault: u32) -> u64 {
        let mut state = self.0.lock();
        let ended = state.faults.remove(&fault);
        // Whoever has vanished does not come back: the next write hears of it.
        state.ends.values().for_each(|end| end.rise(fault));
        state.wake();
        ended.map_or(0, |in_force| in_force.struck)
    }

    /// Something was sent or dialled.
    pub(crate) fn touch(&self) {
        self.0.lock().each(|what| matches!(what, LinkFault::Held), |held| held.struck += 1);
    }

    /// Dials, as far as faults are concerned.
    ///
    /// # Errors
    /// `NotFound`, `ConnectionRefused`, or `TimedOut` after the last of Linux's retries, about two
    /// minutes.
    pub(crate) async fn dial(&self) -> io::Result<Reception> {
        self.touch();
        if let Some((delay, found)) = self.resolves() {
            sleep(delay.unwrap_or_default()).await;
            if !found {
                return Err(io::ErrorKind::NotFound.into());
            }
        }
        if self.0.lock().each(|what| matches!(what, LinkFault::Refuse), |refuse| refuse.struck += 1)
        {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        match self.0.lock().excess() {
            Some(Excess::Refused) => return Err(io::ErrorKind::ConnectionRefused.into()),
            Some(Excess::Unavailable) => return Ok(Reception::TurnedAway),
            Some(Excess::Unanswered) | None => {}
        }
        let mut wait = SYN_WAIT;
        for _ in 0..=SYN_RETRIES {
            if !self.0.lock().is_unanswered() {
                sleep(self.late_dial()).await;
                return Ok(Reception::Served);
            }
            sleep(wait).await;
            wait *= 2;
        }
        Err(io::ErrorKind::TimedOut.into())
    }

    /// How the name is resolved, if a fault says that.
    fn resolves(&self) -> Option<(Option<Duration>, bool)> {
        let mut state = self.0.lock();
        let mut resolved = None;
        state.each(
            |what| matches!(what, LinkFault::Dns { .. }),
            |dns| {
                dns.struck += 1;
                if let LinkFault::Dns { delay, found } = dns.what {
                    resolved = Some((delay, found));
                }
            },
        );
        resolved
    }

    /// By how much SYN and its answer are late together.
    fn late_dial(&self) -> Duration {
        let mut state = self.0.lock();
        Direction::BOTH.into_iter().map(|direction| state.lateness(DIALS, direction)).sum()
    }

    /// Registers an end of a connection: that of the trader, which dialled, or the other one.
    pub(crate) fn open(&self, dialled: bool) -> Arc<End> {
        let mut state = self.0.lock();
        let number = state.opened;
        state.opened += 1;
        let end = Arc::new(End::new(number, dialled));
        state.ends.insert(number, Arc::clone(&end));
        end
    }

    /// Forgets an end.
    pub(crate) fn close(&self, end: &End) {
        let mut state = self.0.lock();
        state.ends.remove(&end.number());
        state.faults.values_mut().for_each(|in_force| in_force.forget(end.number()));
    }

    /// The age at which a connection that is opened now is reset, and by which fault.
    pub(crate) fn reset_after(&self) -> Option<(u32, Duration)> {
        let state = self.0.lock();
        state.faults.iter().find_map(|(fault, in_force)| {
            let LinkFault::Reset { after, .. } = in_force.what else { return None };
            Some((*fault, after?))
        })
    }

    /// Counts a strike; false if the fault is over.
    pub(crate) fn strike(&self, fault: u32) -> bool {
        let mut state = self.0.lock();
        let in_force = state.faults.get_mut(&fault);
        in_force.map(|in_force| in_force.struck += 1).is_some()
    }

    /// True when no fault is in force.
    pub(crate) fn is_calm(&self) -> bool {
        self.0.lock().faults.is_empty()
    }

    /// Bytes have come to the end of their way in a direction: they may be damaged, and are due at the
    /// time returned.
    pub(crate) fn arrive(
        &self,
        connection: u64,
        direction: Direction,
        bytes: &mut [u8],
        now: Instant,
    ) -> Instant {
        let mut state = self.0.lock();
        if direction == Direction::In {
            state.each(
                |what| matches!(what, LinkFault::Corrupt { .. }),
                |corrupt| corrupt.damage(connection, bytes),
            );
        }
        let held = |what: &LinkFault| *what == LinkFault::HeldOneWay(direction);
        state.each(held, |held| held.struck += 1);
        now + state.lateness(connection, direction)
    }

    /// How many of `ready` bytes may pass now.
    pub(crate) fn passage(&self, connection: u64, direction: Direction, ready: usize) -> Passage {
        let mut state = self.0.lock();
        if state.each(|what| *what == LinkFault::HeldOneWay(direction), |_| {}) {
            return Passage::Held;
        }
        let (mut most, mut pause) = (ready, Duration::ZERO);
        for in_force in state.faults.values_mut() {
            most = most.min(in_force.piece(connection, direction, most));
            pause = pause.max(in_force.pause(direction));
        }
        Passage::Bytes(most, pause)
    }

    /// How many of `length` bytes a write of the trader's takes.
    pub(crate) fn taken(&self, connection: u64, length: usize) -> usize {
        let mut state = self.0.lock();
        let split = |in_force: &&mut InForce| matches!(in_force.what, LinkFault::Split { .. });
        let pieces = state.faults.values_mut().filter(split);
        pieces.fold(length, |length, split| split.piece(connection, Direction::Out, length))
    }

    /// After how many bytes to the trader a connection ends, and by which fault.
    pub(crate) fn truncation(&self) -> Option<(u32, usize)> {
        let state = self.0.lock();
        state.faults.iter().find_map(|(fault, in_force)| {
            let LinkFault::Truncate { bytes } = in_force.what else { return None };
            Some((*fault, bytes))
        })
    }
}

impl State {
    /// Does something to every fault of a kind; true if there is one.
    fn each(
        &mut self,
        kind: impl Fn(&LinkFault) -> bool,
        mut act: impl FnMut(&mut InForce),
    ) -> bool {
        let mut found = false;
        for in_force in self.faults.values_mut().filter(|in_force| kind(&in_force.what)) {
            act(in_force);
            found = true;
        }
        found
    }

    /// Gives the oldest connections a fate; how many.
    fn cut(&self, fault: u32, most: usize, fate: Fate) -> u64 {
        let struck = self.dialled().filter(|end| end.strike(fault, fate)).take(most);
        u64::try_from(struck.count()).unwrap_or(u64::MAX)
    }

    fn dialled(&self) -> impl Iterator<Item = &Arc<End>> {
        self.ends.values().filter(|end| end.is_dialled())
    }

    /// What becomes of one more connection, if there are too many.
    fn excess(&mut self) -> Option<Excess> {
        let open = self.dialled().count();
        let mut excess = None;
        for in_force in self.faults.values_mut() {
            if let LinkFault::Pool { connections, excess: what } = in_force.what
                && open >= connections
            {
                in_force.struck += 1;
                excess = Some(what);
            }
        }
        excess
    }

    /// Whether a SYN gets no answer now.
    fn is_unanswered(&mut self) -> bool {
        let swallowed = self.each(
            |what| matches!(what, LinkFault::Swallow { .. } | LinkFault::HeldOneWay(_)),
            |swallow| swallow.struck += 1,
        );
        let waits =
            |what: &LinkFault| matches!(what, LinkFault::Pool { excess: Excess::Unanswered, .. });
        swallowed || self.each(waits, |_| {}) && self.excess().is_some()
    }

    /// By how much something is late in a direction, drawn anew.
    fn lateness(&mut self, connection: u64, direction: Direction) -> Duration {
        let late = |in_force: &mut InForce| in_force.lateness(connection, direction);
        self.faults.values_mut().map(late).sum()
    }

    fn wake(&self) {
        self.ends.values().for_each(|end| end.wake());
    }
}

#[cfg(test)]
mod tests;
