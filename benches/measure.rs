//! What the benches of whole runs share: a stopwatch, whether this is a test, and turmoil with hosts that do nothing.

use std::time::{Duration, Instant, UNIX_EPOCH};

/// What work gives, and the seconds that it takes.
pub(crate) fn seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let started = Instant::now();
    let result = std::hint::black_box(work());
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let elapsed = started.elapsed();
    (result, elapsed.as_secs_f64())
}

/// True under `--test`, where a bench shows that it works, on little input.
pub(crate) fn is_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// Bare turmoil with a tick: the floor of all that runs on it.
pub(crate) fn bare(tick: Duration) -> turmoil::Builder {
    let mut builder = turmoil::Builder::new();
    builder.rng_seed(1).epoch(UNIX_EPOCH).tick_duration(tick).simulation_duration(Duration::MAX);
    builder
}

/// Steps hosts that wait for ever.
///
/// # Panics
/// Never: hosts that wait do not fail.
pub(crate) fn idle(mut sim: turmoil::Sim<'_>, hosts: impl IntoIterator<Item = String>, steps: u64) {
    for host in hosts {
        sim.host(host, || async {
            std::future::pending::<()>().await;
            Ok(())
        });
    }
    for _ in 0..steps {
        sim.step().expect("idle hosts do not fail");
    }
}
