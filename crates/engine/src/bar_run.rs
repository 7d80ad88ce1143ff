//! Many bars at once.

use model::{Bar, Price};

/// Bars of one market that follow each other, and their closes beside them, where they take little memory: whoever
/// looks at closes only reads an eighth.
#[derive(Debug, Clone, Copy)]
pub struct BarRun<'a> {
    bars: &'a [Bar],
    closes: &'a [Price],
}

impl<'a> BarRun<'a> {
    /// No bars.
    pub const NONE: Self = Self { bars: &[], closes: &[] };

    /// Bars with their closes; as many as there are of both.
    pub fn new(bars: &'a [Bar], closes: &'a [Price]) -> Self {
        let length = bars.len().min(closes.len());
        Self { bars: &bars[..length], closes: &closes[..length] }
    }

    /// One bar.
    pub const fn one(bar: &'a Bar) -> Self {
        Self { bars: std::slice::from_ref(bar), closes: std::slice::from_ref(&bar.close) }
    }

    /// The bars.
    pub const fn bars(&self) -> &'a [Bar] {
        self.bars
    }

    /// The close of each.
    pub const fn closes(&self) -> &'a [Price] {
        self.closes
    }

    /// The first of them, at most so many.
    #[must_use]
    pub fn first(&self, most: usize) -> Self {
        let length = self.bars.len().min(most);
        Self { bars: &self.bars[..length], closes: &self.closes[..length] }
    }
}
