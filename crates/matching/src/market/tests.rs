use model::{Asset, Instrument, Notional, Symbol, UnixNanos};

use super::*;
use crate::config::Liquidity;

const A: AccountId = AccountId(2);
const B: AccountId = AccountId(3);

/// A market with a recorded book: bids 99, 98 and asks 101, 102, ten units each.
fn market() -> Market {
    let instrument = Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::from_raw(1),
        cost_min: Notional::ZERO,
    };
    let mut outside = Outside::new(&instrument, Liquidity::Recorded);
    for (side, at) in [(Side::Buy, 99), (Side::Buy, 98), (Side::Sell, 101), (Side::Sell, 102)] {
        let level = Level { price: px(at), quantity: qty(10) };
        outside.set(side, level);
    }
    Market::new(outside, QueueModel::RiskAverse)
}

fn px(whole: i64) -> Price {
    Price::from_raw(whole * 1_000_000_000)
}

fn qty(whole: i64) -> Quantity {
    Quantity::from_raw(whole * 100_000_000)
}

fn trade(price: i64, quantity: i64, taker_side: Option<Side>) -> Trade {
    Trade {
        symbol: Symbol::new("BTC/USD"),
        venue_ts: UnixNanos::ZERO,
        price: px(price),
        quantity: qty(quantity),
        taker_side,
        trade_id: None,
    }
}

/// Plays a trade; the executions as `(price, quantity, order)`.
fn play(market: &mut Market, trade: &Trade) -> Vec<(i64, i64, Option<u64>)> {
    let mut out = Vec::new();
    market.on_trade(trade, &mut out);
    out.iter()
        .map(|e| {
            (
                e.price.raw() / 1_000_000_000,
                e.quantity.raw() / 100_000_000,
                e.maker.map(OrderId::get),
            )
        })
        .collect()
}

fn rest(market: &mut Market, side: Side, price: i64, order: u64, quantity: i64) {
    market.rest(side, px(price), OrderId(order), A, qty(quantity), UnixNanos::ZERO);
}

fn ahead(market: &Market, side: Side, price: i64) -> Vec<i64> {
    let queue = market.queue(side, px(price)).unwrap();
    queue.iter().map(|r| r.queue_ahead.raw() / 100_000_000).collect()
}

#[test]
fn a_trade_at_the_price_serves_the_queue_first_then_the_order() {
    let mut market = market();
    rest(&mut market, Side::Buy, 99, 1, 5);
    let sell = Some(Side::Sell);
    assert_eq!(play(&mut market, &trade(99, 4, sell)), [(99, 4, None)]);
    assert_eq!(ahead(&market, Side::Buy, 99), [6]);
    assert_eq!(play(&mut market, &trade(99, 8, sell)), [(99, 6, None), (99, 2, Some(1))]);
    assert_eq!(play(&mut market, &trade(99, 5, sell)), [(99, 3, Some(1)), (99, 2, None)]);
    assert!(market.queue(Side::Buy, px(99)).is_none());
}

#[test]
fn a_trade_whose_taker_was_on_our_side_serves_nobody() {
    let mut market = market();
    rest(&mut market, Side::Buy, 100, 1, 5);
    let bought = trade(100, 9, Some(Side::Buy));
    assert_eq!(play(&mut market, &bought), [(100, 9, None)]);
    assert_eq!(ahead(&market, Side::Buy, 100), [0]);
    let unnamed = trade(100, 2, None);
    assert_eq!(play(&mut market, &unnamed), [(100, 2, Some(1))]);
}

#[test]
fn a_trade_through_the_price_fills_all_best_price_first() {
    let mut market = market();
    rest(&mut market, Side::Sell, 103, 1, 5);
    rest(&mut market, Side::Sell, 102, 2, 7);
    rest(&mut market, Side::Sell, 104, 3, 7);
    let through = trade(104, 1, Some(Side::Buy));
    assert_eq!(
        play(&mut market, &through),
        [(102, 7, Some(2)), (103, 5, Some(1)), (104, 1, Some(3))]
    );
}

