//! Requests that move orders. What may place or change one is sent once; what cancels may be repeated.

use std::time::Duration;

use model::{NewOrder, Symbol, UnixNanos, VenueOrderId};
use resilience::{Call, Deadline, LaneError, Limiter, Once, Weight};
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use super::key::Rank;
use super::{CallError, CancelOutcome, QUERY_WEIGHT, Read, Rest, RestError, Shared, SubmitError};
use crate::codec::fault::{Fate, VenueError};
use crate::codec::fields::Body;
use crate::codec::form::Form;
use crate::codec::order::{
    Amendment, CancelTarget, KrakenOrder, Placed, Replaced, Replacement, SwitchState,
};
use crate::codec::reply::{self, ReplyError};
use crate::codec::rest::{
    self as payload, AmendRow, BatchRow, CountRow, EditRow, PlacedRow, SwitchRow,
};
use crate::rules::{Rule, RuleBroken};
use crate::tier::{AMEND_WEIGHTS, CANCEL_WEIGHTS, EDIT_WEIGHTS, ORDER_WEIGHT, batch_weight};

/// Orders of one batch.
const BATCH_MIN: usize = 2;
const BATCH_MAX: usize = 15;

/// Orders that one batch of cancels names.
const CANCELS_MAX: usize = 50;

/// Longest time of the switch.
pub(crate) const SWITCH_MAX: Duration = Duration::from_secs(86_400);

/// What became of each order of a batch, in the order in which they were given.
pub type BatchResults = Vec<Result<Placed, VenueError>>;

impl Rest {
    /// Places an order, with exactly one send.
    ///
    /// # Errors
    /// [`SubmitError`]. After [`SubmitError::Unknown`] the order may be live.
    ///
    /// # Cancel safety
    /// Dropping the future once it was polled means [`SubmitError::Unknown`].
    pub async fn add_order(&self, order: &NewOrder) -> Result<VenueOrderId, SubmitError> {
        Ok(self.place(&KrakenOrder::from(order)).await?.id)
    }

    /// Places an order with anything that Kraken offers, with exactly one send, after a check by the rules
    /// of its pair.
    ///
    /// # Errors
    /// [`SubmitError`]; one that breaks a rule is not sent. After [`SubmitError::Unknown`] the order may be
    /// live.
    ///
    /// # Cancel safety
    /// As [`Rest::add_order`].
    pub async fn place(&self, order: &KrakenOrder) -> Result<Placed, SubmitError> {
        self.check(order).await?;
        let shared = &*self.shared;
        let limiter = &shared.limits.engine(&order.symbol).map_err(LaneError::from)?;
        let call = order_call("kraken/AddOrder", self.deadline(), limiter, order);
        let send = |ready| async move {
            let fields = payload::order_fields(order, shared.expiry());
            let body = fields.form().into();
            shared.send_private("AddOrder", &body, ready, limiter, placed).await
        };
        let answer = shared.lanes.order.call_once(call, || shared.queue(Rank::Trade), send);
        let placed = answer.await?;
        shared.limits.saw_order(&placed.id);
        Ok(placed)
    }

    /// Lets Kraken judge an order without placing it; returns the sentence in which it describes it. Such a
    /// request carries no order, so it may be repeated.
    ///
    /// # Errors
    /// [`RestError`]: among others what Kraken would refuse the order for.
    pub async fn validate(&self, order: &KrakenOrder) -> Result<String, RestError> {
        self.check(order).await?;
        let limiter = self.shared.limits.engine(&order.symbol)?;
        let fields = payload::order_fields(order, self.shared.expiry()).flag("validate", true);
        let read = |body: &[u8], now| Ok(reply::result::<PlacedRow>(body, now)?.into_description());
        let limit = (&limiter, ORDER_WEIGHT.into());
        let lane = (&self.shared.lanes.order, self.deadline());
        self.shared.private(lane, limit, Rank::Trade, "AddOrder", fields.form().into(), read).await
    }

