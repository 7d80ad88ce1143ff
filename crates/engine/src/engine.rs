//! The engine: one step per event.

mod fills;
mod hear;
mod positions;
mod refusal;

use std::collections::BTreeSet;
use std::hint::cold_path;
use std::panic::{AssertUnwindSafe, catch_unwind};

use model::audit::{AuditEvent, StreamState};
use model::{
    FeedEvent, Fill, Instrument, Intake, NewOrder, OrderReport, OrderState, Quantity, Side,
    StreamKind, Symbol, UnixNanos, panic_message,
};
use thiserror::Error;

use self::refusal::NOT_TRADED;
use crate::action::{Action, CancelOutcome, EngineEvent, Errand, LocateOutcome, SubmitOutcome};
use crate::desk::{Desk, Draft, Wish};
use crate::markets::Markets;
use crate::order::{Facts, Order, OrderUpdate, Source};
use crate::orders::{OrderNumber, Orders};
use crate::risk::RiskLimits;
use crate::strategy::{Strategy, Wants};

/// What an engine needs to start.
#[derive(Debug)]
pub struct EngineConfig {
    /// Instruments that are traded.
    pub instruments: Vec<Instrument>,
    /// Limits.
    pub risk: RiskLimits,
    /// Wall time of the start; it makes client order ids unique.
    pub started: UnixNanos,
}

/// Why an engine cannot start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Nothing to trade.
    #[error("no instruments to trade")]
    NoInstruments,
    /// The wall clock is not set, so that client order ids would repeat those of an earlier run.
    #[error("the clock says `{0}`, seconds since 1970: it is not set")]
    ClockNotSet(UnixNanos),
}

/// Earlier times (before 2001) mean that the clock was never set.
const CLOCK_MIN: UnixNanos = UnixNanos::from_secs(1_000_000_000);

/// The trading engine. See the crate's page.
#[derive(Debug)]
pub struct Engine {
    strategy: Box<dyn Strategy>,
    wants: Wants,
    risk: RiskLimits,
    markets: Markets,
    orders: Orders,
    /// Orders whose executions are being asked for.
    fetching: BTreeSet<OrderNumber>,
    private_live: bool,
    intake: Intake,
    stopping: bool,
    failure: Option<String>,
    steps: u64,
    wishes_dropped: u64,
    /// False when nobody reads audit events.
    audits: bool,
    /// Kept between calls for its allocation only.
    wishes: Vec<Wish>,
    /// As `wishes`.
    errands: Vec<Errand>,
}

impl Engine {
    /// An engine without orders and positions.
    ///
    /// # Errors
    /// [`EngineError`]: the configuration cannot work.
    pub fn new(config: EngineConfig, strategy: Box<dyn Strategy>) -> Result<Self, EngineError> {
        if config.instruments.is_empty() {
            return Err(EngineError::NoInstruments);
        }
        if config.started < CLOCK_MIN {
            return Err(EngineError::ClockNotSet(config.started));
        }
        Ok(Self {
            wants: strategy.wants(),
            strategy,
            risk: config.risk,
            markets: Markets::traded(config.instruments),
            orders: Orders::new(config.started),
            fetching: BTreeSet::new(),
            private_live: false,
            intake: Intake::Open,
            stopping: false,
            failure: None,
            steps: 0,
            wishes_dropped: 0,
            audits: true,
            wishes: Vec::new(),
            errands: Vec::new(),
        })
    }

    /// The same engine, which asks for no [`Action::Audit`]: for whoever keeps a record of its own.
    #[must_use]
    pub fn without_audits(mut self) -> Self {
        self.audits = false;
        self
    }

    /// Takes one event and says what is to be done, in order.
    pub fn step(&mut self, event: EngineEvent) -> Vec<Action> {
        let mut errands = std::mem::take(&mut self.errands);
        self.take(event, &mut errands);
        // An order that was forgotten meanwhile needs nothing any more.
        let actions = errands.drain(..).filter_map(|errand| self.action(errand)).collect();
        self.errands = errands;
        actions
    }

