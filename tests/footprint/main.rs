//! What a breaker weighs, counted by the allocator of this process. One test, so that nothing else
//! allocates beside it.

use std::alloc::System;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use model::audit::CallOutcome;
use platform::{Auditor, Entropy};
use resilience::{Breaker, BreakerConfig, BreakerPolicy, Rates, SlowCalls};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A bare breaker for consecutive failures, inline.
const BYTES_MAX: usize = 128;

type Answer = Result<u64, &'static str>;

#[test]
fn a_breaker_is_small_and_allocates_nothing() {
    assert_eq!(allocations(|| black_box(vec![1_u8])), 1, "the allocator counts");
    assert!(size_of::<Breaker>() <= BYTES_MAX, "{} bytes", size_of::<Breaker>());

    let bare = || Breaker::new(BreakerConfig::default()).expect("the defaults are valid");
    assert_eq!(allocations(bare), 0, "construction");
    let breaker = bare();
    assert_eq!(allocations(|| call(&breaker, Ok(1))), 0, "success");
    assert_eq!(allocations(|| call(&breaker, Err("down"))), 0, "failure");
    assert_eq!(allocations(|| call(&breaker, Ok(1))), 0, "success after a failure");
    assert_eq!(allocations(|| drop(breaker.acquire())), 0, "cancelled call");
    assert_eq!(allocations(|| trip(&breaker)), 0, "trip");
    assert_eq!(allocations(|| call(&breaker, Ok(1))), 0, "rejection");
    assert_eq!(allocations(|| breaker.snapshot()), 0, "snapshot");
    assert_eq!(allocations(|| breaker.reset()), 0, "reset");

    // Observers and windows have memory of their own, but calls that change nothing take none.
    for breaker in [observed(BreakerPolicy::default()), observed(rates())] {
        assert_eq!(allocations(|| call(&breaker, Ok(1))), 0, "success, {breaker:?}");
        assert_eq!(allocations(|| call(&breaker, Err("down"))), 0, "failure, {breaker:?}");
        breaker.force_open(Duration::from_secs(60), "banned");
        assert_eq!(allocations(|| call(&breaker, Ok(1))), 0, "rejection, {breaker:?}");
    }
}

fn observed(policy: BreakerPolicy) -> Breaker {
    let config = BreakerConfig { policy, ..BreakerConfig::default() };
    let auditor = Auditor::new(std::sync::Arc::new(platform::LogAudit));
    let entropy = Entropy::from_seed(1).stream("footprint");
    Breaker::observed("venue/class", config, auditor, entropy).expect("the settings are valid")
}

fn rates() -> BreakerPolicy {
    let slow = Some(SlowCalls { longer_than: Duration::from_secs(1), percent: 50 });
    let rates = Rates { slow, ..Rates::default() };
    BreakerPolicy::TimeWindow { window: Duration::from_secs(10), buckets: 10, rates }
}

/// Five failures in a row, and a sixth call that must be rejected.
fn trip(breaker: &Breaker) {
    for _ in 0..5 {
        call(breaker, Err("down"));
    }
    assert!(breaker.peek().is_err());
}

/// A whole call: acquire, poll, classify, record.
fn call(breaker: &Breaker, answer: Answer) {
    let classify = |answer: &Answer| match answer {
        Ok(_) => CallOutcome::Success,
        Err(_) => CallOutcome::Failure,
    };
    let call = pin!(breaker.call(std::future::ready(answer), classify));
    let poll = call.poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(black_box(poll), Poll::Ready(_)));
}

/// Allocations and reallocations while something is done; its result is dropped afterwards.
fn allocations<T>(act: impl FnOnce() -> T) -> usize {
    let region = Region::new(ALLOCATOR);
    let result = act();
    let stats = region.change();
    drop(result);
    stats.allocations + stats.reallocations
}
