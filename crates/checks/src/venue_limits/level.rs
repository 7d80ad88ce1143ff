//! A counter that falls with time, without rounding.

use crate::expectations::CounterRate;

/// Parts of a unit: a thousandth per second is one of them per nanosecond.
const UNIT: u128 = 1_000_000_000_000;

#[derive(Debug, Default)]
pub(super) struct Level {
    parts: u128,
    at_ns: u64,
}

impl Level {
    /// Adds a weight; tells how much too much that is, if it is.
    pub(super) fn add(&mut self, weight: u32, rate: CounterRate, at_ns: u64) -> Option<String> {
        let elapsed_ns = u128::from(at_ns.saturating_sub(self.at_ns));
        let fallen = elapsed_ns * u128::from(rate.decay_milli_per_s);
        self.parts = self.parts.saturating_sub(fallen) + u128::from(weight) * UNIT;
        self.at_ns = self.at_ns.max(at_ns);
        let max = rate.max;
        let excess = weight > 0 && self.parts > u128::from(max) * UNIT;
        excess.then(|| {
            let hundredths = self.parts.div_ceil(UNIT / 100);
            format!("raised to {}.{:02}, {max} allowed", hundredths / 100, hundredths % 100)
        })
    }
}
