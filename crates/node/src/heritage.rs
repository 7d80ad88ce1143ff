//! What earlier runs of this program hold: their executions, as the venue lists them.
//!
//! A process that crashed tells nobody what it had. The venue knows: an order of an earlier run has an id of our
//! form, and what was filled of it is ours. The venue may show an order late, and cancel one later still, so the
//! question is asked again until nothing can be missing any more.

mod estate;

use std::time::Duration;

use engine::{EarlierRuns, EngineEvent};
use kraken::{OrderDetails, Period, Rest, RestError};
use model::{Quantity, Symbol, UnixNanos};
use parking_lot::Mutex;
use platform::TaskResult;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::config::NodeConfig;
use crate::upkeep::ticks;

pub(crate) use self::estate::Estate;

/// Requests of 50 orders each for the orders that ended.
const PAGES_MAX: u32 = 20;

/// Time between two questions while something may still be missing. Each is two calls or more of the few that a
/// key has.
const ASK_EVERY: Duration = Duration::from_secs(20);

/// Base units per instrument; all instruments that are traded.
pub(crate) type Positions = Vec<(Symbol, Quantity)>;

/// Why it is not known what earlier runs hold.
#[derive(Debug, Error)]
pub(crate) enum HeritageError {
    /// The venue could not be asked.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// More orders than may be asked for.
    #[error(
        "more than {} orders ended within `inherit`: take a shorter time, from when positions were zero",
        PAGES_MAX * 50
    )]
    TooMany,
    /// No account has that.
    #[error("executions of `{0}` that add up to no quantity")]
    OutOfRange(Symbol),
}

/// What earlier runs hold at a time.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) positions: Positions,
    /// One of their orders may be filled further.
    open: bool,
}

impl Held {
    /// True when nothing can be missing of what was asked for at an instant: no order goes on, and none can show up
    /// that was sent before.
    fn is_complete(&self, asked: Instant, complete_from: Instant) -> bool {
        !self.open && asked >= complete_from
    }
}

/// Asks for it.
#[derive(Debug)]
pub(crate) struct Heritage {
    rest: Rest,
    runs: EarlierRuns,
    symbols: Vec<Symbol>,
    since: UnixNanos,
    estate: Mutex<Estate>,
    /// Time after which every order of an earlier run is shown that was sent.
    shown_after: Duration,
}

impl Heritage {
    /// Of runs other than the one that starts at `started`, and of the time before `began`, when this one was
    /// begun: every reading counts the same orders. `None` if nothing is inherited.
    pub(crate) fn new(
        config: &NodeConfig,
        rest: &Rest,
        began: UnixNanos,
        started: UnixNanos,
    ) -> Option<Self> {
        let back = i64::try_from(config.inherit?.as_nanos()).unwrap_or(i64::MAX);
        Some(Self {
            rest: rest.clone(),
            runs: EarlierRuns::before(started),
            symbols: config.kraken.symbols.clone(),
            since: UnixNanos::from_nanos(began.as_nanos().saturating_sub(back)),
            estate: Mutex::default(),
            shown_after: config.kraken.order_deadline + config.visibility_delay,
        })
    }

    /// The same, with what an earlier reading found.
    pub(crate) fn with(self, estate: Estate) -> Self {
        Self { estate: Mutex::new(estate), ..self }
    }

    /// What all readings found.
    pub(crate) fn into_estate(self) -> Estate {
        self.estate.into_inner()
    }

    /// What they hold, as far as the venue shows it.
    pub(crate) async fn read(&self) -> Result<Held, HeritageError> {
        // Open ones first: one that ends in between is then in both lists, not in none.
        let open = self.rest.open_orders_in_full().await?;
        let closed = self.rest.orders_closed_in(Period::after(self.since), PAGES_MAX).await?;
        if closed.next.is_some() {
            return Err(HeritageError::TooMany);
        }
        let ours = |order: &&OrderDetails| {
            order.report.client_order_id.as_ref().is_some_and(|id| self.runs.had(id))
        };
        let still_open = open.iter().any(|order| ours(&order));
        let mut estate = self.estate.lock();
        for order in closed.rows.iter().chain(&open).filter(ours) {
            let Some(symbol) = self.symbols.iter().find(|symbol| order.pair.is(symbol)) else {
                continue;
            };
            let filled = order.report.filled.unwrap_or_default();
            estate.learn(&order.report.venue_order_id, symbol, order.side, filled)?;
        }
        Ok(Held { positions: estate.positions(&self.symbols)?, open: still_open })
    }

    /// Asks again until nothing can be missing any more, and tells the engine.
    ///
    /// A failed question is not an error of the node: the lane has counted and audited it. An answer of which no
    /// positions can be made is told as an error each time.
    pub(crate) async fn follow(self, answers: mpsc::Sender<EngineEvent>) -> TaskResult {
        let complete_from = Instant::now() + self.shown_after;
        let mut ticks = ticks(ASK_EVERY);
        loop {
            let asked = ticks.tick().await;
            match self.read().await {
                Ok(held) => {
                    let is_last = held.is_complete(asked, complete_from);
                    let told = answers.send(EngineEvent::Inherited(held.positions)).await;
                    if told.is_err() || is_last {
                        return Ok(());
                    }
                }
                Err(HeritageError::Rest(error)) => {
                    tracing::debug!(%error, "positions of earlier runs not compared");
                }
                Err(error @ (HeritageError::TooMany | HeritageError::OutOfRange(_))) => {
                    tracing::error!(%error, "positions of earlier runs are not known any more");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
