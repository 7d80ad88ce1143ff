//! Orders that wait for the market to trade at their price.

use std::collections::BTreeSet;

use model::{OrderKind, Price, Side};

use crate::order::OrderId;

/// Waiting orders of one market, each side sorted by how soon the market meets them, then by age.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting {
    /// Woken as the market rises, by price.
    rising: BTreeSet<(i64, OrderId)>,
    /// Woken as the market falls, by price with the sign turned.
    falling: BTreeSet<(i64, OrderId)>,
}

impl Waiting {
    pub(crate) fn is_empty(&self) -> bool {
        self.rising.is_empty() && self.falling.is_empty()
    }

    /// Adds a waiting order; others are none of its business.
    pub(crate) fn insert(&mut self, side: Side, kind: OrderKind, order: OrderId) {
        if let Some((rising, price)) = place(side, kind) {
            self.half(rising).insert((price, order));
        }
    }

    /// Removes a waiting order, if it is one.
    pub(crate) fn remove(&mut self, side: Side, kind: OrderKind, order: OrderId) {
        if let Some((rising, price)) = place(side, kind) {
            self.half(rising).remove(&(price, order));
        }
    }

    /// The first order that a trade at `last` wakes, with its trigger.
    pub(crate) fn next(&self, last: Price) -> Option<(OrderId, Price)> {
        let rising = self.rising.first().filter(|(price, _)| *price <= last.raw());
        let falling = self.falling.first().filter(|(price, _)| *price <= -last.raw());
        let rising = rising.map(|(price, order)| (*order, Price::from_raw(*price)));
        rising.or_else(|| falling.map(|(price, order)| (*order, Price::from_raw(-*price))))
    }

    const fn half(&mut self, rising: bool) -> &mut BTreeSet<(i64, OrderId)> {
        if rising { &mut self.rising } else { &mut self.falling }
    }
}

fn place(side: Side, kind: OrderKind) -> Option<(bool, i64)> {
    let OrderKind::Triggered { trigger, price, .. } = kind else { return None };
    let rising = trigger.is_rising(side);
    Some((rising, if rising { price.raw() } else { -price.raw() }))
}
