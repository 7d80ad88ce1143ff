//! Our resting orders of one side, by price.

use model::{Price, Quantity, Side, UnixNanos};

use crate::order::{AccountId, OrderId};

/// One of our orders in the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resting {
    pub(crate) order: OrderId,
    pub(crate) account: AccountId,
    pub(crate) remaining: Quantity,
    /// Quantity of everybody else that is served before this order.
    pub(crate) queue_ahead: Quantity,
    /// What trades took from the recorded level since it last changed.
    pub(crate) traded: Quantity,
    /// Since when it has its place.
    pub(crate) since: UnixNanos,
}

/// Our orders at one price, oldest first.
pub(crate) type Queue = Vec<Resting>;

/// The prices of a side with our orders. What happens near the best price, as most does, is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Ladder {
    side: Side,
    /// The best price is the last one.
    levels: Vec<(Price, Queue)>,
    /// Queues of prices that are gone, kept for their allocations only.
    spare: Vec<Queue>,
}

impl Ladder {
    pub(crate) const fn new(side: Side) -> Self {
        Self { side, levels: Vec::new(), spare: Vec::new() }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// The best price.
    pub(crate) fn best(&self) -> Option<Price> {
        self.levels.last().map(|(price, _)| *price)
    }

    /// All prices, best first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Price, &[Resting])> {
        self.levels.iter().rev().map(|(price, queue)| (*price, queue.as_slice()))
    }

    /// All queues, worst price first.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Price, &mut [Resting])> {
        self.levels.iter_mut().map(|(price, queue)| (*price, queue.as_mut_slice()))
    }

    /// Our orders at a price.
    pub(crate) fn get(&self, price: Price) -> Option<&[Resting]> {
        let level = self.levels.get(self.place(price));
        level.filter(|(at, _)| *at == price).map(|(_, queue)| queue.as_slice())
    }

    /// As [`Ladder::get`], to change what is known of them.
    pub(crate) fn get_mut(&mut self, price: Price) -> Option<&mut [Resting]> {
        let place = self.place(price);
        let level = self.levels.get_mut(place);
        level.filter(|(at, _)| *at == price).map(|(_, queue)| queue.as_mut_slice())
    }

    /// Puts an order at the end of its queue. It waits for `ahead` at least, and for what the one before it
    /// waits for.
    pub(crate) fn push(&mut self, price: Price, mut resting: Resting) {
        let place = self.place(price);
        if self.levels.get(place).is_none_or(|(at, _)| *at != price) {
            let queue = self.spare.pop().unwrap_or_default();
            self.levels.insert(place, (price, queue));
        }
        let (_, queue) = &mut self.levels[place];
        if let Some(last) = queue.last() {
            resting.queue_ahead = resting.queue_ahead.max(last.queue_ahead);
        }
        queue.push(resting);
    }

    /// Changes the queue at a price, if there is one; it goes when it is empty.
    pub(crate) fn change(&mut self, price: Price, change: impl FnOnce(&mut Queue)) {
        let place = self.place(price);
        let Some((_, queue)) = self.levels.get_mut(place).filter(|(at, _)| *at == price) else {
            return;
        };
        change(queue);
        if queue.is_empty() {
            let (_, queue) = self.levels.remove(place);
            self.spare.push(queue);
        }
    }

    /// Takes the queue at a price out, order by order, oldest first.
    pub(crate) fn take(&mut self, price: Price, mut each: impl FnMut(Resting)) {
        self.change(price, |queue| queue.drain(..).for_each(&mut each));
    }

    /// Where a price is or would be.
    fn place(&self, price: Price) -> usize {
        match self.levels.last() {
            Some((best, _)) if *best == price => self.levels.len() - 1,
            Some((best, _)) if is_better(self.side, price, *best) => self.levels.len(),
            None => 0,
            Some(_) => self.search(price),
        }
    }

    /// As [`Ladder::place`], of a price that is worse than the best one.
    #[inline(never)]
    fn search(&self, price: Price) -> usize {
        self.levels.partition_point(|(at, _)| is_better(self.side, price, *at))
    }
}

/// True when a resting order of `side` at `price` is served before one at `other`.
pub(crate) fn is_better(side: Side, price: Price, other: Price) -> bool {
    match side {
        Side::Buy => price > other,
        Side::Sell => price < other,
    }
}