    /// Places 2 to 15 orders of one pair in one request, with exactly one send. Kraken judges each by
    /// itself, but a batch that it cannot read is refused whole.
    ///
    /// # Errors
    /// [`SubmitError`], of all of them: one that breaks a rule keeps the others from being sent, too, and
    /// after [`SubmitError::Unknown`] each may be live.
    ///
    /// # Cancel safety
    /// As [`Rest::add_order`].
    pub async fn place_batch(&self, orders: &[KrakenOrder]) -> Result<BatchResults, SubmitError> {
        let symbol = &self.check_batch(orders).await?;
        let shared = &*self.shared;
        let limiter = &shared.limits.engine(symbol).map_err(LaneError::from)?;
        let weight = batch_weight(orders.len());
        let call = Call::once("kraken/AddOrderBatch", self.deadline(), limiter, weight);
        let send = |ready| async move {
            let body = payload::batch_body(symbol, orders, shared.expiry());
            let read: Read<BatchResults> =
                |body, now| Ok(reply::result::<BatchRow>(body, now)?.into_results(now)?);
            let results = shared.send_private("AddOrderBatch", &body, ready, limiter, read).await?;
            if results.len() == orders.len() {
                Ok(results)
            } else {
                let what = "result of each order";
                Err(CallError::Malformed(crate::codec::DecodeError::Missing { what }))
            }
        };
        let answer = shared.lanes.order.call_once(call, || shared.queue(Rank::Trade), send);
        let results = answer.await?;
        for placed in results.iter().flatten() {
            shared.limits.saw_order(&placed.id);
        }
        Ok(results)
    }

    /// The pair of a batch whose orders break no rule.
    pub(crate) async fn check_batch(&self, orders: &[KrakenOrder]) -> Result<Symbol, RestError> {
        let Some(first) = orders.first() else {
            return Err(wrong_count(&Symbol::new(""), "orders", 0, "2` to `15").into());
        };
        let symbol = &first.symbol;
        if !(BATCH_MIN..=BATCH_MAX).contains(&orders.len()) {
            return Err(wrong_count(symbol, "orders", orders.len(), "2` to `15").into());
        }
        if let Some(other) = orders.iter().find(|order| order.symbol != *symbol) {
            return Err(CallError::from(RuleBroken {
                symbol: symbol.clone(),
                rule: Rule::Combination,
                what: "pair of a batch",
                value: other.symbol.to_string(),
                valid: vec![symbol.to_string()],
            })
            .into());
        }
        for order in orders {
            self.check(order).await?;
        }
        Ok(symbol.clone())
    }

    /// Changes an order in place, with exactly one send; returns Kraken's id of the change. Names stay, and
    /// so does the place in the queue where the change allows it.
    ///
    /// # Errors
    /// [`SubmitError`]: the change was not sent, refused, or nobody knows. Then
    /// [`Rest::orders_in_full`] tells what the order is like.
    pub async fn amend(&self, change: &Amendment) -> Result<String, SubmitError> {
        self.check_amendment(change).await?;
        let shared = &*self.shared;
        let limiter = &shared.limits.engine(&change.symbol).map_err(LaneError::from)?;
        let id = change.venue_order_id();
        let weight = shared.limits.change_weight(id, AMEND_WEIGHTS);
        let call = Call::once("kraken/AmendOrder", self.deadline(), limiter, weight);
        let send = |ready| async move {
            let body = payload::amendment_fields(change, shared.expiry()).form().into();
            let read: Read<String> = |body, now| Ok(reply::result::<AmendRow>(body, now)?.amend_id);
            shared.send_private("AmendOrder", &body, ready, limiter, read).await
        };
        let answer = shared.lanes.order.call_once(call, || shared.queue(Rank::Trade), send);
        let outcome = answer.await.map_err(SubmitError::from);
        shared.limits.asked_to_change(id, &outcome);
        outcome
    }

