//! The private channels.

use std::borrow::Cow;

use model::{Asset, Fill, Liquidity, Notional, OrderReport, OrderState, VenueOrderId};
use serde::Deserialize;

use super::{Message, data};
use crate::codec::decode::{DecodeError, Number, field};
use crate::codec::names;
use crate::codec::order_row::client_order_id;

#[derive(Deserialize)]
struct FeeRow<'a> {
    #[serde(borrow)]
    asset: Cow<'a, str>,
    #[serde(borrow)]
    qty: Number<'a>,
}

/// A row of `executions`; most fields are left out where they do not change.
#[derive(Deserialize)]
struct ExecutionRow<'a> {
    #[serde(borrow)]
    order_id: Cow<'a, str>,
    #[serde(borrow)]
    cl_ord_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    exec_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    order_status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    symbol: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cum_qty: Option<Number<'a>>,
    #[serde(borrow)]
    cum_cost: Option<Number<'a>>,
    #[serde(borrow)]
    last_qty: Option<Number<'a>>,
    #[serde(borrow)]
    last_price: Option<Number<'a>>,
    trade_id: Option<u64>,
    #[serde(borrow)]
    liquidity_ind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fees: Vec<FeeRow<'a>>,
    reason: Option<String>,
}

pub(super) fn executions(text: &str) -> Result<Message, DecodeError> {
    let message = data::<Vec<ExecutionRow<'_>>>(text)?;
    let (snapshot, sequence) = (message.is_snapshot(), message.sequence);
    let reports = message.data.into_iter().map(ExecutionRow::into_report);
    Ok(Message::Executions { snapshot, sequence, reports: reports.collect::<Result<_, _>>()? })
}

impl ExecutionRow<'_> {
    fn into_report(self) -> Result<OrderReport, DecodeError> {
        Ok(OrderReport {
            client_order_id: client_order_id(self.cl_ord_id.as_deref()),
            venue_order_id: VenueOrderId::new(&self.order_id),
            state: self.state(),
            filled: self.cum_qty.map(Number::quantity).transpose()?,
            cost: self.cum_cost.map(Number::notional).transpose()?,
            // The venue tells the fees of each execution, and their sum in dollars only.
            fee: None,
            last_fill: self.fill()?,
            reason: self.reason.filter(|reason| !reason.is_empty()).map(Into::into),
        })
    }

    /// A state that we do not know counts as open: that is not final, so the order will be asked for.
    fn state(&self) -> OrderState {
        let status = self.order_status.as_deref().or(self.exec_type.as_deref());
        match status {
            Some("filled") => OrderState::Filled,
            Some("canceled" | "expired") => OrderState::Cancelled,
            _ => OrderState::Open,
        }
    }

    fn fill(&self) -> Result<Option<Fill>, DecodeError> {
        if self.exec_type.as_deref() != Some("trade") {
            return Ok(None);
        }
        let missing = |what| DecodeError::Missing { what };
        let price = self.last_price.ok_or(missing("last_price"))?;
        let quantity = self.last_qty.ok_or(missing("last_qty"))?;
        let liquidity = match self.liquidity_ind.as_deref() {
            Some("m") => Liquidity::Maker,
            _ => Liquidity::Taker,
        };
        Ok(Some(Fill {
            trade_id: self.trade_id.ok_or(missing("trade_id"))?,
            price: price.price()?,
            quantity: quantity.quantity()?,
            fee: self.quote_fee()?,
            liquidity,
        }))
    }

    /// Sum of the fees in the quote asset. We ask for fees in quote; another asset is reported only.
    fn quote_fee(&self) -> Result<Notional, DecodeError> {
        let quote = self.symbol.as_deref().and_then(names::quote_of);
        let mut sum = Notional::ZERO;
        for fee in &self.fees {
            if quote.is_some_and(|quote| quote != fee.asset) {
                tracing::warn!(venue = "kraken", asset = %fee.asset, "fee in another asset");
                continue;
            }
            let amount = fee.qty.notional()?;
            sum = sum.checked_add(amount).unwrap_or(sum);
        }
        Ok(sum)
    }
}

/// What we own of an asset. What open orders hold is in it, and not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceRow {
    /// The asset.
    pub asset: Asset,
    /// What we own of it now.
    pub balance: Notional,
    /// By how much that changed, fee not counted; `None` in a snapshot.
    pub amount: Option<Notional>,
    /// What was paid for it; `None` in a snapshot.
    pub fee: Option<Notional>,
    /// What the change belongs to: the id of a trade, which both of its assets share.
    pub reference: Option<String>,
}

#[derive(Deserialize)]
struct LedgerRow<'a> {
    #[serde(borrow)]
    asset: Cow<'a, str>,
    #[serde(deserialize_with = "field::notional")]
    balance: Notional,
    #[serde(borrow)]
    amount: Option<Number<'a>>,
    #[serde(borrow)]
    fee: Option<Number<'a>>,
    ref_id: Option<String>,
}

pub(super) fn balances(text: &str) -> Result<Message, DecodeError> {
    let message = data::<Vec<LedgerRow<'_>>>(text)?;
    let (snapshot, sequence) = (message.is_snapshot(), message.sequence);
    let read = |row: LedgerRow<'_>| {
        Ok::<_, DecodeError>(BalanceRow {
            asset: Asset::new(&row.asset),
            balance: row.balance,
            amount: row.amount.map(Number::notional).transpose()?,
            fee: row.fee.map(Number::notional).transpose()?,
            reference: row.ref_id,
        })
    };
    let rows = message.data.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(Message::Balances { snapshot, sequence, rows })
}
