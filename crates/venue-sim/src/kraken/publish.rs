//! How what happens at the exchange reaches subscribers and the history.

use std::collections::{BTreeMap, VecDeque};

use matching::{CancelReason, ExchangeEvent, Execution, Order, OrderId};
use model::history::{VenueEvent, book_hash};
use model::{ClientOrderId, OrderState, Quantity, Symbol, Trade, UnixNanos, VenueOrderId};

use crate::kraken::book::{CHECKED_DEPTH, DEPTH_MAX, Sides};
use crate::kraken::pair::Pair;
use crate::kraken::stream::{executions, public};
use crate::kraken::venue::{OrderFacts, OwnExecution, Venue};

/// Trades in the snapshot of the `trade` channel, and executions in that of `executions`.
const TRADES_KEPT: usize = 50;

impl Venue {
    /// Plays recorded trades that are due at the same instant.
    pub(crate) fn on_tape(&mut self, trades: &[Trade], now: UnixNanos) {
        let mut events = Vec::new();
        for trade in trades {
            if let Err(error) = self.exchange.on_trade(trade, now, &mut events) {
                tracing::warn!(%error, "trade of the tape skipped");
            }
        }
        self.publish(&events, now);
    }

    /// Tells subscribers and the history what happened, in order.
    pub(crate) fn publish(&mut self, events: &[ExchangeEvent], now: UnixNanos) {
        let mut prints: BTreeMap<Symbol, Vec<Trade>> = BTreeMap::new();
        for event in events {
            match event {
                ExchangeEvent::Accepted { order } => {
                    self.tell(*order, now, executions::Row::pending);
                }
                ExchangeEvent::Opened { order } => {
                    self.record_order(*order, OrderState::Open);
                    self.tell(*order, now, executions::Row::opened);
                }
                ExchangeEvent::Filled(execution) => self.publish_execution(execution, now),
                ExchangeEvent::Completed { order } => {
                    self.tell(*order, now, executions::Row::filled);
                }
                ExchangeEvent::Cancelled { order, reason } => {
                    self.record_order(*order, OrderState::Cancelled);
                    let reason = reason_text(*reason);
                    self.tell(*order, now, |order, facts, pair, now| {
                        executions::Row::canceled(order, facts, pair, reason, now)
                    });
                }
                ExchangeEvent::Printed(trade) => {
                    prints.entry(trade.symbol.clone()).or_default().push(trade.clone());
                }
            }
        }
        for (symbol, trades) in prints {
            self.publish_trades(&symbol, &trades);
        }
        self.publish_books(now);
    }

    /// Compares every book with what was last published, and publishes the differences.
    pub(crate) fn publish_books(&mut self, now: UnixNanos) {
        for listed in &mut self.pairs {
            let symbol = listed.pair.symbol();
            let book = self.exchange.book(symbol, DEPTH_MAX);
            let book = Sides::of(&book.expect("every pair is an instrument of the exchange"));
            if book == listed.book && listed.recorded_hash.is_some() {
                continue;
            }
            let hash = book_hash(&book.to_book(CHECKED_DEPTH));
            if listed.recorded_hash != Some(hash) {
                listed.recorded_hash = Some(hash);
                self.sink.record(VenueEvent::BookPublished { symbol: symbol.clone(), hash });
            }
            for (depth, sessions) in self.sessions.book_subscribers(symbol) {
                let changes = listed.book.changes_to(&book, depth);
                if changes.is_empty() {
                    continue;
                }
                let text = public::book_message(&listed.pair, "update", &changes, &book, now);
                self.sessions.broadcast(&sessions, &text);
            }
            listed.book = book;
            listed.book_changed = now;
        }
    }

    fn publish_trades(&mut self, symbol: &Symbol, trades: &[Trade]) {
        let mut pairs = self.pairs.iter_mut();
        let Some(listed) = pairs.find(|listed| listed.pair.symbol() == symbol) else {
            return;
        };
        for trade in trades {
            listed.ticker.on_trade(trade);
            keep(&mut listed.last_trades, trade.clone());
        }
        let subscribers = self.sessions.trade_subscribers(symbol);
        if !subscribers.is_empty() {
            let text = public::trade_message(&listed.pair, "update", trades);
            self.sessions.broadcast(&subscribers, &text);
        }
    }

