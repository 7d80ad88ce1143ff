//! How what happens at the exchange reaches subscribers and the history.

use std::collections::BTreeMap;

use matching::{AccountId, CancelReason, DepthUpdate, ExchangeEvent, Execution, Order, OrderId};
use model::history::VenueEvent;
use model::{
    Asset, ClientOrderId, Liquidity, Notional, OrderKind, OrderState, Quantity, Symbol, Trade,
    UnixNanos, VenueOrderId,
};

use crate::kraken::book::{DEPTH_MAX, Sides};
use crate::kraken::fees::Schedule;
use crate::kraken::orders::DueClose;
use crate::kraken::pair::Pair;
use crate::kraken::prints::{Print, Taker, push_bounded};
use crate::kraken::stream::{Moment, Trigger, executions, public};
use crate::kraken::venue::{Ended, OrderFacts, OwnExecution, Venue};

/// Executions of an account that are remembered.
const EXECUTIONS_KEPT: usize = 10_000;

impl Venue {
    /// Plays recorded trades that are due at the same instant.
    pub(crate) fn on_tape(&mut self, trades: &[Trade], now: UnixNanos) {
        let (mut events, mut touched) = (Vec::new(), Vec::new());
        for trade in trades {
            match self.exchange.on_trade(trade, now, &mut events) {
                Ok(()) => {
                    self.trail(&trade.symbol, now);
                    if !touched.contains(&trade.symbol) {
                        touched.push(trade.symbol.clone());
                    }
                }
                Err(error) => tracing::warn!(%error, "trade of the tape skipped"),
            }
        }
        self.publish_touched(&events, touched, now);
    }

    /// Plays a change of a recorded book.
    pub(crate) fn on_depth(&mut self, update: &DepthUpdate<'_>, now: UnixNanos) {
        let mut events = Vec::new();
        match self.exchange.on_depth(update, now, &mut events) {
            Ok(()) => self.publish_touched(&events, vec![update.symbol.clone()], now),
            Err(error) => tracing::warn!(%error, "depth of the tape skipped"),
        }
    }

    /// Tells subscribers and the history what happened, in order.
    pub(crate) fn publish(&mut self, events: &[ExchangeEvent], now: UnixNanos) {
        self.publish_touched(events, Vec::new(), now);
    }

    /// As [`Venue::publish`]; the books of `touched` may have changed, too.
    fn publish_touched(
        &mut self,
        events: &[ExchangeEvent],
        mut touched: Vec<Symbol>,
        now: UnixNanos,
    ) {
        let mut prints: BTreeMap<Symbol, Vec<Print>> = BTreeMap::new();
        let mut took = None;
        for event in events {
            let order = order_of(event).and_then(|id| self.exchange.order(id));
            if let Some(order) = order.filter(|order| !touched.contains(&order.request.symbol)) {
                touched.push(order.request.symbol.clone());
            }
            match event {
                ExchangeEvent::Accepted { order } => self.tell_accepted(*order, now),
                ExchangeEvent::Opened { order } => {
                    self.record_order(*order, OrderState::Open);
                    self.tell_opened(*order, now);
                }
                ExchangeEvent::Filled(execution) => {
                    let account = self.publish_execution(execution, now);
                    if execution.fill.liquidity == Liquidity::Taker {
                        took = account;
                        self.note_taker(&mut prints, execution);
                    } else if let Some(account) = account {
                        self.tell_v1_trade(account);
                    }
                    self.tell_v1(execution.order, Moment::Filled(execution), now);
                    let (filled, by) = (execution.filled, execution.fill.quantity);
                    let details = self.orders.get(&execution.order);
                    if details.is_some_and(|details| details.shows_next_part(filled, by)) {
                        self.tell_refill(execution, now);
                    }
                }
                ExchangeEvent::Completed { order } => {
                    took.take().into_iter().for_each(|account| self.tell_v1_trade(account));
                    self.tell(*order, now, executions::Row::filled);
                    self.tell_v1(*order, Moment::Ended, now);
                }
                ExchangeEvent::Cancelled { order, reason } => {
                    took.take().into_iter().for_each(|account| self.tell_v1_trade(account));
                    self.record_order(*order, OrderState::Cancelled);
                    let why = self.orders.get(order).and_then(|details| details.ended);
                    let end = executions::End::of(*reason, why);
                    self.tell(*order, now, |order, facts, pair, now| {
                        executions::Row::ended(order, facts, pair, end, now)
                    });
                    self.tell_v1(*order, Moment::Ended, now);
                }
                ExchangeEvent::Printed(trade) => {
                    let print = Print { trade: trade.clone(), taker: Taker::default() };
                    prints.entry(trade.symbol.clone()).or_default().push(print);
                }
            }
        }
        took.into_iter().for_each(|account| self.tell_v1_trade(account));
        for (symbol, trades) in &prints {
            self.publish_trades(symbol, trades, now);
            self.trail(symbol, now);
        }
        self.publish_books(&touched, now);
        // They show best prices, too: those that the trades have left.
        for listed in self.pairs.iter().filter(|listed| prints.contains_key(listed.pair.symbol())) {
            self.sessions.tell_tickers(listed, Trigger::Trades, now);
            self.sessions.tell_v1_ticker(listed, now);
        }
        self.place_closes(now);
    }

