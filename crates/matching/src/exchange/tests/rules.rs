//! What venues do otherwise: holds, rounding, last prices.

use model::Trigger;

use super::*;
use crate::rules::{BuyHolds, VenueRules};

pub(super) fn kraken() -> VenueRules {
    VenueRules {
        buy_holds: BuyHolds::Cost,
        waiting_orders_hold: true,
        booked_decimals: [("USD", 4), ("BTC", 10)]
            .map(|(asset, decimals)| (Asset::new(asset), decimals))
            .into(),
        own_prints_count: true,
    }
}

/// The book 99/101, one unit at each level, and account `a` with these balances.
fn world(usd: &str, btc: &str) -> (Exchange, AccountId, AccountId) {
    let mut config = config(Liquidity::Recorded);
    config.accounts[0] = account("a", usd, btc);
    let mut exchange = Exchange::new(config).unwrap().with_rules(kraken());
    let update = DepthUpdate {
        symbol: &symbol(),
        snapshot: true,
        levels: None,
        bids: &[level("99", "1"), level("98", "1")],
        asks: &[level("101", "1"), level("102", "1")],
    };
    exchange.on_depth(&update, NOW, &mut Vec::new()).unwrap();
    let (a, b) = (exchange.account("a").unwrap(), exchange.account("b").unwrap());
    (exchange, a, b)
}

fn wait(side: Side, price: &str, limit: Option<&str>, quantity: &str) -> OrderRequest {
    let px = |text| Price::parse(text).unwrap();
    let kind =
        OrderKind::Triggered { trigger: Trigger::StopLoss, price: px(price), limit: limit.map(px) };
    OrderRequest { kind, ..super::limit(side, "1", quantity) }
}

#[test]
fn a_limit_buy_holds_its_cost_and_pays_the_fee_when_it_is_filled() {
    let (mut exchange, a, _) = world("100", "0");
    let mut out = Vec::new();
    exchange.submit(a, limit(Side::Buy, "50", "2"), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "USD"), ("100".to_owned(), "100".to_owned()));
    out.clear();
    exchange.on_trade(&trade("49", "1", Some(Side::Sell)), NOW, &mut out).unwrap();
    // 1.995 units and 0.25 % of them cost 99.999375.
    let told = lines(&out);
    assert!(told.iter().any(|line| line.contains("filled #1 1.9950")), "{told:?}");
    assert!(told.iter().any(|line| line.ends_with("cancelled Funds")), "{told:?}");
    let (left, held) = balance(&exchange, a, "USD");
    assert!(left.starts_with("0.000") && held == "0", "{left} {held}");
}

#[test]
fn an_account_that_has_just_enough_pays_all() {
    let (mut exchange, a, _) = world("100.25", "0");
    let mut out = Vec::new();
    exchange.submit(a, limit(Side::Buy, "50", "2"), NOW, &mut out).unwrap();
    exchange.on_trade(&trade("49", "1", Some(Side::Sell)), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "BTC").0, "2");
    assert_eq!(balance(&exchange, a, "USD"), ("0".to_owned(), "0".to_owned()));
}

#[test]
fn a_waiting_order_reserves_and_is_refused_without_funds() {
    let (mut exchange, a, _) = world("100", "2");
    let mut out = Vec::new();
    exchange.submit(a, wait(Side::Sell, "90", Some("89"), "1.5"), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "BTC").1, "1.5");
    let second = exchange.submit(a, wait(Side::Sell, "90", None, "1"), NOW, &mut out);
    assert_eq!(second, Err(Refusal::InsufficientFunds));
    let buy = exchange.submit(a, wait(Side::Buy, "110", None, "1"), NOW, &mut out);
    assert_eq!(buy, Err(Refusal::InsufficientFunds));
    let buy = exchange.submit(a, wait(Side::Buy, "110", None, "0.5"), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "USD").1, "55");
    exchange.cancel(a, buy, NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "USD").1, "0");
    // What it held, it sells with.
    exchange.on_trade(&trade("90", "1", Some(Side::Sell)), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "BTC"), ("0.5".to_owned(), "0".to_owned()));
}

