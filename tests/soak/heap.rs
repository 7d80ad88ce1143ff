//! The live heap of a run at virtual times, less what its history holds.
//!
//! The trader's audit trail is tapped: the first event after each full minute reads the allocator's
//! counters, on the run's own thread. The history grows for good reason, so it is subtracted, and
//! exactly: after the run its records are dropped one by one, and the allocator tells what each held.

use std::alloc::System;
use std::time::Duration;

use model::audit::AuditEvent;
use model::history::{Event, Record};
use parking_lot::Mutex;
use platform::AuditTap;
use stats_alloc::StatsAlloc;
use tokio::time::Instant;

const EVERY: Duration = Duration::from_secs(60);

/// An entry of the history as the simulation keeps it: time, host, event.
type Entry = (Duration, std::sync::Arc<str>, Event);

/// Capacity with which a growing list of such entries begins.
const CAPACITY_MIN: usize = 4;

/// What was allocated at one time, without the history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Bytes.
    pub(crate) bytes: i64,
    /// Calls on the network until then.
    pub(crate) calls: u32,
}

/// Reads the heap once a minute.
#[derive(Debug)]
pub(crate) struct Heap {
    allocator: &'static StatsAlloc<System>,
    readings: Mutex<Readings>,
}

#[derive(Debug)]
struct Readings {
    started: Option<Instant>,
    list: Vec<(Duration, i64)>,
}

impl Heap {
    pub(crate) fn new(allocator: &'static StatsAlloc<System>) -> Self {
        // It must not grow itself.
        let readings = Readings { started: None, list: Vec::with_capacity(128) };
        Self { allocator, readings: Mutex::new(readings) }
    }

    /// The run begins now.
    pub(crate) fn start(&self) {
        self.readings.lock().started = Some(Instant::now());
    }

    fn live(&self) -> i64 {
        let stats = self.allocator.stats();
        let signed = |bytes: usize| i64::try_from(bytes).expect("fits");
        signed(stats.bytes_allocated) - signed(stats.bytes_deallocated)
    }

    /// Reads the heap if a new minute has begun.
    fn look(&self) {
        let mut readings = self.readings.lock();
        let Some(started) = readings.started else { return };
        let elapsed = started.elapsed();
        let next = EVERY * u32::try_from(readings.list.len()).expect("an hour");
        if elapsed >= next && readings.list.len() < readings.list.capacity() {
            readings.list.push((elapsed, self.live()));
        }
    }

    /// The readings less the history, which is used up.
    pub(crate) fn samples(&self, history: Vec<Record>) -> Vec<Sample> {
        let readings = std::mem::take(&mut self.readings.lock().list);
        let mut samples = Vec::with_capacity(readings.len());
        let mut due = readings.into_iter().peekable();
        let (mut entries, mut inside) = (0, 0);
        let mut calls = 0;
        for record in history {
            let at = Duration::from_nanos(record.at_ns);
            while let Some((_, live)) = due.next_if(|(when, _)| *when < at) {
                let bytes = live - inside - list_bytes(entries);
                samples.push(Sample { bytes, calls });
            }
            if let Event::Trader(event) = &record.event {
                calls += u32::from(matches!(event, AuditEvent::CallStarted { .. }));
            }
            let host = i64::try_from(record.host.capacity()).expect("a short name");
            let before = self.live();
            drop(record);
            inside += before - self.live() - host;
            entries += 1;
        }
        samples
    }
}

/// What a list holds that was filled one by one.
fn list_bytes(entries: usize) -> i64 {
    let capacity = entries.next_power_of_two().max(CAPACITY_MIN);
    i64::try_from(capacity * size_of::<Entry>()).expect("fits")
}

impl AuditTap for Heap {
    fn see(&self, _: &AuditEvent) {
        self.look();
    }
}