    /// Cancels an order and places another one, with exactly one send. [`Rest::amend`] is better: it
    /// keeps the names, and there is no moment without an order.
    ///
    /// # Errors
    /// [`SubmitError`]. After [`SubmitError::Unknown`] either order may be live. One that the account cannot
    /// pay is refused though the old one is cancelled.
    pub async fn edit(&self, new: &Replacement) -> Result<Replaced, SubmitError> {
        self.check_replacement(new).await?;
        let shared = &*self.shared;
        let limiter = &shared.limits.engine(&new.symbol).map_err(LaneError::from)?;
        let weight = shared.limits.change_weight(Some(&new.order), EDIT_WEIGHTS);
        let call = Call::once("kraken/EditOrder", self.deadline(), limiter, weight);
        let send = |ready| async move {
            let body = payload::replacement_fields(new, shared.expiry()).form().into();
            let read: Read<Replaced> =
                |body, now| Ok(reply::result::<EditRow>(body, now)?.into_replaced());
            shared.send_private("EditOrder", &body, ready, limiter, read).await
        };
        let answer = shared.lanes.order.call_once(call, || shared.queue(Rank::Trade), send);
        let replaced = answer.await?;
        shared.limits.saw_order(&replaced.id);
        Ok(replaced)
    }

    /// Cancels an order of a pair.
    ///
    /// The younger the order, the more a cancel takes of what Kraken allows, and the longer it may wait.
    /// The age is that since the order was placed here, or first seen in a list of open orders.
    ///
    /// # Errors
    /// See [`RestError`]. The cancel may have been carried out nevertheless; it may be repeated.
    pub async fn cancel_order(
        &self,
        id: &VenueOrderId,
        symbol: &Symbol,
    ) -> Result<CancelOutcome, RestError> {
        let outcome = self.cancel(&CancelTarget::Venue(id.clone()), symbol).await?;
        // Nothing was cancelled, though nothing was refused: there is no such order any more.
        Ok(if outcome == 0 { CancelOutcome::Gone } else { CancelOutcome::Accepted })
    }

    /// Cancels an order of a pair by any of its names, or all that share a number; tells how many. None
    /// means that there is no such open order any more.
    ///
    /// # Errors
    /// As [`Rest::cancel_order`].
    pub async fn cancel(&self, target: &CancelTarget, symbol: &Symbol) -> Result<u32, RestError> {
        let limits = &self.shared.limits;
        let limit = (&limits.engine(symbol)?, self.cancel_weight(target));
        let form = match target {
            CancelTarget::Venue(id) => Form::new().with("txid", id.as_str()),
            CancelTarget::Client(id) => Form::new().with("cl_ord_id", id.as_str()),
            CancelTarget::UserRef(number) => Form::new().with("txid", &number.to_string()),
        };
        let lane = (&self.shared.lanes.cancel, self.deadline());
        let body = form.into();
        let (rank, method) = (Rank::Trade, "CancelOrder");
        none_if_gone(self.shared.private(lane, limit, rank, method, body, count).await)
    }

    /// Cancels up to 50 orders of one pair in one request; tells how many. Those that are gone already are
    /// not counted.
    ///
    /// # Errors
    /// As [`Rest::cancel_order`]; [`CallError::Rule`] for none, or more than 50.
    pub async fn cancel_batch(
        &self,
        targets: &[CancelTarget],
        symbol: &Symbol,
    ) -> Result<u32, RestError> {
        let weight = self.cancel_batch_weight(targets, symbol)?;
        let shared = &*self.shared;
        let limit = (&shared.limits.engine(symbol)?, weight);
        let lane = (&shared.lanes.cancel, self.deadline());
        let body = cancel_batch_body(targets);
        shared.private(lane, limit, Rank::Trade, "CancelOrderBatch", body, count).await
    }

    /// What a batch of cancels weighs. One of young orders weighs more than the counter holds: it may go when
    /// nothing else counts.
    pub(crate) fn cancel_batch_weight(
        &self,
        targets: &[CancelTarget],
        symbol: &Symbol,
    ) -> Result<Weight, RestError> {
        if !(1..=CANCELS_MAX).contains(&targets.len()) {
            return Err(wrong_count(symbol, "cancels", targets.len(), "1` to `50").into());
        }
        let now = Instant::now();
        let weights = targets.iter().map(|target| self.cancel_weight(target).at(now));
        Ok(weights.sum::<u32>().min(self.shared.config.engine_limit().max).into())
    }

    /// What a cancel weighs.
    pub(crate) fn cancel_weight(&self, target: &CancelTarget) -> Weight {
        let id = match target {
            CancelTarget::Venue(id) => Some(id),
            CancelTarget::Client(_) | CancelTarget::UserRef(_) => None,
        };
        self.shared.limits.change_weight(id, CANCEL_WEIGHTS)
    }

