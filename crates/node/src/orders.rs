//! Carries orders to the venue: each submission, cancellation and question is a task of its own.
//!
//! A task always answers, whatever happens to the call: the engine waits for it. None of them is
//! bound to a caller that could go away in the middle of a send.

use std::sync::Arc;
use std::time::Duration;

use engine::{CancelOutcome, EngineEvent, LocateOutcome, SubmitOutcome};
use kraken::{OwnTrade, Rest, SubmitError};
use model::{ClientOrderId, Fill, NewOrder, OrderReport, Quantity, Symbol, VenueOrderId};
use platform::{Entropy, Platform, Spawner, TaskError};
use resilience::BackoffConfig;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::config::NodeConfig;
use crate::groups::ORDERS;

/// Answers with fewer executions than an order is filled by, after which there is no hope.
const FILLS_TRIES_MAX: u32 = 20;

/// Sends what the engine wants and brings back the answers.
#[derive(Debug)]
pub(crate) struct OrderDesk {
    rest: Rest,
    spawner: Spawner,
    answers: mpsc::Sender<EngineEvent>,
    asking: Arc<Asking>,
}

/// How to ask again.
#[derive(Debug)]
struct Asking {
    backoff: BackoffConfig,
    entropy: Entropy,
    /// From the question on: time after which an order that is not found was never placed.
    absent_after: Duration,
}

impl Asking {
    /// Waits of one task, from a stream of its own.
    fn backoff(&self, what: &str, id: &ClientOrderId) -> Backoff {
        Backoff::new(self.backoff, self.entropy.stream(&format!("{what}/{id}")))
    }
}

impl OrderDesk {
    pub(crate) fn new(
        config: &NodeConfig,
        platform: &Platform,
        rest: &Rest,
        spawner: Spawner,
        answers: mpsc::Sender<EngineEvent>,
    ) -> Self {
        let asking = Asking {
            backoff: config.ask_again,
            entropy: platform.entropy.child("node/orders"),
            absent_after: config.kraken.order_deadline + config.visibility_delay,
        };
        Self { rest: rest.clone(), spawner, answers, asking: Arc::new(asking) }
    }

    /// Sends an order, once.
    pub(crate) fn submit(&self, order: NewOrder) {
        let rest = self.rest.clone();
        let client_order_id = order.client_order_id.clone();
        self.answer_with(format!("submit {client_order_id}"), async move {
            let outcome = match rest.add_order(&order).await {
                Ok(venue_order_id) => SubmitOutcome::Placed(venue_order_id),
                Err(error @ SubmitError::NotSent { .. }) => {
                    SubmitOutcome::NotSent(error.to_string())
                }
                Err(error @ SubmitError::Refused { .. }) => {
                    SubmitOutcome::Refused(error.to_string())
                }
                Err(error @ SubmitError::Unknown { .. }) => {
                    SubmitOutcome::Unknown(error.to_string())
                }
            };
            EngineEvent::Submitted { client_order_id, outcome }
        });
    }

    /// Sends a cancellation until the venue answers it. Sending it twice is harmless.
    pub(crate) fn cancel(
        &self,
        client_order_id: ClientOrderId,
        venue_order_id: VenueOrderId,
        symbol: Symbol,
    ) {
        let rest = self.rest.clone();
        let mut backoff = self.asking.backoff("cancel", &client_order_id);
        self.answer_with(format!("cancel {client_order_id}"), async move {
            let outcome = loop {
                match rest.cancel_order(&venue_order_id, &symbol).await {
                    Ok(kraken::CancelOutcome::Accepted) => break CancelOutcome::Accepted,
                    Ok(kraken::CancelOutcome::Gone) => break CancelOutcome::AlreadyGone,
                    Err(error) => {
                        tracing::debug!(%client_order_id, %error, "order not cancelled yet")
                    }
                }
                backoff.wait().await;
            };
            EngineEvent::Cancelled { client_order_id, outcome }
        });
    }

    /// Asks for one order until the answer is sure. An order with a name at the venue exists; one
    /// without is absent when it is not found after its deadline and the venue's visibility delay.
    pub(crate) fn locate(
        &self,
        client_order_id: ClientOrderId,
        venue_order_id: Option<VenueOrderId>,
    ) {
        let rest = self.rest.clone();
        let mut backoff = self.asking.backoff("locate", &client_order_id);
        let absent_from = Instant::now() + self.asking.absent_after;
        self.answer_with(format!("locate {client_order_id}"), async move {
            let outcome = loop {
                let asked = Instant::now();
                match find(&rest, &client_order_id, venue_order_id.as_ref()).await {
                    Ok(Some(report)) => break LocateOutcome::Found(report),
                    Ok(None) if venue_order_id.is_none() && asked >= absent_from => {
                        break LocateOutcome::Absent;
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::debug!(%client_order_id, %error, "order not located yet")
                    }
                }
                backoff.wait().await;
            };
            EngineEvent::Located { client_order_id, outcome }
        });
    }

    /// Asks for the executions of one order until they make up what is filled. The venue may show them late;
    /// after some tries that brought fewer, those are told.
    pub(crate) fn fetch_fills(
        &self,
        client_order_id: ClientOrderId,
        venue_order_id: VenueOrderId,
        filled: Quantity,
    ) {
        let rest = self.rest.clone();
        let mut backoff = self.asking.backoff("fills", &client_order_id);
        self.answer_with(format!("fills {client_order_id}"), async move {
            let mut tries = 0;
            let fills = loop {
                match rest.executions_of(std::slice::from_ref(&venue_order_id)).await {
                    Ok(trades) => {
                        let fills: Vec<_> = trades.iter().filter_map(OwnTrade::fill).collect();
                        tries += 1;
                        if sum(&fills) >= filled || tries >= FILLS_TRIES_MAX {
                            break fills;
                        }
                    }
                    Err(error) => {
                        tracing::debug!(%client_order_id, %error, "executions not fetched yet")
                    }
                }
                backoff.wait().await;
            };
            EngineEvent::Executions { client_order_id, fills }
        });
    }

    fn answer_with(&self, task: String, work: impl Future<Output = EngineEvent> + Send + 'static) {
        let answers = self.answers.clone();
        self.spawner.spawn(ORDERS, task, async move {
            let answer = work.await;
            // Without a receiver the node has stopped and reports the order as unsettled.
            if answers.send(answer).await.is_err() {
                tracing::debug!("answer came after the end");
            }
            Ok(())
        });
    }
}

/// Asks by the venue's name where it is known, else by ours.
async fn find(
    rest: &Rest,
    id: &ClientOrderId,
    venue_id: Option<&VenueOrderId>,
) -> Result<Option<OrderReport>, TaskError> {
    match venue_id {
        Some(venue_id) => Ok(Some(rest.look_up(venue_id).await?)),
        None => Ok(rest.find_order(id).await?),
    }
}

/// Base units of all of them.
fn sum(fills: &[Fill]) -> Quantity {
    fills.iter().fold(Quantity::ZERO, |sum, fill| sum.checked_add(fill.quantity).unwrap_or(sum))
}
