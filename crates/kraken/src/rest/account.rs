//! Questions about the account: what it owns, its orders, its past.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{Asset, ClientOrderId, Notional, OrderReport, Symbol, UnixNanos, VenueOrderId};
use resilience::{LaneError, Weight};
use serde_json::value::RawValue;

use super::paging::Pager;
use super::{HISTORY_WEIGHT, LookupError, QUERY_WEIGHT, Rest, RestError};
use crate::codec::account::{
    Balance, Fees, LedgerEntry, OrderDetails, OwnTrade, Paged, Period, Position, TradeBalance,
};
use crate::codec::decode::Number;
use crate::codec::form::Form;
use crate::codec::names;
use crate::codec::order_row::OrderRow;
use crate::codec::reply;
use crate::codec::rest::{
    self as payload, BalanceRow, ClosedRows, DetailsRow, Keyed, LedgerRow, OpenRows, PageOf,
    TradeBalanceRow, TradeRow, VolumeRow, WsToken,
};

/// Executions and entries of a ledger that one question may name.
const QUERY_IDS_MAX: usize = 20;

/// Shortest wait for another turn at the limiter, where nobody knows how long it takes.
const TURN_MIN: Duration = Duration::from_millis(100);

impl Rest {
    /// What the account owns, what is reserved for open orders included.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn balances(&self) -> Result<BTreeMap<Asset, Notional>, RestError> {
        self.shared
            .query(self.deadline(), "Balance", Form::new(), |body, now| {
                let rows: Keyed<Number<'_>> = reply::result(body, now)?;
                Ok(payload::balances(rows)?)
            })
            .await
    }

    /// All open orders of the account.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn open_orders(&self) -> Result<Vec<OrderReport>, RestError> {
        self.open_orders_where(Form::new()).await
    }

    /// Closed orders with a client order id, which is unique among open orders only.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn closed_orders(&self, id: &ClientOrderId) -> Result<Vec<OrderReport>, RestError> {
        let form = Form::new().with("cl_ord_id", id.as_str());
        self.shared
            .query(self.deadline(), "ClosedOrders", form, |body, now| {
                let rows: ClosedRows<'_> = reply::result(body, now)?;
                Ok(payload::reports(rows.closed)?)
            })
            .await
    }

    /// Orders by the venue's ids, at most 50. For a single one there is [`Rest::look_up`].
    ///
    /// # Errors
    /// See [`RestError`]; an id that the venue does not know is an error.
    pub async fn query_orders(&self, ids: &[VenueOrderId]) -> Result<Vec<OrderReport>, RestError> {
        self.shared.query_orders(ids, self.deadline()).await
    }

    /// One order by the venue's id. Those who ask within [`KrakenConfig::lookup`](crate::KrakenConfig::lookup)'s wait are answered
    /// by one request; an id that the venue does not know costs the others a request or two, not
    /// their answers.
    ///
    /// # Errors
    /// See [`LookupError`]; an id that the venue does not know is an error.
    ///
    /// # Cancel safety
    /// Dropping it before the request is made takes the id out of it.
    pub async fn look_up(&self, id: &VenueOrderId) -> Result<OrderReport, LookupError> {
        self.lookup.ask(id, self.deadline()).await
    }

    /// Looks for an order among the open, then among the closed ones: in this order, an order that
    /// closes in between is still found.
    ///
    /// `None` does not prove that it will not appear: a request that is still on its way, or in the
    /// venue's queue, may be accepted until [`KrakenConfig::order_deadline`](crate::KrakenConfig::order_deadline) after it was sent, and the
    /// lists may be some seconds late.
    ///
    /// Each of the two questions takes at most [`KrakenConfig::request_timeout`](crate::KrakenConfig::request_timeout);
    /// the second one waits for its turn for as long.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn find_order(&self, id: &ClientOrderId) -> Result<Option<OrderReport>, RestError> {
        let ours = |report: &OrderReport| report.client_order_id.as_ref() == Some(id);
        let form = Form::new().with("cl_ord_id", id.as_str());
        let open = self.open_orders_where(form).await?;
        if let Some(report) = open.into_iter().find(ours) {
            return Ok(Some(report));
        }
        // While others wait, too, the limiter may refuse the second question. Whoever begins anew with the first one
        // takes the turns of both, and may never come to an end.
        let deadline = self.deadline();
        let rest = self.by(deadline);
        loop {
            let refused = match rest.closed_orders(id).await {
                Err(refused @ LaneError::Limited(_)) => refused,
                answer => return Ok(answer?.into_iter().find(ours)),
            };
            let wait = refused.wait(|_| Duration::ZERO).max(TURN_MIN);
            if wait >= deadline.remaining() {
                return Err(refused);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// What the account has of each asset, with what of it is held for open orders.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn balances_in_full(&self) -> Result<BTreeMap<Asset, Balance>, RestError> {
        self.shared
            .query(self.deadline(), "BalanceEx", Form::new(), |body, now| {
                let rows: Keyed<BalanceRow<'_>> = reply::result(body, now)?;
                Ok(payload::extended_balances(rows)?)
            })
            .await
    }

    /// What the account is worth in an asset, such as `USD`.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn trade_balance(&self, asset: &Asset) -> Result<TradeBalance, RestError> {
        let form = Form::new().with("asset", &names::altname_of(asset));
        self.shared
            .query(self.deadline(), "TradeBalance", form, |body, now| {
                Ok(reply::result::<TradeBalanceRow<'_>>(body, now)?.into_balance()?)
            })
            .await
    }

    /// What trading these pairs costs the account.
    ///
    /// # Errors
    /// See [`RestError`]; a pair whose fees are not told is an error.
    pub async fn fees(&self, symbols: &[Symbol]) -> Result<Fees, RestError> {
        let pairs: Vec<_> = symbols.iter().map(names::altname).collect();
        let form = Form::new().with("pair", &pairs.join(","));
        let read = |body: &[u8], now| Ok(reply::result::<VolumeRow<'_>>(body, now)?.into_volume()?);
        let volume = self.shared.query(self.deadline(), "TradeVolume", form, read).await?;
        Ok(volume.into_fees(symbols).map_err(super::CallError::Malformed)?)
    }

    /// Open margin positions.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn open_positions(&self) -> Result<Vec<Position>, RestError> {
        self.shared
            .query(self.deadline(), "OpenPositions", Form::new(), |body, now| {
                Ok(payload::positions(reply::result::<&RawValue>(body, now)?)?)
            })
            .await
    }

    /// All open orders with everything that is told of them.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn open_orders_in_full(&self) -> Result<Vec<OrderDetails>, RestError> {
        let form = Form::new().with("trades", "true");
        let read = |body: &[u8], now| {
            let rows: OpenRows<DetailsRow<'_>> = reply::result(body, now)?;
            Ok(payload::details(rows.open)?)
        };
        self.shared.query(self.deadline(), "OpenOrders", form, read).await
    }

    /// Orders by the venue's ids, at most 50, with everything that is told of them.
    ///
    /// # Errors
    /// See [`RestError`]; an id that the venue does not know is an error.
    pub async fn orders_in_full(
        &self,
        ids: &[VenueOrderId],
    ) -> Result<Vec<OrderDetails>, RestError> {
        let ids: Vec<_> = ids.iter().map(VenueOrderId::as_str).collect();
        let form = each_execution().with("txid", &ids.join(",")).with("trades", "true");
        let read = |body: &[u8], now| {
            let rows: Keyed<DetailsRow<'_>> = reply::result(body, now)?;
            Ok(payload::details(rows)?)
        };
        self.shared.query(self.deadline(), "QueryOrders", form, read).await
    }

    /// Orders that ended in a period, newest first, in at most so many requests of 50. If they were not
    /// enough, [`Paged::next`] is the `until` to go on with.
    ///
    /// # Errors
    /// See [`RestError`], of any of the requests.
    pub async fn orders_closed_in(
        &self,
        period: Period,
        pages_max: u32,
    ) -> Result<Paged<OrderDetails, UnixNanos>, RestError> {
        let form = each_execution().with("closetime", "close").with("trades", "true");
        let pager = Pager { method: "ClosedOrders", weight: QUERY_WEIGHT, form, period, pages_max };
        pager
            .read(self, |body, now| {
                let page: PageOf<DetailsRow<'_>> = reply::result(body, now)?;
                Ok((payload::details(page.rows)?, page.count))
            })
            .await
    }

    /// Executions of a period, newest first, otherwise as [`Rest::orders_closed_in`].
    ///
    /// # Errors
    /// See [`RestError`], of any of the requests.
    pub async fn executions_in(
        &self,
        period: Period,
        pages_max: u32,
    ) -> Result<Paged<OwnTrade, UnixNanos>, RestError> {
        let (weight, form) = (HISTORY_WEIGHT, each_execution());
        let pager = Pager { method: "TradesHistory", weight, form, period, pages_max };
        pager
            .read(self, |body, now| {
                let page: PageOf<TradeRow<'_>> = reply::result(body, now)?;
                Ok((payload::own_trades(page.rows)?, page.count))
            })
            .await
    }

    /// Executions by their ids, 20 to a request.
    ///
    /// # Errors
    /// See [`RestError`], of any of the requests; an id that the venue does not know is an error.
    pub async fn executions(&self, ids: &[String]) -> Result<Vec<OwnTrade>, RestError> {
        let mut found = Vec::with_capacity(ids.len());
        for part in ids.chunks(QUERY_IDS_MAX) {
            let form = each_execution().with("txid", &part.join(","));
            let read = |body: &[u8], now| {
                let rows: Keyed<TradeRow<'_>> = reply::result(body, now)?;
                Ok(payload::own_trades(rows)?)
            };
            let shared = &self.shared;
            found.extend(shared.query(self.deadline(), "QueryTrades", form, read).await?);
        }
        Ok(found)
    }

    /// All executions of orders, at most 50 orders: their ids are asked for first.
    ///
    /// # Errors
    /// See [`RestError`]; an order that the venue does not know is an error.
    pub async fn executions_of(&self, orders: &[VenueOrderId]) -> Result<Vec<OwnTrade>, RestError> {
        let orders = self.orders_in_full(orders).await?;
        let ids: Vec<String> = orders.into_iter().flat_map(|order| order.trades).collect();
        self.executions(&ids).await
    }

    /// Entries of the ledger in a period, newest first, otherwise as [`Rest::orders_closed_in`].
    ///
    /// # Errors
    /// See [`RestError`], of any of the requests.
    pub async fn ledger_in(
        &self,
        period: Period,
        pages_max: u32,
    ) -> Result<Paged<LedgerEntry, UnixNanos>, RestError> {
        let (weight, form) = (HISTORY_WEIGHT, Form::new());
        let pager = Pager { method: "Ledgers", weight, form, period, pages_max };
        pager
            .read(self, |body, now| {
                let page: PageOf<LedgerRow<'_>> = reply::result(body, now)?;
                Ok((payload::ledger_entries(page.rows)?, page.count))
            })
            .await
    }

    /// Entries of the ledger by their ids, 20 to a request.
    ///
    /// # Errors
    /// As [`Rest::executions`].
    pub async fn ledger_entries(&self, ids: &[String]) -> Result<Vec<LedgerEntry>, RestError> {
        let mut found = Vec::with_capacity(ids.len());
        for part in ids.chunks(QUERY_IDS_MAX) {
            let form = Form::new().with("id", &part.join(","));
            let read = |body: &[u8], now| {
                let rows: Keyed<LedgerRow<'_>> = reply::result(body, now)?;
                Ok(payload::ledger_entries(rows)?)
            };
            let weight = Weight::from(HISTORY_WEIGHT);
            let (shared, deadline) = (&self.shared, self.deadline());
            found.extend(shared.weighty_query(deadline, weight, "QueryLedgers", form, read).await?);
        }
        Ok(found)
    }

    /// Admission to the private stream.
    ///
    /// # Errors
    /// See [`RestError`].
    pub async fn ws_token(&self) -> Result<WsToken, RestError> {
        self.shared
            .query(self.deadline(), "GetWebSocketsToken", Form::new(), |body, now| {
                reply::result(body, now)
            })
            .await
    }

    async fn open_orders_where(&self, form: Form) -> Result<Vec<OrderReport>, RestError> {
        let read = |body: &[u8], now| {
            let rows: OpenRows<OrderRow<'_>> = reply::result(body, now)?;
            Ok(payload::reports(rows.open)?)
        };
        let reports = self.shared.query(self.deadline(), "OpenOrders", form, read).await?;
        self.shared.limits.saw_orders(&reports);
        Ok(reports)
    }
}

/// A request whose answer has every execution as the stream tells it. Kraken sums up what an order took at once
/// unless it is asked not to: such a sum has the number of its first part, which may be known already.
fn each_execution() -> Form {
    Form::new().with("consolidate_taker", "false")
}
