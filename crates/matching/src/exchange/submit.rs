//! Orders come in: checks first, without any change, then the deed.

use std::sync::Arc;

use model::{Liquidity, Notional, Price, Quantity, Rounding, Side, TimeInForce, UnixNanos};

use crate::event::{ExchangeEvent, Refusal};
use crate::exchange::Exchange;
use crate::exchange::settle::{add, buy_hold};
use crate::market::{Stop, Taking};
use crate::order::{AccountId, CancelReason, Order, OrderId, OrderRequest, OrderStatus};

/// What an order that passed every check is going to do.
#[derive(Debug)]
struct Plan {
    /// Position of the instrument.
    at: usize,
    taking: Taking,
    /// What the order reserves at first.
    hold: Notional,
}

impl Exchange {
    /// Checks an order as [`Exchange::submit`] would, and changes nothing.
    ///
    /// # Errors
    /// [`Refusal`]: why it would be refused now.
    pub fn check(&mut self, account: AccountId, request: &OrderRequest) -> Result<(), Refusal> {
        self.plan(account, request).map(drop)
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
        let plan = self.plan(account, &request)?;
        let id = self.accept(account, request, &plan, now, out);
        for taken in &plan.taking.matches {
            let side = self.orders[&id].request.side;
            let listing = &mut self.markets[plan.at];
            listing.market.take(side, taken);
            let number = listing.print(taken.price, taken.quantity, side, now, out);
            if let Some(maker) = taken.maker {
                self.fill_maker(maker, taken.price, taken.quantity, number, now, out);
            }
            self.fill(id, taken.price, taken.quantity, number, Liquidity::Taker, out);
        }
        self.after_taking(id, &plan, now, out);
        Ok(id)
    }

    /// Completes, cancels or rests an order that has taken what it can.
    fn after_taking(
        &mut self,
        id: OrderId,
        plan: &Plan,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let order = &self.orders[&id];
        let request = &order.request;
        let status = match (plan.taking.stop, request.limit(), request.time_in_force) {
            (Stop::Filled, ..) => OrderStatus::Filled,
            (Stop::SelfMatch, ..) => OrderStatus::Cancelled(CancelReason::SelfMatch),
            (Stop::Limit, None, _) => OrderStatus::Cancelled(CancelReason::Protection),
            (Stop::Limit, Some(_), TimeInForce::Ioc) => {
                OrderStatus::Cancelled(CancelReason::Immediate)
            }
            (Stop::Limit, Some(price), TimeInForce::Gtc) => {
                let (side, account, remaining) = (request.side, order.account, order.remaining());
                let market = &mut self.markets[plan.at].market;
                market.rest(side, price, id, account, remaining);
                return;
            }
        };
        self.end(id, status, now, out);
    }

    /// Writes an order into the books of the exchange and reserves what it needs.
    fn accept(
        &mut self,
        account: AccountId,
        request: OrderRequest,
        plan: &Plan,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) -> OrderId {
        let id = OrderId(self.next_order);
        self.next_order += 1;
        let listing = &self.markets[plan.at];
        let asset = match request.side {
            Side::Buy => listing.quote,
            Side::Sell => listing.base,
        };
        self.ledger.set_hold(account, asset, Notional::ZERO, plan.hold);
        let trader = &mut self.traders[account.0];
        trader.open.insert(id);
        if let Some(client_id) = &request.client_id {
            trader.client_ids.insert(Arc::clone(client_id), id);
        }
        let order = Order {
            id,
            account,
            request,
            status: OrderStatus::Open,
            filled: Quantity::ZERO,
            cost: Notional::ZERO,
            fee: Notional::ZERO,
            opened_at: now,
            closed_at: None,
            held: plan.hold,
            market: plan.at,
        };
        self.orders.insert(id, order);
        out.push(ExchangeEvent::Accepted { order: id });
        out.push(ExchangeEvent::Opened { order: id });
        id
    }

    fn plan(&mut self, account: AccountId, request: &OrderRequest) -> Result<Plan, Refusal> {
        if self.ledger.traders().all(|trader| trader != account) {
            return Err(Refusal::UnknownAccount);
        }
        let at = self.position(&request.symbol).ok_or(Refusal::UnknownInstrument)?;
        self.check_rules(at, request)?;
        self.check_identity(at, account, request)?;
        let limit = request.limit().or_else(|| self.protection(at, request.side));
        let market = &mut self.markets[at].market;
        let taking = market.taking(account, request.side, limit, request.quantity);
        let takes = !taking.matches.is_empty() || taking.stop == Stop::SelfMatch;
        if request.is_post_only() && takes {
            return Err(Refusal::PostOnly);
        }
        let hold = self.hold_for(at, account, request, &taking);
        let hold = hold.ok_or(Refusal::InsufficientFunds)?;
        let listing = &self.markets[at];
        let asset = match request.side {
            Side::Buy => listing.quote,
            Side::Sell => listing.base,
        };
        if hold > self.ledger.balance(account, asset).free() {
            return Err(Refusal::InsufficientFunds);
        }
        Ok(Plan { at, taking, hold })
    }

    /// The instrument's rules for prices and quantities.
    fn check_rules(&self, at: usize, request: &OrderRequest) -> Result<(), Refusal> {
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
        if let Some(price) = request.limit() {
            if !price.is_positive() {
                return Err(Refusal::PriceNotPositive);
            }
            if !price.is_multiple_of(instrument.tick_size) {
                return Err(Refusal::TickSize);
            }
        }
        let price = request.limit().or_else(|| listing.market.outside.last_price());
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
        if known.is_some_and(|order| trader.open.contains(order)) {
            return Err(Refusal::DuplicateClientId);
        }
        let open = trader.open.iter().filter(|id| self.orders[id].market == at);
        if request.may_rest() && open.count() >= self.open_orders_max {
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

    /// What an order has to reserve; `None` when that is beyond every balance.
    fn hold_for(
        &self,
        at: usize,
        account: AccountId,
        request: &OrderRequest,
        taking: &Taking,
    ) -> Option<Notional> {
        let fees = self.traders[account.0].fees;
        let decimals = self.markets[at].instrument.cost_decimals;
        match (request.side, request.limit()) {
            (Side::Sell, _) => Some(Notional::from_quantity(request.quantity)),
            (Side::Buy, Some(limit)) => {
                buy_hold(limit, request.quantity, fees.worst_ppm(), decimals)
            }
            (Side::Buy, None) => taking.matches.iter().try_fold(Notional::ZERO, |sum, taken| {
                let cost = Notional::of(taken.price, taken.quantity);
                let ppm = fees.taker_ppm.max(0);
                let fee = cost.fraction_ppm(ppm, decimals, Rounding::HalfUp)?;
                Some(add(sum, add(cost, fee)))
            }),
        }
    }
}
