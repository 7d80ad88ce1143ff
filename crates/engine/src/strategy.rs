//! What a user implements.

use std::fmt;
use std::sync::Arc;

use model::{Bar, Symbol, Trade, UnixNanos};

use crate::bar_run::BarRun;
use crate::desk::Desk;
use crate::order::Order;

/// What a strategy looks at. It is not asked about other market events, of which [`Desk::market`] knows all, nor, after
/// [`Wants::without_orders`], about orders, of which [`Desk::orders`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// [`Strategy::on_trade`].
    pub trades: bool,
    /// [`Strategy::on_best_prices`].
    pub best_prices: bool,
    /// [`Strategy::on_bar`].
    pub bars: bool,
    /// [`Strategy::on_order`].
    pub orders: bool,
}

impl Wants {
    /// Everything.
    pub const ALL: Self = Self { trades: true, best_prices: true, bars: true, orders: true };
    /// No market event.
    pub const NOTHING: Self = Self { trades: false, best_prices: false, bars: false, orders: true };
    /// Trades only.
    pub const TRADES: Self = Self { trades: true, ..Self::NOTHING };
    /// Bars only.
    pub const BARS: Self = Self { bars: true, ..Self::NOTHING };

    /// The same without news of orders.
    #[must_use]
    pub const fn without_orders(self) -> Self {
        Self { orders: false, ..self }
    }

    /// What either of two wants.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            trades: self.trades || other.trades,
            best_prices: self.best_prices || other.best_prices,
            bars: self.bars || other.bars,
            orders: self.orders || other.orders,
        }
    }
}

/// A trading strategy: looks at the market through a [`Desk`] and places wishes on it.
///
/// The same implementation runs in a backtest, in simulation and live. It must be a pure function
/// of what it is given: no clock, no randomness of its own, no I/O.
pub trait Strategy: fmt::Debug + Send {
    /// What it looks at; asked once, at the start. Fewer are faster.
    fn wants(&self) -> Wants {
        Wants::ALL
    }

    /// Takes note of a trade without a desk; true when that is all, so that [`Strategy::on_trade`] is not called.
    ///
    /// It makes runs faster and changes no result: `on_trade` alone must come to the same. After `false`, the next
    /// call about a trade is about this very one again, by this function or by `on_trade`.
    fn passes_over(&mut self, trade: &Trade) -> bool {
        let _ = trade;
        false
    }

    /// Before this time of the venues it passes over every trade, and it is enough if the last one of several is told
    /// to [`Strategy::passes_over`]. Nothing is said about later ones. `None` when it wants to be asked about each.
    ///
    /// As [`Strategy::passes_over`], it makes runs faster and changes no result.
    fn passes_until(&self) -> Option<UnixNanos> {
        None
    }

    /// As [`Strategy::passes_over`], of a bar and [`Strategy::on_bar`].
    fn passes_over_bar(&mut self, symbol: &Symbol, bar: &Bar) -> bool {
        let _ = (symbol, bar);
        false
    }

    /// As [`Strategy::passes_over_bar`], of bars that follow each other: takes note of them up to the first one that it
    /// does not pass over, and says how many they were.
    ///
    /// A run asks this about bars in which nothing else can happen. Whoever looks at many bars at once may do it
    /// faster here; it must come to the same.
    fn passes_over_bars(&mut self, symbol: &Symbol, run: BarRun<'_>) -> usize {
        let bars = run.bars();
        let stop = bars.iter().position(|bar| !self.passes_over_bar(symbol, bar));
        stop.unwrap_or(bars.len())
    }

    /// Somebody traded.
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        let _ = (trade, desk);
    }

    /// The best prices of a book changed; [`Desk::market`] has them.
    fn on_best_prices(&mut self, symbol: &Symbol, desk: &mut Desk<'_>) {
        let _ = (symbol, desk);
    }

    /// An interval of a market is over. Only where the source has bars.
    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        let _ = (symbol, bar, desk);
    }

    /// One of our orders changed its state or was filled.
    fn on_order(&mut self, order: &Order, desk: &mut Desk<'_>) {
        let _ = (order, desk);
    }
}

/// Makes strategies: one for each instrument. Cheap to clone.
#[derive(Clone)]
pub struct StrategyFactory(Arc<MakeStrategy>);

type MakeStrategy = dyn Fn(&Symbol) -> Box<dyn Strategy> + Send + Sync;

impl StrategyFactory {
    /// A factory that calls `make` once per instrument.
    pub fn new(make: impl Fn(&Symbol) -> Box<dyn Strategy> + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }

    /// The strategies of some instruments as one, asked in the order given.
    ///
    /// Each sees every event and must look at its own instrument only.
    pub fn build(&self, symbols: &[Symbol]) -> Box<dyn Strategy> {
        let mut all: Vec<_> = symbols.iter().map(|symbol| self.0(symbol)).collect();
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                all.extend(last);
                Box::new(EachSymbol { all, passed: 0 })
            }
        }
    }
}

impl fmt::Debug for StrategyFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StrategyFactory(..)")
    }
}

/// Several strategies side by side.
#[derive(Debug)]
struct EachSymbol {
    all: Vec<Box<dyn Strategy>>,
    /// How many of them have passed over the trade or bar of which the others must be told.
    passed: usize,
}

impl EachSymbol {
    /// Asks each that was not asked yet about a trade or bar; true when all of them pass over it.
    fn all_pass(&mut self, passes: impl Fn(&mut dyn Strategy) -> bool) -> bool {
        while let Some(next) = self.all.get_mut(self.passed) {
            if !passes(next.as_mut()) {
                return false;
            }
            self.passed += 1;
        }
        self.passed = 0;
        true
    }

    /// Those that have not passed over it.
    fn others(&mut self) -> impl Iterator<Item = &mut Box<dyn Strategy>> {
        let passed = std::mem::take(&mut self.passed);
        self.all.iter_mut().skip(passed)
    }
}

impl Strategy for EachSymbol {
    fn wants(&self) -> Wants {
        let wants = self.all.iter().map(|strategy| strategy.wants());
        wants.fold(Wants::NOTHING.without_orders(), Wants::or)
    }

    fn passes_over(&mut self, trade: &Trade) -> bool {
        self.all_pass(|strategy| strategy.passes_over(trade))
    }

    fn passes_until(&self) -> Option<UnixNanos> {
        let all = self.all.iter().map(|strategy| strategy.passes_until());
        all.min().flatten()
    }

    fn passes_over_bar(&mut self, symbol: &Symbol, bar: &Bar) -> bool {
        self.all_pass(|strategy| strategy.passes_over_bar(symbol, bar))
    }

    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        self.others().for_each(|strategy| strategy.on_trade(trade, desk));
    }

    fn on_best_prices(&mut self, symbol: &Symbol, desk: &mut Desk<'_>) {
        self.all.iter_mut().for_each(|strategy| strategy.on_best_prices(symbol, desk));
    }

    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        self.others().for_each(|strategy| strategy.on_bar(symbol, bar, desk));
    }

    fn on_order(&mut self, order: &Order, desk: &mut Desk<'_>) {
        self.all.iter_mut().for_each(|strategy| strategy.on_order(order, desk));
    }
}
