//! Durations, counted into fixed buckets.

use std::time::Duration;

use metrics::HistogramFn;
use parking_lot::Mutex;

/// Upper bounds of the buckets, in seconds, each inclusive; a last one without a bound follows.
///
/// From the cost of a task to the longest timeout of the system. Fixed, so that histograms of any two
/// runs can be added and compared.
pub const BUCKETS_S: [f64; 16] = [
    0.000_1, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// One histogram.
#[derive(Debug, Default)]
pub(crate) struct Histogram(Mutex<Counts>);

/// What a histogram holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Values per bucket, not added up; the last has no bound.
    pub(crate) buckets: [u64; BUCKETS_S.len() + 1],
    /// All values.
    pub(crate) count: u64,
    /// Their sum, the same in whatever order they came: tasks that a crash drops end in an order that is not
    /// the seed's. `None` once a value was no duration.
    sum: Option<Duration>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS_S.len() + 1], count: 0, sum: Some(Duration::ZERO) }
    }
}

impl Counts {
    /// The sum of all values in seconds; no number once a value was no duration.
    pub(crate) fn sum_s(&self) -> f64 {
        self.sum.map_or(f64::NAN, |sum| sum.as_secs_f64())
    }
}

impl Histogram {
    pub(crate) fn counts(&self) -> Counts {
        *self.0.lock()
    }
}

impl HistogramFn for Histogram {
    /// In seconds, to the nanosecond. A value that is not a number is in no bucket but the last, and one that is no
    /// duration makes the sum no number: it is a bug of the component, and shows.
    fn record(&self, value: f64) {
        let duration = Duration::try_from_secs_f64(value).ok();
        let bucket = BUCKETS_S.iter().position(|bound| value <= *bound).unwrap_or(BUCKETS_S.len());
        let mut counts = self.0.lock();
        counts.buckets[bucket] += 1;
        counts.count += 1;
        counts.sum = counts.sum.zip(duration).and_then(|(sum, more)| sum.checked_add(more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_in_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for value in [0.000_05, 0.001, 0.001_1, 60.0, 61.0] {
            histogram.record(value);
        }
        let counts @ Counts { buckets, count, .. } = histogram.counts();
        assert_eq!((buckets[0], buckets[1], buckets[2]), (1, 1, 1));
        assert_eq!((buckets[15], buckets[16], count), (1, 1, 5));
        assert_eq!(counts.sum_s().to_string(), "121.00215");
    }

    #[test]
    fn the_order_of_values_does_not_matter() {
        let sum = |values: &[f64]| {
            let histogram = Histogram::default();
            values.iter().for_each(|value| histogram.record(*value));
            histogram.counts().sum_s().to_string()
        };
        assert_eq!(sum(&[0.1, 0.2, 0.3]), "0.6");
        assert_eq!(sum(&[0.3, 0.2, 0.1]), "0.6");
        assert_eq!(sum(&[0.1, -0.2]), "NaN");
        assert_eq!(sum(&[f64::NAN, 0.1]), "NaN");
        assert_eq!(sum(&[f64::INFINITY]), "NaN");
    }
}
