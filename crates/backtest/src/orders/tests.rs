use super::*;

/// A number below another, anew at each call.
fn draws(mut state: u64) -> impl FnMut(u64) -> i64 {
    move |below| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((state >> 33) % below).expect("small")
    }
}

/// An order of any kind, as it was sent.
fn any(
    orders: &Orders,
    place: usize,
    market: usize,
    draw: &mut impl FnMut(u64) -> i64,
) -> OrderRecord {
    let price = Price::from_raw(1 + draw(1 << 40));
    let trigger = if draw(2) == 0 { Trigger::StopLoss } else { Trigger::TakeProfit };
    let lives = [TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok];
    let request = NewOrder {
        client_order_id: orders.id(place),
        symbol: orders.symbols[market].clone(),
        side: if draw(2) == 0 { Side::Buy } else { Side::Sell },
        kind: match draw(4) {
            0 => OrderKind::Market,
            1 => OrderKind::Triggered { trigger, price, limit: None },
            2 => OrderKind::Triggered { trigger, price, limit: Some(price) },
            _ => OrderKind::Limit { price, post_only: draw(2) == 0 },
        },
        quantity: Quantity::from_raw(if draw(2) == 0 { 100 } else { 1 + draw(1 << 40) }),
        time_in_force: lives[usize::try_from(draw(3)).expect("small")],
        reduce_only: draw(5) == 0,
    };
    let at = i64::try_from(place).expect("small");
    OrderRecord {
        request,
        sent: UnixNanos::from_nanos(at * 1_000_000 + draw(1_000)),
        arrived: None,
        ended: None,
        venue_order_id: None,
        state: OrderState::Submitting,
        filled: Quantity::ZERO,
        cost: Notional::ZERO,
        fee: Notional::ZERO,
        reason: None,
    }
}

/// Ends an order, in both records.
fn end(
    orders: &mut Orders,
    place: usize,
    record: &mut OrderRecord,
    draw: &mut impl FnMut(u64) -> i64,
) {
    let entry = orders.get_mut(place).expect("open");
    if draw(2) == 0 {
        entry.filled = if draw(2) == 0 { entry.quantity } else { Quantity::from_raw(1) };
        entry.cost = if draw(2) == 0 { entry.cost_at_price() } else { Notional::from_raw(7) };
        entry.fee = Notional::from_raw(i128::from(draw(1 << 40) - (1 << 39)) << draw(40));
    }
    (record.filled, record.cost, record.fee) = (entry.filled, entry.cost, entry.fee);
    let why = [None, Some("asked for"), Some("post only")];
    let why = why[usize::try_from(draw(3)).expect("small")];
    let now = UnixNanos::from_nanos(record.sent.as_nanos() + draw(1 << 40));
    orders.end(place, OrderState::Cancelled, now, why);
    record.arrived.get_or_insert(now);
    (record.ended, record.state) = (Some(now), OrderState::Cancelled);
    record.reason = why.map(str::to_owned);
}

/// Every kind of order, in every state, some of which outlive thousands of others.
#[test]
fn orders_come_back_as_they_were() {
    let draw = &mut draws(3);
    let ids = OrderIds::new(UnixNanos::from_secs(1_704_067_200));
    let mut orders = Orders::new(ids, vec![Symbol::new("A/USD"), Symbol::new("B/USD")]);
    let mut expected: Vec<OrderRecord> = Vec::new();
    let (mut open, mut number) = (Vec::new(), 0);
    for place in 0..10_000 {
        let market = usize::from(draw(5) == 0);
        let mut record = any(&orders, place, market, draw);
        assert_eq!(orders.push(&record.request, market, record.sent), place);
        if draw(20) > 0 {
            number += 1 + u64::from(draw(30) == 0);
            let entry = orders.get_mut(place).expect("it is open");
            let arrived = Some(UnixNanos::from_nanos(record.sent.as_nanos() + draw(1 << 30)));
            (entry.arrived, entry.number, entry.state) = (arrived, number, OrderState::Open);
            (record.arrived, record.state) = (arrived, OrderState::Open);
            record.venue_order_id = Some(VenueOrderId::of_number(number));
        }
        expected.push(record);
        // One in fifty is never closed, and others late.
        if draw(50) > 0 {
            open.push(place);
        }
        while open.len() > 3 && draw(30) > 0 {
            let place = if draw(40) == 0 { open.remove(0) } else { open.pop().expect("some") };
            end(&mut orders, place, &mut expected[place], draw);
        }
    }
    assert!(orders.late.len() > 50 && orders.open.from() > 8_000, "both ways are taken");
    assert_eq!(orders.len(), expected.len());
    for (found, expected) in orders.iter().zip(&expected) {
        assert_eq!(found, *expected);
    }
}
