//! What of an execution an account can take, and at which price.

use model::{Liquidity, Notional, OrderKind, Price, Quantity, Rounding, Side};

use crate::config::{Funding, Shortfall, SlippageOn};
use crate::exchange::Exchange;
use crate::exchange::settle::add;
use crate::market::{Match, Taking};
use crate::order::{AccountId, CancelReason, Order, OrderId, OrderRequest};
use crate::rules::BuyHolds;

/// `10^9`: steps of a notional in one step of a quantity.
const QUANTITY_STEP: i64 = 1_000_000_000;
/// Parts of a rate.
const PPM: i128 = 1_000_000;

/// The part of an execution that may happen: first what closes the position, then what opens one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) closing: Quantity,
    pub(super) closing_price: Price,
    pub(super) opening: Quantity,
    pub(super) opening_price: Price,
    /// Why it is not all.
    pub(super) short: Option<CancelReason>,
}

impl Allowed {
    /// True when nothing is missing.
    pub(super) fn is_all(&self, quantity: Quantity) -> bool {
        self.short.is_none() && self.total() == quantity
    }

    pub(super) fn total(&self) -> Quantity {
        self.closing.checked_add(self.opening).expect("parts of one quantity")
    }
}

/// What an execution pays beside its cost.
#[derive(Debug, Clone, Copy)]
struct Fee {
    /// Parts per million of the cost.
    ppm: i64,
    /// Steps of a notional.
    fixed: i128,
}

impl Exchange {
    /// What of `quantity` a taking order may execute against everybody else at `price`.
    pub(super) fn allowed(&self, id: OrderId, price: Price, quantity: Quantity) -> Allowed {
        let order = &self.orders[id];
        let slippage = self.markets[order.market].slippage;
        let slipped = slipped(price, order, slippage.ppm);
        let closing_price = match slippage.on {
            SlippageOn::Every => slipped,
            SlippageOn::Opening => price,
        };
        self.split(order, price, [closing_price, slipped], (quantity, Liquidity::Taker))
    }

    /// What of `quantity` a resting order may execute at its price.
    pub(super) fn allowed_maker(&self, id: OrderId, price: Price, quantity: Quantity) -> Allowed {
        let order = &self.orders[id];
        let split = || self.split(order, price, [price, price], (quantity, Liquidity::Maker));
        if !self.is_covered(order) {
            return split();
        }
        // Not even an order that only reduces: what it reserves was there to be sold.
        debug_assert!(split().is_all(quantity), "nothing cuts what is covered");
        // All of it at one price: what it does to the position makes no difference.
        let (closing, opening, short) = (Quantity::ZERO, quantity, None);
        Allowed { closing, closing_price: price, opening, opening_price: price, short }
    }

    /// True when what an order reserves pays for it, come what may.
    fn is_covered(&self, order: &Order) -> bool {
        let spot = self.traders[order.account.0].funding == Funding::Spot;
        spot && !order.held.is_zero() && !self.holds_without_fee(order)
    }

    /// Splits a quantity at the point where it turns the position, and cuts it.
    fn split(
        &self,
        order: &Order,
        price: Price,
        [closing_price, opening_price]: [Price; 2],
        (quantity, liquidity): (Quantity, Liquidity),
    ) -> Allowed {
        let position = self.position_of_account(order.market, order.account);
        let against = match order.request.side {
            Side::Buy => position.negated(),
            Side::Sell => position,
        };
        let closing = quantity.min(against.max(Quantity::ZERO));
        let wanted = quantity.saturating_sub(closing);
        let mut allowed =
            Allowed { closing, closing_price, opening: wanted, opening_price, short: None };
        if wanted.is_zero() {
            return allowed;
        }
        if order.request.reduce_only {
            (allowed.opening, allowed.short) = (Quantity::ZERO, Some(CancelReason::ReduceOnly));
            return allowed;
        }
        let trader = &self.traders[order.account.0];
        let ppm = self.rate(order.market, order.account, liquidity);
        let fixed = trader.fees[order.market].fixed.raw();
        let fixed = if order.filled.is_zero() { fixed } else { 0 };
        let (first, fee) = if closing.is_zero() { (0, fixed) } else { (fixed, 0) };
        let (first, fee) = (Fee { ppm, fixed: first }, Fee { ppm, fixed: fee });
        let prices = [price, opening_price];
        let power = match trader.funding {
            Funding::Spot if self.holds_without_fee(order) => {
                let ppm = if order.request.fee_in_base { 0 } else { ppm };
                let power = self.freed_and_free(order, quantity);
                if self.costs(order, liquidity, 0, wanted, [opening_price; 2]) <= power {
                    return allowed;
                }
                allowed.short = Some(CancelReason::Funds);
                let fee = Fee { ppm: ppm.max(0), fixed: 0 };
                allowed.opening = self.affordable(order, fee, PPM, power, prices).min(wanted);
                return allowed;
            }
            Funding::Spot if self.is_covered(order) => return allowed,
            Funding::Spot => self.free_quote(order),
            Funding::Margin { leverage } => {
                self.buying_power(order, first, leverage, closing, closing_price, price)
            }
        };
        let affordable = match trader.shortfall {
            Shortfall::Cut { share_ppm } => {
                self.affordable(order, fee, share_ppm.into(), power, prices)
            }
            Shortfall::Refuse => {
                let cost = self.costs(order, liquidity, fee.fixed, wanted, prices);
                if cost <= power { wanted } else { Quantity::ZERO }
            }
        };
        if affordable < wanted {
            (allowed.opening, allowed.short) = (affordable, Some(CancelReason::Funds));
        }
        allowed
    }

