//! Cost of a circuit breaker per call, ours and three others, as async calls.
//!
//! Happy path: a ready future through a closed breaker without failures. Rejection: through an open
//! breaker that stays open. All count five failures in a row, but for recloser, which only knows
//! rates. Futures are polled by hand with a waker that does nothing, so that no runtime is measured;
//! `await ready` is the floor that remains.
//!
//! At the end come ratios of the fastest samples: `ours` is a bare breaker, as the others are.

use std::future::ready;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::measurement::{Measurement, WallTime};
use criterion::{BenchmarkGroup, Criterion};
use failsafe::futures::CircuitBreaker;
use failsafe::{backoff, failure_policy};
use model::audit::CallOutcome;
use platform::{Auditor, Entropy, LogAudit};
use recloser::{AsyncRecloser, Recloser};
use resilience::{Breaker, BreakerConfig};
use tower::{Layer, Service};
use tower_resilience_circuitbreaker::CircuitBreakerLayer;

type Answer = Result<u64, &'static str>;

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
    happy_path.print("happy path");
    rejection.print("rejection");
}

fn happy_path(criterion: &mut Criterion) -> Fastest {
    let (ours, observed) = (ours(), observed());
    let (recloser, failsafe, mut tower) = (recloser(), failsafe(), tower_resilience());
    let mut fastest = Fastest::default();
    let mut group = criterion.benchmark_group("breaker happy path");
    fastest.run(&mut group, "await ready", || async { request(Ok(1)).await });
    fastest.run(&mut group, "ours", || ours.call(request(Ok(1)), classify));
    fastest.run(&mut group, "ours, observed", || observed.call(request(Ok(1)), classify));
    fastest.run(&mut group, "recloser", || recloser.call(request(Ok(1))));
    fastest.run(&mut group, "failsafe", || failsafe.call(request(Ok(1))));
    fastest.run(&mut group, "tower-resilience", || through(&mut tower, Ok(1)));
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
    fastest.run(&mut group, "ours", || ours.call(request(Ok(1)), classify));
    fastest.run(&mut group, "ours, observed", || observed.call(request(Ok(1)), classify));
    fastest.run(&mut group, "recloser", || recloser.call(request(Ok(1))));
    fastest.run(&mut group, "failsafe", || failsafe.call(request(Ok(1))));
    fastest.run(&mut group, "tower-resilience", || through(&mut tower, Ok(1)));
    group.finish();
    fastest
}

/// The fastest sample of each bench, in picoseconds per call: others may use the machine, too.
#[derive(Default)]
struct Fastest(Vec<(&'static str, u128)>);

impl Fastest {
    fn run<F: Future>(
        &mut self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        name: &'static str,
        mut call: impl FnMut() -> F,
    ) {
        let mut fastest = u128::MAX;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|calls| {
                let start = WallTime.start();
                for _ in 0..calls {
                    // By reference: the result must be there in full, but is not moved once more.
                    black_box(&poll_once(call()));
                }
                let took = WallTime.end(start);
                fastest = fastest.min(took.as_nanos() * 1000 / u128::from(calls));
                took
            });
        });
        self.0.push((name, fastest));
    }

    /// Ours against the fastest of the others.
    #[expect(clippy::print_stdout, reason = "the ratio is what this bench is for")]
    fn print(&self, what: &str) {
        let others =
            self.0.iter().filter(|(name, _)| !name.starts_with("ours") && *name != "await ready");
        let Some((peer, peer_ps)) = others.min_by_key(|(_, ps)| ps) else {
            return;
        };
        for (name, ps) in self.0.iter().filter(|(name, _)| name.starts_with("ours")) {
            let (ns, percent) = (ps / 1000, ps * 100 / peer_ps.max(&1));
            println!("{what}: {name} {ns} ns, {percent} % of {peer} ({} ns)", peer_ps / 1000);
        }
    }
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
