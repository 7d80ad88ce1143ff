use super::*;
use crate::desk::Wish;
use crate::strategies::testing::{World, one, price, symbol, wish};

/// 200 basis points around a middle of 100: 98 and 102, rounded outwards.
fn world() -> World<Quoter> {
    let inventory_max = one().checked_mul(2).expect("in range");
    World::new(Quoter::new(symbol(), one(), 200, inventory_max, Duration::from_secs(2)))
}

fn limit(price: Price) -> OrderKind {
    OrderKind::Limit { price, post_only: true }
}

fn quote(side: Side, price: Price) -> Wish {
    wish(side, limit(price), one())
}

fn bid() -> Wish {
    quote(Side::Buy, price(98))
}

fn ask() -> Wish {
    quote(Side::Sell, Price::parse("102.1").expect("valid"))
}

#[test]
fn both_sides_are_quoted_around_the_middle_once_in_a_while() {
    let mut world = world();
    assert_eq!(world.trade(100), [bid(), ask()]);
    assert_eq!(world.trade(100), [], "it has just looked");
    assert_eq!(world.trade(100), [bid(), ask()]);
}

#[test]
fn a_quote_in_its_place_stays_and_one_off_its_place_is_cancelled() {
    let mut world = world();
    world.rest(Side::Buy, limit(price(98)));
    let off = world.rest(Side::Sell, limit(price(105)));
    assert_eq!(world.trade(100), [Wish::Cancel(off)]);
}

#[test]
fn the_inventory_has_a_limit_on_either_side() {
    let mut world = world();
    let two = one().checked_mul(2).expect("in range");
    world.market().position = two;
    assert_eq!(world.trade(100), [ask()]);
    world.market().position = two.negated();
    world.second += 2;
    assert_eq!(world.trade(100), [bid()]);
}

#[test]
fn without_a_book_nothing_is_quoted() {
    let mut world = world();
    world.market().view = None;
    assert_eq!(world.trade(100), []);
}
