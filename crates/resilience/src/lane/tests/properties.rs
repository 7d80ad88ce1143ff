//! The bounds of retries, whatever the venue does.

use proptest::prelude::*;

use super::*;
use crate::backoff::BackoffConfig;
use crate::breaker::BreakerPolicy;
use crate::retry::RetryConfig;

/// How the venue treats one attempt: how long it takes, in milliseconds, and what it answers.
fn treatment() -> impl Strategy<Value = (u64, Answer)> {
    let pause = (0..20_000_u64).prop_map(Duration::from_millis);
    let answer = prop_oneof![
        4 => Just(Err(Unavailable)),
        2 => pause.prop_map(|pause| Err(TooFast { pause })),
        1 => Just(Err(Refused)),
        1 => Just(Ok(1)),
    ];
    (0..4_000_u64, answer)
}

proptest! {
    /// Never more attempts than one and the retries allowed, none after the deadline or sooner than the
    /// server asked for, and the call is over by its deadline.
    #[test]
    fn a_call_keeps_its_bounds(
        seed: u64,
        retries_max in 0..6_u32,
        deadline_ms in 0..60_000_u64,
        saved_max in 1..10_u32,
        venue in prop::collection::vec(treatment(), 8),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let config = LaneConfig {
            retry: RetryConfig { retries_max, backoff: BackoffConfig::default() },
            budget: RetryBudgetConfig { calls_percent: 0, per_second: 0, saved_max },
            queue_wait_max: secs(60),
            breaker: crate::breaker::BreakerConfig {
                policy: BreakerPolicy::Consecutive { failures: 100 },
                ..Default::default()
            },
            ..LaneConfig::default()
        };
        let deadline = Duration::from_millis(deadline_ms);
        let (begun, took, snapshot) = runtime.block_on(async {
            let auditor = Auditor::new(Arc::new(Trail::default()));
            let lane = Lane::new("venue/read", config, &auditor, &Entropy::from_seed(seed)).unwrap();
            let limiter = Limiter::new("venue", &LimiterConfig::default()).unwrap();
            let (start, begun) = (Instant::now(), Mutex::new(Vec::new()));
            let call = Call::repeatable("venue/Depth", Deadline::after(deadline), &limiter, 1);
            let send = |()| {
                let number = begun.lock().len();
                begun.lock().push(start.elapsed());
                let (takes_ms, answer) = venue[number];
                async move {
                    sleep(Duration::from_millis(takes_ms)).await;
                    answer
                }
            };
            drop(lane.call_repeatable(call, || ready(Ok(())), send).await);
            (begun.into_inner(), start.elapsed(), lane.snapshot())
        });
        prop_assert!(begun.len() <= 1 + usize::try_from(retries_max.min(saved_max)).unwrap());
        prop_assert_eq!(snapshot.retries, u64::try_from(begun.len().saturating_sub(1)).unwrap());
        prop_assert!(took <= deadline, "{took:?} of {deadline:?}");
        prop_assert!(begun.iter().all(|at| *at < deadline));
        for (pair, (takes_ms, answer)) in begun.windows(2).zip(&venue) {
            let waited = pair[1] - pair[0] - Duration::from_millis(*takes_ms);
            prop_assert!(waited <= secs(30), "{waited:?}");
            match answer {
                Err(TooFast { pause }) => prop_assert!(waited >= *pause),
                Err(Unavailable) => {}
                other => prop_assert!(false, "repeated after {other:?}"),
            }
        }
    }
}

/// A deadline of any length, and answers that may be slower than a whole attempt.
fn haste() -> impl Strategy<Value = (u64, Vec<(u64, Answer)>)> {
    let answer = prop_oneof![2 => Just(Err(Unavailable)), 1 => Just(Ok(1))];
    (0..60_000_u64, prop::collection::vec((0..30_000_u64, answer), 8))
}

proptest! {
    /// The breaker hears of an attempt without an answer if it had its whole timeout, and of no other.
    #[test]
    fn a_shortage_of_time_here_never_counts_against_the_venue(
        seed: u64,
        normal_ms in 1..20_000_u64,
        calls in prop::collection::vec(haste(), 1..6),
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let normal = Duration::from_millis(normal_ms);
        let config = LaneConfig {
            attempt_timeout: normal,
            breaker: crate::breaker::BreakerConfig {
                policy: BreakerPolicy::Consecutive { failures: 100 },
                ..Default::default()
            },
            ..LaneConfig::default()
        };
        let (begun, outcomes) = runtime.block_on(async {
            let trail = Arc::new(Trail::default());
            let auditor = Auditor::new(trail.clone());
            let lane = Lane::new("venue/read", config, &auditor, &Entropy::from_seed(seed)).unwrap();
            let limiter = Limiter::new("venue", &LimiterConfig::default()).unwrap();
            let begun = Mutex::new(Vec::new());
            for (deadline_ms, venue) in &calls {
                let deadline = Deadline::after(Duration::from_millis(*deadline_ms));
                let call = Call::repeatable("venue/Depth", deadline, &limiter, 1);
                let tries = Cell::new(0);
                let send = |()| {
                    let (takes_ms, answer) = venue[tries.replace(tries.get() + 1)];
                    let takes = Duration::from_millis(takes_ms);
                    begun.lock().push((deadline.remaining(), takes, answer));
                    async move {
                        sleep(takes).await;
                        answer
                    }
                };
                drop(lane.call_repeatable(call, || ready(Ok(())), send).await);
            }
            (begun.into_inner(), trail.outcomes())
        });
        prop_assert_eq!(begun.len(), outcomes.len());
        for ((left, takes, answer), outcome) in begun.into_iter().zip(outcomes) {
            let time = normal.min(left);
            // An answer in the very millisecond of the end may be seen or not.
            if takes.abs_diff(time) > Duration::from_millis(2) {
                let expected = match answer {
                    _ if takes > time && time < normal => CallOutcome::Ignored,
                    _ if takes > time => CallOutcome::Failure,
                    Ok(_) => CallOutcome::Success,
                    Err(_) => CallOutcome::Failure,
                };
                prop_assert_eq!(outcome, expected, "{:?} of {:?}, left {:?}", takes, normal, left);
            }
        }
    }
}
