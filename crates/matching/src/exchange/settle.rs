//! Executions become money.

use model::{Fill, Liquidity, Notional, Price, Quantity, Rounding, Side, UnixNanos};

use crate::config::Funding;
use crate::event::{ExchangeEvent, Execution};
use crate::exchange::Exchange;
use crate::ledger::{FEES, MARKET};
use crate::order::{Order, OrderId, OrderStatus};

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
        if allowed.total().is_positive() {
            self.fill(order, price, allowed.total(), trade_id, Liquidity::Maker, out);
        }
        if let Some(reason) = allowed.short {
            let known = &self.orders[order];
            let (at, side, kind) = (known.market, known.request.side, known.request.kind);
            self.markets[at].take_out(order, side, kind);
            self.end(order, OrderStatus::Cancelled(reason), now, out);
        } else if self.orders[order].remaining().is_zero() {
            self.end(order, OrderStatus::Filled, now, out);
        }
    }

    /// Settles one execution against `market`, takes the fee, and tells of it.
    pub(super) fn fill(
        &mut self,
        id: OrderId,
        price: Price,
        quantity: Quantity,
        trade_id: u64,
        liquidity: Liquidity,
        out: &mut Vec<ExchangeEvent>,
    ) {
        let order = self.orders.get_mut(id).expect("an open order is known");
        let listing = &self.markets[order.market];
        let fees = self.traders[order.account.0].fees;
        let cost = Notional::of(price, quantity);
        let ppm = match liquidity {
            Liquidity::Maker => fees.maker_ppm,
            Liquidity::Taker => fees.taker_ppm,
        };
        let fee = cost
            .fraction_ppm(ppm, listing.instrument.cost_decimals, Rounding::HalfUp)
            .expect("costs are covered by balances, which are far from the end of the range");
        order.filled = add_quantity(order.filled, quantity);
        order.cost = add(order.cost, cost);

        let side = order.request.side;
        let (account, held) = (order.account, order.held);
        let hold = hold_after(order, cost, fee, fees.worst_ppm(), listing.instrument.cost_decimals);
        order.held = hold;
        let (base, quote) = (listing.base, listing.quote);
        let ledger = &mut self.ledger;
        let amount = Notional::from_quantity(quantity);
        match side {
            Side::Buy => {
                ledger.set_hold(account, quote, held, hold);
                ledger.transfer(account, MARKET, quote, cost);
                ledger.transfer(MARKET, account, base, amount);
            }
            Side::Sell => {
                ledger.set_hold(account, base, held, hold);
                ledger.transfer(account, MARKET, base, amount);
                ledger.transfer(MARKET, account, quote, cost);
            }
        }
        let fee = match self.traders[account.0].funding {
            // Half-up rounding of many small fills may ask for a little more than is there.
            Funding::Spot => fee.min(ledger.balance(account, quote).free()),
            Funding::Margin { .. } => fee,
        };
        ledger.transfer(account, FEES, quote, fee);
        order.fee = add(order.fee, fee);
        out.push(ExchangeEvent::Filled(Execution {
            order: id,
            fill: Fill { trade_id, price, quantity, fee, liquidity },
            filled: order.filled,
            cost: order.cost,
            fee: order.fee,
        }));
    }

    /// Gives back what an order still reserves.
    pub(super) fn release_hold(&mut self, id: OrderId) {
        let order = self.orders.get_mut(id).expect("an open order is known");
        let listing = &self.markets[order.market];
        let asset = match order.request.side {
            Side::Buy => listing.quote,
            Side::Sell => listing.base,
        };
        let held = std::mem::take(&mut order.held);
        self.ledger.set_hold(order.account, asset, held, Notional::ZERO);
    }
}

/// What an order reserves for what remains of it after an execution.
fn hold_after(
    order: &Order,
    cost: Notional,
    fee: Notional,
    worst_ppm: i64,
    cost_decimals: u32,
) -> Notional {
    if order.held.is_zero() {
        return Notional::ZERO;
    }
    let remaining = order.remaining();
    match (order.request.side, order.request.limit()) {
        (Side::Sell, _) => Notional::from_quantity(remaining),
        (Side::Buy, Some(limit)) => buy_hold(limit, remaining, worst_ppm, cost_decimals)
            .expect("a part of a hold is smaller than the hold"),
        // A market order's hold is the exact cost of what it takes; no rebate was counted on.
        (Side::Buy, None) => {
            let spent = add(cost, fee.max(Notional::ZERO));
            order.held.checked_sub(spent).unwrap_or(Notional::ZERO)
        }
    }
}

/// What a limit buy reserves: its cost at the limit, and the fee on that, rounded up.
///
/// `None` when that is beyond every balance.
pub(super) fn buy_hold(
    limit: Price,
    quantity: Quantity,
    worst_ppm: i64,
    cost_decimals: u32,
) -> Option<Notional> {
    let cost = Notional::of(limit, quantity);
    let fee = cost.fraction_ppm(worst_ppm, cost_decimals, Rounding::Up)?;
    cost.checked_add(fee)
}

pub(super) fn add(left: Notional, right: Notional) -> Notional {
    left.checked_add(right).expect("sums of covered costs are far from the end of the range")
}

fn add_quantity(left: Quantity, right: Quantity) -> Quantity {
    left.checked_add(right).expect("fills do not exceed the order's quantity")
}
