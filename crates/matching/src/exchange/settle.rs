//! Executions become money.

use model::{Fill, Liquidity, Notional, Price, Quantity, Rounding, Side, UnixNanos};

use crate::config::Funding;
use crate::event::{ExchangeEvent, Execution};
use crate::exchange::Exchange;
use crate::ledger::{FEES, MARKET};
use crate::order::{AccountId, Order, OrderId, OrderStatus};

impl Exchange {
    /// Settles an execution of a resting order, which ends when nothing of it remains.
    pub(super) fn fill_maker(
        &mut self,
        order: OrderId,
        price: Price,
        quantity: Quantity,
        trade_id: u64,
        now: UnixNanos,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let allowed = self.allowed_maker(order, price, quantity);
        let quantity = allowed.total();
        let is_filled = quantity.is_positive()
            && self.fill(order, price, quantity, trade_id, Liquidity::Maker, out).is_zero();
        if let Some(reason) = allowed.short {
            let known = &self.orders[order];
            let (at, side, kind) = (known.market, known.request.side, known.request.kind);
            self.markets[at].take_out(order, side, kind);
            self.end(order, OrderStatus::Cancelled(reason), now, out);
        } else if is_filled {
            self.end(order, OrderStatus::Filled, now, out);
        }
    }

    /// Settles one execution against `market`, takes the fee, and tells of it; what remains of the order.
    pub(super) fn fill(
        &mut self,
        id: OrderId,
        price: Price,
        quantity: Quantity,
        trade_id: u64,
        liquidity: Liquidity,
        out: &mut Vec<ExchangeEvent>,
    ) -> Quantity {
        let order = &self.orders[id];
        let (at, account, held) = (order.market, order.account, order.held);
        let cost = Notional::of(price, quantity);
        let is_first = order.filled.is_zero();
        let filled = add_quantity(order.filled, quantity);
        let remaining = order.request.quantity.saturating_sub(filled);
        let side = order.request.side;
        let fee = self
            .fee_on(at, account, cost, liquidity)
            .expect("costs are covered by balances, which are far from the end of the range");
        let fee = if is_first { add(fee, self.traders[account.0].fees[at].fixed) } else { fee };
        let mut booked =
            [self.booked_base(at, Notional::from_quantity(quantity)), self.booked_quote(at, cost)];
        let in_base = self.fee_in_base(order, quantity, fee, liquidity);
        let quote_fee = if in_base.is_some() { Notional::ZERO } else { fee };
        let mut hold = self.hold_after(order, remaining, booked[1], quote_fee);
        let holds_without_fee = self.holds_without_fee(order);
        let (base, quote) = (self.markets[at].base, self.markets[at].quote);
        match side {
            Side::Buy => {
                self.ledger.set_hold(account, quote, held, hold);
                booked[1] = self.payable(at, account, 1, booked[1]);
                self.ledger.transfer(account, MARKET, quote, booked[1]);
                self.ledger.transfer(MARKET, account, base, booked[0]);
            }
            Side::Sell => {
                self.ledger.set_hold(account, base, held, hold);
                booked[0] = self.payable(at, account, 0, booked[0]);
                self.ledger.transfer(account, MARKET, base, booked[0]);
                self.ledger.transfer(MARKET, account, quote, booked[1]);
            }
        }
        if side == Side::Buy && holds_without_fee {
            // Of an order that is cut, what the rest reserved pays the fee: the rest is about to go.
            let free = self.ledger.balance(account, quote).free();
            let missing = quote_fee.checked_sub(free).unwrap_or(Notional::ZERO).max(Notional::ZERO);
            let less = hold.checked_sub(missing).unwrap_or(Notional::ZERO).max(Notional::ZERO);
            self.ledger.set_hold(account, quote, hold, less);
            hold = less;
        }
        let fee = match (in_base, self.traders[account.0].funding) {
            (Some(_), _) | (None, Funding::Margin { .. }) => fee,
            // Half-up rounding of many small fills may ask for a little more than is there.
            (None, Funding::Spot) => fee.min(self.ledger.balance(account, quote).free()),
        };
        match in_base {
            Some(in_base) => self.ledger.transfer(account, FEES, base, in_base),
            None => self.ledger.transfer(account, FEES, quote, fee),
        }
        let owned = [quote, base].map(|asset| self.ledger.balance(account, asset).total);
        let order = self.orders.get_mut(id).expect("an open order is known");
        (order.filled, order.held) = (filled, hold);
        (order.cost, order.fee) = (add(order.cost, cost), add(order.fee, fee));
        out.push(ExchangeEvent::Filled(Execution {
            order: id,
            fill: Fill { trade_id, price, quantity, fee, liquidity },
            filled: order.filled,
            cost: order.cost,
            fee: order.fee,
            booked_base: booked[0],
            booked_quote: booked[1],
            fee_in_base: in_base.unwrap_or(Notional::ZERO),
            owned,
        }));
        remaining
    }

