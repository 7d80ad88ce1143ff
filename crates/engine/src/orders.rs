//! All orders of one engine, found by our id or the venue's.

use std::collections::BTreeMap;
use std::hint::cold_path;

use model::{
    ClientOrderId, NewOrder, OrderReport, Quantity, Side, Symbol, UnixNanos, VenueOrderId,
};

use crate::desk::Draft;
use crate::ids::OrderIds;
use crate::markets::MarketNumber;
use crate::order::Order;

/// The newest orders that are kept, whatever their state: a power of two, which makes finding one cheap. They stay
/// in the processor's memory: ten times as many make each order slower.
const RECENT_MAX: usize = 1 << 10;
/// Older orders that are kept because they were not settled; beyond, those that ended are forgotten.
const OLDER_MAX: usize = 1_000;

/// Number of an order: 1 for the first. Our id of it says it, so that none has to be looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber(pub(crate) u64);

impl OrderNumber {
    /// The order of a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The orders of one engine, oldest first.
#[derive(Debug, Clone)]
pub struct Orders {
    ids: OrderIds,
    /// The newest ones, without gaps, each in the slot of its number: a new order takes the slot of the oldest.
    recent: Vec<Order>,
    /// Number of the first recent one.
    first: u64,
    older: BTreeMap<OrderNumber, Order>,
    /// Those that may still change, oldest first.
    working: Vec<OrderNumber>,
    /// By market.
    exposures: Vec<Exposure>,
}

/// What the working orders of an instrument may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Exposure {
    /// Their number.
    pub(crate) orders: usize,
    /// What remains of the buys, in steps of a quantity.
    buying: i128,
    /// What remains of the sells, in steps of a quantity.
    selling: i128,
}

impl Exposure {
    /// What remains of one side, in steps of a quantity.
    pub(crate) fn of(&self, side: Side) -> i128 {
        match side {
            Side::Buy => self.buying,
            Side::Sell => self.selling,
        }
    }

    fn of_mut(&mut self, side: Side) -> &mut i128 {
        match side {
            Side::Buy => &mut self.buying,
            Side::Sell => &mut self.selling,
        }
    }

    /// An order works, of which so much remains.
    fn add(&mut self, side: Side, remaining: Quantity) {
        self.orders += 1;
        *self.of_mut(side) += i128::from(remaining.raw());
    }

    /// It does not work any more.
    fn remove(&mut self, side: Side, remaining: Quantity) {
        self.orders -= 1;
        *self.of_mut(side) -= i128::from(remaining.raw());
    }
}

impl Orders {
    /// No orders; ids of a run that starts at `started`.
    pub(crate) fn new(started: UnixNanos) -> Self {
        Self {
            ids: OrderIds::new(started),
            recent: Vec::new(),
            first: 1,
            older: BTreeMap::new(),
            working: Vec::new(),
            exposures: Vec::new(),
        }
    }

    /// An order by our id.
    pub fn get(&self, id: &ClientOrderId) -> Option<&Order> {
        self.at(self.number(id)?)
    }

    /// The number of the order of our id, in the order of placing; if we ever placed it.
    pub fn number(&self, id: &ClientOrderId) -> Option<OrderNumber> {
        self.ids.number_of(id)
    }

    /// An order by its number, if it is not forgotten.
    pub fn at(&self, number: OrderNumber) -> Option<&Order> {
        match self.is_recent(number) {
            true => self.recent.get(slot(number)),
            false => {
                cold_path();
                self.older.get(&number)
            }
        }
    }

    /// Orders that may still change, oldest first.
    pub fn working(&self) -> impl Iterator<Item = &Order> {
        self.working_numbered().map(|(_, order)| order)
    }

    /// As [`Orders::working`], with their numbers.
    pub(crate) fn working_numbered(&self) -> impl Iterator<Item = (OrderNumber, &Order)> {
        self.working.iter().filter_map(|number| Some((*number, self.at(*number)?)))
    }

    /// Orders of an instrument that may still change, oldest first.
    pub fn working_in<'a>(&'a self, symbol: &'a Symbol) -> impl Iterator<Item = &'a Order> {
        self.working().filter(move |order| order.request().symbol == *symbol)
    }

    /// Orders that were ever placed, the forgotten ones included.
    pub fn placed(&self) -> u64 {
        self.ids.drawn()
    }

    /// What the working orders of an instrument may still do.
    pub(crate) fn exposure(&self, market: MarketNumber) -> Exposure {
        self.exposures.get(market.0).copied().unwrap_or_default()
    }

