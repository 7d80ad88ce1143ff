//! News without an [`EngineEvent`] around them, and those at which a strategy has nothing to do: for whoever plays many.

use std::hint::cold_path;
use std::panic::{AssertUnwindSafe, catch_unwind};

use model::{Bar, Level, Trade, UnixNanos, panic_message};

use super::Engine;
use crate::action::{Errand, OrderNews, SubmitOutcome};
use crate::bar_run::BarRun;
use crate::markets::{MarketNumber, Markets};
use crate::order::VenueName;
use crate::orders::OrderNumber;
use crate::strategy::Strategy;

/// Markets have the numbers of [`MarketNumber`].
///
/// # Panics
/// All but [`Engine::hear_of`], for the number of no market.
impl Engine {
    /// Takes a trade at which the strategy has nothing to do. False when it may have: then it must come through
    /// [`Engine::step`].
    pub fn pass_trade(&mut self, market: MarketNumber, trade: &Trade) -> bool {
        let passed = self.passes_trade(trade);
        if passed {
            self.passed_trades(market, trade, 1);
        }
        passed
    }

    /// As [`Engine::pass_trade`], but only the strategy takes note: [`Engine::passed_trades`] follows for the last
    /// of several, before anything else.
    pub fn passes_trade(&mut self, trade: &Trade) -> bool {
        !self.wants.trades || self.ask_lightly(false, |strategy, _| strategy.passes_over(trade))
    }

    /// Before this time every trade is passed over, and [`Engine::passes_trade`] of the last one is enough; `None`
    /// when each is to be asked about.
    pub fn passes_until(&mut self) -> Option<UnixNanos> {
        match self.wants.trades {
            true => self.ask_lightly(None, |strategy, _| strategy.passes_until()),
            false => Some(UnixNanos::from_nanos(i64::MAX)),
        }
    }

    /// Takes note of several trades that were passed over: the last one, and how many they were.
    pub fn passed_trades(&mut self, market: MarketNumber, last: &Trade, count: u64) {
        self.steps += count;
        self.markets[market].view_mut().remember(last);
    }

    /// As [`Engine::pass_trade`], of the best prices of a book, bid and ask.
    pub fn pass_best(&mut self, market: MarketNumber, best: &[Option<Level>; 2]) -> bool {
        if self.wants.best_prices {
            return false;
        }
        self.steps += 1;
        self.note_best(market, best);
        true
    }

    /// As [`Engine::pass_trade`], of a bar.
    pub fn pass_bar(&mut self, market: MarketNumber, bar: &Bar) -> bool {
        let passed = self.passes_bar(market, bar);
        self.steps += u64::from(passed);
        passed
    }

    /// As [`Engine::pass_bar`], of bars that follow each other; how many of them, from the first on.
    pub fn pass_bars(&mut self, market: MarketNumber, run: BarRun<'_>) -> usize {
        let passed = if self.wants.bars {
            let passed = self.ask_lightly(0, |strategy, markets| {
                strategy.passes_over_bars(&markets[market].symbol, run)
            });
            passed.min(run.bars().len())
        } else {
            run.bars().len()
        };
        self.steps += u64::try_from(passed).unwrap_or(u64::MAX);
        passed
    }

    fn passes_bar(&mut self, market: MarketNumber, bar: &Bar) -> bool {
        !self.wants.bars
            || self.ask_lightly(false, |strategy, markets| {
                strategy.passes_over_bar(&markets[market].symbol, bar)
            })
    }

    /// As [`Engine::step`], of news of an order whose number is known: see [`Orders::number`](crate::Orders::number).
    pub fn hear_of(&mut self, number: OrderNumber, news: &OrderNews, errands: &mut Vec<Errand>) {
        self.steps += 1;
        match news {
            OrderNews::Placed(name) => self.on_placed(number, *name, errands),
            OrderNews::Refused(why) => {
                self.on_submitted(number, SubmitOutcome::Refused(why.clone()), errands);
            }
            OrderNews::Cancelled(outcome) => self.on_cancelled(number, outcome, errands),
            OrderNews::Located(found) => {
                self.on_located(number, found.as_ref(), errands);
            }
            OrderNews::Told(standing) => self.on_news(number, standing, errands),
        }
    }

