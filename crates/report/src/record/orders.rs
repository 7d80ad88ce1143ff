//! Orders and executions in the record of a run.

use std::collections::BTreeMap;

use model::audit::AuditEvent;
use model::history::{Event, Record, VenueEvent};
use model::{
    ClientOrderId, Fill, Liquidity, NewOrder, Notional, OrderKind, OrderState, Price, Quantity,
    Side, Symbol, TimeInForce, Trigger, VenueOrderId,
};
use serde::{Deserialize, Serialize};

use crate::units::seconds;

/// One order of the trader, from intent to fate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Our id.
    pub client_order_id: ClientOrderId,
    /// The venue's id; `None` if the trader never learned one.
    pub venue_order_id: Option<VenueOrderId>,
    /// Instrument.
    pub symbol: Symbol,
    /// Direction.
    pub side: Side,
    /// `market` or `limit`.
    #[serde(rename = "type")]
    pub kind: OrderType,
    /// Worst price accepted; `None` for a market order.
    pub limit_price: Option<Price>,
    /// True for a limit order that must not take liquidity.
    pub post_only: bool,
    /// Base units wanted.
    pub quantity: Quantity,
    /// Life of the unfilled part.
    pub time_in_force: TimeInForce,
    /// Where it stood at the end, in the trader's eyes.
    pub state: OrderState,
    /// Base units filled, in the trader's eyes.
    pub filled: Quantity,
    /// Average price of its executions at the venue, at most 9 digits; `None` without any.
    pub average_price: Option<Price>,
    /// Fees of its executions, quote units.
    pub fee: Notional,
    /// When the strategy wanted it, seconds since the start of the run.
    pub wanted_s: f64,
    /// When the trader last learned something of it.
    pub changed_s: f64,
    /// Why it ended as it did, if a reason was given.
    pub reason: Option<String>,
}

/// How an order meets the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderType {
    /// At any price.
    Market,
    /// At a price or better.
    Limit,
    /// Waits until the market moves against the position.
    StopLoss,
    /// Waits until the market moves in favour of the position.
    TakeProfit,
}

/// One execution of an order of the trader, as the venue booked it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillRecord {
    /// When the venue executed it, seconds since the start of the run.
    pub at_s: f64,
    /// When the trader was told of this very execution; `None` if it learned the sum only.
    pub told_s: Option<f64>,
    /// The order.
    pub client_order_id: ClientOrderId,
    /// The venue's number of the trade.
    pub trade_id: u64,
    /// Instrument.
    pub symbol: Symbol,
    /// Direction of the order.
    pub side: Side,
    /// Price of the execution.
    pub price: Price,
    /// Base units.
    pub quantity: Quantity,
    /// Fee, quote units; negative for a rebate.
    pub fee: Notional,
    /// Maker or taker.
    pub liquidity: Liquidity,
}

impl OrderRecord {
    fn new(order: &NewOrder, wanted_s: f64) -> Self {
        let (kind, limit_price, post_only) = match order.kind {
            OrderKind::Market => (OrderType::Market, None, false),
            OrderKind::Limit { price, post_only } => (OrderType::Limit, Some(price), post_only),
            OrderKind::Triggered { trigger: Trigger::StopLoss, limit, .. } => {
                (OrderType::StopLoss, limit, false)
            }
            OrderKind::Triggered { trigger: Trigger::TakeProfit, limit, .. } => {
                (OrderType::TakeProfit, limit, false)
            }
        };
        Self {
            client_order_id: order.client_order_id.clone(),
            venue_order_id: None,
            symbol: order.symbol.clone(),
            side: order.side,
            kind,
            limit_price,
            post_only,
            quantity: order.quantity,
            time_in_force: order.time_in_force,
            state: OrderState::Created,
            filled: Quantity::ZERO,
            average_price: None,
            fee: Notional::ZERO,
            wanted_s,
            changed_s: wanted_s,
            reason: None,
        }
    }
}

