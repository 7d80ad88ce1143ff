//! What the tests of this crate share.

use std::collections::BTreeMap;
use std::sync::Arc;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use model::audit::{AuditEvent, CallOutcome};
use parking_lot::Mutex;
use platform::AuditSink;

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
        let outcome = |event: &AuditEvent| {
            let AuditEvent::CallEnded { outcome, .. } = event else { return None };
            Some(*outcome)
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