    /// An order passed every check. One that waits for a trigger is open from then on.
    fn tell_accepted(&mut self, id: OrderId, now: UnixNanos) {
        self.tell(id, now, executions::Row::pending);
        self.tell_v1(id, Moment::Accepted, now);
        let order = self.exchange.order(id);
        let has_begun = order.is_some_and(|o| !o.scheduled);
        let asked = self.orders.get(&id).map(|details| details.facts.request.kind);
        if has_begun && matches!(asked, Some(OrderKind::Triggered { .. })) {
            self.tell_new(id, now);
        }
    }

    /// An order can be executed from now on, or its trigger was met.
    pub(crate) fn tell_opened(&mut self, id: OrderId, now: UnixNanos) {
        let (Some(order), Some(details)) = (self.exchange.order(id), self.orders.get(&id)) else {
            return;
        };
        let asked = details.facts.request.kind;
        if !matches!(asked, OrderKind::Triggered { .. }) || order.request.is_waiting() {
            self.tell_new(id, now);
            return;
        }
        let symbol = &order.request.symbol;
        let (account, last) = (order.account, self.exchange.last_price(symbol));
        let ratecount = self.ratecount(account, symbol, now);
        let Some(listed) = self.listed(symbol) else { return };
        let row = executions::Row::triggered(order, &details.facts, &listed.pair, (last, now));
        if let Some(row) = row {
            self.sessions.tell_account(account, &row, ratecount);
        }
        self.tell_v1(id, Moment::Changed, now);
    }

    /// An iceberg shows its next part.
    fn tell_refill(&mut self, execution: &Execution, now: UnixNanos) {
        self.tell(execution.order, now, |order, facts, pair, now| {
            executions::Row::refilled(order, facts, pair, execution, now)
        });
    }

    fn ratecount(&self, account: AccountId, symbol: &Symbol, now: UnixNanos) -> u32 {
        self.accounts.get(&account).map_or(0, |state| state.ratecount(symbol, now))
    }

    fn tell_new(&mut self, id: OrderId, now: UnixNanos) {
        self.tell(id, now, executions::Row::opened);
        self.tell_v1(id, Moment::Opened, now);
    }

