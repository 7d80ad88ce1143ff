//! Who may pass when: the two kinds behind one queue.
//!
//! A waiter holds a place in the queue. Only the head of the queue asks for weight, so a heavy
//! request is not starved by light ones behind it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::config::LimiterConfig;
use super::counter::DecayingCounter;
use super::error::LimiterError;
use super::snapshot::LimitUse;
use super::weight::Weight;
use super::window::SlidingWindows;
use super::{Shared, nanos};

/// Requests that wait at once; more are refused.
pub(super) const QUEUE_MAX: usize = 4096;

/// How the venue counts.
#[derive(Debug)]
enum Kind {
    Windows(SlidingWindows),
    Counter(DecayingCounter),
}

#[derive(Debug)]
pub(super) struct State {
    kind: Kind,
    /// Latest time seen. Threads may arrive here in another order than they read the clock; time stands
    /// still rather than go back.
    latest_ns: u64,
    /// Zero if it was never paused.
    pub(super) paused_until_ns: u64,
    /// By ticket, so in the order of arrival.
    queue: BTreeMap<u64, Arc<Notify>>,
    next_ticket: u64,
}

impl State {
    pub(super) fn new(config: &LimiterConfig) -> Self {
        let kind = match config {
            LimiterConfig::Windows(limits) => Kind::Windows(SlidingWindows::new(limits)),
            LimiterConfig::Counter(limit) => Kind::Counter(DecayingCounter::new(*limit)),
        };
        Self { kind, latest_ns: 0, paused_until_ns: 0, queue: BTreeMap::new(), next_ticket: 0 }
    }

    /// Passes (`None`) if nobody waits and nothing stands in the way; else tells when at the earliest.
    /// `weight` is at most [`State::capacity`] in time.
    #[inline]
    pub(super) fn try_pass(&mut self, weight: Weight, now: Instant, now_ns: u64) -> Option<u64> {
        let now_ns = self.observe(now_ns);
        let ready_ns = self.ready_at(weight, now, now_ns);
        if ready_ns.is_none() && self.queue.is_empty() {
            self.kind.take(weight.at(now), now_ns);
            return None;
        }
        Some(ready_ns.unwrap_or(now_ns))
    }

    /// Most that can pass at once.
    pub(super) fn capacity(&self) -> u32 {
        self.kind.capacity()
    }

    #[inline]
    fn observe(&mut self, now_ns: u64) -> u64 {
        self.latest_ns = self.latest_ns.max(now_ns);
        self.latest_ns
    }

    /// When `weight` may pass if nobody is before it; `None` for now.
    #[inline]
    fn ready_at(&mut self, weight: Weight, now: Instant, now_ns: u64) -> Option<u64> {
        let paused_ns = Some(self.paused_until_ns).filter(|&until_ns| until_ns > now_ns);
        let ready_ns = match weight {
            Weight::Fixed(weight) => self.kind.ready_at(weight, now_ns),
            Weight::ByAge { .. } => self.kind.ready_by_age(weight, now, now_ns),
        };
        paused_ns.max(ready_ns)
    }