    /// An errand with the names of its order.
    fn action(&self, errand: Errand) -> Option<Action> {
        let at = |number| self.orders.at(number).map(|order| (order, order.request()));
        Some(match errand {
            Errand::Submit(number) => Action::Submit(at(number)?.1.clone()),
            Errand::Cancel(number) => {
                let (order, NewOrder { client_order_id, symbol, .. }) = at(number)?;
                Action::Cancel {
                    client_order_id: client_order_id.clone(),
                    venue_order_id: order.venue_order_id()?,
                    symbol: symbol.clone(),
                }
            }
            Errand::Locate(number) => {
                let (order, NewOrder { client_order_id, .. }) = at(number)?;
                let venue_order_id = order.venue_order_id();
                Action::Locate { client_order_id: client_order_id.clone(), venue_order_id }
            }
            Errand::FetchFills(number) => {
                let (order, NewOrder { client_order_id, .. }) = at(number)?;
                Action::FetchFills {
                    client_order_id: client_order_id.clone(),
                    venue_order_id: order.venue_order_id()?,
                    filled: order.filled(),
                }
            }
            Errand::Audit(event) => Action::Audit(*event),
        })
    }

    fn take(&mut self, event: EngineEvent, errands: &mut Vec<Errand>) {
        self.steps += 1;
        match event {
            EngineEvent::Feed(event) => self.on_feed(event, errands),
            EngineEvent::Submitted { client_order_id, outcome } => {
                if let Some(number) = self.orders.number(&client_order_id) {
                    self.on_submitted(number, outcome, errands);
                }
            }
            EngineEvent::Cancelled { client_order_id, outcome } => {
                if let Some(number) = self.orders.number(&client_order_id) {
                    self.on_cancelled(number, &outcome, errands);
                }
            }
            EngineEvent::Located { client_order_id, outcome } => {
                if let Some(number) = self.orders.number(&client_order_id) {
                    let found = match &outcome {
                        LocateOutcome::Found(report) => Some(report),
                        LocateOutcome::Absent => None,
                    };
                    self.on_located(number, found, errands);
                }
            }
            EngineEvent::Polled { asked_at_step, open } => {
                self.on_open_orders(asked_at_step, &open, false, errands);
            }
            EngineEvent::Executions { client_order_id, fills } => {
                if let Some(number) = self.orders.number(&client_order_id) {
                    self.on_executions(number, &fills, errands);
                }
            }
            EngineEvent::Inherited(positions) => {
                for (symbol, quantity) in positions {
                    self.inherit(&symbol, quantity, errands);
                }
            }
            EngineEvent::Stop => self.on_stop(errands),
        }
    }

    /// The market events that its strategy looks at.
    pub fn wants(&self) -> Wants {
        self.wants
    }

    /// Events taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All orders.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Base units owned of an instrument, since the start or since that of the earlier runs that were inherited.
    pub fn position(&self, symbol: &Symbol) -> Quantity {
        self.markets.get(symbol).map_or(Quantity::ZERO, |market| market.position)
    }

    /// Orders that strategies wished for and that were not placed: no live private stream, a limit.
    pub fn wishes_dropped(&self) -> u64 {
        self.wishes_dropped
    }

    /// The panic of the strategy, if it panicked. It is not asked again, and everything is cancelled.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The orders that the venue takes, as far as it said.
    pub fn intake(&self) -> Intake {
        self.intake
    }

    /// True when no order can change any more, and no execution is being asked for.
    pub fn is_settled(&self) -> bool {
        self.orders.working().next().is_none() && self.fetching.is_empty()
    }

    fn on_feed(&mut self, event: FeedEvent, errands: &mut Vec<Errand>) {
        match event {
            FeedEvent::Stream { stream: StreamKind::Private, state } => {
                self.private_live = state == StreamState::Live;
            }
            FeedEvent::Stream { stream: StreamKind::Public, state } => {
                if state != StreamState::Live {
                    let known = self.markets.iter_mut().filter_map(|market| market.view.as_mut());
                    known.for_each(|market| (market.bid, market.ask) = (None, None));
                }
            }
            FeedEvent::Intake(intake) => self.intake = intake,
            FeedEvent::Trade(trade) => {
                let market = self.markets.enter(&trade.symbol);
                self.on_trade(market, &trade, errands);
            }
            FeedEvent::BestPrices { symbol, bid, ask } => {
                let market = self.markets.enter(&symbol);
                self.on_best(market, &[bid, ask], errands);
            }
            FeedEvent::Bar { symbol, bar } => {
                let market = self.markets.enter(&symbol);
                self.on_bar(market, &bar, errands);
            }
            FeedEvent::Order(report) => {
                self.on_report(&report, errands);
            }
            FeedEvent::OpenOrders(open) => {
                self.private_live = true;
                self.on_open_orders(self.steps, &open, true, errands);
            }
        }
    }

