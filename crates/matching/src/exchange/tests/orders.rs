//! What orders do, and what is refused.

use super::*;

fn submit(
    exchange: &mut Exchange,
    account: AccountId,
    request: OrderRequest,
) -> Result<Vec<String>, Refusal> {
    let mut out = Vec::new();
    exchange.submit(account, request, NOW, &mut out)?;
    Ok(lines(&out))
}

#[test]
fn a_limit_order_takes_within_its_limit_and_rests_with_the_rest() {
    let (mut exchange, a, _) = quoted();
    let events = submit(&mut exchange, a, limit(Side::Buy, "101.5", "1.5")).unwrap();
    assert_eq!(
        events,
        [
            "1 accepted",
            "1 opened",
            "print #1 buy 1 @ 101",
            "1 filled #1 1 @ 101 fee 0.404 Taker, in all 1 for 101",
        ]
    );
    let order = exchange.open_orders(a).next().unwrap();
    assert_eq!(order.remaining(), Quantity::parse("0.5").unwrap());
    let book = exchange.book(&symbol(), 10).unwrap();
    assert_eq!(book.best_bid(), Some(level("101.5", "0.5")));
    assert_eq!(book.best_ask(), Some(level("102", "1")));
}

#[test]
fn an_immediate_order_cancels_its_rest() {
    let (mut exchange, a, _) = quoted();
    let request =
        OrderRequest { time_in_force: TimeInForce::Ioc, ..limit(Side::Sell, "99", "1.5") };
    let events = submit(&mut exchange, a, request).unwrap();
    assert_eq!(events.last().unwrap(), "1 cancelled Immediate");
    assert_eq!(exchange.open_order_count(), 0);
    let order = exchange.closed_orders(a).next().unwrap();
    assert_eq!(order.filled, Quantity::parse("1").unwrap());
    assert_eq!(order.status, OrderStatus::Cancelled(CancelReason::Immediate));
}

#[test]
fn a_market_order_walks_to_its_protection_bound() {
    let (mut exchange, a, _) = quoted();
    let update = DepthUpdate {
        symbol: &symbol(),
        snapshot: false,
        levels: None,
        bids: &[],
        asks: &[level("107", "5")],
    };
    exchange.on_depth(&update, NOW, &mut Vec::new()).unwrap();
    let events = submit(&mut exchange, a, market(Side::Buy, "3")).unwrap();
    assert_eq!(events[4], "print #2 buy 1 @ 102");
    assert_eq!(events.last().unwrap(), "1 cancelled Protection");
    let order = exchange.closed_orders(a).next().unwrap();
    assert_eq!(order.filled, Quantity::parse("2").unwrap());
    assert_eq!(order.average_price(1), Price::parse("101.5").ok());
}

#[test]
fn a_market_order_in_an_empty_book_is_cancelled() {
    let mut exchange = Exchange::new(config(synthetic())).unwrap();
    let a = exchange.account("a").unwrap();
    let events = submit(&mut exchange, a, market(Side::Sell, "1")).unwrap();
    assert_eq!(events, ["1 accepted", "1 opened", "1 cancelled Protection"]);
}

#[test]
fn a_post_only_order_that_would_take_is_refused() {
    let (mut exchange, a, _) = quoted();
    let post = |side, price: &str| OrderRequest {
        kind: OrderKind::Limit { price: Price::parse(price).unwrap(), post_only: true },
        ..limit(side, price, "0.1")
    };
    let refused = submit(&mut exchange, a, post(Side::Buy, "101"));
    assert_eq!(refused, Err(Refusal::PostOnly));
    submit(&mut exchange, a, post(Side::Buy, "100.9")).unwrap();
    let own = submit(&mut exchange, a, post(Side::Sell, "100.9"));
    assert_eq!(own, Err(Refusal::PostOnly));
    assert_eq!(exchange.open_order_count(), 1);
}

