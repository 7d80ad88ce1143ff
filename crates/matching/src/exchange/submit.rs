//! Orders come in: checks first, without any change, then the deed.

use std::hint::cold_path;
use std::sync::Arc;

use model::{Liquidity, Notional, OrderKind, Price, Side, TimeInForce, UnixNanos};

use crate::config::PrintRule;
use crate::event::{ExchangeEvent, Refusal};
use crate::exchange::{Exchange, MarketId};
use crate::ledger::AssetId;
use crate::market::{Match, Stop, Taking};
use crate::order::{AccountId, CancelReason, OrderId, OrderRequest, OrderStatus};

/// Where an order goes first in a market without a book, whose last price is `last`.
#[inline(never)]
fn entry_without_book(
    rule: PrintRule,
    last: Option<Price>,
    request: &OrderRequest,
) -> Result<Entry, Refusal> {
    match (rule, last) {
        (PrintRule::Last, Some(last)) => {
            let takes = request.limit().is_none_or(|limit| match request.side {
                Side::Buy => last <= limit,
                Side::Sell => last >= limit,
            });
            let refused = takes && request.is_post_only();
            if refused { Err(Refusal::PostOnly) } else { Ok(Entry::Meet(last)) }
        }
        (PrintRule::Last, None) | (PrintRule::Next | PrintRule::Close, _) => Ok(Entry::Arrive),
    }
}

/// What an order that passed every check is going to do.
#[derive(Debug)]
pub(super) struct Plan {
    /// Position of the instrument.
    pub(super) at: usize,
    pub(super) entry: Entry,
    /// What the order reserves at first.
    pub(super) hold: Notional,
}

/// Where an order goes first.
#[derive(Debug)]
pub(super) enum Entry {
    /// To the orders that wait for a trigger.
    Wait,
    /// To the last print of a market without a book.
    Meet(Price),
    /// To the next print of a market without a book.
    Arrive,
    /// To the book, which has nothing for it: it rests or is cancelled.
    Rest,
    /// To the book.
    Take(Box<Taking>),
}

impl Exchange {
    /// Checks an order as [`Exchange::submit`] would, and changes nothing.
    ///
    /// # Errors
    /// [`Refusal`]: why it would be refused now.
    pub fn check(&mut self, account: AccountId, request: &OrderRequest) -> Result<(), Refusal> {
        let at = self.position(&request.symbol).ok_or(Refusal::UnknownInstrument)?;
        self.plan(MarketId(at), account, request).map(drop)
    }

