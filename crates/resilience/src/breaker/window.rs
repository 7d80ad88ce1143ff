//! The calls on which rates are judged. Sans-IO, and integers only.

use super::config::{BreakerPolicy, Rates, milliseconds};
use super::core::Why;

/// Calls counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All that ended with a success or a failure.
    pub calls: u32,
    /// Those that failed.
    pub failed: u32,
    /// Those that were slow, failed or not; 0 if slow calls are not judged.
    pub slow: u32,
}

impl Tally {
    fn one(failed: bool, slow: bool) -> Self {
        Self { calls: 1, failed: failed.into(), slow: slow.into() }
    }

    const fn add(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.failed = self.failed.saturating_add(other.failed);
        self.slow = self.slow.saturating_add(other.slow);
    }

    const fn take(&mut self, other: Self) {
        self.calls = self.calls.saturating_sub(other.calls);
        self.failed = self.failed.saturating_sub(other.failed);
        self.slow = self.slow.saturating_sub(other.slow);
    }

    /// Whether `part` of the calls is at least so many percent of them.
    fn reaches(self, part: u32, percent: u32) -> bool {
        u64::from(part) * 100 >= u64::from(percent) * u64::from(self.calls)
    }
}

/// The last calls, with their sum at hand. All its memory is taken when it is made.
#[derive(Debug)]
pub(super) struct Window {
    rates: Rates,
    total: Tally,
    ends: Ends,
}

#[derive(Debug)]
enum Ends {
    /// As many as there are places; the next one overwrites the oldest.
    Ring { ring: Box<[Tally8]>, next: usize },
    /// One sum for each part of the time; the part of number `n` has the place `n` modulo the places.
    Buckets { buckets: Box<[Tally]>, width_ns: u64, newest: u64 },
}

/// One call in one byte.
#[derive(Debug, Clone, Copy, Default)]
struct Tally8(u8);

impl Tally8 {
    const FAILED: u8 = 1;
    const SLOW: u8 = 2;

    fn new(failed: bool, slow: bool) -> Self {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        Self(bit(failed, Self::FAILED) | bit(slow, Self::SLOW))
    }

    fn tally(self) -> Tally {
        Tally::one(self.0 & Self::FAILED != 0, self.0 & Self::SLOW != 0)
    }
}

impl Window {
    /// The empty window of a policy; `None` if it has none. The policy must be valid.
    pub(super) fn new(policy: &BreakerPolicy) -> Option<Self> {
        let (rates, ends) = match *policy {
            BreakerPolicy::Consecutive { .. } => return None,
            BreakerPolicy::CountWindow { calls, rates } => {
                (rates, Ends::Ring { ring: places(calls), next: 0 })
            }
            BreakerPolicy::TimeWindow { window, buckets, rates } => {
                let window_ns = u64::from(milliseconds(window)) * 1_000_000;
                let width_ns = window_ns / u64::from(buckets);
                (rates, Ends::Buckets { buckets: places(buckets), width_ns, newest: 0 })
            }
        };
        Some(Self { rates, total: Tally::default(), ends })
    }

    /// Time above which a call is slow, in nanoseconds; `None` if nobody asks.
    pub(super) fn slow_ns(&self) -> Option<u64> {
        self.rates.slow.map(|slow| u64::from(milliseconds(slow.longer_than)) * 1_000_000)
    }

    /// Counts the end of a call and says why that opens the breaker, if it does.
    pub(super) fn count(&mut self, failed: bool, slow: bool, now_ns: u64) -> Option<Why> {
        match &mut self.ends {
            Ends::Ring { ring, next } => {
                let full = usize::try_from(self.total.calls).is_ok_and(|calls| calls >= ring.len());
                let place = &mut ring[*next];
                if full {
                    self.total.take(place.tally());
                }
                *place = Tally8::new(failed, slow);
                *next = (*next + 1) % ring.len();
            }
            Ends::Buckets { buckets, width_ns, newest } => {
                forget(buckets, &mut self.total, newest, now_ns / *width_ns);
                place(buckets, *newest).add(Tally::one(failed, slow));
            }
        }
        self.total.add(Tally::one(failed, slow));
        self.judge()
    }

    pub(super) const fn total(&self) -> Tally {
        self.total
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        self.total = Tally::default();
        match &mut self.ends {
            Ends::Ring { next, .. } => *next = 0,
            Ends::Buckets { buckets, .. } => buckets.fill(Tally::default()),
        }
    }

    fn judge(&self) -> Option<Why> {
        let (rates, total) = (&self.rates, self.total);
        if total.calls < rates.minimum_calls {
            None
        } else if total.reaches(total.failed, rates.failure_percent) {
            Some(Why::FailureRate(total))
        } else if rates.slow.is_some_and(|slow| total.reaches(total.slow, slow.percent)) {
            Some(Why::SlowRate(total))
        } else {
            None
        }
    }
}

/// Makes `now` the newest bucket and empties those that it takes the place of. Time that seems to
/// run backwards, as it may between threads, counts as the newest.
fn forget(buckets: &mut [Tally], total: &mut Tally, newest: &mut u64, now: u64) {
    let passed = now.saturating_sub(*newest);
    for step in 1..=passed.min(buckets.len() as u64) {
        total.take(std::mem::take(place(buckets, newest.saturating_add(step))));
    }
    *newest = now.max(*newest);
}

fn place(buckets: &mut [Tally], number: u64) -> &mut Tally {
    let position = usize::try_from(number % buckets.len() as u64).unwrap_or(0);
    &mut buckets[position]
}

fn places<T: Default + Clone>(count: u32) -> Box<[T]> {
    vec![T::default(); usize::try_from(count).unwrap_or(1)].into()
}
