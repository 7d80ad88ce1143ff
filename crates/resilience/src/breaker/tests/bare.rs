//! A breaker that nobody observes, and permits that own theirs.

use super::*;

fn bare() -> Breaker {
    Breaker::new(BreakerConfig::default()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_bare_breaker_does_the_same_and_tells_nobody() {
    let breaker = bare();
    let mut events = breaker.subscribe();
    assert_eq!(breaker.name(), "");
    open_and_wait(&breaker).await;
    calls(&breaker, "SF");
    let rejection = breaker.acquire().unwrap_err();
    assert_eq!((&*rejection.breaker, rejection.retry_at()), ("", Instant::now() + OPEN_FOR));
    advance(OPEN_FOR).await;
    calls(&breaker, "SS");
    let snapshot = breaker.snapshot();
    assert_eq!((snapshot.state, snapshot.trips, snapshot.generation), (Closed, 2, 5));
    assert_eq!(events.try_recv(), Err(TryRecvError::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_bare_breaker_grows_without_chance_only() {
    let growth = |jitter_percent| {
        let growth = OpenGrowth { jitter_percent, ..OpenGrowth::default() };
        Breaker::new(BreakerConfig { open_growth: Some(growth), ..BreakerConfig::default() })
    };
    assert_eq!(growth(10).unwrap_err(), BreakerConfigError::JitterWithoutEntropy);
    assert_eq!(openings(&growth(0).unwrap(), 3).await, [30.0, 60.0, 120.0]);
}

#[test]
fn an_observed_breaker_needs_a_name() {
    let auditor = Auditor::new(Arc::new(Trail::default()));
    let entropy = Entropy::from_seed(1).stream("breaker");
    let breaker = Breaker::observed("", BreakerConfig::default(), auditor, entropy);
    assert_eq!(breaker.unwrap_err(), BreakerConfigError::Zero("name"));
}

#[tokio::test(start_paused = true)]
async fn an_owned_permit_outlives_every_other_handle() {
    let breaker = Arc::new(bare());
    open_and_wait(&breaker).await;
    let permit = breaker.acquire_owned().unwrap();
    assert!(permit.is_probe());
    assert_eq!(breaker.acquire_owned().unwrap_err().state, HalfOpen);
    drop(permit);
    assert_eq!(breaker.snapshot().probes_cancelled, 1);
    let permit = breaker.acquire_owned().unwrap();
    drop(breaker);
    assert_eq!(permit.record(Success, ""), Recorded::Current);
}

#[tokio::test(start_paused = true)]
async fn times_are_rounded_up_to_milliseconds() {
    let open_for = Duration::from_micros(1);
    let breaker = Breaker::new(BreakerConfig { open_for, ..BreakerConfig::default() }).unwrap();
    calls(&breaker, "FFFFF");
    assert_eq!(breaker.acquire().unwrap_err().retry_after, Duration::from_millis(1));
    breaker.force_open(Duration::from_micros(1_001), "banned");
    assert_eq!(breaker.acquire().unwrap_err().retry_after, Duration::from_millis(2));
}

#[tokio::test(start_paused = true)]
async fn an_isolated_breaker_names_a_time_to_ask_again() {
    let breaker = bare();
    breaker.isolate();
    let rejection = breaker.acquire().unwrap_err();
    assert_eq!((rejection.state, rejection.retry_after), (Isolated, OPEN_FOR));
    assert_eq!(rejection.retry_at(), Instant::now() + OPEN_FOR);
}
