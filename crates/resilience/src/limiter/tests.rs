use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use tokio::time::advance;

use super::*;

const WINDOW: Duration = Duration::from_secs(10);
const PATIENT: Duration = Duration::from_secs(3600);

fn limiter(capacity: u32) -> Limiter {
    Limiter::new(LimiterConfig { capacity, window: WINDOW }).unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn too_long(at_least: Duration, wait_max: Duration) -> LimiterError {
    LimiterError::WaitTooLong { at_least, wait_max }
}

/// Notes when `weight` passed, in seconds from `start`.
async fn pass(limiter: &Limiter, weight: u32, start: Instant) -> u64 {
    limiter.acquire(weight, PATIENT).await.unwrap();
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn capacity_passes_at_once_and_comes_back_after_a_window() {
    let limiter = limiter(3);
    let start = Instant::now();
    assert_eq!(pass(&limiter, 2, start).await, 0);
    advance(secs(4)).await;
    assert_eq!(pass(&limiter, 1, start).await, 4);
    assert_eq!(limiter.snapshot().used, 3);
    assert_eq!(pass(&limiter, 2, start).await, 10);
    assert_eq!(pass(&limiter, 1, start).await, 14);
    advance(WINDOW).await;
    assert_eq!(limiter.snapshot().used, 0);
}

#[tokio::test(start_paused = true)]
async fn a_heavy_request_waits_for_enough_and_is_not_overtaken() {
    let limiter = limiter(3);
    let start = Instant::now();
    pass(&limiter, 1, start).await;
    advance(secs(2)).await;
    pass(&limiter, 1, start).await;
    let passed = tokio::join!(
        biased;
        pass(&limiter, 3, start),
        pass(&limiter, 1, start),
        pass(&limiter, 1, start),
    );
    // The light ones would have passed at once.
    assert_eq!(passed, (12, 22, 22));
}

#[tokio::test(start_paused = true)]
async fn waiters_pass_in_the_order_of_their_arrival() {
    let limiter = limiter(1);
    let start = Instant::now();
    let passed = tokio::join!(
        biased;
        pass(&limiter, 1, start),
        pass(&limiter, 1, start),
        pass(&limiter, 1, start),
        pass(&limiter, 1, start),
    );
    assert_eq!(passed, (0, 10, 20, 30));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_gives_its_place_back() {
    let limiter = limiter(2);
    let start = Instant::now();
    pass(&limiter, 1, start).await;
    let impatient = tokio::time::timeout(secs(3), limiter.acquire(2, PATIENT));
    let (dropped, passed) = tokio::join!(biased; impatient, pass(&limiter, 1, start));
    assert!(dropped.is_err());
    assert_eq!(passed, 3, "as soon as the one before has gone");
    assert_eq!((limiter.snapshot().used, limiter.snapshot().waiting), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_certain_to_be_too_long_is_refused_at_once() {
    let limiter = limiter(1);
    let start = Instant::now();
    pass(&limiter, 1, start).await;
    let refused = limiter.acquire(1, secs(5)).await;
    assert_eq!(refused, Err(too_long(WINDOW, secs(5))));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(limiter.acquire(1, WINDOW).await, Ok(()), "just in time");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_behind_others_leaves_when_its_time_is_over() {
    let limiter = limiter(1);
    let start = Instant::now();
    pass(&limiter, 1, start).await;
    let impatient = async {
        let refused = limiter.acquire(1, secs(15)).await;
        (refused, start.elapsed())
    };
    let (first, (refused, elapsed)) = tokio::join!(biased; pass(&limiter, 1, start), impatient);
    assert_eq!(first, 10);
    assert_eq!(refused, Err(too_long(secs(20), secs(15))));
    assert_eq!(elapsed, secs(10), "known when the first has passed");
}

#[tokio::test(start_paused = true)]
async fn try_acquire_passes_at_once_or_not_at_all() {
    let limiter = limiter(2);
    assert_eq!(limiter.try_acquire(2), Ok(()));
    assert_eq!(limiter.try_acquire(1), Err(too_long(WINDOW, Duration::ZERO)));
    let mut waiter = Box::pin(limiter.acquire(2, PATIENT));
    let poll = waiter.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(poll, Poll::Pending);
    advance(WINDOW).await;
    let refused = limiter.try_acquire(1);
    assert_eq!(refused, Err(too_long(Duration::ZERO, Duration::ZERO)), "does not overtake");
    drop(waiter);
    assert_eq!(limiter.try_acquire(1), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_everybody_and_is_never_shortened() {
    let limiter = limiter(5);
    let start = Instant::now();
    limiter.pause(secs(7));
    limiter.pause(secs(2));
    assert_eq!(limiter.snapshot().paused_for, secs(7));
    assert_eq!(limiter.acquire(1, secs(6)).await, Err(too_long(secs(7), secs(6))));
    let pause_again = async {
        tokio::time::sleep(secs(3)).await;
        limiter.pause(secs(10));
    };
    let passed = tokio::join!(
        biased;
        pass(&limiter, 1, start),
        pass(&limiter, 0, start),
        pause_again,
    );
    assert_eq!((passed.0, passed.1), (13, 13));
}

#[tokio::test(start_paused = true)]
async fn what_can_never_pass_is_refused() {
    let limiter = limiter(3);
    let expected = Err(LimiterError::TooHeavy { weight: 4, capacity: 3 });
    assert_eq!(limiter.try_acquire(4), expected);
    assert_eq!(limiter.acquire(4, PATIENT).await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_queue_is_bounded() {
    let limiter = limiter(1);
    limiter.try_acquire(1).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut waiters = Vec::new();
    for _ in 0..QUEUE_MAX {
        let mut waiter = Box::pin(limiter.acquire(1, PATIENT));
        assert!(waiter.as_mut().poll(&mut context).is_pending());
        waiters.push(waiter);
    }
    let waiting = QUEUE_MAX;
    assert_eq!(limiter.acquire(1, PATIENT).await, Err(LimiterError::QueueFull { waiting }));
    drop(waiters);
    assert_eq!(limiter.snapshot().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_window_below_a_millisecond_survives_rounded_sleeps() {
    let config = LimiterConfig { capacity: 1, window: Duration::from_micros(300) };
    let limiter = Limiter::new(config).unwrap();
    for _ in 0..10 {
        limiter.acquire(1, PATIENT).await.unwrap();
        assert_eq!(limiter.snapshot().used, 1);
    }
}

#[test]
fn settings_out_of_range_are_errors() {
    let check = |capacity, window, expected| {
        let error = Limiter::new(LimiterConfig { capacity, window }).err();
        assert_eq!(error, expected);
    };
    let day = Duration::from_secs(24 * 3600);
    check(1, day, None);
    check(0, day, Some(LimiterConfigError::NoCapacity));
    check(1, Duration::ZERO, Some(LimiterConfigError::Window(Duration::ZERO)));
    check(1, day * 2, Some(LimiterConfigError::Window(day * 2)));
}

proptest! {
    /// Against the definition: in no window is there more than the capacity, and whoever is held
    /// back could not have passed a nanosecond earlier.
    #[test]
    fn no_window_sees_more_than_the_capacity(
        capacity in 1..20_u32,
        steps in prop::collection::vec((0..400_u64, 0..20_u32), 1..100),
    ) {
        const LENGTH: Duration = Duration::from_nanos(1000);
        let mut window = SlidingWindow::new(capacity, LENGTH);
        let mut now = Instant::now();
        let mut passed: Vec<(Instant, u32)> = Vec::new();
        let within = |passed: &[(Instant, u32)], end: Instant| -> u32 {
            let fresh = passed.iter().filter(|(at, _)| *at + LENGTH > end && *at <= end);
            fresh.map(|(_, weight)| weight).sum()
        };
        for (nanos, weight) in steps {
            now += Duration::from_nanos(nanos);
            let weight = weight.min(capacity);
            if let Some(ready_at) = window.ready_at(weight, now) {
                let just_before = ready_at - Duration::from_nanos(1);
                prop_assert!(ready_at > now);
                prop_assert!(within(&passed, just_before) + weight > capacity);
                now = ready_at;
            }
            prop_assert_eq!(window.ready_at(weight, now), None);
            window.take(weight, now);
            passed.push((now, weight));
            prop_assert!(within(&passed, now) <= capacity);
            prop_assert_eq!(window.used(now), within(&passed, now));
        }
    }
}
