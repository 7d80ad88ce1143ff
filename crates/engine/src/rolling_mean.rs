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

/// Two means of the last prices, the fast one and the slow one, which are compared. Cheap to copy: a step gives the
/// next pair.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MeanPair {
    /// How many prices each is of.
    bars: [usize; 2],
    sums: Sums,
}

#[derive(Debug, Clone, Copy)]
enum Sums {
    /// The fast sum times the slow length, less the slow sum times the fast length: its sign is that of the
    /// difference of the means.
    Exact(i128),
    Pandas([Compensated; 2]),
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

impl MeanPair {
    pub(crate) const fn new(bars: [usize; 2], means: Means) -> Self {
        let none = Compensated { sum: 0.0, added: 0.0, removed: 0.0, last: 0, same: 0 };
        let sums = match means {
            Means::Exact => Sums::Exact(0),
            Means::Pandas => Sums::Pandas([none; 2]),
        };
        Self { bars, sums }
    }

    /// How many prices each is of.
    pub(crate) const fn bars(&self) -> [usize; 2] {
        self.bars
    }

    /// The means after a price, in steps of `10^-9`, came and another one of each went.
    pub(crate) fn step(self, gone: [Option<i64>; 2], price: i64) -> Self {
        let sums = match self.sums {
            Sums::Exact(difference) => {
                let gone = gone.map(|gone| gone.unwrap_or(0));
                Sums::Exact(difference + change(self.bars, gone, price))
            }
            Sums::Pandas([fast, slow]) => {
                let [left, right] = gone;
                Sums::Pandas([fast.without(left).with(price), slow.without(right).with(price)])
            }
        };
        Self { sums, ..self }
    }

    /// How the fast one is to the slow one; both are of as many prices as they want.
    pub(crate) fn order(&self) -> Option<Ordering> {
        match self.sums {
            Sums::Exact(difference) => Some(difference.cmp(&0)),
            Sums::Pandas([fast, slow]) => {
                let [left, right] = self.bars;
                fast.mean(left).partial_cmp(&slow.mean(right))
            }
        }
    }

    /// Takes the prices behind the `known` ones, of which there are as many as the means want, until the order would
    /// go from one side to the other, which it does not take any more. Says how many it took, and gives the order.
    ///
    /// The same as [`MeanPair::step`] of each, and faster where means are exact.
    pub(crate) fn pass(
        &mut self,
        prices: &[i64],
        known: usize,
        mut before: Option<Ordering>,
    ) -> (usize, Option<Ordering>) {
        let [fast, slow] = self.bars.map(|bars| &prices[known - bars..]);
        let steps = prices[known..].iter().zip(fast).zip(slow);
        let mut passed = 0;
        if let Sums::Exact(difference) = self.sums {
            let mut now = difference;
            for ((price, left), right) in steps {
                let next = now + change(self.bars, [*left, *right], *price);
                // The first bits differ where one is below zero and the other one is not: seldom.
                let turns = (now ^ next) < 0 && now != 0 && next != 0;
                // Of the order before nothing is said until there is one.
                if turns && (passed > 0 || before.is_some()) {
                    break;
                }
                now = next;
                passed += 1;
            }
            self.sums = Sums::Exact(now);
            return (passed, if passed > 0 { self.order() } else { before });
        }
        for ((price, left), right) in steps {
            let next = self.step([Some(*left), Some(*right)], *price);
            let order = next.order();
            if crossing(before, order) {
                break;
            }
            (*self, before) = (next, order);
            passed += 1;
        }
        (passed, before)
    }
}

/// What a price that comes and two that go add to the difference of exact means.
#[inline]
fn change([fast, slow]: [usize; 2], [left, right]: [i64; 2], price: i64) -> i128 {
    let product = |by: i64, times: usize| {
        i128::from(by) * i128::from(i64::try_from(times).unwrap_or(i64::MAX))
    };
    product(price - left, slow) - product(price - right, fast)
}

/// True when means that were on one side of each other are on the other one now.
pub(crate) fn crossing(before: Option<Ordering>, now: Option<Ordering>) -> bool {
    matches!(
        (before, now),
        (Some(Ordering::Less), Some(Ordering::Greater))
            | (Some(Ordering::Greater), Some(Ordering::Less))
    )
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
        let mut pair = MeanPair::new([2, 4], means);
        let gone = |at: usize, bars: usize| at.checked_sub(bars).map(|at| prices[at]);
        let mut orders = Vec::new();
        for (at, price) in prices.iter().enumerate() {
            pair = pair.step(pair.bars().map(|bars| gone(at, bars)), *price);
            if at >= 3 {
                orders.push(pair.order().expect("numbers"));
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

    /// A walk of few small prices, so that means are often equal.
    #[test]
    fn many_prices_at_once_are_passed_as_one_by_one() {
        let mut state = 7_u64;
        let prices = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from(state >> 62).expect("below 4")
        });
        let prices: Vec<i64> = prices.take(400).collect();
        let mut pair = MeanPair::new([2, 4], Means::Exact);
        let gone = |at: usize, bars: usize| at.checked_sub(bars).map(|at| prices[at]);
        let mut stops = 0;
        for known in 0..prices.len() {
            let befores = [None, pair.order()].into_iter().filter(|_| known >= 4);
            for before in befores {
                let (mut one_by_one, mut order, mut passed) = (pair, before, 0);
                for (at, price) in prices.iter().enumerate().skip(known) {
                    let next = one_by_one.step([2, 4].map(|bars| gone(at, bars)), *price);
                    if crossing(order, next.order()) {
                        break;
                    }
                    (one_by_one, order, passed) = (next, next.order(), passed + 1);
                }
                let mut at_once = pair;
                assert_eq!(at_once.pass(&prices, known, before), (passed, order), "{known}");
                assert_eq!(at_once.order(), one_by_one.order());
                stops += usize::from(known + passed < prices.len());
            }
            pair = pair.step([2, 4].map(|bars| gone(known, bars)), prices[known]);
        }
        assert!(stops > 100, "most walks end at a crossing");
    }
}
