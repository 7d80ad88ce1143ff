//! What we ask over the WebSocket to trade. Numbers are numbers here, with the digits of their texts.

use std::collections::BTreeMap;
use std::fmt::Display;

use model::{Symbol, UnixNanos};

use crate::codec::decode::rfc3339;
use crate::codec::order::{
    Amendment, CancelTarget, Distance, FeeAsset, Kind, KrakenOrder, Life, OrderName, PriceAt,
    Reference, Replacement, SelfTrade, Size, Target,
};
use crate::codec::rest::{deadline_text, whole_seconds};

/// A request to trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TradeRequest {
    Add(KrakenOrder),
    /// Of one pair.
    AddBatch(Symbol, Vec<KrakenOrder>),
    Amend(Amendment),
    Edit(Replacement),
    Cancel(CancelTarget),
    CancelBatch(Vec<CancelTarget>),
    CancelAll,
    /// Seconds.
    CancelAllAfter(u64),
}

/// A JSON object that is being written.
#[derive(Debug, Default)]
struct Object(String);

impl Object {
    /// Adds a field whose value is JSON already.
    fn raw(mut self, name: &str, json: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    fn text(self, name: &str, text: &str) -> Self {
        let json = quoted(text);
        self.raw(name, &json)
    }

    fn number(self, name: &str, number: impl Display) -> Self {
        self.raw(name, &number.to_string())
    }

    fn some_number(self, name: &str, number: Option<impl Display>) -> Self {
        match number {
            Some(number) => self.number(name, number),
            None => self,
        }
    }

    /// A flag that is left out when it is not set.
    fn flag(self, name: &str, set: bool) -> Self {
        if set { self.raw(name, "true") } else { self }
    }

    /// A price with its type, unless it is a plain one.
    fn price(self, name: &str, type_name: &str, price: Option<PriceAt>) -> Self {
        let Some(price) = price else { return self };
        let (number, kind) = parts(price);
        let object = self.raw(name, &number);
        if kind == STATIC { object } else { object.text(type_name, kind) }
    }

    fn end(self) -> String {
        format!("{{{}}}", self.0)
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("texts always serialize")
}

/// Type of a price that is one.
const STATIC: &str = "static";

/// The number of a price and its type: a distance below has a minus in front.
fn parts(price: PriceAt) -> (String, &'static str) {
    let distance = |by: Distance| match by {
        Distance::Quote(by) => (by.to_string(), "quote"),
        Distance::Percent(by) => (by.to_string(), "pct"),
    };
    match price {
        PriceAt::Exactly(price) => (price.to_string(), STATIC),
        PriceAt::Above(by) => distance(by),
        PriceAt::Below(by) => {
            let (number, kind) = distance(by);
            (format!("-{number}"), kind)
        }
    }
}

/// What waits for a price of the market.
fn triggers(price: PriceAt, by: Reference) -> String {
    let (number, kind) = parts(price);
    let reference = match by {
        Reference::Last => "last",
        Reference::Index => "index",
    };
    Object::default()
        .text("reference", reference)
        .raw("price", &number)
        .text("price_type", kind)
        .end()
}

/// One order, without pair, token and deadline.
fn one_order(order: &KrakenOrder) -> Object {
    let object =
        Object::default().text("order_type", order.kind_words()).text("side", order.side.as_str());
    let object = match order.size {
        Size::Base(quantity) => object.number("order_qty", quantity),
        Size::Quote(cost) => object.number("cash_order_qty", cost),
    };
    let object = match &order.kind {
        Kind::Market { protected } => object.flag("no_mpp", !protected),
        Kind::Limit { price, post_only, shown } => object
            .price("limit_price", "limit_price_type", Some(*price))
            .flag("post_only", *post_only)
            .some_number("display_qty", *shown),
        Kind::Triggered { price, limit, by, .. } => object
            .raw("triggers", &triggers(*price, *by))
            .price("limit_price", "limit_price_type", *limit),
        Kind::Trailing { distance, limit, by } => object
            .raw("triggers", &triggers(PriceAt::Above(*distance), *by))
            .price("limit_price", "limit_price_type", *limit),
        Kind::SettlePosition => object,
    };
    let object = with_life(object, order);
    let object = object
        .flag("margin", order.leverage.is_some())
        .flag("reduce_only", order.reduce_only)
        .text(
            "fee_preference",
            match order.fee_in {
                FeeAsset::Quote => "quote",
                FeeAsset::Base => "base",
            },
        );
    let object = match order.self_trade {
        SelfTrade::CancelNewest => object,
        SelfTrade::CancelOldest | SelfTrade::CancelBoth => {
            object.text("stp_type", order.self_trade.words().1)
        }
    };
    let object = match &order.close {
        Some(close) => {
            let (first, second) = close.prices();
            let closing = Object::default().text("order_type", close.kind_words());
            let closing = if close.is_limit() {
                closing.price("limit_price", "limit_price_type", Some(first))
            } else {
                closing.price("trigger_price", "trigger_price_type", Some(first)).price(
                    "limit_price",
                    "limit_price_type",
                    second,
                )
            };
            object.raw("conditional", &closing.end())
        }
        None => object,
    };
    match &order.name {
        OrderName::Client(id) => object.text("cl_ord_id", id.as_str()),
        OrderName::UserRef(number) => object.number("order_userref", number),
    }
}

fn with_life(object: Object, order: &KrakenOrder) -> Object {
    let object = match order.life {
        Life::Gtc | Life::Ioc | Life::Fok if order.ends_at_market() => object,
        Life::Gtc => object.text("time_in_force", "gtc"),
        Life::Ioc => object.text("time_in_force", "ioc"),
        Life::Fok => object.text("time_in_force", "fok"),
        Life::Gtd(until) => {
            let until = UnixNanos::from_secs(whole_seconds(until));
            object.text("time_in_force", "gtd").text("expire_time", &rfc3339(until))
        }
    };
    match order.starts_at {
        Some(at) => object.text("effective_time", &rfc3339(at)),
        None => object,
    }
}

/// Named orders: the names of the lists of the venue's ids, of our numbers, and of our ids. Two lists of
/// one name are one.
fn cancelled(targets: &[CancelTarget], names: [&'static str; 3]) -> Object {
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for target in targets {
        let (name, json) = match target {
            CancelTarget::Venue(id) => (names[0], quoted(id.as_str())),
            CancelTarget::UserRef(number) => (names[1], number.to_string()),
            CancelTarget::Client(id) => (names[2], quoted(id.as_str())),
        };
        lists.entry(name).or_default().push(json);
    }
    lists.into_iter().fold(Object::default(), |object, (name, list)| {
        object.raw(name, &format!("[{}]", list.join(",")))
    })
}

impl TradeRequest {
    /// The text of the request. The venue's engine refuses what may place or change an order when it
    /// arrives after `expiry`.
    pub(crate) fn text(&self, token: &str, expiry: UnixNanos, req_id: u64) -> String {
        let deadline = deadline_text(expiry);
        let (method, params) = match self {
            Self::Add(order) => {
                let params = one_order(order).text("symbol", order.symbol.as_str());
                ("add_order", params.text("deadline", &deadline))
            }
            Self::AddBatch(symbol, orders) => {
                let orders: Vec<_> = orders.iter().map(|order| one_order(order).end()).collect();
                let params = Object::default().text("symbol", symbol.as_str());
                let params = params.raw("orders", &format!("[{}]", orders.join(",")));
                ("batch_add", params.text("deadline", &deadline))
            }
            Self::Amend(change) => ("amend_order", amended(change).text("deadline", &deadline)),
            Self::Edit(new) => ("edit_order", edited(new).text("deadline", &deadline)),
            Self::Cancel(target) => {
                let names = ["order_id", "order_userref", "cl_ord_id"];
                ("cancel_order", cancelled(std::slice::from_ref(target), names))
            }
            Self::CancelBatch(targets) => {
                ("batch_cancel", cancelled(targets, ["orders", "orders", "cl_ord_id"]))
            }
            Self::CancelAll => ("cancel_all", Object::default()),
            Self::CancelAllAfter(seconds) => {
                ("cancel_all_orders_after", Object::default().number("timeout", seconds))
            }
        };
        let params = params.text("token", token).end();
        Object::default()
            .text("method", method)
            .raw("params", &params)
            .number("req_id", req_id)
            .end()
    }
}

fn amended(change: &Amendment) -> Object {
    let params = match &change.target {
        Target::Venue(id) => Object::default().text("order_id", id.as_str()),
        Target::Client(id) => Object::default().text("cl_ord_id", id.as_str()),
    };
    params
        .some_number("order_qty", change.quantity)
        .some_number("display_qty", change.shown)
        .price("limit_price", "limit_price_type", change.limit)
        .price("trigger_price", "trigger_price_type", change.trigger)
        .flag("post_only", change.post_only)
}

fn edited(new: &Replacement) -> Object {
    let params = Object::default()
        .text("order_id", new.order.as_str())
        .text("symbol", new.symbol.as_str())
        .some_number("order_qty", new.quantity)
        .some_number("order_userref", new.userref)
        .flag("post_only", new.post_only);
    match (new.price, new.second_price) {
        // The first price is a trigger, then.
        (Some(trigger), Some(limit)) => params
            .raw("triggers", &triggers(trigger, Reference::Last))
            .price("limit_price", "limit_price_type", Some(limit)),
        (price, None) => params.price("limit_price", "limit_price_type", price),
        (None, limit) => params.price("limit_price", "limit_price_type", limit),
    }
}

#[cfg(test)]
mod tests;
