//! The numbered cases are those of the project's resilience reference; `case_04` is case 4.

mod bare;
mod model;
mod policies;
mod published;
mod threads;

use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::{Context, Waker};

use std::sync::Arc;
use std::time::Duration;

use ::model::audit::{AuditEvent, BreakerState, CallOutcome};
use parking_lot::Mutex;
use platform::{AuditSink, Auditor, Entropy, TaskGroup};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{Instant, advance, timeout};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::catch_unwind::CatchUnwind;
use crate::testing::Trail;

use BreakerState::{Closed, HalfOpen, Isolated, Open};
use CallOutcome::{Cancelled, Failure, Ignored, Success};

const OPEN_FOR: Duration = Duration::from_secs(30);

fn with_config(config: BreakerConfig) -> (Arc<Breaker>, Arc<Trail>) {
    let trail = Arc::new(Trail::default());
    let entropy = Entropy::from_seed(1).stream("breaker");
    let breaker = Breaker::observed("venue/read", config, Auditor::new(trail.clone()), entropy);
    (Arc::new(breaker.unwrap()), trail)
}

fn breaker() -> Arc<Breaker> {
    with_config(BreakerConfig::default()).0
}

/// Two probes at once.
fn breaker_with_two_probes() -> Arc<Breaker> {
    let config = BreakerConfig { half_open_max: 2, ..BreakerConfig::default() };
    with_config(config).0
}

/// One whole call.
fn call(breaker: &Breaker, outcome: CallOutcome) -> Recorded {
    let permit = breaker.acquire().expect("let through");
    permit.record(outcome, "down")
}

fn calls(breaker: &Breaker, outcomes: &str) {
    for outcome in outcomes.chars() {
        let outcome = match outcome {
            'F' => Failure,
            'S' => Success,
            'I' => Ignored,
            'C' => Cancelled,
            other => panic!("no outcome {other}"),
        };
        assert_eq!(call(breaker, outcome), Recorded::Current);
    }
}

fn state(breaker: &Breaker) -> BreakerState {
    breaker.snapshot().state
}

/// Opens the breaker and lets the opening pass.
async fn open_and_wait(breaker: &Breaker) {
    calls(breaker, "FFFFF");
    advance(OPEN_FOR).await;
}

#[tokio::test(start_paused = true)]
async fn case_01_the_fifth_failure_opens() {
    let (breaker, trail) = with_config(BreakerConfig::default());
    calls(&breaker, "FFFF");
    assert_eq!(state(&breaker), Closed);
    let permit = breaker.acquire().unwrap();
    permit.record(Failure, io::Error::other("the last straw"));
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.trips, snapshot.failures), (Open, 1, 5));
    assert_eq!(snapshot.opened_at, Some(Instant::now()));
    assert_eq!(snapshot.last_failure_at, Some(Instant::now()));
    assert_eq!(snapshot.retry_at, Some(Instant::now() + OPEN_FOR));
    let expected = AuditEvent::BreakerChanged {
        breaker: "venue/read".to_owned(),
        generation: 1,
        from: Closed,
        to: Open,
        cause: "the last straw".to_owned(),
        open_ms: Some(30_000),
    };
    assert_eq!(*trail.events.lock(), [expected]);
}

#[tokio::test(start_paused = true)]
async fn case_02_a_success_sets_the_count_back() {
    let breaker = breaker();
    calls(&breaker, "FFFFSFFFF");
    assert_eq!((state(&breaker), breaker.snapshot().failures), (Closed, 4));
    calls(&breaker, "F");
    assert_eq!(state(&breaker), Open);
}

#[tokio::test(start_paused = true)]
async fn case_03_an_ignored_outcome_neither_counts_nor_sets_back() {
    let breaker = breaker();
    calls(&breaker, "FFFFICF");
    assert_eq!(state(&breaker), Open);
}

