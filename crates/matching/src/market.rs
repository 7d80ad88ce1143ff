//! One instrument's market: the liquidity of everybody else and our accounts' resting orders.

use std::collections::BTreeMap;
use std::hint::cold_path;

use model::{Book, Level, Price, Quantity, Side, Trade, UnixNanos};

use crate::config::{QueueModel, SyntheticConfig};
use crate::crowd::{Crowd, OrderChange};
use crate::ladder::{Ladder, Queue, Resting, is_better};
use crate::order::{AccountId, OrderId};
use crate::outside::{Levels, Outside, quantity_in};
use crate::queue::ahead_after;
use crate::touch::Touch;

/// The counterparty of an order that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
    /// Our order on the other side; `None` for everybody else.
    pub(crate) maker: Option<OrderId>,
}

/// Why an order took no more than it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It needs no more.
    Filled,
    /// The book has nothing more within the limit.
    Limit,
    /// The next counterparty is the same account.
    SelfMatch,
}

/// What an order would take from the book as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taking {
    pub(crate) matches: Vec<Match>,
    pub(crate) stop: Stop,
}

/// A part of what a recorded trade did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Execution {
    pub(crate) price: Price,
    pub(crate) quantity: Quantity,
    /// Our order that was executed; `None` for everybody else.
    pub(crate) maker: Option<OrderId>,
    pub(crate) taker_side: Side,
}

/// Books of one instrument, without accounts and money.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) outside: Outside,
    model: QueueModel,
    bids: Ladder,
    asks: Ladder,
    /// Everybody else's orders, where the tape shows them.
    crowd: Option<Box<Crowd>>,
    /// What orders show of themselves, if that is not all.
    shown: BTreeMap<OrderId, Shown>,
}

/// What an order shows of itself: a part, and a new one when that is executed.
#[derive(Debug, Clone, Copy)]
struct Shown {
    part: Quantity,
    /// What remained of the order when it began to show the first part.
    of: Quantity,
}

impl Shown {
    /// What is shown while so much remains.
    fn at(self, remaining: Quantity) -> Quantity {
        let executed = self.of.saturating_sub(remaining);
        let of_part = Quantity::from_raw(executed.raw() % self.part.raw().max(1));
        self.part.saturating_sub(of_part).min(remaining)
    }
}

impl Market {
    pub(crate) fn new(outside: Outside, model: QueueModel) -> Self {
        let (bids, asks) = (Ladder::new(Side::Buy), Ladder::new(Side::Sell));
        Self { outside, model, bids, asks, crowd: None, shown: BTreeMap::new() }
    }

    /// True without an order of ours.
    pub(crate) const fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    /// True when a trade at a price meets no order of ours and no queue with one.
    pub(crate) fn is_out_of_reach(&self, price: Price) -> bool {
        self.own_best(Side::Buy).is_none_or(|bid| price > bid)
            && self.own_best(Side::Sell).is_none_or(|ask| price < ask)
    }

    /// What an order of `account` would take; changes nothing but the synthetic book's freshness.
    pub(crate) fn taking(
        &mut self,
        account: AccountId,
        side: Side,
        limit: Option<Price>,
        quantity: Quantity,
    ) -> Taking {
        if self.takes_nothing(side, limit, quantity) {
            return Taking { matches: Vec::new(), stop: Stop::Limit };
        }
        self.taking_some(account, side, quantity, |price| is_beyond(side, price, limit))
    }

    /// True when the book has nothing within the limit, as for most orders.
    pub(crate) fn takes_nothing(
        &mut self,
        side: Side,
        limit: Option<Price>,
        quantity: Quantity,
    ) -> bool {
        let best = self.best(side.opposite());
        best.is_none_or(|best| is_beyond(side, best, limit)) && !quantity.is_zero()
    }

