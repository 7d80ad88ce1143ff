//! Small histories of two or three threads, in every order.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use loom::thread;
use model::audit::{AuditEvent, BreakerState, CallOutcome};
use parking_lot::Mutex;
use platform::{AuditSink, Auditor, Entropy};
use tokio::time::Instant;

use super::{Breaker, BreakerConfig, BreakerPolicy, Recorded};

use BreakerState::{Closed, HalfOpen, Open};
use CallOutcome::{Failure, Success};

const OPEN_FOR: Duration = Duration::from_secs(30);

/// Runs a history in every order, and says how many there were: one alone would prove nothing.
#[expect(clippy::print_stdout, reason = "how much was tried belongs into the test's output")]
fn every_order(history: impl Fn() + Send + Sync + 'static) {
    let orders = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&orders);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        history();
    });
    let orders = orders.load(Ordering::Relaxed);
    println!("{orders} orders");
    assert!(orders > 10, "only {orders} orders");
}

fn config(failures: u32) -> BreakerConfig {
    BreakerConfig {
        policy: BreakerPolicy::Consecutive { failures },
        open_for: OPEN_FOR,
        success_threshold: 1,
        ..BreakerConfig::default()
    }
}

fn breaker(failures: u32) -> Arc<Breaker> {
    Arc::new(Breaker::new(config(failures)).expect("the settings are valid"))
}

/// Open since `start`, for [`OPEN_FOR`].
fn open_since(start: Instant) -> Arc<Breaker> {
    let breaker = breaker(1);
    breaker.force_open_at(OPEN_FOR, "test", start);
    breaker
}

fn spawn<T: 'static>(
    breaker: &Arc<Breaker>,
    act: impl FnOnce(&Arc<Breaker>) -> T + 'static,
) -> thread::JoinHandle<T> {
    let breaker = Arc::clone(breaker);
    thread::spawn(move || act(&breaker))
}

fn end<T>(thread: thread::JoinHandle<T>) -> T {
    thread.join().expect("it does not panic")
}

/// When all is quiet, the word says what the core says.
fn word_tells_the_truth(breaker: &Breaker) {
    let snapshot = breaker.snapshot();
    assert_eq!(breaker.state(), snapshot.state);
    if snapshot.state == Closed {
        let permit = breaker.acquire().expect("a closed breaker lets pass");
        assert_eq!(permit.record(Success, ""), Recorded::Current, "of this generation");
    }
}

#[test]
fn at_the_boundary_exactly_one_call_becomes_the_probe() {
    every_order(|| {
        let start = Instant::now();
        let breaker = open_since(start);
        let admit = move |breaker: &Arc<Breaker>| {
            let admitted = breaker.admit(|| start + OPEN_FOR);
            admitted.is_ok()
        };
        let others = [spawn(&breaker, admit), spawn(&breaker, admit)];
        let mut admitted = u32::from(admit(&breaker));
        admitted += others.into_iter().map(|other| u32::from(end(other))).sum::<u32>();
        assert_eq!(admitted, 1);
        let snapshot = breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.generation, snapshot.probes), (HalfOpen, 2, 1));
        word_tells_the_truth(&breaker);
    });
}

#[test]
fn an_opening_is_seen_with_its_own_end() {
    // An older, longer opening must not be taken for the new one: the call would be rejected after
    // the new one is over.
    every_order(|| {
        let start = Instant::now();
        let breaker = breaker(1);
        breaker.force_open_at(OPEN_FOR * 3, "long", start);
        breaker.reset();
        let opener = spawn(&breaker, move |breaker| {
            breaker.force_open_at(OPEN_FOR, "short", start);
        });
        assert!(breaker.look(|| start + OPEN_FOR).is_ok());
        assert!(breaker.admit(|| start + OPEN_FOR).is_ok());
        end(opener);
    });
}

#[test]
fn failures_at_once_trip_once() {
    every_order(|| {
        let breaker = breaker(2);
        let fail = |breaker: &Arc<Breaker>| {
            let permit = breaker.acquire().ok()?;
            Some(permit.record(Failure, "down"))
        };
        let others = [spawn(&breaker, fail), spawn(&breaker, fail)];
        let mut recorded = vec![fail(&breaker)];
        recorded.extend(others.map(end));
        let current = recorded.iter().filter(|end| **end == Some(Recorded::Current)).count();
        let snapshot = breaker.snapshot();
        assert_eq!((current, snapshot.state, snapshot.trips, snapshot.generation), (2, Open, 1, 1));
        let stale = recorded.iter().filter(|end| **end == Some(Recorded::Stale)).count();
        let rejected = recorded.iter().filter(|end| end.is_none()).count();
        assert_eq!((snapshot.stale_results, snapshot.rejected), (stale as u64, rejected as u64));
        word_tells_the_truth(&breaker);
    });
}

