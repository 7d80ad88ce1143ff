//! Rates, slow calls, and what half-open makes of them.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// At least 4 calls, half of them failed or slower than 1 s.
fn rates() -> Rates {
    let slow = Some(SlowCalls { longer_than: SECOND, percent: 50 });
    Rates { minimum_calls: 4, failure_percent: 50, slow }
}

fn with_policy(policy: BreakerPolicy) -> (Arc<Breaker>, Arc<Trail>) {
    with_config(BreakerConfig { policy, ..BreakerConfig::default() })
}

fn count_window(calls: u32) -> (Arc<Breaker>, Arc<Trail>) {
    with_policy(BreakerPolicy::CountWindow { calls, rates: rates() })
}

fn tally(breaker: &Breaker) -> (u32, u32, u32) {
    let Tally { calls, failed, slow } = breaker.snapshot().window.expect("a window");
    (calls, failed, slow)
}

/// One call that takes some time.
async fn timed(breaker: &Breaker, outcome: CallOutcome, took: Duration) {
    let permit = breaker.acquire().unwrap();
    advance(took).await;
    assert_eq!(permit.record(outcome, "down"), Recorded::Current);
}

#[tokio::test(start_paused = true)]
async fn half_of_the_last_calls_open() {
    let (breaker, trail) = count_window(10);
    calls(&breaker, "SSFICF");
    assert_eq!(breaker.acquire().unwrap_err().state, Open);
    assert_eq!(breaker.snapshot().trips, 1);
    let told = "breaker venue/read CLOSED -> OPEN (generation 1): 2 of 4 calls failed, the last: \
                down, open for ms 30000";
    assert_eq!(trail.lines(), [told]);
}

#[tokio::test(start_paused = true)]
async fn below_the_minimum_no_rate_is_judged_and_a_success_may_reach_it() {
    let (breaker, trail) = count_window(10);
    calls(&breaker, "FFF");
    assert_eq!((state(&breaker), tally(&breaker)), (Closed, (3, 3, 0)));
    calls(&breaker, "S");
    assert_eq!(state(&breaker), Open);
    assert!(trail.lines()[0].contains("3 of 4 calls failed, open"), "{:?}", trail.lines());
}

#[tokio::test(start_paused = true)]
async fn a_full_count_window_forgets_its_oldest_call() {
    // Ten thousand successes weigh no more than the last four.
    let (breaker, _) = count_window(4);
    for _ in 0..10_000 {
        calls(&breaker, "S");
    }
    calls(&breaker, "F");
    assert_eq!((state(&breaker), tally(&breaker)), (Closed, (4, 1, 0)));
    calls(&breaker, "SSS");
    assert_eq!(tally(&breaker), (4, 1, 0));
    calls(&breaker, "S");
    assert_eq!(tally(&breaker), (4, 0, 0));
    calls(&breaker, "FF");
    assert_eq!(state(&breaker), Open);
}

#[tokio::test(start_paused = true)]
async fn a_time_window_slides_bucket_by_bucket() {
    let window = Duration::from_secs(10);
    let (breaker, _) =
        with_policy(BreakerPolicy::TimeWindow { window, buckets: 10, rates: rates() });
    calls(&breaker, "SFF"); // The origin is here.
    advance(window - Duration::from_nanos(1)).await;
    calls(&breaker, "I");
    assert_eq!(tally(&breaker), (3, 2, 0));
    advance(Duration::from_nanos(1)).await;
    calls(&breaker, "S");
    assert_eq!(tally(&breaker), (1, 0, 0), "what ended 10 s ago is gone");
    advance(Duration::from_millis(8_999)).await;
    calls(&breaker, "FF");
    assert_eq!((state(&breaker), tally(&breaker)), (Closed, (3, 2, 0)));
    calls(&breaker, "F");
    assert_eq!(state(&breaker), Open);
}

