//! What the engine counts against an account and pair.

use std::collections::BTreeMap;
use std::time::Duration;

use matching::{AccountId, OrderId};
use model::history::VenueEvent;
use model::{Symbol, UnixNanos, VenueOrderId};

use crate::kraken::error::ApiError;
use crate::kraken::limits::{amend_penalty, cancel_penalty, edit_penalty};
use crate::kraken::venue::Venue;

/// A change of an open order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Amend,
    Edit,
}

impl Change {
    const fn cost(self, age: Duration) -> u32 {
        match self {
            Self::Amend => amend_penalty(age),
            Self::Edit => edit_penalty(age),
        }
    }
}

impl Venue {
    /// Counts orders of a pair that have arrived together, right or wrong; `rests` tells of each whether it
    /// may rest.
    pub(super) fn count_orders(
        &mut self,
        account: AccountId,
        symbol: &Symbol,
        rests: &[bool],
        halves: u32,
        now: UnixNanos,
    ) -> Result<(), ApiError> {
        let open = self.exchange.open_orders(account);
        let open = open.filter(|order| order.request.symbol == *symbol).count();
        let Some(state) = self.accounts.get_mut(&account) else {
            return Err(ApiError::INVALID_KEY);
        };
        let (account, symbol) = (state.name.clone(), symbol.clone());
        let count = state.transactions.entry(symbol.clone()).or_default();
        let allowed = count.add_halves(halves, state.tier.transactions(), now);
        let resting = rests.iter().filter(|rests| **rests).count();
        let full = resting > 0 && open + resting > state.tier.open_orders_max();
        for rests in rests.iter().copied() {
            let (account, symbol) = (account.clone(), symbol.clone());
            self.sink.record(VenueEvent::OrderReceived { account, symbol, rests });
        }
        match (allowed, full) {
            (false, _) => Err(ApiError::TRANSACTION_LIMIT),
            (true, true) => Err(ApiError::OPEN_ORDERS_LIMIT),
            (true, false) => Ok(()),
        }
    }

    /// Counts the cancels of those of the orders that are open and the account's: all of a pair, or none.
    pub(super) fn count_cancels(
        &mut self,
        account: AccountId,
        orders: &[OrderId],
        now: UnixNanos,
    ) -> Result<(), ApiError> {
        let mut costs: BTreeMap<Symbol, u32> = BTreeMap::new();
        let Some(state) = self.accounts.get_mut(&account) else {
            return Err(ApiError::INVALID_KEY);
        };
        for id in orders {
            let known = self.exchange.order(*id).zip(self.orders.get(id));
            let Some((order, details)) = known.filter(|(o, _)| o.account == account && o.is_open())
            else {
                continue;
            };
            let symbol = order.request.symbol.clone();
            self.sink.record(VenueEvent::CancelReceived {
                account: state.name.clone(),
                symbol: symbol.clone(),
                venue_order_id: VenueOrderId::new(&details.facts.txid),
            });
            *costs.entry(symbol).or_default() += cancel_penalty(now.since(details.touched));
        }
        let allowed = state.tier.transactions();
        for (symbol, cost) in costs {
            let count = state.transactions.entry(symbol).or_default();
            if !count.add_if_allowed(cost, allowed, now) {
                return Err(ApiError::TRANSACTION_LIMIT);
            }
        }
        Ok(())
    }

    /// Counts a change of an open order, even one that is refused later.
    pub(super) fn count_change(
        &mut self,
        account: AccountId,
        id: OrderId,
        change: Change,
        now: UnixNanos,
    ) -> Result<(), ApiError> {
        let (Some(order), Some(details)) = (self.exchange.order(id), self.orders.get(&id)) else {
            return Err(ApiError::UNKNOWN_ORDER);
        };
        let cost = 1 + change.cost(now.since(details.touched));
        let Some(state) = self.accounts.get_mut(&account) else {
            return Err(ApiError::INVALID_KEY);
        };
        let allowed = state.tier.transactions();
        let count = state.transactions.entry(order.request.symbol.clone()).or_default();
        if count.add(cost, allowed, now) { Ok(()) } else { Err(ApiError::TRANSACTION_LIMIT) }
    }
}
