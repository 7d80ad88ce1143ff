use super::*;
use crate::desk::Wish;
use crate::strategies::testing::{World, one, symbol};

fn world() -> World<SmaCross> {
    World::new(SmaCross::new(symbol(), 1, 2, one()))
}

fn order(side: Side, quantity: Quantity) -> Wish {
    Wish::Order {
        symbol: symbol(),
        side,
        kind: OrderKind::Market,
        quantity,
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    }
}

#[test]
fn a_crossing_orders_the_size_and_what_closes_the_position() {
    let mut world = world();
    assert_eq!(world.bar(100), []);
    assert_eq!(world.bar(90), [], "below, for the first time");
    assert_eq!(world.bar(80), []);
    assert_eq!(world.bar(85), [order(Side::Buy, one())]);
    world.positions.insert(symbol(), one());
    assert_eq!(world.bar(86), [], "still above");
    let both = one().checked_add(one()).expect("small");
    assert_eq!(world.bar(70), [order(Side::Sell, both)]);
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
