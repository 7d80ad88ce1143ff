//! Cost of asking a rate limiter, ours and `governor`'s.
//!
//! Pass: a request that finds room, again and again; the limits are so generous that none is ever
//! refused, and ours has a few thousand requests within its window all the time. Refuse: a request
//! while the limit is used up for the next hour. `governor` with its own clock, which reads the TSC,
//! and with tokio's clock, which ours reads, because only that one is virtual in simulation; the
//! clock alone is the floor.
//!
//! Ours keeps exact windows and a queue in the order of arrival, `governor` one number (GCRA). At the
//! end come ratios of the fastest samples.

mod fastest;

use std::hint::black_box;
use std::num::NonZeroU32;
use std::ops::Add;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use resilience::{CounterLimit, Limiter, LimiterConfig, WindowLimit};

use self::fastest::Fastest;

/// Requests that may pass within [`SHORT`]: far more than a machine can ask for.
const MANY: u32 = 100_000;
const SHORT: Duration = Duration::from_micros(100);
const HOUR: Duration = Duration::from_secs(3600);

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50)
        .configure_from_args();
    let (pass, refuse) = (pass(&mut criterion), refuse(&mut criterion));
    criterion.final_summary();
    for peer in ["governor, tokio clock", "governor"] {
        pass.print("pass", "ours, one window", &[peer]);
        pass.print("pass", "ours, counter", &[peer]);
        refuse.print("refuse", "ours, one window", &[peer]);
        refuse.print("refuse", "ours, counter", &[peer]);
    }
}

fn pass(criterion: &mut Criterion) -> Fastest {
    let mut fastest = Fastest::default();
    let mut group = criterion.benchmark_group("limiter pass");
    clock(&mut group);
    let window = WindowLimit { capacity: MANY, window: SHORT };
    let wide = WindowLimit { capacity: MANY * 10, window: SHORT * 10 };
    ours(&mut fastest, &mut group, "ours, one window", &LimiterConfig::Windows(vec![window]), true);
    ours(
        &mut fastest,
        &mut group,
        "ours, two windows",
        &LimiterConfig::Windows(vec![window, wide]),
        true,
    );
    let fast = CounterLimit { max: 1_000_000, decay_milli_per_s: 1_000_000_000 };
    ours(&mut fastest, &mut group, "ours, counter", &LimiterConfig::Counter(fast), true);
    let period = SHORT / MANY;
    let quota = Quota::with_period(period).expect("above zero").allow_burst(number(MANY));
    theirs(&mut fastest, &mut group, "governor", DefaultClock::default(), quota, true);
    theirs(&mut fastest, &mut group, "governor, tokio clock", TokioClock, quota, true);
    group.finish();
    fastest
}

fn refuse(criterion: &mut Criterion) -> Fastest {
    let mut fastest = Fastest::default();
    let mut group = criterion.benchmark_group("limiter refuse");
    ours(&mut fastest, &mut group, "ours, one window", &LimiterConfig::window(1, HOUR), false);
    let slow = CounterLimit { max: 1, decay_milli_per_s: 1 };
    ours(&mut fastest, &mut group, "ours, counter", &LimiterConfig::Counter(slow), false);
    let quota = Quota::with_period(HOUR).expect("above zero").allow_burst(number(1));
    theirs(&mut fastest, &mut group, "governor", DefaultClock::default(), quota, false);
    theirs(&mut fastest, &mut group, "governor, tokio clock", TokioClock, quota, false);
    group.finish();
    fastest
}

fn clock(group: &mut BenchmarkGroup<'_, WallTime>) {
    group.bench_function("tokio clock alone", |bencher| {
        bencher.iter(|| black_box(tokio::time::Instant::now()));
    });
}

fn ours(
    fastest: &mut Fastest,
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &'static str,
    config: &LimiterConfig,
    pass: bool,
) {
    let limiter = Limiter::new("bench", config).expect("the configuration is valid");
    limiter.try_acquire(1).ok();
    assert_eq!(limiter.try_acquire(1).is_ok(), pass, "{name}");
    fastest.run(group, name, || black_box(&limiter).try_acquire(black_box(1_u32)).is_ok());
    assert_eq!(limiter.try_acquire(1).is_ok(), pass, "{name}");
}

fn theirs<C: Clock>(
    fastest: &mut Fastest,
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &'static str,
    clock: C,
    quota: Quota,
    pass: bool,
) {
    let limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>> =
        RateLimiter::direct_with_clock(quota, clock);
    drop(limiter.check());
    assert_eq!(limiter.check().is_ok(), pass, "{name}");
    fastest.run(group, name, || black_box(&limiter).check().is_ok());
    assert_eq!(limiter.check().is_ok(), pass, "{name}");
}

fn number(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("above zero")
}

/// tokio's clock for `governor`.
#[derive(Debug, Clone)]
struct TokioClock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TokioInstant(tokio::time::Instant);

impl Clock for TokioClock {
    type Instant = TokioInstant;

    fn now(&self) -> TokioInstant {
        TokioInstant(tokio::time::Instant::now())
    }
}

impl Add<Nanos> for TokioInstant {
    type Output = Self;

    fn add(self, nanos: Nanos) -> Self {
        Self(self.0 + Duration::from(nanos))
    }
}

impl Reference for TokioInstant {
    fn duration_since(&self, earlier: Self) -> Nanos {
        Nanos::from(self.0.saturating_duration_since(earlier.0))
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.checked_sub(duration.into()).unwrap_or(self.0))
    }
}
