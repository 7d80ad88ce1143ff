//! Orders that change while they are open.

use super::*;
use crate::Amendment;

fn resting(exchange: &mut Exchange, account: AccountId) -> OrderId {
    let request = limit(Side::Buy, "99", "2");
    exchange.submit(account, request, NOW, &mut Vec::new()).unwrap()
}

fn amend(
    exchange: &mut Exchange,
    account: AccountId,
    change: Amendment,
) -> Result<Vec<String>, Refusal> {
    let id = exchange.open_orders(account).next().unwrap().id;
    let mut out = Vec::new();
    exchange.amend(account, id, &change, NOW, &mut out)?;
    Ok(lines(&out))
}

fn quantity(text: &str) -> Option<Quantity> {
    Quantity::parse(text).ok()
}

#[test]
fn less_keeps_the_place_and_more_goes_to_the_back() {
    let (mut exchange, a, b) = quoted();
    let first = resting(&mut exchange, a);
    let second = resting(&mut exchange, b);
    let less = Amendment { quantity: quantity("1.5"), ..Amendment::default() };
    assert_eq!(amend(&mut exchange, a, less).unwrap(), [""; 0]);
    let mut out = Vec::new();
    // One unit is everybody else's, then comes the first order.
    exchange.on_trade(&trade("99", "2.5", Some(Side::Sell)), NOW, &mut out).unwrap();
    assert_eq!(exchange.order(first).unwrap().status, OrderStatus::Filled);
    assert!(exchange.order(second).unwrap().filled.is_zero());

    let (mut exchange, a, b) = quoted();
    let (first, second) = (resting(&mut exchange, a), resting(&mut exchange, b));
    let more = Amendment { quantity: quantity("2.5"), ..Amendment::default() };
    amend(&mut exchange, a, more).unwrap();
    exchange.on_trade(&trade("99", "3", Some(Side::Sell)), NOW, &mut out).unwrap();
    assert_eq!(exchange.order(second).unwrap().status, OrderStatus::Filled);
    assert!(exchange.order(first).unwrap().filled.is_zero());
}

#[test]
fn another_price_takes_unless_it_is_post_only_and_the_hold_follows() {
    let (mut exchange, a, _) = quoted();
    resting(&mut exchange, a);
    let before = balance(&exchange, a, "USD");
    let crossing = Amendment { limit: Price::parse("101").ok(), ..Amendment::default() };
    let post = Amendment { post_only: Some(true), ..crossing };
    assert_eq!(amend(&mut exchange, a, post), Err(Refusal::PostOnly));
    assert_eq!(balance(&exchange, a, "USD"), before);
    let events = amend(&mut exchange, a, crossing).unwrap();
    assert_eq!(events[0], "print #1 buy 1 @ 101");
    let order = exchange.open_orders(a).next().unwrap();
    assert_eq!(order.remaining(), Quantity::parse("1").unwrap());
    // What is filled already ends it, and nothing stays reserved.
    let filled = Amendment { quantity: quantity("1"), ..Amendment::default() };
    assert_eq!(amend(&mut exchange, a, filled).unwrap(), ["1 cancelled Requested"]);
    assert_eq!(balance(&exchange, a, "USD").1, "0");
}

#[test]
fn what_cannot_be_paid_or_is_not_there_changes_nothing() {
    let (mut exchange, a, _) = quoted();
    resting(&mut exchange, a);
    let huge = Amendment { quantity: quantity("900000000"), ..Amendment::default() };
    assert_eq!(amend(&mut exchange, a, huge), Err(Refusal::InsufficientFunds));
    let trigger = Amendment { trigger: Price::parse("99").ok(), ..Amendment::default() };
    assert_eq!(amend(&mut exchange, a, trigger), Err(Refusal::UnknownOrder));
    assert_eq!(exchange.open_orders(a).next().unwrap().request, limit(Side::Buy, "99", "2"));
}
