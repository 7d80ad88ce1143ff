//! Turmoil with hosts that do nothing: what stepping alone takes.

use std::time::{Duration, UNIX_EPOCH};

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
pub(crate) fn step(mut sim: turmoil::Sim<'_>, hosts: impl IntoIterator<Item = String>, steps: u64) {
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
