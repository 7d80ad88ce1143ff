//! The numbered cases are those of the project's resilience reference; `case_c1` is case C1.

use std::cell::Cell;
use std::fmt;
use std::future::{pending, ready};
use std::pin::pin;

use model::ClientOrderId;
use model::audit::{BreakerState, CallOutcome};
use parking_lot::Mutex;
use tokio::time::{Instant, advance, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::backoff::Jitter;
use crate::catch_unwind::CatchUnwind;
use crate::deadline::Deadline;
use crate::limiter::{Limiter, LimiterConfig, LimiterError};
use crate::retry::RetryBudgetConfig;
use crate::testing::Trail;

mod deadlines;
mod drops;
mod logged;
mod properties;

/// What the venue answers, or why it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VenueError {
    Unavailable,
    TooFast { pause: Duration },
    Banned { ban: Duration },
    Refused,
    NoConnection { retry: RetryAdvice },
}

impl fmt::Display for VenueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "503",
            Self::TooFast { .. } => "429",
            Self::Banned { .. } => "418",
            Self::Refused => "insufficient funds",
            Self::NoConnection { .. } => "no connection free",
        })
    }
}

impl std::error::Error for VenueError {}

impl Classify for VenueError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Unavailable => CallOutcome::Failure,
            Self::TooFast { .. } | Self::Banned { .. } | Self::NoConnection { .. } => {
                CallOutcome::Ignored
            }
            Self::Refused => CallOutcome::Success,
        }
    }

    fn retry(&self) -> RetryAdvice {
        match self {
            Self::Unavailable => RetryAdvice::Backoff,
            Self::TooFast { pause } => RetryAdvice::After(*pause),
            Self::NoConnection { retry } => *retry,
            Self::Banned { .. } | Self::Refused => RetryAdvice::Never,
        }
    }

    fn pause(&self) -> Option<Duration> {
        match self {
            Self::TooFast { pause } => Some(*pause),
            Self::Unavailable | Self::Banned { .. } | Self::Refused | Self::NoConnection { .. } => {
                None
            }
        }
    }

    fn ban(&self) -> Option<Duration> {
        match self {
            Self::Banned { ban } => Some(*ban),
            Self::Unavailable
            | Self::TooFast { .. }
            | Self::Refused
            | Self::NoConnection { .. } => None,
        }
    }
}

use VenueError::{Banned, NoConnection, Refused, TooFast, Unavailable};

type Answer = Result<u32, VenueError>;
type Outcome = Result<u32, LaneError<VenueError>>;

/// A lane, and the venue at its other end.
struct Bench {
    lane: Lane,
    limiter: Limiter,
    trail: Arc<Trail>,
    /// Attempts that were sent, by time from the start.
    sent: Mutex<Vec<Duration>>,
    start: Instant,
}

/// Without jitter, so that times are plain.
fn config() -> LaneConfig {
    let mut config = LaneConfig::default();
    config.retry.backoff.jitter = Jitter::None;
    config
}

impl Bench {
    fn new(config: LaneConfig) -> Self {
        Self::limited(config, &LimiterConfig::default())
    }

    fn limited(config: LaneConfig, limiter: &LimiterConfig) -> Self {
        let limiter = Limiter::new("venue", limiter).unwrap();
        let trail = Arc::new(Trail::default());
        let auditor = Auditor::new(trail.clone());
        let lane = Lane::new("venue/read", config, &auditor, &Entropy::from_seed(1)).unwrap();
        Self { lane, limiter, trail, sent: Mutex::default(), start: Instant::now() }
    }

    /// A call with retries; the venue answers `answers(n)` to the n-th attempt on this bench.
    async fn call(&self, answers: impl Fn(usize) -> Answer + Send + Sync) -> Outcome {
        self.call_within(secs(100), answers).await
    }

    async fn call_within(
        &self,
        time: Duration,
        answers: impl Fn(usize) -> Answer + Send + Sync,
    ) -> Outcome {
        let queue = || ready(Ok(()));
        let send = |()| ready(answers(self.note_sent()));
        self.lane.call_repeatable(self.repeatable(time), queue, send).await
    }