#[test]
fn an_order_that_meets_its_own_account_is_cancelled_from_there_on() {
    let (mut exchange, a, b) = quoted();
    submit(&mut exchange, a, limit(Side::Sell, "100", "0.5")).unwrap();
    submit(&mut exchange, b, limit(Side::Sell, "99.5", "0.5")).unwrap();
    let events = submit(&mut exchange, a, limit(Side::Buy, "100", "1")).unwrap();
    assert_eq!(
        events,
        [
            "3 accepted",
            "3 opened",
            "print #1 buy 0.5 @ 99.5",
            "2 filled #1 0.5 @ 99.5 fee 0.12438 Maker, in all 0.5 for 49.75",
            "2 completed",
            "3 filled #1 0.5 @ 99.5 fee 0.199 Taker, in all 0.5 for 49.75",
            "3 cancelled SelfMatch",
        ]
    );
}

#[test]
fn a_recorded_trade_is_printed_in_parts_around_our_execution() {
    let (mut exchange, a, _) = quoted();
    submit(&mut exchange, a, limit(Side::Buy, "99", "0.5")).unwrap();
    let mut out = Vec::new();
    let sold = trade("99", "2", Some(Side::Sell));
    exchange.on_trade(&sold, NOW, &mut out).unwrap();
    assert_eq!(
        lines(&out),
        [
            "print #1 sell 1 @ 99",
            "print #2 sell 0.5 @ 99",
            "1 filled #2 0.5 @ 99 fee 0.12375 Maker, in all 0.5 for 49.5",
            "1 completed",
            "print #3 sell 0.5 @ 99",
        ]
    );
}

#[test]
fn only_the_owner_cancels_and_only_once() {
    let (mut exchange, a, b) = quoted();
    let mut out = Vec::new();
    let id = exchange.submit(a, limit(Side::Buy, "90", "1"), NOW, &mut out).unwrap();
    out.clear();
    let foreign = exchange.cancel(b, id, NOW, &mut out);
    assert_eq!(foreign, Err(Refusal::UnknownOrder));
    exchange.cancel(a, id, NOW, &mut out).unwrap();
    assert_eq!(lines(&out), ["1 cancelled Requested"]);
    let again = exchange.cancel(a, id, NOW, &mut out);
    assert_eq!(again, Err(Refusal::UnknownOrder));
    assert_eq!(balance(&exchange, a, "USD").1, "0");
}

#[test]
fn a_client_id_is_free_again_once_its_order_has_ended() {
    let (mut exchange, a, b) = quoted();
    let named = OrderRequest { client_id: Some(Arc::from("one")), ..limit(Side::Buy, "90", "1") };
    submit(&mut exchange, a, named.clone()).unwrap();
    let again = submit(&mut exchange, a, named.clone());
    assert_eq!(again, Err(Refusal::DuplicateClientId));
    submit(&mut exchange, b, named.clone()).unwrap();
    let first = exchange.by_client_id(a, "one").unwrap().id;
    exchange.cancel(a, first, NOW, &mut Vec::new()).unwrap();
    assert_eq!(exchange.by_client_id(a, "one").unwrap().id, first);
    submit(&mut exchange, a, named).unwrap();
    assert_ne!(exchange.by_client_id(a, "one").unwrap().id, first);
}

#[test]
fn what_breaks_a_rule_is_refused_and_changes_nothing() {
    let (mut exchange, a, _) = quoted();
    let check = |request: OrderRequest, refusal: Refusal| {
        let mut exchange = exchange.clone();
        assert_eq!(exchange.check(a, &request), Err(refusal));
        assert_eq!(submit(&mut exchange, a, request), Err(refusal));
        assert_eq!(exchange.open_order_count(), 0);
    };
    let other = OrderRequest { symbol: Symbol::new("X/Y"), ..limit(Side::Buy, "90", "1") };
    check(other, Refusal::UnknownInstrument);
    check(limit(Side::Buy, "90", "0"), Refusal::QuantityNotPositive);
    check(limit(Side::Buy, "90", "-1"), Refusal::QuantityNotPositive);
    check(limit(Side::Buy, "90", "0.00004"), Refusal::QuantityMinimum);
    check(limit(Side::Buy, "0", "1"), Refusal::PriceNotPositive);
    check(limit(Side::Buy, "90.05", "1"), Refusal::TickSize);
    check(limit(Side::Buy, "1", "0.1"), Refusal::CostMinimum);
    check(limit(Side::Buy, "90", "1000"), Refusal::InsufficientFunds);
    check(limit(Side::Sell, "190", "3"), Refusal::InsufficientFunds);
    check(market(Side::Sell, "2.1"), Refusal::InsufficientFunds);
    let huge = limit(Side::Buy, "9000000000", "90000000000");
    check(huge, Refusal::InsufficientFunds);
    let own = exchange.check(crate::ledger::MARKET, &limit(Side::Buy, "90", "1"));
    assert_eq!(own, Err(Refusal::UnknownAccount));
}

