//! A simple market maker: one bid and one ask around the middle of the book.

use std::time::Duration;

use model::{
    Level, OrderKind, OrderState, Price, Quantity, Side, Symbol, TimeInForce, Trade, UnixNanos,
};

use crate::desk::Desk;
use crate::order::Order;
use crate::strategy::{Strategy, Wants};

/// Keeps a post-only bid and ask at a distance from the middle, within an inventory limit.
///
/// It looks at its quotes at most once per `every` of the venue's time, when somebody trades. A quote
/// that is off its place by more than a quarter of the distance is cancelled and set anew later.
#[derive(Debug)]
pub struct Quoter {
    symbol: Symbol,
    quantity: Quantity,
    distance_bps: u32,
    inventory_max: Quantity,
    every: Duration,
    looked_at: Option<UnixNanos>,
    refused: bool,
}

/// Basis points in one.
const BPS: i64 = 10_000;

impl Quoter {
    /// A market maker for `symbol` that quotes `quantity` on each side, `distance_bps` basis points from
    /// the middle, while its position stays within `inventory_max` in either direction.
    pub fn new(
        symbol: Symbol,
        quantity: Quantity,
        distance_bps: u32,
        inventory_max: Quantity,
        every: Duration,
    ) -> Self {
        Self {
            symbol,
            quantity,
            distance_bps,
            inventory_max,
            every,
            looked_at: None,
            refused: false,
        }
    }

    /// Where a quote of the side belongs.
    fn place(&self, side: Side, bid: Level, ask: Level, tick: Price) -> Option<Price> {
        let middle = bid.price.checked_add(ask.price)?.raw() / 2;
        let distance = self.distance(middle);
        let price = match side {
            Side::Buy => Price::from_raw(middle.checked_sub(distance)?).floor_to(tick),
            Side::Sell => {
                let above = Price::from_raw(middle.checked_add(distance)?);
                above.checked_add(tick)?.floor_to(tick)
            }
        };
        price.is_positive().then_some(price)
    }

    /// The distance from the middle, in steps of a price.
    fn distance(&self, middle: i64) -> i64 {
        let product = i128::from(middle) * i128::from(self.distance_bps) / i128::from(BPS);
        i64::try_from(product).unwrap_or(i64::MAX)
    }

    fn is_due(&self, trade: &Trade) -> bool {
        self.looked_at.is_none_or(|at| trade.venue_ts.since(at) >= self.every)
    }

    fn may_quote(&self, side: Side, desk: &Desk<'_>) -> bool {
        let position = desk.position(&self.symbol);
        let after = match side {
            Side::Buy => position.checked_add(self.quantity),
            Side::Sell => position.checked_sub(self.quantity),
        };
        after.is_some_and(|after| after.max(after.negated()) <= self.inventory_max)
    }

    fn quote(&self, side: Side, desk: &mut Desk<'_>) {
        let Some(tick) = desk.instrument(&self.symbol).map(|rules| rules.tick_size) else { return };
        let market = desk.market(&self.symbol);
        let best = market.and_then(|market| Some((market.bid?, market.ask?)));
        let Some((bid, ask)) = best else { return };
        let Some(wanted) = self.place(side, bid, ask, tick) else { return };
        let tolerance = self.distance(wanted.raw()) / 4;
        let mine =
            desk.orders().working_in(&self.symbol).find(|order| order.request().side == side);
        if let Some(order) = mine {
            let OrderKind::Limit { price, .. } = order.request().kind else { return };
            if (price.raw() - wanted.raw()).abs() > tolerance {
                let id = order.request().client_order_id.clone();
                desk.cancel(&id);
            }
            return;
        }
        if !self.refused && self.may_quote(side, desk) {
            let kind = OrderKind::Limit { price: wanted, post_only: true };
            desk.place(&self.symbol, side, kind, self.quantity, TimeInForce::Gtc);
        }
    }
}

impl Strategy for Quoter {
    fn wants(&self) -> Wants {
        Wants::TRADES
    }

    fn passes_over(&mut self, trade: &Trade) -> bool {
        trade.symbol != self.symbol || !self.is_due(trade)
    }

    fn passes_until(&self) -> Option<UnixNanos> {
        self.looked_at.map(|at| at.plus(self.every))
    }

    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        if self.passes_over(trade) || !desk.can_trade() {
            return;
        }
        self.looked_at = Some(trade.venue_ts);
        self.quote(Side::Buy, desk);
        self.quote(Side::Sell, desk);
        // A refusal counts for one look: then the market may be another.
        self.refused = false;
    }

    fn on_order(&mut self, order: &Order, _desk: &mut Desk<'_>) {
        self.refused |=
            order.request().symbol == self.symbol && order.state() == OrderState::Rejected;
    }
}

#[cfg(test)]
mod tests;