    fn publish_execution(&mut self, execution: &Execution, now: UnixNanos) {
        let exec_id = self.ids.execution();
        let Some(order) = self.exchange.order(execution.order) else {
            return;
        };
        let (account, quantity) = (order.account, order.request.quantity);
        let Some(details) = self.orders.get_mut(&execution.order) else {
            return;
        };
        details.executions.push(exec_id.clone());
        let facts = details.facts.clone();
        let Some(state) = self.accounts.get_mut(&account) else {
            return;
        };
        let request = &facts.request;
        let client_order_id = client_order_id(request.client_id.as_deref());
        self.sink.record(VenueEvent::Filled {
            account: state.name.clone(),
            client_order_id: client_order_id.clone(),
            venue_order_id: VenueOrderId::new(&facts.txid),
            symbol: request.symbol.clone(),
            side: request.side,
            fill: execution.fill.clone(),
        });
        let filled = execution.filled;
        self.sink.record(VenueEvent::OrderChanged {
            account: state.name.clone(),
            client_order_id,
            venue_order_id: VenueOrderId::new(&facts.txid),
            state: if filled == quantity { OrderState::Filled } else { OrderState::Open },
            filled,
        });
        let own = OwnExecution { exec_id, order: facts, execution: execution.clone() };
        let mut pairs = self.pairs.iter().map(|listed| &listed.pair);
        if let Some(pair) = pairs.find(|pair| *pair.symbol() == own.order.request.symbol) {
            let row = executions::Row::trade(&own, pair, now);
            self.sessions.tell_account(account, &row);
            state.assets.insert(pair.base.asset.clone());
            state.assets.insert(pair.quote.asset.clone());
        }
        keep(&mut state.executions, (own, now));
    }

    /// Sends a row about an order to the sessions of its account.
    fn tell(
        &mut self,
        id: OrderId,
        now: UnixNanos,
        row: impl FnOnce(&Order, &OrderFacts, &Pair, UnixNanos) -> executions::Row,
    ) {
        let (Some(order), Some(details)) = (self.exchange.order(id), self.orders.get(&id)) else {
            return;
        };
        let account = order.account;
        let Some(listed) = self.listed(&order.request.symbol) else {
            return;
        };
        let row = row(order, &details.facts, &listed.pair, now);
        self.sessions.tell_account(account, &row);
    }

    fn record_order(&self, id: OrderId, state: OrderState) {
        let (Some(order), Some(details)) = (self.exchange.order(id), self.orders.get(&id)) else {
            return;
        };
        // An order that opens has taken nothing yet; its executions follow as events.
        let filled = if state == OrderState::Open { Quantity::ZERO } else { order.filled };
        self.sink.record(VenueEvent::OrderChanged {
            account: self.exchange.ledger().name(order.account).to_owned(),
            client_order_id: client_order_id(order.request.client_id.as_deref()),
            venue_order_id: VenueOrderId::new(&details.facts.txid),
            state,
            filled,
        });
    }
}

/// Why an order ended, in Kraken's words.
pub(crate) const fn reason_text(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Requested => "User requested",
        CancelReason::Immediate => "Immediate or cancel order",
        CancelReason::Protection => "No liquidity within market price protection",
        CancelReason::SelfMatch => "Self trade prevention",
        CancelReason::FillOrKill => "Fill or kill order",
        CancelReason::PostOnly => "Post only order",
        CancelReason::Funds => "Insufficient funds",
        CancelReason::ReduceOnly => "No reducible position",
    }
}

/// The client's id as the history knows it: UUIDs are too long for it and are left out.
fn client_order_id(text: Option<&str>) -> Option<ClientOrderId> {
    text.and_then(|text| ClientOrderId::new(text).ok())
}

fn keep<T>(kept: &mut VecDeque<T>, item: T) {
    kept.push_back(item);
    if kept.len() > TRADES_KEPT {
        kept.pop_front();
    }
}
