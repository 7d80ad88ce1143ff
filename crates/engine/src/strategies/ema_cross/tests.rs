use super::*;
use crate::desk::{MarketView, Wish};
use crate::strategies::testing::{World, one, price, symbol, wish};

fn world() -> World<EmaCross> {
    let (bar, patience) = (Duration::from_secs(1), Duration::from_secs(3));
    World::new(EmaCross::new(symbol(), 1, 3, one(), bar, patience))
}

fn order(side: Side, kind: OrderKind) -> Vec<Wish> {
    vec![wish(side, kind, one())]
}

#[test]
fn after_warm_up_a_rise_buys_at_the_best_bid() {
    let mut world = world();
    for at in [100, 101, 102] {
        assert_eq!(world.trade(at), [], "warming up");
    }
    let bid = OrderKind::Limit { price: price(99), post_only: false };
    assert_eq!(world.trade(103), order(Side::Buy, bid));
}

#[test]
fn an_order_that_rests_too_long_is_cancelled_and_sent_to_the_market() {
    let mut world = world();
    for at in [100, 101, 102, 103] {
        world.trade(at);
    }
    let id = world.rest(Side::Buy, OrderKind::Market);
    assert_eq!(world.trade(104), []);
    assert_eq!(world.trade(105), []);
    assert_eq!(world.trade(106), [Wish::Cancel(id)]);
    world.settle();
    assert_eq!(world.trade(107), order(Side::Buy, OrderKind::Market));
}

#[test]
fn a_turn_cancels_the_order_and_closes_the_position() {
    let mut world = world();
    for at in [100, 101, 102, 103] {
        world.trade(at);
    }
    let id = world.rest(Side::Buy, OrderKind::Market);
    assert_eq!(world.trade(50), []);
    assert_eq!(world.trade(50), [Wish::Cancel(id)], "the fall shows when its bar closes");
    world.settle();
    world.market().position = one();
    let ask = OrderKind::Limit { price: price(101), post_only: false };
    assert_eq!(world.trade(50), order(Side::Sell, ask));
}

#[test]
fn without_a_book_nothing_is_placed() {
    let mut world = world();
    world.market().view = Some(MarketView::default());
    for at in [100, 101, 102, 103, 104] {
        assert_eq!(world.trade(at), []);
    }
}

#[test]
fn impatience_ends_with_the_order_that_it_caused() {
    let mut world = world();
    for at in [100, 101, 102, 103] {
        world.trade(at);
    }
    world.rest(Side::Buy, OrderKind::Market);
    for at in [104, 105, 106] {
        world.trade(at);
    }
    world.settle();
    assert_eq!(world.trade(107), order(Side::Buy, OrderKind::Market));
    world.market().position = one();
    assert_eq!(world.trade(50), []);
    let ask = OrderKind::Limit { price: price(101), post_only: false };
    assert_eq!(world.trade(50), order(Side::Sell, ask), "the turn is met with patience");
}

#[test]
fn a_late_trade_closes_no_bar() {
    let mut world = world();
    for at in [100, 101, 102] {
        world.trade(at);
    }
    world.second -= 2;
    assert_eq!(world.trade(10), []);
    world.second += 1;
    let bid = OrderKind::Limit { price: price(99), post_only: false };
    assert_eq!(world.trade(103), order(Side::Buy, bid));
}