    async fn once(&self, answer: Answer) -> Outcome {
        self.once_by(async { answer }).await
    }

    async fn once_by(&self, answer: impl Future<Output = Answer> + Send) -> Outcome {
        let send = |()| {
            self.note_sent();
            answer
        };
        let queue = || ready(Ok(()));
        self.lane.call_once(self.single(secs(100)), queue, send).await
    }

    fn repeatable(&self, time: Duration) -> Call<'_, Repeatable> {
        Call::repeatable("venue/Depth", Deadline::after(time), &self.limiter, 1)
    }

    fn single(&self, time: Duration) -> Call<'_, Once> {
        Call::once("venue/Depth", Deadline::after(time), &self.limiter, 1)
    }

    fn note_sent(&self) -> usize {
        let mut sent = self.sent.lock();
        sent.push(self.start.elapsed());
        sent.len() - 1
    }

    fn sent_at(&self) -> Vec<u64> {
        self.sent.lock().iter().map(Duration::as_secs).collect()
    }

    fn state(&self) -> BreakerState {
        self.lane.breaker().snapshot().state
    }

    fn failures(&self) -> u32 {
        self.lane.breaker().snapshot().failures
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn timed_out(after: Duration) -> Outcome {
    Err(LaneError::AttemptTimedOut { after })
}

#[tokio::test(start_paused = true)]
async fn a_call_that_succeeds_is_sent_once_and_audited() {
    let bench = Bench::new(config());
    assert_eq!(bench.call(|_| Ok(7)).await, Ok(7));
    assert_eq!(bench.sent_at(), [0]);
    let expected =
        ["call #0 venue/Depth started, at most 15000 ms by venue/read", "call #0 ended: success"];
    assert_eq!(bench.trail.lines(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_named_in_the_audit_trail() {
    let bench = Bench::new(config());
    let id = ClientOrderId::new("abc-1").unwrap();
    let call = Call::order("venue/Depth", Deadline::after(secs(5)), &bench.limiter, 1, &id);
    let sent = bench.lane.call_once(call, || ready(Ok(())), |()| ready(Answer::Err(Refused)));
    assert_eq!(sent.await, Err(LaneError::Call(Refused)));
    let expected = [
        "call #0 venue/Depth started, at most 5000 ms by venue/read for order abc-1",
        "call #0 ended: success, insufficient funds",
    ];
    assert_eq!(bench.trail.lines(), expected);
    assert_eq!(bench.failures(), 0, "the venue works");
}

#[tokio::test(start_paused = true)]
async fn case_c1_each_attempt_counts_once_and_an_open_breaker_ends_the_retries() {
    let bench = Bench::new(config());
    assert_eq!(bench.call(|_| Err(Unavailable)).await, Err(LaneError::Call(Unavailable)));
    assert_eq!((bench.failures(), bench.sent_at().len()), (4, 4));
    assert_eq!(bench.call(|_| Err(Unavailable)).await, Err(LaneError::Call(Unavailable)));
    assert_eq!((bench.state(), bench.sent_at().len()), (BreakerState::Open, 5));
    let snapshot = bench.lane.snapshot();
    assert_eq!((snapshot.calls, snapshot.sent, snapshot.retries), (2, 5, 3));
}

#[tokio::test(start_paused = true)]
async fn case_c2_an_open_breaker_is_not_retried() {
    let bench = Bench::new(config());
    bench.lane.breaker().force_open(secs(30), "test");
    let Err(LaneError::BreakerOpen(rejection)) = bench.call(|_| Ok(1)).await else {
        panic!("rejected");
    };
    assert_eq!(rejection.retry_after, secs(30));
    assert_eq!(bench.start.elapsed(), Duration::ZERO);
    assert_eq!(bench.limiter.snapshot().used(), 0, "no weight is spent");
    assert_eq!(bench.lane.breaker().snapshot().rejected, 1);
}

#[tokio::test(start_paused = true)]
async fn case_c2_a_breaker_that_opens_during_the_backoff_ends_the_retries() {
    let bench = Bench::new(config());
    let open = async {
        sleep(Duration::from_millis(500)).await;
        bench.lane.breaker().force_open(secs(30), "test");
    };
    let (result, ()) = tokio::join!(biased; bench.call(|_| Err(Unavailable)), open);
    assert_eq!(result, Err(LaneError::Call(Unavailable)), "what was sent says more");
    assert_eq!(bench.sent_at(), [0]);
}

#[tokio::test(start_paused = true)]
async fn case_c3_local_refusals_do_not_count() {
    let bench = Bench::limited(config(), &LimiterConfig::window(1, secs(60)));
    bench.once(Err(Unavailable)).await.unwrap_err();
    let limited = bench.once(Ok(1)).await;
    assert!(matches!(limited, Err(LaneError::Limited(LimiterError::WaitTooLong { .. }))));
    assert_eq!(bench.call_within(Duration::ZERO, |_| Ok(1)).await, Err(LaneError::DeadlineElapsed));
    advance(secs(60)).await;

    let advice = RetryAdvice::Never;
    let refuse = || ready(Err::<(), _>(NoConnection { retry: advice }));
    let never = |()| pending::<Answer>();
    let refused = bench.lane.call_repeatable(bench.repeatable(secs(100)), refuse, never).await;
    assert_eq!(refused, Err(LaneError::Call(NoConnection { retry: advice })));
    advance(secs(60)).await;

    let wait = || pending::<Result<(), VenueError>>();
    let waited = bench.lane.call_repeatable(bench.repeatable(secs(5)), wait, never).await;
    assert_eq!(waited, Err(LaneError::DeadlineElapsed));

    let snapshot = bench.lane.snapshot();
    assert_eq!((snapshot.breaker.failures, snapshot.breaker.stale_results), (1, 0));
    assert_eq!((snapshot.sent, bench.trail.lines().len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn case_c3_a_refusal_of_the_queue_is_retried_if_it_advises_so() {
    let bench = Bench::new(config());
    let tries = Cell::new(0);
    let queue = || {
        tries.set(tries.get() + 1);
        let retry = RetryAdvice::Backoff;
        ready(if tries.get() < 3 { Err(NoConnection { retry }) } else { Ok(()) })
    };
    let send = |()| ready(Answer::Ok(bench.note_sent().try_into().unwrap()));
    let result = bench.lane.call_repeatable(bench.repeatable(secs(100)), queue, send).await;
    assert_eq!((result, bench.sent_at()), (Ok(0), vec![3]));
}

#[tokio::test(start_paused = true)]
async fn case_c3_an_attempt_without_an_answer_is_a_failure() {
    let bench = Bench::new(config());
    assert_eq!(bench.once_by(pending()).await, timed_out(secs(15)));
    assert_eq!((bench.failures(), bench.start.elapsed()), (1, secs(15)));
    assert_eq!(bench.trail.lines()[1], "call #0 ended: failure, no answer within 15s");
}

#[tokio::test(start_paused = true)]
async fn case_c5_too_fast_pauses_the_limiter_and_counts_as_nothing() {
    let bench = Bench::new(config());
    let pause = secs(20);
    let answers = |n| if n == 0 { Err(TooFast { pause }) } else { Ok(1) };
    assert_eq!(bench.call(answers).await, Ok(1));
    assert_eq!((bench.sent_at(), bench.failures()), (vec![0, 20], 0));

    bench.once(Err(TooFast { pause })).await.unwrap_err();
    let other = bench.once(Ok(1)).await;
    assert!(matches!(other, Err(LaneError::Limited(_))), "the pause holds all calls");
}

#[tokio::test(start_paused = true)]
async fn case_c5_a_pause_stops_a_call_that_has_its_weight_and_waits_in_the_queue() {
    let bench = Bench::new(config());
    let pause = secs(20);
    let queue = || async {
        sleep(secs(1)).await;
        Ok(())
    };
    let send = |()| {
        bench.note_sent();
        ready(Answer::Err(TooFast { pause }))
    };
    let first = bench.lane.call_once(bench.single(secs(100)), queue, send);
    let second = bench.lane.call_once(bench.single(secs(100)), queue, send);
    let (first, second) = tokio::join!(biased; first, second);
    assert_eq!(first, Err(LaneError::Call(TooFast { pause })));
    let refusal = LimiterError::WaitTooLong { at_least: pause, wait_max: Duration::ZERO };
    assert_eq!(second, Err(LaneError::Limited(refusal)));
    assert_eq!(bench.sent_at(), [1]);
    assert_eq!(bench.limiter.snapshot().refused, 1);
}

#[tokio::test(start_paused = true)]
async fn case_c5_a_ban_forces_the_breaker_open() {
    let bench = Bench::new(config());
    let ban = secs(120);
    assert_eq!(bench.call(|_| Err(Banned { ban })).await, Err(LaneError::Call(Banned { ban })));
    let Err(LaneError::BreakerOpen(rejection)) = bench.once(Ok(1)).await else {
        panic!("rejected");
    };
    assert_eq!(rejection.retry_after, ban);
    let expected =
        "breaker venue/read CLOSED -> OPEN (generation 1): banned: 418, open for ms 120000";
    assert_eq!(bench.trail.lines().last().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn case_c5_a_business_refusal_is_a_success() {
    let bench = Bench::new(config());
    for _ in 0..4 {
        bench.once(Err(Unavailable)).await.unwrap_err();
    }
    assert_eq!(bench.call(|_| Err(Refused)).await, Err(LaneError::Call(Refused)));
    assert_eq!((bench.failures(), bench.sent_at().len()), (0, 5));
}

#[tokio::test(start_paused = true)]
async fn case_c6_each_attempt_takes_its_weight() {
    let bench = Bench::limited(config(), &LimiterConfig::window(10, secs(60)));
    let heavy = Call::repeatable("venue/All", Deadline::after(secs(100)), &bench.limiter, 4);
    let send = |()| {
        bench.note_sent();
        ready(Answer::Err(Unavailable))
    };
    let result = bench.lane.call_repeatable(heavy, || ready(Ok(())), send).await;
    assert_eq!(result, Err(LaneError::Call(Unavailable)));
    assert_eq!((bench.sent_at(), bench.limiter.snapshot().used()), (vec![0, 1], 8));
}

#[tokio::test(start_paused = true)]
async fn case_c7_an_exhausted_budget_ends_the_retries() {
    let mut config = config();
    config.budget = RetryBudgetConfig { calls_percent: 0, per_second: 0, saved_max: 2 };
    let bench = Bench::new(config);
    assert_eq!(bench.call(|_| Err(Unavailable)).await, Err(LaneError::Call(Unavailable)));
    assert_eq!(bench.sent_at(), [0, 1, 3]);
    bench.call(|_| Err(Unavailable)).await.unwrap_err();
    let snapshot = bench.lane.snapshot();
    assert_eq!((snapshot.sent, snapshot.retries, snapshot.retries_denied), (4, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn case_c8_retries_wait_one_two_and_four_seconds() {
    let bench = Bench::new(config());
    bench.call(|_| Err(Unavailable)).await.unwrap_err();
    assert_eq!(bench.sent_at(), [0, 1, 3, 7]);
}

#[tokio::test(start_paused = true)]
async fn case_c8_each_call_has_its_own_randomness() {
    let schedule = async |first_fails: bool| {
        let bench = Bench::new(LaneConfig::default());
        drop(bench.once(if first_fails { Err(Unavailable) } else { Ok(1) }).await);
        let from = Instant::now();
        bench.call(|n| if n < 3 { Err(Unavailable) } else { Ok(1) }).await.unwrap();
        let sent = bench.sent.lock().clone();
        (from.elapsed(), sent)
    };
    assert_eq!(schedule(true).await, schedule(true).await);
    assert_eq!(schedule(true).await, schedule(false).await, "another call's retries move nothing");
    let (elapsed, _) = schedule(false).await;
    assert!(elapsed <= secs(3), "{elapsed:?} is within 1 s + 2 s");
}

#[tokio::test(start_paused = true)]
async fn case_c9_cancelling_during_the_backoff_ends_at_once() {
    let bench = Bench::new(config());
    let cancel = CancellationToken::new();
    let stop = async {
        sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    };
    let call = async {
        tokio::select! {
            biased;
            () = cancel.cancelled() => bench.start.elapsed(),
            _ = bench.call(|_| Err(Unavailable)) => panic!("cancelled before"),
        }
    };
    let (elapsed, ()) = tokio::join!(biased; call, stop);
    assert_eq!(elapsed, Duration::from_millis(300));
    sleep(secs(60)).await;
    assert_eq!((bench.sent_at(), bench.failures()), (vec![0], 1));
}

#[tokio::test(start_paused = true)]
async fn case_c12_lanes_of_one_venue_do_not_block_each_other() {
    let auditor = Auditor::new(Arc::new(Trail::default()));
    let entropy = Entropy::from_seed(1);
    let lane = |name| Lane::new(name, config(), &auditor, &entropy).unwrap();
    let (submit, cancel) = (lane("venue/submit"), lane("venue/cancel"));
    submit.breaker().isolate();
    let bench = Bench::new(config());
    let (queue, send) = (|| ready(Ok(())), |()| ready(Answer::Ok(1)));
    assert_eq!(cancel.call_repeatable(bench.repeatable(secs(5)), queue, send).await, Ok(1));
    let blocked = submit.call_once(bench.single(secs(5)), queue, send);
    assert!(matches!(blocked.await, Err(LaneError::BreakerOpen(_))));
}

#[tokio::test(start_paused = true)]
async fn case_c12_an_order_is_sent_once_whatever_the_error_advises() {
    let bench = Bench::new(config());
    assert_eq!(bench.once(Err(Unavailable)).await, Err(LaneError::Call(Unavailable)));
    assert_eq!(bench.sent_at(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_would_miss_the_deadline_is_not_waited_for() {
    let bench = Bench::new(config());
    let result = bench.call_within(secs(3), |_| Err(Unavailable)).await;
    assert_eq!(result, Err(LaneError::Call(Unavailable)));
    assert_eq!((bench.sent_at(), bench.start.elapsed()), (vec![0, 1], secs(1)));
}

#[tokio::test(start_paused = true)]
async fn a_probe_slot_is_not_held_while_queueing() {
    let bench = Bench::new(config());
    bench.lane.breaker().force_open(secs(1), "test");
    advance(secs(1)).await;
    let lane = &bench.lane;
    let slow_queue = || async {
        sleep(secs(10)).await;
        Ok(())
    };
    let answer = |()| ready(Answer::Ok(1));
    let slow = lane.call_once(bench.single(secs(100)), slow_queue, answer);
    let (slow, fast) = tokio::join!(biased; slow, async { bench.once(Ok(2)).await });
    assert_eq!((slow, fast), (Ok(1), Ok(2)));
    assert_eq!(bench.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_in_flight_counts_nothing() {
    let bench = Bench::new(config());
    let call = bench.once_by(pending());
    assert!(timeout(secs(3), call).await.is_err());
    let expected =
        ["call #0 venue/Depth started, at most 15000 ms by venue/read", "call #0 ended: cancelled"];
    assert_eq!(bench.trail.lines(), expected);
    assert_eq!((bench.failures(), bench.sent_at().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_sending_is_a_failure_and_goes_on() {
    let bench = Bench::new(config());
    let mut call = pin!(bench.once_by(async { panic!("boom") }));
    assert!(CatchUnwind(call.as_mut()).await.is_err());
    assert_eq!(bench.failures(), 1);
    assert_eq!(bench.trail.lines()[1], "call #0 ended: failure, panicked");
}

#[test]
fn only_what_stayed_here_was_surely_not_sent() {
    let check = |error: LaneError<VenueError>, expected: bool| {
        let not_sent = error.surely_not_sent(|error| matches!(error, NoConnection { .. }));
        assert_eq!(not_sent, expected, "{error}");
    };
    let breaker = Bench::new(config()).lane.breaker().clone();
    breaker.isolate();
    let rejection = breaker.acquire().unwrap_err();
    let retry = RetryAdvice::Never;
    check(LaneError::BreakerOpen(rejection), true);
    check(LaneError::Limited(LimiterError::QueueFull { waiting: 1 }), true);
    check(LaneError::DeadlineElapsed, true);
    check(LaneError::Call(NoConnection { retry }), true);
    check(LaneError::Call(Unavailable), false);
    check(LaneError::AttemptTimedOut { after: secs(1) }, false);
}

#[test]
fn settings_out_of_range_are_errors() {
    let check = |change: fn(&mut LaneConfig), expected: &str| {
        let mut config = LaneConfig::default();
        change(&mut config);
        let auditor = Auditor::new(Arc::new(Trail::default()));
        let error = Lane::new("l", config, &auditor, &Entropy::from_seed(1)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let attempt = "lane setting `attempt_timeout` of ";
    let range = "is not above zero and at most 3600s";
    check(|c| c.attempt_timeout = Duration::ZERO, &format!("{attempt}0ns {range}"));
    check(|c| c.attempt_timeout = secs(3601), &format!("{attempt}3601s {range}"));
    check(
        |c| c.queue_wait_max = secs(3601),
        "lane setting `queue_wait_max` of 3601s is above 3600s",
    );
    check(|c| c.retry.retries_max = 101, "retry setting `retries_max` of `101` is above 100");
    check(|c| c.breaker.success_threshold = 0, "breaker setting `success_threshold` is zero");
    check(
        |c| c.budget.saved_max = 0,
        "retry budget setting `saved_max` of `0` is not from 1 to 1000",
    );
    check(|c| c.retry.backoff.base = Duration::ZERO, "backoff setting `base` is below 1 ms");
}

#[test]
fn futures_are_send_when_their_closures_are() {
    fn check<T: Send>(_: &T) {}
    let bench = Bench::new(config());
    let lane = &bench.lane;
    // `Send` but not `Sync`.
    let (queued, sent) = (Cell::new(0), Cell::new(0));
    let queue = move || {
        queued.set(queued.get() + 1);
        ready(Ok(()))
    };
    let send = move |()| {
        sent.set(sent.get() + 1);
        ready(Answer::Ok(1))
    };
    check(&lane.call_repeatable(bench.repeatable(secs(1)), queue.clone(), send.clone()));
    check(&lane.call_once(bench.single(secs(1)), queue, send));
}

#[test]
fn metrics_tell_what_a_lane_counted() {
    use crate::testing::Gauges;
    let gauges = Gauges::default();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    metrics::with_local_recorder(&gauges, || {
        runtime.block_on(async {
            let bench = Bench::new(config());
            bench.call(|n| if n == 0 { Err(Unavailable) } else { Ok(1) }).await.unwrap();
            bench.once_by(pending()).await.unwrap_err();
            bench.lane.publish();
            bench.limiter.publish();
        });
    });
    let expected = [
        "wavetank_lane_attempt_duration_seconds{lane=venue/read} 0 0 15",
        "wavetank_lane_attempts_total{lane=venue/read} 3",
        "wavetank_lane_calls_total{lane=venue/read} 2",
        "wavetank_lane_retries_denied_total{lane=venue/read} 0",
        "wavetank_lane_retries_total{lane=venue/read} 1",
        "wavetank_lane_timeouts_total{lane=venue/read} 1",
        "wavetank_limiter_capacity{limiter=venue,window=60s} 1200",
        "wavetank_limiter_paused_seconds{limiter=venue} 0",
        "wavetank_limiter_refused_total{limiter=venue} 0",
        "wavetank_limiter_used{limiter=venue,window=60s} 3",
        "wavetank_limiter_waiting{limiter=venue} 0",
    ];
    assert_eq!(gauges.lines(), expected);
}
