//! Executions that nobody told of.

use model::Fill;

use super::Engine;
use crate::action::Errand;
use crate::order::Order;
use crate::orders::OrderNumber;

impl Engine {
    /// Executions that were missed, of an order whose news told no more than their sum.
    pub(super) fn on_executions(
        &mut self,
        number: OrderNumber,
        fills: &[Fill],
        errands: &mut Vec<Errand>,
    ) {
        self.fetching.remove(&number);
        if let Some(order) = self.orders.note(number) {
            order.fetched();
        }
        for fill in fills {
            let steps = self.steps;
            if let Some(update) = self.orders.update(number, |order| order.take_fill(fill, steps)) {
                self.publish(number, &update, errands);
            }
        }
        if let Some(order) = self.orders.at(number).filter(|order| !order.missing().is_zero()) {
            let (id, missing) = (&order.request().client_order_id, order.missing());
            tracing::error!(client_order_id = %id, %missing, "the venue does not tell all executions");
        }
    }

    /// An order that has ended tells no more by itself: what is missing of its executions is asked for.
    pub(super) fn close_the_books(&mut self, number: OrderNumber, errands: &mut Vec<Errand>) {
        let is_due = |order: &Order| !order.is_working() && order.lacks_fills();
        if self.orders.at(number).is_some_and(is_due) {
            self.fetch_fills(number, errands);
        }
    }

    /// Asks the venue for the executions of an order, if some are missing and nobody is asking already.
    pub(super) fn fetch_fills(&mut self, number: OrderNumber, errands: &mut Vec<Errand>) {
        if self.orders.at(number).is_some_and(Order::lacks_fills) && self.fetching.insert(number) {
            errands.push(Errand::FetchFills(number));
        }
    }
}
