//! Executions that nobody told of.

use model::Fill;

use super::Engine;
use crate::action::Action;
use crate::order::Order;
use crate::orders::OrderNumber;

impl Engine {
    /// Executions that were missed, of an order whose news told no more than their sum.
    pub(super) fn on_executions(
        &mut self,
        number: OrderNumber,
        fills: Vec<Fill>,
        actions: &mut Vec<Action>,
    ) {
        self.fetching.remove(&number);
        self.orders.update(number, Order::fetched);
        for fill in fills {
            let steps = self.steps;
            if let Some(update) = self.orders.update(number, |order| order.take_fill(fill, steps)) {
                self.publish(number, update, actions);
            }
        }
        if let Some(order) = self.orders.at(number).filter(|order| !order.missing().is_zero()) {
            let (id, missing) = (&order.request().client_order_id, order.missing());
            tracing::error!(client_order_id = %id, %missing, "the venue does not tell all executions");
        }
    }

    /// An order that has ended tells no more by itself: what is missing of its executions is asked for.
    pub(super) fn close_the_books(&mut self, number: OrderNumber, actions: &mut Vec<Action>) {
        if self.orders.at(number).is_some_and(|order| !order.is_working()) {
            self.fetch_fills(number, actions);
        }
    }

    /// Asks the venue for the executions of an order, if some are missing and nobody is asking already.
    pub(super) fn fetch_fills(&mut self, number: OrderNumber, actions: &mut Vec<Action>) {
        let order = self.orders.at(number).filter(|order| !order.missing().is_zero());
        let Some(order) = order else { return };
        let Some(venue_order_id) = order.venue_order_id().cloned() else { return };
        if self.fetching.insert(number) {
            let client_order_id = order.request().client_order_id.clone();
            let filled = order.filled();
            actions.push(Action::FetchFills { client_order_id, venue_order_id, filled });
        }
    }
}
