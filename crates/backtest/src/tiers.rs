//! Fees that follow what the account has traded in 30 days.

use std::collections::VecDeque;

use matching::FeeRates;
use model::{Notional, UnixNanos};

/// A day, in nanoseconds.
const DAY: i64 = 86_400_000_000_000;

/// Days that count.
const DAYS: i64 = 30;

/// Fees from a volume on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeTier {
    /// What was traded in 30 days, in the currency; the first tier begins at zero.
    pub volume: Notional,
    /// What the account pays then. The fixed part is that of the account.
    pub fees: FeeRates,
}

/// How much an account has traded, by UTC days.
#[derive(Debug)]
pub(crate) struct Tiers {
    steps: Vec<FeeTier>,
    /// Traded before the run began.
    before: Notional,
    /// Day of the first event.
    first: Option<i64>,
    /// Days with executions that still count, and how much, the oldest first.
    days: VecDeque<(i64, Notional)>,
    /// When a day begins on which a sum is another one; no time without tiers.
    next: i64,
    rates: FeeRates,
}

impl Tiers {
    pub(crate) fn new(steps: &[FeeTier], before: Notional, rates: FeeRates) -> Self {
        let next = if steps.is_empty() { i64::MAX } else { i64::MIN };
        let (steps, days) = (steps.to_vec(), VecDeque::new());
        Self { steps, before, first: None, days, next, rates }
    }

    /// True when the sum of 30 days may be another one than it was when it was asked for last.
    pub(crate) const fn is_due(&self, now: UnixNanos) -> bool {
        now.as_nanos() >= self.next
    }

    /// Takes note of an execution.
    pub(crate) fn add(&mut self, now: UnixNanos, cost: Notional) {
        if self.steps.is_empty() {
            return;
        }
        let day = now.as_nanos().div_euclid(DAY);
        match self.days.back_mut().filter(|(last, _)| *last == day) {
            Some((_, sum)) => *sum = sum.checked_add(cost).unwrap_or(*sum),
            None => self.days.push_back((day, cost)),
        }
        self.next = i64::MIN;
    }

    /// The rates at a time, if they are others than before.
    pub(crate) fn rates(&mut self, now: UnixNanos) -> Option<FeeRates> {
        let day = now.as_nanos().div_euclid(DAY);
        self.next = (day + 1).saturating_mul(DAY);
        let first = *self.first.get_or_insert(day);
        while self.days.front().is_some_and(|(old, _)| *old <= day - DAYS) {
            self.days.pop_front();
        }
        // What was traded before leaves evenly.
        let left = i128::from((DAYS - (day - first)).clamp(0, DAYS));
        let before = Notional::from_raw(self.before.raw() / i128::from(DAYS) * left);
        let sum = self.days.iter().fold(before, |sum, (_, of)| sum.checked_add(*of).unwrap_or(sum));
        let reached = self.steps.iter().rev().find(|tier| tier.volume <= sum);
        let fixed = self.rates.fixed;
        let rates = FeeRates { fixed, ..reached?.fees };
        let is_new = rates != self.rates;
        self.rates = rates;
        is_new.then_some(rates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Notional {
        Notional::parse(text).expect("valid")
    }

    fn tiers(before: &str) -> Tiers {
        let tier =
            |volume, ppm| FeeTier { volume: amount(volume), fees: FeeRates::of_ppm(ppm, ppm) };
        let steps = [tier("0", 300), tier("1000", 200), tier("5000", 100)];
        Tiers::new(&steps, amount(before), FeeRates::of_ppm(300, 300))
    }

    fn day(day: i64) -> UnixNanos {
        UnixNanos::from_nanos(20_000 * DAY + day * DAY + 5)
    }

    fn ppm(tiers: &mut Tiers, at: i64) -> Option<i64> {
        assert!(tiers.is_due(day(at)));
        let rates = tiers.rates(day(at)).map(|rates| rates.taker_ppm);
        assert!(!tiers.is_due(day(at)), "nothing changes within a day without executions");
        rates
    }

    #[test]
    fn what_is_traded_counts_for_thirty_days() {
        let mut tiers = tiers("0");
        assert_eq!(ppm(&mut tiers, 0), None);
        tiers.add(day(0), amount("600"));
        assert_eq!(ppm(&mut tiers, 0), None);
        tiers.add(day(1), amount("400"));
        assert_eq!(ppm(&mut tiers, 1), Some(200));
        assert_eq!(ppm(&mut tiers, 29), None);
        assert_eq!(ppm(&mut tiers, 30), Some(300), "the first day has left");
        tiers.add(day(30), amount("6000"));
        assert_eq!(ppm(&mut tiers, 30), Some(100));
        assert_eq!(ppm(&mut tiers, 60), Some(300));
    }

    #[test]
    fn what_was_traded_before_leaves_evenly() {
        let mut tiers = tiers("3000");
        assert_eq!(ppm(&mut tiers, 0), Some(200));
        assert_eq!(ppm(&mut tiers, 20), None, "1000 are left");
        assert_eq!(ppm(&mut tiers, 21), Some(300));
        tiers.add(day(22), amount("5000"));
        assert_eq!(ppm(&mut tiers, 40), Some(100));
    }

    #[test]
    fn without_tiers_nothing_is_ever_due() {
        let mut tiers = Tiers::new(&[], amount("9"), FeeRates::of_ppm(1, 1));
        tiers.add(day(0), amount("9"));
        assert!(!tiers.is_due(day(99)));
    }
}
