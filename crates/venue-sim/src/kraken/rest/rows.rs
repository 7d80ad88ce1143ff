//! Rows of orders in REST answers.

use matching::{Order, OrderRequest, OrderStatus};
use model::{Notional, OrderKind, Price, TimeInForce, Trigger};
use serde::Serialize;

use crate::kraken::orders::{AmendRow as State, Trail};
use crate::kraken::pair::Pair;
use crate::kraken::publish::end_words;
use crate::kraken::venue::{Ended, OrderDetails, OrderFacts};
use crate::kraken::wire::{Number, amount_text};

/// An order as `OpenOrders`, `ClosedOrders` and `QueryOrders` show it.
#[derive(Serialize)]
pub(crate) struct OrderRow {
    refid: Option<String>,
    userref: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
    status: &'static str,
    opentm: Number,
    starttm: Number,
    expiretm: Number,
    descr: Description,
    vol: String,
    vol_exec: String,
    cost: String,
    fee: String,
    price: String,
    stopprice: String,
    limitprice: String,
    misc: &'static str,
    oflags: String,
    time_in_force: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trades: Option<Vec<String>>,
    #[serde(flatten)]
    end: Option<End>,
}

/// What only closed orders show.
#[derive(Serialize)]
struct End {
    reason: Option<&'static str>,
    closetm: Number,
}

/// Which executions of an order are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    None,
    /// Of those that it took at once, the first only.
    Matches,
    All,
}

/// What an order asks for, as it is shown.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) kind: OrderKind,
    /// True for a trailing stop, whose kind is where its trigger stands or stood.
    pub(crate) trailing: bool,
    /// The client's words while a trailing stop waits.
    pub(crate) words: Option<[String; 2]>,
}

impl Told {
    /// Of an order of a kind and a trail, that waits or not.
    pub(crate) fn new(kind: OrderKind, trail: Option<Trail>, waits: bool, pair: &Pair) -> Self {
        let words = trail.filter(|_| waits).map(|trail| trail.texts(pair));
        Self { kind, trailing: trail.is_some(), words }
    }

    /// Of an accepted order.
    pub(crate) fn of(order: &Order, facts: &OrderFacts, pair: &Pair) -> Self {
        Self::new(facts.request.kind, facts.trail, order.request.is_waiting(), pair)
    }

    /// `stop-loss`, `trailing-stop`.
    fn trigger(&self, trigger: Trigger) -> &'static str {
        if self.trailing { "trailing-stop" } else { trigger.as_str() }
    }
}

/// A state of an order as `OrderAmends` shows it.
#[derive(Serialize)]
pub(super) struct AmendRow {
    amend_id: String,
    amend_type: &'static str,
    order_qty: String,
    remaining_qty: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_price: Option<String>,
    post_only: bool,
    timestamp: i64,
}

#[derive(Serialize)]
struct Description {
    pair: &'static str,
    aclass: &'static str,
    #[serde(rename = "type")]
    side: &'static str,
    ordertype: String,
    price: String,
    price2: String,
    leverage: &'static str,
    order: String,
    close: String,
}

impl OrderRow {
    pub(super) fn new(order: &Order, details: &OrderDetails, pair: &Pair, named: Named) -> Self {
        let facts = &details.facts;
        let request = &facts.request;
        let decimals = pair.instrument.cost_decimals;
        let average = order.average_price(decimals).unwrap_or(Price::ZERO);
        let (status, reason) = status_and_reason(order, details.ended);
        let trades = match named {
            Named::None => None,
            Named::Matches => Some(details.matches.clone()),
            Named::All => Some(details.executions.clone()),
        };
        let told = Told::of(order, facts, pair);
        let (trigger, limit) = live_prices(order, &told);
        Self {
            refid: facts.refid.clone(),
            userref: facts.shown_userref(),
            cl_ord_id: request.client_id.as_deref().map(str::to_owned),
            status,
            opentm: Number::seconds(order.opened_at),
            starttm: facts.starts.map_or_else(|| Number::whole(0), Number::seconds),
            expiretm: facts.expires.map_or_else(|| Number::whole(0), Number::seconds),
            descr: Description {
                pair: pair.altname,
                aclass: "forex",
                side: request.side.as_str(),
                ordertype: order_type(facts),
                price: price_text(&told, pair),
                price2: price2_text(&told, pair),
                leverage: "none",
                order: sentence(request, facts.cost, &told, pair),
                close: facts.close.as_ref().map(|close| close.sentence.clone()).unwrap_or_default(),
            },
            vol: request.quantity.to_fixed(8),
            vol_exec: order.filled.to_fixed(8),
            cost: amount_text(order.cost, decimals),
            fee: amount_text(order.fee, decimals),
            price: average.to_fixed(decimals),
            stopprice: trigger.unwrap_or(Price::ZERO).to_fixed(decimals),
            limitprice: limit.unwrap_or(Price::ZERO).to_fixed(decimals),
            misc: misc(facts, order),
            oflags: oflags(facts),
            time_in_force: match (request.time_in_force, facts.expires) {
                (TimeInForce::Gtc, None) => "gtc",
                (TimeInForce::Gtc, Some(_)) => "gtd",
                (TimeInForce::Ioc, _) => "ioc",
                (TimeInForce::Fok, _) => "fok",
            },
            trades: trades.filter(|trades| !trades.is_empty()),
            end: order.closed_at.map(|closed| End { reason, closetm: Number::seconds(closed) }),
        }
    }
}