    /// Takes an order in: what it can take at once it takes, the rest rests or is cancelled.
    ///
    /// # Errors
    /// [`Refusal`]: why it was refused. Nothing has changed then, and no event is told.
    pub fn submit(
        &mut self,
        account: AccountId,
        request: OrderRequest,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<OrderId, Refusal> {
        let at = self.position(&request.symbol).ok_or(Refusal::UnknownInstrument)?;
        self.submit_in(MarketId(at), account, &request, now, out)
    }

    /// As [`Exchange::submit`], to a market that is known: the one of the request's symbol.
    ///
    /// # Errors
    /// As [`Exchange::submit`].
    pub fn submit_in(
        &mut self,
        market: MarketId,
        account: AccountId,
        request: &OrderRequest,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Result<OrderId, Refusal> {
        let plan = self.plan(market, account, request)?;
        let before = self.markets[plan.at].next_trade;
        let id = self.accept(account, request, &plan, (now, false), out);
        match plan.entry {
            Entry::Wait => self.markets[plan.at].waiting.insert(request.side, request.kind, id),
            Entry::Meet(price) => self.meet_print(id, price, now, out),
            Entry::Arrive => self.markets[plan.at].arriving.push_back(id),
            Entry::Rest => self.after_taking(id, Stop::Limit, now, out),
            Entry::Take(taking) => self.take(id, &taking, now, out),
        }
        self.after_own_prints(plan.at, before, now, out);
        Ok(id)
    }

    /// A public trade at `last` wakes the orders that waited for it. Where own prints count, so do those of the
    /// orders that it wakes.
    pub(super) fn wake(
        &mut self,
        at: usize,
        mut last: Price,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        while !self.markets[at].waiting.is_empty() {
            cold_path();
            let Some((id, _)) = self.markets[at].waiting.next(last) else { break };
            if self.wake_order(id, now, out) {
                let taking = self.taking_of(id);
                self.take(id, &taking, now, out);
            }
            if self.rules.own_prints_count {
                last = self.markets[at].last_print.unwrap_or(last);
            }
        }
    }

    /// After a call that may have printed executions of ours since the print `before`: what they wake.
    pub(super) fn after_own_prints(
        &mut self,
        at: usize,
        before: u64,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        if !self.rules.own_prints_count {
            return;
        }
        let listing = &self.markets[at];
        let has_book = listing.market.outside.print_rule().is_none();
        let printed = listing.next_trade != before && has_book;
        if let Some(last) = listing.last_print.filter(|_| printed) {
            self.wake(at, last, now, out);
        }
    }

    /// Turns a waiting order into what it becomes. False when its account cannot pay: it has ended.
    pub(super) fn wake_order(
        &mut self,
        id: OrderId,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> bool {
        let order = self.orders.get_mut(id).expect("a waiting order is known");
        let (at, side, kind) = (order.market, order.request.side, order.request.kind);
        if let OrderKind::Triggered { limit, .. } = kind {
            order.request.kind = limit
                .map_or(OrderKind::Market, |price| OrderKind::Limit { price, post_only: false });
        }
        let (order, request) = (order.clone(), order.request.clone());
        let account = order.account;
        self.markets[at].waiting.remove(side, kind, id);
        if self.tells_all {
            out.push(ExchangeEvent::Opened { order: id });
        }
        let taking = match self.markets[at].market.outside.print_rule() {
            Some(_) => None,
            None => Some(self.taking_of(id)),
        };
        let hold = self.hold_for(at, account, &request, taking.as_ref());
        let Some(hold) = self.covered(&order, hold) else {
            self.end(id, OrderStatus::Cancelled(CancelReason::Funds), now, out);
            return false;
        };
        let asset = self.paid_in(at, side);
        self.ledger.set_hold(account, asset, order.held, hold);
        self.orders.get_mut(id).expect("it was there").held = hold;
        true
    }

    pub(super) fn taking_of(&mut self, id: OrderId) -> Taking {
        let order = &self.orders[id];
        let (at, account, side) = (order.market, order.account, order.request.side);
        let (limit, quantity) = (order.request.limit(), order.remaining());
        let limit = limit.or_else(|| self.protection(at, side));
        self.markets[at].market.taking(account, side, limit, quantity)
    }

    /// Executes what an order takes from the book; the rest is cancelled or rests.
    pub(super) fn take(
        &mut self,
        id: OrderId,
        taking: &Taking,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        if self.orders[id].request.time_in_force == TimeInForce::Fok
            && !self.is_fillable(id, taking)
        {
            self.end(id, OrderStatus::Cancelled(CancelReason::FillOrKill), now, out);
            return;
        }
        for taken in &taking.matches {
            if let Some(reason) = self.take_one(id, taken, now, out) {
                self.end(id, OrderStatus::Cancelled(reason), now, out);
                return;
            }
        }
        self.after_taking(id, taking.stop, now, out);
    }

    /// True when all of an order would be filled now.
    fn is_fillable(&self, id: OrderId, taking: &Taking) -> bool {
        let quantity = self.orders[id].remaining();
        let worst = taking.matches.last().map(|taken| taken.price);
        let allowed = worst.map(|price| self.allowed(id, price, quantity));
        taking.stop == Stop::Filled && allowed.is_some_and(|allowed| allowed.is_all(quantity))
    }

    /// Executes an order against one counterparty. Returns why it must end, if so.
    fn take_one(
        &mut self,
        id: OrderId,
        taken: &Match,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> Option<CancelReason> {
        let order = &self.orders[id];
        let (at, side) = (order.market, order.request.side);
        let allowed = match taken.maker {
            Some(_) => self.allowed_maker(id, taken.price, taken.quantity),
            None => self.allowed(id, taken.price, taken.quantity),
        };
        let quantity = allowed.total();
        if quantity.is_zero() {
            return allowed.short;
        }
        self.markets[at].market.take(side, &Match { quantity, ..*taken });
        match taken.maker {
            Some(maker) => {
                let number = self.markets[at].print(taken.price, quantity, side, now, out);
                self.fill_maker(maker, taken.price, quantity, number, now, out);
                self.fill(id, taken.price, quantity, number, Liquidity::Taker, out);
                allowed.short
            }
            None => self.execute_taker(id, taken.price, taken.quantity, now, out),
        }
    }

    /// Completes, cancels or rests an order that has taken what it can.
    fn after_taking(
        &mut self,
        id: OrderId,
        stop: Stop,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let order = &self.orders[id];
        let request = &order.request;
        let status = match (stop, request.limit(), request.time_in_force) {
            (Stop::Filled, ..) => OrderStatus::Filled,
            (Stop::SelfMatch, ..) => OrderStatus::Cancelled(CancelReason::SelfMatch),
            (Stop::Limit, None, _) => OrderStatus::Cancelled(CancelReason::Protection),
            (Stop::Limit, Some(_), TimeInForce::Ioc | TimeInForce::Fok) => {
                OrderStatus::Cancelled(CancelReason::Immediate)
            }
            (Stop::Limit, Some(price), TimeInForce::Gtc) => {
                let (at, side, account) = (order.market, request.side, order.account);
                let remaining = order.remaining();
                self.markets[at].market.rest(side, price, id, account, remaining, now);
                return;
            }
        };
        self.end(id, status, now, out);
    }

    /// Writes an order into the books of the exchange and reserves what it needs.
    pub(super) fn accept(
        &mut self,
        account: AccountId,
        request: &OrderRequest,
        plan: &Plan,
        (now, scheduled): (UnixNanos, bool),
        out: &mut Vec<ExchangeEvent>,
    ) -> OrderId {
        let id = self.orders.next_id();
        let asset = self.paid_in(plan.at, request.side);
        let waits = request.is_waiting() || scheduled;
        self.ledger.set_hold(account, asset, Notional::ZERO, plan.hold);
        let trader = &mut self.traders[account.0];
        trader.enter(id, plan.at);
        if let Some(client_id) = &request.client_id {
            trader.client_ids.insert(Arc::clone(client_id), id);
        }
        self.orders.insert(|order| {
            order.renew((id, account, plan.at), request, plan.hold, (now, scheduled));
        });
        if self.tells_all {
            out.push(ExchangeEvent::Accepted { order: id });
        }
        if self.tells_all && !waits {
            out.push(ExchangeEvent::Opened { order: id });
        }
        id
    }

    fn plan(
        &mut self,
        MarketId(at): MarketId,
        account: AccountId,
        request: &OrderRequest,
    ) -> Result<Plan, Refusal> {
        self.check_request(at, account, request)?;
        let entry = self.entry(at, account, request)?;
        let taking = match &entry {
            Entry::Wait | Entry::Meet(_) | Entry::Arrive | Entry::Rest => None,
            Entry::Take(taking) => Some(taking.as_ref()),
        };
        let hold = self.hold_for(at, account, request, taking);
        let hold = hold.filter(|hold| self.covers(at, account, request.side, *hold));
        let hold = hold.ok_or(Refusal::InsufficientFunds)?;
        Ok(Plan { at, entry, hold })
    }

    /// Everything about an order but the market.
    pub(super) fn check_request(
        &self,
        at: usize,
        account: AccountId,
        request: &OrderRequest,
    ) -> Result<(), Refusal> {
        if !self.ledger.is_trader(account) {
            return Err(Refusal::UnknownAccount);
        }
        self.check_rules(at, request)?;
        self.check_identity(at, account, request)
    }

    /// Where an order goes first; refuses what cannot go there.
    fn entry(
        &mut self,
        at: usize,
        account: AccountId,
        request: &OrderRequest,
    ) -> Result<Entry, Refusal> {
        let market = &mut self.markets[at].market;
        let last = market.outside.last_price();
        if let OrderKind::Triggered { .. } = request.kind {
            return Ok(Entry::Wait);
        }
        if let Some(rule) = market.outside.print_rule() {
            return entry_without_book(rule, last, request);
        }
        let limit = request.limit().or_else(|| self.protection(at, request.side));
        let market = &mut self.markets[at].market;
        let fills_or_ends = request.time_in_force == TimeInForce::Fok;
        if !fills_or_ends && market.takes_nothing(request.side, limit, request.quantity) {
            return Ok(Entry::Rest);
        }
        let taking = market.taking(account, request.side, limit, request.quantity);
        let takes = !taking.matches.is_empty() || taking.stop == Stop::SelfMatch;
        if request.is_post_only() && takes {
            return Err(Refusal::PostOnly);
        }
        Ok(Entry::Take(Box::new(taking)))
    }

    /// True when the free balance has what an order reserves.
    pub(super) fn covers(&self, at: usize, account: AccountId, side: Side, hold: Notional) -> bool {
        hold.is_zero() || hold <= self.ledger.balance(account, self.paid_in(at, side)).free()
    }

    /// What an order of a side pays with.
    pub(super) fn paid_in(&self, at: usize, side: Side) -> AssetId {
        match side {
            Side::Buy => self.markets[at].quote,
            Side::Sell => self.markets[at].base,
        }
    }

    /// The instrument's rules for prices and quantities.
    pub(super) fn check_rules(&self, at: usize, request: &OrderRequest) -> Result<(), Refusal> {
        let listing = &self.markets[at];
        let instrument = &listing.instrument;
        if !request.quantity.is_positive() {
            return Err(Refusal::QuantityNotPositive);
        }
        if !request.quantity.is_multiple_of(instrument.lot_size()) {
            return Err(Refusal::LotSize);
        }
        if request.quantity < instrument.quantity_min {
            return Err(Refusal::QuantityMinimum);
        }
        let prices = match request.kind {
            OrderKind::Market => [None, None],
            OrderKind::Limit { price, .. } => [Some(price), None],
            OrderKind::Triggered { price, limit, .. } => [limit, Some(price)],
        };
        for price in prices {
            let Some(price) = price else { continue };
            if !price.is_positive() {
                return Err(Refusal::PriceNotPositive);
            }
            if !price.is_multiple_of(instrument.tick_size) {
                return Err(Refusal::TickSize);
            }
        }
        let price = prices[0].or(prices[1]).or_else(|| self.reference_at(at));
        let cost = price.map(|price| Notional::of(price, request.quantity));
        if cost.is_some_and(|cost| cost < instrument.cost_min) {
            return Err(Refusal::CostMinimum);
        }
        Ok(())
    }

    /// The account's rules: client ids and the number of open orders per instrument.
    fn check_identity(
        &self,
        at: usize,
        account: AccountId,
        request: &OrderRequest,
    ) -> Result<(), Refusal> {
        let trader = &self.traders[account.0];
        let client_id = request.client_id.as_ref();
        let known = client_id.and_then(|id| trader.client_ids.get(id));
        if known.is_some_and(|order| trader.has_open(*order)) {
            return Err(Refusal::DuplicateClientId);
        }
        let reducible = || {
            let position = self.position_of_account(at, account);
            match request.side {
                Side::Buy => position.negated(),
                Side::Sell => position,
            }
        };
        if request.reduce_only && !reducible().is_positive() {
            return Err(Refusal::NothingToReduce);
        }
        if request.may_rest() && trader.open_in[at] >= self.open_orders_max {
            return Err(Refusal::TooManyOrders);
        }
        Ok(())
    }

    /// Worst price that a market order takes; `None` in an empty book.
    fn protection(&mut self, at: usize, side: Side) -> Option<Price> {
        let listing = &mut self.markets[at];
        let best = listing.market.best(side.opposite())?;
        let ppm = match side {
            Side::Buy => 1_000_000 + listing.protection_ppm,
            Side::Sell => 1_000_000 - listing.protection_ppm,
        };
        let raw = i128::from(best.raw()) * i128::from(ppm) / 1_000_000;
        Some(Price::from_raw(i64::try_from(raw).unwrap_or(i64::MAX)))
    }
}
