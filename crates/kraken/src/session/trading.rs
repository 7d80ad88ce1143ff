//! Trading over the private WebSocket: a [`Trader`] asks, the session of [`run_private_trading`] sends.
//!
//! [`run_private_trading`]: super::run_private_trading
//!
//! A request goes out only while the stream is live, and belongs to the connection that carries it: when
//! that ends before the answer came, nobody knows what became of the request. One that was still in the
//! queue then was surely not sent. Nothing is ever sent on a later connection.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::{NewOrder, Symbol, VenueOrderId};
use parking_lot::Mutex;
use platform::Platform;
use resilience::{
    BreakerRegistry, Call, Deadline, Lane, LaneError, Limiter, Once, RegistryError, Repeatable,
};
use tokio::sync::{mpsc, oneshot};

use crate::codec::DecodeError;
use crate::codec::fault::VenueError;
use crate::codec::order::{
    Amendment, CancelTarget, KrakenOrder, Placed, Replaced, Replacement, SwitchState,
};
use crate::codec::ws::trading::TradeRequest;
use crate::codec::ws::{Done, DoneOrder};
use crate::config::{ConfigError, KrakenConfig};
use crate::rest::{
    BatchResults, CallError, Rest, RestError, SubmitError, none_if_gone, order_call, switch_seconds,
};
use crate::tier::{AMEND_WEIGHTS, EDIT_WEIGHTS, batch_weight};

/// Requests that may wait for the session to send them.
const QUEUE_MAX: usize = 64;

/// What a request has brought, or why not.
pub(crate) type Answer = Result<Done, CallError>;

/// A request on its way to the session.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) request: TradeRequest,
    pub(super) answer: oneshot::Sender<Answer>,
    /// Set before the first byte goes out.
    pub(super) taken: Arc<AtomicBool>,
}

/// Where the session of a live connection takes requests. Cheap to clone; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct TradingLink {
    live: Arc<Mutex<Option<mpsc::Sender<Command>>>>,
}

impl TradingLink {
    /// The connection is live; its requests come out of the receiver.
    pub(super) fn open(&self) -> mpsc::Receiver<Command> {
        let (requests, queue) = mpsc::channel(QUEUE_MAX);
        *self.live.lock() = Some(requests);
        queue
    }

    /// The connection is over: nobody puts another request into its queue.
    pub(super) fn close(&self) {
        *self.live.lock() = None;
    }

    fn sender(&self) -> Result<mpsc::Sender<Command>, CallError> {
        self.live.lock().clone().ok_or(CallError::NotConnected)
    }
}

/// Trades over the private WebSocket. Cheap to clone; clones are the same.
///
/// It has two lanes of its own, `kraken/ws-order` and `kraken/ws-cancel`, with the settings of
/// [`KrakenConfig::order_lane`] and [`KrakenConfig::cancel_lane`]: the WebSocket has been away while REST
/// worked, and the other way round. What counts at Kraken counts in the limiters that REST uses, too.
#[derive(Debug, Clone)]
pub struct Trader {
    rest: Rest,
    orders: Lane,
    cancels: Lane,
    link: TradingLink,
}

impl Trader {
    /// A trader without a session; give its [`Trader::link`] to one.
    ///
    /// # Errors
    /// [`ConfigError`]: the settings of a lane cannot work.
    pub fn new(
        config: &KrakenConfig,
        platform: &Platform,
        rest: &Rest,
    ) -> Result<Self, ConfigError> {
        let lane = |setting, name, config: &resilience::LaneConfig| {
            Lane::new(name, config.clone(), &platform.auditor, &platform.entropy)
                .map_err(|source| ConfigError::Lane { setting, source })
        };
        Ok(Self {
            rest: rest.clone(),
            orders: lane("order_lane", "kraken/ws-order", &config.order_lane)?,
            cancels: lane("cancel_lane", "kraken/ws-cancel", &config.cancel_lane)?,
            link: TradingLink::default(),
        })
    }

    /// For the session that is to carry the requests.
    pub fn link(&self) -> TradingLink {
        self.link.clone()
    }

    /// True while requests can be sent.
    pub fn is_connected(&self) -> bool {
        self.link.live.lock().is_some()
    }

    /// As [`Rest::by`].
    #[must_use]
    pub fn by(&self, deadline: Deadline) -> Self {
        Self { rest: self.rest.by(deadline), ..self.clone() }
    }

    /// The lanes, for status reports: order, cancel.
    pub fn lanes(&self) -> [&Lane; 2] {
        [&self.orders, &self.cancels]
    }

    /// Enters the breakers of both lanes.
    ///
    /// # Errors
    /// [`RegistryError`]: those of another trader are there already.
    pub fn register(&self, registry: &BreakerRegistry) -> Result<(), RegistryError> {
        self.lanes().into_iter().try_for_each(|lane| registry.register(lane.breaker()))
    }

