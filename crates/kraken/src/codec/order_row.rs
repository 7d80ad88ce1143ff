//! The row with which REST describes an order.

use std::borrow::Cow;

use model::{ClientOrderId, OrderReport, OrderState, VenueOrderId};
use serde::Deserialize;

use super::decode::{DecodeError, Number};

/// The fields that we use of an `ORDER` row.
#[derive(Debug, Deserialize)]
pub(crate) struct OrderRow<'a> {
    #[serde(borrow)]
    pub(super) status: Cow<'a, str>,
    #[serde(default)]
    pub(super) cl_ord_id: Option<String>,
    #[serde(borrow)]
    pub(super) vol_exec: Number<'a>,
    #[serde(borrow)]
    pub(super) cost: Number<'a>,
    #[serde(borrow)]
    pub(super) fee: Number<'a>,
    #[serde(default)]
    pub(super) reason: Option<String>,
}

impl OrderRow<'_> {
    /// The row in the words of this program.
    pub(crate) fn report(self, id: &str) -> Result<OrderReport, DecodeError> {
        Ok(OrderReport {
            client_order_id: client_order_id(self.cl_ord_id.as_deref()),
            venue_order_id: VenueOrderId::new(id),
            state: state(&self.status),
            filled: Some(self.vol_exec.quantity()?),
            cost: Some(self.cost.notional()?),
            fee: Some(self.fee.notional()?),
            last_fill: None,
            reason: self.reason.filter(|reason| !reason.is_empty()).map(Into::into),
        })
    }
}

/// Our id, if the text is one: orders placed by others may carry ids of other forms.
pub(super) fn client_order_id(text: Option<&str>) -> Option<ClientOrderId> {
    ClientOrderId::new(text?).ok()
}

/// State of an order in REST's words. A word that we do not know counts as open: that is not final, so
/// the order will be asked for again.
fn state(status: &str) -> OrderState {
    match status {
        "closed" => OrderState::Filled,
        "canceled" | "expired" => OrderState::Cancelled,
        "pending" | "open" => OrderState::Open,
        unknown => {
            tracing::warn!(venue = "kraken", status = unknown, "unknown order status");
            OrderState::Open
        }
    }
}
