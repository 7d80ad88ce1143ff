//! The breaker in metrics, as a recorder sees it.

use std::collections::BTreeMap;

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};

use super::*;
use crate::registry::BreakerRegistry;

type Values = Arc<Mutex<BTreeMap<String, String>>>;

/// Keeps the last value of each metric, as text.
#[derive(Default)]
struct Kept {
    values: Values,
}

struct Cell {
    key: String,
    values: Values,
}

impl Cell {
    fn keep(&self, value: impl ToString) {
        self.values.lock().insert(self.key.clone(), value.to_string());
    }
}

impl CounterFn for Cell {
    fn increment(&self, _: u64) {
        panic!("counters are absolute");
    }

    fn absolute(&self, value: u64) {
        self.keep(value);
    }
}

impl GaugeFn for Cell {
    fn increment(&self, _: f64) {
        panic!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        panic!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.keep(value);
    }
}

impl Kept {
    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let key = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::new(Cell { key, values: Arc::clone(&self.values) })
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        panic!("a breaker has none")
    }
}

fn published(registry: &BreakerRegistry) -> Vec<String> {
    let recorder = Kept::default();
    metrics::with_local_recorder(&recorder, || registry.publish());
    recorder.values.lock().iter().map(|(key, value)| format!("{key} {value}")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_registry_publishes_its_breakers() {
    let registry = BreakerRegistry::new();
    let breaker = breaker();
    registry.register(&breaker).unwrap();
    let late = breaker.acquire().unwrap();
    calls(&breaker, "FFFFF");
    late.record(Failure, "late");
    assert!(breaker.acquire().is_err() && breaker.acquire().is_err());
    let expected = [
        "wavetank_breaker_events_lost_total{breaker=venue/read} 0",
        "wavetank_breaker_probes_cancelled_total{breaker=venue/read} 0",
        "wavetank_breaker_probes_expired_total{breaker=venue/read} 0",
        "wavetank_breaker_rejected_total{breaker=venue/read} 2",
        "wavetank_breaker_stale_results_total{breaker=venue/read} 1",
        "wavetank_breaker_state{breaker=venue/read} 1",
        "wavetank_breaker_trips_total{breaker=venue/read} 1",
    ];
    assert_eq!(published(&registry), expected);
    let state = || published(&registry)[5].split(' ').next_back().unwrap().to_owned();
    advance(OPEN_FOR).await;
    calls(&breaker, "S");
    assert_eq!(state(), "2");
    drop(breaker.acquire().expect("a probe"));
    let cancelled = "wavetank_breaker_probes_cancelled_total{breaker=venue/read} 1";
    assert_eq!(published(&registry)[1], cancelled);
    calls(&breaker, "S");
    assert_eq!(state(), "0");
    breaker.isolate();
    assert_eq!(state(), "3");
}

#[test]
fn a_bare_breaker_publishes_nothing() {
    let recorder = Kept::default();
    let bare = Breaker::new(BreakerConfig::default()).unwrap();
    metrics::with_local_recorder(&recorder, || bare.publish());
    assert!(recorder.values.lock().is_empty());
}
