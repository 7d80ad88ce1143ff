use model::{Asset, ClientOrderId, NewOrder, OrderKind, TimeInForce, VenueOrderId};

use super::*;
use crate::codec::order::{Close, Life, Reference, Target};

fn price(text: &str) -> Price {
    Price::parse(text).expect("valid")
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).expect("valid")
}

fn rules() -> PairRules {
    let instrument = Instrument {
        symbol: Symbol::new("BTC/USD"),
        base: Asset::new("BTC"),
        quote: Asset::new("USD"),
        price_decimals: 1,
        quantity_decimals: 4,
        cost_decimals: 5,
        tick_size: price("0.5"),
        quantity_min: quantity("0.0005"),
        cost_min: Notional::parse("10").expect("valid"),
    };
    PairRules {
        leverage_buy: vec![2, 3],
        leverage_sell: vec![2],
        long_max: Some(quantity("80")),
        ..PairRules::of(instrument)
    }
}

fn order() -> KrakenOrder {
    KrakenOrder::from(&NewOrder {
        client_order_id: ClientOrderId::new("wt-1").expect("valid"),
        symbol: Symbol::new("BTC/USD"),
        side: Side::Buy,
        kind: OrderKind::Limit { price: price("20000"), post_only: false },
        quantity: quantity("0.01"),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    })
}

/// Checks what a change of a good order breaks.
fn check(change: impl FnOnce(&mut KrakenOrder), rule: Rule, value: &str, valid: &[&str]) {
    let mut order = order();
    change(&mut order);
    let broken = rules().check(&order).expect_err(value);
    assert_eq!((broken.rule, broken.value.as_str()), (rule, value), "{broken}");
    assert_eq!(broken.valid, valid, "{broken}");
}

fn limit(order: &mut KrakenOrder, at: PriceAt) {
    order.kind = Kind::Limit { price: at, post_only: false, shown: None };
}

#[test]
fn a_good_order_passes_and_a_bad_one_is_told_what_would_do() {
    assert_eq!(rules().check(&order()), Ok(()));
    let exactly = |text| PriceAt::Exactly(price(text));
    check(|o| limit(o, exactly("20000.3")), Rule::TickSize, "20000.3", &["20000", "20000.5"]);
    check(|o| limit(o, exactly("0.3")), Rule::TickSize, "0.3", &["0.5"]);
    check(|o| limit(o, exactly("-1")), Rule::TickSize, "-1", &["0.5"]);
    let size = |text| Size::Base(quantity(text));
    check(|o| o.size = size("0.01005"), Rule::LotSize, "0.01005", &["0.01", "0.0101"]);
    check(|o| o.size = size("0.00045"), Rule::QuantityMin, "0.00045", &["0.0005"]);
    check(|o| o.size = size("0"), Rule::QuantityMin, "0", &["0.0005"]);
    // 10 / 15000 is 0.000667.
    let poor = |o: &mut KrakenOrder| {
        limit(o, exactly("15000"));
        o.size = size("0.0006");
    };
    check(poor, Rule::CostMin, "9", &["quantity 0.0007"]);
}

#[test]
fn a_refusal_reads_like_a_sentence() {
    let mut order = order();
    limit(&mut order, PriceAt::Exactly(price("20000.3")));
    let broken = rules().check(&order).expect_err("off the grid");
    assert_eq!(
        broken.to_string(),
        "BTC/USD: price `20000.3`: a price is above zero and a multiple of the tick size; \
         valid: `20000` or `20000.5`"
    );
}

#[test]
fn what_would_do_does() {
    let mut bad = order();
    limit(&mut bad, PriceAt::Exactly(price("12345.6")));
    bad.size = Size::Base(quantity("0.00051"));
    for _ in 0..3 {
        let Err(broken) = rules().check(&bad) else { break };
        let last = broken.valid.last().expect("a hint");
        if broken.rule == Rule::TickSize {
            limit(&mut bad, PriceAt::Exactly(price(last)));
        } else {
            bad.size = Size::Base(quantity(last.trim_start_matches("quantity ")));
        }
    }
    assert_eq!(rules().check(&bad), Ok(()));
}

