//! A run leaves nothing behind in the memory of its process, so that a sweep can be as long as it likes.
//!
//! One test in a process of its own, so that nothing else allocates beside the runs.

use std::alloc::System;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use model::Trade;
use scenario::Scenario;
use sim::Setup;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use sweep::{Case, Job};
use tape::Tape;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Runs before the memory is weighed: what is made once is there by then.
const WARM_UP: u64 = 4;
/// Runs in each of the two spans that are compared.
const RUNS: u64 = 8;
/// Bytes that a run may leave behind. Measured: 196 KB, of which the node's board kept the most in a circle of
/// references. It is cut since; what is left has not been weighed yet, and this bound is to follow it down.
const BYTES_PER_RUN_MAX: i64 = 256 * 1024;

#[test]
fn a_run_leaves_nothing_behind() {
    let case = case();
    let sweep = |from: u64, count: u64, keep: &mut Vec<String>| {
        let jobs = (from..from + count).map(|seed| Job { case: 0, seed, repeat: false });
        let never = AtomicBool::new(false);
        let cases = std::slice::from_ref(&case);
        let limit = Duration::from_mins(5);
        let done = sweep::sweep(cases, jobs, 1, limit, &never, |record| {
            assert_eq!(record.failures, []);
            keep.push(record.digest);
        });
        assert!(done);
    };
    let mut digests = Vec::with_capacity(100);
    sweep(0, WARM_UP, &mut digests);
    let before = held();
    sweep(WARM_UP, RUNS, &mut digests);
    // A digest is a text of sixteen digits.
    let kept = i64::try_from(RUNS * 16).expect("small");
    let runs = i64::try_from(RUNS).expect("small");
    let per_run = (held() - before - kept) / runs;
    assert!(per_run <= BYTES_PER_RUN_MAX, "{per_run} bytes per run over {RUNS}");
    // The scales work: what is kept on purpose is seen.
    let before = held();
    let leak = vec![0_u8; 10_000];
    assert!(held() - before >= 10_000);
    drop(leak);
}

/// Bytes that are allocated once the threads of the runs are gone.
fn held() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a thread that has told its outcome still has to end"
    )]
    std::thread::sleep(Duration::from_millis(500));
    let stats = ALLOCATOR.stats();
    let signed = |bytes: usize| i64::try_from(bytes).expect("in range");
    signed(stats.bytes_allocated) - signed(stats.bytes_deallocated)
}

/// The storm, shorter.
fn case() -> Case {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join("scenarios/storm/kraken-storm.toml");
    let mut scenario = Scenario::load(&path).expect("a valid scenario");
    scenario.run.length = Duration::from_secs(200);
    scenario.storm.as_mut().expect("a storm").lasts = Duration::from_secs(40);
    let tape = Tape::load(&scenario.tape_path()).expect("a valid tape");
    let trades: Arc<[Trade]> = tape.trades_for(&scenario.market.symbol).collect();
    Case::new("storm".to_owned(), Vec::new(), move |seed| {
        Setup::new(scenario.clone(), seed, Arc::clone(&trades))
    })
}
