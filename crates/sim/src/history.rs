//! Collects the history of a run, and its digest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::audit::AuditEvent;
use model::history::{Event, Record, SinkEvent, VenueEvent, WorldEvent};
use parking_lot::Mutex;
use platform::AuditSink;
use venue_sim::VenueSink;

use crate::network::HostNetwork;

/// Host name of events that the simulator itself tells.
pub(crate) const WORLD: &str = "world";

/// The growing history of one run. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct HistoryLog {
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    list: Vec<(Duration, Arc<str>, Event)>,
    /// Hosts whose programs crashed: destructors of theirs have nothing to tell.
    silent: BTreeSet<String>,
    closed: bool,
}

impl HistoryLog {
    pub(crate) fn record(&self, at: Duration, host: &Arc<str>, event: Event) {
        let mut entries = self.entries.lock();
        if !entries.closed && !entries.silent.contains(host.as_ref()) {
            tracing::trace!(target: "history", t = at.as_millis(), %host, %event);
            entries.list.push((at, Arc::clone(host), event));
        }
    }

    /// A host's program ends in the middle of everything, and tells nothing any more.
    pub(crate) fn crash(&self, at: Duration, host: &str) {
        self.record(at, &Arc::from(host), Event::World(WorldEvent::HostCrashed));
        self.entries.lock().silent.insert(host.to_owned());
    }

    /// A host's program starts again.
    pub(crate) fn restart(&self, host: &str) {
        self.entries.lock().silent.remove(host);
    }

    /// Ends the history: what destructors tell afterwards is not part of the run.
    ///
    /// Hosts run one after the other within a step, so that their events arrive out of order by
    /// less than a step; they are sorted by time, ties by arrival.
    pub(crate) fn close(&self) -> Vec<Record> {
        let mut entries = self.entries.lock();
        entries.closed = true;
        let mut list = std::mem::take(&mut entries.list);
        drop(entries);
        list.sort_by_key(|(at, _, _)| *at);
        (0..)
            .zip(list)
            .map(|(seq, (at, host, event))| Record {
                seq,
                at_ns: u64::try_from(at.as_nanos()).unwrap_or(u64::MAX),
                host: host.as_ref().to_owned(),
                event,
            })
            .collect()
    }
}

/// Writes a host's events into the history.
#[derive(Debug, Clone)]
pub(crate) struct HostLog {
    log: HistoryLog,
    host: Arc<str>,
    network: Arc<dyn HostNetwork>,
}

impl HostLog {
    pub(crate) fn new(log: HistoryLog, host: &str, network: Arc<dyn HostNetwork>) -> Self {
        Self { log, host: Arc::from(host), network }
    }

    pub(crate) fn world(&self, event: WorldEvent) {
        self.write(Event::World(event));
    }

    pub(crate) fn sink(&self, event: SinkEvent) {
        self.write(Event::Sink(event));
    }

    fn write(&self, event: Event) {
        // No time means that the world is being torn down: the run is over.
        if let Some(at) = self.network.elapsed() {
            self.log.record(at, &self.host, event);
        }
    }
}

impl AuditSink for HostLog {
    fn record(&self, event: AuditEvent) {
        self.write(Event::Trader(event));
    }
}

impl VenueSink for HostLog {
    fn record(&self, event: VenueEvent) {
        self.write(Event::Venue(event));
    }
}

/// Fingerprint of a history: BLAKE3 over its JSON lines, the first 64 bits as hex.
///
/// Equal for the same binary, scenario, tape and seed, in any process, thread and order.
pub fn digest(history: &[Record]) -> String {
    let mut hasher = blake3::Hasher::new();
    for record in history {
        let line = serde_json::to_vec(record).expect("records have string keys and no floats");
        hasher.update(&line);
        hasher.update(b"\n");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fault: u32) -> Event {
        Event::World(WorldEvent::FaultEnded { fault, struck: 0 })
    }

    fn log() -> HistoryLog {
        let log = HistoryLog::default();
        let host: Arc<str> = Arc::from("h");
        for (at_ms, fault) in [(5, 0), (3, 1), (5, 2)] {
            log.record(Duration::from_millis(at_ms), &host, event(fault));
        }
        log
    }

    #[test]
    fn a_history_is_in_order_of_time_and_then_of_arrival() {
        let history = log().close();
        let events: Vec<_> = history.iter().map(|record| record.event.clone()).collect();
        assert_eq!(events, [event(1), event(0), event(2)]);
        assert_eq!(history.iter().map(|record| record.seq).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn a_closed_history_takes_nothing() {
        let log = log();
        log.close();
        log.record(Duration::ZERO, &Arc::from("h"), event(3));
        assert_eq!(log.close(), []);
    }

    #[test]
    fn a_host_that_crashed_is_silent_until_it_starts_again() {
        let (log, host) = (HistoryLog::default(), Arc::from("h"));
        log.crash(Duration::ZERO, "h");
        log.record(Duration::ZERO, &host, event(1));
        log.record(Duration::ZERO, &Arc::from("other"), event(2));
        log.restart("h");
        log.record(Duration::ZERO, &host, event(3));
        let events: Vec<_> = log.close().into_iter().map(|record| record.event).collect();
        assert_eq!(events, [Event::World(WorldEvent::HostCrashed), event(2), event(3)]);
    }

    #[test]
    fn every_part_of_an_event_is_in_the_digest() {
        let history = log().close();
        let digest_of = |change: fn(&mut Record)| {
            let mut changed = history.clone();
            change(&mut changed[1]);
            digest(&changed)
        };
        let digests = [
            digest(&history),
            digest_of(|record| record.at_ns += 1),
            digest_of(|record| record.host.push('x')),
            digest_of(|record| record.event = event(9)),
            digest(&history[..2]),
        ];
        let distinct: BTreeSet<_> = digests.iter().collect();
        assert_eq!(distinct.len(), digests.len());
    }
}
