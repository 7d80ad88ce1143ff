//! Samples the metrics of a run into its history.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use telemetry::Recorder;

/// Virtual time between two samples.
pub(crate) const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// Beginning of the names of metrics that the simulator writes itself, and no process of its.
const OWN: &str = "sim_";

/// The metrics of a run, and what of them the history was told. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Meters {
    recorder: Recorder,
    last: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Meters {
    pub(crate) fn new(recorder: Recorder) -> Self {
        Self { recorder, last: Arc::default() }
    }

    /// The trader's process is gone, and what it counted with it: the next one counts from zero, and is told of in
    /// full.
    pub(crate) fn crash(&self) {
        self.recorder.forget(|name| name.starts_with(OWN));
        self.last.lock().retain(|series, _| series.starts_with(OWN));
    }

    /// What changed since it was last told, if anything did.
    pub(crate) fn changed(&self) -> Option<BTreeMap<String, String>> {
        let samples = self.recorder.samples();
        let mut last = self.last.lock();
        let is_new = |(series, value): &(&String, &String)| last.get(*series) != Some(*value);
        let changed = samples.iter().filter(is_new);
        let changed: BTreeMap<_, _> = changed.map(|(s, v)| (s.clone(), v.clone())).collect();
        *last = samples;
        (!changed.is_empty()).then_some(changed)
    }
}

/// Looks at the metrics of a run every [`SAMPLE_EVERY`] and tells what has changed: most series stand
/// still most of the time, and a history that repeats them would hold little else.
#[derive(Debug)]
pub(crate) struct Sampler {
    meters: Meters,
    next_at: Duration,
}

impl Sampler {
    pub(crate) const fn new(meters: Meters) -> Self {
        Self { meters, next_at: SAMPLE_EVERY }
    }

    /// What changed, if it is time for a sample and anything did.
    pub(crate) fn due(&mut self, now: Duration) -> Option<BTreeMap<String, String>> {
        if now < self.next_at {
            return None;
        }
        self.next_at = now + SAMPLE_EVERY;
        self.meters.changed()
    }
}

#[cfg(test)]
mod tests {
    use metrics::{counter, gauge, with_local_recorder};

    use super::*;

    fn sample(of: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
        Some(of.iter().map(|(s, v)| ((*s).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_sample_comes_when_it_is_time_and_holds_what_changed() {
        let recorder = Recorder::new();
        let mut sampler = Sampler::new(Meters::new(recorder.clone()));
        let set = |name: &'static str, value: f64| {
            with_local_recorder(&recorder, || gauge!(name).set(value));
        };
        set("a", 1.0);
        set("b", 1.0);
        assert_eq!(sampler.due(Duration::from_secs(9)), None);
        assert_eq!(sampler.due(Duration::from_secs(10)), sample(&[("a", "1"), ("b", "1")]));
        set("b", 2.0);
        assert_eq!(sampler.due(Duration::from_secs(19)), None);
        assert_eq!(sampler.due(Duration::from_secs(20)), sample(&[("b", "2")]));
        assert_eq!(sampler.due(Duration::from_secs(30)), None);
    }

    #[test]
    fn the_process_after_a_crash_is_told_of_in_full_and_counts_from_zero() {
        let recorder = Recorder::new();
        let meters = Meters::new(recorder.clone());
        let count = |calls: u64| {
            with_local_recorder(&recorder, || {
                counter!("calls").absolute(calls);
                gauge!("sim_tasks").set(5.0);
                gauge!("up").set(1.0);
            });
        };
        count(7);
        assert_eq!(meters.changed(), sample(&[("calls", "7"), ("sim_tasks", "5"), ("up", "1")]));
        meters.crash();
        assert_eq!(meters.changed(), None, "nobody counts");
        count(2);
        assert_eq!(meters.changed(), sample(&[("calls", "2"), ("up", "1")]));
        // Though no sample is taken between the crash and the next life.
        meters.crash();
        count(2);
        assert_eq!(meters.changed(), sample(&[("calls", "2"), ("up", "1")]));
    }
}