#[tokio::test(start_paused = true)]
async fn case_04_the_opening_ends_at_its_last_nanosecond() {
    let breaker = breaker();
    calls(&breaker, "FFFFF");
    advance(OPEN_FOR - Duration::from_nanos(1)).await;
    let rejection = BreakerOpen {
        breaker: BreakerName::new("venue/read").unwrap(),
        state: Open,
        retry_after: Duration::from_nanos(1),
        at: Instant::now(),
    };
    assert_eq!(rejection.retry_at(), Instant::now() + Duration::from_nanos(1));
    assert_eq!(breaker.acquire().unwrap_err(), rejection);
    assert_eq!(breaker.peek(), Err(rejection));
    advance(Duration::from_nanos(1)).await;
    assert_eq!(breaker.peek(), Ok(()));
    assert_eq!(state(&breaker), Open, "looking changes nothing");
    let permit = breaker.acquire().unwrap();
    assert!(permit.is_probe());
    assert_eq!(state(&breaker), HalfOpen);
}

#[tokio::test(start_paused = true)]
async fn case_05_two_probes_close_one_after_the_other() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    let probe = breaker.acquire().unwrap();
    assert_eq!(breaker.acquire().unwrap_err().state, HalfOpen);
    assert_eq!(breaker.peek().unwrap_err().state, HalfOpen);
    probe.record(Success, "");
    assert_eq!((state(&breaker), breaker.snapshot().successes), (HalfOpen, 1));
    calls(&breaker, "S");
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.failures, snapshot.successes), (Closed, 0, 0));
}

/// A call that never ends.
async fn hang() -> Result<(), io::Error> {
    std::future::pending().await
}

fn by_result<T, E>(result: &Result<T, E>) -> CallOutcome {
    if result.is_ok() { Success } else { Failure }
}

#[tokio::test(start_paused = true)]
async fn case_06_a_dropped_probe_gives_its_slot_back() {
    let breaker = breaker();
    open_and_wait(&breaker).await;

    drop(breaker.acquire().unwrap());
    assert_eq!(breaker.snapshot().probes, 0);

    let dropped = timeout(Duration::from_secs(1), breaker.call(hang(), by_result)).await;
    assert!(dropped.is_err());
    assert_eq!(breaker.snapshot().probes, 0);

    let group = TaskGroup::new("test");
    let clone = breaker.clone();
    group.spawner().spawn("test", "probe", async move {
        clone.call(hang(), by_result).await?;
        Ok(())
    });
    tokio::task::yield_now().await;
    assert_eq!(breaker.snapshot().probes, 1);
    group.cancel();
    let aborted = group.join(Duration::ZERO).await.unwrap_err().aborted;
    assert_eq!(aborted, ["probe"]);

    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.probes), (HalfOpen, 0));
    assert_eq!((snapshot.successes, snapshot.failures), (0, 5));
    assert_eq!(snapshot.probes_cancelled, 3);
    calls(&breaker, "SS");
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn case_07_a_future_that_is_never_polled_holds_nothing() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    let unpolled = breaker.call(hang(), by_result);
    assert_eq!(state(&breaker), Open);
    calls(&breaker, "SS");
    drop(unpolled);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.probes_cancelled), (Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn case_08_a_failure_that_ends_while_open_is_stale() {
    let breaker = breaker();
    let slow = breaker.acquire().unwrap();
    calls(&breaker, "FFFFF");
    let before = breaker.snapshot();
    advance(Duration::from_secs(10)).await;
    assert_eq!(slow.record(Failure, "late"), Recorded::Stale);
    let after = breaker.snapshot();
    assert_eq!((after.trips, after.retry_at), (1, before.retry_at));
    assert_eq!(after.last_failure_at, before.last_failure_at);
    assert_eq!(after.stale_results, 1);
}

#[tokio::test(start_paused = true)]
async fn case_09_successes_from_closed_do_not_close_half_open() {
    let breaker = breaker();
    let slow = [breaker.acquire().unwrap(), breaker.acquire().unwrap()];
    open_and_wait(&breaker).await;
    let probe = breaker.acquire().unwrap();
    for permit in slow {
        assert_eq!(permit.record(Success, ""), Recorded::Stale);
    }
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.successes, snapshot.probes), (HalfOpen, 0, 1));
    assert_eq!(snapshot.stale_results, 2);
    drop(probe);
}

