//! Holds, fees and conservation, by hand.

use super::*;

#[test]
fn a_limit_buy_holds_its_cost_and_worst_fee_until_it_ends() {
    let (mut exchange, a, _) = quoted();
    let mut out = Vec::new();
    let id = exchange.submit(a, limit(Side::Buy, "101", "2"), NOW, &mut out).unwrap();
    // One unit was taken at 101 for a fee of 0.404; one unit rests with its worst fee.
    let paid = ("9898.596".to_owned(), "101.404".to_owned());
    assert_eq!(balance(&exchange, a, "USD"), paid);
    assert_eq!(balance(&exchange, a, "BTC").0, "3");
    exchange.cancel(a, id, NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "USD").1, "0");
    let fees = exchange.ledger().account("fees").unwrap();
    assert_eq!(balance(&exchange, fees, "USD").0, "0.404");
}

#[test]
fn a_sell_holds_its_quantity() {
    let (mut exchange, a, _) = quoted();
    let mut out = Vec::new();
    exchange.submit(a, limit(Side::Sell, "150", "1.5"), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "BTC").1, "1.5");
    let more = exchange.check(a, &limit(Side::Sell, "150", "0.6"));
    assert_eq!(more, Err(Refusal::InsufficientFunds));
    exchange.on_trade(&trade("151", "0.1", None), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "BTC"), ("0.5".to_owned(), "0".to_owned()));
    assert_eq!(balance(&exchange, a, "USD").0, "10224.4375");
}

#[test]
fn a_market_buy_needs_exactly_its_cost_and_fee() {
    let mut config = config(Liquidity::Recorded);
    config.accounts[0] = account("a", "101.404", "0");
    config.accounts[1] = account("b", "101.40399", "0");
    let mut exchange = Exchange::new(config).unwrap();
    let update = DepthUpdate {
        symbol: &symbol(),
        snapshot: true,
        levels: None,
        bids: &[],
        asks: &[level("101", "1")],
    };
    exchange.on_depth(&update, NOW, &mut Vec::new()).unwrap();
    let (a, b) = (exchange.account("a").unwrap(), exchange.account("b").unwrap());
    let mut out = Vec::new();
    let short = exchange.submit(b, market(Side::Buy, "1"), NOW, &mut out);
    assert_eq!(short, Err(Refusal::InsufficientFunds));
    exchange.submit(a, market(Side::Buy, "1"), NOW, &mut out).unwrap();
    assert_eq!(balance(&exchange, a, "USD").0, "0");
    assert_eq!(balance(&exchange, a, "BTC").0, "1");
}

#[test]
fn fees_are_rounded_half_up_per_execution_and_rebates_are_paid() {
    let mut config = config(Liquidity::Recorded);
    config.accounts[0].fees.maker_ppm = -200;
    let mut exchange = Exchange::new(config).unwrap();
    let (a, b) = (exchange.account("a").unwrap(), exchange.account("b").unwrap());
    let mut out = Vec::new();
    exchange.submit(a, limit(Side::Sell, "100.1", "1"), NOW, &mut out).unwrap();
    exchange.submit(b, limit(Side::Buy, "100.1", "0.01234567"), NOW, &mut out).unwrap();
    // 1.235801567 × 0.004 = 0.004943206 and × −0.0002 = −0.00024716.
    let taker = exchange.closed_orders(b).next().unwrap();
    assert_eq!(taker.fee.to_string(), "0.00494");
    let maker = exchange.open_orders(a).next().unwrap();
    assert_eq!(maker.fee.to_string(), "-0.00025");
}

#[test]
fn a_market_buy_that_spends_everything_gets_its_rebate_on_top() {
    let mut config = config(Liquidity::Recorded);
    config.accounts[0] = account("a", "203", "0");
    config.accounts[0].fees = FeeRates::of_ppm(-200, -100);
    let mut exchange = Exchange::new(config).unwrap();
    let update = DepthUpdate {
        symbol: &symbol(),
        snapshot: true,
        levels: None,
        bids: &[],
        asks: &[level("101", "1"), level("102", "1")],
    };
    exchange.on_depth(&update, NOW, &mut Vec::new()).unwrap();
    let a = exchange.account("a").unwrap();
    exchange.submit(a, market(Side::Buy, "2"), NOW, &mut Vec::new()).unwrap();
    assert_eq!(balance(&exchange, a, "USD"), ("0.0203".to_owned(), "0".to_owned()));
}

#[test]
fn totals_hold_every_account() {
    let (mut exchange, a, b) = quoted();
    let before = exchange.ledger().totals();
    assert_eq!(before[&Asset::new("USD")].to_string(), "20000");
    let mut out = Vec::new();
    exchange.submit(a, market(Side::Buy, "1.5"), NOW, &mut out).unwrap();
    exchange.submit(b, market(Side::Sell, "1.5"), NOW, &mut out).unwrap();
    assert_eq!(exchange.ledger().totals(), before);
    let names: Vec<_> =
        exchange.ledger().traders().map(|id| exchange.ledger().name(id).to_owned()).collect();
    assert_eq!(names, ["a", "b"]);
}
