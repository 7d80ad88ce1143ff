//! Two moving averages: long while the fast one is above the slow one, flat otherwise.

use std::time::Duration;

use model::{OrderKind, Price, Quantity, Side, Symbol, TimeInForce, Trade, UnixNanos};

use crate::desk::Desk;
use crate::ema::Ema;
use crate::strategy::Strategy;

/// Crossing of two exponential moving averages, for one instrument, long or flat.
///
/// The averages take the last price of each bar. An order first rests at the near best price; if it
/// is not filled within `patience` it is cancelled and the rest goes to the market.
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
    bar_close: Option<Price>,
    placed_at: UnixNanos,
    impatient: bool,
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
            bar_close: None,
            placed_at: UnixNanos::ZERO,
            impatient: false,
        }
    }

    /// Closes the bar when the trade belongs to a later one.
    fn take(&mut self, trade: &Trade) -> bool {
        let start = trade.venue_ts.floor_to(self.bar);
        let closed = self.bar_start.is_some_and(|current| start > current);
        if closed && let Some(close) = self.bar_close {
            self.fast.update(close);
            self.slow.update(close);
            self.bars += 1;
        }
        self.bar_start = Some(start);
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

    fn enter(&mut self, side: Side, quantity: Quantity, now: UnixNanos, desk: &mut Desk<'_>) {
        let near = desk.market(&self.symbol).and_then(|market| match side {
            Side::Buy => market.bid,
            Side::Sell => market.ask,
        });
        let resting = near.filter(|_| !self.impatient);
        let kind = resting.map_or(OrderKind::Market, |level| OrderKind::Limit {
            price: level.price,
            post_only: false,
        });
        desk.place(&self.symbol, side, kind, quantity, TimeInForce::Gtc);
        self.placed_at = now;
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
            Some((side, quantity)) if desk.can_trade() => {
                self.enter(side, quantity, trade.venue_ts, desk);
            }
            Some(_) => {}
            None => self.impatient = false,
        }
    }
}

#[cfg(test)]
mod tests;
