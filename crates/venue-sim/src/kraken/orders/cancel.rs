//! Orders are taken back.

use matching::{AccountId, OrderId};
use model::UnixNanos;

use crate::kraken::error::ApiError;
use crate::kraken::orders::Phase;
use crate::kraken::rest::Args;
use crate::kraken::venue::Venue;

/// Orders that one batch may cancel.
pub(crate) const CANCELS_MAX: usize = 50;

impl Venue {
    /// `CancelOrder`: by order id, by the number that the client gave several orders, or by the
    /// name that it gave one. How many were cancelled.
    pub(crate) fn cancel_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> Result<usize, ApiError> {
        let orders = match (args.get("txid"), args.get("cl_ord_id")) {
            (Some(txid), None) => self.orders_named(account, txid),
            (None, Some(name)) => self.order_of_client(account, name).into_iter().collect(),
            (None, None) | (Some(_), Some(_)) => return Err(ApiError::arguments("txid")),
        };
        self.cancel_counted(account, &orders, now)
    }

    /// `CancelOrderBatch`: ids, numbers and names of the client's. How many were cancelled.
    pub(crate) fn cancel_batch(
        &mut self,
        account: AccountId,
        names: &[String],
        client_ids: &[String],
        now: UnixNanos,
    ) -> Result<usize, ApiError> {
        let number = names.len() + client_ids.len();
        if !(1..=CANCELS_MAX).contains(&number) {
            return Err(ApiError::arguments("orders"));
        }
        let named = names.iter().flat_map(|name| self.orders_named(account, name));
        let given = client_ids.iter().filter_map(|name| self.order_of_client(account, name));
        let mut orders: Vec<OrderId> = named.chain(given).collect();
        orders.sort_unstable();
        orders.dedup();
        self.cancel_counted(account, &orders, now)
    }

    /// `CancelAll`. How many were cancelled.
    pub(crate) fn cancel_all(
        &mut self,
        account: AccountId,
        now: UnixNanos,
    ) -> Result<usize, ApiError> {
        if self.phase == Phase::Maintenance {
            return Err(ApiError::UNAVAILABLE);
        }
        let open = self.exchange.open_orders(account);
        let orders: Vec<OrderId> = open.map(|order| order.id).collect();
        Ok(self.cancel(account, &orders, now))
    }

    /// Cancels those of the orders that are open and the account's, as far as the limits permit; there must
    /// be one.
    fn cancel_counted(
        &mut self,
        account: AccountId,
        orders: &[OrderId],
        now: UnixNanos,
    ) -> Result<usize, ApiError> {
        if self.phase == Phase::Maintenance {
            return Err(ApiError::UNAVAILABLE);
        }
        self.count_cancels(account, orders, now)?;
        match self.cancel(account, orders, now) {
            0 => Err(ApiError::UNKNOWN_ORDER),
            count => Ok(count),
        }
    }

    /// Cancels those of the orders that are open and the account's; returns their number.
    pub(super) fn cancel(
        &mut self,
        account: AccountId,
        orders: &[OrderId],
        now: UnixNanos,
    ) -> usize {
        let mut events = Vec::new();
        let exchange = &mut self.exchange;
        let cancelled =
            orders.iter().filter(|id| exchange.cancel(account, **id, now, &mut events).is_ok());
        let count = cancelled.count();
        self.publish(&events, now);
        count
    }

    /// The orders that an order id names, or a number that the client gave them.
    fn orders_named(&self, account: AccountId, name: &str) -> Vec<OrderId> {
        match (self.by_txid.get(name), name.parse::<i32>()) {
            (Some(order), _) => vec![*order],
            (None, Ok(userref)) => self.open_with_userref(account, userref),
            (None, Err(_)) => Vec::new(),
        }
    }

    /// The newest order under a name of the client's.
    pub(super) fn order_of_client(&self, account: AccountId, name: &str) -> Option<OrderId> {
        self.exchange.by_client_id(account, name).map(|order| order.id)
    }

    fn open_with_userref(&self, account: AccountId, userref: i32) -> Vec<OrderId> {
        let given = |id: &OrderId| {
            let details = self.orders.get(id);
            details.is_some_and(|details| details.facts.userref == Some(userref))
        };
        let open = self.exchange.open_orders(account).map(|order| order.id);
        open.filter(given).collect()
    }
}