    fn on_placed(&mut self, number: OrderNumber, name: u64, errands: &mut Vec<Errand>) {
        let steps = self.steps;
        let name = VenueName::Number(name);
        if let Some(update) = self.orders.update(number, |order| order.placed(name, steps)) {
            self.publish(number, &update, errands);
        }
    }

    /// As [`Engine::step`], of a trade.
    pub fn hear_trade(&mut self, market: MarketNumber, trade: &Trade, errands: &mut Vec<Errand>) {
        self.steps += 1;
        self.on_trade(market, trade, errands);
    }

    /// As [`Engine::step`], of the best prices of a book, bid and ask.
    pub fn hear_best(
        &mut self,
        market: MarketNumber,
        best: &[Option<Level>; 2],
        errands: &mut Vec<Errand>,
    ) {
        self.steps += 1;
        self.on_best(market, best, errands);
    }

    /// As [`Engine::step`], of a bar. `asked` says that the strategy did not pass over it when it was asked, by
    /// [`Engine::pass_bar`]: it is not asked again.
    pub fn hear_bar(
        &mut self,
        market: MarketNumber,
        bar: &Bar,
        asked: bool,
        errands: &mut Vec<Errand>,
    ) {
        self.steps += 1;
        if asked && self.wants.bars {
            self.ask_about_bar(market, bar, errands);
        } else {
            self.on_bar(market, bar, errands);
        }
    }

    pub(super) fn on_trade(
        &mut self,
        market: MarketNumber,
        trade: &Trade,
        errands: &mut Vec<Errand>,
    ) {
        let wanted = !self.passes_trade(trade);
        self.markets[market].view_mut().remember(trade);
        if wanted {
            self.consult(errands, |strategy, desk| strategy.on_trade(trade, desk));
        }
    }

    pub(super) fn on_best(
        &mut self,
        market: MarketNumber,
        best: &[Option<Level>; 2],
        errands: &mut Vec<Errand>,
    ) {
        self.note_best(market, best);
        if self.wants.best_prices {
            self.consult(errands, |strategy, desk| {
                let markets = desk.markets;
                strategy.on_best_prices(&markets[market].symbol, desk);
            });
        }
    }

    pub(super) fn on_bar(&mut self, market: MarketNumber, bar: &Bar, errands: &mut Vec<Errand>) {
        if !self.passes_bar(market, bar) {
            self.ask_about_bar(market, bar, errands);
        }
    }

    fn ask_about_bar(&mut self, market: MarketNumber, bar: &Bar, errands: &mut Vec<Errand>) {
        self.consult(errands, |strategy, desk| {
            let markets = desk.markets;
            strategy.on_bar(&markets[market].symbol, bar, desk);
        });
    }

    /// Asks the strategy without a desk. Whoever panicked is not asked: the answer is `nothing` then.
    fn ask_lightly<T>(
        &mut self,
        nothing: T,
        ask: impl FnOnce(&mut dyn Strategy, &Markets) -> T,
    ) -> T {
        if self.failure.is_some() {
            return nothing;
        }
        let (strategy, markets) = (self.strategy.as_mut(), &self.markets);
        match catch_unwind(AssertUnwindSafe(|| ask(strategy, markets))) {
            Ok(answer) => answer,
            Err(panic) => {
                cold_path();
                self.failure = Some(panic_message(panic.as_ref()));
                nothing
            }
        }
    }

    fn note_best(&mut self, market: MarketNumber, [bid, ask]: &[Option<Level>; 2]) {
        let view = self.markets[market].view_mut();
        (view.bid, view.ask) = (*bid, *ask);
    }
}
