//! What a short deadline does to a call, and what it must not do to the breaker.

use super::*;

#[tokio::test(start_paused = true)]
async fn case_c4_a_caller_in_haste_does_not_trip_the_breaker() {
    let bench = Bench::new(config());
    let never = |()| pending::<Answer>();
    let hurry = async |time| {
        let call = bench.single(time);
        bench.lane.call_once(call, || ready(Ok(())), never).await
    };
    // However near it comes to the 15 s that an attempt normally has.
    for short in [7_499, 7_500, 14_999].map(Duration::from_millis) {
        assert_eq!(hurry(short).await, timed_out(short));
        assert_eq!(bench.failures(), 0);
    }
    assert_eq!(hurry(secs(15)).await, timed_out(secs(15)));
    assert_eq!(bench.failures(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_wait_ends_with_the_deadline() {
    let short = Duration::from_millis(2_500);
    let patient = LaneConfig { queue_wait_max: secs(60), ..config() };
    let check = async |bench: Bench, queue_takes: Duration, answer_takes: Duration| {
        let queue = || async {
            sleep(queue_takes).await;
            Ok(())
        };
        let send = |()| async {
            sleep(answer_takes).await;
            Answer::Ok(1)
        };
        let result = bench.lane.call_repeatable(bench.repeatable(short), queue, send).await;
        assert!(bench.start.elapsed() <= short, "{:?}", bench.start.elapsed());
        assert_eq!(bench.failures(), 0, "a shortage of time here says nothing of the venue");
        result.unwrap_err()
    };
    // The limiter: a wait that begins in time and would end too late is not begun.
    let full = Bench::limited(patient.clone(), &LimiterConfig::window(1, secs(3)));
    full.limiter.try_acquire(1).unwrap();
    let error = check(full, Duration::ZERO, Duration::ZERO).await;
    assert!(matches!(error, LaneError::Limited(_)), "{error}");
    // The limiter's queue: somebody else is before us.
    let crowded = Bench::limited(patient.clone(), &LimiterConfig::window(1, secs(2)));
    crowded.limiter.try_acquire(1).unwrap();
    let limiter = crowded.limiter.clone();
    let before = limiter.acquire(1, secs(60));
    let (_, error) = tokio::join!(biased; before, check(crowded, Duration::ZERO, Duration::ZERO));
    assert!(matches!(error, LaneError::Limited(_)), "{error}");
    // What the send needs, and the send.
    let error = check(Bench::new(patient.clone()), secs(10), Duration::ZERO).await;
    assert_eq!(error, LaneError::DeadlineElapsed);
    let error = check(Bench::new(patient), Duration::ZERO, secs(10)).await;
    assert_eq!(error, LaneError::AttemptTimedOut { after: short });
}