#[tokio::test(start_paused = true)]
async fn a_time_window_survives_a_year_of_silence() {
    let window = Duration::from_secs(10);
    let (breaker, _) =
        with_policy(BreakerPolicy::TimeWindow { window, buckets: 3, rates: rates() });
    calls(&breaker, "FFF");
    advance(Duration::from_secs(400 * 24 * 3600)).await;
    calls(&breaker, "F");
    assert_eq!((state(&breaker), tally(&breaker)), (Closed, (1, 1, 0)));
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_though_they_succeed() {
    let (breaker, trail) = count_window(10);
    timed(&breaker, Success, SECOND).await;
    timed(&breaker, Success, SECOND).await;
    assert_eq!(tally(&breaker), (2, 0, 0), "exactly the bound is not slow");
    timed(&breaker, Success, SECOND + Duration::from_nanos(1)).await;
    assert_eq!(tally(&breaker), (3, 0, 1));
    timed(&breaker, Failure, SECOND * 2).await;
    assert_eq!(state(&breaker), Open);
    let line = &trail.lines()[0];
    assert!(line.contains("2 of 4 calls were slow, the last: down"), "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_slow_probe_opens_again() {
    let (breaker, trail) = count_window(10);
    calls(&breaker, "FFFF");
    advance(OPEN_FOR).await;
    timed(&breaker, Success, SECOND).await;
    assert_eq!((state(&breaker), breaker.snapshot().successes), (HalfOpen, 1));
    timed(&breaker, Success, SECOND * 2).await;
    assert_eq!((state(&breaker), breaker.snapshot().trips), (Open, 2));
    assert!(trail.lines().pop().unwrap().contains("the probe was slow"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_probe_opens_under_rates_too_and_closing_starts_an_empty_window() {
    let (breaker, _) = count_window(10);
    calls(&breaker, "SSFF");
    advance(OPEN_FOR).await;
    calls(&breaker, "SF");
    assert_eq!((state(&breaker), breaker.snapshot().trips), (Open, 2));
    advance(OPEN_FOR).await;
    calls(&breaker, "SS");
    assert_eq!((state(&breaker), tally(&breaker)), (Closed, (0, 0, 0)));
    calls(&breaker, "FFF");
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn only_slow_calls_cost_a_clock() {
    let no_clock = || -> Instant { panic!("reads the clock") };
    let (bare, _) = with_config(BreakerConfig::default());
    let without = BreakerPolicy::CountWindow { calls: 9, rates: Rates { slow: None, ..rates() } };
    for breaker in [bare, with_policy(without).0] {
        drop(breaker.acquire_at(no_clock).unwrap());
        calls(&breaker, "F");
        drop(breaker.acquire_at(no_clock).unwrap());
    }
    let (measured, _) = count_window(9);
    let read = AssertUnwindSafe(|| measured.acquire_at(no_clock).is_ok());
    assert!(std::panic::catch_unwind(read).is_err());
}

#[test]
fn rates_out_of_range_are_errors() {
    let policy = |policy| BreakerConfig { policy, ..BreakerConfig::default() }.validate();
    let count = |calls, rates| policy(BreakerPolicy::CountWindow { calls, rates });
    let time = |ms, buckets| {
        let window = Duration::from_millis(ms);
        policy(BreakerPolicy::TimeWindow { window, buckets, rates: rates() })
    };
    let slow = |longer_than, percent| {
        count(10, Rates { slow: Some(SlowCalls { longer_than, percent }), ..rates() })
    };
    let zero = |name| Err(BreakerConfigError::Zero(name));
    let large = |name| Err(BreakerConfigError::TooLarge(name));
    assert_eq!(policy(BreakerPolicy::Consecutive { failures: 65_535 }), Ok(()));
    assert_eq!(policy(BreakerPolicy::Consecutive { failures: 65_536 }), large("policy.failures"));
    assert_eq!(count(10_000, rates()), Ok(()));
    assert_eq!(count(0, rates()), zero("policy.calls"));
    assert_eq!(count(10_001, rates()), large("policy.calls"));
    assert_eq!(count(4, rates()), Ok(()));
    assert_eq!(count(3, rates()), Err(BreakerConfigError::MinimumAboveWindow));
    let minimum = |minimum_calls| count(10, Rates { minimum_calls, ..rates() });
    assert_eq!(minimum(0), zero("policy.rates.minimum_calls"));
    assert_eq!(minimum(1_000_001), large("policy.rates.minimum_calls"));
    let percent = |failure_percent| count(10, Rates { failure_percent, ..rates() });
    assert_eq!(percent(100), Ok(()));
    assert_eq!(percent(0), zero("policy.rates.failure_percent"));
    assert_eq!(percent(101), large("policy.rates.failure_percent"));
    assert_eq!(slow(SECOND, 0), zero("policy.rates.slow.percent"));
    assert_eq!(slow(SECOND, 101), large("policy.rates.slow.percent"));
    assert_eq!(slow(Duration::ZERO, 50), zero("policy.rates.slow.longer_than"));
    assert_eq!(slow(Duration::MAX, 50), large("policy.rates.slow.longer_than"));
    assert_eq!(time(0, 10), zero("policy.window"));
    assert_eq!(time(u64::MAX, 10), large("policy.window"));
    assert_eq!(time(1000, 0), zero("policy.buckets"));
    assert_eq!((time(1000, 100), time(1000, 101)), (Ok(()), large("policy.buckets")));
    assert_eq!((time(5, 5), time(5, 6)), (Ok(()), large("policy.buckets")));
    let threshold = BreakerConfig { success_threshold: 65_536, ..BreakerConfig::default() };
    assert_eq!(threshold.validate(), large("success_threshold"));
    let probes = BreakerConfig { half_open_max: 65_536, ..BreakerConfig::default() };
    assert_eq!(probes.validate(), large("half_open_max"));
    let open_for = config::DURATION_MAX + Duration::from_nanos(1);
    let config = BreakerConfig { open_for, ..BreakerConfig::default() };
    assert_eq!(config.validate(), large("open_for"));
}