    /// What an account has of the base asset of a market, rounded down.
    pub(super) fn position_of_account(&self, market: usize, account: AccountId) -> Quantity {
        let owned = self.ledger.balance(account, self.markets[market].base).total;
        if let Ok(raw) = i64::try_from(owned.raw()) {
            // The same, where the processor does it in one step.
            return Quantity::from_raw(raw.div_euclid(QUANTITY_STEP));
        }
        let raw = owned.raw().div_euclid(QUANTITY_STEP.into());
        Quantity::from_raw(i64::try_from(raw).unwrap_or(if raw < 0 { -i64::MAX } else { i64::MAX }))
    }

    fn free_quote(&self, order: &Order) -> i128 {
        self.ledger.balance(order.account, self.markets[order.market].quote).free().raw()
    }

    /// The price that a market buy pays for what a counterparty offers.
    pub(super) fn slipped_buy(&self, at: usize, taken: &Match) -> Price {
        let ppm = if taken.maker.is_none() { self.markets[at].slippage.ppm } else { 0 };
        Price::from_raw(taken.price.raw().saturating_add(distance(taken.price, ppm)))
    }

    /// Cost of the positions that a margin account may add after an order closed a part of its own.
    fn buying_power(
        &self,
        order: &Order,
        fee: Fee,
        leverage: u32,
        closing: Quantity,
        closing_price: Price,
        price: Price,
    ) -> i128 {
        let quote = self.markets[order.market].quote;
        let paid = Notional::of(closing_price, closing).raw();
        let fee = paid.saturating_mul(i128::from(fee.ppm)) / PPM + fee.fixed;
        let cash = self.ledger.balance(order.account, quote).total.raw() - fee;
        let (mut equity, closed) = match order.request.side {
            Side::Buy => (cash - paid, closing.raw()),
            Side::Sell => (cash + paid, -closing.raw()),
        };
        let mut used = 0;
        for (at, listing) in self.markets.iter().enumerate().filter(|(_, l)| l.quote == quote) {
            let here = at == order.market;
            let last = if here { Some(price) } else { listing.market.outside.last_price() };
            let position =
                self.position_of_account(at, order.account).raw() + if here { closed } else { 0 };
            let value = Notional::of(last.unwrap_or_default(), Quantity::from_raw(position)).raw();
            equity += value;
            used += value.abs();
        }
        let free = equity - used / i128::from(leverage);
        free.saturating_mul(i128::from(leverage))
    }

    /// What a quantity costs at `paid`, as it is booked, with the fee on `price`.
    fn costs(
        &self,
        order: &Order,
        liquidity: Liquidity,
        fixed: i128,
        quantity: Quantity,
        [price, paid]: [Price; 2],
    ) -> i128 {
        let base = Notional::of(price, quantity);
        let rate = if order.request.fee_in_base {
            Some(Notional::ZERO)
        } else {
            self.fee_on(order.market, order.account, base, liquidity)
        };
        // What is beyond the range is beyond every account.
        let rate = rate.map_or(i128::MAX, Notional::raw);
        let cost = self.booked_quote(order.market, Notional::of(paid, quantity)).raw();
        cost.saturating_add(rate).saturating_add(fixed)
    }

    /// Whole lots that cost less than a share (parts per million) of `power`: at `paid`, with the fee on `price`, and
    /// the fixed part of the fee for each base unit of the share, as backtesting.py counts it.
    fn affordable(
        &self,
        order: &Order,
        fee: Fee,
        share: i128,
        power: i128,
        [price, paid]: [Price; 2],
    ) -> Quantity {
        let instrument = &self.markets[order.market].instrument;
        let lot = instrument.lot_size();
        // A fee is rounded by half a step at most, and so is a cost where costs are rounded.
        let step = |decimals| 10_i128.pow(Notional::DECIMALS.saturating_sub(decimals));
        let slack = match self.markets[order.market].booked[1] {
            None => step(instrument.cost_decimals) / 2,
            Some(decimals) => step(decimals),
        };
        let cost = Notional::of(paid, lot).raw();
        let rate = Notional::of(price, lot).raw().saturating_mul(i128::from(fee.ppm));
        let fixed = fee.fixed.saturating_mul(PPM) / share.max(1);
        let fixed =
            fixed.saturating_mul(i128::from(lot.raw())) / i128::from(Quantity::step(0).raw());
        let one = cost.saturating_add(fixed).saturating_mul(PPM).saturating_add(rate);
        let available = (power - slack).saturating_mul(share);
        if available <= 0 || one <= 0 {
            return Quantity::ZERO;
        }
        let lots = i64::try_from((available - 1) / one).unwrap_or(i64::MAX);
        Quantity::from_raw(lots.saturating_mul(lot.raw()))
    }
}