    /// As [`Rest::add_order`].
    ///
    /// # Errors
    /// As [`Rest::add_order`].
    ///
    /// # Cancel safety
    /// As [`Rest::add_order`].
    pub async fn add_order(&self, order: &NewOrder) -> Result<VenueOrderId, SubmitError> {
        Ok(self.place(&KrakenOrder::from(order)).await?.id)
    }

    /// As [`Rest::place`]. An order with leverage cannot say which: the WebSocket takes the pair's default.
    ///
    /// # Errors
    /// As [`Rest::place`].
    ///
    /// # Cancel safety
    /// As [`Rest::place`].
    pub async fn place(&self, order: &KrakenOrder) -> Result<Placed, SubmitError> {
        self.rest.check(order).await?;
        let limiter = &self.rest.limits().engine(&order.symbol).map_err(LaneError::from)?;
        let call = order_call("kraken/ws/add_order", self.rest.deadline(), limiter, order);
        let done = self.once(call, limiter, TradeRequest::Add(order.clone())).await?;
        let placed = one(done).and_then(placed)?;
        self.rest.limits().saw_order(&placed.id);
        Ok(placed)
    }

    /// As [`Rest::place_batch`].
    ///
    /// # Errors
    /// As [`Rest::place_batch`].
    ///
    /// # Cancel safety
    /// As [`Rest::place_batch`].
    pub async fn place_batch(&self, orders: &[KrakenOrder]) -> Result<BatchResults, SubmitError> {
        let symbol = self.rest.check_batch(orders).await?;
        let limiter = &self.rest.limits().engine(&symbol).map_err(LaneError::from)?;
        let weight = batch_weight(orders.len());
        let call = Call::once("kraken/ws/batch_add", self.rest.deadline(), limiter, weight);
        let request = TradeRequest::AddBatch(symbol, orders.to_vec());
        let Done::Orders(done) = self.once(call, limiter, request).await? else {
            return Err(malformed("orders").into());
        };
        if done.len() != orders.len() {
            return Err(malformed("result of each order").into());
        }
        let now = self.rest.now();
        let result = |order: DoneOrder| match order.error {
            Some(text) => Ok(Err(VenueError::new(vec![text], now))),
            None => placed(order).map(Ok),
        };
        let results: BatchResults =
            done.into_iter().map(result).collect::<Result<_, RestError>>()?;
        for placed in results.iter().flatten() {
            self.rest.limits().saw_order(&placed.id);
        }
        Ok(results)
    }

    /// As [`Rest::amend`].
    ///
    /// # Errors
    /// As [`Rest::amend`].
    pub async fn amend(&self, change: &Amendment) -> Result<String, SubmitError> {
        self.rest.check_amendment(change).await?;
        let limiter = &self.rest.limits().engine(&change.symbol).map_err(LaneError::from)?;
        let id = change.venue_order_id();
        let weight = self.rest.limits().change_weight(id, AMEND_WEIGHTS);
        let call = Call::once("kraken/ws/amend_order", self.rest.deadline(), limiter, weight);
        let done = self.once(call, limiter, TradeRequest::Amend(change.clone())).await;
        let amend_id = |done| one(done)?.amend_id.ok_or_else(|| malformed("amend_id"));
        let outcome = done.and_then(amend_id).map_err(SubmitError::from);
        self.rest.limits().asked_to_change(id, &outcome);
        outcome
    }

    /// As [`Rest::edit`].
    ///
    /// # Errors
    /// As [`Rest::edit`].
    pub async fn edit(&self, new: &Replacement) -> Result<Replaced, SubmitError> {
        self.rest.check_replacement(new).await?;
        let limiter = &self.rest.limits().engine(&new.symbol).map_err(LaneError::from)?;
        let weight = self.rest.limits().change_weight(Some(&new.order), EDIT_WEIGHTS);
        let call = Call::once("kraken/ws/edit_order", self.rest.deadline(), limiter, weight);
        let done = one(self.once(call, limiter, TradeRequest::Edit(new.clone())).await?)?;
        let id = done.id.ok_or_else(|| malformed("order_id"))?;
        self.rest.limits().saw_order(&id);
        Ok(Replaced { id, original: done.original.unwrap_or_else(|| new.order.clone()) })
    }

    /// As [`Rest::cancel`].
    ///
    /// # Errors
    /// As [`Rest::cancel`].
    pub async fn cancel(&self, target: &CancelTarget, symbol: &Symbol) -> Result<u32, RestError> {
        let limiter = &self.rest.limits().engine(symbol)?;
        let weight = self.rest.cancel_weight(target);
        let op = "kraken/ws/cancel_order";
        let call = Call::repeatable(op, self.rest.deadline(), limiter, weight);
        let done = self.repeated(call, limiter, TradeRequest::Cancel(target.clone())).await;
        none_if_gone(done.map(|_| 1))
    }

