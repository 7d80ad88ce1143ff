//! Two moving averages: long while the fast one is above the slow one, flat otherwise.

use std::time::Duration;

use model::{OrderKind, OrderState, Price, Quantity, Side, Symbol, TimeInForce, Trade, UnixNanos};

use crate::desk::Desk;
use crate::ema::Ema;
use crate::order::Order;
use crate::strategy::{Strategy, Wants};

/// Crossing of two exponential moving averages, for one instrument, long or flat.
///
/// The averages take the last price of each bar. An order first rests at the near best price; if it
/// is not filled within `patience` it is cancelled and the rest goes to the market. Time is the
/// venue's, and passes with trades: in a market without trades nothing happens.
#[derive(Debug)]
pub struct EmaCross {
    symbol: Symbol,
    quantity: Quantity,
    bar: Duration,
    patience: Duration,
    warm_up: u64,
    fast: Ema,
    slow: Ema,
    bars: u64,
    bar_start: Option<UnixNanos>,
    /// Before it, no trade closes the bar.
    bar_end: Option<UnixNanos>,
    bar_close: Option<Price>,
    placed_at: UnixNanos,
    impatient: bool,
    refused: bool,
}

impl EmaCross {
    /// A strategy for `symbol` that holds `quantity` base units or none.
    ///
    /// `fast` and `slow` count bars of length `bar`; `patience` is how long an order may rest.
    pub fn new(
        symbol: Symbol,
        fast: u32,
        slow: u32,
        quantity: Quantity,
        bar: Duration,
        patience: Duration,
    ) -> Self {
        Self {
            symbol,
            quantity,
            bar,
            patience,
            warm_up: u64::from(slow),
            fast: Ema::new(fast),
            slow: Ema::new(slow),
            bars: 0,
            bar_start: None,
            bar_end: None,
            bar_close: None,
            placed_at: UnixNanos::ZERO,
            impatient: false,
            refused: false,
        }
    }

    /// Closes the bar when the trade belongs to a later one.
    fn take(&mut self, trade: &Trade) -> bool {
        let start = trade.venue_ts.floor_to(self.bar);
        if self.bar_start.is_some_and(|current| start < current) {
            // Late: its bar is closed.
            return false;
        }
        let closed = self.bar_start.is_some_and(|current| start > current);
        if closed && let Some(close) = self.bar_close {
            self.fast.update(close);
            self.slow.update(close);
            self.bars += 1;
        }
        self.bar_start = Some(start);
        self.bar_end = Some(start.plus(self.bar)).filter(|_| !self.bar.is_zero());
        self.bar_close = Some(trade.price);
        closed
    }

    /// The position that the averages ask for, once there are enough bars.
    fn target(&self) -> Option<Quantity> {
        if self.bars < self.warm_up {
            return None;
        }
        let long = self.fast.raw()? > self.slow.raw()?;
        Some(if long { self.quantity } else { Quantity::ZERO })
    }

    /// Side and quantity that lead from the position to the target.
    fn gap(&self, target: Quantity, desk: &Desk<'_>) -> Option<(Side, Quantity)> {
        let position = desk.position(&self.symbol);
        let lot = desk.instrument(&self.symbol)?;
        let (side, quantity) = if target > position {
            (Side::Buy, target.checked_sub(position)?)
        } else {
            (Side::Sell, position.checked_sub(target)?)
        };
        (quantity >= lot.quantity_min).then(|| (side, quantity.floor_to(lot.lot_size())))
    }

    /// Places an order: at the near best price, or against the far one after patience ran out.
    /// Without that price the market is unknown, and nothing is placed.
    fn enter(&mut self, side: Side, quantity: Quantity, now: UnixNanos, desk: &mut Desk<'_>) {
        let Some(market) = desk.market(&self.symbol) else { return };
        let (near, far) = match side {
            Side::Buy => (market.bid, market.ask),
            Side::Sell => (market.ask, market.bid),
        };
        let kind = match (self.impatient, near, far) {
            (true, _, Some(_)) => OrderKind::Market,
            (false, Some(near), _) => OrderKind::Limit { price: near.price, post_only: false },
            (true, _, None) | (false, None, _) => return,
        };
        desk.place(&self.symbol, side, kind, quantity, TimeInForce::Gtc);
        self.placed_at = now;
        self.impatient = false;
    }

    /// After a refusal it would only be refused again: it waits as long as an order may rest.
    fn is_put_off(&self, now: UnixNanos) -> bool {
        self.refused && now.since(self.placed_at) < self.patience
    }

    /// Cancels what rests too long or in the wrong direction. False without a working order.
    fn supervise(
        &mut self,
        gap: Option<(Side, Quantity)>,
        now: UnixNanos,
        desk: &mut Desk<'_>,
    ) -> bool {
        let Some(order) = desk.orders().working_in(&self.symbol).next() else {
            return false;
        };
        let wrong = gap.is_none_or(|(side, _)| side != order.request().side);
        let stale = now.since(self.placed_at) >= self.patience;
        if wrong || stale {
            self.impatient = stale && !wrong;
            let id = order.request().client_order_id.clone();
            desk.cancel(&id);
        }
        true
    }
}

impl Strategy for EmaCross {
    fn wants(&self) -> Wants {
        Wants::TRADES
    }

    fn passes_over(&mut self, trade: &Trade) -> bool {
        if trade.symbol != self.symbol {
            return true;
        }
        match self.bar_end {
            Some(end) if trade.venue_ts < end => {
                // Of a late one, whose bar is closed, nothing is to be noted.
                if self.bar_start.is_some_and(|start| trade.venue_ts >= start) {
                    self.bar_close = Some(trade.price);
                }
                true
            }
            Some(_) | None => false,
        }
    }

    fn passes_until(&self) -> Option<UnixNanos> {
        self.bar_end
    }

    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        if trade.symbol != self.symbol || !self.take(trade) {
            return;
        }
        let Some(target) = self.target() else { return };
        let gap = self.gap(target, desk);
        if self.supervise(gap, trade.venue_ts, desk) {
            return;
        }
        match gap {
            Some((side, quantity)) if desk.can_trade() && !self.is_put_off(trade.venue_ts) => {
                self.enter(side, quantity, trade.venue_ts, desk);
            }
            Some(_) => {}
            None => self.impatient = false,
        }
    }

    fn on_order(&mut self, order: &Order, _desk: &mut Desk<'_>) {
        if order.request().symbol == self.symbol {
            self.refused = order.state() == OrderState::Rejected;
        }
    }
}

#[cfg(test)]
mod tests;
