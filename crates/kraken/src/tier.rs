//! What Kraken allows an account, by its verification tier.

use std::time::Duration;

use resilience::{AgeTable, CounterLimit};

/// Verification tier of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Lowest.
    Starter,
    /// Middle.
    Intermediate,
    /// Highest.
    Pro,
}

/// What a cancel adds to the engine's counter, by the age of the order.
pub const CANCEL_WEIGHTS: AgeTable = AgeTable {
    steps: &[
        (Duration::from_secs(5), 8),
        (Duration::from_secs(10), 6),
        (Duration::from_secs(15), 5),
        (Duration::from_secs(45), 4),
        (Duration::from_secs(90), 2),
        (Duration::from_secs(300), 1),
    ],
    then: 0,
};

/// What a change in place adds to the engine's counter, by the age of the order.
pub const AMEND_WEIGHTS: AgeTable = AgeTable {
    steps: &[
        (Duration::from_secs(5), 4),
        (Duration::from_secs(10), 3),
        (Duration::from_secs(15), 2),
    ],
    then: 1,
};

/// What a replacement adds to the engine's counter, by the age of the order that goes.
pub const EDIT_WEIGHTS: AgeTable = AgeTable {
    steps: &[
        (Duration::from_secs(5), 7),
        (Duration::from_secs(10), 6),
        (Duration::from_secs(15), 5),
        (Duration::from_secs(45), 3),
        (Duration::from_secs(90), 2),
    ],
    then: 1,
};

/// What an order adds to the engine's counter.
pub const ORDER_WEIGHT: u32 = 1;

/// What a batch of orders adds to the engine's counter: half of them, rounded up.
pub(crate) fn batch_weight(orders: usize) -> u32 {
    u32::try_from(orders.div_ceil(2)).unwrap_or(u32::MAX)
}

impl Tier {
    /// The counter of private REST requests, one per API key. Orders and cancels do not count.
    pub const fn rest(self) -> CounterLimit {
        let (max, decay_milli_per_s) = match self {
            Self::Starter => (15, 330),
            Self::Intermediate => (20, 500),
            Self::Pro => (20, 1000),
        };
        CounterLimit { max, decay_milli_per_s }
    }

    /// The matching engine's counter, one per account and pair.
    pub const fn engine(self) -> CounterLimit {
        let (max, decay_milli_per_s) = match self {
            Self::Starter => (60, 1000),
            Self::Intermediate => (125, 2340),
            Self::Pro => (180, 3750),
        };
        CounterLimit { max, decay_milli_per_s }
    }
}

/// So many percent less of both, rounded down; never nothing.
pub(crate) fn less(limit: CounterLimit, percent: u32) -> CounterLimit {
    let keep = 100_u32.saturating_sub(percent);
    let part = |whole: u32| (whole * keep / 100).max(1);
    CounterLimit { max: part(limit.max), decay_milli_per_s: part(limit.decay_milli_per_s) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_taken_from_the_maximum_and_from_the_decay() {
        let check = |tier: Tier, percent, rest: (u32, u32), engine: (u32, u32)| {
            let limit = |(max, decay_milli_per_s)| CounterLimit { max, decay_milli_per_s };
            assert_eq!(less(tier.rest(), percent), limit(rest));
            assert_eq!(less(tier.engine(), percent), limit(engine));
        };
        check(Tier::Starter, 0, (15, 330), (60, 1000));
        check(Tier::Starter, 10, (13, 297), (54, 900));
        check(Tier::Intermediate, 10, (18, 450), (112, 2106));
        check(Tier::Pro, 10, (18, 900), (162, 3375));
        check(Tier::Pro, 100, (1, 1), (1, 1));
    }
}
