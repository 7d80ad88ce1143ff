//! Calls that are dropped at each of their polls.

use testkit::drop_at_every_poll;

use super::*;

/// Answers that take a while, on a lane whose limiter is nearly full: the calls wait for weight, in the
/// queue, for the answer and for the next try.
fn slow_bench() -> Bench {
    let bench = Bench::limited(config(), &LimiterConfig::window(2, secs(2)));
    bench.limiter.try_acquire(2).unwrap();
    bench
}

async fn slow_queue() -> Result<(), VenueError> {
    sleep(secs(1)).await;
    Ok(())
}

async fn slowly(answer: Answer) -> Answer {
    sleep(secs(1)).await;
    answer
}

/// Nothing may be held after a drop: no place in the limiter's queue, no permit, no open audit record.
fn nothing_is_held(bench: &Bench) {
    assert_eq!(bench.limiter.snapshot().waiting, 0);
    let lines = bench.trail.lines();
    let begun = lines.iter().filter(|line| line.contains("started")).count();
    let ended = lines.iter().filter(|line| line.contains("ended")).count();
    assert_eq!(begun, ended, "{lines:?}");
    assert_eq!(bench.lane.snapshot().sent, u64::try_from(begun).unwrap());
    if bench.state() != BreakerState::Open {
        assert!(bench.lane.breaker().acquire().is_ok(), "the slot of a probe is free again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeatable_call_can_be_dropped_at_every_poll() {
    let bench = slow_bench();
    let made = Cell::new(0);
    // Half-open with one slot, so that a permit that is not given back blocks everything after it.
    let make = || {
        made.set(made.get() + 1);
        bench.lane.breaker().reset();
        bench.lane.breaker().force_open(Duration::from_millis(1), "test");
        let tries = Cell::new(0);
        let bench = &bench;
        async move {
            sleep(Duration::from_millis(1)).await;
            let send = |()| {
                tries.set(tries.get() + 1);
                // A refusal by the server itself counts as nothing, so the retry is a probe again.
                let pause = secs(1);
                slowly(if tries.get() == 1 { Err(TooFast { pause }) } else { Ok(tries.get()) })
            };
            let call = bench.repeatable(secs(100));
            bench.lane.call_repeatable(call, slow_queue, send).await
        }
    };
    let probes = Cell::new(0);
    let check = |_| {
        nothing_is_held(&bench);
        probes.set(probes.get() + u32::from(bench.state() == BreakerState::HalfOpen));
    };
    let (result, _) = drop_at_every_poll(make, check).await;
    assert_eq!(result, Ok(2));
    assert!(probes.get() > 1, "dropped while it held the slot of a probe: {}", probes.get());
    assert!(made.get() > 6, "weight, queue, answer, backoff, queue, answer: {}", made.get());
    let sent = bench.lane.snapshot().sent;
    sleep(secs(100)).await;
    assert_eq!(bench.lane.snapshot().sent, sent, "nothing is attempted after a drop");
}

#[tokio::test(start_paused = true)]
async fn a_single_call_can_be_dropped_at_every_poll() {
    let bench = slow_bench();
    let made = Cell::new(0);
    let make = || {
        made.set(made.get() + 1);
        let call = bench.single(secs(100));
        bench.lane.call_once(call, slow_queue, |()| slowly(Ok(1)))
    };
    let (result, _) = drop_at_every_poll(make, |_| nothing_is_held(&bench)).await;
    assert_eq!(result, Ok(1));
    assert!(made.get() > 3, "weight, queue, answer: {}", made.get());
}
