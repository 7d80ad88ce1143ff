//! Cost of a circuit breaker per call, ours and three others, as async calls.
//!
//! Happy path: a ready future through a closed breaker without failures. Rejection: through an open
//! breaker that stays open. All count five failures in a row, but for recloser, which only knows
//! rates. Futures are polled by hand with a waker that does nothing, so that no runtime is measured;
//! `await ready` is the floor that remains.
//!
//! At the end come ratios of the fastest samples: `ours` is a bare breaker, as the others are.

mod fastest;

use std::future::ready;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::Criterion;
use failsafe::futures::CircuitBreaker;
use failsafe::{backoff, failure_policy};
use model::audit::CallOutcome;
use platform::{Auditor, Entropy, LogAudit};
use recloser::{AsyncRecloser, Recloser};
use resilience::{Breaker, BreakerConfig};
use tower::{Layer, Service};
use tower_resilience_circuitbreaker::CircuitBreakerLayer;

use self::fastest::Fastest;

type Answer = Result<u64, &'static str>;

const PEERS: [&str; 3] = ["recloser", "failsafe", "tower-resilience"];

/// Long enough for every breaker to stay open.
const OPEN_FOR: Duration = Duration::from_secs(24 * 3600);

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .configure_from_args();
    let happy_path = happy_path(&mut criterion);
    let rejection = rejection(&mut criterion);
    criterion.final_summary();
    for ours in ["ours", "ours, observed"] {
        happy_path.print("happy path", ours, &PEERS);
        rejection.print("rejection", ours, &PEERS);
    }
}

fn happy_path(criterion: &mut Criterion) -> Fastest {
    let (ours, observed) = (ours(), observed());
    let (recloser, failsafe, mut tower) = (recloser(), failsafe(), tower_resilience());
    let mut fastest = Fastest::default();
    let mut group = criterion.benchmark_group("breaker happy path");
    fastest.run(&mut group, "await ready", || poll_once(async { request(Ok(1)).await }));
    fastest.run(&mut group, "ours", || poll_once(ours.call(request(Ok(1)), classify)));
    fastest
        .run(&mut group, "ours, observed", || poll_once(observed.call(request(Ok(1)), classify)));
    fastest.run(&mut group, "recloser", || poll_once(recloser.call(request(Ok(1)))));
    fastest.run(&mut group, "failsafe", || poll_once(failsafe.call(request(Ok(1)))));
    fastest.run(&mut group, "tower-resilience", || poll_once(through(&mut tower, Ok(1))));
    group.finish();
    fastest
}

fn rejection(criterion: &mut Criterion) -> Fastest {
    let (ours, observed) = (ours(), observed());
    let (recloser, failsafe, mut tower) = (recloser(), failsafe(), tower_resilience());
    let failure = || request(Err("down"));
    for _ in 0..10 {
        // Each opens on the way; what comes out is checked below.
        drop(poll_once(ours.call(failure(), classify)));
        drop(poll_once(observed.call(failure(), classify)));
        drop(poll_once(recloser.call(failure())));
        drop(poll_once(failsafe.call(failure())));
        drop(poll_once(through(&mut tower, Err("down"))));
    }
    let rejected = "the breaker is open";
    assert!(poll_once(ours.call(request(Ok(1)), classify)).is_err(), "{rejected}");
    assert!(poll_once(observed.call(request(Ok(1)), classify)).is_err(), "{rejected}");
    assert!(poll_once(recloser.call(request(Ok(1)))).is_err(), "{rejected}");
    assert!(poll_once(failsafe.call(request(Ok(1)))).is_err(), "{rejected}");
    assert!(poll_once(through(&mut tower, Ok(1))).is_err(), "{rejected}");

    let mut fastest = Fastest::default();
    let mut group = criterion.benchmark_group("breaker rejection");
    fastest.run(&mut group, "ours", || poll_once(ours.call(request(Ok(1)), classify)));
    fastest
        .run(&mut group, "ours, observed", || poll_once(observed.call(request(Ok(1)), classify)));
    fastest.run(&mut group, "recloser", || poll_once(recloser.call(request(Ok(1)))));
    fastest.run(&mut group, "failsafe", || poll_once(failsafe.call(request(Ok(1)))));
    fastest.run(&mut group, "tower-resilience", || poll_once(through(&mut tower, Ok(1))));
    group.finish();
    fastest
}

fn config() -> BreakerConfig {
    BreakerConfig { open_for: OPEN_FOR, ..BreakerConfig::default() }
}

fn ours() -> Breaker {
    Breaker::new(config()).expect("the configuration is valid")
}

fn observed() -> Breaker {
    let auditor = Auditor::new(Arc::new(LogAudit));
    let entropy = Entropy::from_seed(1).stream("bench");
    Breaker::observed("bench", config(), auditor, entropy).expect("the configuration is valid")
}

fn recloser() -> AsyncRecloser {
    AsyncRecloser::from(Recloser::custom().closed_len(5).open_wait(OPEN_FOR).build())
}

fn failsafe() -> impl CircuitBreaker {
    let policy = failure_policy::consecutive_failures(5, backoff::constant(OPEN_FOR));
    failsafe::Config::new().failure_policy(policy).build()
}

fn tower_resilience() -> impl Service<Answer, Response = u64, Error: Sized> {
    let builder = CircuitBreakerLayer::builder().consecutive_failures(5);
    let layer = builder.wait_duration_in_open(OPEN_FOR).build().expect("the settings are valid");
    layer.layer(tower::service_fn(request))
}

/// One call of a service, which must be asked whether it is ready before.
fn through<S: Service<Answer>>(service: &mut S, answer: Answer) -> S::Future {
    let ready = service.poll_ready(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(()))));
    service.call(answer)
}

fn request(answer: Answer) -> impl Future<Output = Answer> {
    ready(black_box(answer))
}

fn classify(answer: &Answer) -> CallOutcome {
    match answer {
        Ok(_) => CallOutcome::Success,
        Err(_) => CallOutcome::Failure,
    }
}

/// Inlined, so that what it costs to move futures and results around is not measured.
#[inline(always)]
fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("every future here is ready at once"),
    }
}
