//! Whether our clock is that of the venue.
//!
//! Nonces, signatures and the deadlines of orders go by it. It is compared at the start, and from then on all the
//! time: a machine may wake up from a sleep, or be told a wrong time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kraken::{Rest, RestError};
use model::UnixNanos;
use platform::{Clock, TaskResult};

use crate::dependencies::Dependency;
use crate::upkeep::ticks;

/// Grain of the venue's clock.
const SECOND: Duration = Duration::from_secs(1);

/// By how much our clock differs from the venue's, less what the question may have taken.
pub(crate) async fn skew(clock: &dyn Clock, rest: &Rest) -> Result<Duration, RestError> {
    let before = clock.now();
    let venue = rest.server_time().await?;
    let after = clock.now();
    Ok(apart(before, venue, after))
}

/// By how much the venue's time lies outside of what it may be: it was told somewhere between `before` and `after`,
/// and the venue cuts fractions of a second off.
fn apart(before: UnixNanos, venue: UnixNanos, after: UnixNanos) -> Duration {
    before.since(venue.plus(SECOND)).max(venue.since(after))
}

/// Compares the clocks every so often, by `ask`, which is [`skew`], and tells when they differ by more than is allowed. Never ends.
///
/// A failed question is not an error of the node: the lane has counted and audited it.
pub(crate) async fn follow<A, E>(
    ask: impl Fn() -> A + Send,
    (skew_max, every): (Duration, Duration),
    dependency: Arc<Dependency>,
) -> TaskResult
where
    A: Future<Output = Result<Duration, E>> + Send,
    E: fmt::Display + Send,
{
    // They were compared at the start.
    dependency.works();
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        match ask().await {
            Ok(skew) if skew > skew_max => {
                tracing::error!(
                    venue = "kraken",
                    ?skew,
                    ?skew_max,
                    "clock differs from the venue's"
                );
                dependency.fails(&format!(
                    "the clock differs from the venue's by more than {skew_max:?}"
                ));
            }
            Ok(_) => dependency.works(),
            Err(error) => tracing::debug!(%error, "clock not compared"),
        }
    }
}

#[cfg(test)]
mod tests;
