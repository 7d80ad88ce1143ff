//! All orders of one engine, found by our id or the venue's.

use std::collections::{BTreeMap, BTreeSet};

use model::{ClientOrderId, OrderReport, Symbol, VenueOrderId};

use crate::order::Order;

/// Orders that are kept; beyond, the oldest final ones are forgotten.
const KEPT_MAX: usize = 10_000;

/// The orders of one engine, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    by_number: BTreeMap<u64, Order>,
    working: BTreeSet<u64>,
    number_of: BTreeMap<ClientOrderId, u64>,
    client_id_of: BTreeMap<VenueOrderId, ClientOrderId>,
    placed: u64,
}

impl Orders {
    /// An order by our id.
    pub fn get(&self, id: &ClientOrderId) -> Option<&Order> {
        self.by_number.get(self.number_of.get(id)?)
    }

    /// All remembered orders, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Order> {
        self.by_number.values()
    }

    /// Orders that may still change, oldest first.
    pub fn working(&self) -> impl Iterator<Item = &Order> {
        self.working.iter().filter_map(|number| self.by_number.get(number))
    }

    /// Orders of an instrument that may still change, oldest first.
    pub fn working_in<'a>(&'a self, symbol: &'a Symbol) -> impl Iterator<Item = &'a Order> {
        self.working().filter(move |order| order.request().symbol == *symbol)
    }

    /// Orders that were ever placed, the forgotten ones included.
    pub fn placed(&self) -> u64 {
        self.placed
    }

    /// Changes an order.
    pub(crate) fn update<R>(
        &mut self,
        id: &ClientOrderId,
        change: impl FnOnce(&mut Order) -> R,
    ) -> Option<R> {
        let number = *self.number_of.get(id)?;
        let order = self.by_number.get_mut(&number)?;
        let result = change(order);
        if order.state().is_final() {
            self.working.remove(&number);
        } else {
            self.working.insert(number);
        }
        Some(result)
    }

    pub(crate) fn insert(&mut self, order: Order) {
        let number = self.placed;
        self.placed += 1;
        self.number_of.insert(order.request().client_order_id.clone(), number);
        if !order.state().is_final() {
            self.working.insert(number);
        }
        self.by_number.insert(number, order);
        self.forget_old();
    }

    /// Our id of the order that a report is about, if it is one of ours.
    pub(crate) fn owner_of(&mut self, report: &OrderReport) -> Option<ClientOrderId> {
        let named = report.client_order_id.clone().filter(|id| self.number_of.contains_key(id));
        let id = named.or_else(|| self.client_id_of.get(&report.venue_order_id).cloned())?;
        self.know_venue_id(&report.venue_order_id, &id);
        Some(id)
    }

    /// Remembers the venue's name of an order.
    pub(crate) fn know_venue_id(&mut self, venue_id: &VenueOrderId, id: &ClientOrderId) {
        if !self.client_id_of.contains_key(venue_id) {
            self.client_id_of.insert(venue_id.clone(), id.clone());
        }
    }

    fn forget_old(&mut self) {
        while self.by_number.len() > KEPT_MAX {
            let is_final = |number: &&u64| !self.working.contains(*number);
            let Some(number) = self.by_number.keys().find(is_final).copied() else { return };
            let Some(order) = self.by_number.remove(&number) else { return };
            self.number_of.remove(&order.request().client_order_id);
            if let Some(venue_id) = order.venue_order_id() {
                self.client_id_of.remove(venue_id);
            }
        }
    }
}