    /// Cancels every order of the account; tells how many.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn cancel_all(&self) -> Result<u32, RestError> {
        let Shared { lanes, limits, .. } = &*self.shared;
        let limit = (&limits.rest, QUERY_WEIGHT.into());
        let lane = (&lanes.cancel, self.deadline());
        let body = Form::new().into();
        self.shared.private(lane, limit, Rank::Trade, "CancelAll", body, count).await
    }

    /// Has Kraken cancel every order of the account when this is not called again in time: a dead man's
    /// switch. Zero turns it off. Whole seconds, rounded up, at most 24 h.
    ///
    /// It is for **all** orders of the account, those of other programs included.
    ///
    /// # Errors
    /// See [`RestError`]. The switch may have been set nevertheless; it may be repeated.
    pub async fn cancel_all_after(&self, timeout: Duration) -> Result<SwitchState, RestError> {
        let Shared { lanes, limits, .. } = &*self.shared;
        let seconds = switch_seconds(timeout).to_string();
        let body = Form::new().with("timeout", &seconds).into();
        let limit = (&limits.rest, QUERY_WEIGHT.into());
        let lane = (&lanes.cancel, self.deadline());
        let read = |body: &[u8], now| Ok(reply::result::<SwitchRow<'_>>(body, now)?.into_state()?);
        let (rank, method) = (Rank::Trade, "CancelAllOrdersAfter");
        self.shared.private(lane, limit, rank, method, body, read).await
    }
}

impl Shared {
    /// Until when the venue's engine may take what is sent now.
    pub(crate) fn expiry(&self) -> UnixNanos {
        self.clock.now().plus(self.config.order_deadline)
    }
}

/// A call that carries one order.
pub(crate) fn order_call<'a>(
    op: &'a str,
    deadline: Deadline,
    limiter: &'a Limiter,
    order: &'a KrakenOrder,
) -> Call<'a, Once> {
    match order.client_order_id() {
        Some(id) => Call::order(op, deadline, limiter, ORDER_WEIGHT, id),
        None => Call::once(op, deadline, limiter, ORDER_WEIGHT),
    }
}

/// What a cancel has brought: nothing, if there is no such open order any more.
pub(crate) fn none_if_gone(answer: Result<u32, RestError>) -> Result<u32, RestError> {
    match answer {
        Err(RestError::Call(CallError::Venue(error)))
            if error.is("EOrder:Unknown order") && error.fate() == Fate::NotDone =>
        {
            Ok(0)
        }
        answer => answer,
    }
}

/// Rounded up, at most [`SWITCH_MAX`].
pub(crate) fn switch_seconds(timeout: Duration) -> u64 {
    let timeout = timeout.min(SWITCH_MAX);
    timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0))
}

fn cancel_batch_body(targets: &[CancelTarget]) -> Body {
    let (mut orders, mut client_ids) = (Vec::new(), Vec::new());
    for target in targets {
        match target {
            CancelTarget::Venue(id) => orders.push(Json::from(id.as_str())),
            CancelTarget::UserRef(number) => orders.push(Json::from(*number)),
            CancelTarget::Client(id) => client_ids.push(Json::from(id.as_str())),
        }
    }
    let mut fields = Map::new();
    for (name, values) in [("orders", orders), ("cl_ord_ids", client_ids)] {
        if !values.is_empty() {
            fields.insert(name.to_owned(), Json::Array(values));
        }
    }
    Body::Json(fields)
}

fn wrong_count(symbol: &Symbol, what: &'static str, count: usize, valid: &str) -> CallError {
    CallError::from(RuleBroken {
        symbol: symbol.clone(),
        rule: Rule::Combination,
        what,
        value: count.to_string(),
        valid: vec![valid.to_owned()],
    })
}

fn placed(body: &[u8], now: UnixNanos) -> Result<Placed, ReplyError> {
    Ok(reply::result::<PlacedRow>(body, now)?.into_placed()?)
}

fn count(body: &[u8], now: UnixNanos) -> Result<u32, ReplyError> {
    Ok(reply::result::<CountRow>(body, now)?.count)
}
