//! Answers to requests.

use std::borrow::Cow;

use model::{ClientOrderId, Symbol, UnixNanos, VenueOrderId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Message;
use crate::codec::decode::timestamp;
use crate::codec::order_row::client_order_id;

/// The answer to a request. A subscription is answered once per symbol, a cancel once per order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The request's own number.
    pub request: Option<u64>,
    /// The symbol, if the request was about one.
    pub symbol: Option<Symbol>,
    /// Where the engine's counter of the account ends, which depends on its tier, if the answer says so.
    pub counter_max: Option<u32>,
    /// What was done, if the request was to do something.
    pub done: Done,
    /// The venue's error, for a refusal.
    pub error: Option<String>,
}

/// What a request to trade has brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Done {
    /// Nothing that would be told: a subscription, a refusal.
    #[default]
    Nothing,
    /// Orders, one per order of the request: added, amended, edited or cancelled.
    Orders(Vec<DoneOrder>),
    /// So many orders were cancelled.
    Cancelled(u32),
    /// All orders will be cancelled then; `None` if the switch is off.
    CancelsAt(Option<UnixNanos>),
}

/// What was done to one order, as far as the answer tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoneOrder {
    /// The venue's name of it; of the new one after an edit.
    pub id: Option<VenueOrderId>,
    /// Ours.
    pub client_order_id: Option<ClientOrderId>,
    /// Name of the change, if it was amended.
    pub amend_id: Option<String>,
    /// The venue's name of the order that an edit replaced.
    pub original: Option<VenueOrderId>,
    /// Why this one of a batch was refused.
    pub error: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) channel: Option<Cow<'a, str>>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    req_id: Option<u64>,
    success: Option<bool>,
    #[serde(alias = "Error")]
    error: Option<String>,
    #[serde(borrow)]
    symbol: Option<Cow<'a, str>>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    orders_cancelled: Option<u32>,
}

#[derive(Default, Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    symbol: Option<Cow<'a, str>>,
    maxratecount: Option<u32>,
    count: Option<u32>,
    #[serde(borrow, rename = "triggerTime")]
    trigger_time: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct OrderRow<'a> {
    #[serde(borrow)]
    order_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cl_ord_id: Option<Cow<'a, str>>,
    amend_id: Option<String>,
    #[serde(borrow)]
    original_order_id: Option<Cow<'a, str>>,
    error: Option<String>,
}

impl OrderRow<'_> {
    fn is_about_an_order(&self) -> bool {
        self.order_id.is_some() || self.cl_ord_id.is_some() || self.amend_id.is_some()
    }

    fn into_done(self) -> DoneOrder {
        DoneOrder {
            id: self.order_id.as_deref().map(VenueOrderId::new),
            client_order_id: client_order_id(self.cl_ord_id.as_deref()),
            amend_id: self.amend_id,
            original: self.original_order_id.as_deref().map(VenueOrderId::new),
            error: self.error,
        }
    }
}

/// Reads what belongs to no channel. A result that we cannot read says no more than that there is one.
pub(super) fn read(envelope: Envelope<'_>) -> Message {
    match envelope.method.as_deref() {
        Some("pong") => return Message::Pong,
        Some(_) => {}
        None => return envelope.error.map_or(Message::Other, Message::Error),
    }
    let result = envelope.result.map(RawValue::get).unwrap_or_default();
    let (row, orders): (Row<'_>, Vec<OrderRow<'_>>) = if result.starts_with('[') {
        (Row::default(), serde_json::from_str(result).unwrap_or_default())
    } else {
        let order: OrderRow<'_> = serde_json::from_str(result).unwrap_or_default();
        let orders = Some(order).filter(OrderRow::is_about_an_order);
        (serde_json::from_str(result).unwrap_or_default(), orders.into_iter().collect())
    };
    let Row { symbol, maxratecount, count, trigger_time } = row;
    let done = if let Some(count) = count.or(envelope.orders_cancelled) {
        Done::Cancelled(count)
    } else if let Some(at) = trigger_time {
        Done::CancelsAt(timestamp(&at).ok())
    } else if !orders.is_empty() {
        Done::Orders(orders.into_iter().map(OrderRow::into_done).collect())
    } else {
        Done::Nothing
    };
    let symbol = envelope.symbol.or(symbol);
    let refused = envelope.success == Some(false) || envelope.error.is_some();
    Message::Ack(Ack {
        request: envelope.req_id,
        symbol: symbol.map(|symbol| Symbol::new(&symbol)),
        counter_max: maxratecount,
        done,
        error: refused.then(|| envelope.error.unwrap_or_else(|| "refused".to_owned())),
    })
}
