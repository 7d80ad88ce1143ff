//! Every value at one moment, as texts.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::recorder::Recorder;

impl Recorder {
    /// Every series with its value now, by name and labels: whole numbers for counters, the shortest
    /// decimal that is exact for gauges; `_count` and `_sum` for histograms.
    pub fn samples(&self) -> BTreeMap<String, String> {
        let families = self.registry.families.lock();
        let mut samples = BTreeMap::new();
        for (series, counter) in &families.counters {
            samples.insert(series.text(""), counter.load(Ordering::Relaxed).to_string());
        }
        for (series, gauge) in &families.gauges {
            let value = f64::from_bits(gauge.load(Ordering::Relaxed));
            samples.insert(series.text(""), value.to_string());
        }
        for (series, histogram) in &families.histograms {
            let counts = histogram.counts();
            samples.insert(series.text("_count"), counts.count.to_string());
            samples.insert(series.text("_sum"), counts.sum_s().to_string());
        }
        samples
    }
}
