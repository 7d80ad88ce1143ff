//! Rows of the private feeds of version 1: names of pairs as in the public ones, times as texts.

use matching::{Execution, Order};
use model::{Liquidity, Price, UnixNanos};
use serde::Serialize;

use crate::kraken::pair::Pair;
use crate::kraken::rest::{
    Group, Told, kind_words, live_prices, misc, oflags, order_type, price_text, price2_text,
    status_and_reason,
};
use crate::kraken::stream::v1::messages::seconds;
use crate::kraken::venue::{OrderDetails, OrderFacts};
use crate::kraken::wire::amount_text;

/// Digits of a quantity.
const LOTS: u32 = 8;

/// What happens to an order.
#[derive(Debug, Clone, Copy)]
pub(in crate::kraken) enum Moment<'a> {
    /// It passed every check.
    Accepted,
    /// It can be executed from now on.
    Opened,
    /// Its owner changed it.
    Changed,
    /// A part of it was executed.
    Filled(&'a Execution),
    /// It has ended.
    Ended,
}

/// A row of `openOrders`.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum OrderRow {
    Full(Box<FullRow>),
    Change(ChangeRow),
}

/// The whole order.
#[derive(Serialize)]
pub(super) struct FullRow {
    avg_price: String,
    cost: String,
    descr: Description,
    expiretm: Option<String>,
    fee: String,
    limitprice: String,
    misc: &'static str,
    oflags: String,
    opentm: String,
    refid: Option<String>,
    starttm: Option<String>,
    status: &'static str,
    stopprice: String,
    timeinforce: &'static str,
    userref: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
    vol: String,
    vol_exec: String,
}

#[derive(Serialize)]
struct Description {
    close: Option<String>,
    leverage: Option<&'static str>,
    order: String,
    ordertype: String,
    pair: &'static str,
    price: String,
    price2: String,
    #[serde(rename = "type")]
    side: &'static str,
}

/// What of an order is new.
#[derive(Serialize, Default)]
pub(super) struct ChangeRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vol_exec: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lastupdated: Option<String>,
    userref: i32,
}

/// A row of `ownTrades`.
#[derive(Serialize)]
pub(super) struct TradeRow {
    cost: String,
    fee: String,
    margin: String,
    ordertxid: String,
    ordertype: String,
    pair: &'static str,
    postxid: String,
    price: String,
    time: String,
    #[serde(rename = "type")]
    side: &'static str,
    userref: i32,
    vol: String,
    maker: bool,
    trade_id: u64,
}

impl OrderRow {
    /// What an order's owner is told at a moment.
    pub(super) fn new(
        (order, details, pair): (&Order, &OrderDetails, &Pair),
        moment: Moment<'_>,
        now: UnixNanos,
    ) -> Self {
        let (facts, digits) = (&details.facts, pair.instrument.cost_decimals);
        let userref = facts.shown_userref();
        let change = match moment {
            Moment::Accepted => return Self::full(order, facts, pair, "pending"),
            Moment::Changed => return Self::snapshot(order, facts, pair),
            Moment::Opened => ChangeRow { status: Some("open"), userref, ..ChangeRow::default() },
            Moment::Filled(execution) => {
                let average = execution.cost.price_per(execution.filled, digits);
                ChangeRow {
                    vol_exec: Some(execution.filled.to_fixed(LOTS)),
                    cost: Some(amount_text(execution.cost, digits)),
                    fee: Some(amount_text(execution.fee, digits)),
                    avg_price: average.map(|price| price.to_fixed(digits)),
                    userref,
                    ..ChangeRow::default()
                }
            }
            Moment::Ended => {
                let (status, reason) = status_and_reason(order, details.ended);
                let average = order.average_price(digits).unwrap_or(Price::ZERO);
                ChangeRow {
                    status: Some(status),
                    vol_exec: Some(order.filled.to_fixed(LOTS)),
                    cost: Some(amount_text(order.cost, digits)),
                    fee: Some(amount_text(order.fee, digits)),
                    avg_price: Some(average.to_fixed(digits)),
                    cancel_reason: reason,
                    lastupdated: Some(seconds(now)),
                    userref,
                }
            }
        };
        Self::Change(change)
    }

    /// An open order as it stands.
    pub(super) fn snapshot(order: &Order, facts: &OrderFacts, pair: &Pair) -> Self {
        let status = if order.scheduled { "pending" } else { "open" };
        Self::full(order, facts, pair, status)
    }

    fn full(order: &Order, facts: &OrderFacts, pair: &Pair, status: &'static str) -> Self {
        let digits = pair.instrument.cost_decimals;
        let (request, told) = (&facts.request, Told::of(order, facts, pair));
        let average = order.average_price(digits).unwrap_or(Price::ZERO);
        // A pending order has executed nothing yet, whatever it is about to.
        let pending = status == "pending";
        let [filled, cost, fee, average] = if pending {
            let zero = Price::ZERO.to_fixed(digits);
            [model::Quantity::ZERO.to_fixed(LOTS), zero.clone(), zero.clone(), zero]
        } else {
            let (cost, fee) = (amount_text(order.cost, digits), amount_text(order.fee, digits));
            [order.filled.to_fixed(LOTS), cost, fee, average.to_fixed(digits)]
        };
        let (trigger, limit) = live_prices(order, &told);
        let (side, volume) = (request.side, request.quantity.to_fixed(LOTS));
        Self::Full(Box::new(FullRow {
            avg_price: average,
            cost,
            descr: Description {
                close: facts.close.as_ref().map(|close| close.sentence.clone()),
                leverage: None,
                order: format!("{side} {volume} {} @ {}", pair.wsname, kind_words(&told, pair)),
                ordertype: order_type(facts),
                pair: pair.wsname,
                price: price_text(&told, pair),
                price2: price2_text(&told, pair),
                side: side.as_str(),
            },
            expiretm: facts.expires.map(seconds),
            fee,
            limitprice: limit.unwrap_or(Price::ZERO).to_fixed(digits),
            misc: misc(facts, order),
            oflags: oflags(facts),
            opentm: seconds(order.opened_at),
            refid: facts.refid.clone(),
            starttm: facts.starts.map(seconds),
            status,
            stopprice: trigger.unwrap_or(Price::ZERO).to_fixed(digits),
            timeinforce: facts.time_in_force(),
            userref: facts.shown_userref(),
            cl_ord_id: request.client_id.as_deref().map(str::to_owned),
            vol: volume,
            vol_exec: filled,
        }))
    }
}

impl TradeRow {
    /// What an order took at once, or gave.
    pub(super) fn new(group: Group<'_>, pair: &Pair) -> Self {
        let (own, digits) = (group.first(), pair.instrument.cost_decimals);
        let (facts, fill) = (&own.order, &own.execution.fill);
        let (quantity, cost, fee) = group.sums();
        let price = cost.price_per(quantity, digits).unwrap_or(fill.price);
        Self {
            cost: amount_text(cost, digits),
            fee: amount_text(fee, digits),
            margin: Price::ZERO.to_fixed(digits),
            ordertxid: facts.txid.clone(),
            ordertype: order_type(facts),
            pair: pair.wsname,
            postxid: facts.position_id(),
            price: price.to_fixed(digits),
            time: seconds(group.at()),
            side: facts.request.side.as_str(),
            userref: facts.shown_userref(),
            vol: quantity.to_fixed(LOTS),
            maker: fill.liquidity == Liquidity::Maker,
            trade_id: fill.trade_id,
        }
    }
}
