//! The engine: one step per event.

mod fills;
mod hear;
mod positions;
mod refusal;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use model::audit::{AuditEvent, StreamState};
use model::{
    FeedEvent, Instrument, Intake, NewOrder, OrderReport, OrderState, Quantity, Side, StreamKind,
    UnixNanos, panic_message,
};
use thiserror::Error;

use crate::action::{Action, CancelOutcome, EngineEvent, LocateOutcome, SubmitOutcome};
use crate::by_symbol::BySymbol;
use crate::desk::{Desk, MarketView, Wish};
use crate::order::{Order, OrderUpdate, Source};
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
    instruments: BySymbol<Instrument>,
    risk: RiskLimits,
    markets: BySymbol<MarketView>,
    positions: BySymbol<Quantity>,
    /// The part of them that earlier runs left.
    inherited: BySymbol<Quantity>,
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
        let instruments = config.instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect();
        Ok(Self {
            wants: strategy.wants(),
            strategy,
            instruments,
            risk: config.risk,
            markets: BySymbol::default(),
            positions: BySymbol::default(),
            inherited: BySymbol::default(),
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
        let mut actions = Vec::new();
        self.step_into(event, &mut actions);
        actions
    }

    /// As [`Engine::step`], into a buffer of the caller's, so that a hot loop allocates nothing.
    pub fn step_into(&mut self, event: EngineEvent, actions: &mut Vec<Action>) {
        self.steps += 1;
        match event {
            EngineEvent::Feed(event) => self.on_feed(event, actions),
            EngineEvent::Submitted { client_order_id, outcome } => {
                if let Some(number) = self.orders.number_of(&client_order_id) {
                    self.on_submitted(number, outcome, actions);
                }
            }
            EngineEvent::Cancelled { client_order_id, outcome } => {
                if let Some(number) = self.orders.number_of(&client_order_id) {
                    self.on_cancelled(number, &outcome, actions);
                }
            }
            EngineEvent::Located { client_order_id, outcome } => {
                if let Some(number) = self.orders.number_of(&client_order_id) {
                    self.on_located(number, &outcome, actions);
                }
            }
            EngineEvent::Polled { asked_at_step, open } => {
                self.on_open_orders(asked_at_step, &open, false, actions);
            }
            EngineEvent::Executions { client_order_id, fills } => {
                if let Some(number) = self.orders.number_of(&client_order_id) {
                    self.on_executions(number, fills, actions);
                }
            }
            EngineEvent::Inherited(positions) => {
                for (symbol, quantity) in positions {
                    self.inherit(symbol, quantity, actions);
                }
            }
            EngineEvent::Stop => self.on_stop(actions),
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

    /// Base units owned per instrument, since the start or since that of the earlier runs that were inherited.
    pub fn positions(&self) -> &BySymbol<Quantity> {
        &self.positions
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

    fn on_feed(&mut self, event: FeedEvent, actions: &mut Vec<Action>) {
        match event {
            FeedEvent::Stream { stream: StreamKind::Private, state } => {
                self.private_live = state == StreamState::Live;
            }
            FeedEvent::Stream { stream: StreamKind::Public, state } => {
                if state != StreamState::Live {
                    self.markets
                        .values_mut()
                        .for_each(|market| (market.bid, market.ask) = (None, None));
                }
            }
            FeedEvent::Intake(intake) => self.intake = intake,
            FeedEvent::Trade(trade) => self.on_trade(&trade, actions),
            FeedEvent::BestPrices { symbol, bid, ask } => {
                self.on_best(&symbol, [bid, ask], actions);
            }
            FeedEvent::Bar { symbol, bar } => self.on_bar(&symbol, &bar, actions),
            FeedEvent::Order(report) => {
                self.on_report(&report, actions);
            }
            FeedEvent::OpenOrders(open) => {
                self.private_live = true;
                self.on_open_orders(self.steps, &open, true, actions);
            }
        }
    }

    fn on_submitted(
        &mut self,
        number: OrderNumber,
        outcome: SubmitOutcome,
        actions: &mut Vec<Action>,
    ) {
        let unknown = matches!(outcome, SubmitOutcome::Unknown(_));
        let steps = self.steps;
        let Some(update) = self.orders.update(number, |order| order.submitted(outcome, steps))
        else {
            return;
        };
        self.publish(number, update, actions);
        if unknown {
            self.locate(number, actions);
        }
    }

    fn on_cancelled(
        &mut self,
        number: OrderNumber,
        outcome: &CancelOutcome,
        actions: &mut Vec<Action>,
    ) {
        let steps = self.steps;
        match outcome {
            // The order's own news end it; if they get lost, the next list shows it.
            CancelOutcome::Accepted => {
                self.orders.update(number, |order| order.cancel_accepted(steps));
            }
            CancelOutcome::AlreadyGone => {
                self.orders.update(number, Order::cancel_missed);
                self.locate(number, actions);
            }
        }
    }

    fn on_located(
        &mut self,
        number: OrderNumber,
        outcome: &LocateOutcome,
        actions: &mut Vec<Action>,
    ) {
        let steps = self.steps;
        let update = self.orders.update(number, |order| {
            order.located();
            match outcome {
                LocateOutcome::Found(report) => order.apply(report, Source::Asked, steps),
                LocateOutcome::Absent => order.absent(),
            }
        });
        if let Some(update) = update {
            self.publish(number, update, actions);
        }
        self.close_the_books(number, actions);
    }

    /// Whose the report is, if it is of one of ours.
    fn on_report(
        &mut self,
        report: &OrderReport,
        actions: &mut Vec<Action>,
    ) -> Option<OrderNumber> {
        let Some(number) = self.orders.owner_of(report) else {
            tracing::warn!(venue_order_id = %report.venue_order_id, "order of another program");
            return None;
        };
        self.on_news(number, report, actions);
        Some(number)
    }

    fn on_news(&mut self, number: OrderNumber, report: &OrderReport, actions: &mut Vec<Action>) {
        let steps = self.steps;
        let update = self.orders.update(number, |order| order.apply(report, Source::Told, steps));
        let Some(update) = update else { return };
        let doubtful = update.doubtful;
        self.publish(number, update, actions);
        if doubtful {
            self.locate(number, actions);
        }
        self.close_the_books(number, actions);
    }

    /// Asks the venue for an order, unless somebody is asking already.
    fn locate(&mut self, number: OrderNumber, actions: &mut Vec<Action>) {
        let start = self.orders.update(number, Order::start_locating) == Some(true);
        if let Some(order) = self.orders.at(number).filter(|_| start) {
            let client_order_id = order.request().client_order_id.clone();
            let venue_order_id = order.venue_order_id().cloned();
            actions.push(Action::Locate { client_order_id, venue_order_id });
        }
    }

    /// Takes a complete list of open orders; asks for those that are missing in it, and for executions that
    /// nobody told of. After a reconnect nobody will; otherwise they may be on their way.
    fn on_open_orders(
        &mut self,
        asked_at: u64,
        open: &[OrderReport],
        reconnected: bool,
        actions: &mut Vec<Action>,
    ) {
        for report in open {
            let Some(number) = self.on_report(report, actions) else { continue };
            let steps = self.steps;
            let gap_lasts = self.orders.update(number, |order| {
                order.listed_open(asked_at);
                order.gap_lasts(asked_at, steps)
            });
            self.cancel_if_due(number, actions);
            if reconnected || gap_lasts == Some(true) {
                self.fetch_fills(number, actions);
            }
        }
        let listed: Vec<_> = open.iter().map(|report| &report.venue_order_id).collect();
        let is_missing = |order: &Order| {
            order.state() == OrderState::Open
                && order.opened_at_step() < asked_at
                && order.venue_order_id().is_some_and(|id| !listed.contains(&id))
        };
        for number in self.orders.working_numbers() {
            if self.orders.at(number).is_some_and(is_missing) {
                self.locate(number, actions);
            }
        }
    }

    fn on_stop(&mut self, actions: &mut Vec<Action>) {
        self.stopping = true;
        for number in self.orders.working_numbers() {
            self.cancel(number, actions);
        }
    }

    /// Tells the world and the strategy what changed in an order.
    fn publish(&mut self, number: OrderNumber, update: OrderUpdate, actions: &mut Vec<Action>) {
        let Some(order) = self.orders.at(number) else { return };
        if let Some(fill) = update.new_fill.filter(|_| self.audits) {
            let client_order_id = order.request().client_order_id.clone();
            actions.push(Action::Audit(AuditEvent::Filled { client_order_id, fill }));
        }
        self.cancel_if_due(number, actions);
        let Some(order) = self.orders.at(number).filter(|_| update.changed) else { return };
        if self.audits {
            actions.push(Action::Audit(AuditEvent::OrderChanged {
                client_order_id: order.request().client_order_id.clone(),
                venue_order_id: order.venue_order_id().cloned(),
                state: order.state(),
                filled: order.filled(),
                reason: order.reason().map(str::to_owned),
            }));
        }
        if !update.filled_more.is_zero() {
            let NewOrder { symbol, side, .. } = order.request();
            let moved = match side {
                Side::Buy => update.filled_more,
                Side::Sell => update.filled_more.negated(),
            };
            self.move_position(symbol.clone(), moved, actions);
        }
        self.consult(actions, |strategy, desk| {
            let orders = desk.orders;
            if let Some(order) = orders.at(number) {
                strategy.on_order(order, desk);
            }
        });
    }

    /// Lets the strategy look, then carries out its wishes.
    fn consult(
        &mut self,
        actions: &mut Vec<Action>,
        ask: impl FnOnce(&mut dyn Strategy, &mut Desk<'_>),
    ) {
        if self.failure.is_some() {
            // It may have panicked while it took note of something, where nothing can be ordered.
            if !self.stopping {
                self.on_stop(actions);
            }
            return;
        }
        let mut desk = Desk {
            instruments: &self.instruments,
            markets: &self.markets,
            positions: &self.positions,
            orders: &self.orders,
            can_trade: self.private_live
                && !self.stopping
                && matches!(self.intake, Intake::Open | Intake::PostOnly),
            wishes: std::mem::take(&mut self.wishes),
        };
        let strategy = self.strategy.as_mut();
        let looked = catch_unwind(AssertUnwindSafe(|| ask(strategy, &mut desk)));
        let mut wishes = desk.wishes;
        if let Err(panic) = looked {
            // Half of what it wanted is nothing that it wanted.
            self.failure = Some(panic_message(panic.as_ref()));
            self.on_stop(actions);
            return;
        }
        for wish in wishes.drain(..) {
            match wish {
                Wish::Order { symbol, side, kind, quantity, time_in_force, reduce_only } => {
                    let request = NewOrder {
                        client_order_id: self.orders.next_id(),
                        symbol,
                        side,
                        kind,
                        quantity,
                        time_in_force,
                        reduce_only,
                    };
                    self.place(request, actions);
                }
                Wish::Cancel(id) => {
                    if let Some(number) = self.orders.number_of(&id) {
                        self.cancel(number, actions);
                    }
                }
            }
        }
        self.wishes = wishes;
    }

    fn place(&mut self, request: NewOrder, actions: &mut Vec<Action>) {
        if let Some(why) = self.refusal(&request) {
            self.wishes_dropped += 1;
            tracing::warn!(symbol = %request.symbol, quantity = %request.quantity, why, "order dropped");
            return;
        }
        if self.audits {
            actions.push(Action::Audit(AuditEvent::OrderIntent { order: request.clone() }));
        }
        self.orders.place(request.clone());
        actions.push(Action::Submit(request));
    }

    fn cancel(&mut self, number: OrderNumber, actions: &mut Vec<Action>) {
        self.orders.update(number, Order::want_cancel);
        self.cancel_if_due(number, actions);
    }

    fn cancel_if_due(&mut self, number: OrderNumber, actions: &mut Vec<Action>) {
        if self.orders.update(number, Order::cancel_due) == Some(true) {
            actions.extend(self.orders.at(number).and_then(cancellation));
        }
    }
}

fn cancellation(order: &Order) -> Option<Action> {
    let NewOrder { client_order_id, symbol, .. } = order.request();
    Some(Action::Cancel {
        client_order_id: client_order_id.clone(),
        venue_order_id: order.venue_order_id()?.clone(),
        symbol: symbol.clone(),
    })
}

#[cfg(test)]
mod tests;