#[test]
fn costs_and_fees_are_booked_with_the_digits_of_the_asset() {
    let (mut exchange, a, b) = world("10000", "2");
    let mut out = Vec::new();
    exchange.submit(b, limit(Side::Sell, "100.1", "1"), NOW, &mut out).unwrap();
    exchange.submit(a, limit(Side::Buy, "100.1", "0.01234567"), NOW, &mut out).unwrap();
    // 1.235801567 is booked as 1.2358, its fee of 0.004943206 as 0.0049.
    assert_eq!(balance(&exchange, a, "USD").0, "9998.7593");
    let fees = exchange.ledger().account("fees").unwrap();
    assert_eq!(balance(&exchange, fees, "USD").0, "0.008");
    let ExchangeEvent::Filled(execution) = &out[out.len() - 2] else { panic!("{out:?}") };
    assert_eq!(execution.booked_quote.to_string(), "1.2358");
}

#[test]
fn many_small_fills_of_an_account_without_a_reserve_are_cut_not_overdrawn() {
    let (mut exchange, a, _) = world("1.0001", "0");
    exchange.set_fees(a, &symbol(), FeeRates::of_ppm(0, 0)).unwrap();
    let before = exchange.ledger().totals();
    let mut out = Vec::new();
    exchange.submit(a, limit(Side::Buy, "98.7", "0.01013"), NOW, &mut out).unwrap();
    for _ in 0..40 {
        exchange.on_trade(&trade("98.7", "0.00025325", Some(Side::Sell)), NOW, &mut out).unwrap();
    }
    assert_eq!(exchange.ledger().totals(), before);
    let (left, held) = balance(&exchange, a, "USD");
    assert!(!left.starts_with('-') && held == "0", "{left} {held}");
    assert_eq!(exchange.open_order_count(), 0);
}

#[test]
fn an_execution_of_ours_is_a_last_price_and_wakes_who_waits() {
    let (mut exchange, a, b) = world("10000", "2");
    let mut out = Vec::new();
    assert_eq!(exchange.last_price(&symbol()), None);
    assert_eq!(exchange.reference_price(&symbol()), Price::parse("100").ok());
    let stop = exchange.submit(a, wait(Side::Buy, "101", None, "0.5"), NOW, &mut out).unwrap();
    exchange.submit(b, market(Side::Buy, "0.2"), NOW, &mut out).unwrap();
    assert_eq!(exchange.last_price(&symbol()), Price::parse("101").ok());
    assert_eq!(exchange.order(stop).unwrap().status, OrderStatus::Filled);
    // A backtest knows recorded trades only.
    let (mut exact, a, b) = quoted();
    let stop = exact.submit(a, wait(Side::Buy, "101", None, "0.5"), NOW, &mut out).unwrap();
    exact.submit(b, market(Side::Buy, "0.2"), NOW, &mut out).unwrap();
    assert!(exact.order(stop).unwrap().is_open());
    assert_eq!(exact.last_price(&symbol()), None);
}

#[test]
fn what_was_taken_from_a_synthetic_book_comes_back_when_it_is_refilled() {
    let mut config = config(synthetic());
    config.accounts[0] = account("a", "10000000", "2");
    let mut exchange = Exchange::new(config).unwrap().with_rules(kraken());
    let a = exchange.account("a").unwrap();
    let mut out = Vec::new();
    exchange.on_trade(&trade("50000", "1", Some(Side::Buy)), NOW, &mut out).unwrap();
    let before = exchange.book(&symbol(), 10).unwrap();
    exchange.submit(a, market(Side::Buy, "60"), NOW, &mut out).unwrap();
    assert_eq!(exchange.book(&symbol(), 10).unwrap().asks().count(), 0);
    exchange.refill(&symbol());
    assert_eq!(exchange.book(&symbol(), 10).unwrap(), before);
}

