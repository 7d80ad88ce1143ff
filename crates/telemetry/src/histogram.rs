//! Durations, counted into fixed buckets.

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
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Counts {
    /// Values per bucket, not added up; the last has no bound.
    pub(crate) buckets: [u64; BUCKETS_S.len() + 1],
    /// All values.
    pub(crate) count: u64,
    /// Their sum, in the order in which they came.
    pub(crate) sum: f64,
}

impl Histogram {
    pub(crate) fn counts(&self) -> Counts {
        *self.0.lock()
    }
}

impl HistogramFn for Histogram {
    /// A value that is not a number is in no bucket but the last, and makes the sum no number: it
    /// is a bug of the component, and shows.
    fn record(&self, value: f64) {
        let bucket = BUCKETS_S.iter().position(|bound| value <= *bound).unwrap_or(BUCKETS_S.len());
        let mut counts = self.0.lock();
        counts.buckets[bucket] += 1;
        counts.count += 1;
        counts.sum += value;
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
        let Counts { buckets, count, sum } = histogram.counts();
        assert_eq!((buckets[0], buckets[1], buckets[2]), (1, 1, 1));
        assert_eq!((buckets[15], buckets[16], count), (1, 1, 5));
        assert_eq!(sum.to_string(), "121.00215");
    }
}
