//! The decaying counter. Sans-IO, in whole numbers.
//!
//! Times are nanoseconds since some instant of the caller's, and never go back.

use super::config::CounterLimit;

/// Parts of one unit, chosen such that a counter that falls by a thousandth of a unit per second
/// falls by one part per nanosecond.
const UNIT: u64 = 1_000_000_000_000;

/// A counter that calls raise and time lowers.
#[derive(Debug)]
pub(super) struct DecayingCounter {
    max: u32,
    /// Parts per nanosecond.
    decay: u64,
    /// Parts, as of `at_ns`.
    level: u64,
    at_ns: u64,
}

impl DecayingCounter {
    pub(super) fn new(limit: CounterLimit) -> Self {
        Self { max: limit.max, decay: u64::from(limit.decay_milli_per_s), level: 0, at_ns: 0 }
    }

    pub(super) const fn capacity(&self) -> u32 {
        self.max
    }

    /// Value now, rounded up.
    pub(super) fn used(&self, now_ns: u64) -> u32 {
        let units = self.level_at(now_ns).div_ceil(UNIT);
        u32::try_from(units).unwrap_or(self.max)
    }

    /// When `weight`, at most the maximum, may pass; `None` for now.
    #[inline]
    pub(super) fn ready_at(&self, weight: u32, now_ns: u64) -> Option<u64> {
        let excess = (self.level_at(now_ns) + parts(weight)).checked_sub(parts(self.max))?;
        (excess > 0).then(|| now_ns.saturating_add(excess.div_ceil(self.decay)))
    }

    /// Notes that `weight` passes now. Only after [`DecayingCounter::ready_at`] said so.
    #[inline]
    pub(super) fn take(&mut self, weight: u32, now_ns: u64) {
        self.set(self.level_at(now_ns) + parts(weight), now_ns);
        assert!(self.level <= parts(self.max), "taken only what is ready");
    }

    /// Raises the value to `level`, at most the maximum.
    pub(super) fn raise(&mut self, level: u32, now_ns: u64) {
        self.set(self.level_at(now_ns).max(parts(level.min(self.max))), now_ns);
    }

    fn set(&mut self, level: u64, now_ns: u64) {
        self.level = level;
        self.at_ns = now_ns;
    }

    #[inline]
    fn level_at(&self, now_ns: u64) -> u64 {
        let fallen = now_ns.saturating_sub(self.at_ns).saturating_mul(self.decay);
        self.level.saturating_sub(fallen)
    }
}

#[inline]
fn parts(units: u32) -> u64 {
    u64::from(units) * UNIT
}
