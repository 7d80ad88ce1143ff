//! The word and the lock under threads of the operating system. They share no virtual clock, so
//! these tests hand the time in.

use std::sync::Barrier;
use std::thread;

use super::*;

/// Enough for the threads to meet at the boundary in many ways, and soon done.
const ROUNDS: u32 = 2000;

#[test]
fn case_23_two_threads_at_the_boundary_make_one_probe() {
    let start = Instant::now();
    let barrier = Barrier::new(2);
    let breakers: Vec<_> = (0..ROUNDS).map(|_| breaker()).collect();
    for breaker in &breakers {
        breaker.force_open_at(OPEN_FOR, "test", start);
    }
    let admitted = || -> Vec<bool> {
        let at_boundary = |breaker: &Arc<Breaker>| {
            barrier.wait();
            let ticket = breaker.admit(|| start + OPEN_FOR);
            ticket.is_ok()
        };
        breakers.iter().map(at_boundary).collect()
    };
    let (first, second) = thread::scope(|scope| {
        let other = scope.spawn(admitted);
        (admitted(), other.join().unwrap())
    });
    for ((first, second), breaker) in first.into_iter().zip(second).zip(&breakers) {
        assert!(first != second, "exactly one is let through");
        assert_eq!(breaker.snapshot().probes, 1);
    }
}

#[test]
fn case_28_changes_by_many_threads_are_told_in_order() {
    const THREADS: u64 = 4;
    const CHANGES: u64 = 50;
    let (breaker, trail) = with_config(BreakerConfig::default());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..CHANGES).for_each(|_| breaker.reset()));
        }
    });
    let told: Vec<_> = trail.events.lock().iter().map(generation).collect();
    assert_eq!(told, (1..=THREADS * CHANGES).collect::<Vec<_>>());
    assert_eq!(breaker.snapshot().events_lost, 0);
}

#[test]
fn case_20_failures_on_many_threads_trip_once() {
    for _ in 0..ROUNDS / 10 {
        let (breaker, trail) = with_config(BreakerConfig::default());
        let permits: Vec<_> = (0..6).map(|_| breaker.acquire().unwrap()).collect();
        thread::scope(|scope| {
            for permit in permits {
                scope.spawn(|| permit.record(Failure, "down"));
            }
        });
        assert_eq!((state(&breaker), breaker.snapshot().trips), (Open, 1));
        assert_eq!(trail.lines().len(), 1);
    }
}

#[test]
fn successes_on_many_threads_never_lose_a_later_failure() {
    // A success that sees no failure must not undo one that is counted at the same time.
    for _ in 0..ROUNDS / 10 {
        let breaker = breaker();
        thread::scope(|scope| {
            scope.spawn(|| calls(&breaker, "SSSSSSSSSS"));
            scope.spawn(|| calls(&breaker, "SSSSSSSSSS"));
        });
        calls(&breaker, "FFFFF");
        assert_eq!(state(&breaker), Open);
    }
}

fn generation(event: &AuditEvent) -> u64 {
    let AuditEvent::BreakerChanged { generation, .. } = event else {
        panic!("a change: {event}");
    };
    *generation
}