#[test]
fn open_orders_are_limited_and_closed_ones_forgotten_oldest_first() {
    let mut config = config(Liquidity::Recorded);
    (config.open_orders_max, config.closed_orders_max) = (2, 1);
    let mut exchange = Exchange::new(config).unwrap();
    let a = exchange.account("a").unwrap();
    let named = |name: &str| OrderRequest {
        client_id: Some(Arc::from(name)),
        ..limit(Side::Buy, "90", "1")
    };
    submit(&mut exchange, a, named("one")).unwrap();
    submit(&mut exchange, a, named("two")).unwrap();
    let third = submit(&mut exchange, a, named("three"));
    assert_eq!(third, Err(Refusal::TooManyOrders));
    let ids: Vec<_> = exchange.open_orders(a).map(|order| order.id).collect();
    for id in &ids {
        exchange.cancel(a, *id, NOW, &mut Vec::new()).unwrap();
    }
    assert!(exchange.order(ids[0]).is_none());
    assert!(exchange.by_client_id(a, "one").is_none());
    assert_eq!(exchange.closed_orders(a).count(), 1);
    // Who has ended makes room for another one.
    submit(&mut exchange, a, named("four")).unwrap();
    submit(&mut exchange, a, named("five")).unwrap();
    assert_eq!(submit(&mut exchange, a, named("six")), Err(Refusal::TooManyOrders));
}

/// Whatever became of the order that was there.
#[test]
fn an_order_in_the_place_of_a_forgotten_one_is_as_new() {
    let (mut exchange, a, b) = quoted();
    exchange.closed_orders_max = 1;
    let told = OrderRequest {
        client_id: Some(Arc::from("one")),
        fee_in_base: true,
        time_in_force: TimeInForce::Ioc,
        ..limit(Side::Buy, "101", "2")
    };
    submit(&mut exchange, a, told).unwrap();
    let first = exchange.closed_orders(a).next().unwrap().clone();
    assert!(!first.filled.is_zero() && !first.fee.is_zero() && first.closed_at.is_some());
    submit(&mut exchange, a, market(Side::Sell, "0.5")).unwrap();
    assert!(exchange.order(first.id).is_none(), "forgotten");
    let (request, later) = (limit(Side::Sell, "190", "1"), UnixNanos::from_secs(2_000));
    let id = exchange.submit(b, request.clone(), later, &mut Vec::new()).unwrap();
    let expected = Order {
        id,
        account: b,
        held: Notional::from_quantity(request.quantity),
        request,
        opened_at: later,
        ..Order::nothing()
    };
    assert_eq!(exchange.order(id), Some(&expected));
}

#[test]
fn open_orders_are_limited_per_account_and_instrument_where_they_can_rest() {
    let mut config = config(Liquidity::Recorded);
    config.open_orders_max = 1;
    let mut other = config.instruments[0].clone();
    other.instrument.symbol = Symbol::new("BTC/EUR");
    other.instrument.quote = Asset::new("EUR");
    config.instruments.push(other);
    let mut exchange = Exchange::new(config).unwrap();
    let (a, b) = (exchange.account("a").unwrap(), exchange.account("b").unwrap());
    let resting = limit(Side::Sell, "190", "0.1");
    submit(&mut exchange, a, resting.clone()).unwrap();
    let more = submit(&mut exchange, a, resting.clone());
    assert_eq!(more, Err(Refusal::TooManyOrders));
    submit(&mut exchange, a, OrderRequest { symbol: Symbol::new("BTC/EUR"), ..resting.clone() })
        .unwrap();
    submit(&mut exchange, b, resting.clone()).unwrap();
    submit(&mut exchange, a, market(Side::Sell, "0.1")).unwrap();
    submit(&mut exchange, a, OrderRequest { time_in_force: TimeInForce::Ioc, ..resting }).unwrap();
}

