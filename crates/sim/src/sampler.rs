//! Samples the metrics of a run into its history.

use std::collections::BTreeMap;
use std::time::Duration;

use telemetry::Recorder;

/// Virtual time between two samples.
pub(crate) const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// Looks at the recorder of a run every [`SAMPLE_EVERY`] and tells what has changed: most series stand
/// still most of the time, and a history that repeats them would hold little else.
#[derive(Debug)]
pub(crate) struct Sampler {
    recorder: Recorder,
    next_at: Duration,
    last: BTreeMap<String, String>,
}

impl Sampler {
    pub(crate) const fn new(recorder: Recorder) -> Self {
        Self { recorder, next_at: SAMPLE_EVERY, last: BTreeMap::new() }
    }

    /// What changed, if it is time for a sample and anything did.
    pub(crate) fn due(&mut self, now: Duration) -> Option<BTreeMap<String, String>> {
        if now < self.next_at {
            return None;
        }
        self.next_at = now + SAMPLE_EVERY;
        self.changed()
    }

    /// What changed since the last sample, if anything did.
    pub(crate) fn changed(&mut self) -> Option<BTreeMap<String, String>> {
        let samples = self.recorder.samples();
        let is_new = |(series, value): &(&String, &String)| self.last.get(*series) != Some(*value);
        let changed = samples.iter().filter(is_new);
        let changed: BTreeMap<_, _> = changed.map(|(s, v)| (s.clone(), v.clone())).collect();
        self.last = samples;
        (!changed.is_empty()).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use metrics::{gauge, with_local_recorder};

    use super::*;

    #[test]
    fn a_sample_comes_when_it_is_time_and_holds_what_changed() {
        let recorder = Recorder::new();
        let mut sampler = Sampler::new(recorder.clone());
        let set = |name: &'static str, value: f64| {
            with_local_recorder(&recorder, || gauge!(name).set(value));
        };
        let sample = |of: &[(&str, &str)]| {
            Some(of.iter().map(|(s, v)| ((*s).to_owned(), (*v).to_owned())).collect())
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
}
