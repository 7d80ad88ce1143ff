//! Payloads of the REST methods, and the fields of an order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use model::{Asset, Intake, Notional, OrderReport, Side, UnixNanos};
use serde::Deserialize;

use super::decode::{DecodeError, Number};
use super::names;
use super::order_row::OrderRow;
pub(crate) use account::{BalanceRow, TradeBalanceRow, VolumeRow, extended_balances, positions};
pub(crate) use history::{
    DetailsRow, LedgerRow, PageOf, TradeRow, details, ledger_entries, own_trades,
};
pub(crate) use market::{DepthRow, PairRow, TickerRow};
pub use market::{Page, TradeCursor, TradePage};
pub(crate) use trading::{
    AmendRow, BatchRow, EditRow, PlacedRow, SwitchRow, amendment_fields, batch_body, deadline_text,
    order_fields, replacement_fields, whole_seconds,
};

mod account;
mod history;
pub(super) mod market;
mod trading;

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
    /// The orders that the venue takes. A word that we do not know forbids nothing: the venue refuses what it
    /// does not want.
    pub fn intake(&self) -> Intake {
        match self {
            Self::Online => Intake::Open,
            Self::Maintenance => Intake::Closed,
            Self::CancelOnly => Intake::CancelOnly,
            Self::PostOnly => Intake::PostOnly,
            Self::Other(word) => {
                tracing::warn!(venue = "kraken", word, "unknown venue status");
                Intake::Open
            }
        }
    }

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

/// Rows under the venue's own names of them.
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
pub(crate) struct OpenRows<T> {
    pub(crate) open: Keyed<T>,
}

#[derive(Deserialize)]
pub(crate) struct ClosedRows<'a> {
    #[serde(borrow)]
    pub(crate) closed: Keyed<OrderRow<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct CountRow {
    pub(crate) count: u32,
}

/// Side of an order, in a word.
pub(super) fn side_word(word: &str) -> Option<Side> {
    match word {
        "buy" => Some(Side::Buy),
        "sell" => Some(Side::Sell),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