#[test]
fn older_orders_at_a_price_are_served_first_even_when_the_level_has_shrunk() {
    let mut market = market();
    rest(&mut market, Side::Buy, 99, 1, 1);
    market.outside.set(Side::Buy, Level { price: px(99), quantity: qty(2) });
    rest(&mut market, Side::Buy, 99, 2, 1);
    assert_eq!(ahead(&market, Side::Buy, 99), [10, 10]);
    let sold = trade(99, 11, Some(Side::Sell));
    assert_eq!(play(&mut market, &sold), [(99, 10, None), (99, 1, Some(1))]);
    assert_eq!(ahead(&market, Side::Buy, 99), [0]);
}

#[test]
fn a_taker_walks_levels_at_their_prices_everybody_else_before_us() {
    let mut market = market();
    market.rest(Side::Sell, px(101), OrderId(1), B, qty(3), UnixNanos::ZERO);
    let taking = market.taking(A, Side::Buy, Some(px(102)), qty(15));
    let matches: Vec<_> = taking.matches.iter().map(|m| (m.price, m.quantity, m.maker)).collect();
    assert_eq!(
        matches,
        [(px(101), qty(10), None), (px(101), qty(3), Some(OrderId(1))), (px(102), qty(2), None)]
    );
    assert_eq!(taking.stop, Stop::Filled);
    for taken in &taking.matches {
        market.take(Side::Buy, taken);
    }
    let book = market.book(10);
    let best = book.best_ask().unwrap();
    assert_eq!((best.price, best.quantity), (px(102), qty(8)));
    assert!(market.queue(Side::Sell, px(101)).is_none());
}

#[test]
fn taking_stops_at_the_limit_and_before_the_own_account() {
    let mut market = market();
    let limited = market.taking(A, Side::Sell, Some(px(99)), qty(15));
    assert_eq!(limited.matches.len(), 1);
    assert_eq!(limited.stop, Stop::Limit);
    let endless = market.taking(A, Side::Sell, None, qty(50));
    assert_eq!(endless.matches.len(), 2);
    assert_eq!(endless.stop, Stop::Limit);
    rest(&mut market, Side::Sell, 100, 1, 5);
    let own = market.taking(A, Side::Buy, Some(px(102)), qty(1));
    assert!(own.matches.is_empty());
    assert_eq!(own.stop, Stop::SelfMatch);
    let other = market.taking(B, Side::Buy, Some(px(102)), qty(1));
    assert_eq!(other.matches[0].maker, Some(OrderId(1)));
}

#[test]
fn outside_levels_that_cross_our_orders_are_hidden_while_they_do() {
    let mut market = market();
    rest(&mut market, Side::Buy, 101, 1, 5);
    let book = market.book(10);
    assert!(!book.is_crossed());
    assert_eq!(book.best_bid().unwrap().price, px(101));
    assert_eq!(book.best_ask().unwrap().price, px(102));
    let taking = market.taking(B, Side::Buy, Some(px(102)), qty(1));
    assert_eq!(taking.matches[0].price, px(102));
    market.remove(Side::Buy, px(101), OrderId(1));
    assert_eq!(market.book(10).best_ask().unwrap().price, px(101));
}

#[test]
fn our_orders_show_in_the_published_book() {
    let mut market = market();
    rest(&mut market, Side::Buy, 99, 1, 5);
    rest(&mut market, Side::Buy, 100, 2, 1);
    let bids: Vec<_> = market.book(2).bids().collect();
    assert_eq!(bids[0].quantity, qty(1));
    assert_eq!(bids[1].quantity, qty(15));
    assert_eq!(market.best(Side::Buy), Some(px(100)));
    assert_eq!(market.best(Side::Sell), Some(px(101)));
}