/// `open` and its kin, and why an order ended.
pub(crate) const fn status_and_reason(
    order: &Order,
    ended: Option<Ended>,
) -> (&'static str, Option<&'static str>) {
    match (order.status, ended) {
        (OrderStatus::Open, _) if order.scheduled => ("pending", None),
        (OrderStatus::Open, _) => ("open", None),
        (OrderStatus::Filled, _) => ("closed", None),
        (OrderStatus::Cancelled(reason), ended) => {
            let (status, reason) = end_words(reason, ended);
            (status, Some(reason))
        }
    }
}

impl AmendRow {
    pub(super) fn new(state: &State, pair: &Pair) -> Self {
        let decimals = pair.instrument.price_decimals;
        let (limit, trigger, post_only) = match state.kind {
            OrderKind::Market => (None, None, false),
            OrderKind::Limit { price, post_only } => (Some(price), None, post_only),
            OrderKind::Triggered { price, limit, .. } => (limit, Some(price), false),
        };
        Self {
            amend_id: state.amend_id.clone(),
            amend_type: if state.is_original { "original" } else { "user" },
            order_qty: state.quantity.to_fixed(8),
            remaining_qty: state.remaining.to_fixed(8),
            limit_price: limit.map(|price| price.to_fixed(decimals)),
            trigger_price: trigger.map(|price| price.to_fixed(decimals)),
            post_only,
            timestamp: state.at.as_nanos() / 1_000_000,
        }
    }
}

/// Trigger and limit of an order whose trigger was met or follows the market; nothing of other orders.
pub(crate) const fn live_prices(order: &Order, told: &Told) -> (Option<Price>, Option<Price>) {
    match (told.kind, order.request.is_waiting() && !told.trailing) {
        (OrderKind::Triggered { price, limit, .. }, false) => (Some(price), limit),
        (OrderKind::Triggered { .. } | OrderKind::Market | OrderKind::Limit { .. }, _) => {
            (None, None)
        }
    }
}

/// What became of an order besides its status.
pub(crate) fn misc(facts: &OrderFacts, order: &Order) -> &'static str {
    match (facts.request.kind, order.request.is_waiting()) {
        (OrderKind::Triggered { trigger: Trigger::StopLoss, .. }, false) => "stopped",
        (OrderKind::Triggered { trigger: Trigger::TakeProfit, .. }, false) => "touched",
        _ if facts.amended => "amended",
        _ => "",
    }
}

/// `post,fciq` and the like.
pub(crate) fn oflags(facts: &OrderFacts) -> String {
    let fee = if facts.request.fee_in_base { "fcib" } else { "fciq" };
    let post = facts.request.is_post_only().then_some("post");
    let by_cost = facts.cost.is_some().then_some("viqc");
    let flags: Vec<&str> = post.into_iter().chain([fee]).chain(by_cost).collect();
    flags.join(",")
}

/// `market`, `limit`, `iceberg`, or the name of a trigger with what comes after it: `stop-loss-limit`.
pub(crate) fn order_type(facts: &OrderFacts) -> String {
    match facts.request.kind {
        OrderKind::Market => "market".to_owned(),
        OrderKind::Limit { .. } if facts.display.is_some() => "iceberg".to_owned(),
        OrderKind::Limit { .. } => "limit".to_owned(),
        OrderKind::Triggered { trigger, limit, .. } => {
            let name = if facts.trail.is_some() { "trailing-stop" } else { trigger.as_str() };
            if limit.is_some() { format!("{name}-limit") } else { name.to_owned() }
        }
    }
}

/// The sentence that describes an order; clients parse it. A market buy by cost names the cost.
pub(crate) fn sentence(
    request: &OrderRequest,
    cost: Option<Notional>,
    told: &Told,
    pair: &Pair,
) -> String {
    let (side, name) = (request.side, pair.altname);
    let volume = cost.map_or_else(|| request.quantity.to_fixed(8), |cost| cost.to_fixed(8));
    format!("{side} {volume} {name} @ {}", kind_words(told, pair))
}

/// The end of the sentence: `limit 15000.0`, `stop loss 22000.0 -> limit 21000.0`.
pub(crate) fn kind_words(told: &Told, pair: &Pair) -> String {
    let price = price_text(told, pair);
    match told.kind {
        OrderKind::Market => "market".to_owned(),
        OrderKind::Limit { .. } => format!("limit {price}"),
        OrderKind::Triggered { trigger, limit, .. } => {
            let trigger = told.trigger(trigger).replace('-', " ");
            let then = match limit {
                Some(_) => format!(" -> limit {}", price2_text(told, pair)),
                None => String::new(),
            };
            format!("{trigger} {price}{then}")
        }
    }
}

/// Limit or trigger of an order; `0` of one without.
pub(crate) fn price_text(told: &Told, pair: &Pair) -> String {
    if let Some(words) = &told.words {
        return words[0].clone();
    }
    match told.kind {
        OrderKind::Market => "0".to_owned(),
        OrderKind::Limit { price, .. } | OrderKind::Triggered { price, .. } => {
            price.to_fixed(pair.instrument.price_decimals)
        }
    }
}

/// Limit of an order that waits for a trigger; `0` of others.
pub(crate) fn price2_text(told: &Told, pair: &Pair) -> String {
    if let Some(words) = &told.words {
        return words[1].clone();
    }
    match told.kind {
        OrderKind::Triggered { limit: Some(limit), .. } => {
            limit.to_fixed(pair.instrument.price_decimals)
        }
        OrderKind::Market | OrderKind::Limit { .. } | OrderKind::Triggered { .. } => "0".to_owned(),
    }
}
