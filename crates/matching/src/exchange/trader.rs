//! Accounts, as far as they are more than their money.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{FeeRates, Funding, Shortfall};
use crate::order::OrderId;

/// What the exchange knows of an account besides its money.
#[derive(Debug, Clone)]
pub(super) struct Trader {
    /// By market.
    pub(super) fees: Vec<FeeRates>,
    pub(super) funding: Funding,
    pub(super) shortfall: Shortfall,
    /// Oldest first.
    pub(super) open: Vec<OrderId>,
    /// Number of open orders by market.
    pub(super) open_in: Vec<usize>,
    /// The newest order under each client id.
    pub(super) client_ids: BTreeMap<Arc<str>, OrderId>,
}

impl Trader {
    pub(super) fn new(
        fees: FeeRates,
        funding: Funding,
        shortfall: Shortfall,
        markets: usize,
    ) -> Self {
        let (open, client_ids) = (Vec::new(), BTreeMap::new());
        let fees = vec![fees; markets];
        Self { fees, funding, shortfall, open, open_in: vec![0; markets], client_ids }
    }

    /// True for one of its open orders.
    pub(super) fn has_open(&self, order: OrderId) -> bool {
        self.open.binary_search(&order).is_ok()
    }

    /// An order of a market is open from now on.
    pub(super) fn enter(&mut self, order: OrderId, market: usize) {
        if let Err(place) = self.open.binary_search(&order) {
            self.open.insert(place, order);
            self.open_in[market] += 1;
        }
    }

    /// An order of a market is not open any more.
    pub(super) fn leave(&mut self, order: OrderId, market: usize) {
        if let Ok(place) = self.open.binary_search(&order) {
            self.open.remove(place);
            self.open_in[market] -= 1;
        }
    }
}
