//! Two simple moving averages of closes: long after the fast one crosses up, short after it crosses down.

use std::cmp::Ordering;
use std::collections::VecDeque;

use model::{Bar, ClientOrderId, OrderKind, Quantity, Side, Symbol, TimeInForce};

use crate::desk::Desk;
use crate::strategy::{Strategy, Wants};

/// Crossing of two simple moving averages of the closes of bars, always long or short by one size after
/// the first crossing. Market orders only.
///
/// A crossing is strict: below before and above now, or the other way round. Each one cancels what is
/// still working and orders the size plus what leads back to no position.
#[derive(Debug)]
pub struct SmaCross {
    symbol: Symbol,
    quantity: Quantity,
    fast: usize,
    slow: usize,
    /// The last closes, the newest at the back.
    closes: VecDeque<i64>,
    fast_sum: i128,
    slow_sum: i128,
    before: Option<Ordering>,
}

impl SmaCross {
    /// A strategy for `symbol` that holds `quantity` base units, long or short.
    ///
    /// `fast` and `slow` count bars; 0 counts as 1.
    pub fn new(symbol: Symbol, fast: u32, slow: u32, quantity: Quantity) -> Self {
        let length = |bars: u32| usize::try_from(bars.max(1)).unwrap_or(usize::MAX);
        let (fast, slow) = (length(fast), length(slow));
        Self {
            symbol,
            quantity,
            fast,
            slow,
            closes: VecDeque::new(),
            fast_sum: 0,
            slow_sum: 0,
            before: None,
        }
    }

    /// Takes a close; the side of a crossing, if it makes one.
    fn take(&mut self, bar: &Bar) -> Option<Side> {
        let close = bar.close.raw();
        self.closes.push_back(close);
        let length = self.closes.len();
        let gone = |bars: usize| match length.checked_sub(bars + 1) {
            Some(at) => i128::from(close) - i128::from(self.closes[at]),
            None => i128::from(close),
        };
        self.fast_sum += gone(self.fast);
        self.slow_sum += gone(self.slow);
        let longest = self.fast.max(self.slow);
        if length < longest {
            return None;
        }
        if length > longest {
            self.closes.pop_front();
        }
        let wide = |bars: usize| i128::try_from(bars).unwrap_or(1);
        let now = (self.fast_sum * wide(self.slow)).cmp(&(self.slow_sum * wide(self.fast)));
        match (self.before.replace(now)?, now) {
            (Ordering::Less, Ordering::Greater) => Some(Side::Buy),
            (Ordering::Greater, Ordering::Less) => Some(Side::Sell),
            (Ordering::Less | Ordering::Equal | Ordering::Greater, _) => None,
        }
    }
}

impl Strategy for SmaCross {
    fn wants(&self) -> Wants {
        Wants::BARS
    }

    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        if *symbol != self.symbol {
            return;
        }
        let Some(side) = self.take(bar) else { return };
        let working: Vec<ClientOrderId> = desk
            .orders()
            .working_in(symbol)
            .map(|order| order.request().client_order_id.clone())
            .collect();
        for id in working {
            desk.cancel(&id);
        }
        let position = desk.position(symbol);
        let against = match side {
            Side::Buy => position.negated(),
            Side::Sell => position,
        };
        let quantity = self.quantity.checked_add(against.max(Quantity::ZERO));
        if let Some(quantity) = quantity {
            desk.place(symbol, side, OrderKind::Market, quantity, TimeInForce::Gtc);
        }
    }
}

#[cfg(test)]
mod tests;