#[test]
fn a_snapshot_without_the_level_leaves_nobody_ahead() {
    let (mut exchange, a, _) = quoted();
    submit(&mut exchange, a, limit(Side::Buy, "99", "0.5")).unwrap();
    let update = DepthUpdate {
        symbol: &symbol(),
        snapshot: true,
        levels: None,
        bids: &[level("98", "1")],
        asks: &[],
    };
    exchange.on_depth(&update, NOW, &mut Vec::new()).unwrap();
    let sold = trade("99", "0.5", Some(Side::Sell));
    exchange.on_trade(&sold, NOW, &mut Vec::new()).unwrap();
    assert_eq!(exchange.open_order_count(), 0);
}

#[test]
fn a_small_trade_between_synthetic_levels_does_not_fill_a_resting_order() {
    let mut exchange = Exchange::new(config(synthetic())).unwrap();
    let a = exchange.account("a").unwrap();
    let mut out = Vec::new();
    exchange.on_trade(&trade("100000", "0.1", Some(Side::Buy)), NOW, &mut out).unwrap();
    let book = exchange.book(&symbol(), 25).unwrap();
    let bids: Vec<i64> = book.bids().map(|level| level.price.raw()).collect();
    let tick = Price::step(1).raw();
    let (last, between) = (bids[24], bids[3] - tick);
    assert!(!bids.contains(&between));
    for raw in [between, last - 1_000 * tick] {
        let price = Price::from_raw(raw);
        let kind = OrderKind::Limit { price, post_only: true };
        let request = OrderRequest { kind, ..limit(Side::Buy, "1", "0.001") };
        exchange.submit(a, request, NOW, &mut out).unwrap();
        let small = Trade { price, ..trade("1", "0.001", Some(Side::Sell)) };
        exchange.on_trade(&small, NOW, &mut out).unwrap();
        assert_eq!(exchange.open_order_count(), 1);
        let large = Trade { price, ..trade("1", "9", Some(Side::Sell)) };
        exchange.on_trade(&large, NOW, &mut out).unwrap();
        assert_eq!(exchange.open_order_count(), 0);
    }
}

#[test]
fn broken_tape_data_is_an_error_and_changes_nothing() {
    let (mut exchange, ..) = quoted();
    let mut out = Vec::new();
    let mut bad = trade("99", "0", None);
    let refused = exchange.on_trade(&bad, NOW, &mut out);
    assert!(matches!(refused, Err(TapeError::NotPositive { .. })));
    bad.symbol = Symbol::new("X/Y");
    let refused = exchange.on_trade(&bad, NOW, &mut out);
    assert!(matches!(refused, Err(TapeError::UnknownInstrument { .. })));
    let update = DepthUpdate {
        symbol: &symbol(),
        snapshot: true,
        levels: None,
        bids: &[level("99", "-1")],
        asks: &[],
    };
    let refused = exchange.on_depth(&update, NOW, &mut out);
    assert!(matches!(refused, Err(TapeError::NotPositive { .. })));
    let mut synthetic = Exchange::new(config(synthetic())).unwrap();
    let refused = synthetic.on_depth(&update, NOW, &mut out);
    assert!(matches!(refused, Err(TapeError::SyntheticBook { .. })));
    assert!(out.is_empty());
    assert_eq!(exchange.last_price(&symbol()), None);
}

#[test]
fn contradictory_configurations_are_refused() {
    let check = |change: fn(&mut ExchangeConfig)| {
        let mut config = config(synthetic());
        change(&mut config);
        assert!(Exchange::new(config).is_err());
    };
    check(|c| c.accounts[1].name = "a".to_owned());
    check(|c| c.accounts[1].name = "market".to_owned());
    check(|c| c.accounts[0].fees.maker_ppm = -100_001);
    check(|c| c.instruments.push(c.instruments[0].clone()));
    check(|c| c.instruments[0].protection_ppm = 1_000_001);
    check(|c| c.instruments[0].instrument.tick_size = Price::ZERO);
    check(|c| c.instruments[0].instrument.quote = Asset::new("BTC"));
    check(|c| c.accounts[0] = account("a", "-1", "0"));
    check(|c| c.accounts[0] = account("a", "1e16", "0"));
}
