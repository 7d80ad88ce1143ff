//! When which calls become a batch. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::config::BatcherConfig;

/// What the driver is to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    /// Begin a batch with these, in the order in which they came.
    Batch(Vec<T>),
    /// Look again at this time, or when a call comes or a batch ends.
    NotBefore(Instant),
    /// Look again when a call comes or a batch ends.
    Wait,
}

/// A call was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    Full { queued: usize },
    Closed,
}

/// Calls that wait for a batch.
#[derive(Debug)]
pub(super) struct Queue<T> {
    size_max: usize,
    wait_max: Duration,
    running_max: usize,
    queue_max: usize,
    /// By ticket, so in the order of arrival.
    waiting: BTreeMap<u64, (Instant, T)>,
    next_ticket: u64,
    closed: bool,
}

impl<T> Queue<T> {
    pub(super) const fn new(config: &BatcherConfig) -> Self {
        Self {
            size_max: config.size_max,
            wait_max: config.wait_max,
            running_max: config.running_max,
            queue_max: config.queue_max,
            waiting: BTreeMap::new(),
            next_ticket: 0,
            closed: false,
        }
    }

    /// Takes a call; returns its ticket.
    pub(super) fn push(&mut self, now: Instant, item: T) -> Result<u64, Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.waiting.len() >= self.queue_max {
            return Err(Refused::Full { queued: self.waiting.len() });
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.insert(ticket, (now, item));
        Ok(ticket)
    }

    /// Takes a call out again; `None` if it is in a batch already.
    pub(super) fn remove(&mut self, ticket: u64) -> Option<T> {
        self.waiting.remove(&ticket).map(|(_, item)| item)
    }

    /// Takes no more calls, and lets none wait for others.
    pub(super) const fn close(&mut self) {
        self.closed = true;
    }

    /// A batch begins when enough calls wait, when the first has waited long enough, or when no more
    /// can come; but only while fewer than `running_max` run.
    pub(super) fn next(&mut self, now: Instant, running: usize) -> Next<T> {
        let Some((_, (first, _))) = self.waiting.first_key_value() else {
            return Next::Wait;
        };
        if running >= self.running_max {
            return Next::Wait;
        }
        let due = *first + self.wait_max;
        if self.waiting.len() < self.size_max && now < due && !self.closed {
            return Next::NotBefore(due);
        }
        let size = self.size_max.min(self.waiting.len());
        let batch = std::iter::from_fn(|| self.waiting.pop_first());
        Next::Batch(batch.take(size).map(|(_, (_, item))| item).collect())
    }

    pub(super) fn take_all(&mut self) -> Vec<T> {
        std::mem::take(&mut self.waiting).into_values().map(|(_, item)| item).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Calls taken since the start.
    pub(super) const fn pushed(&self) -> u64 {
        self.next_ticket
    }
}