    /// As [`Market::taking`], where prices are not `beyond` the limit.
    #[inline(never)]
    fn taking_some(
        &self,
        account: AccountId,
        side: Side,
        quantity: Quantity,
        beyond: impl Fn(Price) -> bool,
    ) -> Taking {
        let makers = side.opposite();
        let mut outside = self.visible(makers).iter().peekable();
        let mut own = self.side(makers).iter().peekable();
        let mut left = quantity;
        let mut matches = Vec::new();
        let stop = loop {
            if left.is_zero() {
                break Stop::Filled;
            }
            let level = outside.peek().map(|level| level.price);
            let queue = own.peek().map(|(price, _)| *price);
            // At one price everybody else is served first: our orders joined behind the level.
            let from_outside = match (level, queue) {
                (None, None) => break Stop::Limit,
                (Some(level), Some(queue)) => !is_better(makers, queue, level),
                (level, _) => level.is_some(),
            };
            let Some(price) = (if from_outside { level } else { queue }) else {
                break Stop::Limit;
            };
            if beyond(price) {
                break Stop::Limit;
            }
            if from_outside {
                let available = outside.next().map_or(Quantity::ZERO, |l| l.quantity);
                let taken = available.min(left);
                left = left.saturating_sub(taken);
                matches.push(Match { price, quantity: taken, maker: None });
                continue;
            }
            let queue = own.next().into_iter().flat_map(|(_, queue)| queue);
            for resting in queue {
                if left.is_zero() || resting.account == account {
                    break;
                }
                let taken = resting.remaining.min(left);
                left = left.saturating_sub(taken);
                matches.push(Match { price, quantity: taken, maker: Some(resting.order) });
            }
            let same = |resting: &Resting| resting.account == account;
            if !left.is_zero() && self.queue(makers, price).is_some_and(|q| q.iter().any(same)) {
                break Stop::SelfMatch;
            }
        };
        Taking { matches, stop }
    }

    /// Takes what [`Market::taking`] promised of one counterparty.
    pub(crate) fn take(&mut self, side: Side, taken: &Match) {
        let makers = side.opposite();
        match taken.maker {
            Some(order) => {
                self.reduce(makers, taken.price, order, taken.quantity);
            }
            None => {
                self.outside.consume(makers, taken.price, taken.quantity);
                self.advance_queue(makers, taken.price, taken.quantity);
                self.serve(makers, taken.price, taken.quantity);
            }
        }
    }

    /// Puts an order behind everything at its price.
    pub(crate) fn rest(
        &mut self,
        side: Side,
        price: Price,
        order: OrderId,
        account: AccountId,
        remaining: Quantity,
        since: UnixNanos,
    ) {
        self.outside.refresh();
        let queue_ahead = match &self.crowd {
            Some(crowd) if !self.outside.is_out_of_sight(side, price) => {
                crowd.ahead_of(side, price, since)
            }
            Some(_) | None => self.outside.queue_at(side, price),
        };
        let traded = Quantity::ZERO;
        let resting = Resting { order, account, remaining, queue_ahead, traded, since };
        self.side_mut(side).push(price, resting);
    }

    /// Takes an order out of the book.
    pub(crate) fn remove(&mut self, side: Side, price: Price, order: OrderId) {
        self.change_queue(side, price, |queue| {
            if let Some(at) = queue.iter().position(|resting| resting.order == order) {
                queue.remove(at);
            }
        });
    }

    /// Lets a recorded trade meet our orders and changes a synthetic book.
    ///
    /// The executions come in the order of their prints; those at the trade's own price add up to
    /// the trade's quantity.
    pub(crate) fn on_trade(&mut self, trade: &Trade, out: &mut Vec<Execution>) {
        for side in [Side::Buy, Side::Sell] {
            self.sweep(side, trade.price, false, out);
        }
        let taker_side = self.on_trade_at_price(trade, out);
        self.outside.on_trade(trade.price, taker_side);
    }

    /// Fills our orders that a recorded quote of the other side meets or crosses.
    pub(crate) fn on_quotes(&mut self, out: &mut Vec<Execution>) {
        for side in [Side::Buy, Side::Sell] {
            let opposite = self.outside.levels(side.opposite()).first();
            if let Some(best) = opposite.map(|level| level.price) {
                self.sweep(side, best, true, out);
            }
        }
    }

    /// Sets a recorded level, and moves our orders behind it.
    pub(crate) fn set_level(&mut self, side: Side, level: Level) {
        let hides = level.quantity.is_zero() && self.outside.hides(side, level.price);
        let before = self.outside.set(side, level);
        if hides {
            return;
        }
        let model = self.model;
        if let Some(queue) = self.side_mut(side).get_mut(level.price) {
            move_behind(model, queue, before, level.quantity);
        }
    }

    /// Takes note of what became of everybody else's orders, and where ours stand among them.
    pub(crate) fn on_orders(&mut self, snapshot: bool, changes: &[OrderChange]) {
        let crowd = self.crowd.get_or_insert_default();
        if snapshot {
            crowd.clear();
            self.outside.clear();
        }
        for change in changes {
            let (side, price) = (change.side, change.price);
            let quantity = crowd.change(change);
            self.outside.set(side, Level { price, quantity });
        }
        for side in [Side::Buy, Side::Sell] {
            let queues = match side {
                Side::Buy => &mut self.bids,
                Side::Sell => &mut self.asks,
            };
            for (price, queue) in queues.iter_mut() {
                if self.outside.shows_all() || crowd.reaches(side, price) {
                    place(crowd, side, price, queue);
                }
            }
        }
    }

