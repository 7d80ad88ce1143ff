//! The recorder: every series by its name and labels.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics::{Counter, Gauge, Key, KeyName, Metadata, SharedString, Unit};
use parking_lot::Mutex;

use crate::histogram::Histogram;
use crate::series::Series;

/// Series that are kept; further ones are counted in `wavetank_telemetry_series_refused_total` and go
/// nowhere. A component that puts ids into labels meets this bound instead of the machine's memory.
pub const SERIES_MAX: usize = 4_096;

/// Keeps every series. Cheap to clone; clones are the same recorder.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    pub(crate) registry: Arc<Registry>,
}

#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) families: Mutex<Families>,
    /// Registrations beyond [`SERIES_MAX`].
    pub(crate) refused: AtomicU64,
}

#[derive(Debug, Default)]
pub(crate) struct Families {
    pub(crate) counters: BTreeMap<Series, Arc<AtomicU64>>,
    /// Bits of a float.
    pub(crate) gauges: BTreeMap<Series, Arc<AtomicU64>>,
    pub(crate) histograms: BTreeMap<Series, Arc<Histogram>>,
    /// What a metric means, by its name.
    pub(crate) help: BTreeMap<String, String>,
}

impl Recorder {
    /// A recorder that has heard of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets every series for whose name `is_kept` is false, and what was refused: another process counts from
    /// zero. Who holds a handle to one of them goes on with it where nobody looks.
    pub fn forget(&self, is_kept: impl Fn(&str) -> bool) {
        self.registry.families.lock().retain(is_kept);
        self.registry.refused.store(0, Ordering::Relaxed);
    }

    fn describe(&self, name: &KeyName, description: &SharedString) {
        let mut families = self.registry.families.lock();
        if families.help.len() < SERIES_MAX {
            families.help.insert(name.as_str().to_owned(), description.to_string());
        }
    }

    /// The series, made when it is new; `None` when there are too many.
    fn series<T: Default>(
        &self,
        key: &Key,
        of: impl FnOnce(&mut Families) -> &mut BTreeMap<Series, Arc<T>>,
    ) -> Option<Arc<T>> {
        let series = Series::of(key);
        let mut families = self.registry.families.lock();
        let full = families.len() >= SERIES_MAX;
        let all = of(&mut families);
        if let Some(known) = all.get(&series) {
            return Some(Arc::clone(known));
        }
        if full {
            self.registry.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(Arc::clone(all.entry(series).or_default()))
    }
}

impl Families {
    fn len(&self) -> usize {
        self.counters.len() + self.gauges.len() + self.histograms.len()
    }

    fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.counters.retain(|series, _| is_kept(&series.name));
        self.gauges.retain(|series, _| is_kept(&series.name));
        self.histograms.retain(|series, _| is_kept(&series.name));
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn describe_gauge(&self, name: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn describe_histogram(&self, name: KeyName, _unit: Option<Unit>, description: SharedString) {
        self.describe(&name, &description);
    }

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        let series = self.series(key, |families| &mut families.counters);
        series.map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        let series = self.series(key, |families| &mut families.gauges);
        series.map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> metrics::Histogram {
        let series = self.series(key, |families| &mut families.histograms);
        series.map_or_else(metrics::Histogram::noop, metrics::Histogram::from_arc)
    }
}

#[cfg(test)]
mod tests;
