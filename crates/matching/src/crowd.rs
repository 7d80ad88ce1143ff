//! Everybody else's orders one by one, where the tape shows them.

use std::collections::BTreeMap;

use model::{Price, Quantity, Side, UnixNanos};

/// What became of an order of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderChange {
    /// Its side.
    pub side: Side,
    /// Its limit, above zero.
    pub price: Price,
    /// What is left of it, not more than before; zero when it is gone.
    pub quantity: Quantity,
    /// Its number. An order that loses its place goes and comes with another one.
    pub order: u64,
    /// Since when it has its place.
    pub since: UnixNanos,
}

/// An order of somebody else.
#[derive(Debug, Clone, Copy)]
struct Stranger {
    order: u64,
    since: UnixNanos,
    /// What the tape told, without what trades and our takers took since.
    quantity: Quantity,
}

/// The orders at one price, first come first.
type Line = Vec<Stranger>;

/// All orders of everybody else that are in sight.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crowd {
    bids: BTreeMap<Price, Line>,
    asks: BTreeMap<Price, Line>,
}

impl Crowd {
    pub(crate) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// Takes note of a change; gives what all orders at its price have now.
    pub(crate) fn change(&mut self, change: &OrderChange) -> Quantity {
        let OrderChange { side, price, quantity, order, since } = *change;
        let lines = self.lines_mut(side);
        let line = lines.entry(price).or_default();
        let known = line.iter().position(|known| known.order == order);
        match (known, quantity.is_positive()) {
            (Some(at), true) => line[at].quantity = line[at].quantity.min(quantity),
            (Some(at), false) => {
                line.remove(at);
            }
            (None, true) => line.push(Stranger { order, since, quantity }),
            (None, false) => {}
        }
        let sum = sum_of(&*line);
        if line.is_empty() {
            lines.remove(&price);
        }
        sum
    }

    /// True when a price is not worse than all at which somebody stands. A level that our takers emptied counts until
    /// the tape tells that its orders are gone.
    pub(crate) fn reaches(&self, side: Side, price: Price) -> bool {
        match side {
            Side::Buy => self.bids.first_key_value().is_some_and(|(worst, _)| price >= *worst),
            Side::Sell => self.asks.last_key_value().is_some_and(|(worst, _)| price <= *worst),
        }
    }

    /// What stands at a price since a time or longer.
    pub(crate) fn ahead_of(&self, side: Side, price: Price, since: UnixNanos) -> Quantity {
        let line = self.lines(side).get(&price).into_iter().flatten();
        sum_of(line.filter(|stranger| stranger.since <= since))
    }

    /// Somebody took so much of these orders, first come first served.
    pub(crate) fn serve(&mut self, side: Side, price: Price, quantity: Quantity) {
        let mut left = quantity;
        for stranger in self.lines_mut(side).get_mut(&price).into_iter().flatten() {
            let served = stranger.quantity.min(left);
            stranger.quantity = stranger.quantity.saturating_sub(served);
            left = left.saturating_sub(served);
        }
    }

    const fn lines(&self, side: Side) -> &BTreeMap<Price, Line> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    const fn lines_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Line> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

fn sum_of<'s>(line: impl IntoIterator<Item = &'s Stranger>) -> Quantity {
    line.into_iter().fold(Quantity::ZERO, |sum, stranger| {
        sum.checked_add(stranger.quantity).unwrap_or(Quantity::MAX)
    })
}
