//! A history under construction.

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent, WorldEvent};

use super::events::stored;

/// A history under construction. Events are told in any order and sorted by time.
#[derive(Debug, Clone, Default)]
pub struct Story {
    records: Vec<Record>,
}

impl Story {
    /// A story in which nothing happens.
    pub const fn new() -> Self {
        Self { records: Vec::new() }
    }

    /// Tells what the trader did at a time; after everything already told of that time.
    pub fn trader(&mut self, at_ms: u64, event: AuditEvent) -> &mut Self {
        self.tell(at_ms, "trader", Event::Trader(event))
    }

    /// Tells what the venue did at a time.
    pub fn venue(&mut self, at_ms: u64, event: VenueEvent) -> &mut Self {
        self.tell(at_ms, "kraken", Event::Venue(event))
    }

    /// Tells what the simulator did at a time.
    pub fn world(&mut self, at_ms: u64, event: WorldEvent) -> &mut Self {
        self.tell(at_ms, "world", Event::World(event))
    }

    /// Tells any event of any host.
    pub fn tell(&mut self, at_ms: u64, host: &str, event: Event) -> &mut Self {
        self.records.push(Record {
            seq: 0,
            at_ns: at_ms.saturating_mul(1_000_000),
            host: host.to_owned(),
            event,
        });
        self
    }

    /// Tells of each event so far that is to be stored that a database stores it, 100 ms later.
    pub fn store(&mut self) -> &mut Self {
        let told = self.history();
        for (number, record) in (0..).zip(&told) {
            if let Event::Trader(event) = &record.event
                && let Some(point) = stored(event, number)
            {
                let at_ms = record.at_ns / 1_000_000;
                self.tell(at_ms.saturating_add(100), "influxdb", Event::Sink(point));
            }
        }
        self
    }

    /// Leaves out every record that matches.
    ///
    /// # Panics
    /// When nothing matches: the test would prove nothing.
    pub fn without(&mut self, matches: impl Fn(&Record) -> bool) -> &mut Self {
        let before = self.records.len();
        self.records.retain(|record| !matches(record));
        assert!(self.records.len() < before, "nothing was left out");
        self
    }

    /// Changes every record for which `change` returns true.
    ///
    /// # Panics
    /// When nothing changes: the test would prove nothing.
    pub fn change(&mut self, mut change: impl FnMut(&mut Record) -> bool) -> &mut Self {
        let mut changed = 0_usize;
        for record in &mut self.records {
            changed = changed.saturating_add(usize::from(change(record)));
        }
        assert!(changed > 0, "nothing was changed");
        self
    }

    /// The history: sorted by time, numbered without gaps.
    pub fn history(&self) -> Vec<Record> {
        let mut records = self.records.clone();
        records.sort_by_key(|record| record.at_ns);
        for (seq, record) in (0..).zip(&mut records) {
            record.seq = seq;
        }
        records
    }
}
