//! Markets without a book: every print is a price at which any quantity can be had.

use model::{Liquidity, OrderKind, Price, Quantity, Side, TimeInForce, Trade, UnixNanos};

use crate::config::PrintRule;
use crate::event::{ExchangeEvent, TapeError};
use crate::exchange::{Exchange, Listing, MarketId};
use crate::order::{CancelReason, OrderId, OrderStatus};

/// One price on the way of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarPrint {
    /// The price, above zero.
    pub price: Price,
    /// True when every price since the last one was traded: within a bar. False at its open.
    pub walked: bool,
}

impl Exchange {
    /// Plays one price of a bar in a market without a book.
    ///
    /// # Errors
    /// [`TapeError`]: a market with a book, or a price that is not above zero.
    pub fn on_bar_print(
        &mut self,
        MarketId(at): MarketId,
        print: BarPrint,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<(), TapeError> {
        let Listing { instrument, market, .. } = &self.markets[at];
        let (outside, symbol) = (&market.outside, || instrument.symbol.clone());
        if outside.print_rule().is_none() {
            return Err(TapeError::NotPrints { symbol: symbol() });
        }
        if !print.price.is_positive() {
            return Err(TapeError::NotPositive { symbol: symbol() });
        }
        let before = outside.last_price().filter(|_| print.walked);
        self.markets[at].market.outside.on_trade(print.price, Side::Buy);
        self.markets[at].last_print = Some(print.price);
        self.meet_arriving(at, before.unwrap_or(print.price), now, out);
        match before {
            Some(before) => self.walk(at, before, print.price, now, out),
            None => self.jump(at, print.price, true, now, out),
        }
        Ok(())
    }

    /// Books the market orders that came since the last print at its price ([`PrintRule::Close`]), when the next
    /// print is about to come. Under the other rules it does nothing.
    pub fn book_last(
        &mut self,
        MarketId(at): MarketId,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let outside = &self.markets[at].market.outside;
        let (Some(PrintRule::Close), Some(last)) = (outside.print_rule(), outside.last_price())
        else {
            return;
        };
        let arriving = std::mem::take(&mut self.markets[at].arriving);
        for id in arriving {
            if self.orders[id].request.kind == OrderKind::Market {
                self.meet_print(id, last, now, out);
            } else {
                self.markets[at].arriving.push_back(id);
            }
        }
    }

    /// Plays a recorded trade in a market without a book.
    pub(super) fn print_trade(
        &mut self,
        at: usize,
        trade: &Trade,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let listing = &mut self.markets[at];
        let taker = listing.market.outside.taker_of(trade);
        listing.print(trade.price, trade.quantity, taker, now, out);
        listing.market.outside.on_trade(trade.price, taker);
        self.meet_arriving(at, trade.price, now, out);
        self.jump(at, trade.price, false, now, out);
    }

    /// Lets the orders that came since the last print meet this one.
    fn meet_arriving(
        &mut self,
        at: usize,
        price: Price,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        while let Some(id) = self.markets[at].arriving.pop_front() {
            self.meet_print(id, price, now, out);
        }
    }

    /// The market jumps: waiting orders wake, resting ones are met, none at a price in between.
    ///
    /// A resting order gets the better price of a `gap` between bars, but not of a trade.
    fn jump(
        &mut self,
        at: usize,
        price: Price,
        gap: bool,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        while let Some((id, _)) = self.markets[at].waiting.next(price) {
            self.wake_at_print(id, price, now, out);
        }
        for side in [Side::Buy, Side::Sell] {
            while let Some(best) = self.met(at, side, price) {
                self.fill_resting(at, side, best, if gap { price } else { best }, now, out);
            }
        }
    }

    /// The market walks to `price`: orders on the way are met in its order, each at its own price.
    fn walk(
        &mut self,
        at: usize,
        before: Price,
        price: Price,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        loop {
            let waiting = &self.markets[at].waiting;
            // What the market has met before it walks wakes where it stands.
            let overdue = waiting.next(before).map(|(id, _)| (id, before));
            let woken = overdue.or_else(|| waiting.next(price));
            let met = [Side::Buy, Side::Sell]
                .into_iter()
                .find_map(|side| self.met(at, side, price).map(|best| (side, best)));
            let distance = |other: Price| other.raw().abs_diff(price.raw());
            match (woken, met) {
                (None, None) => return,
                (Some((id, trigger)), None) => self.wake_at_print(id, trigger, now, out),
                (Some((id, trigger)), Some((_, best))) if distance(trigger) >= distance(best) => {
                    self.wake_at_print(id, trigger, now, out);
                }
                (_, Some((side, best))) => self.fill_resting(at, side, best, best, now, out),
            }
        }
    }

    /// Our best resting price of a side, if the market at `price` has met it.
    fn met(&self, at: usize, side: Side, price: Price) -> Option<Price> {
        let best = self.markets[at].market.own_best(side)?;
        let met = match side {
            Side::Buy => price <= best,
            Side::Sell => price >= best,
        };
        met.then_some(best)
    }

    fn fill_resting(
        &mut self,
        at: usize,
        side: Side,
        level: Price,
        price: Price,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        for (id, quantity) in self.markets[at].market.take_queue(side, level) {
            let number = self.markets[at].print(price, quantity, side.opposite(), now, out);
            self.fill_maker(id, price, quantity, number, now, out);
        }
    }

    fn wake_at_print(
        &mut self,
        id: OrderId,
        price: Price,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        if self.wake_order(id, now, out) {
            self.meet_print(id, price, now, out);
        }
    }

    /// An order meets a price at which it can have any quantity.
    pub(super) fn meet_print(
        &mut self,
        id: OrderId,
        price: Price,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let order = &self.orders[id];
        let (at, side, quantity) = (order.market, order.request.side, order.remaining());
        let (kind, life) = (order.request.kind, order.request.time_in_force);
        let account = order.account;
        if let OrderKind::Limit { price: limit, post_only } = kind {
            let reached = match side {
                Side::Buy => price <= limit,
                Side::Sell => price >= limit,
            };
            let reason = match (reached, life) {
                (true, _) if post_only => Some(CancelReason::PostOnly),
                (false, TimeInForce::Ioc) => Some(CancelReason::Immediate),
                (false, TimeInForce::Fok) => Some(CancelReason::FillOrKill),
                (true, _) | (false, TimeInForce::Gtc) => None,
            };
            if let Some(reason) = reason {
                self.end(id, OrderStatus::Cancelled(reason), now, out);
                return;
            }
            if !reached {
                self.markets[at].market.rest(side, limit, id, account, quantity, now);
                return;
            }
        }
        if life == TimeInForce::Fok && !self.allowed(id, price, quantity).is_all(quantity) {
            self.end(id, OrderStatus::Cancelled(CancelReason::FillOrKill), now, out);
            return;
        }
        let short = self.execute_taker(id, price, quantity, now, out);
        let status = short.map_or(OrderStatus::Filled, OrderStatus::Cancelled);
        self.end(id, status, now, out);
    }

    /// Executes what an order may of a quantity that everybody else offers at a price.
    ///
    /// Returns why it was not all.
    pub(super) fn execute_taker(
        &mut self,
        id: OrderId,
        price: Price,
        quantity: Quantity,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Option<CancelReason> {
        let allowed = self.allowed(id, price, quantity);
        let order = &self.orders[id];
        let (at, side) = (order.market, order.request.side);
        let parts =
            [(allowed.closing, allowed.closing_price), (allowed.opening, allowed.opening_price)];
        for (part, paid) in parts {
            if part.is_positive() {
                let number = self.markets[at].print(paid, part, side, now, out);
                self.fill(id, paid, part, number, Liquidity::Taker, out);
            }
        }
        allowed.short
    }
}
