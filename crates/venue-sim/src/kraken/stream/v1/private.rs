//! Private feeds of version 1.

use matching::{AccountId, OrderId};
use model::UnixNanos;
use serde::Serialize;

use crate::kraken::rest::Group;
use crate::kraken::stream::v1::rows::{Moment, OrderRow, TradeRow};
use crate::kraken::stream::v1::{Private, PrivateFeed};
use crate::kraken::venue::Venue;
use crate::kraken::wire::{Keyed, json};

/// Number of a message.
#[derive(Serialize)]
struct Sequence {
    sequence: u64,
}

impl PrivateFeed {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::OpenOrders => "openOrders",
            Self::OwnTrades => "ownTrades",
        }
    }
}

impl Private {
    /// The next message: one object per row.
    pub(super) fn message<T: Serialize>(
        &mut self,
        feed: PrivateFeed,
        rows: &[(String, T)],
    ) -> String {
        self.sequence += 1;
        let rows: Vec<_> = rows.iter().map(|(id, row)| Keyed(vec![(id.clone(), row)])).collect();
        json(&(rows, feed.as_str(), Sequence { sequence: self.sequence }))
    }
}

impl Venue {
    /// Tells those who follow an account's orders by version 1 of a moment of one.
    pub(in crate::kraken) fn tell_v1(&mut self, id: OrderId, moment: Moment<'_>, now: UnixNanos) {
        let (Some(order), Some(details)) = (self.exchange.order(id), self.orders.get(&id)) else {
            return;
        };
        let account = order.account;
        if !self.sessions.has_v1_account(account) {
            return;
        }
        let Some(listed) = self.listed(&order.request.symbol) else { return };
        let row = OrderRow::new((order, details, &listed.pair), moment, now);
        let txid = details.facts.txid.clone();
        self.sessions.tell_v1_account(account, false, &txid, &row);
    }

    /// Tells those who follow an account's executions by version 1 of the last one: all that an order took at once.
    pub(in crate::kraken) fn tell_v1_trade(&mut self, account: AccountId) {
        if self.sessions.has_v1_account(account)
            && let Some((id, row)) = self.last_trade_rows(account, 1).pop()
        {
            self.sessions.tell_v1_account(account, true, &id, &row);
        }
    }

    /// The rows of an account's open orders.
    pub(super) fn open_order_rows(&self, account: AccountId) -> Vec<(String, OrderRow)> {
        let row = |order: &matching::Order| {
            let facts = &self.orders.get(&order.id)?.facts;
            let pair = &self.listed(&order.request.symbol)?.pair;
            Some((facts.txid.clone(), OrderRow::snapshot(order, facts, pair)))
        };
        self.exchange.open_orders(account).filter_map(row).collect()
    }

    /// The rows of an account's last executions, oldest first.
    pub(super) fn last_trade_rows(
        &self,
        account: AccountId,
        count: usize,
    ) -> Vec<(String, TradeRow)> {
        let Some(state) = self.accounts.get(&account) else { return Vec::new() };
        let executions = state.executions_in_order();
        let row = |group: Group<'_>| {
            let own = group.first();
            let pair = &self.listed(&own.order.request.symbol)?.pair;
            Some((own.exec_id.clone(), TradeRow::new(group, pair)))
        };
        let latest = Group::all(&executions, true).rev().take(count);
        let mut rows: Vec<_> = latest.filter_map(row).collect();
        rows.reverse();
        rows
    }
}
