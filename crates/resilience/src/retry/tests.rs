use std::time::Duration;

use proptest::prelude::*;
use tokio::time::advance;

use super::*;

fn budget(calls_percent: u32, per_second: u32, saved_max: u32) -> RetryBudget {
    let config = RetryBudgetConfig { calls_percent, per_second, saved_max };
    RetryBudget::new(config).unwrap()
}

/// Withdraws until nothing is left.
fn drain(budget: &RetryBudget) -> usize {
    std::iter::repeat_with(|| budget.withdraw()).take_while(|&withdrawn| withdrawn).count()
}

#[tokio::test(start_paused = true)]
async fn case_c7_calls_earn_retries() {
    let budget = budget(20, 0, 10);
    assert_eq!(drain(&budget), 10, "a new budget is full");
    for _ in 0..4 {
        budget.deposit();
    }
    assert_eq!(drain(&budget), 0);
    budget.deposit();
    assert_eq!(drain(&budget), 1);
    for _ in 0..1000 {
        budget.deposit();
    }
    assert_eq!(drain(&budget), 10, "no more than can be saved up");
}

#[tokio::test(start_paused = true)]
async fn case_c7_time_earns_retries() {
    let budget = budget(0, 2, 10);
    assert_eq!(drain(&budget), 10);
    advance(Duration::from_nanos(499_999_999)).await;
    assert_eq!(drain(&budget), 0);
    advance(Duration::from_nanos(1)).await;
    assert_eq!(drain(&budget), 1, "no nanosecond is lost in between");
    advance(Duration::from_secs(400 * 24 * 3600)).await;
    assert_eq!(drain(&budget), 10);
}

#[test]
fn settings_out_of_range_are_errors() {
    let check = |calls_percent, per_second, saved_max, expected| {
        let config = RetryBudgetConfig { calls_percent, per_second, saved_max };
        assert_eq!(config.validate(), expected);
    };
    check(100, 0, 1, Ok(()));
    check(101, 0, 1, Err(RetryBudgetConfigError::TooGenerous(101)));
    check(20, 1001, 1, Err(RetryBudgetConfigError::TooFast(1001)));
    check(20, 0, 0, Err(RetryBudgetConfigError::SavedMax(0)));
    check(20, 0, 1001, Err(RetryBudgetConfigError::SavedMax(1001)));
    let retry = RetryConfig { retries_max: 101, ..RetryConfig::default() };
    assert_eq!(retry.validate(), Err(RetryConfigError::TooManyRetries(101)));
}

proptest! {
    /// Whatever calls and time do: no more retries than were saved up at the start and earned since,
    /// and whoever is refused could not have had one more.
    #[test]
    fn no_more_is_withdrawn_than_was_earned(
        calls_percent in 0..=100_u32,
        per_second in 0..5_u32,
        saved_max in 1..8_u32,
        steps in prop::collection::vec((0..700_u64, 0..6_u32, 0..4_u32), 1..60),
    ) {
        let config = RetryBudgetConfig { calls_percent, per_second, saved_max };
        let mut bucket = Bucket::new(config);
        let start = Instant::now();
        let mut now = start;
        let (mut calls, mut withdrawn) = (0_u64, 0_u64);
        // What is saved up, in hundredths of a thousandth of a retry, with time in milliseconds.
        let full = u64::from(saved_max) * 100_000;
        let mut saved = full;
        for (wait_ms, deposits, tries) in steps {
            now += Duration::from_millis(wait_ms);
            for _ in 0..deposits {
                bucket.deposit();
                calls += 1;
            }
            let earned = u64::from(deposits) * u64::from(calls_percent) * 1000
                + wait_ms * u64::from(per_second) * 100;
            saved = full.min(saved + earned);
            for _ in 0..tries {
                let granted = bucket.withdraw(now);
                prop_assert_eq!(granted, saved >= 100_000);
                saved -= u64::from(granted) * 100_000;
                withdrawn += u64::from(granted);
            }
            let passed_ms = u64::try_from((now - start).as_millis()).unwrap();
            let earned = calls * u64::from(calls_percent) * 1000
                + passed_ms * u64::from(per_second) * 100
                + u64::from(saved_max) * 100_000;
            prop_assert!(withdrawn * 100_000 <= earned);
        }
    }
}
