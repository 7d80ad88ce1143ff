use super::*;
use crate::desk::Wish;
use crate::strategies::testing::{World, one, symbol, wish};

fn world() -> World<SmaCross> {
    World::new(SmaCross::new(symbol(), 1, 2, one(), Means::Exact))
}

fn order(side: Side, quantity: Quantity) -> Wish {
    wish(side, OrderKind::Market, quantity)
}

#[test]
fn a_crossing_closes_the_position_and_orders_the_size() {
    let mut world = world();
    assert_eq!(world.bar(100), []);
    assert_eq!(world.bar(90), [], "below, for the first time");
    assert_eq!(world.bar(80), []);
    assert_eq!(world.bar(85), [order(Side::Buy, one())]);
    world.market().position = one();
    assert_eq!(world.bar(86), [], "still above");
    assert_eq!(world.bar(70), [order(Side::Sell, one()), order(Side::Sell, one())]);
}

/// Below, above, equal, below, equal, above: the second time up with a long position.
#[test]
fn a_second_crossing_in_one_direction_enters_anew() {
    let mut world = World::new(SmaCross::new(symbol(), 1, 2, one(), Means::Exact));
    for close in [100, 90] {
        assert_eq!(world.bar(close), []);
    }
    assert_eq!(world.bar(95), [order(Side::Buy, one())]);
    world.market().position = one();
    for close in [95, 94] {
        assert_eq!(world.bar(close), [], "{close}: it came from a touch");
    }
    assert_eq!(world.bar(96), [order(Side::Sell, one()), order(Side::Buy, one())]);
}

#[test]
fn averages_that_only_touch_do_not_cross() {
    let mut world = world();
    for close in [100, 90, 90] {
        assert_eq!(world.bar(close), []);
    }
    assert_eq!(world.bar(95), [], "it was equal before, not below");
}

#[test]
fn what_still_works_is_cancelled_first() {
    let mut world = world();
    for close in [100, 90] {
        world.bar(close);
    }
    let id = world.rest(Side::Sell, OrderKind::Market);
    assert_eq!(world.bar(95), [Wish::Cancel(id), order(Side::Buy, one())]);
}

#[test]
fn long_only_is_flat_instead_of_short() {
    let mut world = World::new(SmaCross::new(symbol(), 1, 2, one(), Means::Exact).long_only());
    for close in [90, 100] {
        assert_eq!(world.bar(close), []);
    }
    assert_eq!(world.bar(90), [], "down, with nothing to sell");
    assert_eq!(world.bar(95), [order(Side::Buy, one())]);
    world.market().position = one();
    for close in [95, 94] {
        assert_eq!(world.bar(close), []);
    }
    assert_eq!(world.bar(96), [], "up again: it has it already");
    assert_eq!(world.bar(80), [order(Side::Sell, one())]);
}
