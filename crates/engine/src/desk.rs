//! What a strategy sees, and where it puts its wishes.

use model::{
    ClientOrderId, Instrument, Level, OrderKind, Quantity, Side, Symbol, TimeInForce, Trade,
};

use crate::markets::{MarketNumber, Markets};
use crate::orders::{OrderNumber, Orders};

/// What is known of one instrument's market.
#[derive(Debug, Clone, Default)]
pub struct MarketView {
    /// The last trade.
    pub last_trade: Option<Trade>,
    /// Highest bid; `None` while the book is not in sync.
    pub bid: Option<Level>,
    /// Lowest ask; `None` while the book is not in sync.
    pub ask: Option<Level>,
}

impl MarketView {
    /// Takes note of a trade, without a copy of its symbol: it is the one of the last trade.
    pub(crate) fn remember(&mut self, trade: &Trade) {
        let Some(last) = &mut self.last_trade else {
            self.last_trade = Some(trade.clone());
            return;
        };
        let Trade { symbol: _, venue_ts, price, quantity, taker_side, trade_id } = *trade;
        (last.venue_ts, last.price, last.quantity) = (venue_ts, price, quantity);
        (last.taker_side, last.trade_id) = (taker_side, trade_id);
    }
}

/// A strategy's view of the world, valid for one call.
#[derive(Debug)]
pub struct Desk<'a> {
    pub(crate) markets: &'a Markets,
    pub(crate) orders: &'a Orders,
    pub(crate) can_trade: bool,
    pub(crate) wishes: &'a mut Vec<Wish>,
}

/// An order that a strategy wants, in a market that is known. It has no id yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) market: MarketNumber,
    pub(crate) side: Side,
    pub(crate) kind: OrderKind,
    pub(crate) quantity: Quantity,
    pub(crate) time_in_force: TimeInForce,
    pub(crate) reduce_only: bool,
}

/// What a strategy wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    Order(Draft),
    /// An order for an instrument of which nothing is known.
    Astray {
        symbol: Symbol,
        quantity: Quantity,
    },
    Cancel(OrderNumber),
}

impl Desk<'_> {
    /// The rules of an instrument, if it is traded here.
    pub fn instrument(&self, symbol: &Symbol) -> Option<&Instrument> {
        self.markets.get(symbol)?.instrument.as_ref()
    }

    /// The market of an instrument, once something is known of it.
    pub fn market(&self, symbol: &Symbol) -> Option<&MarketView> {
        self.markets.get(symbol)?.view.as_ref()
    }

    /// Base units that we own (negative: owe) of an instrument since the engine started.
    pub fn position(&self, symbol: &Symbol) -> Quantity {
        self.markets.get(symbol).map_or(Quantity::ZERO, |market| market.position)
    }

    /// All orders.
    pub fn orders(&self) -> &Orders {
        self.orders
    }

    /// False while orders cannot be followed (the private stream is not live) or the engine stops.
    ///
    /// Orders placed on the desk are dropped then; cancellations are not.
    pub fn can_trade(&self) -> bool {
        self.can_trade
    }

    /// Wishes for an order. It gets its id from the engine and comes back through
    /// [`crate::Strategy::on_order`]; the risk limits may drop it.
    #[inline]
    pub fn place(
        &mut self,
        symbol: &Symbol,
        side: Side,
        kind: OrderKind,
        quantity: Quantity,
        time_in_force: TimeInForce,
    ) {
        self.wish(symbol, side, kind, quantity, time_in_force, false);
    }

    /// As [`Desk::place`], for an order that may make the position smaller only.
    pub fn place_reduce_only(
        &mut self,
        symbol: &Symbol,
        side: Side,
        kind: OrderKind,
        quantity: Quantity,
        time_in_force: TimeInForce,
    ) {
        self.wish(symbol, side, kind, quantity, time_in_force, true);
    }

    #[inline]
    fn wish(
        &mut self,
        symbol: &Symbol,
        side: Side,
        kind: OrderKind,
        quantity: Quantity,
        time_in_force: TimeInForce,
        reduce_only: bool,
    ) {
        let Some(market) = self.markets.number(symbol) else {
            let symbol = symbol.clone();
            self.wishes.push(Wish::Astray { symbol, quantity });
            return;
        };
        let draft = Draft { market, side, kind, quantity, time_in_force, reduce_only };
        self.wishes.push(Wish::Order(draft));
    }

    /// Wishes for the cancellation of an order. Asking twice is harmless.
    pub fn cancel(&mut self, id: &ClientOrderId) {
        self.wishes.extend(self.orders.number(id).map(Wish::Cancel));
    }

    /// Wishes for the cancellation of every working order of an instrument, of one side or of both, oldest first.
    pub fn cancel_working(&mut self, symbol: &Symbol, side: Option<Side>) {
        let Some(market) = self.markets.number(symbol) else { return };
        let is_meant = |side_of: Side| side.is_none_or(|side| side_of == side);
        let orders = self.orders.working_numbered();
        let orders = orders.filter(|(_, order)| order.market() == market);
        let meant = orders.filter(|(_, order)| is_meant(order.request().side));
        for (number, _) in meant {
            self.wishes.push(Wish::Cancel(number));
        }
    }
}