#[tokio::test(start_paused = true)]
async fn case_10_a_failure_from_closed_does_not_reopen() {
    let breaker = breaker();
    let slow = breaker.acquire().unwrap();
    open_and_wait(&breaker).await;
    calls(&breaker, "S");
    assert_eq!(slow.record(Failure, "late"), Recorded::Stale);
    assert_eq!((state(&breaker), breaker.snapshot().trips), (HalfOpen, 1));
    calls(&breaker, "S");
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn case_11_a_probe_of_an_earlier_round_frees_no_slot_of_this_one() {
    let breaker = breaker_with_two_probes();
    open_and_wait(&breaker).await;
    let survivor = breaker.acquire().unwrap();
    calls(&breaker, "F");
    advance(OPEN_FOR).await;
    let probes = [breaker.acquire().unwrap(), breaker.acquire().unwrap()];
    assert_eq!(survivor.record(Success, ""), Recorded::Stale);
    assert_eq!((breaker.snapshot().probes, breaker.snapshot().successes), (2, 0));
    assert!(breaker.acquire().is_err());
    drop(probes);
    assert_eq!(breaker.snapshot().probes, 0);
}

#[tokio::test(start_paused = true)]
async fn case_12_a_failed_probe_opens_from_the_time_of_its_failure() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    let probe = breaker.acquire().unwrap();
    advance(Duration::from_secs(7)).await;
    probe.record(Failure, "still down");
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.trips), (Open, 2));
    assert_eq!(snapshot.retry_at, Some(Instant::now() + OPEN_FOR));
    assert_eq!(breaker.acquire().unwrap_err().retry_after, OPEN_FOR);
}

#[tokio::test(start_paused = true)]
async fn case_13_each_round_of_probes_starts_at_zero() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    calls(&breaker, "SF");
    assert_eq!(state(&breaker), Open);
    advance(OPEN_FOR).await;
    calls(&breaker, "S");
    assert_eq!(state(&breaker), HalfOpen);
    calls(&breaker, "S");
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn case_14_after_closing_the_count_starts_at_zero() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    calls(&breaker, "SSFFFF");
    assert_eq!(state(&breaker), Closed);
    calls(&breaker, "F");
    assert_eq!(state(&breaker), Open);
}

