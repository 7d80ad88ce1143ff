//! Counting against limits, after the fact.

use std::collections::VecDeque;

use crate::expectations::{CounterRate, Rate, nanos};
use crate::facts::seconds;

/// Calls counted against all limits of a rule.
pub(super) struct Counts {
    limits: Vec<Count>,
}

enum Count {
    Window(Window),
    Counter(Counter),
}

impl Counts {
    pub(super) fn new(limits: &[Rate]) -> Self {
        let count = |limit: &Rate| match *limit {
            Rate::Window { count, window } => Count::Window(Window {
                most: count,
                length_ns: nanos(window),
                starts: VecDeque::new(),
            }),
            Rate::Counter(rate) => Count::Counter(Counter::new(rate)),
        };
        Self { limits: limits.iter().map(count).collect() }
    }

    /// Counts one call; tells of every limit that it exceeds.
    pub(super) fn add(&mut self, at_ns: u64, slack_ns: u64) -> Vec<String> {
        let add = |limit: &mut Count| match limit {
            Count::Window(window) => window.add(at_ns, slack_ns),
            Count::Counter(counter) => counter.add(1, at_ns, slack_ns),
        };
        self.limits.iter_mut().filter_map(add).collect()
    }
}

struct Window {
    most: u32,
    length_ns: u64,
    /// Starts that lie less than a window before the latest.
    starts: VecDeque<u64>,
}

impl Window {
    fn add(&mut self, at_ns: u64, slack_ns: u64) -> Option<String> {
        self.starts.push_back(at_ns);
        // A call admitted a whole window after another may begin a tick less than that after it.
        let apart_ns = self.length_ns.saturating_sub(slack_ns);
        while self.starts.front().is_some_and(|start| start.saturating_add(apart_ns) <= at_ns) {
            self.starts.pop_front();
        }
        let count = u32::try_from(self.starts.len()).unwrap_or(u32::MAX);
        let (length, most) = (seconds(self.length_ns), self.most);
        (count > most).then(|| format!("number {count} within {length}, {most} allowed"))
    }
}

/// A counter in millionths of a unit that falls with time.
pub(super) struct Counter {
    rate: CounterRate,
    level: u128,
    at_ns: u64,
}

const UNIT: u128 = 1_000_000;

impl Counter {
    pub(super) const fn new(rate: CounterRate) -> Self {
        Self { rate, level: 0, at_ns: 0 }
    }

    /// Adds a weight; tells whether that is too much.
    pub(super) fn add(&mut self, weight: u32, at_ns: u64, slack_ns: u64) -> Option<String> {
        let fallen = self.falls(at_ns.saturating_sub(self.at_ns));
        self.level = self.level.saturating_sub(fallen) + u128::from(weight) * UNIT;
        self.at_ns = at_ns;
        // Rounding in every step, and one tick.
        let most = u128::from(self.rate.max) * UNIT + self.falls(slack_ns) + UNIT / 100;
        let (level, max) = (self.level.div_ceil(UNIT), self.rate.max);
        (weight > 0 && self.level > most).then(|| format!("raised to {level}, {max} allowed"))
    }

    fn falls(&self, nanos: u64) -> u128 {
        u128::from(nanos) * u128::from(self.rate.decay_milli_per_s) / (1_000_000_000_000 / UNIT)
    }
}
