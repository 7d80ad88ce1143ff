//! News without an [`EngineEvent`] around them, and those at which a strategy has nothing to do: for whoever plays many.

use std::panic::{AssertUnwindSafe, catch_unwind};

use model::{Bar, Level, OrderState, Symbol, Trade, UnixNanos, panic_message};

use super::Engine;
use crate::action::{Errand, OrderNews};
use crate::bar_run::BarRun;
use crate::order::{Submission, VenueName};
use crate::orders::OrderNumber;
use crate::strategy::Strategy;

impl Engine {
    /// Takes a trade at which the strategy has nothing to do. False when it may have: then it must come through
    /// [`Engine::step`].
    pub fn pass_trade(&mut self, trade: &Trade) -> bool {
        let passed = self.passes_trade(trade);
        if passed {
            self.passed_trades(trade, 1);
        }
        passed
    }

    /// As [`Engine::pass_trade`], but only the strategy takes note: [`Engine::passed_trades`] follows for the last
    /// of several, before anything else.
    pub fn passes_trade(&mut self, trade: &Trade) -> bool {
        !self.wants.trades || self.passes_over(|strategy| strategy.passes_over(trade))
    }

    /// Before this time every trade is passed over, and [`Engine::passes_trade`] of the last one is enough; `None`
    /// when each is to be asked about.
    pub fn passes_until(&mut self) -> Option<UnixNanos> {
        match self.wants.trades {
            true => self.ask_lightly(None, |strategy| strategy.passes_until()),
            false => Some(UnixNanos::from_nanos(i64::MAX)),
        }
    }

    /// Takes note of several trades that were passed over: the last one, and how many they were.
    pub fn passed_trades(&mut self, last: &Trade, count: u64) {
        self.steps += count;
        self.note_trade(last);
    }

    /// As [`Engine::pass_trade`], of the best prices of a book.
    pub fn pass_best(&mut self, symbol: &Symbol, bid: Option<Level>, ask: Option<Level>) -> bool {
        if self.wants.best_prices {
            return false;
        }
        self.steps += 1;
        self.note_best(symbol, bid, ask);
        true
    }

    /// As [`Engine::pass_trade`], of a bar.
    pub fn pass_bar(&mut self, symbol: &Symbol, bar: &Bar) -> bool {
        let passed = self.passes_bar(symbol, bar);
        self.steps += u64::from(passed);
        passed
    }

    /// As [`Engine::pass_bar`], of bars that follow each other; how many of them, from the first on.
    pub fn pass_bars(&mut self, symbol: &Symbol, run: BarRun<'_>) -> usize {
        let passed = if self.wants.bars {
            let passed = self.ask_lightly(0, |strategy| strategy.passes_over_bars(symbol, run));
            passed.min(run.bars().len())
        } else {
            run.bars().len()
        };
        self.steps += u64::try_from(passed).unwrap_or(u64::MAX);
        passed
    }

    fn passes_bar(&mut self, symbol: &Symbol, bar: &Bar) -> bool {
        !self.wants.bars || self.passes_over(|strategy| strategy.passes_over_bar(symbol, bar))
    }

    /// As [`Engine::step`], of news of an order whose number is known: see [`Orders::number`](crate::Orders::number).
    pub fn hear_of(&mut self, number: OrderNumber, news: &OrderNews, errands: &mut Vec<Errand>) {
        self.steps += 1;
        match news {
            OrderNews::Placed(name) => {
                let placed = Submission::Placed(VenueName::Number(*name));
                self.on_submitted(number, placed, errands);
            }
            OrderNews::Refused(why) => {
                let refused = Submission::Failed(OrderState::Rejected, why.clone());
                self.on_submitted(number, refused, errands);
            }
            OrderNews::Cancelled(outcome) => self.on_cancelled(number, outcome, errands),
            OrderNews::Located(found) => {
                self.on_located(number, found.as_ref().map(Into::into), errands);
            }
            OrderNews::Told(standing) => self.on_news(number, standing.into(), errands),
        }
    }

    /// As [`Engine::step`], of a trade.
    pub fn hear_trade(&mut self, trade: &Trade, errands: &mut Vec<Errand>) {
        self.steps += 1;
        self.on_trade(trade, errands);
    }

    /// As [`Engine::step`], of the best prices of a book, bid and ask.
    pub fn hear_best(
        &mut self,
        symbol: &Symbol,
        best: [Option<Level>; 2],
        errands: &mut Vec<Errand>,
    ) {
        self.steps += 1;
        self.on_best(symbol, best, errands);
    }

    /// As [`Engine::step`], of a bar. `asked` says that the strategy did not pass over it when it was asked, by
    /// [`Engine::pass_bar`]: it is not asked again.
    pub fn hear_bar(&mut self, symbol: &Symbol, bar: &Bar, asked: bool, errands: &mut Vec<Errand>) {
        self.steps += 1;
        if asked && self.wants.bars {
            self.consult(errands, |strategy, desk| strategy.on_bar(symbol, bar, desk));
        } else {
            self.on_bar(symbol, bar, errands);
        }
    }

    pub(super) fn on_trade(&mut self, trade: &Trade, errands: &mut Vec<Errand>) {
        let wanted = !self.passes_trade(trade);
        self.note_trade(trade);
        if wanted {
            self.consult(errands, |strategy, desk| strategy.on_trade(trade, desk));
        }
    }

    pub(super) fn on_best(
        &mut self,
        symbol: &Symbol,
        [bid, ask]: [Option<Level>; 2],
        errands: &mut Vec<Errand>,
    ) {
        self.note_best(symbol, bid, ask);
        if self.wants.best_prices {
            self.consult(errands, |strategy, desk| strategy.on_best_prices(symbol, desk));
        }
    }

    pub(super) fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, errands: &mut Vec<Errand>) {
        if !self.passes_bar(symbol, bar) {
            self.consult(errands, |strategy, desk| strategy.on_bar(symbol, bar, desk));
        }
    }

    /// True when the strategy took note of something and wants no desk for it.
    fn passes_over(&mut self, ask: impl FnOnce(&mut dyn Strategy) -> bool) -> bool {
        self.ask_lightly(false, ask)
    }

    /// Asks the strategy without a desk. Whoever panicked is not asked: the answer is `nothing` then.
    fn ask_lightly<T>(&mut self, nothing: T, ask: impl FnOnce(&mut dyn Strategy) -> T) -> T {
        if self.failure.is_some() {
            return nothing;
        }
        let strategy = self.strategy.as_mut();
        match catch_unwind(AssertUnwindSafe(|| ask(strategy))) {
            Ok(answer) => answer,
            Err(panic) => {
                self.failure = Some(panic_message(panic.as_ref()));
                nothing
            }
        }
    }

    fn note_trade(&mut self, trade: &Trade) {
        let market = self.markets.enter(&trade.symbol);
        self.markets[market].view_mut().remember(trade);
    }

    fn note_best(&mut self, symbol: &Symbol, bid: Option<Level>, ask: Option<Level>) {
        let market = self.markets.enter(symbol);
        let market = self.markets[market].view_mut();
        (market.bid, market.ask) = (bid, ask);
    }
}