    fn on_submitted(
        &mut self,
        number: OrderNumber,
        outcome: SubmitOutcome,
        errands: &mut Vec<Errand>,
    ) {
        let unknown = matches!(outcome, SubmitOutcome::Unknown(_));
        let steps = self.steps;
        let update = self.orders.update(number, |order| order.submitted(outcome, steps));
        let Some(update) = update else { return };
        self.publish(number, &update, errands);
        if unknown {
            self.locate(number, errands);
        }
    }

    fn on_cancelled(
        &mut self,
        number: OrderNumber,
        outcome: &CancelOutcome,
        errands: &mut Vec<Errand>,
    ) {
        let steps = self.steps;
        match outcome {
            // The order's own news end it; if they get lost, the next list shows it.
            CancelOutcome::Accepted => {
                if let Some(order) = self.orders.note(number) {
                    order.cancel_accepted(steps);
                }
            }
            CancelOutcome::AlreadyGone => {
                if let Some(order) = self.orders.note(number) {
                    order.cancel_missed();
                }
                self.locate(number, errands);
            }
        }
    }

    /// The venue was asked for an order: what it told, `None` where it does not have it.
    fn on_located<'a>(
        &mut self,
        number: OrderNumber,
        found: Option<impl Facts<'a>>,
        errands: &mut Vec<Errand>,
    ) {
        let steps = self.steps;
        let update = self.orders.update(number, |order| {
            order.located();
            match found {
                Some(facts) => order.apply(facts, Source::Asked, steps),
                None => order.absent(),
            }
        });
        if let Some(update) = update {
            self.publish(number, &update, errands);
        }
        self.close_the_books(number, errands);
    }

    /// Whose the report is, if it is of one of ours.
    fn on_report(
        &mut self,
        report: &OrderReport,
        errands: &mut Vec<Errand>,
    ) -> Option<OrderNumber> {
        let Some(number) = self.orders.owner_of(report) else {
            tracing::warn!(venue_order_id = %report.venue_order_id, "order of another program");
            return None;
        };
        self.on_news(number, report, errands);
        Some(number)
    }

    fn on_news<'a>(
        &mut self,
        number: OrderNumber,
        news: impl Facts<'a>,
        errands: &mut Vec<Errand>,
    ) {
        let steps = self.steps;
        let update = self.orders.update(number, |order| order.apply(news, Source::Told, steps));
        let Some(update) = update else { return };
        self.publish(number, &update, errands);
        if update.doubtful {
            self.locate(number, errands);
        }
        self.close_the_books(number, errands);
    }

    /// Asks the venue for an order, unless somebody is asking already.
    fn locate(&mut self, number: OrderNumber, errands: &mut Vec<Errand>) {
        if self.orders.note(number).is_some_and(Order::start_locating) {
            errands.push(Errand::Locate(number));
        }
    }

    /// Takes a complete list of open orders; asks for those that are missing in it, and for executions that
    /// nobody told of. After a reconnect nobody will; otherwise they may be on their way.
    fn on_open_orders(
        &mut self,
        asked_at: u64,
        open: &[OrderReport],
        reconnected: bool,
        errands: &mut Vec<Errand>,
    ) {
        for report in open {
            let Some(number) = self.on_report(report, errands) else { continue };
            let steps = self.steps;
            let gap_lasts = self.orders.note(number).is_some_and(|order| {
                order.listed_open(asked_at);
                order.gap_lasts(asked_at, steps)
            });
            self.cancel_if_due(number, errands);
            if reconnected || gap_lasts {
                self.fetch_fills(number, errands);
            }
        }
        let listed: Vec<_> = open.iter().map(|report| &report.venue_order_id).collect();
        let is_missing = |order: &Order| {
            order.state() == OrderState::Open
                && order.opened_at_step() < asked_at
                && order.venue_order_id().is_some_and(|id| !listed.contains(&&id))
        };
        for number in self.orders.working_numbers() {
            if self.orders.at(number).is_some_and(is_missing) {
                self.locate(number, errands);
            }
        }
    }

    fn on_stop(&mut self, errands: &mut Vec<Errand>) {
        self.stopping = true;
        for number in self.orders.working_numbers() {
            self.cancel(number, errands);
        }
    }

    /// Tells the world and the strategy what changed in an order.
    fn publish(
        &mut self,
        number: OrderNumber,
        update: &OrderUpdate<'_>,
        errands: &mut Vec<Errand>,
    ) {
        let Some(order) = self.orders.note(number) else { return };
        if let Some(fill) = update.new_fill.filter(|_| self.audits) {
            errands.push(audit(fill_of(order, fill)));
        }
        if order.cancel_due() {
            errands.push(Errand::Cancel(number));
        }
        if !update.changed {
            return;
        }
        if self.audits {
            errands.push(audit(change_of(order)));
        }
        if !update.filled_more.is_zero() {
            let market = order.market();
            let moved = match order.request().side {
                Side::Buy => update.filled_more,
                Side::Sell => update.filled_more.negated(),
            };
            self.move_position(market, moved, errands);
        }
        if !self.wants.orders && self.failure.is_none() {
            return;
        }
        self.consult(errands, |strategy, desk| {
            let orders = desk.orders;
            if let Some(order) = orders.at(number) {
                strategy.on_order(order, desk);
            }
        });
    }

    /// Lets the strategy look, then carries out its wishes.
    fn consult(
        &mut self,
        errands: &mut Vec<Errand>,
        ask: impl FnOnce(&mut dyn Strategy, &mut Desk<'_>),
    ) {
        if self.failure.is_some() {
            // It may have panicked while it took note of something, where nothing can be ordered.
            if !self.stopping {
                self.on_stop(errands);
            }
            return;
        }
        let mut desk = Desk {
            markets: &self.markets,
            orders: &self.orders,
            can_trade: self.private_live
                && !self.stopping
                && matches!(self.intake, Intake::Open | Intake::PostOnly),
            wishes: &mut self.wishes,
        };
        let strategy = self.strategy.as_mut();
        let looked = catch_unwind(AssertUnwindSafe(|| ask(strategy, &mut desk)));
        if let Err(panic) = looked {
            cold_path();
            // Half of what it wanted is nothing that it wanted.
            self.wishes.clear();
            self.failure = Some(panic_message(panic.as_ref()));
            self.on_stop(errands);
            return;
        }
        // Mostly it wants nothing.
        if !self.wishes.is_empty() {
            self.carry_out(errands);
        }
    }

    /// Carries out what the strategy wishes.
    #[inline(never)]
    fn carry_out(&mut self, errands: &mut Vec<Errand>) {
        let mut wishes = std::mem::take(&mut self.wishes);
        for wish in wishes.drain(..) {
            match wish {
                Wish::Order(draft) => self.place(&draft, errands),
                Wish::Astray { symbol, quantity } => self.drop_wish(&symbol, quantity, NOT_TRADED),
                Wish::Cancel(number) => self.cancel(number, errands),
            }
        }
        self.wishes = wishes;
    }

    fn place(&mut self, draft: &Draft, errands: &mut Vec<Errand>) {
        if let Err(why) = self.admit(draft) {
            let symbol = self.markets[draft.market].symbol.clone();
            self.drop_wish(&symbol, draft.quantity, why);
            return;
        }
        let number = self.orders.place(draft, &self.markets[draft.market].symbol);
        if self.audits
            && let Some(order) = self.orders.at(number)
        {
            let order = order.request().clone();
            errands.push(audit(AuditEvent::OrderIntent { order }));
        }
        errands.push(Errand::Submit(number));
    }

    #[cold]
    fn drop_wish(&mut self, symbol: &Symbol, quantity: Quantity, why: &'static str) {
        self.wishes_dropped += 1;
        tracing::warn!(%symbol, %quantity, why, "order dropped");
    }

    fn cancel(&mut self, number: OrderNumber, errands: &mut Vec<Errand>) {
        if let Some(order) = self.orders.note(number) {
            order.want_cancel();
        }
        self.cancel_if_due(number, errands);
    }

    fn cancel_if_due(&mut self, number: OrderNumber, errands: &mut Vec<Errand>) {
        if self.orders.note(number).is_some_and(Order::cancel_due) {
            errands.push(Errand::Cancel(number));
        }
    }
}

#[inline(never)]
fn fill_of(order: &Order, fill: &Fill) -> AuditEvent {
    let client_order_id = order.request().client_order_id.clone();
    AuditEvent::Filled { client_order_id, fill: fill.clone() }
}

#[inline(never)]
fn change_of(order: &Order) -> AuditEvent {
    AuditEvent::OrderChanged {
        client_order_id: order.request().client_order_id.clone(),
        venue_order_id: order.venue_order_id(),
        state: order.state(),
        filled: order.filled(),
        reason: order.reason().map(str::to_owned),
    }
}

fn audit(event: AuditEvent) -> Errand {
    Errand::Audit(Box::new(event))
}

#[cfg(test)]
mod tests;
