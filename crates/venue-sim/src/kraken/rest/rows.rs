//! Rows of orders in REST answers.

use matching::{Order, OrderStatus};
use model::{OrderKind, Price, Quantity, Side, TimeInForce};
use serde::Serialize;

use crate::kraken::pair::Pair;
use crate::kraken::publish::reason_text;
use crate::kraken::venue::OrderDetails;
use crate::kraken::wire::Number;

/// An order as `OpenOrders`, `ClosedOrders` and `QueryOrders` show it.
#[derive(Serialize)]
pub(super) struct OrderRow {
    refid: Option<&'static str>,
    userref: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
    status: &'static str,
    opentm: Number,
    starttm: u32,
    expiretm: u32,
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

#[derive(Serialize)]
struct Description {
    pair: &'static str,
    aclass: &'static str,
    #[serde(rename = "type")]
    side: &'static str,
    ordertype: &'static str,
    price: String,
    price2: &'static str,
    leverage: &'static str,
    order: String,
    close: &'static str,
}

impl OrderRow {
    pub(super) fn new(order: &Order, details: &OrderDetails, pair: &Pair, trades: bool) -> Self {
        let request = &order.request;
        let decimals = pair.instrument.cost_decimals;
        let average = order.average_price(decimals).unwrap_or(Price::ZERO);
        let (status, reason) = match order.status {
            OrderStatus::Open => ("open", None),
            OrderStatus::Filled => ("closed", None),
            OrderStatus::Cancelled(reason) => ("canceled", Some(reason_text(reason))),
        };
        let trades = trades && !details.executions.is_empty();
        Self {
            refid: None,
            userref: details.facts.shown_userref(),
            cl_ord_id: request.client_id.as_deref().map(str::to_owned),
            status,
            opentm: Number::seconds(order.opened_at),
            starttm: 0,
            expiretm: 0,
            descr: Description {
                pair: pair.altname,
                aclass: "forex",
                side: request.side.as_str(),
                ordertype: order_type(request.kind),
                price: limit_text(request.kind, pair),
                price2: "0",
                leverage: "none",
                order: sentence(request.side, request.quantity, request.kind, pair),
                close: "",
            },
            vol: request.quantity.to_fixed(8),
            vol_exec: order.filled.to_fixed(8),
            cost: order.cost.to_fixed(decimals),
            fee: order.fee.to_fixed(decimals),
            price: average.to_fixed(decimals),
            stopprice: Price::ZERO.to_fixed(decimals),
            limitprice: Price::ZERO.to_fixed(decimals),
            misc: "",
            oflags: if request.is_post_only() { "post,fciq" } else { "fciq" },
            time_in_force: match request.time_in_force {
                TimeInForce::Gtc => "gtc",
                TimeInForce::Ioc => "ioc",
                TimeInForce::Fok => "fok",
            },
            trades: trades.then(|| details.executions.clone()),
            end: order.closed_at.map(|closed| End { reason, closetm: Number::seconds(closed) }),
        }
    }
}

/// `market`, `limit` or the name of a trigger.
pub(crate) const fn order_type(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit { .. } => "limit",
        OrderKind::Triggered { trigger, .. } => trigger.as_str(),
    }
}

/// The sentence that describes an order; clients parse it.
pub(super) fn sentence(side: Side, quantity: Quantity, kind: OrderKind, pair: &Pair) -> String {
    let (volume, name) = (quantity.to_fixed(8), pair.altname);
    match kind {
        OrderKind::Market => format!("{side} {volume} {name} @ market"),
        OrderKind::Limit { .. } => {
            format!("{side} {volume} {name} @ limit {}", limit_text(kind, pair))
        }
        OrderKind::Triggered { trigger, .. } => {
            format!("{side} {volume} {name} @ {} {}", trigger.as_str(), limit_text(kind, pair))
        }
    }
}

fn limit_text(kind: OrderKind, pair: &Pair) -> String {
    match kind {
        OrderKind::Market => "0".to_owned(),
        OrderKind::Limit { price, .. } | OrderKind::Triggered { price, .. } => {
            price.to_fixed(pair.instrument.price_decimals)
        }
    }
}
