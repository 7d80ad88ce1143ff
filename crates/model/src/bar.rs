//! Bars: what a market did in an interval.

use std::time::Duration;

use crate::decimal::{Price, Quantity};
use crate::time::UnixNanos;

/// Open, high, low, close and volume of one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Begin of the interval.
    pub start: UnixNanos,
    /// Length of the interval, above zero.
    pub length: Duration,
    /// First price.
    pub open: Price,
    /// Highest price; at least the others.
    pub high: Price,
    /// Lowest price, above zero; at most the others.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Base units traded.
    pub volume: Quantity,
}

impl Bar {
    /// First instant after the interval.
    pub fn end(&self) -> UnixNanos {
        self.start.plus(self.length)
    }

    /// True when the prices are above zero, `high` is the highest and `low` the lowest of them, the
    /// length is above zero and the volume not below it.
    pub fn is_sound(&self) -> bool {
        let (top, bottom) = (self.open.max(self.close), self.open.min(self.close));
        let prices = self.low.is_positive() && self.low <= bottom && self.high >= top;
        prices && !self.length.is_zero() && self.volume.raw() >= 0
    }
}
