//! Cost of a circuit breaker per call, ours and two others, as async calls.
//!
//! Happy path: a ready future through a closed breaker without failures. Rejection: through an open
//! breaker that stays open. Futures are polled by hand with a waker that does nothing, so that no
//! runtime is measured; `await ready` is the floor that remains.

use std::future::ready;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::{Bencher, Criterion};
use failsafe::futures::CircuitBreaker;
use failsafe::{backoff, failure_policy};
use model::audit::CallOutcome;
use platform::{Auditor, Entropy, LogAudit};
use recloser::{AsyncRecloser, Recloser};
use resilience::{Breaker, BreakerConfig};

type Answer = Result<u64, &'static str>;

/// Long enough for every breaker to stay open.
const OPEN_FOR: Duration = Duration::from_secs(24 * 3600);

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .configure_from_args();
    happy_path(&mut criterion);
    rejection(&mut criterion);
    criterion.final_summary();
}

fn happy_path(criterion: &mut Criterion) {
    let (ours, recloser, failsafe) = (ours(), recloser(), failsafe());
    let mut group = criterion.benchmark_group("breaker happy path");
    group.bench_function("await ready", |bencher| {
        run(bencher, || async { request(Ok(1)).await });
    });
    group.bench_function("ours", |bencher| {
        run(bencher, || ours.call(request(Ok(1)), classify));
    });
    group.bench_function("recloser", |bencher| {
        run(bencher, || recloser.call(request(Ok(1))));
    });
    group.bench_function("failsafe", |bencher| {
        run(bencher, || failsafe.call(request(Ok(1))));
    });
    group.finish();
}

fn rejection(criterion: &mut Criterion) {
    let (ours, recloser, failsafe) = (ours(), recloser(), failsafe());
    let failure = || request(Err("down"));
    for _ in 0..10 {
        // Each opens on the way; what comes out is checked below.
        drop(poll_once(ours.call(failure(), classify)));
        drop(poll_once(recloser.call(failure())));
        drop(poll_once(failsafe.call(failure())));
    }
    let rejected = "the breaker is open";
    assert!(poll_once(ours.call(request(Ok(1)), classify)).is_err(), "{rejected}");
    assert!(poll_once(recloser.call(request(Ok(1)))).is_err(), "{rejected}");
    assert!(poll_once(failsafe.call(request(Ok(1)))).is_err(), "{rejected}");

    let mut group = criterion.benchmark_group("breaker rejection");
    group.bench_function("ours", |bencher| {
        run(bencher, || ours.call(request(Ok(1)), classify));
    });
    group.bench_function("recloser", |bencher| {
        run(bencher, || recloser.call(request(Ok(1))));
    });
    group.bench_function("failsafe", |bencher| {
        run(bencher, || failsafe.call(request(Ok(1))));
    });
    group.finish();
}

fn ours() -> Breaker {
    let config = BreakerConfig { open_for: OPEN_FOR, ..BreakerConfig::default() };
    let auditor = Auditor::new(Arc::new(LogAudit));
    let entropy = Entropy::from_seed(1).stream("bench");
    Breaker::observed("bench", config, auditor, entropy).expect("the configuration is valid")
}

fn recloser() -> AsyncRecloser {
    AsyncRecloser::from(Recloser::custom().closed_len(5).open_wait(OPEN_FOR).build())
}

fn failsafe() -> impl CircuitBreaker {
    let policy = failure_policy::consecutive_failures(5, backoff::constant(OPEN_FOR));
    failsafe::Config::new().failure_policy(policy).build()
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

fn run<F: Future>(bencher: &mut Bencher<'_>, mut call: impl FnMut() -> F) {
    bencher.iter(|| {
        // By reference: the result must be there in full, but is not moved once more.
        black_box(&poll_once(call()));
    });
}

/// Inlined, so that what it costs to move futures and results around is not measured.
#[inline(always)]
fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("every future here is ready at once"),
    }
}