    /// Takes a place at the end of the queue.
    pub(super) fn enter(&mut self) -> Result<(u64, Arc<Notify>), LimiterError> {
        let waiting = self.queue.len();
        if waiting >= QUEUE_MAX {
            return Err(LimiterError::QueueFull { waiting });
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        let my_turn = Arc::new(Notify::new());
        self.queue.insert(ticket, Arc::clone(&my_turn));
        Ok((ticket, my_turn))
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn uses(&mut self, now_ns: u64) -> Vec<LimitUse> {
        let now_ns = self.observe(now_ns);
        match &mut self.kind {
            Kind::Windows(windows) => {
                let limit = |(length_ns, used, capacity)| LimitUse {
                    window: Some(Duration::from_nanos(length_ns)),
                    used,
                    capacity,
                };
                windows.used(now_ns).map(limit).collect()
            }
            Kind::Counter(counter) => {
                let (used, capacity) = (counter.used(now_ns), counter.capacity());
                vec![LimitUse { window: None, used, capacity }]
            }
        }
    }

    pub(super) fn raise_window(&mut self, length_ns: u64, used: u32, now_ns: u64) -> bool {
        let now_ns = self.observe(now_ns);
        match &mut self.kind {
            Kind::Windows(windows) => windows.raise(length_ns, used, now_ns),
            Kind::Counter(_) => false,
        }
    }

    pub(super) fn raise_counter(&mut self, level: u32, now_ns: u64) -> bool {
        let now_ns = self.observe(now_ns);
        match &mut self.kind {
            Kind::Windows(_) => false,
            Kind::Counter(counter) => {
                counter.raise(level, now_ns);
                true
            }
        }
    }

    pub(super) fn fill(&mut self, now_ns: u64) {
        let now_ns = self.observe(now_ns);
        match &mut self.kind {
            Kind::Windows(windows) => windows.fill(now_ns),
            Kind::Counter(counter) => counter.raise(counter.capacity(), now_ns),
        }
    }

    /// Returns whether it is as one through which nothing has passed.
    pub(super) fn is_new(&mut self, now_ns: u64) -> bool {
        let idle = self.queue.is_empty() && self.paused_until_ns <= now_ns;
        idle && self.uses(now_ns).iter().all(|limit| limit.used == 0)
    }
}

impl Kind {
    #[inline]
    fn capacity(&self) -> u32 {
        match self {
            Self::Windows(windows) => windows.capacity(),
            Self::Counter(counter) => counter.capacity(),
        }
    }

    #[inline]
    fn ready_at(&mut self, weight: u32, now_ns: u64) -> Option<u64> {
        match self {
            Self::Windows(windows) => windows.ready_at(weight, now_ns),
            Self::Counter(counter) => counter.ready_at(weight, now_ns),
        }
    }

    /// As [`Kind::ready_at`] for a weight that falls while it waits: the earliest time at which
    /// there is room for what it weighs then.
    fn ready_by_age(&mut self, weight: Weight, now: Instant, now_ns: u64) -> Option<u64> {
        let Weight::ByAge { since, table } = weight else {
            return self.ready_at(weight.at(now), now_ns);
        };
        let age = now.saturating_duration_since(since);
        let mut from_ns = now_ns;
        for &(below, weight) in table.steps.iter().filter(|(below, _)| age < *below) {
            let until_ns = now_ns.saturating_add(nanos(below - age));
            if weight <= self.capacity() {
                let ready_ns = self.ready_at(weight, now_ns).unwrap_or(now_ns).max(from_ns);
                if ready_ns < until_ns {
                    return (ready_ns > now_ns).then_some(ready_ns);
                }
            }
            from_ns = until_ns;
        }
        let ready_ns = self.ready_at(table.then, now_ns).unwrap_or(now_ns).max(from_ns);
        (ready_ns > now_ns).then_some(ready_ns)
    }

    #[inline]
    fn take(&mut self, weight: u32, now_ns: u64) {
        match self {
            Self::Windows(windows) => windows.take(weight, now_ns),
            Self::Counter(counter) => counter.take(weight, now_ns),
        }
    }
}

/// Whose turn it is.
pub(super) enum Turn {
    Passed,
    /// Mine, but not before this time.
    NotBefore(Instant),
    /// Somebody else's.
    Queued,
}

/// A place in the queue. Dropping it gives the turn to the next.
pub(super) struct Place<'a> {
    pub(super) shared: &'a Shared,
    pub(super) ticket: u64,
    pub(super) my_turn: Arc<Notify>,
    pub(super) weight: Weight,
    pub(super) entered_at: Instant,
    pub(super) leave_at: Instant,
    pub(super) wait_max: Duration,
}

impl Place<'_> {
    /// Ends when this place may have become the first.
    pub(super) fn my_turn(&self) -> Notified<'_> {
        self.my_turn.notified()
    }

    pub(super) fn try_pass(&self, now: Instant) -> Turn {
        let now_ns = self.shared.nanos(now);
        let mut state = self.shared.state.lock();
        let head = state.queue.first_key_value().map(|(&ticket, _)| ticket);
        if head != Some(self.ticket) {
            return Turn::Queued;
        }
        let now_ns = state.observe(now_ns);
        match state.ready_at(self.weight, now, now_ns) {
            Some(ready_ns) => Turn::NotBefore(self.shared.instant(ready_ns)),
            None => {
                state.kind.take(self.weight.at(now), now_ns);
                Turn::Passed
            }
        }
    }

    pub(super) fn too_long(&self, not_before: Instant) -> LimiterError {
        LimiterError::WaitTooLong {
            at_least: not_before.saturating_duration_since(self.entered_at),
            wait_max: self.wait_max,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.queue.remove(&self.ticket);
        if let Some((_, next)) = state.queue.first_key_value() {
            // Harmless if it knew already: it only looks again.
            next.notify_one();
        }
    }
}