#[test]
fn a_market_goes_on_when_the_recording_of_its_book_has_ended() {
    let mut exchange = Exchange::new(config(Liquidity::Recorded)).unwrap();
    let a = exchange.account("a").unwrap();
    let symbol = symbol();
    let (bids, asks) = ([level("100", "3")], [level("101", "3")]);
    let depth =
        DepthUpdate { symbol: &symbol, snapshot: true, levels: None, bids: &bids, asks: &asks };
    let mut out = Vec::new();
    exchange.on_depth(&depth, NOW, &mut out).unwrap();
    exchange.submit(a, limit(Side::Buy, "100", "1"), NOW, &mut out).unwrap();
    let recorded = exchange.book(&symbol, 10).unwrap();
    let Liquidity::Synthetic(shape) = synthetic() else { panic!("a shape") };
    exchange.end_recording(&symbol, shape);
    assert_eq!(exchange.book(&symbol, 10).unwrap(), recorded, "nothing has happened yet");
    out.clear();
    exchange.on_trade(&trade("99", "1", Some(Side::Sell)), NOW, &mut out).unwrap();
    assert_eq!(exchange.open_order_count(), 0, "a trade through its price: {out:?}");
    let book = exchange.book(&symbol, 10).unwrap();
    assert_eq!(book.bids().count(), 10, "a synthetic book");
    assert_eq!(book.best_bid().unwrap().price, Price::parse("99").unwrap());
    let late = exchange.on_depth(&depth, NOW, &mut out);
    assert!(matches!(late, Err(TapeError::SyntheticBook { .. })));
}

#[test]
fn an_order_that_shows_a_part_is_published_with_that_part() {
    let (mut exchange, a, b) = world("10000", "20");
    let mut out = Vec::new();
    let id = exchange.submit(a, limit(Side::Sell, "100", "5"), NOW, &mut out).unwrap();
    exchange.set_shown(id, Quantity::parse("0.5").ok());
    let best = |exchange: &mut Exchange| {
        exchange.best_levels(exchange.market(&symbol()).unwrap())[1].unwrap().quantity
    };
    assert_eq!(best(&mut exchange), Quantity::parse("0.5").unwrap());
    let ask = exchange.book(&symbol(), 1).unwrap().best_ask().unwrap();
    assert_eq!(ask.quantity, Quantity::parse("0.5").unwrap());
    exchange.submit(b, market(Side::Buy, "2"), NOW, &mut out).unwrap();
    assert_eq!(exchange.order(id).unwrap().remaining(), Quantity::parse("3").unwrap());
    assert_eq!(best(&mut exchange), Quantity::parse("0.5").unwrap());
    exchange.submit(b, market(Side::Buy, "0.2"), NOW, &mut out).unwrap();
    assert_eq!(best(&mut exchange), Quantity::parse("0.3").unwrap(), "the rest of the part");
    exchange.submit(b, market(Side::Buy, "0.3"), NOW, &mut out).unwrap();
    assert_eq!(best(&mut exchange), Quantity::parse("0.5").unwrap(), "a new part");
    exchange.submit(b, market(Side::Buy, "2.4"), NOW, &mut out).unwrap();
    assert_eq!(best(&mut exchange), Quantity::parse("0.1").unwrap(), "the last part");
    let own = exchange.self_match(a, &limit(Side::Buy, "100", "1"));
    assert_eq!(own, Some(id));
    assert_eq!(exchange.self_match(b, &limit(Side::Buy, "100", "1")), None);
}

#[test]
fn levels_behind_the_touch_do_not_change_with_the_last_price() {
    let mut exchange = Exchange::new(config(synthetic())).unwrap();
    let mut out = Vec::new();
    exchange.on_trade(&trade("50000", "1", Some(Side::Buy)), NOW, &mut out).unwrap();
    let before = exchange.book(&symbol(), 25).unwrap();
    exchange.on_trade(&trade("50000.1", "1", Some(Side::Buy)), NOW, &mut out).unwrap();
    let after = exchange.book(&symbol(), 25).unwrap();
    let changed = after.bids().skip(1).filter(|level| !before.bids().any(|old| old == *level));
    let changed = changed.count();
    assert!(changed <= 4, "{changed} of 24 levels changed");
}

