use std::task::{Context, Poll, Waker};

use testkit::drop_at_every_poll;
use tokio::time::advance;

use super::queue::QUEUE_MAX;
use super::*;

mod properties;

const WINDOW: Duration = Duration::from_secs(10);
const PATIENT: Duration = Duration::from_secs(3600);

fn limiter(capacity: u32) -> Limiter {
    Limiter::new("test", &LimiterConfig::window(capacity, WINDOW)).unwrap()
}

/// Per second and per minute.
fn two_windows(per_second: u32, per_minute: u32) -> Limiter {
    let limit = |capacity, seconds| WindowLimit { capacity, window: secs(seconds) };
    let config = LimiterConfig::Windows(vec![limit(per_second, 1), limit(per_minute, 60)]);
    Limiter::new("test", &config).unwrap()
}

fn counter(max: u32, decay_milli_per_s: u32) -> Limiter {
    let limit = CounterLimit { max, decay_milli_per_s };
    Limiter::new("test", &LimiterConfig::Counter(limit)).unwrap()
}

/// Kraken's weights of a cancel.
const CANCEL: AgeTable = AgeTable {
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
    assert_eq!(limiter.snapshot().used(), 3);
    assert_eq!(pass(&limiter, 2, start).await, 10);
    assert_eq!(pass(&limiter, 1, start).await, 14);
    advance(WINDOW).await;
    assert_eq!(limiter.snapshot().used(), 0);
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
    assert_eq!((limiter.snapshot().used(), limiter.snapshot().waiting), (2, 0));
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
    let config = LimiterConfig::window(1, Duration::from_micros(300));
    let limiter = Limiter::new("test", &config).unwrap();
    for _ in 0..10 {
        limiter.acquire(1, PATIENT).await.unwrap();
        assert_eq!(limiter.snapshot().used(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn all_windows_must_hold() {
    let limiter = two_windows(2, 5);
    let start = Instant::now();
    let mut passed = Vec::new();
    for _ in 0..8 {
        passed.push(pass(&limiter, 1, start).await);
    }
    assert_eq!(passed, [0, 0, 1, 1, 2, 60, 60, 61]);
    let limits: Vec<_> =
        limiter.snapshot().limits.iter().map(|limit| (limit.used, limit.capacity)).collect();
    assert_eq!(limits, [(4, 5), (1, 2)]);
    let expected = Err(LimiterError::TooHeavy { weight: 3, capacity: 2 });
    assert_eq!(limiter.try_acquire(3), expected, "above the smallest capacity");
}

#[tokio::test(start_paused = true)]
async fn a_counter_lets_a_burst_pass_and_then_what_it_loses() {
    // Kraken's counter of a starter.
    let limiter = counter(15, 330);
    let start = Instant::now();
    for _ in 0..15 {
        assert_eq!(pass(&limiter, 1, start).await, 0);
    }
    assert_eq!(limiter.snapshot().used(), 15);
    let refused = limiter.try_acquire(1);
    // 1 / 0.33 s, rounded up to the nanosecond.
    let at_least = Duration::from_nanos(3_030_303_031);
    assert_eq!(refused, Err(too_long(at_least, Duration::ZERO)));
    advance(at_least - Duration::from_nanos(1)).await;
    assert!(limiter.try_acquire(1).is_err());
    advance(Duration::from_nanos(1)).await;
    assert_eq!(limiter.try_acquire(1), Ok(()));
    advance(secs(400 * 24 * 3600)).await;
    assert_eq!(limiter.snapshot().used(), 0, "it never falls below zero");
    assert_eq!(limiter.try_acquire(15), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_weight_by_age_is_that_of_the_moment_of_passing() {
    let limiter = counter(10, 1000);
    let since = Instant::now();
    let cancel = Weight::ByAge { since, table: CANCEL };
    limiter.try_acquire(cancel).unwrap();
    assert_eq!(limiter.snapshot().used(), 8, "below 5 s");
    // Room for 6 is there after 4 s, but it weighs 8 until 5 s, and room for 8 comes after 6 s.
    limiter.acquire(cancel, PATIENT).await.unwrap();
    assert_eq!(since.elapsed(), secs(5));
    assert_eq!(limiter.snapshot().used(), 3 + 6);
    // Nothing weighs nothing, also when the counter is full.
    advance(secs(294)).await;
    limiter.try_acquire(10).unwrap();
    let refused = limiter.try_acquire(cancel);
    assert_eq!(refused, Err(too_long(secs(1), Duration::ZERO)), "1 above, or free in a second");
    advance(secs(1)).await;
    limiter.try_acquire(cancel).unwrap();
    assert_eq!(limiter.snapshot().used(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_weight_by_age_above_the_capacity_waits_until_it_is_light_enough() {
    let limiter = counter(5, 1000);
    let since = Instant::now();
    limiter.acquire(Weight::ByAge { since, table: CANCEL }, PATIENT).await.unwrap();
    assert_eq!((since.elapsed(), limiter.snapshot().used()), (secs(10), 5));
}

#[tokio::test(start_paused = true)]
async fn the_venue_may_have_seen_more_in_a_window() {
    let limiter = two_windows(10, 20);
    let minute = secs(60);
    let uses = |limiter: &Limiter| {
        let limits = limiter.snapshot().limits;
        (limits[0].used, limits[1].used)
    };
    limiter.try_acquire(4).unwrap();
    advance(secs(2)).await;
    assert!(limiter.correct_window(minute, 3), "less than what we know we sent");
    assert_eq!(uses(&limiter), (4, 0));
    limiter.correct_window(minute, 15);
    limiter.correct_window(minute, 12);
    assert_eq!(uses(&limiter), (15, 0), "the other window is not touched");
    limiter.try_acquire(5).unwrap();
    let refused = limiter.try_acquire(1);
    assert_eq!(refused, Err(too_long(secs(58), Duration::ZERO)), "when our first 4 are gone");
    advance(secs(58)).await;
    limiter.try_acquire(4).unwrap();
    let refused = limiter.try_acquire(1);
    assert_eq!(refused, Err(too_long(secs(2), Duration::ZERO)), "when the others' 11 are gone");
    advance(secs(2)).await;
    assert_eq!(uses(&limiter), (4, 0));
    limiter.correct_window(minute, 800);
    assert_eq!(uses(&limiter), (20, 0), "at most the capacity");
    assert!(!limiter.correct_window(secs(30), 7), "no such window");
    assert!(!limiter.correct_counter(7), "no counter");
    advance(minute).await;
    limiter.fill();
    assert_eq!(uses(&limiter), (20, 10));
    advance(minute).await;
    assert_eq!(uses(&limiter), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn the_venue_may_count_higher_than_our_counter() {
    let limiter = counter(20, 500);
    limiter.try_acquire(6).unwrap();
    advance(secs(2)).await;
    assert!(limiter.correct_counter(4));
    assert_eq!(limiter.snapshot().used(), 5);
    limiter.correct_counter(12);
    advance(secs(2)).await;
    assert_eq!(limiter.snapshot().used(), 11);
    limiter.correct_counter(u32::MAX);
    assert_eq!(limiter.snapshot().used(), 20);
    assert!(!limiter.correct_window(secs(60), 1), "no window");
    advance(secs(8)).await;
    limiter.fill();
    assert_eq!(limiter.try_acquire(1), Err(too_long(secs(2), Duration::ZERO)));
}

#[tokio::test(start_paused = true)]
async fn a_correction_holds_those_who_wait_already() {
    let limiter = limiter(2);
    let start = Instant::now();
    pass(&limiter, 2, start).await;
    let correct = async {
        tokio::time::sleep(secs(4)).await;
        limiter.fill();
        limiter.correct_window(WINDOW, 2);
        tokio::time::sleep(secs(5)).await;
        limiter.pause(secs(3));
    };
    let (passed, ()) = tokio::join!(biased; pass(&limiter, 1, start), correct);
    assert_eq!(passed, 12);
}

#[tokio::test(start_paused = true)]
async fn a_pause_until_a_time_is_at_most_a_day() {
    let limiter = limiter(2);
    let start = Instant::now();
    limiter.pause_until(start + secs(7));
    assert_eq!(pass(&limiter, 1, start).await, 7);
    limiter.pause_until(start + DAY * 400);
    assert_eq!(limiter.snapshot().paused_for, DAY);
}

/// Threads read the clock, and then come to the lock in another order.
#[test]
fn time_does_not_go_back() {
    let limit = |capacity, nanos| WindowLimit { capacity, window: Duration::from_nanos(nanos) };
    let config = LimiterConfig::Windows(vec![limit(1, 100), limit(5, 1000)]);
    let (mut state, now) = (State::new(&config), Instant::now());
    let mut pass = |at_ns| state.try_pass(Weight::Fixed(1), now, at_ns);
    assert_eq!(pass(1000), None);
    assert_eq!(pass(1100), None);
    assert_eq!(pass(1090), Some(1200), "one is within the window at 1100, which has come");
    assert_eq!(pass(1200), None);
    // Sees the short window empty without filling it.
    assert_eq!(state.uses(1300)[1].used, 0);
    let mut pass = |at_ns| state.try_pass(Weight::Fixed(1), now, at_ns);
    assert_eq!(pass(1200), None, "counts as of 1300");
    assert_eq!(pass(1399), Some(1400));
    assert_eq!(pass(1400), None);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_counted() {
    let limiter = limiter(1);
    limiter.try_acquire(1).unwrap();
    limiter.try_acquire(1).unwrap_err();
    limiter.try_acquire(2).unwrap_err();
    limiter.acquire(1, secs(1)).await.unwrap_err();
    assert_eq!(limiter.snapshot().refused, 3);
}

#[tokio::test(start_paused = true)]
async fn acquire_can_be_dropped_at_every_poll() {
    let limiter = limiter(1);
    let start = Instant::now();
    let used = |limiter: &Limiter| limiter.snapshot().used();
    pass(&limiter, 1, start).await;
    // Before each try stands another waiter, which passes while the try waits: it waits for its turn,
    // then for weight.
    let make = || {
        let mut other = Box::pin(limiter.acquire(1, PATIENT));
        let poll = other.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        let limiter = &limiter;
        async move {
            let acquire = async {
                limiter.acquire(1, PATIENT).await.unwrap();
            };
            tokio::join!(biased; async { other.await.unwrap() }, acquire);
        }
    };
    drop_at_every_poll(make, |_| {
        assert_eq!(limiter.snapshot().waiting, 0, "no place is held");
        assert!(used(&limiter) <= 1, "never more than the capacity");
    })
    .await;
    advance(WINDOW).await;
    assert_eq!(used(&limiter), 0, "nothing was taken by those that were dropped");
    assert_eq!(limiter.try_acquire(1), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn keys_have_limiters_of_their_own() {
    let keyed = KeyedLimiter::new("pairs", LimiterConfig::window(1, WINDOW), 2).unwrap();
    let get = |key: &str| keyed.get(&key.to_owned());
    get("a").unwrap().try_acquire(1).unwrap();
    assert!(get("a").unwrap().try_acquire(1).is_err(), "the same limiter again");
    let held = get("b").unwrap();
    assert_eq!(held.name(), "pairs/b");
    assert_eq!(
        get("c").err(),
        Some(LimiterError::TooManyKeys { keys: 2 }),
        "one counts, one is held"
    );
    assert_eq!(keyed.limiters().len(), 2);
    advance(WINDOW).await;
    assert!(get("c").is_ok(), "a has nothing to forget any more");
    drop(held);
    keyed.pause_all(secs(5));
    assert_eq!(get("c").unwrap().snapshot().paused_for, secs(5));
    assert!(get("d").is_err(), "a pause is something to remember");
    advance(secs(3)).await;
    let later = KeyedLimiter::new("pairs", LimiterConfig::window(1, WINDOW), 2).unwrap();
    later.pause_all(secs(5));
    assert_eq!(
        later.get(&1).unwrap().snapshot().paused_for,
        secs(5),
        "also a key that comes later"
    );
}

#[test]
fn settings_out_of_range_are_errors() {
    let check = |config: LimiterConfig, expected: &str| {
        let error = Limiter::new("test", &config).err().map(|error| error.to_string());
        assert_eq!(error.unwrap_or_default(), expected);
    };
    let window = LimiterConfig::window;
    check(window(1, DAY), "");
    check(window(0, DAY), "limiter setting `capacity` is zero");
    let range = "is not above zero and at most a day";
    check(window(1, Duration::ZERO), &format!("limiter setting `window` of 0ns {range}"));
    check(window(1, DAY * 2), &format!("limiter setting `window` of 172800s {range}"));
    let limit = WindowLimit { capacity: 1, window: secs(1) };
    let windows = |count| LimiterConfig::Windows(vec![limit; count]);
    check(windows(0), "limiter setting `windows` has 0 of them, not 1 to 8");
    check(windows(9), "limiter setting `windows` has 9 of them, not 1 to 8");
    check(windows(2), "limiter setting `window` of 1s is there twice");
    let counter =
        |max, decay_milli_per_s| LimiterConfig::Counter(CounterLimit { max, decay_milli_per_s });
    check(counter(1_000_000, 1_000_000_000), "");
    check(counter(0, 1), "limiter setting `max` of `0` is not from 1 to 1000000");
    check(counter(1_000_001, 1), "limiter setting `max` of `1000001` is not from 1 to 1000000");
    let decay = "limiter setting `decay_milli_per_s` of `0` is not from 1 to 1000000000";
    check(counter(1, 0), decay);
    let keyed = KeyedLimiter::<u32>::new("test", LimiterConfig::default(), 0);
    assert_eq!(keyed.err(), Some(LimiterConfigError::NoKeys));
}
