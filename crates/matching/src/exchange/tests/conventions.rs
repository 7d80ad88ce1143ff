//! Money of margin accounts in a market without a book: what an order may cost, and which fee it pays.

use super::*;
use crate::config::PrintRule;

/// One account with 10,000 USD, which trades whole units at 100.
fn at_100(rule: PrintRule, shortfall: Shortfall, fees: FeeRates) -> (Exchange, AccountId) {
    let mut config = config(Liquidity::Prints(rule));
    let instrument = &mut config.instruments[0].instrument;
    (instrument.quantity_decimals, instrument.cost_decimals) = (0, 17);
    instrument.quantity_min = Quantity::step(0);
    config.accounts = vec![account("a", "10000", "0")];
    config.accounts[0].fees = fees;
    config.accounts[0].funding = Funding::Margin { leverage: 1 };
    config.accounts[0].shortfall = shortfall;
    let mut exchange = Exchange::new(config).unwrap();
    let a = exchange.account("a").unwrap();
    print(&mut exchange, "100");
    (exchange, a)
}

fn print(exchange: &mut Exchange, price: &str) {
    let print = BarPrint { price: Price::parse(price).unwrap(), walked: false };
    exchange.on_bar_print(MarketId(0), print, NOW, &mut Vec::new()).unwrap();
}

/// What an account has of both after a market order for so many units.
fn bought(shortfall: Shortfall, fees: FeeRates, quantity: &str) -> (String, String) {
    let (mut exchange, a) = at_100(PrintRule::Next, shortfall, fees);
    exchange.submit(a, market(Side::Buy, quantity), NOW, &mut Vec::new()).unwrap();
    print(&mut exchange, "100");
    (balance(&exchange, a, "BTC").0, balance(&exchange, a, "USD").0)
}

fn has(btc: &str, usd: &str) -> (String, String) {
    (btc.to_owned(), usd.to_owned())
}

#[test]
fn an_order_may_cost_what_there_is_and_a_cut_one_less() {
    let free = FeeRates::of_ppm(0, 0);
    assert_eq!(bought(Shortfall::Refuse, free, "100"), has("100", "0"));
    assert_eq!(bought(Shortfall::Refuse, free, "101"), has("0", "10000"));
    assert_eq!(bought(Shortfall::CUT, free, "101"), has("99", "100"));
    let half = Shortfall::Cut { share_ppm: 500_000 };
    assert_eq!(bought(half, free, "101"), has("49", "5100"));
    assert_eq!(bought(half, free, "7"), has("7", "9300"), "it is a limit, not a size");
}

#[test]
fn the_rate_of_the_execution_counts_and_a_rebate_buys_more() {
    assert_eq!(bought(Shortfall::CUT, FeeRates::of_ppm(50_000, 0), "1000"), has("99", "100"));
    // A unit costs 99.
    assert_eq!(bought(Shortfall::CUT, FeeRates::of_ppm(0, -10_000), "1000"), has("101", "1"));
    assert_eq!(bought(Shortfall::Refuse, FeeRates::of_ppm(0, -10_000), "101"), has("101", "1"));
}

/// backtesting.py, commission=(5, 0): `int(cash * size // (price + 5 / size))`, and 5 per order.
#[test]
fn a_fixed_fee_is_paid_once_per_order_and_counted_before_it() {
    let fees = FeeRates { fixed: Notional::parse("5").unwrap(), ..FeeRates::of_ppm(0, 0) };
    assert_eq!(bought(Shortfall::Refuse, fees, "99"), has("99", "95"));
    assert_eq!(bought(Shortfall::Refuse, fees, "100"), has("0", "10000"));
    assert_eq!(bought(Shortfall::CUT, fees, "1000"), has("95", "495"));
    assert_eq!(bought(Shortfall::Cut { share_ppm: 500_000 }, fees, "1000"), has("45", "5495"));
    // One order that closes 10 and opens 9 pays once.
    let (mut exchange, a) = at_100(PrintRule::Last, Shortfall::Refuse, fees);
    exchange.submit(a, market(Side::Buy, "10"), NOW, &mut Vec::new()).unwrap();
    exchange.submit(a, market(Side::Sell, "19"), NOW, &mut Vec::new()).unwrap();
    assert_eq!(balance(&exchange, a, "USD").0, "10890");
}

#[test]
fn a_fixed_fee_needs_an_account_that_may_owe() {
    let mut config = config(synthetic());
    config.accounts[0].fees.fixed = Notional::parse("1").unwrap();
    let error = Exchange::new(config.clone()).unwrap_err();
    assert!(matches!(error, ConfigError::FixedFee { .. }), "{error}");
    config.accounts[0].fees.fixed = Notional::ZERO;
    config.accounts[0].shortfall = Shortfall::Cut { share_ppm: 0 };
    let error = Exchange::new(config).unwrap_err();
    assert!(matches!(error, ConfigError::Share { ppm: 0, .. }), "{error}");
}

#[test]
fn what_is_booked_late_gets_the_last_price_and_a_limit_the_next_one() {
    let (mut exchange, a) = at_100(PrintRule::Close, Shortfall::Refuse, FeeRates::of_ppm(0, 0));
    exchange.submit(a, market(Side::Buy, "1"), NOW, &mut Vec::new()).unwrap();
    exchange.submit(a, limit(Side::Buy, "130", "1"), NOW, &mut Vec::new()).unwrap();
    assert_eq!(balance(&exchange, a, "USD").0, "10000", "nothing is booked yet");
    exchange.book_last(MarketId(0), NOW, &mut Vec::new());
    assert_eq!(balance(&exchange, a, "USD").0, "9900");
    print(&mut exchange, "120");
    assert_eq!(balance(&exchange, a, "USD").0, "9780");
}