    /// Numbers of the orders that may still change, oldest first.
    pub(crate) fn working_numbers(&self) -> Vec<OrderNumber> {
        self.working.clone()
    }

    /// An order of which everything may be changed but its state and what is filled: that is for [`Orders::update`].
    pub(crate) fn note(&mut self, number: OrderNumber) -> Option<&mut Order> {
        match self.is_recent(number) {
            true => self.recent.get_mut(slot(number)),
            false => {
                cold_path();
                self.older.get_mut(&number)
            }
        }
    }

    /// True for one of the newest orders.
    fn is_recent(&self, number: OrderNumber) -> bool {
        (self.first..=self.ids.drawn()).contains(&number.0)
    }

    /// Changes an order.
    pub(crate) fn update<R>(
        &mut self,
        number: OrderNumber,
        change: impl FnOnce(&mut Order) -> R,
    ) -> Option<R> {
        let order = self.note(number)?;
        let (filled, was_working) = (order.filled(), order.is_working());
        let result = change(order);
        let is_working = order.is_working();
        if (filled, was_working) == (order.filled(), is_working) {
            return Some(result);
        }
        let whole = order.request().quantity;
        let (before, after) = (whole.saturating_sub(filled), order.remaining());
        let (market, side) = (order.market(), order.request().side);
        let exposure = &mut self.exposures[market.0];
        if was_working {
            exposure.remove(side, before);
        }
        if is_working {
            exposure.add(side, after);
        }
        match (self.working.binary_search(&number), is_working) {
            (Ok(place), false) => drop(self.working.remove(place)),
            (Err(place), true) => {
                cold_path();
                self.working.insert(place, number);
            }
            (Ok(_), true) | (Err(_), false) => {}
        }
        Some(result)
    }

    /// Enters an order, under the next id, that is on its way; its number.
    pub(crate) fn place(&mut self, draft: &Draft, symbol: &Symbol) -> OrderNumber {
        let market = draft.market;
        let number = OrderNumber(self.ids.draw());
        if self.exposures.len() <= market.0 {
            cold_path();
            self.exposures.resize(market.0 + 1, Exposure::default());
        }
        self.exposures[market.0].add(draft.side, draft.quantity);
        self.working.push(number);
        match self.recent.get_mut(slot(number)) {
            None => {
                cold_path();
                let request = self.request(draft, symbol);
                self.recent.push(Order::sent(request, market));
            }
            Some(oldest) => {
                let retired = OrderNumber(self.first);
                self.first += 1;
                // Of one that has ended, executions may still be asked for.
                let kept = (oldest.is_working() || !oldest.missing().is_zero()).then(|| {
                    cold_path();
                    oldest.clone()
                });
                oldest.renew(&self.ids, symbol, draft);
                if let Some(kept) = kept {
                    self.keep(retired, kept);
                }
            }
        }
        number
    }

    /// An order with the last id that was drawn.
    fn request(&self, draft: &Draft, symbol: &Symbol) -> NewOrder {
        let Draft { market: _, side, kind, quantity, time_in_force, reduce_only } = *draft;
        NewOrder {
            client_order_id: self.ids.id(self.ids.drawn()),
            symbol: symbol.clone(),
            side,
            kind,
            quantity,
            time_in_force,
            reduce_only,
        }
    }

    /// The order that a report is about, if it is one of ours.
    pub(crate) fn owner_of(&self, report: &OrderReport) -> Option<OrderNumber> {
        let named = report.client_order_id.as_ref().and_then(|id| self.ids.number_of(id));
        let named = named.filter(|number| self.at(*number).is_some());
        named.or_else(|| self.venue_calls(&report.venue_order_id))
    }

    /// The order that has a name at the venue. It is looked for, since few reports lack our own id.
    fn venue_calls(&self, venue_id: &VenueOrderId) -> Option<OrderNumber> {
        let is_it = |order: &Order| order.is_called(venue_id);
        let mut recent = (self.first..=self.ids.drawn()).rev().map(OrderNumber);
        let recent = recent.find(|number| self.at(*number).is_some_and(is_it));
        let older = || self.older.iter().find(|(_, order)| is_it(order)).map(|(number, _)| *number);
        recent.or_else(older)
    }

    /// Keeps an order that is recent no more.
    fn keep(&mut self, number: OrderNumber, order: Order) {
        self.older.insert(number, order);
        if self.older.len() > OLDER_MAX {
            let ended = self.older.iter().find(|(_, order)| !order.is_working());
            if let Some(number) = ended.map(|(number, _)| *number) {
                self.older.remove(&number);
            }
        }
    }
}

