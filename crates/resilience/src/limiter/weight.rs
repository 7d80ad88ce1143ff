//! What a request weighs.

use std::time::Duration;

use tokio::time::Instant;

/// Weight of a request, in the venue's own units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Always the same.
    Fixed(u32),
    /// By the age that something, such as the order to cancel, has when the request passes. A
    /// request that waits gets lighter meanwhile.
    ByAge {
        /// When it came into being, at the latest.
        since: Instant,
        /// Weight by age.
        table: AgeTable,
    },
}

/// Weights that fall with age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeTable {
    /// Ages in rising order, each with the weight below it, in falling order.
    pub steps: &'static [(Duration, u32)],
    /// Weight from the last of these ages on; the smallest.
    pub then: u32,
}

impl AgeTable {
    /// Weight at an age.
    pub fn at(&self, age: Duration) -> u32 {
        let step = self.steps.iter().find(|(below, _)| age < *below);
        step.map_or(self.then, |&(_, weight)| weight)
    }
}

impl Weight {
    /// Weight at a time.
    #[inline]
    pub fn at(&self, now: Instant) -> u32 {
        match self {
            Self::Fixed(weight) => *weight,
            Self::ByAge { since, table } => table.at(now.saturating_duration_since(*since)),
        }
    }

    /// Least weight that it ever has.
    #[inline]
    pub(super) const fn least(&self) -> u32 {
        match self {
            Self::Fixed(weight) => *weight,
            Self::ByAge { table, .. } => table.then,
        }
    }
}

impl From<u32> for Weight {
    #[inline]
    fn from(weight: u32) -> Self {
        Self::Fixed(weight)
    }
}
