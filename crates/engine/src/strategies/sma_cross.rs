//! Two simple moving averages of closes: long after the fast one crosses up, short after it crosses down.

use std::cmp::Ordering;
use std::collections::VecDeque;

use model::{Bar, ClientOrderId, OrderKind, Quantity, Side, Symbol, TimeInForce};

use crate::desk::Desk;
use crate::rolling_mean::{Means, RollingMean};
use crate::strategy::{Strategy, Wants};

/// Crossing of two simple moving averages of the closes of bars, always long or short by one size after
/// the first crossing. Market orders only.
///
/// A crossing is strict: below before and above now, or the other way round. Each one cancels what is
/// still working, closes the position with one order, and enters with another one of the size: also where the
/// averages only touched since the last crossing and the new one has its direction.
#[derive(Debug)]
pub struct SmaCross {
    symbol: Symbol,
    quantity: Quantity,
    /// The last closes, the newest at the back.
    closes: VecDeque<i64>,
    averages: [RollingMean; 2],
    before: Option<Ordering>,
}

/// Averages after a close.
#[derive(Debug)]
struct Averages {
    /// The fast one and the slow one.
    both: [RollingMean; 2],
    /// The fast one against the slow one, once there are enough closes.
    order: Option<Ordering>,
}

impl SmaCross {
    /// A strategy for `symbol` that holds `quantity` base units, long or short.
    ///
    /// `fast` and `slow` count bars; 0 counts as 1.
    pub fn new(symbol: Symbol, fast: u32, slow: u32, quantity: Quantity, means: Means) -> Self {
        let average =
            |bars: u32| RollingMean::new(usize::try_from(bars.max(1)).unwrap_or(usize::MAX), means);
        Self {
            symbol,
            quantity,
            closes: VecDeque::new(),
            averages: [fast, slow].map(average),
            before: None,
        }
    }

    /// Closes that the longer average looks at.
    fn wanted(&self) -> usize {
        let [fast, slow] = &self.averages;
        fast.bars().max(slow.bars())
    }

    /// What the next close would make of the averages.
    fn look(&self, close: i64) -> Averages {
        let length = self.closes.len();
        let both = self.averages.map(|average| {
            let gone = length.checked_sub(average.bars()).map(|at| self.closes[at]);
            average.step(gone, close)
        });
        let full = length + 1 >= self.wanted();
        let order = both[0].against(&both[1]).filter(|_| full);
        Averages { both, order }
    }

    /// Takes a close that makes these averages.
    fn take(&mut self, close: i64, averages: &Averages) {
        self.closes.push_back(close);
        if self.closes.len() > self.wanted() {
            self.closes.pop_front();
        }
        (self.averages, self.before) = (averages.both, averages.order);
    }

    /// The side of the crossing that these averages make, if they make one.
    fn crossing(&self, averages: &Averages) -> Option<Side> {
        match (self.before?, averages.order?) {
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
        let averages = self.look(close);
        let passes = self.crossing(&averages).is_none();
        if passes {
            self.take(close, &averages);
        }
        passes
    }

    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        if *symbol != self.symbol {
            return;
        }
        let close = bar.close.raw();
        let averages = self.look(close);
        let crossing = self.crossing(&averages);
        self.take(close, &averages);
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
        let closing = if position.is_positive() { Side::Sell } else { Side::Buy };
        let held = position.max(position.negated());
        for (side, quantity) in [(closing, held), (side, self.quantity)] {
            if quantity.is_positive() {
                desk.place(symbol, side, OrderKind::Market, quantity, TimeInForce::Gtc);
            }
        }
    }
}

#[cfg(test)]
mod tests;
