//! What each end last said of each order.

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{ClientOrderId, OrderState, Quantity, VenueOrderId};

use crate::expectations::Expectations;
use crate::facts::is_crash;
use crate::findings::Place;

/// An order as the trader tells it.
#[derive(Debug, Clone)]
pub(crate) struct TraderOrder {
    /// State told last.
    pub state: OrderState,
    /// Filled quantity told last.
    pub filled: Quantity,
    /// When state, filled quantity or venue id was told last.
    pub changed: Place,
    /// The trader crashed before it knew a final state: what it told last counts for nothing.
    pub orphaned: bool,
}

/// An order as the venue tells it.
#[derive(Debug, Clone)]
pub(crate) struct VenueOrder<'a> {
    /// The venue's id.
    pub id: &'a VenueOrderId,
    /// State told last.
    pub state: OrderState,
    /// Filled quantity told last.
    pub filled: Quantity,
    /// When it was told last.
    pub changed: Place,
}

/// Both ends' orders by client order id.
#[derive(Debug, Default)]
pub(crate) struct Orders<'a> {
    /// The trader's.
    pub trader: BTreeMap<&'a ClientOrderId, TraderOrder>,
    /// The venue's; more than one where an order was doubled.
    pub venue: BTreeMap<&'a ClientOrderId, Vec<VenueOrder<'a>>>,
    /// Orders of the account that carry no client order id.
    pub nameless: Vec<VenueOrder<'a>>,
}

impl<'a> Orders<'a> {
    /// Orders of the trader's account after all records of `history`.
    pub(crate) fn of(history: &'a [Record], expect: &Expectations) -> Self {
        let mut orders = Self::default();
        for record in history {
            match &record.event {
                Event::Trader(event) => orders.trader_event(record.into(), event),
                Event::Venue(event) => {
                    orders.venue_event(record.into(), event, &expect.account);
                }
                Event::World(_) if is_crash(record, &expect.trader_host) => orders.crash(),
                Event::Sink(_) | Event::World(_) => {}
            }
        }
        orders
    }

    fn crash(&mut self) {
        for order in self.trader.values_mut() {
            order.orphaned |= !order.state.is_final();
        }
    }

    fn trader_event(&mut self, place: Place, event: &'a AuditEvent) {
        if let AuditEvent::OrderIntent { order } = event {
            let fresh = TraderOrder {
                state: OrderState::Created,
                filled: Quantity::ZERO,
                changed: place,
                orphaned: false,
            };
            self.trader.entry(&order.client_order_id).or_insert(fresh);
        } else if let AuditEvent::OrderChanged { client_order_id, state, filled, .. } = event {
            let (state, filled) = (*state, *filled);
            let told = TraderOrder { state, filled, changed: place, orphaned: false };
            self.trader.insert(client_order_id, told);
        }
    }

    fn venue_event(&mut self, place: Place, event: &'a VenueEvent, of: &str) {
        let VenueEvent::OrderChanged { account, client_order_id, venue_order_id, state, filled } =
            event
        else {
            return;
        };
        if account != of {
            return;
        }
        let list = match client_order_id {
            Some(id) => self.venue.entry(id).or_default(),
            None => &mut self.nameless,
        };
        if let Some(order) = list.iter_mut().find(|order| order.id == venue_order_id) {
            order.state = *state;
            order.filled = *filled;
            order.changed = place;
        } else {
            list.push(VenueOrder {
                id: venue_order_id,
                state: *state,
                filled: *filled,
                changed: place,
            });
        }
    }

    /// Every order that the venue ever told of.
    pub(crate) fn at_venue(&self) -> impl Iterator<Item = &VenueOrder<'a>> {
        self.venue.values().flatten().chain(&self.nameless)
    }
}
