//! What is done every so often: comparing our orders with the venue's, bringing metrics up to date.

use std::fmt;
use std::time::Duration;

use engine::EngineEvent;
use kraken::Rest;
use model::{FeedEvent, Intake};
use platform::TaskResult;
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::board::Board;
use crate::core::{Restricted, StepCounter};
use crate::strays::Strays;

/// Time between two updates of the metrics, besides those before each scrape.
const PUBLISH_EVERY: Duration = Duration::from_secs(10);

/// A tick after each such time; one that is late puts off the next.
pub(crate) fn ticks(every: Duration) -> Interval {
    let mut ticks = tokio::time::interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Asks for all open orders every so often and tells the engine. Never ends by itself.
///
/// A failed question is not an error of the node: the lane has counted and audited it.
pub(crate) async fn reconcile(
    rest: Rest,
    strays: Option<Strays>,
    every: Duration,
    steps: StepCounter,
    answers: mpsc::Sender<EngineEvent>,
) -> TaskResult {
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        let asked_at_step = steps.now();
        match rest.open_orders().await {
            Ok(open) => {
                // What an earlier run sent last may show up only now.
                if let Some(strays) = &strays {
                    strays.cancel(&open).await;
                }
                if answers.send(EngineEvent::Polled { asked_at_step, open }).await.is_err() {
                    return Ok(());
                }
            }
            Err(error) => tracing::debug!(%error, "open orders not compared"),
        }
    }
}

/// Asks every so often, while the venue does not take every order, whether it does again. Never ends by itself.
///
/// The private stream says so, too; but what it says last may get lost, and then no order would ever be placed.
pub(crate) async fn follow_intake<A, E>(
    ask: impl Fn() -> A + Send,
    restricted: Restricted,
    every: Duration,
    answers: mpsc::Sender<EngineEvent>,
) -> TaskResult
where
    A: Future<Output = Result<Intake, E>> + Send,
    E: fmt::Display + Send,
{
    let mut ticks = ticks(every);
    loop {
        ticks.tick().await;
        if !restricted.is_set() {
            continue;
        }
        match ask().await {
            Ok(intake) => {
                let event = EngineEvent::Feed(FeedEvent::Intake(intake));
                if answers.send(event).await.is_err() {
                    return Ok(());
                }
            }
            Err(error) => tracing::debug!(%error, "venue status not learned"),
        }
    }
}

/// Brings the metrics up to date every so often, for recorders that are not scraped. Never ends.
pub(crate) async fn publish(board: Board) -> TaskResult {
    let mut ticks = tokio::time::interval(PUBLISH_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        board.publish();
    }
}

#[cfg(test)]
mod tests;
