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

/// Averages after a close.
#[derive(Debug)]
struct Sums {
    fast: i128,
    slow: i128,
    /// The fast average against the slow one, once there are enough closes.
    order: Option<Ordering>,
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

    /// What the next close would make of the averages.
    fn look(&self, close: i64) -> Sums {
        let length = self.closes.len() + 1;
        let gone = |bars: usize| match length.checked_sub(bars + 1) {
            Some(at) => i128::from(close) - i128::from(self.closes[at]),
            None => i128::from(close),
        };
        let (fast, slow) = (self.fast_sum + gone(self.fast), self.slow_sum + gone(self.slow));
        let wide = |bars: usize| i128::try_from(bars).unwrap_or(1);
        let full = length >= self.fast.max(self.slow);
        let order = full.then(|| (fast * wide(self.slow)).cmp(&(slow * wide(self.fast))));
        Sums { fast, slow, order }
    }

    /// Takes a close that makes these averages.
    fn take(&mut self, close: i64, sums: &Sums) {
        self.closes.push_back(close);
        if self.closes.len() > self.fast.max(self.slow) {
            self.closes.pop_front();
        }
        (self.fast_sum, self.slow_sum, self.before) = (sums.fast, sums.slow, sums.order);
    }

    /// The side of the crossing that these averages make, if they make one.
    fn crossing(&self, sums: &Sums) -> Option<Side> {
        match (self.before?, sums.order?) {
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

    fn passes_over_bar(&mut self, symbol: &Symbol, bar: &Bar) -> bool {
        if *symbol != self.symbol {
            return true;
        }
        let close = bar.close.raw();
        let sums = self.look(close);
        let passes = self.crossing(&sums).is_none();
        if passes {
            self.take(close, &sums);
        }
        passes
    }

    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        if *symbol != self.symbol {
            return;
        }
        let close = bar.close.raw();
        let sums = self.look(close);
        let crossing = self.crossing(&sums);
        self.take(close, &sums);
        let Some(side) = crossing else { return };
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
