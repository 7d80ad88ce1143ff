//! A desk with one instrument and a strategy in front of it, for the tests of strategies.

use std::time::Duration;

use model::{
    Asset, Bar, Instrument, Level, Notional, OrderKind, Price, Quantity, Side, Symbol, TimeInForce,
    Trade, UnixNanos,
};

use crate::desk::{Desk, Draft, MarketView, Wish};
use crate::markets::{Market, MarketNumber, Markets};
use crate::orders::{OrderNumber, Orders};
use crate::strategy::Strategy;

/// The market is 99 to 101; nothing is owned, nothing rests.
pub(super) struct World<S> {
    strategy: S,
    markets: Markets,
    pub(super) orders: Orders,
    pub(super) second: i64,
}

pub(super) fn symbol() -> Symbol {
    Symbol::new("BTC/USD")
}

pub(super) fn price(whole: i64) -> Price {
    Price::from_raw(whole * 1_000_000_000)
}

pub(super) fn one() -> Quantity {
    Quantity::from_raw(100_000_000)
}

/// An order for the instrument, good till cancelled.
pub(super) fn wish(side: Side, kind: OrderKind, quantity: Quantity) -> Wish {
    Wish::Order(draft(side, kind, quantity))
}

fn draft(side: Side, kind: OrderKind, quantity: Quantity) -> Draft {
    Draft {
        market: MarketNumber(0),
        side,
        kind,
        quantity,
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    }
}

impl<S: Strategy> World<S> {
    pub(super) fn new(strategy: S) -> Self {
        let instrument = Instrument {
            symbol: symbol(),
            base: Asset::new("BTC"),
            quote: Asset::new("USD"),
            price_decimals: 1,
            quantity_decimals: 8,
            cost_decimals: 5,
            tick_size: Price::step(1),
            quantity_min: Quantity::from_raw(5_000),
            cost_min: Notional::ZERO,
        };
        let level = |at| Some(Level { price: price(at), quantity: one() });
        let view = MarketView { bid: level(99), ask: level(101), last_trade: None };
        let markets = Markets::traded([instrument]);
        let mut world = Self { strategy, markets, orders: no_orders(), second: 0 };
        world.market().view = Some(view);
        world
    }

    /// The only market.
    pub(super) fn market(&mut self) -> &mut Market {
        &mut self.markets[MarketNumber(0)]
    }

    /// One trade per second; returns what the strategy wants.
    pub(super) fn trade(&mut self, at: i64) -> Vec<Wish> {
        self.second += 1;
        let trade = Trade {
            symbol: symbol(),
            venue_ts: UnixNanos::from_secs(self.second),
            price: price(at),
            quantity: one(),
            taker_side: None,
            trade_id: None,
        };
        let mut wishes = Vec::new();
        let mut desk = Desk {
            markets: &self.markets,
            orders: &self.orders,
            can_trade: true,
            wishes: &mut wishes,
        };
        self.strategy.on_trade(&trade, &mut desk);
        wishes
    }

    /// One bar per second that closes at a price; returns what the strategy wants.
    pub(super) fn bar(&mut self, close: i64) -> Vec<Wish> {
        self.second += 1;
        let at = price(close);
        let bar = Bar {
            start: UnixNanos::from_secs(self.second),
            length: Duration::from_secs(1),
            open: at,
            high: at,
            low: at,
            close: at,
            volume: one(),
        };
        let mut wishes = Vec::new();
        let mut desk = Desk {
            markets: &self.markets,
            orders: &self.orders,
            can_trade: true,
            wishes: &mut wishes,
        };
        self.strategy.on_bar(&symbol(), &bar, &mut desk);
        wishes
    }

    /// Forgets all orders.
    pub(super) fn settle(&mut self) {
        self.orders = no_orders();
    }

    /// Lets an order of the size one rest.
    pub(super) fn rest(&mut self, side: Side, kind: OrderKind) -> OrderNumber {
        self.orders.place(&draft(side, kind, one()), &symbol())
    }
}

fn no_orders() -> Orders {
    Orders::new(UnixNanos::from_secs(1_600_000_000))
}