#[test]
fn distances_have_digits_of_their_own() {
    let quote = |text| PriceAt::Above(Distance::Quote(price(text)));
    let percent = |text| PriceAt::Below(Distance::Percent(price(text)));
    for good in [quote("0.1"), percent("0.0001")] {
        let mut order = order();
        limit(&mut order, good);
        assert_eq!(rules().check(&order), Ok(()), "{good:?}");
    }
    check(|o| limit(o, quote("0.15")), Rule::DistanceDigits, "0.15", &["0.1", "0.2"]);
    check(|o| limit(o, percent("0")), Rule::DistanceDigits, "0", &["0.0001"]);
}

#[test]
fn every_price_of_an_order_is_checked() {
    let bad = PriceAt::Exactly(price("1.2"));
    let good = PriceAt::Exactly(price("20000"));
    let wait = |price, limit| Kind::Triggered {
        trigger: model::Trigger::StopLoss,
        price,
        limit,
        by: Reference::Last,
    };
    let off = ["1", "1.5"];
    check(|o| o.kind = wait(bad, None), Rule::TickSize, "1.2", &off);
    check(|o| o.kind = wait(good, Some(bad)), Rule::TickSize, "1.2", &off);
    check(|o| o.close = Some(Close::Limit(bad)), Rule::TickSize, "1.2", &off);
    let trigger = model::Trigger::TakeProfit;
    let close = Close::Triggered { trigger, price: good, limit: Some(bad) };
    check(|o| o.close = Some(close), Rule::TickSize, "1.2", &off);
}