#[test]
fn taking_outside_quantity_at_our_price_moves_us_forward() {
    let mut market = market();
    rest(&mut market, Side::Sell, 101, 1, 5);
    let taking = market.taking(B, Side::Buy, Some(px(101)), qty(4));
    for taken in &taking.matches {
        market.take(Side::Buy, taken);
    }
    assert_eq!(ahead(&market, Side::Sell, 101), [6]);
}

#[test]
fn recorded_quotes_that_meet_our_order_fill_it_and_smaller_levels_move_it_up() {
    let mut market = market();
    rest(&mut market, Side::Buy, 99, 1, 5);
    let shrunk = Level { price: px(99), quantity: qty(3) };
    market.set_level(Side::Buy, shrunk);
    assert_eq!(ahead(&market, Side::Buy, 99), [3]);
    let mut out = Vec::new();
    market.on_quotes(&mut out);
    assert!(out.is_empty());
    market.outside.set(Side::Sell, Level { price: px(99), quantity: qty(1) });
    market.on_quotes(&mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].maker, Some(OrderId(1)));
    assert_eq!(out[0].quantity, qty(5));
}

#[test]
fn a_new_recorded_book_moves_orders_up_to_what_now_stands_ahead_of_them() {
    let mut market = market();
    rest(&mut market, Side::Buy, 99, 1, 5);
    rest(&mut market, Side::Sell, 102, 2, 5);
    let before = market.clear_levels().unwrap();
    market.outside.set(Side::Sell, Level { price: px(102), quantity: qty(4) });
    market.requeue(&before);
    assert_eq!(ahead(&market, Side::Buy, 99), [0]);
    assert_eq!(ahead(&market, Side::Sell, 102), [4]);
}

/// An order that nobody could see the queue of is executed like any other when the market goes on without its tape.
#[test]
fn an_order_out_of_sight_has_a_queue_when_the_recording_ends() {
    let mut market = market();
    market.outside.shows(Some(2));
    rest(&mut market, Side::Buy, 97, 1, 5);
    rest(&mut market, Side::Buy, 98, 2, 5);
    assert!(ahead(&market, Side::Buy, 97)[0] > 1_000_000, "out of sight");
    let level_cost = Notional::from_quantity(qty(1_000));
    market.end_recording(SyntheticConfig { levels: 5, level_cost });
    assert_eq!(ahead(&market, Side::Buy, 97), [10], "as at the nearest level");
    assert_eq!(ahead(&market, Side::Buy, 98), [10], "as it was");
    assert_eq!(
        play(&mut market, &trade(97, 12, Some(Side::Sell)))[1..],
        [(97, 10, None), (97, 2, Some(1))]
    );
}

/// Nobody tells any more which orders there are, so that those that were known say nothing about who comes later.
#[test]
fn an_order_after_the_recording_stands_behind_what_is_shown_and_not_among_orders_that_were_known() {
    let mut market = market();
    let since = UnixNanos::from_secs(5);
    let stranger =
        OrderChange { side: Side::Buy, price: px(98), quantity: qty(3), order: 7, since };
    market.on_orders(false, &[stranger]);
    rest(&mut market, Side::Buy, 98, 1, 5);
    assert_eq!(ahead(&market, Side::Buy, 98), [0], "it was there before");
    let level_cost = Notional::from_quantity(qty(1_000));
    market.end_recording(SyntheticConfig { levels: 5, level_cost });
    rest(&mut market, Side::Buy, 98, 2, 5);
    assert_eq!(ahead(&market, Side::Buy, 98), [0, 3]);
}

/// What trades took has shortened the queue; the level that tells of it does not shorten it again.
#[test]
fn a_level_that_trades_made_smaller_moves_nobody() {
    let mut market = market();
    market.model = QueueModel::Probabilistic { power: 1 };
    rest(&mut market, Side::Buy, 99, 1, 5);
    assert_eq!(play(&mut market, &trade(99, 4, Some(Side::Sell))), [(99, 4, None)]);
    market.set_level(Side::Buy, Level { price: px(99), quantity: qty(6) });
    assert_eq!(ahead(&market, Side::Buy, 99), [6]);
}