    /// See [`Exchange::end_recording`](crate::Exchange::end_recording).
    pub(crate) fn end_recording(&mut self, shape: SyntheticConfig) {
        if !self.outside.is_recorded() {
            return;
        }
        self.outside.end_recording(shape);
        self.crowd = None;
        for (side, queues) in [(Side::Buy, &mut self.bids), (Side::Sell, &mut self.asks)] {
            for (price, queue) in queues.iter_mut() {
                let most = self.outside.queue_at(side, price);
                let unknown =
                    queue.iter_mut().filter(|resting| resting.queue_ahead == Quantity::MAX);
                unknown.for_each(|resting| resting.queue_ahead = most);
            }
        }
    }

    /// Serves everybody else's orders at a price that the tape shows, first come first.
    fn serve(&mut self, side: Side, price: Price, quantity: Quantity) {
        let Some(crowd) = &mut self.crowd else { return };
        crowd.serve(side, price, quantity);
        let queues = match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        };
        let is_shown = self.outside.shows_all() || crowd.reaches(side, price);
        if let Some(queue) = queues.get_mut(price).filter(|_| is_shown) {
            place(crowd, side, price, queue);
        }
    }

    /// Removes every recorded level; gives the bids and asks that there were, if an order of ours depends on them.
    pub(crate) fn clear_levels(&mut self) -> Option<[Levels; 2]> {
        if self.is_empty() {
            self.outside.clear();
            return None;
        }
        Some(self.outside.take_levels())
    }

    /// The whole recorded book is new; `before` are its old bids and asks. Our orders at prices in sight move as if
    /// each level had changed by itself.
    pub(crate) fn requeue(&mut self, before: &[Levels; 2]) {
        let model = self.model;
        let sides = [(Side::Buy, &mut self.bids), (Side::Sell, &mut self.asks)];
        for ((side, queues), before) in sides.into_iter().zip(before) {
            for (price, queue) in queues.iter_mut() {
                if self.outside.is_out_of_sight(side, price) {
                    continue;
                }
                let before = quantity_in(before, side, price);
                let after = self.outside.quantity_at(side, price);
                move_behind(model, queue, before, after);
            }
        }
    }

    /// The best `depth` levels of everybody, as the venue publishes them.
    pub(crate) fn book(&mut self, depth: usize) -> Book {
        let mut book = Book::new();
        for side in [Side::Buy, Side::Sell] {
            self.levels(side, depth).into_iter().for_each(|level| book.set(side, level));
        }
        book
    }

    /// One side of [`Market::book`], best levels first.
    pub(crate) fn levels(&mut self, side: Side, depth: usize) -> Levels {
        self.outside.refresh();
        let outside = self.visible(side);
        let mut outside = outside[..outside.len().min(depth)].iter().copied().peekable();
        let mut levels = Levels::with_capacity(outside.len());
        for (price, queue) in self.side(side).iter().take(depth) {
            let better = |level: &Level| is_better(side, level.price, price);
            levels.extend(std::iter::from_fn(|| outside.next_if(better)));
            let own = self.shown_of(queue);
            let beside = outside.next_if(|level| level.price == price);
            let quantity = beside.map_or(own, |level| sum(level.quantity, own));
            if quantity.is_positive() {
                levels.push(Level { price, quantity });
            }
        }
        levels.extend(outside);
        levels.truncate(depth);
        levels
    }

    /// Best levels of both sides as [`Market::book`] shows them, bid and ask, without building a book
    /// where that can be avoided.
    ///
    /// A market without a book shows its last price on both sides.
    pub(crate) fn best_levels(&mut self) -> [Option<Level>; 2] {
        let touches = self.outside.touches();
        if self.outside.print_rule().is_some() {
            return touches;
        }
        let [bid, ask] = touches;
        if self.hides(Touch::new(bid.map(|level| level.price), ask.map(|level| level.price))) {
            return [Side::Buy, Side::Sell].map(|side| self.levels(side, 1).first().copied());
        }
        [self.joined(Side::Buy, bid), self.joined(Side::Sell, ask)]
    }

    /// Prices of [`Market::best_levels`]; cheaper.
    pub(crate) fn best_prices(&mut self) -> Touch {
        let touch = self.outside.touch_prices();
        if self.is_empty() || self.outside.print_rule().is_some() {
            return touch;
        }
        if self.hides(touch) {
            return Touch::new(self.best(Side::Buy), self.best(Side::Sell));
        }
        let ask = match (touch.ask(), self.own_best(Side::Sell)) {
            (Some(outside), Some(own)) => Some(outside.min(own)),
            (outside, own) => outside.or(own),
        };
        Touch::new(touch.bid().max(self.own_best(Side::Buy)), ask)
    }

    /// True when one of our orders meets or crosses a touch, so that levels are hidden.
    fn hides(&self, touch: Touch) -> bool {
        let own_bid = self.own_best(Side::Buy);
        let own_ask = self.own_best(Side::Sell);
        own_bid.zip(touch.ask()).is_some_and(|(own, ask)| own >= ask)
            || own_ask.zip(touch.bid()).is_some_and(|(own, bid)| own <= bid)
    }

    /// The better of a touch and our best level, or their sum at one price.
    fn joined(&self, side: Side, touch: Option<Level>) -> Option<Level> {
        let own = self.side(side).iter().next();
        let own = own.map(|(price, queue)| Level { price, quantity: self.shown_of(queue) });
        match (touch, own) {
            (Some(touch), Some(own)) if touch.price == own.price => {
                let quantity = sum(touch.quantity, own.quantity);
                Some(Level { quantity, ..touch })
            }
            (Some(touch), Some(own)) if !is_better(side, own.price, touch.price) => Some(touch),
            (touch, own) => own.or(touch),
        }
    }

    /// What a queue shows.
    fn shown_of(&self, queue: &[Resting]) -> Quantity {
        let shown = |resting: &Resting| {
            let shown = self.shown.get(&resting.order).copied();
            shown.map_or(resting.remaining, |shown| shown.at(resting.remaining))
        };
        queue.iter().map(shown).fold(Quantity::ZERO, sum)
    }

    /// Shows only a part of an order of which so much remains, or all of it.
    pub(crate) fn set_shown(
        &mut self,
        order: OrderId,
        part: Option<Quantity>,
        remaining: Quantity,
    ) {
        if let Some(part) = part {
            self.shown.insert(order, Shown { part, of: remaining });
        } else if !self.shown.is_empty() {
            cold_path();
            self.shown.remove(&order);
        }
    }

    /// The order of an account on a side that is served first.
    pub(crate) fn first_of(&self, account: AccountId, side: Side) -> Option<OrderId> {
        let mut resting = self.side(side).iter().flat_map(|(_, queue)| queue);
        resting.find(|resting| resting.account == account).map(|resting| resting.order)
    }

    /// Price of our best resting order of a side.
    pub(crate) fn own_best(&self, side: Side) -> Option<Price> {
        self.side(side).best()
    }

    /// Takes our orders at a price of a side out of the book, oldest first.
    pub(crate) fn take_queue(&mut self, side: Side, price: Price) -> Vec<(OrderId, Quantity)> {
        let mut taken = Vec::new();
        self.side_mut(side).take(price, |resting| taken.push((resting.order, resting.remaining)));
        taken
    }

    /// Best visible price of a side, ours included.
    pub(crate) fn best(&mut self, side: Side) -> Option<Price> {
        self.outside.refresh();
        let outside = self.visible(side).first().map(|level| level.price);
        let own = self.own_best(side);
        match (outside, own) {
            (Some(outside), Some(own)) if is_better(side, own, outside) => Some(own),
            (Some(outside), _) => Some(outside),
            (None, own) => own,
        }
    }

    /// Our orders at a price, oldest first.
    pub(crate) fn queue(&self, side: Side, price: Price) -> Option<&[Resting]> {
        self.side(side).get(price)
    }

    /// Outside levels that do not cross our orders, best first.
    ///
    /// Our orders are not on the tape, so that the book around a recorded trade may cross them.
    /// Such levels are hidden for as long as they do.
    fn visible(&self, side: Side) -> &[Level] {
        let levels = self.outside.levels(side);
        let Some(ours) = self.own_best(side.opposite()) else {
            return levels;
        };
        let crosses = |level: &Level| level.price == ours || is_better(side, level.price, ours);
        &levels[levels.partition_point(crosses)..]
    }

    /// Fills our orders of a side that are better than `price`, or also those at it.
    fn sweep(&mut self, side: Side, price: Price, also_at: bool, out: &mut Vec<Execution>) {
        let reached = |best: &Price| is_better(side, *best, price) || (also_at && *best == price);
        // Mostly it reaches none.
        while let Some(best) = self.own_best(side).filter(reached) {
            self.fill_best(side, best, out);
        }
    }

    /// Fills all of our orders at our best price of a side.
    #[inline(never)]
    fn fill_best(&mut self, side: Side, best: Price, out: &mut Vec<Execution>) {
        self.side_mut(side).take(best, |resting| {
            out.push(Execution {
                price: best,
                quantity: resting.remaining,
                maker: Some(resting.order),
                taker_side: side.opposite(),
            });
        });
    }

    /// Serves the queue at the trade's own price; returns the side of its taker.
    fn on_trade_at_price(&mut self, trade: &Trade, out: &mut Vec<Execution>) -> Side {
        let side_of_maker = match trade.taker_side {
            Some(taker) => taker.opposite(),
            // Our order stands there, so the trade can only have been with its side.
            None if self.bids.get(trade.price).is_some() => Side::Buy,
            None if self.asks.get(trade.price).is_some() => Side::Sell,
            None => self.outside.taker_of(trade).opposite(),
        };
        let taker_side = side_of_maker.opposite();
        let execution = |quantity: Quantity, maker: Option<OrderId>| Execution {
            price: trade.price,
            quantity,
            maker,
            taker_side,
        };
        let mut left = trade.quantity;
        let mut outside = Quantity::ZERO;
        self.change_queue(side_of_maker, trade.price, |queue| {
            for resting in queue.iter_mut() {
                let ahead = resting.queue_ahead.saturating_sub(outside).min(left);
                if ahead.is_positive() {
                    out.push(execution(ahead, None));
                }
                outside = sum(outside, ahead);
                left = left.saturating_sub(ahead);
                let filled = resting.remaining.min(left);
                if filled.is_positive() {
                    out.push(execution(filled, Some(resting.order)));
                }
                resting.remaining = resting.remaining.saturating_sub(filled);
                left = left.saturating_sub(filled);
            }
            for resting in queue.iter_mut() {
                resting.queue_ahead = resting.queue_ahead.saturating_sub(outside);
                resting.traded = sum(resting.traded, trade.quantity);
            }
            queue.retain(|resting| resting.remaining.is_positive());
        });
        if left.is_positive() {
            out.push(execution(left, None));
        }
        self.serve(side_of_maker, trade.price, sum(outside, left));
        taker_side
    }

    /// Takes a part of one of our orders away: it is filled, or its owner wants less.
    pub(crate) fn reduce(&mut self, side: Side, price: Price, order: OrderId, quantity: Quantity) {
        self.change_queue(side, price, |queue| {
            for resting in queue.iter_mut().filter(|r| r.order == order) {
                resting.remaining = resting.remaining.saturating_sub(quantity);
            }
            queue.retain(|resting| resting.remaining.is_positive());
        });
    }

    /// Moves our orders at a price forward: somebody ahead of them was served.
    fn advance_queue(&mut self, side: Side, price: Price, quantity: Quantity) {
        for resting in self.side_mut(side).get_mut(price).into_iter().flatten() {
            resting.queue_ahead = resting.queue_ahead.saturating_sub(quantity);
        }
    }

    fn change_queue(&mut self, side: Side, price: Price, change: impl FnOnce(&mut Queue)) {
        self.side_mut(side).change(price, change);
    }

    const fn side(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    const fn side_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}

fn sum(left: Quantity, right: Quantity) -> Quantity {
    left.checked_add(right).unwrap_or(Quantity::MAX)
}

/// Our orders at a price have exactly those ahead who came before them.
fn place(crowd: &Crowd, side: Side, price: Price, queue: &mut [Resting]) {
    for resting in queue {
        resting.queue_ahead = crowd.ahead_of(side, price, resting.since);
    }
}

/// True for a price that an order of a side does not pay or take.
fn is_beyond(side: Side, price: Price, limit: Option<Price>) -> bool {
    limit.is_some_and(|limit| is_better(side, price, limit))
}

/// Moves our orders at a price after the recorded level there has changed.
fn move_behind(model: QueueModel, queue: &mut [Resting], before: Quantity, after: Quantity) {
    for resting in queue {
        let traded = std::mem::take(&mut resting.traded);
        resting.queue_ahead = ahead_after(model, resting.queue_ahead, before, after, traded);
    }
}

#[cfg(test)]
mod tests;