#[test]
fn a_pair_is_open_for_some_orders_only() {
    let passes = |status: PairStatus| {
        let rules = PairRules { status, ..rules() };
        let mut orders = [order(), order(), order(), order()];
        orders[1].kind =
            Kind::Limit { price: PriceAt::Exactly(price("20000")), post_only: true, shown: None };
        orders[2].kind = Kind::Market { protected: true };
        orders[3].reduce_only = true;
        orders.iter().map(|order| rules.check(order).is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(passes(PairStatus::Online), [true; 4]);
    assert_eq!(passes(PairStatus::Other("dancing".to_owned())), [true; 4]);
    assert_eq!(passes(PairStatus::CancelOnly), [false; 4]);
    assert_eq!(passes(PairStatus::PostOnly), [false, true, false, false]);
    assert_eq!(passes(PairStatus::LimitOnly), [true, true, false, true]);
    assert_eq!(passes(PairStatus::ReduceOnly), [false, false, false, true]);
    let closed = PairRules { status: PairStatus::CancelOnly, ..rules() };
    let broken = closed.check(&order()).expect_err("closed");
    assert_eq!((broken.rule, broken.value.as_str()), (Rule::PairStatus, "cancel_only"));
}

#[test]
fn leverage_is_one_of_the_pair_s_for_the_side() {
    let mut good = order();
    good.leverage = Some(3);
    assert_eq!(rules().check(&good), Ok(()));
    check(|o| o.leverage = Some(5), Rule::Leverage, "5", &["2", "3"]);
    let short = |o: &mut KrakenOrder| {
        o.side = Side::Sell;
        o.leverage = Some(3);
    };
    check(short, Rule::Leverage, "3", &["2"]);
    // The limit itself may be had, one lot more may not.
    good.size = Size::Base(quantity("80"));
    assert_eq!(rules().check(&good), Ok(()));
    let large = |o: &mut KrakenOrder| {
        o.leverage = Some(2);
        o.size = Size::Base(quantity("80.0001"));
    };
    check(large, Rule::PositionMax, "80.0001", &["80"]);
}

#[test]
fn what_does_not_go_together_is_named() {
    let combination = |change: fn(&mut KrakenOrder), value: &str| {
        let mut order = order();
        change(&mut order);
        let broken = rules().check(&order).expect_err(value);
        assert_eq!((broken.rule, broken.value.as_str()), (Rule::Combination, value), "{broken}");
    };
    combination(|o| o.symbol = Symbol::new("ETH/USD"), "ETH/USD");
    combination(|o| o.size = Size::Quote(Notional::parse("100").expect("valid")), "by cost");
    combination(|o| o.leverage = Some(1), "below 2");
    combination(
        |o| {
            o.kind = Kind::Market { protected: true };
            o.life = Life::Gtd(model::UnixNanos::from_secs(1));
        },
        "gtd",
    );
    combination(
        |o| {
            let price = PriceAt::Exactly(price("20000"));
            o.kind = Kind::Limit { price, post_only: true, shown: None };
            o.life = Life::Ioc;
        },
        "immediate",
    );
    combination(
        |o| {
            o.kind = Kind::Trailing {
                distance: Distance::Percent(price("1")),
                limit: Some(PriceAt::Exactly(price("5"))),
                by: Reference::Last,
            };
        },
        "5",
    );
    combination(|o| o.kind = Kind::SettlePosition, "none");
}

#[test]
fn an_iceberg_shows_a_fifteenth_or_more() {
    let iceberg = |shown: &str| {
        let mut order = order();
        let price = PriceAt::Exactly(price("20000"));
        order.kind = Kind::Limit { price, post_only: false, shown: Some(quantity(shown)) };
        rules().check(&order)
    };
    // A fifteenth of 0.01 is 0.000667.
    assert_eq!(iceberg("0.0007"), Ok(()));
    assert_eq!(iceberg("0.01"), Ok(()));
    for bad in ["0.0006", "0.0101", "0"] {
        let broken = iceberg(bad).expect_err(bad);
        assert_eq!(
            (broken.rule, &broken.valid[..]),
            (Rule::Shown, &["0.0007` to `0.01".to_owned()][..])
        );
    }
}

#[test]
fn an_order_by_cost_and_one_without_a_price() {
    let by_cost = |text: &str| {
        let mut order = order();
        order.kind = Kind::Market { protected: true };
        order.size = Size::Quote(Notional::parse(text).expect("valid"));
        rules().check(&order)
    };
    assert_eq!(by_cost("10"), Ok(()));
    assert_eq!(by_cost("9.99").expect_err("too little").valid, ["10"]);
    let mut market = order();
    market.kind = Kind::Market { protected: true };
    market.size = Size::Base(quantity("0.0005"));
    assert_eq!(rules().check(&market), Ok(()), "its cost is not known");
    market.kind = Kind::SettlePosition;
    market.leverage = Some(2);
    market.size = Size::Base(Quantity::ZERO);
    assert_eq!(rules().check(&market), Ok(()), "all of the position");
}

#[test]
fn changes_keep_the_rules_too() {
    let target = Target::Venue(VenueOrderId::new("O1"));
    let nothing = Amendment::of(target, Symbol::new("BTC/USD"));
    let check = |change: fn(&mut Amendment)| {
        let mut amendment = nothing.clone();
        change(&mut amendment);
        rules().check_amendment(&amendment).map_err(|broken| broken.rule)
    };
    assert_eq!(check(|_| {}), Err(Rule::Combination));
    assert_eq!(check(|c| c.limit = Some(PriceAt::Exactly(price("1.5")))), Ok(()));
    assert_eq!(check(|c| c.limit = Some(PriceAt::Exactly(price("1.2")))), Err(Rule::TickSize));
    assert_eq!(check(|c| c.trigger = Some(PriceAt::Exactly(price("1.2")))), Err(Rule::TickSize));
    assert_eq!(check(|c| c.quantity = Some(quantity("0.0001"))), Err(Rule::QuantityMin));
    assert_eq!(check(|c| c.shown = Some(Quantity::ZERO)), Err(Rule::Shown));
    let closed = PairRules { status: PairStatus::CancelOnly, ..rules() };
    let mut change = nothing;
    change.quantity = Some(quantity("1"));
    let broken = closed.check_amendment(&change).expect_err("closed");
    assert_eq!(broken.rule, Rule::PairStatus);
    let mut new = Replacement {
        order: VenueOrderId::new("O1"),
        symbol: Symbol::new("BTC/USD"),
        quantity: Some(quantity("1")),
        price: Some(PriceAt::Exactly(price("1.5"))),
        second_price: None,
        userref: None,
        post_only: false,
    };
    assert_eq!(rules().check_replacement(&new), Ok(()));
    new.second_price = Some(PriceAt::Exactly(price("1.2")));
    assert_eq!(rules().check_replacement(&new).expect_err("off").rule, Rule::TickSize);
}
