//! The mean of the last prices, exactly or bit for bit as pandas rounds it. Pure.

use std::cmp::Ordering;

/// How averages are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// As whole numbers: equal averages are equal.
    Exact,
    /// As pandas' `rolling(n).mean()` does, in binary floating point: of averages that are equal, one may be above
    /// the other by one unit in the last place, and strategies there trade on it.
    Pandas,
}

/// A mean of the last `bars` prices. Cheap to copy: a step gives the next one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RollingMean {
    bars: usize,
    sum: Sum,
}

#[derive(Debug, Clone, Copy)]
enum Sum {
    Exact(i128),
    Pandas(Compensated),
}

/// The state of pandas' `roll_mean` (`pandas/_libs/window/aggregations.pyx`): a sum with Kahan's compensation, one
/// for what is added and one for what is removed, and the length of the run of equal values at the end.
#[derive(Debug, Clone, Copy, Default)]
struct Compensated {
    sum: f64,
    added: f64,
    removed: f64,
    last: i64,
    same: usize,
}

impl RollingMean {
    pub(crate) const fn new(bars: usize, means: Means) -> Self {
        let sum = match means {
            Means::Exact => Sum::Exact(0),
            Means::Pandas => {
                Sum::Pandas(Compensated { sum: 0.0, added: 0.0, removed: 0.0, last: 0, same: 0 })
            }
        };
        Self { bars, sum }
    }

    pub(crate) const fn bars(&self) -> usize {
        self.bars
    }

    /// The mean after a price, in steps of `10^-9`, came and another one went.
    pub(crate) fn step(self, gone: Option<i64>, price: i64) -> Self {
        let sum = match self.sum {
            Sum::Exact(sum) => Sum::Exact(sum + i128::from(price) - i128::from(gone.unwrap_or(0))),
            Sum::Pandas(sum) => Sum::Pandas(sum.without(gone).with(price)),
        };
        Self { sum, ..self }
    }

    /// How this mean is to another one that is computed alike; both are of as many prices as they want.
    pub(crate) fn against(&self, other: &Self) -> Option<Ordering> {
        match (self.sum, other.sum) {
            (Sum::Exact(mine), Sum::Exact(its)) => {
                let wide = |bars: usize| i128::try_from(bars).unwrap_or(1);
                Some((mine * wide(other.bars)).cmp(&(its * wide(self.bars))))
            }
            (Sum::Pandas(mine), Sum::Pandas(its)) => {
                mine.mean(self.bars).partial_cmp(&its.mean(other.bars))
            }
            (Sum::Exact(_), Sum::Pandas(_)) | (Sum::Pandas(_), Sum::Exact(_)) => None,
        }
    }
}

#[expect(clippy::float_arithmetic, reason = "it repeats pandas, rounding for rounding")]
impl Compensated {
    fn without(self, gone: Option<i64>) -> Self {
        let Some(gone) = gone else { return self };
        let value = -float(gone) - self.removed;
        let sum = self.sum + value;
        Self { sum, removed: sum - self.sum - value, ..self }
    }

    fn with(self, price: i64) -> Self {
        let value = float(price) - self.added;
        let sum = self.sum + value;
        let same = if price == self.last { self.same + 1 } else { 1 };
        Self { sum, added: sum - self.sum - value, last: price, same, ..self }
    }

    fn mean(self, bars: usize) -> f64 {
        if self.same >= bars {
            return float(self.last);
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of bars is far below 2^53")]
        let bars = bars as f64;
        self.sum / bars
    }
}

/// The float that is nearest to a price, as a reader of its text has it: both sides of the division are exact for
/// prices below nine millions.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "it repeats pandas, rounding for rounding"
)]
fn float(price: i64) -> f64 {
    price as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How the means of 2 and 4 are to each other, price by price from the fourth on.
    fn orders(means: Means, prices: &[i64]) -> Vec<Ordering> {
        let (mut fast, mut slow) = (RollingMean::new(2, means), RollingMean::new(4, means));
        let gone = |at: usize, bars: usize| at.checked_sub(bars).map(|at| prices[at]);
        let mut orders = Vec::new();
        for (at, price) in prices.iter().enumerate() {
            fast = fast.step(gone(at, 2), *price);
            slow = slow.step(gone(at, 4), *price);
            if at >= 3 {
                orders.push(fast.against(&slow).expect("alike"));
            }
        }
        orders
    }

    /// pandas 3.1.1: `s.rolling(2).mean()` against `s.rolling(4).mean()` of these tenths over ten.
    #[test]
    fn equal_averages_are_equal_as_numbers_but_not_always_in_pandas() {
        let tenths = [43, 42, 43, 43, 43, 43, 44, 42, 41, 43, 43, 41];
        let prices = tenths.map(|tenths| tenths * 100_000_000);
        let signs = |means| {
            let orders = orders(means, &prices);
            orders.into_iter().map(|order| order as i8).collect::<Vec<_>>()
        };
        assert_eq!(signs(Means::Exact), [1, 1, 0, 1, 0, -1, -1, 1, 0]);
        assert_eq!(signs(Means::Pandas), [1, 1, 0, 1, 1, -1, -1, 1, -1]);
    }
}
