//! What must hold whatever comes, checked against definitions that share no code with the limiter.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use parking_lot::Mutex;
use proptest::prelude::*;
use tokio::time::{sleep, timeout};

use super::super::counter::DecayingCounter;
use super::super::window::SlidingWindows;
use super::*;

/// What passed: when, in nanoseconds, and its weight.
type Passed = Vec<(u64, u32)>;

/// Weight within the window of this length that ends, inclusively, at `end_ns`.
fn within(passed: &Passed, length_ns: u64, end_ns: u64) -> u32 {
    let inside = passed.iter().filter(|(at, _)| *at <= end_ns && *at + length_ns > end_ns);
    inside.map(|(_, weight)| weight).sum()
}

/// The value of a counter that falls by `decay` per nanosecond, in its parts, after the fact.
fn level(passed: &Passed, unit: i128, decay: i128, at_ns: u64) -> i128 {
    let (mut level, mut last_ns) = (0_i128, 0_u64);
    for &(then_ns, weight) in passed.iter().filter(|(then_ns, _)| *then_ns <= at_ns) {
        level = (level - i128::from(then_ns - last_ns) * decay).max(0) + i128::from(weight) * unit;
        last_ns = then_ns;
    }
    (level - i128::from(at_ns - last_ns) * decay).max(0)
}

proptest! {
    /// In no window is there more than its capacity, and whoever is held back could not have passed a
    /// nanosecond earlier.
    #[test]
    fn no_window_sees_more_than_its_capacity(
        limits in prop::collection::btree_map(100..2000_u64, 1..20_u32, 1..4),
        steps in prop::collection::vec((0..400_u64, 0..20_u32), 1..100),
    ) {
        let limit = |(&nanos, &capacity): (&u64, &u32)| {
            WindowLimit { capacity, window: Duration::from_nanos(nanos) }
        };
        let mut windows = SlidingWindows::new(&limits.iter().map(limit).collect::<Vec<_>>());
        let capacity = windows.capacity();
        let mut now = 0;
        let mut passed = Passed::new();
        for (nanos, weight) in steps {
            now += nanos;
            let weight = weight.min(capacity);
            if let Some(ready) = windows.ready_at(weight, now) {
                prop_assert!(ready > now);
                let full = limits.iter().any(|(&length, &capacity)| {
                    within(&passed, length, ready - 1) + weight > capacity
                });
                prop_assert!(full, "a nanosecond before, one of them was too full");
                now = ready;
            }
            prop_assert_eq!(windows.ready_at(weight, now), None);
            windows.take(weight, now);
            passed.push((now, weight));
            for (length, used, capacity) in windows.used(now) {
                prop_assert_eq!(used, within(&passed, length, now));
                prop_assert!(used <= capacity);
            }
        }
    }

    /// Never above its maximum, and whoever is held back could not have passed a nanosecond earlier.
    #[test]
    fn a_counter_never_exceeds_its_maximum(
        max in 1..200_u32,
        decay_milli_per_s in 1..5_000_u32,
        steps in prop::collection::vec((0..20_000_000_000_u64, 0..60_u32), 1..100),
    ) {
        let mut counter = DecayingCounter::new(CounterLimit { max, decay_milli_per_s });
        let unit = 1_000_000_000_000_i128;
        let (top, decay) = (i128::from(max) * unit, i128::from(decay_milli_per_s));
        let mut now = 0;
        let mut passed = Passed::new();
        for (nanos, weight) in steps {
            now += nanos;
            let weight = weight.min(max);
            if let Some(ready) = counter.ready_at(weight, now) {
                let before = level(&passed, unit, decay, ready - 1);
                prop_assert!(before + i128::from(weight) * unit > top, "not a nanosecond earlier");
                now = ready;
            }
            prop_assert_eq!(counter.ready_at(weight, now), None);
            counter.take(weight, now);
            passed.push((now, weight));
            prop_assert!(level(&passed, unit, decay, now) <= top);
        }
    }

    /// A correction never lowers the count, and what follows keeps to the limit as if the others' share
    /// had passed at the time of the correction.
    #[test]
    fn a_correction_counts_as_passed(
        capacity in 1..30_u32,
        steps in prop::collection::vec((0..400_u64, 0..30_u32, any::<bool>()), 1..100),
    ) {
        let length = 1000;
        let limit = WindowLimit { capacity, window: Duration::from_nanos(length) };
        let mut windows = SlidingWindows::new(&[limit]);
        let mut now = 0;
        let mut passed = Passed::new();
        for (nanos, weight, correct) in steps {
            now += nanos;
            let weight = weight.min(capacity);
            if correct {
                let ours = within(&passed, length, now);
                prop_assert!(windows.raise(length, weight, now));
                passed.push((now, weight.saturating_sub(ours)));
            } else {
                now = windows.ready_at(weight, now).unwrap_or(now);
                prop_assert_eq!(windows.ready_at(weight, now), None);
                windows.take(weight, now);
                passed.push((now, weight));
            }
            prop_assert!(within(&passed, length, now) <= capacity);
            let used: Vec<_> = windows.used(now).map(|(_, used, _)| used).collect();
            prop_assert_eq!(used, [within(&passed, length, now)]);
        }
    }
}

/// Somebody who arrives, wants a weight, and perhaps loses patience or goes away.
#[derive(Debug, Clone)]
struct Caller {
    after_ms: u64,
    weight: u32,
    /// Longest wait that it allows.
    wait_max: Option<Duration>,
    /// Time after which it drops its call.
    leaves_after: Option<Duration>,
}

