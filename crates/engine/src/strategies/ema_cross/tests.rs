use std::collections::BTreeMap;

use model::{Asset, ClientOrderId, Instrument, Level, NewOrder, Notional};

use super::*;
use crate::desk::{MarketView, Wish};
use crate::order::Order;
use crate::orders::Orders;

/// A desk with one instrument, and the strategy in front of it.
struct World {
    strategy: EmaCross,
    instruments: BTreeMap<Symbol, Instrument>,
    markets: BTreeMap<Symbol, MarketView>,
    positions: BTreeMap<Symbol, Quantity>,
    orders: Orders,
    second: i64,
}

fn symbol() -> Symbol {
    Symbol::new("BTC/USD")
}

fn price(whole: i64) -> Price {
    Price::from_raw(whole * 1_000_000_000)
}

fn one() -> Quantity {
    Quantity::from_raw(100_000_000)
}

impl World {
    fn new() -> Self {
        let second = Duration::from_secs(1);
        let patience = Duration::from_secs(3);
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
        let market = MarketView { bid: level(99), ask: level(101), last_trade: None };
        Self {
            strategy: EmaCross::new(symbol(), 1, 3, one(), second, patience),
            instruments: [(symbol(), instrument)].into(),
            markets: [(symbol(), market)].into(),
            positions: BTreeMap::new(),
            orders: Orders::default(),
            second: 0,
        }
    }

    /// One trade per second and bar; returns what the strategy wants.
    fn trade(&mut self, at: i64) -> Vec<Wish> {
        self.second += 1;
        let trade = Trade {
            symbol: symbol(),
            venue_ts: UnixNanos::from_secs(self.second),
            price: price(at),
            quantity: one(),
            taker_side: None,
            trade_id: None,
        };
        let mut desk = Desk {
            instruments: &self.instruments,
            markets: &self.markets,
            positions: &self.positions,
            orders: &self.orders,
            can_trade: true,
            wishes: Vec::new(),
        };
        self.strategy.on_trade(&trade, &mut desk);
        desk.wishes
    }

    fn rest(&mut self, side: Side) -> ClientOrderId {
        let id = ClientOrderId::new("a-1").expect("valid");
        self.orders.insert(Order::new(NewOrder {
            client_order_id: id.clone(),
            symbol: symbol(),
            side,
            kind: OrderKind::Market,
            quantity: one(),
            time_in_force: TimeInForce::Gtc,
        }));
        id
    }
}

fn order(side: Side, kind: OrderKind) -> Vec<Wish> {
    let time_in_force = TimeInForce::Gtc;
    vec![Wish::Order { symbol: symbol(), side, kind, quantity: one(), time_in_force }]
}

#[test]
fn after_warm_up_a_rise_buys_at_the_best_bid() {
    let mut world = World::new();
    for at in [100, 101, 102] {
        assert_eq!(world.trade(at), [], "warming up");
    }
    let bid = OrderKind::Limit { price: price(99), post_only: false };
    assert_eq!(world.trade(103), order(Side::Buy, bid));
}

#[test]
fn an_order_that_rests_too_long_is_cancelled_and_sent_to_the_market() {
    let mut world = World::new();
    for at in [100, 101, 102, 103] {
        world.trade(at);
    }
    let id = world.rest(Side::Buy);
    assert_eq!(world.trade(104), []);
    assert_eq!(world.trade(105), []);
    assert_eq!(world.trade(106), [Wish::Cancel(id)]);
    world.orders = Orders::default();
    assert_eq!(world.trade(107), order(Side::Buy, OrderKind::Market));
}

#[test]
fn a_turn_cancels_the_order_and_closes_the_position() {
    let mut world = World::new();
    for at in [100, 101, 102, 103] {
        world.trade(at);
    }
    let id = world.rest(Side::Buy);
    assert_eq!(world.trade(50), []);
    assert_eq!(world.trade(50), [Wish::Cancel(id)], "the fall shows when its bar closes");
    world.orders = Orders::default();
    world.positions.insert(symbol(), one());
    let ask = OrderKind::Limit { price: price(101), post_only: false };
    assert_eq!(world.trade(50), order(Side::Sell, ask));
}

#[test]
fn without_a_book_nothing_is_placed() {
    let mut world = World::new();
    world.markets.insert(symbol(), MarketView::default());
    for at in [100, 101, 102, 103, 104] {
        assert_eq!(world.trade(at), []);
    }
}

#[test]
fn impatience_ends_with_the_order_that_it_caused() {
    let mut world = World::new();
    for at in [100, 101, 102, 103] {
        world.trade(at);
    }
    world.rest(Side::Buy);
    for at in [104, 105, 106] {
        world.trade(at);
    }
    world.orders = Orders::default();
    assert_eq!(world.trade(107), order(Side::Buy, OrderKind::Market));
    world.positions.insert(symbol(), one());
    assert_eq!(world.trade(50), []);
    let ask = OrderKind::Limit { price: price(101), post_only: false };
    assert_eq!(world.trade(50), order(Side::Sell, ask), "the turn is met with patience");
}

#[test]
fn a_late_trade_closes_no_bar() {
    let mut world = World::new();
    for at in [100, 101, 102] {
        world.trade(at);
    }
    world.second -= 2;
    assert_eq!(world.trade(10), []);
    world.second += 1;
    let bid = OrderKind::Limit { price: price(99), post_only: false };
    assert_eq!(world.trade(103), order(Side::Buy, bid));
}