/// Place of a recent order.
fn slot(number: OrderNumber) -> usize {
    const SLOTS: u64 = RECENT_MAX as u64;
    // A number is at least 1; the remainder is below the number of slots.
    usize::try_from(number.0.wrapping_sub(1) % SLOTS).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use model::{Fill, Liquidity, Notional, OrderKind, OrderState, Price, TimeInForce};

    use super::*;
    use crate::action::{Standing, SubmitOutcome};
    use crate::order::Source;

    const MARKET: MarketNumber = MarketNumber(0);

    fn place(orders: &mut Orders, side: Side) -> OrderNumber {
        let draft = Draft {
            market: MARKET,
            side,
            kind: OrderKind::Market,
            quantity: Quantity::from_raw(10),
            time_in_force: TimeInForce::Gtc,
            reduce_only: false,
        };
        orders.place(&draft, &Symbol::new("BTC/USD"))
    }

    fn end(orders: &mut Orders, number: u64) {
        let outcome = SubmitOutcome::NotSent("for a test".to_owned());
        orders.update(OrderNumber(number), |order| order.submitted(outcome, 1));
    }

    #[test]
    fn an_order_is_remembered_while_it_works_and_long_after() {
        let mut orders = Orders::new(UnixNanos::from_secs(1_600_000_000));
        let first = orders.ids.id(1);
        for _ in 0..3 * RECENT_MAX as u64 {
            place(&mut orders, Side::Buy);
            if orders.placed() > 1 {
                let number = orders.placed();
                end(&mut orders, number);
            }
        }
        assert!(orders.get(&first).is_some_and(Order::is_working));
        assert_eq!(orders.working().count(), 1);
        assert_eq!(orders.at(OrderNumber(2)), None, "it ended long ago");
        assert!(orders.at(OrderNumber(orders.placed() - RECENT_MAX as u64 + 1)).is_some());
        assert_eq!(orders.recent.len() + orders.older.len(), RECENT_MAX + 1);
        end(&mut orders, 1);
        assert!(orders.get(&first).is_some(), "late news of it still find it");
    }

    /// Whatever became of the order whose slot it takes, and however its own differs.
    #[test]
    fn an_order_in_the_slot_of_another_is_as_new() {
        let mut orders = Orders::new(UnixNanos::from_secs(1_600_000_000));
        let told = |trade_id, filled, state| Standing {
            number: 9,
            state,
            filled: Quantity::from_raw(filled),
            cost: Notional::from_raw(8),
            fee: Notional::from_raw(2),
            last_fill: Some(Fill {
                trade_id,
                price: Price::from_raw(7),
                quantity: Quantity::from_raw(5),
                fee: Notional::from_raw(1),
                liquidity: Liquidity::Maker,
            }),
            reason: Some("for a test"),
        };
        let news = [told(1, 5, OrderState::Open), told(2, 10, OrderState::Filled)];
        for number in (1..=RECENT_MAX as u64).map(OrderNumber) {
            place(&mut orders, Side::Buy);
            let order = orders.note(number).expect("it was placed");
            order.want_cancel();
            order.start_locating();
            order.gap_lasts(1, 2);
            for standing in &news {
                orders.update(number, |order| order.apply(standing, Source::Told, 7));
            }
        }
        let draft = Draft {
            market: MarketNumber(3),
            side: Side::Sell,
            kind: OrderKind::Limit { price: Price::from_raw(5), post_only: true },
            quantity: Quantity::from_raw(11),
            time_in_force: TimeInForce::Ioc,
            reduce_only: true,
        };
        for symbol in ["BTC/USD", "ETH/EUR"].map(Symbol::new) {
            let number = orders.place(&draft, &symbol);
            let fresh = Order::sent(orders.request(&draft, &symbol), draft.market);
            assert_eq!(orders.at(number), Some(&fresh));
        }
        assert!(orders.older.is_empty(), "those before had ended");
    }

    #[test]
    fn exposure_is_what_remains_of_working_orders() {
        let mut orders = Orders::new(UnixNanos::from_secs(1_600_000_000));
        for side in [Side::Buy, Side::Buy, Side::Sell] {
            place(&mut orders, side);
        }
        let exposure = orders.exposure(MARKET);
        assert_eq!((exposure.orders, exposure.buying, exposure.selling), (3, 20, 10));
        end(&mut orders, 2);
        let exposure = orders.exposure(MARKET);
        assert_eq!((exposure.orders, exposure.of(Side::Buy), exposure.of(Side::Sell)), (2, 10, 10));
        assert_eq!(orders.exposure(MarketNumber(1)), Exposure::default());
    }
}
