//! Open orders and the last closed ones, by number.

use std::collections::VecDeque;
use std::ops::Index;

use crate::order::{Order, OrderId};

/// Orders whose numbers are given in turn. None has to be searched for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Orders {
    /// Numbers that were forgotten, before those of `places`.
    before: u64,
    /// By number: the place of the order, if it is not forgotten.
    places: VecDeque<Option<usize>>,
    /// Those that are not forgotten, and between them some that are, until another one takes their place.
    slab: Vec<Order>,
    free: Vec<usize>,
}

impl Orders {
    /// The number of the next order.
    pub(crate) fn next_id(&self) -> OrderId {
        let known = u64::try_from(self.places.len()).expect("fewer orders than memory");
        OrderId(self.before + known + 1)
    }

    /// Enters the order with the [`Orders::next_id`], which is written over one that was forgotten.
    pub(crate) fn insert(&mut self, write: impl FnOnce(&mut Order)) {
        let place = self.free.pop().unwrap_or_else(|| {
            self.slab.push(Order::nothing());
            self.slab.len() - 1
        });
        write(&mut self.slab[place]);
        debug_assert_eq!(self.slab[place].id, self.next_id(), "orders are entered in turn");
        self.places.push_back(Some(place));
    }

    pub(crate) fn get(&self, id: OrderId) -> Option<&Order> {
        self.slab.get(self.place(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: OrderId) -> Option<&mut Order> {
        let place = self.place(id)?;
        self.slab.get_mut(place)
    }

    /// Forgets an order; what was known of it.
    pub(crate) fn remove(&mut self, id: OrderId) -> Option<&Order> {
        let at = self.at(id)?;
        let place = self.places.get_mut(at)?.take()?;
        while let Some(None) = self.places.front() {
            self.places.pop_front();
            self.before += 1;
        }
        self.free.push(place);
        self.slab.get(place)
    }

    fn at(&self, id: OrderId) -> Option<usize> {
        usize::try_from(id.0.checked_sub(self.before + 1)?).ok()
    }

    fn place(&self, id: OrderId) -> Option<usize> {
        *self.places.get(self.at(id)?)?
    }
}

/// # Panics
/// For an order that is not known.
impl Index<OrderId> for Orders {
    type Output = Order;

    fn index(&self, id: OrderId) -> &Order {
        self.get(id).expect("an open order is known")
    }
}