#[test]
fn an_order_for_later_reserves_waits_and_comes_at_its_time() {
    let (mut exchange, a, _) = world("10000", "2");
    let mut out = Vec::new();
    let buy = limit(Side::Buy, "101", "0.5");
    let id = exchange.submit_later(a, buy, NOW, &mut out).unwrap();
    assert_eq!(lines(&out), ["1 accepted"]);
    assert_eq!(balance(&exchange, a, "USD").1, "50.5");
    exchange.start(id, NOW, &mut out);
    assert_eq!(exchange.order(id).unwrap().status, OrderStatus::Filled);
    let post = OrderKind::Limit { price: Price::parse("102").unwrap(), post_only: true };
    let post = OrderRequest { kind: post, ..limit(Side::Buy, "102", "0.1") };
    let id = exchange.submit_later(a, post, NOW, &mut out).unwrap();
    exchange.start(id, NOW, &mut out);
    let status = exchange.order(id).unwrap().status;
    assert_eq!(status, OrderStatus::Cancelled(CancelReason::PostOnly));
    assert_eq!(balance(&exchange, a, "USD").1, "0");
}

#[test]
fn a_replacement_may_use_what_the_old_order_reserves() {
    let (mut exchange, a, b) = world("100", "0");
    let mut out = Vec::new();
    let id = exchange.submit(a, limit(Side::Buy, "50", "2"), NOW, &mut out).unwrap();
    let new = limit(Side::Buy, "49", "2");
    assert_eq!(exchange.check(a, &new), Err(Refusal::InsufficientFunds));
    assert_eq!(exchange.check_replacing(a, id, &new), Ok(()));
    let dear = limit(Side::Buy, "51", "2");
    assert_eq!(exchange.check_replacing(a, id, &dear), Err(Refusal::InsufficientFunds));
    assert_eq!(exchange.check_replacing(b, id, &new), Err(Refusal::UnknownOrder));
    assert_eq!(balance(&exchange, a, "USD").1, "100");
    assert!(exchange.cancel(a, id, NOW, &mut out).is_ok());
}

#[test]
fn fees_in_the_base_asset_come_out_of_what_a_buy_gets() {
    let in_base = |request: OrderRequest| OrderRequest { fee_in_base: true, ..request };
    let mut out = Vec::new();
    let (mut exchange, a, _) = world("101", "0");
    let before: Vec<_> = exchange.ledger().totals().into_iter().collect();
    let plain = exchange.submit(a, market(Side::Buy, "1"), NOW, &mut out);
    assert_eq!(plain, Err(Refusal::InsufficientFunds));
    exchange.submit(a, in_base(market(Side::Buy, "1")), NOW, &mut out).unwrap();
    let owns = |exchange: &Exchange| ["USD", "BTC"].map(|asset| balance(exchange, a, asset).0);
    assert_eq!(owns(&exchange), ["0", "0.996"]);
    // Nothing is left beside what is sold, so that the fee comes out of the dollars.
    exchange.submit(a, in_base(limit(Side::Sell, "99", "0.996")), NOW, &mut out).unwrap();
    assert_eq!(owns(&exchange), ["98.2096", "0"]);
    let after: Vec<_> = exchange.ledger().totals().into_iter().collect();
    assert_eq!(before, after);
    let (mut exchange, a, _) = world("0", "2");
    exchange.submit(a, in_base(limit(Side::Sell, "99", "1")), NOW, &mut out).unwrap();
    let owns = |exchange: &Exchange| ["USD", "BTC"].map(|asset| balance(exchange, a, asset).0);
    assert_eq!(owns(&exchange), ["99", "0.996"]);
    let (mut exchange, a, _) = world("100", "0");
    exchange.submit(a, in_base(limit(Side::Buy, "50", "2")), NOW, &mut out).unwrap();
    exchange.on_trade(&trade("49", "1", Some(Side::Sell)), NOW, &mut out).unwrap();
    assert_eq!(owns(&exchange), ["0", "1.995"], "all of it: {:?}", lines(&out));
}
