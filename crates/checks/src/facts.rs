//! Plain facts that several checks read from the history.

use std::collections::BTreeSet;
use std::time::Duration;

use model::audit::{AuditEvent, StreamState};
use model::history::{Event, Phase, Record, WorldEvent};

use crate::findings::Place;

/// End of the names of the streams that carry books.
const PUBLIC_STREAM: &str = "/public";

/// End of the names of the streams that tell of our orders.
const PRIVATE_STREAM: &str = "/private";

/// Where a phase starts, if it does.
pub(crate) fn phase_start(history: &[Record], wanted: Phase) -> Option<Place> {
    history.iter().find_map(|record| match &record.event {
        Event::World(WorldEvent::PhaseStarted { phase }) if *phase == wanted => Some(record.into()),
        Event::World(_) | Event::Trader(_) | Event::Venue(_) | Event::Sink(_) => None,
    })
}

/// The records up to and including a time.
pub(crate) fn until(history: &[Record], at_ns: u64) -> &[Record] {
    let end = history.partition_point(|record| record.at_ns <= at_ns);
    &history[..end]
}

/// True for the end of a process that was not asked to end: what it knew is gone.
pub(crate) fn is_crash(record: &Record, host: &str) -> bool {
    record.host == host && matches!(record.event, Event::World(WorldEvent::HostCrashed))
}

/// The trader's event in a record, if it is one.
pub(crate) const fn audit(record: &Record) -> Option<&AuditEvent> {
    match &record.event {
        Event::Trader(event) => Some(event),
        Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    }
}

/// Status of an answer that the venue itself gave.
pub(crate) const OK: u16 = 200;

/// In the error of a call that was one too many.
pub(crate) const TOO_OFTEN: &str = "status 429";

/// Longest time for which the trader's metrics are behind what they tell of.
pub(crate) const METRICS_LAG: Duration = Duration::from_secs(10);

/// An operation that a venue answered, as the trader names it: `kraken/AddOrder`.
pub(crate) fn answered_op(record: &Record, op: &str) -> String {
    format!("{}/{op}", record.host)
}

/// True for a stream that carries books.
pub(crate) fn carries_books(stream: &str) -> bool {
    stream.ends_with(PUBLIC_STREAM)
}

/// True for a stream that tells of our orders.
pub(crate) fn tells_of_orders(stream: &str) -> bool {
    stream.ends_with(PRIVATE_STREAM)
}

/// The times at which faults were in force.
#[derive(Debug, Default)]
pub(crate) struct Spells {
    spells: Vec<Spell>,
}

/// One fault.
#[derive(Debug)]
pub(crate) struct Spell {
    /// Number of the fault.
    pub fault: u32,
    /// When it begins, nanoseconds.
    pub from_ns: u64,
    /// When it ends; `None` while it lasts.
    pub to_ns: Option<u64>,
}

impl Spells {
    /// Takes one record; others than begins and ends of faults change nothing.
    pub(crate) fn observe(&mut self, record: &Record) {
        let Event::World(event) = &record.event else {
            return;
        };
        if let WorldEvent::FaultStarted { fault, .. } = event {
            self.spells.push(Spell { fault: *fault, from_ns: record.at_ns, to_ns: None });
        } else if let WorldEvent::FaultEnded { fault, .. } = event {
            let open = |spell: &&mut Spell| spell.fault == *fault && spell.to_ns.is_none();
            if let Some(spell) = self.spells.iter_mut().find(open) {
                spell.to_ns = Some(record.at_ns);
            }
        }
    }

    /// All faults of a history.
    pub(crate) fn of(history: &[Record]) -> Self {
        let mut spells = Self::default();
        for record in history {
            spells.observe(record);
        }
        spells
    }

    /// When somebody who hears nothing since a time may have heard something last, if he must notice silence
    /// within a bound: what one of the faults that make silent kept back arrives at its end, also while
    /// another one is in force.
    pub(crate) fn heard_ns(
        &self,
        since_ns: u64,
        bound_ns: u64,
        silent: impl Fn(&Spell) -> bool,
    ) -> u64 {
        let silences: Vec<&Spell> = self.spells.iter().filter(|spell| silent(spell)).collect();
        let in_force = |at_ns: u64| {
            let mut all = silences.iter();
            all.any(|spell| spell.from_ns <= at_ns && spell.to_ns.is_none_or(|to_ns| to_ns > at_ns))
        };
        let ends = silences.iter().filter_map(|spell| spell.to_ns);
        let mut ends: Vec<u64> = ends.filter(|end_ns| in_force(*end_ns)).collect();
        ends.sort_unstable();
        let later = |heard_ns: u64, end_ns: u64| {
            let noticed = end_ns < heard_ns || end_ns - heard_ns > bound_ns;
            if noticed { heard_ns } else { end_ns }
        };
        ends.into_iter().fold(since_ns, later)
    }

    /// When somebody can act who wants to at a time: after the faults that stop him.
    pub(crate) fn thawed_ns(&self, due_ns: u64, frozen: &BTreeSet<u32>) -> u64 {
        // They began in order: what one puts off, the next may put off further.
        let freezes = self.spells.iter().filter(|spell| frozen.contains(&spell.fault));
        freezes.fold(due_ns, |due_ns, spell| {
            let to_ns = spell.to_ns.unwrap_or(u64::MAX);
            if spell.from_ns <= due_ns { due_ns.max(to_ns) } else { due_ns }
        })
    }

    /// When somebody who hears nothing since a time may first have looked, if he must notice within a bound:
    /// whoever was stopped meanwhile looks from then on.
    pub(crate) fn awake_ns(&self, since_ns: u64, bound_ns: u64, frozen: &BTreeSet<u32>) -> u64 {
        let freezes = self.spells.iter().filter(|spell| frozen.contains(&spell.fault));
        freezes.fold(since_ns, |since_ns, spell| {
            let to_ns = spell.to_ns.unwrap_or(u64::MAX);
            let noticed = since_ns.saturating_add(bound_ns) < spell.from_ns;
            if noticed { since_ns } else { since_ns.max(to_ns) }
        })
    }

    /// The faults, in the order in which they began.
    pub(crate) fn all(&self) -> &[Spell] {
        &self.spells
    }
}

/// The stream and its new state, if the record tells of one.
pub(crate) fn stream_change(record: &Record) -> Option<(&str, StreamState)> {
    if let Some(AuditEvent::StreamChanged { stream, state, .. }) = audit(record) {
        Some((stream, *state))
    } else {
        None
    }
}

/// Seconds with three digits, for messages.
pub(crate) fn seconds(ns: u64) -> String {
    let ms = ns / 1_000_000;
    format!("{}.{:03} s", ms / 1000, ms % 1000)
}
