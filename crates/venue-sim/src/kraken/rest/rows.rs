//! Rows of orders in REST answers.

use matching::{Order, OrderRequest, OrderStatus};
use model::{Notional, OrderKind, Price, TimeInForce, Trigger};
use serde::Serialize;

use crate::kraken::orders::{AmendRow as State, Trail};
use crate::kraken::pair::Pair;
use crate::kraken::publish::reason_text;
use crate::kraken::venue::{Ended, OrderDetails, OrderFacts};
use crate::kraken::wire::Number;

/// An order as `OpenOrders`, `ClosedOrders` and `QueryOrders` show it.
#[derive(Serialize)]
pub(crate) struct OrderRow {
    refid: Option<&'static str>,
    userref: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
    status: &'static str,
    opentm: Number,
    starttm: u32,
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
    oflags: &'static str,
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
    pub(super) fn new(order: &Order, details: &OrderDetails, pair: &Pair, trades: bool) -> Self {
        let facts = &details.facts;
        let request = &facts.request;
        let decimals = pair.instrument.cost_decimals;
        let average = order.average_price(decimals).unwrap_or(Price::ZERO);
        let (status, reason) = match (order.status, details.ended) {
            (OrderStatus::Open, _) => ("open", None),
            (OrderStatus::Filled, _) => ("closed", None),
            (OrderStatus::Cancelled(_), Some(Ended::Expired)) => ("expired", Some("Order expired")),
            (OrderStatus::Cancelled(_), Some(Ended::Replaced)) => {
                ("canceled", Some("Order replaced"))
            }
            (OrderStatus::Cancelled(reason), None) => ("canceled", Some(reason_text(reason))),
        };
        let trades = trades && !details.executions.is_empty();
        let (trigger, limit) = triggered_prices(order, facts);
        let trail = facts.trail.filter(|_| order.request.is_waiting());
        Self {
            refid: None,
            userref: facts.shown_userref(),
            cl_ord_id: request.client_id.as_deref().map(str::to_owned),
            status,
            opentm: Number::seconds(order.opened_at),
            starttm: 0,
            expiretm: facts.expires.map_or_else(|| Number::whole(0), Number::seconds),
            descr: Description {
                pair: pair.altname,
                aclass: "forex",
                side: request.side.as_str(),
                ordertype: order_type(facts),
                price: price_text(request, trail, pair),
                price2: price2_text(request.kind, trail, pair),
                leverage: "none",
                order: sentence(request, facts.cost, facts.trail, pair),
                close: facts.close.as_ref().map(|close| close.sentence.clone()).unwrap_or_default(),
            },
            vol: request.quantity.to_fixed(8),
            vol_exec: order.filled.to_fixed(8),
            cost: order.cost.to_fixed(decimals),
            fee: order.fee.to_fixed(decimals),
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
            trades: trades.then(|| details.executions.clone()),
            end: order.closed_at.map(|closed| End { reason, closetm: Number::seconds(closed) }),
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

/// Trigger and limit of an order whose trigger was met, or of a trailing stop as they are now; nothing of
/// other orders.
fn triggered_prices(order: &Order, facts: &OrderFacts) -> (Option<Price>, Option<Price>) {
    let shown = !order.request.is_waiting() || facts.trail.is_some();
    match (facts.request.kind, !shown) {
        (OrderKind::Triggered { price, limit, .. }, false) => (Some(price), limit),
        (OrderKind::Triggered { .. } | OrderKind::Market | OrderKind::Limit { .. }, _) => {
            (None, None)
        }
    }
}

/// What became of an order besides its status.
fn misc(facts: &OrderFacts, order: &Order) -> &'static str {
    match (facts.request.kind, order.request.is_waiting()) {
        (OrderKind::Triggered { trigger: Trigger::StopLoss, .. }, false) => "stopped",
        (OrderKind::Triggered { trigger: Trigger::TakeProfit, .. }, false) => "touched",
        _ if facts.amended => "amended",
        _ => "",
    }
}

fn oflags(facts: &OrderFacts) -> &'static str {
    match (facts.request.is_post_only(), facts.cost.is_some()) {
        (true, _) => "post,fciq",
        (false, true) => "fciq,viqc",
        (false, false) => "fciq",
    }
}

/// `market`, `limit`, `iceberg`, or the name of a trigger with what comes after it: `stop-loss-limit`.
pub(crate) fn order_type(facts: &OrderFacts) -> String {
    match facts.request.kind {
        OrderKind::Triggered { limit: None, .. } if facts.trail.is_some() => {
            "trailing-stop".to_owned()
        }
        OrderKind::Triggered { limit: Some(_), .. } if facts.trail.is_some() => {
            "trailing-stop-limit".to_owned()
        }
        OrderKind::Market => "market".to_owned(),
        OrderKind::Limit { .. } if facts.display.is_some() => "iceberg".to_owned(),
        OrderKind::Limit { .. } => "limit".to_owned(),
        OrderKind::Triggered { trigger, limit: None, .. } => trigger.as_str().to_owned(),
        OrderKind::Triggered { trigger, limit: Some(_), .. } => {
            format!("{}-limit", trigger.as_str())
        }
    }
}

/// The sentence that describes an order; clients parse it. A market buy by cost names the cost.
/// A trailing stop is told by its distances, also when they have become prices.
pub(crate) fn sentence(
    request: &OrderRequest,
    cost: Option<Notional>,
    trail: Option<Trail>,
    pair: &Pair,
) -> String {
    let (side, name) = (request.side, pair.altname);
    let volume = cost.map_or_else(|| request.quantity.to_fixed(8), |cost| cost.to_fixed(8));
    let price = price_text(request, trail, pair);
    match request.kind {
        OrderKind::Market => format!("{side} {volume} {name} @ market"),
        OrderKind::Limit { .. } => format!("{side} {volume} {name} @ limit {price}"),
        OrderKind::Triggered { trigger, limit, .. } => {
            let trigger = match trail {
                Some(_) => "trailing stop".to_owned(),
                None => trigger.as_str().replace('-', " "),
            };
            let then = match limit {
                Some(_) => format!(" -> limit {}", price2_text(request.kind, trail, pair)),
                None => String::new(),
            };
            format!("{side} {volume} {name} @ {trigger} {price}{then}")
        }
    }
}

/// Limit or trigger of an order; `0` of one without. Of a trailing stop its distance.
pub(crate) fn price_text(request: &OrderRequest, trail: Option<Trail>, pair: &Pair) -> String {
    if let Some(trail) = trail {
        let [behind, _] = trail.texts(pair);
        return behind;
    }
    match request.kind {
        OrderKind::Market => "0".to_owned(),
        OrderKind::Limit { price, .. } | OrderKind::Triggered { price, .. } => {
            price.to_fixed(pair.instrument.price_decimals)
        }
    }
}

/// Limit of an order that waits for a trigger; `0` of others.
fn price2_text(kind: OrderKind, trail: Option<Trail>, pair: &Pair) -> String {
    if let Some(trail) = trail {
        let [_, limit] = trail.texts(pair);
        return limit;
    }
    match kind {
        OrderKind::Triggered { limit: Some(limit), .. } => {
            limit.to_fixed(pair.instrument.price_decimals)
        }
        OrderKind::Market | OrderKind::Limit { .. } | OrderKind::Triggered { .. } => "0".to_owned(),
    }
}