#[tokio::test(start_paused = true)]
async fn case_15_a_panic_is_a_failure_and_goes_on() {
    async fn fail() -> Result<(), io::Error> {
        tokio::task::yield_now().await;
        panic!("boom")
    }
    async fn panic_through(breaker: &Breaker) -> &'static str {
        let mut call = pin!(breaker.call(fail(), by_result));
        let caught = CatchUnwind(call.as_mut()).await.unwrap_err();
        caught.downcast_ref::<&'static str>().unwrap()
    }
    let (breaker, trail) = with_config(BreakerConfig::default());
    assert_eq!(panic_through(&breaker).await, "boom");
    assert_eq!(breaker.snapshot().failures, 1);
    calls(&breaker, "FFFF");
    advance(OPEN_FOR).await;
    assert_eq!(panic_through(&breaker).await, "boom");
    assert_eq!((state(&breaker), breaker.snapshot().trips), (Open, 2));
    let last = trail.lines().pop().unwrap();
    assert!(last.contains("HALF_OPEN -> OPEN (generation 3): panicked"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn case_15_a_neighbour_of_a_panic_is_not_blamed() {
    let breaker = breaker();
    let caught = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let mut neighbour = pin!(breaker.call(hang(), by_result));
        let poll = neighbour.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending());
        panic!("somebody else's");
    }));
    assert!(caught.is_err());
    assert_eq!(breaker.snapshot().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn case_16_a_failure_from_before_a_reset_does_not_count() {
    let breaker = breaker();
    calls(&breaker, "FFFF");
    let slow = breaker.acquire().unwrap();
    breaker.reset();
    assert_eq!(slow.record(Failure, "late"), Recorded::Stale);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.failures, snapshot.generation), (Closed, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn case_17_a_reset_closes_at_once() {
    let breaker = breaker();
    calls(&breaker, "FFFFF");
    breaker.reset();
    let permits: Vec<_> = (0..100).map(|_| breaker.acquire().unwrap()).collect();
    drop(permits);
    assert_eq!(state(&breaker), Closed);

    open_and_wait(&breaker).await;
    let probe = breaker.acquire().unwrap();
    breaker.reset();
    assert_eq!(probe.record(Failure, "late"), Recorded::Stale);
    assert_eq!((state(&breaker), breaker.snapshot().failures), (Closed, 0));
}

#[tokio::test(start_paused = true)]
async fn case_18_a_year_without_calls_changes_nothing() {
    let breaker = breaker();
    calls(&breaker, "FFFFF");
    advance(Duration::from_secs(400 * 24 * 3600)).await;
    assert_eq!(state(&breaker), Open, "time alone changes nothing");
    assert!(breaker.snapshot().retry_at < Some(Instant::now()));
    calls(&breaker, "SS");
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn case_19_rejections_neither_count_nor_prolong() {
    let breaker = breaker();
    calls(&breaker, "FFFFF");
    let before = breaker.snapshot();
    advance(Duration::from_secs(29)).await;
    for _ in 0..1000 {
        assert!(breaker.acquire().is_err());
    }
    let after = breaker.snapshot();
    assert_eq!(after.rejected, 1000);
    assert_eq!(BreakerSnapshot { rejected: 0, ..after }, before);
    advance(Duration::from_secs(1)).await;
    calls(&breaker, "S");
}

#[tokio::test(start_paused = true)]
async fn case_20_six_failures_at_once_trip_once() {
    let (breaker, trail) = with_config(BreakerConfig::default());
    let permits: Vec<_> = (0..6).map(|_| breaker.acquire().unwrap()).collect();
    let recorded: Vec<_> =
        permits.into_iter().map(|permit| permit.record(Failure, "down")).collect();
    assert_eq!(recorded[4..], [Recorded::Current, Recorded::Stale]);
    assert_eq!((breaker.snapshot().trips, trail.lines().len()), (1, 1));
    advance(OPEN_FOR).await;
    calls(&breaker, "SS");
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn case_21_a_forced_opening_survives_a_success_in_flight() {
    let (breaker, trail) = with_config(BreakerConfig::default());
    let slow = breaker.acquire().unwrap();
    breaker.force_open(Duration::from_secs(100), "banned");
    assert_eq!(slow.record(Success, ""), Recorded::Stale);
    assert_eq!(breaker.acquire().unwrap_err().retry_after, Duration::from_secs(100));
    breaker.force_open(Duration::from_secs(50), "a shorter ban changes nothing");
    assert_eq!(breaker.snapshot().generation, 1);
    breaker.force_open(Duration::from_secs(200), "banned for longer");
    assert_eq!(breaker.acquire().unwrap_err().retry_after, Duration::from_secs(200));
    assert_eq!(breaker.snapshot().trips, 0);
    advance(Duration::from_secs(200)).await;
    calls(&breaker, "SS");
    let expected = [
        "breaker venue/read CLOSED -> OPEN (generation 1): banned, open for ms 100000",
        "breaker venue/read OPEN -> OPEN (generation 2): banned for longer, open for ms 200000",
        "breaker venue/read OPEN -> HALF_OPEN (generation 3): open time is over",
        "breaker venue/read HALF_OPEN -> CLOSED (generation 4): probes succeeded",
    ];
    assert_eq!(trail.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn case_21_an_isolation_lasts_until_a_reset() {
    let breaker = breaker();
    let slow = breaker.acquire().unwrap();
    breaker.isolate();
    assert_eq!(slow.record(Success, ""), Recorded::Stale);
    breaker.isolate();
    breaker.force_open(OPEN_FOR, "a ban does not end an isolation");
    advance(Duration::from_secs(400 * 24 * 3600)).await;
    let rejection = breaker.acquire().unwrap_err();
    assert_eq!((rejection.state, rejection.retry_after), (Isolated, OPEN_FOR));
    assert_eq!(breaker.peek().unwrap_err().state, Isolated);
    assert_eq!(breaker.snapshot().generation, 1);
    breaker.reset();
    calls(&breaker, "S");
}

#[tokio::test(start_paused = true)]
async fn case_22_an_ignored_probe_is_no_success() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    calls(&breaker, "IIS");
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.probes, snapshot.successes), (HalfOpen, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn case_24_the_order_of_ends_defines_a_row() {
    let breaker = breaker();
    let slow = breaker.acquire().unwrap();
    calls(&breaker, "FFFF");
    assert_eq!(slow.record(Success, ""), Recorded::Current);
    assert_eq!(breaker.snapshot().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn case_25_a_probe_without_a_sign_of_life_is_given_up() {
    let (breaker, trail) = with_config(BreakerConfig::default());
    open_and_wait(&breaker).await;
    let hung = breaker.acquire().unwrap();
    advance(Duration::from_secs(59)).await;
    let rejection = breaker.acquire().unwrap_err();
    assert_eq!((rejection.state, rejection.retry_after), (HalfOpen, Duration::from_secs(1)));
    advance(Duration::from_secs(1)).await;
    assert_eq!(breaker.peek(), Ok(()));
    let fresh = breaker.acquire().unwrap();
    assert_eq!(hung.record(Failure, "late"), Recorded::Stale);
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.generation, snapshot.probes), (HalfOpen, 3, 1));
    assert_eq!((snapshot.probes_expired, snapshot.probes_cancelled), (1, 0));
    let last = trail.lines().pop().unwrap();
    assert!(last.contains("HALF_OPEN -> HALF_OPEN (generation 3): no sign of life"), "{last}");
    fresh.record(Success, "");
}

#[tokio::test(start_paused = true)]
async fn case_25_a_sign_of_life_of_one_probe_keeps_the_others() {
    let breaker = breaker_with_two_probes();
    open_and_wait(&breaker).await;
    let slow = breaker.acquire().unwrap();
    advance(Duration::from_secs(40)).await;
    calls(&breaker, "I");
    let second = breaker.acquire().unwrap();
    advance(Duration::from_secs(40)).await;
    assert!(breaker.acquire().is_err());
    assert_eq!(slow.record(Success, ""), Recorded::Current);
    assert_eq!(second.record(Success, ""), Recorded::Current);
    assert_eq!(state(&breaker), Closed);
}

#[test]
fn case_26_settings_out_of_range_are_errors() {
    let check = |change: fn(&mut BreakerConfig), expected: Result<(), BreakerConfigError>| {
        let mut config =
            BreakerConfig { open_growth: Some(OpenGrowth::default()), ..BreakerConfig::default() };
        change(&mut config);
        assert_eq!(config.validate(), expected, "{config:?}");
        let auditor = Auditor::new(Arc::new(Trail::default()));
        let entropy = Entropy::from_seed(1).stream("breaker");
        assert_eq!(Breaker::observed("b", config, auditor, entropy).err(), expected.err());
    };
    let zero = |name| Err(BreakerConfigError::Zero(name));
    let large = |name| Err(BreakerConfigError::TooLarge(name));
    check(|_| (), Ok(()));
    check(|c| c.policy = BreakerPolicy::Consecutive { failures: 0 }, zero("policy.failures"));
    check(|c| c.success_threshold = 0, zero("success_threshold"));
    check(|c| c.half_open_max = 0, zero("half_open_max"));
    check(|c| c.open_for = Duration::ZERO, zero("open_for"));
    check(|c| c.open_for = Duration::MAX, large("open_for"));
    check(|c| c.half_open_max_wait = Duration::ZERO, zero("half_open_max_wait"));
    check(|c| c.half_open_max_wait = Duration::MAX, large("half_open_max_wait"));
    check(|c| c.open_growth.as_mut().unwrap().factor = 0, zero("open_growth.factor"));
    check(|c| c.open_growth.as_mut().unwrap().cap = Duration::MAX, large("open_growth.cap"));
    check(
        |c| c.open_growth.as_mut().unwrap().cap = Duration::from_secs(29),
        Err(BreakerConfigError::CapBelowOpenFor),
    );
    check(
        |c| c.open_growth.as_mut().unwrap().jitter_percent = 91,
        large("open_growth.jitter_percent"),
    );
    check(|c| c.alert.as_mut().unwrap().trips = 0, zero("alert.trips"));
    check(|c| c.alert.as_mut().unwrap().trips = 1001, large("alert.trips"));
    check(|c| c.alert.as_mut().unwrap().window = Duration::ZERO, zero("alert.window"));
}

#[tokio::test(start_paused = true)]
async fn case_26_no_forced_opening_overflows() {
    let breaker = breaker();
    breaker.force_open(Duration::MAX, "for ever");
    assert_eq!(breaker.acquire().unwrap_err().retry_after, config::DURATION_MAX);
}

/// Calls back into the breaker or panics, as told.
#[derive(Debug, Default)]
struct Meddler {
    breaker: Mutex<Option<Arc<Breaker>>>,
    seen: Mutex<Vec<(u64, BreakerState)>>,
    panics: bool,
}

impl AuditSink for Meddler {
    fn record(&self, event: AuditEvent) {
        let AuditEvent::BreakerChanged { generation, to, .. } = event else {
            return;
        };
        self.seen.lock().push((generation, to));
        let breaker = self.breaker.lock().clone().unwrap();
        assert!(breaker.snapshot().generation >= generation, "the state is there already");
        if to == Open {
            assert!(breaker.acquire().is_err());
            breaker.reset();
        }
        assert!(!self.panics, "listener panics");
    }
}

fn meddled_with(panics: bool) -> (Arc<Breaker>, Arc<Meddler>) {
    let meddler = Arc::new(Meddler { panics, ..Meddler::default() });
    let auditor = Auditor::new(meddler.clone());
    let entropy = Entropy::from_seed(1).stream("breaker");
    let breaker = Breaker::observed("b", BreakerConfig::default(), auditor, entropy);
    let breaker = Arc::new(breaker.unwrap());
    *meddler.breaker.lock() = Some(breaker.clone());
    (breaker, meddler)
}

#[tokio::test(start_paused = true)]
async fn case_27_a_listener_may_call_the_breaker() {
    let (breaker, meddler) = meddled_with(false);
    calls(&breaker, "FFFFF");
    assert_eq!(*meddler.seen.lock(), [(1, Open), (2, Closed)]);
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn case_27_a_panicking_listener_breaks_nothing() {
    let (breaker, meddler) = meddled_with(true);
    calls(&breaker, "FFFF");
    let permit = breaker.acquire().unwrap();
    let record = AssertUnwindSafe(|| permit.record(Failure, "down"));
    assert!(std::panic::catch_unwind(record).is_err());
    assert_eq!(*meddler.seen.lock(), [(1, Open), (2, Closed)], "none is lost");
    calls(&breaker, "S");
    assert!(std::panic::catch_unwind(AssertUnwindSafe(|| breaker.isolate())).is_err());
    assert_eq!(meddler.seen.lock().last(), Some(&(3, Isolated)));
}

#[tokio::test(start_paused = true)]
async fn case_28_subscribers_see_rising_generations_and_count_their_losses() {
    let breaker = breaker();
    breaker.reset();
    let mut events = breaker.subscribe();
    for _ in 0..100 {
        breaker.reset();
    }
    assert_eq!(events.try_recv(), Err(TryRecvError::Lagged(100 - 64)));
    let mut generations = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let BreakerEvent::Changed { generation, .. } = event {
            generations.push(generation);
        }
    }
    assert_eq!(generations, (38..=101).collect::<Vec<u64>>());
    assert_eq!(breaker.snapshot().events_lost, 0);
}

/// Alerts that are waiting in a subscription.
fn alerts(events: &mut broadcast::Receiver<BreakerEvent>) -> usize {
    let mut count = 0;
    while let Ok(event) = events.try_recv() {
        count += usize::from(matches!(event, BreakerEvent::TripsRepeatedly { .. }));
    }
    count
}

#[tokio::test(start_paused = true)]
async fn case_29_three_trips_in_the_window_alert_once() {
    let breaker = breaker();
    let mut events = breaker.subscribe();
    open_and_wait(&breaker).await;
    calls(&breaker, "F");
    assert_eq!(alerts(&mut events), 0);
    advance(OPEN_FOR).await;
    calls(&breaker, "F");
    assert_eq!(alerts(&mut events), 1);
    for _ in 0..3 {
        advance(OPEN_FOR).await;
        calls(&breaker, "F");
    }
    assert_eq!(alerts(&mut events), 0, "once per window");
    advance(Duration::from_secs(600)).await;
    for _ in 0..3 {
        calls(&breaker, "F");
        advance(OPEN_FOR).await;
    }
    assert_eq!(alerts(&mut events), 1, "in the next window again");
    breaker.reset();
    open_and_wait(&breaker).await;
    for _ in 0..2 {
        calls(&breaker, "F");
        advance(OPEN_FOR).await;
    }
    assert_eq!(alerts(&mut events), 1, "a reset forgets the last alert");
}

#[tokio::test(start_paused = true)]
async fn case_29_trips_far_apart_do_not_alert() {
    let breaker = breaker();
    let mut events = breaker.subscribe();
    for _ in 0..10 {
        calls(&breaker, "FFFFF");
        advance(Duration::from_secs(300)).await;
        calls(&breaker, "SS");
    }
    assert_eq!(alerts(&mut events), 0);
}

fn growing(jitter_percent: u32) -> Arc<Breaker> {
    let growth = OpenGrowth { jitter_percent, ..OpenGrowth::default() };
    let config = BreakerConfig { open_growth: Some(growth), ..BreakerConfig::default() };
    with_config(config).0
}

/// Seconds of openings of which each probe fails.
async fn openings(breaker: &Breaker, count: usize) -> Vec<f64> {
    let mut openings = Vec::new();
    calls(breaker, "FFFFF");
    for _ in 0..count {
        let time = breaker.acquire().unwrap_err().retry_after;
        openings.push(time.as_secs_f64());
        advance(time).await;
        calls(breaker, "F");
    }
    openings
}

#[tokio::test(start_paused = true)]
async fn case_30_openings_grow_up_to_the_cap_and_start_anew_after_a_long_recovery() {
    let breaker = growing(0);
    let grown = openings(&breaker, 6).await;
    assert_eq!(grown, [30.0, 60.0, 120.0, 240.0, 300.0, 300.0]);
    let recover = async || {
        advance(Duration::from_secs(300)).await;
        calls(&breaker, "SS");
    };
    recover().await;
    advance(Duration::from_secs(300)).await;
    assert_eq!(openings(&breaker, 1).await, [300.0], "a stay as long as the opening is too short");
    recover().await;
    advance(Duration::from_secs(301)).await;
    assert_eq!(openings(&breaker, 2).await, [30.0, 60.0]);
    breaker.reset();
    assert_eq!(openings(&breaker, 1).await, [30.0], "a reset starts anew");
}

#[tokio::test(start_paused = true)]
async fn case_30_jitter_shortens_by_its_share_and_follows_the_seed() {
    let first = openings(&growing(10), 20).await;
    assert_eq!(first, openings(&growing(10), 20).await);
    let bounds = [30.0, 60.0, 120.0, 240.0].into_iter().chain([300.0; 16]);
    for (&opening, bound) in first.iter().zip(bounds) {
        assert!((bound * 0.9..=bound).contains(&opening), "{opening} of {bound}");
    }
    assert!(first[4..].windows(2).any(|pair| pair[0] < pair[1]));
}

#[tokio::test(start_paused = true)]
async fn case_31_a_forgotten_permit_blocks_until_it_is_given_up() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    std::mem::forget(breaker.acquire().unwrap());
    assert!(breaker.acquire().is_err());
    advance(Duration::from_secs(60)).await;
    calls(&breaker, "SS");
    assert_eq!((state(&breaker), breaker.snapshot().probes_expired), (Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn case_32_an_opening_follows_the_clock_that_stands_still_in_suspend() {
    // tokio's clock stands still here, as it does while a machine sleeps. The rest of the world
    // goes on, and no other clock must be heard.
    let breaker = breaker();
    calls(&breaker, "FFFFF");
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(breaker.acquire().unwrap_err().retry_after, OPEN_FOR);
}

#[test]
fn case_33_recovery_needs_no_timer_task() {
    let paused = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
    };
    let breaker = breaker();
    let retry_at = paused().block_on(async {
        calls(&breaker, "FFFFF");
        breaker.snapshot().retry_at.unwrap()
    });
    // The runtime that saw the opening is gone.
    paused().block_on(async {
        advance(retry_at.saturating_duration_since(Instant::now())).await;
        calls(&breaker, "SS");
    });
    assert_eq!(state(&breaker), Closed);
}

#[tokio::test(start_paused = true)]
async fn case_34_a_lost_branch_of_a_select_is_cancelled() {
    let breaker = breaker();
    open_and_wait(&breaker).await;
    let permit = breaker.acquire_owned().unwrap();
    let holder = async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        permit.record(Success, "")
    };
    let cancel = CancellationToken::new();
    cancel.cancel();
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        _ = holder => panic!("cancelled already"),
    }
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.probes, snapshot.successes), (HalfOpen, 0, 0));
    assert_eq!(snapshot.probes_cancelled, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_returns_what_its_future_returns() {
    let breaker = breaker();
    let answer = |result: Result<u32, &'static str>| breaker.call(async move { result }, by_result);
    assert_eq!(answer(Ok(7)).await, Ok(7));
    assert_eq!(answer(Err("down")).await, Err(CallError::Call("down")));
    assert_eq!(breaker.snapshot().failures, 1);
    calls(&breaker, "FFFF");
    let mut polled = false;
    let notice = async {
        polled = true;
        Ok::<(), &str>(())
    };
    let rejected = breaker.call(notice, by_result).await;
    assert!(matches!(rejected, Err(CallError::Open(open)) if open.state == Open));
    assert!(!polled);
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_count_as_a_failure() {
    let (breaker, trail) = with_config(BreakerConfig::default());
    for _ in 0..5 {
        let answer = breaker.call(async { Ok::<_, io::Error>(503) }, |_| Failure);
        assert_eq!(answer.await.unwrap(), 503);
    }
    assert!(trail.lines()[0].contains("the answer counts as a failure"));
}

#[tokio::test(start_paused = true)]
async fn a_long_cause_is_cut() {
    let (breaker, trail) = with_config(BreakerConfig::default());
    breaker.force_open(OPEN_FOR, &"ü".repeat(5000));
    let AuditEvent::BreakerChanged { cause, .. } = trail.events.lock()[0].clone() else {
        panic!("a change");
    };
    assert_eq!(cause, format!("{}...", "ü".repeat(200)));
}

#[test]
fn a_name_has_a_bound() {
    let named = |length: usize| {
        let auditor = Auditor::new(Arc::new(Trail::default()));
        let entropy = Entropy::from_seed(1).stream("breaker");
        Breaker::observed(&"n".repeat(length), BreakerConfig::default(), auditor, entropy)
    };
    assert_eq!(named(31).unwrap().name(), "n".repeat(31));
    assert_eq!(named(32).unwrap_err(), BreakerConfigError::TooLarge("name"));
    let name = BreakerName::new("kraken/read").unwrap();
    assert_eq!(format!("{name} {name:?} {name:>12}"), "kraken/read \"kraken/read\"  kraken/read");
    assert_eq!(name, "kraken/read");
}

#[test]
fn a_breaker_and_its_permits_cross_threads() {
    fn check<T: Send + 'static>(_: &T) {}
    let breaker = breaker();
    check(&breaker);
    check(&breaker.acquire_owned().unwrap());
    let clone = breaker.clone();
    check(&async move { clone.call(hang(), by_result).await });
}

/// A cause whose text cannot be had.
struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::panic::resume_unwind(Box::new("no words"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_cause_that_panics_gives_the_slot_of_its_probe_back() {
    let breaker = breaker();
    calls(&breaker, "FFFFF");
    advance(OPEN_FOR).await;
    let probe = breaker.acquire().expect("a probe");
    let record = AssertUnwindSafe(|| probe.record(Failure, Unspeakable));
    assert!(std::panic::catch_unwind(record).is_err());
    assert_eq!(breaker.snapshot().probes, 0);
    assert!(breaker.acquire().is_ok(), "the slot is free");
}