    /// The fee on a quantity in the base asset; `None` when it is taken out of the quote asset.
    fn fee_in_base(
        &self,
        order: &Order,
        quantity: Quantity,
        fee: Notional,
        liquidity: Liquidity,
    ) -> Option<Notional> {
        if !order.request.fee_in_base || fee <= Notional::ZERO {
            return None;
        }
        let (at, account) = (order.market, order.account);
        let listing = &self.markets[at];
        let decimals = listing.booked[0].unwrap_or(Quantity::DECIMALS);
        let ppm = self.rate(at, account, liquidity);
        let fee =
            Notional::from_quantity(quantity).fraction_ppm(ppm, decimals, Rounding::HalfUp)?;
        let is_there = match order.request.side {
            Side::Buy => true,
            Side::Sell => fee <= self.ledger.balance(account, listing.base).free(),
        };
        (is_there && fee > Notional::ZERO).then_some(fee)
    }

    /// The fee on a cost, as it is booked; `None` when it is beyond every balance.
    pub(super) fn fee_on(
        &self,
        at: usize,
        account: AccountId,
        cost: Notional,
        liquidity: Liquidity,
    ) -> Option<Notional> {
        let ppm = self.rate(at, account, liquidity);
        let listing = &self.markets[at];
        let decimals = listing.booked[1].unwrap_or(listing.instrument.cost_decimals);
        cost.fraction_ppm(ppm, decimals, Rounding::HalfUp)
    }

    /// What an account pays for an execution, parts per million.
    pub(super) fn rate(&self, at: usize, account: AccountId, liquidity: Liquidity) -> i64 {
        let fees = self.traders[account.0].fees[at];
        match liquidity {
            Liquidity::Maker => fees.maker_ppm,
            Liquidity::Taker => fees.taker_ppm,
        }
    }

    pub(super) fn booked_quote(&self, at: usize, amount: Notional) -> Notional {
        booked(amount, self.markets[at].booked[1])
    }

    fn booked_base(&self, at: usize, amount: Notional) -> Notional {
        booked(amount, self.markets[at].booked[0])
    }

    /// An amount that was rounded up, unless the last step of it is not there: half-up rounding of many small
    /// fills may ask for a little more than there is.
    fn payable(&self, at: usize, account: AccountId, asset: usize, amount: Notional) -> Notional {
        let listing = &self.markets[at];
        let free = self.ledger.balance(account, [listing.base, listing.quote][asset]).free();
        match (self.traders[account.0].funding, listing.booked[asset]) {
            (Funding::Spot, Some(decimals)) if amount > free => {
                free.round_to(decimals, Rounding::Down)
            }
            (Funding::Spot | Funding::Margin { .. }, _) => amount,
        }
    }

    /// What an order reserves for what remains of it after an execution.
    fn hold_after(
        &self,
        order: &Order,
        remaining: Quantity,
        cost: Notional,
        fee: Notional,
    ) -> Notional {
        if order.held.is_zero() {
            return Notional::ZERO;
        }
        let hold = match (order.request.side, order.request.limit()) {
            (Side::Sell, _) => Notional::from_quantity(remaining),
            (Side::Buy, Some(_)) if remaining.is_zero() => Notional::ZERO,
            (Side::Buy, Some(_)) => self
                .hold_of_limit(order, remaining)
                .expect("a part of a hold is smaller than the hold"),
            // A market order's hold is the exact cost of what it takes; no rebate was counted on.
            (Side::Buy, None) => {
                let spent = add(cost, fee.max(Notional::ZERO));
                order.held.checked_sub(spent).unwrap_or(Notional::ZERO).max(Notional::ZERO)
            }
        };
        hold.min(order.held)
    }
}

/// An amount with the digits that are booked.
fn booked(amount: Notional, decimals: Option<u32>) -> Notional {
    decimals.map_or(amount, |decimals| amount.round_to(decimals, Rounding::HalfUp))
}

pub(super) fn add(left: Notional, right: Notional) -> Notional {
    left.checked_add(right).expect("sums of covered costs are far from the end of the range")
}

fn add_quantity(left: Quantity, right: Quantity) -> Quantity {
    left.checked_add(right).expect("fills do not exceed the order's quantity")
}
