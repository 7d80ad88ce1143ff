use model::{Asset, Notional, Symbol, UnixNanos};
use proptest::prelude::*;

use super::*;

fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 8,
        cost_decimals: 5,
        tick_size: Price::step(1),
        quantity_min: Quantity::parse("0.00005").unwrap(),
        cost_min: Notional::parse("0.5").unwrap(),
    }
}

fn synthetic(levels: u32) -> Outside {
    let level_cost = Notional::parse("20000").unwrap();
    Outside::new(&instrument(), Liquidity::Synthetic(SyntheticConfig { levels, level_cost }))
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

#[test]
fn the_trade_is_the_touch_on_the_makers_side() {
    let mut outside = synthetic(25);
    outside.on_trade(price("10000.0"), Side::Buy);
    outside.refresh();
    assert_eq!(outside.levels(Side::Sell)[0].price, price("10000.0"));
    outside.on_trade(price("9999.5"), Side::Sell);
    outside.refresh();
    assert_eq!(outside.levels(Side::Buy)[0].price, price("9999.5"));
    assert!(outside.levels(Side::Sell)[0].price > price("9999.5"));
}

#[test]
fn the_book_is_a_function_of_the_trades_and_not_of_when_it_is_read() {
    let (mut read_always, mut read_once) = (synthetic(25), synthetic(25));
    for n in 0..100 {
        let price = price("10000").checked_add(Price::from_raw(n % 7 * 100_000_000));
        let taker = if n % 3 == 0 { Side::Sell } else { Side::Buy };
        read_always.on_trade(price.unwrap(), taker);
        read_always.refresh();
        read_once.on_trade(price.unwrap(), taker);
    }
    read_once.refresh();
    assert_eq!(read_always.bids, read_once.bids);
    assert_eq!(read_always.asks, read_once.asks);
}

#[test]
fn a_trade_changes_a_few_levels_only() {
    let mut outside = synthetic(25);
    outside.on_trade(price("10000"), Side::Buy);
    outside.refresh();
    let before = outside.asks.clone();
    outside.on_trade(price("10000"), Side::Buy);
    outside.refresh();
    let changed = outside.asks.iter().filter(|level| !before.contains(level));
    assert!((1..=5).contains(&changed.count()));
}

#[test]
fn a_trade_without_taker_is_classed_by_the_tick_rule() {
    let mut outside = synthetic(25);
    let trade = |text: &str| Trade {
        symbol: Symbol::new("BTC/USD"),
        venue_ts: UnixNanos::ZERO,
        price: price(text),
        quantity: Quantity::from_raw(1),
        taker_side: None,
        trade_id: None,
    };
    assert_eq!(outside.taker_of(&trade("5")), Side::Buy);
    outside.on_trade(price("5"), Side::Buy);
    assert_eq!(outside.taker_of(&trade("4")), Side::Sell);
    assert_eq!(outside.taker_of(&trade("6")), Side::Buy);
    outside.on_trade(price("4"), Side::Sell);
    assert_eq!(outside.taker_of(&trade("4")), Side::Sell);
    let named = Trade { taker_side: Some(Side::Buy), ..trade("3") };
    assert_eq!(outside.taker_of(&named), Side::Buy);
}

#[test]
fn near_zero_there_are_only_prices_above_zero() {
    let mut outside = synthetic(25);
    outside.on_trade(price("0.2"), Side::Sell);
    outside.refresh();
    assert_eq!(outside.levels(Side::Buy).len(), 2);
    assert_eq!(outside.levels(Side::Sell).len(), 25);
    outside.on_trade(price("0.01"), Side::Buy);
    outside.refresh();
    assert!(outside.levels(Side::Buy).is_empty());
}

#[test]
fn recorded_levels_are_set_replaced_and_removed_in_place() {
    let mut outside = Outside::new(&instrument(), Liquidity::Recorded);
    let level = |p: &str, q: i64| Level { price: price(p), quantity: Quantity::from_raw(q) };
    for (p, q) in [("5", 1), ("7", 2), ("6", 3), ("7", 4), ("5", 0), ("4", 0)] {
        outside.set(Side::Buy, level(p, q));
        outside.set(Side::Sell, level(p, q));
    }
    assert_eq!(outside.levels(Side::Buy), [level("7", 4), level("6", 3)]);
    assert_eq!(outside.levels(Side::Sell), [level("6", 3), level("7", 4)]);
    outside.consume(Side::Sell, price("6"), Quantity::from_raw(1));
    assert_eq!(outside.quantity_at(Side::Sell, price("6")).raw(), 2);
    outside.consume(Side::Sell, price("6"), Quantity::from_raw(5));
    assert_eq!(outside.levels(Side::Sell), [level("7", 4)]);
}

#[test]
fn a_synthetic_queue_is_never_empty_behind_the_touch() {
    let mut outside = synthetic(40);
    assert_eq!(outside.queue_at(Side::Buy, price("9000")), Quantity::ZERO);
    outside.on_trade(price("100000"), Side::Buy);
    outside.refresh();
    let tick = Price::step(1).raw();
    for (side, away) in [(Side::Buy, -tick), (Side::Sell, tick)] {
        let levels = outside.levels(side).to_vec();
        let at = |raw: i64| outside.queue_at(side, Price::from_raw(raw));
        for pair in levels.windows(2) {
            let (better, worse) = (pair[0].price.raw(), pair[1].price.raw());
            assert_eq!(at(better), pair[0].quantity);
            if (worse - better).abs() > 2 * tick {
                assert_eq!(at(better + away), pair[0].quantity);
                assert_eq!(at(worse - away), pair[1].quantity);
            }
            if (worse - better) % (2 * tick) == 0 {
                assert_eq!(at(i64::midpoint(better, worse)), pair[0].quantity);
            }
        }
        let (best, last) = (levels[0], levels[39]);
        assert_eq!(at(last.price.raw() + 5_000 * away), last.quantity);
        assert_eq!(at(best.price.raw() - away), Quantity::ZERO);
    }
}

#[test]
fn a_recorded_queue_is_what_the_tape_says() {
    let mut outside = Outside::new(&instrument(), Liquidity::Recorded);
    for p in ["7", "5"] {
        let level = Level { price: price(p), quantity: Quantity::from_raw(3) };
        outside.set(Side::Buy, level);
    }
    let at = ["8", "7", "6", "5", "4"].map(|p| outside.queue_at(Side::Buy, price(p)).raw());
    assert_eq!(at, [0, 3, 0, 3, 0]);
}

proptest! {
    #[test]
    fn a_synthetic_book_is_full_ordered_on_the_grid_and_never_crossed(
        trades in prop::collection::vec((1_i64..5_000_000, any::<bool>(), 0_i64..3), 1..30),
    ) {
        let mut outside = synthetic(25);
        for (tenths, buy, off_grid) in trades {
            let raw = tenths * 100_000_000 + off_grid * 1_000_000;
            let taker = if buy { Side::Buy } else { Side::Sell };
            outside.on_trade(Price::from_raw(raw), taker);
            outside.refresh();
            let (bids, asks) = (&outside.bids, &outside.asks);
            prop_assert_eq!(asks.len(), 25);
            prop_assert!(bids.len() == 25 || tenths < 5_000);
            prop_assert!(bids.windows(2).all(|w| w[0].price > w[1].price));
            prop_assert!(asks.windows(2).all(|w| w[0].price < w[1].price));
            for level in bids.iter().chain(asks) {
                prop_assert!(level.price.is_multiple_of(Price::step(1)));
                prop_assert!(level.quantity >= outside.quantity_min);
            }
            if let (Some(bid), Some(ask)) = (bids.first(), asks.first()) {
                prop_assert!(bid.price < ask.price);
                prop_assert!(bid.price.raw() <= raw && raw <= ask.price.raw());
            }
        }
    }
}
