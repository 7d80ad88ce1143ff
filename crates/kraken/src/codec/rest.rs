//! Payloads of the REST methods, and the form of an order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use model::{
    Asset, NewOrder, Notional, OrderKind, OrderReport, TimeInForce, Trigger, UnixNanos,
    VenueOrderId,
};
use serde::Deserialize;

use super::decode::{DecodeError, Number, rfc3339};
use super::form::Form;
use super::names;
use super::order_row::OrderRow;
pub(crate) use market::{DepthRow, PairRow, TickerRow};
pub use market::{Page, TradeCursor, TradePage};

pub(super) mod market;

/// State of the venue as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemStatus {
    /// Everything works.
    Online,
    /// Nothing works.
    Maintenance,
    /// Orders can only be cancelled.
    CancelOnly,
    /// Orders must be post-only.
    PostOnly,
    /// A word that we do not know.
    Other(String),
}

impl SystemStatus {
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "online" => Self::Online,
            "maintenance" => Self::Maintenance,
            "cancel_only" => Self::CancelOnly,
            "post_only" => Self::PostOnly,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Admission to the private stream; good for one connection within 15 minutes.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct WsToken {
    pub(crate) token: String,
}

impl fmt::Debug for WsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WsToken(..)")
    }
}

#[derive(Deserialize)]
pub(crate) struct TimeRow {
    unixtime: i64,
}

impl TimeRow {
    pub(crate) const fn into_time(self) -> UnixNanos {
        UnixNanos::from_secs(self.unixtime)
    }
}

#[derive(Deserialize)]
pub(crate) struct StatusRow<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
}

impl StatusRow<'_> {
    pub(crate) fn into_status(self) -> SystemStatus {
        SystemStatus::parse(&self.status)
    }
}

/// A map in which the venue puts one row, under a key of its own choice.
pub(crate) type Keyed<T> = BTreeMap<String, T>;

/// The only row of an answer about one pair.
pub(crate) fn only<T>(rows: Keyed<T>) -> Result<T, DecodeError> {
    let missing = DecodeError::Missing { what: "pair" };
    rows.into_values().next().ok_or(missing)
}

pub(crate) fn balances(rows: Keyed<Number<'_>>) -> Result<BTreeMap<Asset, Notional>, DecodeError> {
    let read =
        |(id, amount): (String, Number<'_>)| Ok((names::asset_from_id(&id), amount.notional()?));
    rows.into_iter().map(read).collect()
}

pub(crate) fn reports(rows: Keyed<OrderRow<'_>>) -> Result<Vec<OrderReport>, DecodeError> {
    let read = |(id, row): (String, OrderRow<'_>)| row.report(&id);
    rows.into_iter().map(read).collect()
}

#[derive(Deserialize)]
pub(crate) struct OpenRows<'a> {
    #[serde(borrow)]
    pub(crate) open: Keyed<OrderRow<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct ClosedRows<'a> {
    #[serde(borrow)]
    pub(crate) closed: Keyed<OrderRow<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct PlacedRow {
    txid: Vec<String>,
}

impl PlacedRow {
    pub(crate) fn into_id(self) -> Result<VenueOrderId, DecodeError> {
        let missing = DecodeError::Missing { what: "txid" };
        let id = self.txid.first().ok_or(missing)?;
        Ok(VenueOrderId::new(id))
    }
}

#[derive(Deserialize)]
pub(crate) struct CountRow {
    pub(crate) count: u32,
}

/// The form of an order, without nonce. The venue's engine refuses it when it arrives after `expiry`.
///
/// Fees are asked for in the quote asset, whichever side.
pub(crate) fn order_form(order: &NewOrder, expiry: UnixNanos) -> Form {
    let (kind, price, flags) = match order.kind {
        OrderKind::Market => ("market", None, "fciq"),
        OrderKind::Limit { price, post_only } => {
            let flags = if post_only { "post,fciq" } else { "fciq" };
            ("limit", Some(price.to_string()), flags)
        }
        OrderKind::Triggered { trigger, price, limit } => {
            let kind = match (trigger, limit) {
                (Trigger::StopLoss, None) => "stop-loss",
                (Trigger::StopLoss, Some(_)) => "stop-loss-limit",
                (Trigger::TakeProfit, None) => "take-profit",
                (Trigger::TakeProfit, Some(_)) => "take-profit-limit",
            };
            (kind, Some(price.to_string()), "fciq")
        }
    };
    let second_price = match order.kind {
        OrderKind::Triggered { limit, .. } => limit.map(|limit| limit.to_string()),
        OrderKind::Market | OrderKind::Limit { .. } => None,
    };
    let time_in_force = match (order.kind, order.time_in_force) {
        // A market order is immediate by itself; with `IOC` it is refused.
        (OrderKind::Market | OrderKind::Triggered { limit: None, .. }, _) => None,
        (OrderKind::Limit { .. } | OrderKind::Triggered { .. }, TimeInForce::Gtc) => Some("GTC"),
        (OrderKind::Limit { .. } | OrderKind::Triggered { .. }, TimeInForce::Ioc) => Some("IOC"),
        (OrderKind::Limit { .. } | OrderKind::Triggered { .. }, TimeInForce::Fok) => Some("FOK"),
    };
    Form::new()
        .with("pair", &names::altname(&order.symbol))
        .with("type", order.side.as_str())
        .with("ordertype", kind)
        .with("volume", &order.quantity.to_string())
        .with_some("price", price.as_deref())
        .with_some("price2", second_price.as_deref())
        .with_some("timeinforce", time_in_force)
        .with("oflags", flags)
        .with_some("reduce_only", order.reduce_only.then_some("true"))
        .with("cl_ord_id", order.client_order_id.as_str())
        .with("deadline", &rfc3339(expiry.floor_to(Duration::from_millis(1))))
}

#[cfg(test)]
mod tests;
