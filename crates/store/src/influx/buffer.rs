//! Points on their way: bounded, in order, each counted until its end. Pure.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::config::InfluxConfig;

/// What the driver is to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Write these, and then settle or release them.
    Write(Vec<Arc<str>>),
    /// Look again at this time, or when a point comes.
    NotBefore(Instant),
    /// Look again when a point comes.
    Wait,
    /// Closed, and nothing is left.
    End,
}

/// What became of a point that was submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The driver should look.
    Look,
    /// It waits with others.
    Waits,
    /// It came after the end and is lost.
    Late,
}

/// How a point ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Written,
    /// The database does not take it.
    Rejected,
}

/// Points by how they ended, since the start. Each point that was submitted is in exactly one of these
/// or still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) submitted: u64,
    pub(super) written: u64,
    /// The oldest, for which there was no room.
    pub(super) dropped: u64,
    pub(super) rejected: u64,
    /// The line protocol cannot say it.
    pub(super) malformed: u64,
    /// Was not written by the end.
    pub(super) unwritten: u64,
    /// Came after the end.
    pub(super) late: u64,
}

#[derive(Debug)]
pub(super) struct Buffer {
    batch_max: usize,
    wait_max: Duration,
    buffer_max: usize,
    waiting: VecDeque<(Instant, Arc<str>)>,
    /// So many at the front are being written.
    in_flight: usize,
    /// The database is away: nothing before this time.
    held_until: Option<Instant>,
    closed: bool,
    counts: Counts,
}

impl Buffer {
    pub(super) fn new(config: &InfluxConfig) -> Self {
        Self {
            batch_max: config.batch_max,
            wait_max: config.wait_max,
            buffer_max: config.buffer_max,
            waiting: VecDeque::new(),
            in_flight: 0,
            held_until: None,
            closed: false,
            counts: Counts::default(),
        }
    }

    /// Takes a point, unless the end has begun. For one that is too many, the oldest that is not being
    /// written goes.
    pub(super) fn push(&mut self, now: Instant, line: Arc<str>) -> Taken {
        self.counts.submitted += 1;
        if self.closed {
            self.counts.late += 1;
            return Taken::Late;
        }
        if self.waiting.len() >= self.buffer_max && self.waiting.remove(self.in_flight).is_some() {
            self.counts.dropped += 1;
        }
        self.waiting.push_back((now, line));
        let waiting = self.waiting.len() - self.in_flight;
        if waiting == 1 || waiting == self.batch_max { Taken::Look } else { Taken::Waits }
    }

    /// Counts a point that cannot be written.
    pub(super) const fn malformed(&mut self) {
        self.counts.submitted += 1;
        self.counts.malformed += 1;
    }

    /// Points are written when enough wait, when the first has waited long enough, or when no more
    /// can come; but not while the database is away.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        debug_assert_eq!(self.in_flight, 0, "one batch at a time");
        let Some((first, _)) = self.waiting.front() else {
            return if self.closed { Next::End } else { Next::Wait };
        };
        let full = self.waiting.len() >= self.batch_max || self.closed;
        let due = if full { now } else { *first + self.wait_max };
        let due = self.held_until.map_or(due, |until| due.max(until));
        if now < due {
            return Next::NotBefore(due);
        }
        self.in_flight = self.batch_max.min(self.waiting.len());
        let batch = self.waiting.iter().take(self.in_flight);
        Next::Write(batch.map(|(_, line)| Arc::clone(line)).collect())
    }

    /// The first `count` of those that are being written have ended.
    pub(super) fn settle(&mut self, count: usize, end: End) {
        let count = count.min(self.in_flight);
        self.in_flight -= count;
        self.waiting.drain(..count);
        self.held_until = None;
        let ended = u64::try_from(count).unwrap_or(u64::MAX);
        match end {
            End::Written => self.counts.written += ended,
            End::Rejected => self.counts.rejected += ended,
        }
    }

    /// Those that are still being written wait again, and nothing is tried before a time.
    pub(super) const fn release(&mut self, held_until: Instant) {
        self.in_flight = 0;
        self.held_until = Some(held_until);
    }

    /// Takes no more points, lets none wait for others, and has the database tried once more.
    pub(super) const fn close(&mut self) {
        self.closed = true;
        self.held_until = None;
    }

    /// Counts what is left as unwritten.
    pub(super) fn abandon(&mut self) {
        self.closed = true;
        self.in_flight = 0;
        self.counts.unwritten += u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        self.waiting.clear();
    }

    /// No more points are taken.
    pub(super) const fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }
}