/// Orders by intent, and the venue's executions of them.
pub(super) fn read(history: &[Record]) -> (Vec<OrderRecord>, Vec<FillRecord>) {
    let mut book = OrderBook::default();
    for record in history {
        let at_s = seconds(record.at_ns);
        if let Event::Trader(event) = &record.event {
            book.trader(at_s, event);
        } else if let Event::Venue(VenueEvent::Filled {
            client_order_id: Some(id),
            symbol,
            side,
            fill,
            ..
        }) = &record.event
        {
            book.executed(at_s, id, symbol, *side, fill);
        }
    }
    book.finish()
}

/// Sums over the executions of one order.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    cost: Notional,
    quantity: Quantity,
    fee: Notional,
}

#[derive(Debug, Default)]
struct OrderBook<'a> {
    orders: Vec<OrderRecord>,
    index: BTreeMap<&'a ClientOrderId, usize>,
    sums: BTreeMap<&'a ClientOrderId, Sums>,
    fills: Vec<FillRecord>,
    executions: BTreeMap<(&'a ClientOrderId, u64), usize>,
}

impl<'a> OrderBook<'a> {
    fn trader(&mut self, at_s: f64, event: &'a AuditEvent) {
        if let AuditEvent::OrderIntent { order } = event {
            self.index.entry(&order.client_order_id).or_insert(self.orders.len());
            self.orders.push(OrderRecord::new(order, at_s));
        } else if let AuditEvent::OrderChanged {
            client_order_id,
            venue_order_id,
            state,
            filled,
            reason,
        } = event
        {
            let Some(order) = self.order(client_order_id) else {
                return;
            };
            order.state = *state;
            order.filled = *filled;
            order.changed_s = at_s;
            if venue_order_id.is_some() {
                order.venue_order_id.clone_from(venue_order_id);
            }
            if reason.is_some() {
                order.reason.clone_from(reason);
            }
        } else if let AuditEvent::Filled { client_order_id, fill } = event {
            let key = (client_order_id, fill.trade_id);
            let known = self.executions.get(&key).and_then(|at| self.fills.get_mut(*at));
            if let Some(known) = known {
                known.told_s.get_or_insert(at_s);
            }
        }
    }

    /// The venue executed one of the orders; orders of others have no intent here.
    fn executed(
        &mut self,
        at_s: f64,
        id: &'a ClientOrderId,
        symbol: &Symbol,
        side: Side,
        fill: &Fill,
    ) {
        if !self.index.contains_key(id) {
            return;
        }
        self.executions.insert((id, fill.trade_id), self.fills.len());
        self.fills.push(FillRecord {
            at_s,
            told_s: None,
            client_order_id: id.clone(),
            trade_id: fill.trade_id,
            symbol: symbol.clone(),
            side,
            price: fill.price,
            quantity: fill.quantity,
            fee: fill.fee,
            liquidity: fill.liquidity,
        });
        let sums = self.sums.entry(id).or_default();
        let cost = Notional::of(fill.price, fill.quantity);
        // Out of range means numbers that no venue has; the checks report them.
        sums.cost = sums.cost.checked_add(cost).unwrap_or(sums.cost);
        sums.quantity = sums.quantity.checked_add(fill.quantity).unwrap_or(sums.quantity);
        sums.fee = sums.fee.checked_add(fill.fee).unwrap_or(sums.fee);
    }

    fn finish(mut self) -> (Vec<OrderRecord>, Vec<FillRecord>) {
        for (id, sums) in std::mem::take(&mut self.sums) {
            if let Some(order) = self.order(id) {
                order.average_price = sums.cost.price_per(sums.quantity, Price::DECIMALS);
                order.fee = sums.fee;
            }
        }
        (self.orders, self.fills)
    }

    fn order(&mut self, id: &ClientOrderId) -> Option<&mut OrderRecord> {
        self.index.get(id).and_then(|at| self.orders.get_mut(*at))
    }
}