    /// Compares books with what was last published, and publishes the differences.
    pub(crate) fn publish_books(&mut self, symbols: &[Symbol], now: UnixNanos) {
        let listed = self.pairs.iter_mut();
        for listed in listed.filter(|listed| symbols.contains(listed.pair.symbol())) {
            let symbol = listed.pair.symbol();
            let levels = self.exchange.levels(symbol, DEPTH_MAX);
            let [bids, asks] = levels.expect("every pair is an instrument of the exchange");
            let book = Sides { bids, asks };
            if book == listed.book && listed.recorded_hash.is_some() {
                continue;
            }
            let hash = book.recorded_hash();
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
                self.sessions.broadcast(&sessions, text);
            }
            self.sessions.tell_v1_book(listed, &book, now);
            let touch = |book: &Sides| [book.bids.first().copied(), book.asks.first().copied()];
            let moved = touch(&listed.book) != touch(&book);
            listed.book = book;
            listed.book_changed = now;
            if moved {
                listed.note_spread(now);
                self.sessions.tell_tickers(listed, Trigger::Quotes, now);
            }
        }
    }

    /// The print of an execution, which came before it, was of one of our takers.
    fn note_taker(&self, prints: &mut BTreeMap<Symbol, Vec<Print>>, execution: &Execution) {
        let Some(order) = self.exchange.order(execution.order) else { return };
        let of_pair = prints.get_mut(&order.request.symbol).into_iter().flatten();
        let number = Some(execution.fill.trade_id);
        let mut latest = of_pair.rev().filter(|print| print.trade.trade_id == number);
        if let Some(print) = latest.next() {
            print.taker = match order.request.kind {
                OrderKind::Market => Taker::Market,
                OrderKind::Limit { .. } | OrderKind::Triggered { .. } => Taker::Limit,
            };
        }
    }

    fn publish_trades(&mut self, symbol: &Symbol, trades: &[Print], now: UnixNanos) {
        let mut pairs = self.pairs.iter_mut();
        let Some(listed) = pairs.find(|listed| listed.pair.symbol() == symbol) else {
            return;
        };
        for print in trades {
            listed.ticker.on_trade(&print.trade);
            listed.candles.on_trade(&print.trade);
            listed.prints.push(print.clone());
            if let Some(trade_id) = print.trade.trade_id {
                let symbol = symbol.clone();
                self.sink.record(VenueEvent::TradePublished { symbol, trade_id });
            }
        }
        let subscribers = self.sessions.trade_subscribers(symbol);
        if !subscribers.is_empty() {
            let text = public::trade_message(&listed.pair, "update", trades);
            self.sessions.broadcast(&subscribers, text);
        }
        self.sessions.tell_candles(listed, now);
        self.sessions.tell_v1_trades(listed, trades, now);
    }

    /// Writes an execution down and tells of it; whose it is.
    fn publish_execution(&mut self, execution: &Execution, now: UnixNanos) -> Option<AccountId> {
        let exec_id = self.ids.execution();
        let order = self.exchange.order(execution.order)?;
        let (account, quantity) = (order.account, order.request.quantity);
        let symbol = order.request.symbol.clone();
        let in_usd = |cost| self.in_usd(&symbol, cost);
        let (fee, cost) = (in_usd(execution.fill.fee), in_usd(execution.booked_quote));
        let details = self.orders.get_mut(&execution.order)?;
        let takes = execution.fill.liquidity == Liquidity::Taker;
        if !takes || details.took != Some(now) {
            details.matches.push(exec_id.clone());
        }
        details.took = takes.then_some(now);
        details.executions.push(exec_id.clone());
        let facts = details.facts.clone();
        if let Some(close) = facts.close.clone() {
            self.closes.push_back(DueClose {
                account,
                symbol: facts.request.symbol.clone(),
                side: facts.request.side,
                quantity: execution.fill.quantity,
                close,
                refid: facts.txid.clone(),
            });
        }
        let state = self.accounts.get_mut(&account)?;
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
        let execution = execution.clone();
        let own = OwnExecution { exec_id, order: facts, execution, fee_in_usd: fee };
        let mut pairs = self.pairs.iter().map(|listed| &listed.pair);
        let side = own.order.request.side;
        if let Some(pair) = pairs.find(|pair| *pair.symbol() == own.order.request.symbol) {
            let row = executions::Row::trade(&own, pair, now);
            let ratecount = state.ratecount(pair.symbol(), now);
            self.sessions.tell_account(account, &row, ratecount);
            state.assets.insert(pair.base.asset.clone());
            state.assets.insert(pair.quote.asset.clone());
            let told = (own.exec_id.as_str(), &own.execution, side);
            for entry in state.entries.on_execution(&mut self.ids, told, pair, now) {
                self.sessions.tell_balance(account, &entry);
            }
        }
        push_bounded(&mut state.executions, (own, now), EXECUTIONS_KEPT);
        let before = state.volume;
        state.volume = before.checked_add(cost.unwrap_or_default()).unwrap_or(before);
        if Schedule::steps_between(before, state.volume) {
            self.rate(account);
        }
        if takes {
            self.timers.refill(&symbol, now);
        }
        Some(account)
    }

    /// An amount of a pair's quote asset in US dollars; `None` if no market tells.
    pub(crate) fn in_usd(&self, symbol: &Symbol, amount: Notional) -> Option<Notional> {
        let quote = &self.listed(symbol)?.pair.quote.asset;
        self.worth(quote, amount, &Asset::new("USD"))
    }

    /// Sends a row about an order to the sessions of its account.
    pub(crate) fn tell(
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
        let mut row = row(order, &details.facts, &listed.pair, now);
        row.show_fee_in_usd(|fee| self.in_usd(&order.request.symbol, fee), &listed.pair);
        let ratecount = self.ratecount(account, &order.request.symbol, now);
        self.sessions.tell_account(account, &row, ratecount);
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

/// How an order ended before it was filled, and why: the venue's own reason goes before the exchange's.
pub(crate) const fn end_words(
    reason: CancelReason,
    ended: Option<Ended>,
) -> (&'static str, &'static str) {
    match ended {
        Some(Ended::Expired) => ("expired", "Order expired"),
        Some(Ended::Replaced) => ("canceled", "Order replaced"),
        Some(Ended::SelfTrade) => ("canceled", reason_text(CancelReason::SelfMatch)),
        None => ("canceled", reason_text(reason)),
    }
}

/// Why an order ended, in Kraken's words.
const fn reason_text(reason: CancelReason) -> &'static str {
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

/// The order that an event is about.
const fn order_of(event: &ExchangeEvent) -> Option<OrderId> {
    match event {
        ExchangeEvent::Accepted { order }
        | ExchangeEvent::Opened { order }
        | ExchangeEvent::Completed { order }
        | ExchangeEvent::Cancelled { order, .. } => Some(*order),
        ExchangeEvent::Filled(execution) => Some(execution.order),
        ExchangeEvent::Printed(_) => None,
    }
}