#[test]
fn a_success_beside_failures_is_in_a_row_with_them() {
    // Two failures and a success: either the success lies between the failures, and one is counted,
    // or the breaker opened. No failure is lost, and none comes back.
    every_order(|| {
        let breaker = breaker(2);
        let permits = [(); 2].map(|()| breaker.acquire_owned().expect("closed"));
        let fail = permits.map(|permit| spawn(&breaker, move |_| permit.record(Failure, "down")));
        let success = breaker.acquire().expect("closed").record(Success, "");
        for thread in fail {
            end(thread);
        }
        let snapshot = breaker.snapshot();
        let row = (snapshot.state, snapshot.failures);
        assert!(row == (Open, 2) || row == (Closed, 1), "{row:?}");
        assert!(success == Recorded::Current || row.0 == Open);
        word_tells_the_truth(&breaker);
    });
}

#[test]
fn a_late_result_never_counts() {
    // A call of the first generation fails while a probe of the third one closes the breaker.
    every_order(|| {
        let start = Instant::now();
        let breaker = breaker(1);
        let late = breaker.acquire_owned().expect("closed");
        breaker.force_open_at(OPEN_FOR, "test", start);
        let late = spawn(&breaker, move |_| late.record(Failure, "late"));
        let probe = breaker.acquire_at(|| start + OPEN_FOR).expect("the only probe");
        assert_eq!(probe.record(Success, ""), Recorded::Current);
        assert_eq!(end(late), Recorded::Stale);
        let snapshot = breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.generation, snapshot.trips), (Closed, 3, 0));
        assert_eq!((snapshot.stale_results, snapshot.failures), (1, 0));
        word_tells_the_truth(&breaker);
    });
}

#[test]
fn a_reset_beside_a_failure_ends_closed() {
    every_order(|| {
        let breaker = breaker(1);
        let permit = breaker.acquire_owned().expect("closed");
        let failing = spawn(&breaker, move |_| permit.record(Failure, "down"));
        breaker.reset();
        let recorded = end(failing);
        let snapshot = breaker.snapshot();
        let (trips, stale) = (snapshot.trips, snapshot.stale_results);
        let expected = match recorded {
            Recorded::Current => (1, 0, 2),
            Recorded::Stale => (0, 1, 1),
        };
        assert_eq!((trips, stale, snapshot.generation), expected);
        assert_eq!((snapshot.state, snapshot.failures), (Closed, 0));
        word_tells_the_truth(&breaker);
    });
}

#[test]
fn a_dropped_probe_frees_its_slot_once() {
    // The next call comes while the probe is dropped, and the wait for the probe is over as well.
    every_order(|| {
        let start = Instant::now();
        let breaker = open_since(start);
        let ticket = breaker.admit(|| start + OPEN_FOR).expect("the only probe");
        let dropped = spawn(&breaker, move |breaker| {
            breaker.settle(ticket, CallOutcome::Cancelled, "");
        });
        let late = start + OPEN_FOR + BreakerConfig::default().half_open_max_wait;
        let next = breaker.admit(|| late);
        end(dropped);
        assert!(next.is_ok(), "free, or given up");
        let snapshot = breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.probes), (HalfOpen, 1));
        assert_eq!(snapshot.probes_cancelled + snapshot.probes_expired, 1);
        word_tells_the_truth(&breaker);
    });
}

#[test]
fn changes_are_told_once_and_in_order() {
    #[derive(Debug, Default)]
    struct Generations(Mutex<Vec<u64>>);
    impl AuditSink for Generations {
        fn record(&self, event: AuditEvent) {
            if let AuditEvent::BreakerChanged { generation, .. } = event {
                self.0.lock().push(generation);
            }
        }
    }
    every_order(|| {
        let told = Arc::new(Generations::default());
        let (auditor, entropy) = (Auditor::new(told.clone()), Entropy::from_seed(1).stream("b"));
        let breaker = Breaker::observed("b", config(1), auditor, entropy);
        let breaker = Arc::new(breaker.expect("the settings are valid"));
        let others = [(); 2].map(|()| spawn(&breaker, |breaker| breaker.reset()));
        breaker.isolate();
        others.into_iter().for_each(end);
        assert_eq!(*told.0.lock(), [1, 2, 3]);
        word_tells_the_truth(&breaker);
    });
}