fn callers() -> impl Strategy<Value = Vec<Caller>> {
    let time = || prop::option::weighted(0.2, (0..20_000_u64).prop_map(Duration::from_millis));
    let caller = (0..800_u64, 0..6_u32, time(), time());
    let caller = caller.prop_map(|(after_ms, weight, wait_max, leaves_after)| Caller {
        after_ms,
        weight,
        wait_max,
        leaves_after,
    });
    prop::collection::vec(caller, 1..40)
}

fn any_config() -> impl Strategy<Value = LimiterConfig> {
    let window = (5..10_u32, 100..3_000_u64);
    let window = window.prop_map(|(capacity, millis)| WindowLimit {
        capacity,
        window: Duration::from_millis(millis),
    });
    let counter = (5..10_u32, 1_000..9_000_u32);
    let counter =
        counter.prop_map(|(max, decay_milli_per_s)| CounterLimit { max, decay_milli_per_s });
    prop_oneof![
        (window, 6..20_u32).prop_map(|(short, capacity)| {
            let long = WindowLimit { capacity, window: secs(5) };
            LimiterConfig::Windows(vec![short, long])
        }),
        counter.prop_map(LimiterConfig::Counter),
    ]
}

/// How a caller fared: its number, its time of passing.
type Log = Mutex<Vec<(usize, Instant)>>;

async fn one(limiter: &Limiter, number: usize, caller: &Caller, arrives: Duration, log: &Log) {
    sleep(arrives).await;
    let acquire = limiter.acquire(caller.weight, caller.wait_max.unwrap_or(PATIENT));
    let leave = caller.leaves_after.unwrap_or(PATIENT * 2);
    if let Ok(Ok(())) = timeout(leave, acquire).await {
        log.lock().push((number, Instant::now()));
    }
}

/// Waits for all of them, polling in order.
async fn all(mut futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
    poll_fn(|context| {
        futures.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if futures.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Runs the callers on virtual time; returns who passed when and the limiter.
fn run(config: &LimiterConfig, callers: &[Caller]) -> (Vec<(usize, Instant)>, Limiter, Instant) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (limiter, log, start) =
            (Limiter::new("test", config).unwrap(), Log::default(), Instant::now());
        let mut arrives = Duration::ZERO;
        let mut futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
        for (number, caller) in callers.iter().enumerate() {
            arrives += Duration::from_millis(caller.after_ms);
            futures.push(Box::pin(one(&limiter, number, caller, arrives, &log)));
        }
        all(futures).await;
        assert_eq!(limiter.snapshot().waiting, 0, "every place was given back");
        (log.into_inner(), limiter, start)
    })
}

fn holds(config: &LimiterConfig, passed: &Passed) -> bool {
    match config {
        LimiterConfig::Windows(limits) => limits.iter().all(|limit| {
            passed
                .iter()
                .all(|&(end, _)| within(passed, nanos(limit.window), end) <= limit.capacity)
        }),
        LimiterConfig::Counter(limit) => {
            let unit = 1_000_000_000_000_i128;
            let decay = i128::from(limit.decay_milli_per_s);
            let top = i128::from(limit.max) * unit;
            passed.iter().all(|&(at, _)| level(passed, unit, decay, at) <= top)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// With callers that wait, lose patience or go away: the limits hold after the fact, those who pass
    /// do so in the order of their arrival, and whoever is patient passes.
    #[test]
    fn a_crowd_passes_in_order_and_within_the_limits(
        config in any_config(),
        callers in callers(),
    ) {
        let (log, _, start) = run(&config, &callers);
        let passed: Passed = log
            .iter()
            .map(|&(number, at)| (nanos(at - start), callers[number].weight))
            .collect();
        prop_assert!(holds(&config, &passed), "{passed:?}");
        let order: Vec<_> = log.iter().map(|(number, _)| *number).collect();
        prop_assert!(order.is_sorted(), "first come, first served: {order:?}");
        for (number, caller) in callers.iter().enumerate() {
            if caller.wait_max.is_none() && caller.leaves_after.is_none() {
                prop_assert!(order.contains(&number), "caller {number} starved");
            }
        }
    }

    /// Those who went away took nothing: the others pass exactly as if they had never been there.
    #[test]
    fn who_goes_away_takes_nothing(config in any_config(), callers in callers()) {
        let (log, _, start) = run(&config, &callers);
        let who_passed = |number: &usize| log.iter().any(|(passed, _)| passed == number);
        let mut late_ms = 0;
        let mut stayed = Vec::new();
        let mut numbers = Vec::new();
        for (number, caller) in callers.iter().enumerate() {
            late_ms += caller.after_ms;
            if who_passed(&number) {
                let after_ms = std::mem::take(&mut late_ms);
                let caller = Caller { after_ms, wait_max: None, leaves_after: None, ..caller.clone() };
                stayed.push(caller);
                numbers.push(number);
            }
        }
        let (again, _, start_again) = run(&config, &stayed);
        // Not later, that is: one who leaves may have kept the others waiting before it left.
        for ((number, at), (index, at_again)) in log.iter().zip(&again) {
            prop_assert_eq!(*number, numbers[*index]);
            prop_assert!(*at_again - start_again <= *at - start);
        }
        prop_assert_eq!(log.len(), again.len());
    }
}
