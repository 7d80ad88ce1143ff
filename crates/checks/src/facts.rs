//! Plain facts that several checks read from the history.

use model::audit::{AuditEvent, StreamState};
use model::history::{Event, Phase, Record, WorldEvent};

use crate::findings::Place;

/// End of the names of the streams that carry books.
const PUBLIC_STREAM: &str = "/public";

/// Beginning of the description of a fault that lets connections hang.
const HOLD_FAULTS: [&str; 2] = ["hold", "hang subscribed"];

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

/// The trader's event in a record, if it is one.
pub(crate) const fn audit(record: &Record) -> Option<&AuditEvent> {
    match &record.event {
        Event::Trader(event) => Some(event),
        Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
    }
}

/// True for a stream that carries books.
pub(crate) fn carries_books(stream: &str) -> bool {
    stream.ends_with(PUBLIC_STREAM)
}

/// Hung connections, as the fault plan tells it.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    spells: Vec<Hold>,
}

/// One fault that lets connections hang.
#[derive(Debug)]
pub(crate) struct Hold {
    /// Number of the fault.
    pub fault: u32,
    /// When it begins, nanoseconds.
    pub from_ns: u64,
    /// When it ends; `None` while it lasts.
    pub to_ns: Option<u64>,
}

impl Holds {
    /// Takes one record; others than begins and ends of holds change nothing.
    pub(crate) fn observe(&mut self, record: &Record) {
        let Event::World(event) = &record.event else {
            return;
        };
        if let WorldEvent::FaultStarted { fault, what } = event
            && HOLD_FAULTS.iter().any(|kind| what.starts_with(kind))
        {
            self.spells.push(Hold { fault: *fault, from_ns: record.at_ns, to_ns: None });
        } else if let WorldEvent::FaultEnded { fault, .. } = event {
            let open = |hold: &&mut Hold| hold.fault == *fault && hold.to_ns.is_none();
            if let Some(hold) = self.spells.iter_mut().find(open) {
                hold.to_ns = Some(record.at_ns);
            }
        }
    }

    /// All holds of a history.
    pub(crate) fn of(history: &[Record]) -> Self {
        let mut holds = Self::default();
        for record in history {
            holds.observe(record);
        }
        holds
    }

    /// True when a hold was in force at some time from `since_ns` to now.
    pub(crate) fn any_since(&self, since_ns: u64) -> bool {
        self.spells.iter().any(|hold| hold.to_ns.is_none_or(|to_ns| to_ns >= since_ns))
    }

    /// The holds, in the order in which they began.
    pub(crate) fn spells(&self) -> &[Hold] {
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
