//! The engine: one step per event.

use std::collections::BTreeMap;

use model::audit::{AuditEvent, StreamState};
use model::{
    ClientOrderId, FeedEvent, Instrument, NewOrder, Notional, OrderKind, OrderReport, Quantity,
    Side, StreamKind, Symbol, UnixNanos,
};
use thiserror::Error;

use crate::action::{Action, CancelOutcome, EngineEvent, LocateOutcome, SubmitOutcome};
use crate::desk::{Desk, MarketView, Wish};
use crate::ids::OrderIds;
use crate::order::{Order, OrderUpdate};
use crate::orders::Orders;
use crate::strategy::Strategy;

/// What no strategy may exceed. No default: it guards money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RiskLimits {
    /// Largest quantity of one order, base units.
    pub order_quantity_max: Quantity,
    /// Largest absolute position that open orders could lead to, base units.
    pub position_max: Quantity,
    /// Most orders per instrument that may be working at once.
    pub working_orders_max: usize,
}

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
}

/// The trading engine. See the crate's page.
#[derive(Debug)]
pub struct Engine {
    strategy: Box<dyn Strategy>,
    instruments: BTreeMap<Symbol, Instrument>,
    risk: RiskLimits,
    ids: OrderIds,
    markets: BTreeMap<Symbol, MarketView>,
    positions: BTreeMap<Symbol, Quantity>,
    orders: Orders,
    private_live: bool,
    stopping: bool,
    steps: u64,
    wishes_dropped: u64,
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
        let instruments = config.instruments.into_iter().map(|i| (i.symbol.clone(), i)).collect();
        Ok(Self {
            strategy,
            instruments,
            risk: config.risk,
            ids: OrderIds::new(config.started),
            markets: BTreeMap::new(),
            positions: BTreeMap::new(),
            orders: Orders::default(),
            private_live: false,
            stopping: false,
            steps: 0,
            wishes_dropped: 0,
        })
    }

    /// Takes one event and says what is to be done, in order.
    pub fn step(&mut self, event: EngineEvent) -> Vec<Action> {
        self.steps += 1;
        let mut actions = Vec::new();
        match event {
            EngineEvent::Feed(event) => self.on_feed(event, &mut actions),
            EngineEvent::Submitted { client_order_id, outcome } => {
                self.on_submitted(&client_order_id, outcome, &mut actions);
            }
            EngineEvent::Cancelled { client_order_id, outcome } => {
                self.on_cancelled(&client_order_id, &outcome, &mut actions);
            }
            EngineEvent::Located { client_order_id, outcome } => {
                self.on_located(&client_order_id, outcome, &mut actions);
            }
            EngineEvent::Polled { asked_at_step, open } => {
                self.on_open_orders(asked_at_step, &open, &mut actions);
            }
            EngineEvent::Stop => self.on_stop(&mut actions),
        }
        actions
    }

    /// Events taken so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// All orders.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Base units owned per instrument since the start.
    pub fn positions(&self) -> &BTreeMap<Symbol, Quantity> {
        &self.positions
    }

    /// Orders that strategies wished for and that were not placed: no live private stream, a limit.
    pub fn wishes_dropped(&self) -> u64 {
        self.wishes_dropped
    }

    /// True when no order can change any more.
    pub fn is_settled(&self) -> bool {
        self.orders.working().next().is_none()
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
            FeedEvent::Trade(trade) => {
                self.markets.entry(trade.symbol.clone()).or_default().last_trade =
                    Some(trade.clone());
                self.consult(actions, |strategy, desk| strategy.on_trade(&trade, desk));
            }
            FeedEvent::BestPrices { symbol, bid, ask } => {
                let market = self.markets.entry(symbol.clone()).or_default();
                (market.bid, market.ask) = (bid, ask);
                self.consult(actions, |strategy, desk| strategy.on_best_prices(&symbol, desk));
            }
            FeedEvent::Order(report) => self.on_report(&report, actions),
            FeedEvent::OpenOrders(open) => {
                self.private_live = true;
                self.on_open_orders(self.steps, &open, actions);
            }
        }
    }

    fn on_submitted(
        &mut self,
        id: &ClientOrderId,
        outcome: SubmitOutcome,
        actions: &mut Vec<Action>,
    ) {
        if let SubmitOutcome::Placed(venue_id) = &outcome {
            self.orders.know_venue_id(venue_id, id);
        }
        let unknown = matches!(outcome, SubmitOutcome::Unknown(_));
        let steps = self.steps;
        let Some(order) = self.orders.get_mut(id) else {
            return;
        };
        let update = order.submitted(outcome, steps);
        let locate = unknown && order.start_locating();
        self.publish(id, &update, actions);
        if locate {
            actions.push(Action::Locate(id.clone()));
        }
    }

    fn on_cancelled(
        &mut self,
        id: &ClientOrderId,
        outcome: &CancelOutcome,
        actions: &mut Vec<Action>,
    ) {
        let Some(order) = self.orders.get_mut(id) else {
            return;
        };
        match outcome {
            // The order's own news end it; if they get lost, the next poll misses the order.
            CancelOutcome::Accepted => {}
            CancelOutcome::AlreadyGone => {
                if order.start_locating() {
                    actions.push(Action::Locate(id.clone()));
                }
            }
            CancelOutcome::Failed(_) => {
                order.cancel_ended();
                self.cancel_if_due(id, actions);
            }
        }
    }

    fn on_located(
        &mut self,
        id: &ClientOrderId,
        outcome: LocateOutcome,
        actions: &mut Vec<Action>,
    ) {
        let steps = self.steps;
        let Some(order) = self.orders.get_mut(id) else {
            return;
        };
        order.located();
        let update = match outcome {
            LocateOutcome::Found(report) => {
                let update = order.apply(&report, steps);
                self.orders.know_venue_id(&report.venue_order_id, id);
                update
            }
            LocateOutcome::Absent => order.absent(),
        };
        self.publish(id, &update, actions);
    }

    fn on_report(&mut self, report: &OrderReport, actions: &mut Vec<Action>) {
        let Some(id) = self.orders.owner_of(report) else {
            tracing::warn!(venue_order_id = %report.venue_order_id, "order of another program");
            return;
        };
        let steps = self.steps;
        let Some(order) = self.orders.get_mut(&id) else {
            return;
        };
        let update = order.apply(report, steps);
        self.publish(&id, &update, actions);
    }

    /// Takes a complete list of open orders; asks for those that are missing in it.
    fn on_open_orders(&mut self, asked_at: u64, open: &[OrderReport], actions: &mut Vec<Action>) {
        for report in open {
            self.on_report(report, actions);
        }
        let listed: Vec<_> = open.iter().map(|report| &report.venue_order_id).collect();
        let missing: Vec<ClientOrderId> = self
            .orders
            .working()
            .filter(|order| order.state() == model::OrderState::Open)
            .filter(|order| order.opened_at_step() < asked_at)
            .filter(|order| order.venue_order_id().is_some_and(|id| !listed.contains(&id)))
            .map(|order| order.request().client_order_id.clone())
            .collect();
        for id in missing {
            if self.orders.get_mut(&id).is_some_and(Order::start_locating) {
                actions.push(Action::Locate(id));
            }
        }
    }

    fn on_stop(&mut self, actions: &mut Vec<Action>) {
        self.stopping = true;
        let working: Vec<ClientOrderId> =
            self.orders.working().map(|order| order.request().client_order_id.clone()).collect();
        for id in working {
            self.cancel(&id, actions);
        }
    }

    /// Tells the world and the strategy what changed in an order.
    fn publish(&mut self, id: &ClientOrderId, update: &OrderUpdate, actions: &mut Vec<Action>) {
        if let Some(fill) = update.new_fill.clone() {
            let event = AuditEvent::Filled { client_order_id: id.clone(), fill };
            actions.push(Action::Audit(event));
        }
        if !update.changed {
            return;
        }
        let Some(order) = self.orders.get(id).cloned() else {
            return;
        };
        actions.push(Action::Audit(AuditEvent::OrderChanged {
            client_order_id: id.clone(),
            venue_order_id: order.venue_order_id().cloned(),
            state: order.state(),
            filled: order.filled(),
            reason: order.reason().map(str::to_owned),
        }));
        if !update.filled_more.is_zero() {
            self.move_position(order.request(), update.filled_more, actions);
        }
        self.cancel_if_due(id, actions);
        self.consult(actions, |strategy, desk| strategy.on_order(&order, desk));
    }

    fn move_position(&mut self, request: &NewOrder, filled: Quantity, actions: &mut Vec<Action>) {
        let position = self.positions.entry(request.symbol.clone()).or_default();
        let moved = match request.side {
            Side::Buy => position.checked_add(filled),
            Side::Sell => position.checked_sub(filled),
        };
        *position = moved.expect("the risk limits keep positions far from the range's end");
        let event =
            AuditEvent::PositionChanged { symbol: request.symbol.clone(), quantity: *position };
        actions.push(Action::Audit(event));
    }

    /// Lets the strategy look, then carries out its wishes.
    fn consult(
        &mut self,
        actions: &mut Vec<Action>,
        ask: impl FnOnce(&mut dyn Strategy, &mut Desk<'_>),
    ) {
        let mut desk = Desk {
            instruments: &self.instruments,
            markets: &self.markets,
            positions: &self.positions,
            orders: &self.orders,
            can_trade: self.private_live && !self.stopping,
            wishes: Vec::new(),
        };
        ask(self.strategy.as_mut(), &mut desk);
        for wish in desk.wishes {
            match wish {
                Wish::Order { symbol, side, kind, quantity, time_in_force } => {
                    let request = NewOrder {
                        client_order_id: self.ids.draw(),
                        symbol,
                        side,
                        kind,
                        quantity,
                        time_in_force,
                    };
                    self.place(request, actions);
                }
                Wish::Cancel(id) => self.cancel(&id, actions),
            }
        }
    }

    fn place(&mut self, request: NewOrder, actions: &mut Vec<Action>) {
        if let Some(why) = self.refusal(&request) {
            self.wishes_dropped += 1;
            tracing::warn!(symbol = %request.symbol, quantity = %request.quantity, why, "order dropped");
            return;
        }
        actions.push(Action::Audit(AuditEvent::OrderIntent { order: request.clone() }));
        let mut order = Order::new(request.clone());
        order.sent();
        self.orders.insert(order);
        actions.push(Action::Submit(request));
    }

    /// Why an order must not be placed, if so.
    fn refusal(&self, request: &NewOrder) -> Option<&'static str> {
        let Some(instrument) = self.instruments.get(&request.symbol) else {
            return Some("instrument is not traded here");
        };
        if self.stopping || !self.private_live {
            return Some("orders cannot be followed now");
        }
        if let Some(why) = rule_broken(instrument, request) {
            return Some(why);
        }
        if request.quantity > self.risk.order_quantity_max {
            return Some("order_quantity_max exceeded");
        }
        if self.orders.working_in(&request.symbol).count() >= self.risk.working_orders_max {
            return Some("working_orders_max exceeded");
        }
        if self.worst_position(request).is_none_or(|worst| worst > self.risk.position_max) {
            return Some("position_max exceeded");
        }
        None
    }

    /// The largest absolute position if this and every working order of its side were filled.
    fn worst_position(&self, request: &NewOrder) -> Option<Quantity> {
        let signed = |side: Side, quantity: Quantity| match side {
            Side::Buy => quantity,
            Side::Sell => quantity.negated(),
        };
        let position = self.positions.get(&request.symbol).copied().unwrap_or_default();
        let mut worst = position.checked_add(signed(request.side, request.quantity))?;
        for order in self.orders.working_in(&request.symbol) {
            if order.request().side == request.side {
                worst = worst.checked_add(signed(request.side, order.remaining()))?;
            }
        }
        Some(worst.max(worst.negated()))
    }

    fn cancel(&mut self, id: &ClientOrderId, actions: &mut Vec<Action>) {
        if let Some(order) = self.orders.get_mut(id)
            && order.want_cancel()
        {
            actions.extend(cancellation(order));
        }
    }

    fn cancel_if_due(&mut self, id: &ClientOrderId, actions: &mut Vec<Action>) {
        if let Some(order) = self.orders.get_mut(id)
            && order.cancel_due()
        {
            actions.extend(cancellation(order));
        }
    }
}

fn cancellation(order: &Order) -> Option<Action> {
    let client_order_id = order.request().client_order_id.clone();
    let venue_order_id = order.venue_order_id()?.clone();
    Some(Action::Cancel { client_order_id, venue_order_id })
}

/// The venue's rule that an order breaks, if any: better refused here than there.
fn rule_broken(instrument: &Instrument, request: &NewOrder) -> Option<&'static str> {
    if request.quantity < instrument.quantity_min {
        return Some("quantity below the venue's minimum");
    }
    if !request.quantity.is_multiple_of(instrument.lot_size()) {
        return Some("quantity is not a multiple of the lot size");
    }
    match request.kind {
        OrderKind::Market => None,
        OrderKind::Limit { price, .. } if !price.is_positive() => Some("price is not above zero"),
        OrderKind::Limit { price, .. } if !price.is_multiple_of(instrument.tick_size) => {
            Some("price is not a multiple of the tick size")
        }
        OrderKind::Limit { price, .. }
            if Notional::of(price, request.quantity) < instrument.cost_min =>
        {
            Some("cost below the venue's minimum")
        }
        OrderKind::Limit { .. } => None,
    }
}

#[cfg(test)]
mod tests;