impl Exchange {
    /// True when what an order reserves does not contain the fees of its executions.
    pub(super) fn holds_without_fee(&self, order: &Order) -> bool {
        let buys = order.request.side == Side::Buy && order.request.limit().is_some();
        buys && self.rules.buy_holds == BuyHolds::Cost
    }

    /// What an execution of a part of an order sets free of its hold, and what is free anyway.
    fn freed_and_free(&self, order: &Order, quantity: Quantity) -> i128 {
        let rest = order.remaining().saturating_sub(quantity);
        let kept = self.hold_of_limit(order, rest).unwrap_or(Notional::ZERO).min(order.held);
        order.held.raw() - kept.raw() + self.free_quote(order)
    }

    /// What an order has to reserve; `None` when that is beyond every balance.
    pub(super) fn hold_for(
        &self,
        at: usize,
        account: AccountId,
        request: &OrderRequest,
        taking: Option<&Taking>,
    ) -> Option<Notional> {
        let trader = &self.traders[account.0];
        if trader.funding != Funding::Spot {
            return Some(Notional::ZERO);
        }
        let limit = match request.kind {
            OrderKind::Triggered { .. } if !self.rules.waiting_orders_hold => {
                return Some(Notional::ZERO);
            }
            OrderKind::Triggered { price, limit, .. } => Some(limit.unwrap_or(price)),
            OrderKind::Limit { price, .. } => Some(price),
            OrderKind::Market => None,
        };
        let matches = taking.map_or(&[][..], |taking| &taking.matches);
        match (request.side, limit) {
            (Side::Sell, _) => Some(Notional::from_quantity(request.quantity)),
            (Side::Buy, Some(limit)) => self.buy_hold(at, account, limit, request.quantity),
            // Without a hold it is looked at when it executes.
            (Side::Buy, None) if trader.shortfall != Shortfall::Refuse => Some(Notional::ZERO),
            (Side::Buy, None) => matches.iter().try_fold(Notional::ZERO, |sum, taken| {
                let price = self.slipped_buy(at, taken);
                let cost = Notional::of(price, taken.quantity);
                let fee = self.fee_on(at, account, cost, Liquidity::Taker)?.max(Notional::ZERO);
                let fee = if request.fee_in_base { Notional::ZERO } else { fee };
                Some(add(sum, add(self.booked_quote(at, cost), fee)))
            }),
        }
    }

    /// What a limit buy reserves: its cost at the limit, and under [`BuyHolds::CostAndFee`] the worse fee on
    /// that, rounded up.
    ///
    /// `None` when that is beyond every balance.
    pub(super) fn buy_hold(
        &self,
        at: usize,
        account: AccountId,
        limit: Price,
        quantity: Quantity,
    ) -> Option<Notional> {
        let listing = &self.markets[at];
        let cost = Notional::of(limit, quantity);
        let cost = match listing.booked[1] {
            Some(decimals) => cost.round_to(decimals, Rounding::Up),
            None => cost,
        };
        let ppm = match self.rules.buy_holds {
            BuyHolds::CostAndFee => self.traders[account.0].fees[at].worst_ppm(),
            BuyHolds::Cost => return Some(cost),
        };
        let decimals = listing.booked[1].unwrap_or(listing.instrument.cost_decimals);
        cost.checked_add(cost.fraction_ppm(ppm, decimals, Rounding::Up)?)
    }

    /// What a limit buy reserves for a quantity; nothing of other orders.
    pub(super) fn hold_of_limit(&self, order: &Order, quantity: Quantity) -> Option<Notional> {
        self.buy_hold(order.market, order.account, order.request.limit()?, quantity)
    }
}

/// A price made worse for a taker, rounded against it; a limit is never passed.
fn slipped(price: Price, order: &Order, ppm: i64) -> Price {
    let limit = order.request.limit();
    match order.request.side {
        Side::Buy => {
            let worse = price.raw().saturating_add(distance(price, ppm));
            Price::from_raw(worse).min(limit.unwrap_or(Price::MAX))
        }
        Side::Sell => {
            let worse = price.raw().saturating_sub(distance(price, ppm));
            Price::from_raw(worse).max(limit.unwrap_or(Price::ZERO))
        }
    }
}

fn distance(price: Price, ppm: i64) -> i64 {
    let product = i128::from(price.raw()) * i128::from(ppm);
    i64::try_from((product + PPM - 1) / PPM).unwrap_or(i64::MAX)
}
