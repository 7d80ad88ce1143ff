use std::time::Duration;

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
    let check = |calls_percent, saved_max, expected| {
        let config = RetryBudgetConfig { calls_percent, per_second: 0, saved_max };
        assert_eq!(config.validate(), expected);
    };
    check(100, 1, Ok(()));
    check(101, 1, Err(RetryBudgetConfigError::TooGenerous(101)));
    check(20, 0, Err(RetryBudgetConfigError::SavesNothing));
}
