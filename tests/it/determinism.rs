//! Equal seeds give equal histories; and the comparison would notice if they did not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use model::audit::AuditEvent;
use scenario::Scenario;
use sim::{Setup, Simulate as _, TraderContext, TraderProgram, production};

use crate::support::{clean, outage, root, run};

#[test]
fn a_seed_repeats_after_other_runs_and_on_two_threads_at_once() {
    let (setup, first) = clean();
    let other = run(&outage(99));
    assert_ne!(other.digest, first.digest, "seeds must matter");
    assert_eq!(run(setup).digest, first.digest, "after another run");
    thread::scope(|scope| {
        let left = scope.spawn(|| run(setup).digest);
        assert_eq!(run(setup).digest, first.digest, "on one thread");
        assert_eq!(left.join().expect("no panic"), first.digest, "on another thread");
    });
}

/// tokio drops the tasks of a host that crashes in an order that depends on how many tasks the process has had
/// when each of them began.
#[test]
fn a_crash_repeats_whatever_tasks_the_process_has_beside_it() {
    let path = root().join("scenarios/storm/kraken-storm.toml");
    let storm = Scenario::load(&path).expect("a valid scenario").simulation();
    for seed in CRASHES {
        let setup = storm.setup(seed).expect("a valid setup");
        let first = run(&setup);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| other_tasks(&over));
            for again in 1..=AGAIN {
                let next = run(&setup);
                let mut both = first.history.iter().zip(&next.history);
                let differs = both.find(|(one, other)| one != other);
                over.store(differs.is_some() || again == AGAIN, Ordering::Relaxed);
                assert_eq!(next.digest, first.digest, "{differs:?}");
            }
        });
    }
}

/// Seeds of the storm in which the trader crashes in the middle of many calls; and while bytes are late.
const CRASHES: [u64; 2] = [100_300, 1_900];

/// How often each is made again.
const AGAIN: usize = 6;

#[expect(clippy::disallowed_methods, reason = "what is tested")]
fn other_tasks(over: &AtomicBool) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        while !over.load(Ordering::Relaxed) {
            tokio::task::spawn(async {}).await.expect("nothing fails");
        }
    });
}

/// A production node beside which something leaks into the history.
fn leaky<F: Future<Output = u64> + Send + 'static>(leak: fn() -> F) -> Setup {
    let node = production();
    let program: TraderProgram = Arc::new(move |context: TraderContext| {
        let auditor = context.platform.auditor.clone();
        let (leak, node) = (leak(), node(context));
        Box::pin(async move {
            let step = format!("leak {}", leak.await);
            auditor.record(AuditEvent::Shutdown { step, unfinished: Vec::new() });
            node.await
        })
    });
    let mut setup = outage(1);
    setup.until = Some(std::time::Duration::from_secs(5));
    setup.program = program;
    setup
}

fn repeats(setup: &Setup) -> bool {
    run(setup).digest == run(setup).digest
}

#[test]
fn a_leak_of_the_machine_into_a_run_is_noticed() {
    assert!(repeats(&leaky(|| async { 7 })), "no leak, no difference");
    assert!(!repeats(&leaky(|| async { os_entropy() })), "randomness of the operating system");
    assert!(!repeats(&leaky(|| async { hash_order() })), "order of a hash map");
    assert!(!repeats(&leaky(|| async { earlier_runs() })), "state of earlier runs");
}

/// turmoil seeds tokio's own choices, but only under `--cfg tokio_unstable`: this fails without it.
#[test]
fn a_select_that_is_not_biased_is_seeded() {
    assert!(repeats(&leaky(unbiased_selects)));
}

/// 64 choices between two futures that are both ready.
async fn unbiased_selects() -> u64 {
    let mut choices = 0;
    for _ in 0..64 {
        let (left, right) = (std::future::ready(0), std::future::ready(1));
        choices = choices << 1 | tokio::select! { bit = left => bit, bit = right => bit };
    }
    choices
}

#[expect(clippy::disallowed_methods, reason = "planted leak")]
fn os_entropy() -> u64 {
    rand::random()
}

/// The first key of a hash map with 64 keys.
#[expect(clippy::disallowed_types, reason = "planted leak")]
fn hash_order() -> u64 {
    let map: std::collections::HashMap<u64, ()> = (0..64).map(|key| (key, ())).collect();
    let order: Vec<String> = map.keys().map(u64::to_string).collect();
    order
        .join("")
        .bytes()
        .fold(0, |hash: u64, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
}

fn earlier_runs() -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    RUNS.fetch_add(1, Ordering::Relaxed)
}
