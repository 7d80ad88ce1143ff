//! Two simple moving averages of closes: long after the fast one crosses up, short after it crosses down.

use std::cmp::Ordering;

use model::{Bar, OrderKind, Price, Quantity, Side, Symbol, TimeInForce};

use crate::bar_run::BarRun;
use crate::desk::Desk;
use crate::rolling_mean::{MeanPair, Means, crossing};
use crate::strategy::{Strategy, Wants};

/// Crossing of two simple moving averages of the closes of bars, always long or short by one size after
/// the first crossing. Market orders only.
///
/// A crossing is strict: below before and above now, or the other way round. Each one cancels what is
/// still working, closes the position with one order, and enters with another one of the size: also where the
/// averages only touched since the last crossing and the new one has its direction.
///
/// [`SmaCross::long_only`] is long or flat instead: one order for each crossing, and none where there is nothing to do.
#[derive(Debug)]
pub struct SmaCross {
    symbol: Symbol,
    quantity: Quantity,
    long_only: bool,
    /// The last closes, the newest at the end: as many as the longer average wants, and some of before.
    closes: Vec<i64>,
    averages: MeanPair,
    before: Option<Ordering>,
}

/// Closes of before that are kept, so that they are seldom moved.
const BEFORE_MAX: usize = 512;
/// Closes that are looked at together. More would be looked at in vain when the averages cross.
const TOGETHER: usize = 16;

impl SmaCross {
    /// A strategy for `symbol` that holds `quantity` base units, long or short.
    ///
    /// `fast` and `slow` count bars; 0 counts as 1.
    pub fn new(symbol: Symbol, fast: u32, slow: u32, quantity: Quantity, means: Means) -> Self {
        let bars = [fast, slow].map(|bars| usize::try_from(bars.max(1)).unwrap_or(usize::MAX));
        let averages = MeanPair::new(bars, means);
        Self { symbol, quantity, long_only: false, closes: Vec::new(), averages, before: None }
    }

    /// The same strategy, which buys the size when it has nothing, and sells what it has instead of going short.
    #[must_use]
    pub fn long_only(self) -> Self {
        Self { long_only: true, ..self }
    }

    /// Sides and quantities of the orders after a crossing to a side.
    fn orders(&self, side: Side, position: Quantity) -> [(Side, Quantity); 2] {
        let closing = if position.is_positive() { Side::Sell } else { Side::Buy };
        let held = position.max(position.negated());
        let (held, entering) = match (self.long_only, side) {
            (false, _) => (held, self.quantity),
            (true, Side::Sell) => (held, Quantity::ZERO),
            (true, Side::Buy) if position.is_zero() => (held, self.quantity),
            (true, Side::Buy) => (Quantity::ZERO, Quantity::ZERO),
        };
        [(closing, held), (side, entering)]
    }

    /// Closes that the longer average looks at.
    fn wanted(&self) -> usize {
        let [fast, slow] = self.averages.bars();
        fast.max(slow)
    }

    /// What the next close would make of the averages, and how the fast one is to the slow one then, once there are
    /// enough closes.
    fn look(&self, close: i64) -> (MeanPair, Option<Ordering>) {
        let length = self.closes.len();
        let gone = |bars: usize| length.checked_sub(bars).map(|at| self.closes[at]);
        let averages = self.averages.step(self.averages.bars().map(gone), close);
        let full = length + 1 >= self.wanted();
        (averages, averages.order().filter(|_| full))
    }

    /// Takes a close that makes these averages.
    fn take(&mut self, close: i64, (averages, order): (MeanPair, Option<Ordering>)) {
        self.closes.push(close);
        self.forget();
        (self.averages, self.before) = (averages, order);
    }

    /// Forgets closes of before, if they are many.
    fn forget(&mut self) {
        let wanted = self.wanted();
        if self.closes.len() > wanted.saturating_add(BEFORE_MAX.max(wanted)) {
            self.closes.drain(..self.closes.len() - wanted);
        }
    }

    /// Takes closes that make no crossing; says how many. There are as many before as the averages want.
    fn pass(&mut self, closes: &[Price]) -> usize {
        let known = self.closes.len();
        self.closes.extend(closes.iter().map(|close| close.raw()));
        let (passed, order) = self.averages.pass(&self.closes, known, self.before);
        self.before = order;
        self.closes.truncate(known + passed);
        self.forget();
        passed
    }
}

impl Strategy for SmaCross {
    fn wants(&self) -> Wants {
        Wants::BARS.without_orders()
    }

    fn passes_over_bar(&mut self, symbol: &Symbol, bar: &Bar) -> bool {
        if *symbol != self.symbol {
            return true;
        }
        let close = bar.close.raw();
        let averages = self.look(close);
        let passes = !crossing(self.before, averages.1);
        if passes {
            self.take(close, averages);
        }
        passes
    }

    fn passes_over_bars(&mut self, symbol: &Symbol, run: BarRun<'_>) -> usize {
        let (bars, closes) = (run.bars(), run.closes());
        if *symbol != self.symbol {
            return bars.len();
        }
        let mut passed = 0;
        while passed < bars.len() && self.closes.len() < self.wanted() {
            if !self.passes_over_bar(symbol, &bars[passed]) {
                return passed;
            }
            passed += 1;
        }
        for together in closes[passed..].chunks(TOGETHER) {
            let taken = self.pass(together);
            passed += taken;
            if taken < together.len() {
                break;
            }
        }
        passed
    }

    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        if *symbol != self.symbol {
            return;
        }
        let close = bar.close.raw();
        let averages = self.look(close);
        let crosses = crossing(self.before, averages.1);
        self.take(close, averages);
        let side = match averages.1 {
            Some(Ordering::Greater) if crosses => Side::Buy,
            Some(Ordering::Less) if crosses => Side::Sell,
            Some(Ordering::Less | Ordering::Equal | Ordering::Greater) | None => return,
        };
        desk.cancel_working(symbol, None);
        for (side, quantity) in self.orders(side, desk.position(symbol)) {
            if quantity.is_positive() {
                desk.place(symbol, side, OrderKind::Market, quantity, TimeInForce::Gtc);
            }
        }
    }
}

#[cfg(test)]
mod tests;