    /// As [`Rest::cancel_batch`].
    ///
    /// # Errors
    /// As [`Rest::cancel_batch`].
    pub async fn cancel_batch(
        &self,
        targets: &[CancelTarget],
        symbol: &Symbol,
    ) -> Result<u32, RestError> {
        let weight = self.rest.cancel_batch_weight(targets, symbol)?;
        let limiter = &self.rest.limits().engine(symbol)?;
        let op = "kraken/ws/batch_cancel";
        let call = Call::repeatable(op, self.rest.deadline(), limiter, weight);
        let request = TradeRequest::CancelBatch(targets.to_vec());
        count(&self.repeated(call, limiter, request).await?)
    }

    /// As [`Rest::cancel_all`].
    ///
    /// # Errors
    /// As [`Rest::cancel_all`].
    pub async fn cancel_all(&self) -> Result<u32, RestError> {
        let done = self.of_the_account("kraken/ws/cancel_all", TradeRequest::CancelAll).await?;
        count(&done)
    }

    /// As [`Rest::cancel_all_after`].
    ///
    /// # Errors
    /// As [`Rest::cancel_all_after`].
    pub async fn cancel_all_after(&self, timeout: Duration) -> Result<SwitchState, RestError> {
        let seconds = switch_seconds(timeout);
        let op = "kraken/ws/cancel_all_orders_after";
        match self.of_the_account(op, TradeRequest::CancelAllAfter(seconds)).await? {
            // A time that could not be read is no switch that is off.
            Done::CancelsAt(triggers_at) if triggers_at.is_some() == (seconds > 0) => {
                Ok(SwitchState { triggers_at })
            }
            Done::Nothing | Done::Orders(_) | Done::Cancelled(_) | Done::CancelsAt(_) => {
                Err(malformed("triggerTime"))
            }
        }
    }

    async fn of_the_account(&self, op: &str, request: TradeRequest) -> Result<Done, RestError> {
        let limiter = &self.rest.limits().rest;
        let call = Call::repeatable(op, self.rest.deadline(), limiter, 1);
        self.repeated(call, limiter, request).await
    }

    async fn once(
        &self,
        call: Call<'_, Once>,
        limiter: &Limiter,
        request: TradeRequest,
    ) -> Result<Done, RestError> {
        let send = |sender| self.ask(sender, request, limiter);
        self.orders.call_once(call, || ready(self.link.sender()), send).await
    }

    async fn repeated(
        &self,
        call: Call<'_, Repeatable>,
        limiter: &Limiter,
        request: TradeRequest,
    ) -> Result<Done, RestError> {
        let send = |sender| self.ask(sender, request.clone(), limiter);
        self.cancels.call_repeatable(call, || ready(self.link.sender()), send).await
    }

    /// Hands a request to the session and waits for its answer, for as long as the lane lets it.
    async fn ask(
        &self,
        requests: mpsc::Sender<Command>,
        request: TradeRequest,
        limiter: &Limiter,
    ) -> Answer {
        let (answer, answered) = oneshot::channel();
        let taken = Arc::new(AtomicBool::new(false));
        let command = Command { request, answer, taken: Arc::clone(&taken) };
        if requests.try_send(command).is_err() {
            // Full, or over since: the session has nothing of it.
            return Err(CallError::NotConnected);
        }
        drop(requests);
        let answer = match answered.await {
            Ok(answer) => answer,
            Err(_) if taken.load(Ordering::Acquire) => {
                Err(CallError::SessionLost { reason: "the session ended".to_owned() })
            }
            Err(_) => Err(CallError::NotConnected),
        };
        if let Err(CallError::Venue(error)) = &answer {
            self.rest.limits().heed(error, limiter);
        }
        answer
    }
}

fn malformed(what: &'static str) -> RestError {
    CallError::Malformed(DecodeError::Missing { what }).into()
}

/// The only order of an answer.
fn one(done: Done) -> Result<DoneOrder, RestError> {
    match done {
        Done::Orders(orders) => orders.into_iter().next().ok_or_else(|| malformed("order")),
        Done::Nothing | Done::Cancelled(_) | Done::CancelsAt(_) => Err(malformed("order")),
    }
}

fn placed(order: DoneOrder) -> Result<Placed, RestError> {
    let id = order.id.ok_or_else(|| malformed("order_id"))?;
    Ok(Placed { id, description: String::new() })
}

fn count(done: &Done) -> Result<u32, RestError> {
    match done {
        Done::Cancelled(count) => Ok(*count),
        Done::Nothing | Done::Orders(_) | Done::CancelsAt(_) => Err(malformed("count")),
    }
}
