//! What the tests of this crate share.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use model::audit::{AuditEvent, CallOutcome};
use parking_lot::Mutex;
use platform::AuditSink;
use tokio::time::{Instant, sleep};

/// An audit trail in memory.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(crate) events: Mutex<Vec<AuditEvent>>,
}

impl AuditSink for Trail {
    fn record(&self, event: AuditEvent) {
        self.events.lock().push(event);
    }
}

impl Trail {
    /// One line per event.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.events.lock().iter().map(ToString::to_string).collect()
    }

    /// How each call ended, in the order of their ends.
    pub(crate) fn outcomes(&self) -> Vec<CallOutcome> {
        let outcome = |event: &AuditEvent| match event {
            AuditEvent::CallEnded { outcome, .. } => Some(*outcome),
            _ => None,
        };
        self.events.lock().iter().filter_map(outcome).collect()
    }
}

/// A metrics recorder in memory: every value that a metric was given, by name and labels. A gauge and a
/// counter keep the last one.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    values: Arc<Mutex<BTreeMap<String, Vec<f64>>>>,
}

impl Gauges {
    /// One line per metric, in order of their names.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |(name, values): (&String, &Vec<f64>)| {
            let values: Vec<_> = values.iter().map(f64::to_string).collect();
            format!("{name} {}", values.join(" "))
        };
        self.values.lock().iter().map(line).collect()
    }

    fn handle(&self, key: &Key) -> Arc<Handle> {
        let labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::new(Handle { name, values: Arc::clone(&self.values) })
    }
}

#[derive(Debug)]
struct Handle {
    name: String,
    values: Arc<Mutex<BTreeMap<String, Vec<f64>>>>,
}

impl GaugeFn for Handle {
    fn increment(&self, _: f64) {
        panic!("components write what they counted");
    }

    fn decrement(&self, _: f64) {
        panic!("components write what they counted");
    }

    fn set(&self, value: f64) {
        self.values.lock().insert(self.name.clone(), vec![value]);
    }
}

impl CounterFn for Handle {
    fn increment(&self, _: u64) {
        panic!("components write what they counted");
    }

    fn absolute(&self, value: u64) {
        self.set(u32::try_from(value).expect("tests count little").into());
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.values.lock().entry(self.name.clone()).or_default().push(value);
    }
}

impl Recorder for Gauges {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.handle(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle(key))
    }
}

/// Polls after which a future that never ends is a bug.
const POLLS_MAX: usize = 1000;

/// Runs a future again and again, each time a new one, and drops it after its 0th, 1st, 2nd, ...
/// poll, until one of them completes. Returns what that one brought.
///
/// `after_drop` checks what must hold after each drop; it gets the number of polls that the dropped
/// future had. Dropping before the first poll counts, too: a future that was never polled must hold
/// nothing.
///
/// A world that remembers (a limiter that was used, a breaker that counted) is made anew by `make`, or
/// its changes are what `after_drop` looks at. Time goes on between the runs.
pub(crate) async fn drop_at_every_poll<F: Future>(
    mut make: impl FnMut() -> F,
    mut after_drop: impl FnMut(usize),
) -> F::Output {
    for polls in 0..=POLLS_MAX {
        let mut left = polls;
        let mut future = Box::pin(make());
        let ended = poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            match future.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        let ended = ended.await;
        drop(future);
        match ended {
            Some(output) => return output,
            None => after_drop(polls),
        }
    }
    panic!("not ready after {POLLS_MAX} polls");
}

#[tokio::test(start_paused = true)]
async fn a_future_is_dropped_at_every_poll_until_it_completes() {
    let started = Cell::new(0);
    let mut dropped = Vec::new();
    let make = || async {
        started.set(started.get() + 1);
        sleep(Duration::from_secs(1)).await;
        sleep(Duration::from_secs(1)).await;
        started.get()
    };
    let start = Instant::now();
    let runs = drop_at_every_poll(make, |polls| dropped.push((polls, start.elapsed().as_secs())));
    // The first was never polled. Each later one is dropped while it waits, one wait further on.
    assert_eq!(runs.await, 3);
    assert_eq!(dropped, [(0, 0), (1, 0), (2, 1)]);
    assert_eq!(start.elapsed(), Duration::from_secs(3));
}
