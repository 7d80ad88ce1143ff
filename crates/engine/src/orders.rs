//! All orders of one engine, found by our id or the venue's.

use std::collections::BTreeMap;

use model::{ClientOrderId, OrderReport, Symbol, VenueOrderId};

use crate::order::Order;

/// Final orders that are kept for late news; older ones are forgotten.
const FINAL_KEPT_MAX: usize = 10_000;

/// The orders of one engine, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    by_number: BTreeMap<u64, Order>,
    number_of: BTreeMap<ClientOrderId, u64>,
    client_id_of: BTreeMap<VenueOrderId, ClientOrderId>,
    next_number: u64,
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
        self.iter().filter(|order| !order.state().is_final())
    }

    /// Orders of an instrument that may still change, oldest first.
    pub fn working_in<'a>(&'a self, symbol: &'a Symbol) -> impl Iterator<Item = &'a Order> {
        self.working().filter(move |order| order.request().symbol == *symbol)
    }

    pub(crate) fn get_mut(&mut self, id: &ClientOrderId) -> Option<&mut Order> {
        self.by_number.get_mut(self.number_of.get(id)?)
    }

    pub(crate) fn insert(&mut self, order: Order) {
        let number = self.next_number;
        self.next_number += 1;
        self.number_of.insert(order.request().client_order_id.clone(), number);
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
        while self.by_number.len() > FINAL_KEPT_MAX {
            let oldest = self.by_number.iter().find(|(_, order)| order.state().is_final());
            let Some((number, _)) = oldest else { return };
            let number = *number;
            if let Some(order) = self.by_number.remove(&number) {
                self.number_of.remove(&order.request().client_order_id);
                if let Some(venue_id) = order.venue_order_id() {
                    self.client_id_of.remove(venue_id);
                }
            }
        }
    }
}
