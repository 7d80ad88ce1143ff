//! `book-equal`: a book that is claimed to be in sync is the venue's.
//!
//! The venue's books are a sequence of fingerprints per symbol. The trader's must be a subsequence
//! of it: nothing invented, nothing out of order. And while the trader claims to be in sync, its
//! latest must not have been out of date at the venue for too long.

use std::collections::BTreeMap;

use model::Symbol;
use model::audit::{AuditEvent, StreamState};
use model::history::{Event, Record, VenueEvent, WorldEvent};

use crate::check::{Check, Class, Verdict};
use crate::expectations::{Expectations, nanos};
use crate::facts::{Spell, Spells, carries_books, seconds};
use crate::findings::{Findings, Place, end_of};

pub(crate) const CHECK: Check = Check {
    name: "book-equal",
    class: Class::Safety,
    sentence: "every local book is one that the venue published, in order, and up to date while it is claimed to be",
    judge,
};

/// One symbol's books at both ends.
#[derive(Debug, Default)]
struct Twins {
    /// When each of the venue's books went out.
    published_ns: Vec<u64>,
    /// Positions in the sequence at which a fingerprint occurs, rising.
    positions: BTreeMap<u64, Vec<usize>>,
    /// Position that the trader has reached at least.
    reached: usize,
    /// The trader's fingerprint, while it claims to be in sync.
    local: Option<u64>,
    /// Since when the venue has another book than the trader.
    behind_since_ns: Option<u64>,
    /// Whether the present delay is reported.
    reported: bool,
}

/// All books, and what excuses a delay.
#[derive(Debug)]
struct Books<'a> {
    twins: BTreeMap<&'a Symbol, Twins>,
    streams: BTreeMap<&'a str, StreamState>,
    live_since_ns: u64,
    spells: Spells,
    expect: &'a Expectations,
    findings: Findings,
}

fn judge(history: &[Record], expect: &Expectations) -> Verdict {
    let mut books = Books {
        twins: BTreeMap::new(),
        streams: BTreeMap::new(),
        live_since_ns: 0,
        spells: Spells::default(),
        expect,
        findings: Findings::default(),
    };
    for record in history {
        books.take(record);
    }
    books.look(end_of(history));
    books.findings.verdict("no book was applied")
}

impl<'a> Books<'a> {
    fn take(&mut self, record: &'a Record) {
        let place = Place::from(record);
        match &record.event {
            Event::Venue(VenueEvent::BookPublished { symbol, hash }) => {
                self.look_at(symbol, place);
                self.twins.entry(symbol).or_default().publish(place.at_ns, *hash);
            }
            Event::Trader(AuditEvent::BookApplied { symbol, hash }) => {
                self.look_at(symbol, place);
                self.findings.examine();
                let twins = self.twins.entry(symbol).or_default();
                if let Err(wrong) = twins.apply(*hash) {
                    self.findings.violate(place, format!("book {symbol} {hash:016x} {wrong}"));
                }
            }
            Event::Trader(AuditEvent::BookLost { symbol, .. }) => {
                self.look_at(symbol, place);
                self.twins.entry(symbol).or_default().local = None;
            }
            Event::Trader(AuditEvent::StreamChanged { stream, state, .. })
                if carries_books(stream) =>
            {
                self.stream(place, stream, *state);
            }
            Event::World(WorldEvent::HostStopped { .. } | WorldEvent::HostCrashed)
                if record.host == self.expect.trader_host =>
            {
                self.look(place);
                self.forget();
                self.streams.clear();
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => {}
        }
        self.spells.observe(record);
    }

    /// A stream with books changes: what it told before it is live again does not count.
    fn stream(&mut self, place: Place, stream: &'a str, state: StreamState) {
        if state == StreamState::Live {
            self.live_since_ns = place.at_ns;
        } else {
            self.look(place);
            self.forget();
        }
        self.streams.insert(stream, state);
    }

    fn forget(&mut self) {
        for twins in self.twins.values_mut() {
            twins.local = None;
        }
    }

    /// Judges how far every book is behind at the end of its claim.
    fn look(&mut self, place: Place) {
        let symbols: Vec<&Symbol> = self.twins.keys().copied().collect();
        for symbol in symbols {
            self.look_at(symbol, place);
        }
    }

    /// Judges how far one book is behind, before it changes.
    fn look_at(&mut self, symbol: &Symbol, place: Place) {
        let live = self.streams.values().all(|state| *state == StreamState::Live);
        let Some(twins) = self.twins.get(symbol) else {
            return;
        };
        let (true, Some(_), Some(behind_since_ns)) = (live, twins.local, twins.behind_since_ns)
        else {
            return;
        };
        let since_ns = behind_since_ns.max(self.live_since_ns);
        let silent = |spell: &Spell| self.expect.lags.contains_key(&spell.fault);
        let since_ns = self.spells.heard_ns(since_ns, nanos(self.expect.silence_max), silent);
        let since_ns =
            self.spells.awake_ns(since_ns, nanos(self.expect.silence_max), &self.expect.freezes);
        let usual_ns = nanos(self.expect.book_lag_max).saturating_add(self.expect.slack_ns());
        let allowed_ns = usual_ns.saturating_add(self.lag_ns(since_ns));
        let Some(twins) = self.twins.get_mut(symbol) else {
            return;
        };
        let lag_ns = place.at_ns.saturating_sub(since_ns);
        if lag_ns > allowed_ns && !twins.reported {
            twins.reported = true;
            let message = format!(
                "book {symbol} claims to be in sync, but is out of date for {}",
                seconds(lag_ns)
            );
            self.findings.violate(place, message);
        }
    }
}

impl Books<'_> {
    /// How far behind the faults may leave a book that is behind since a time.
    ///
    /// What a fault made late is in front of what comes after it.
    fn lag_ns(&self, since_ns: u64) -> u64 {
        let lag_ns = |spell: &Spell| {
            let lag_ns = nanos(*self.expect.lags.get(&spell.fault)?);
            let lasts = spell.to_ns.is_none_or(|to_ns| to_ns.saturating_add(lag_ns) >= since_ns);
            lasts.then_some(lag_ns)
        };
        self.spells.all().iter().filter_map(lag_ns).max().unwrap_or(0)
    }
}

impl Twins {
    /// The venue has a new book.
    fn publish(&mut self, at_ns: u64, hash: u64) {
        let position = self.published_ns.len();
        self.published_ns.push(at_ns);
        self.positions.entry(hash).or_default().push(position);
        if self.local == Some(hash) {
            self.behind_since_ns = None;
        } else if self.behind_since_ns.is_none() {
            self.behind_since_ns = Some(at_ns);
        }
    }

    /// The trader has a new book.
    fn apply(&mut self, hash: u64) -> Result<(), &'static str> {
        self.local = Some(hash);
        self.behind_since_ns = None;
        self.reported = false;
        let Some(positions) = self.positions.get(&hash) else {
            return Err("was never published");
        };
        // The same book may have been published often: the earliest that fits keeps most choices.
        let next = positions.partition_point(|position| *position < self.reached);
        let Some(position) = positions.get(next) else {
            return Err("goes back behind an earlier one");
        };
        self.reached = *position;
        // For the delay the latest one counts.
        let latest = positions.last().map_or(0, |position| position.saturating_add(1));
        self.behind_since_ns = self.published_ns.get(latest).copied();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
