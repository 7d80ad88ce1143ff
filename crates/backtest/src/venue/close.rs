//! The end of a run: nothing works any more, nothing is held.

use std::collections::BTreeMap;

use matching::BarPrint;
use model::{Asset, NewOrder, Notional, OrderKind, Quantity, Side, TimeInForce, UnixNanos};

use super::Venue;
use crate::wire::Wire;

impl Venue {
    /// Cancels every order, and trades what the account has of a market's base more or less than `initial`: at the
    /// open of the last bar if there is one and that is wanted, else at the last price or in the book.
    pub(crate) fn close_all(
        &mut self,
        site: usize,
        initial: &BTreeMap<Asset, Notional>,
        now: UnixNanos,
        at_open: bool,
        wire: &mut Wire,
    ) {
        let orders: Vec<_> = self.exchange.open_orders(self.account).map(|open| open.id).collect();
        for order in orders {
            let cancelled = self.exchange.cancel(self.account, order, now, &mut self.events);
            debug_assert!(cancelled.is_ok(), "an open order can be cancelled");
        }
        self.tell_own(now, wire);
        let opened = self.sites[site].opened.filter(|_| at_open);
        let last = self.exchange.last_price(&self.sites[site].symbol);
        let (now, price) = match (opened, last) {
            (Some((at, price)), _) => (at, Some(price)),
            (None, last) => (now, last),
        };
        let Some(order) = self.closing(site, initial, wire) else { return };
        let place = wire.record.sent(&order, self.sites[site].market, now);
        self.submit(place, now, wire);
        if let Some(price) = price {
            let print = BarPrint { price, walked: false };
            let printed =
                self.exchange.on_bar_print(self.sites[site].id, print, now, &mut self.events);
            // A market with a book takes no print: there the order is executed already.
            debug_assert!(printed.is_ok() || opened.is_none(), "bars play without a book");
        }
        self.tell_own(now, wire);
    }

    /// The order that leads back to what the account had of a market's base.
    fn closing(
        &self,
        site: usize,
        initial: &BTreeMap<Asset, Notional>,
        wire: &Wire,
    ) -> Option<NewOrder> {
        let of = &self.sites[site];
        let before = initial.get(&of.base).copied().unwrap_or_default();
        let held = self.owned(&of.base).checked_sub(before)?;
        let (side, held) = match held.is_negative() {
            true => (Side::Buy, held.negated()),
            false => (Side::Sell, held),
        };
        let one = Notional::from_quantity(Quantity::from_raw(1)).raw();
        let steps = i64::try_from(held.raw() / one).unwrap_or(i64::MAX);
        let quantity = Quantity::from_raw(steps).floor_to(of.lot);
        // The next one in turn: the engine sends nothing any more.
        let client_order_id = wire.record.orders.id(wire.record.orders.len());
        quantity.is_positive().then(|| NewOrder {
            client_order_id,
            symbol: of.symbol.clone(),
            side,
            kind: OrderKind::Market,
            quantity,
            time_in_force: TimeInForce::Gtc,
            reduce_only: false,
        })
    }
}
