//! No look into the future, no other result on another thread, no unit of money lost.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use model::{Side, Symbol, Trade};

use super::*;
use crate::latency::{Latency, LatencyConfig};
use crate::record::{FillRecord, OrderRecord};

const EMA: &str = "ema-cross:fast=3,slow=8,qty=0.1,bar_s=5,patience_s=10";
const QUOTER: &str = "quoter:qty=0.05,distance_bps=3,inventory_max=0.5,every_s=2";

fn slow() -> BacktestConfig {
    let millis = Duration::from_millis;
    let drawn = |min, max| Latency::Uniform { min: millis(min), max: millis(max) };
    let mut config = config();
    config.venues[0].latency = LatencyConfig {
        feed: Latency::Constant(millis(3)),
        entry: drawn(1, 40),
        response: drawn(1, 40),
    };
    config.seed = 11;
    config
}

/// What is known of a run at a time: fills, and orders sent with what the venue had done to them.
fn until(result: &BacktestResult, end: UnixNanos) -> (Vec<FillRecord>, Vec<OrderRecord>) {
    let fills = result.fills.iter().filter(|fill| fill.ts <= end).collect();
    let sent = result.orders.iter().filter(|order| order.sent <= end);
    let orders = sent.map(|mut order| {
        order.arrived = order.arrived.filter(|at| *at <= end);
        if order.ended.is_none_or(|at| at > end) {
            // Totals of an order that still lives may change later.
            order.ended = None;
            order.state = model::OrderState::Open;
            order.reason = None;
            (order.filled, order.cost, order.fee) = Default::default();
        }
        if order.arrived.is_none() {
            order.venue_order_id = None;
        }
        order
    });
    (fills, orders.collect())
}

/// The same tape, with another future after a time.
fn altered(events: &[MarketEvent<'static>], end: UnixNanos) -> Vec<MarketEvent<'static>> {
    let mut events = events.to_vec();
    for event in &mut events {
        if let MarketEvent::Trade(row) = event
            && row.ts > end
        {
            row.price = Price::from_raw(row.price.raw() / 2).floor_to(Price::step(1));
            row.quantity = Quantity::from_raw(row.quantity.raw() * 3);
        }
    }
    events
}

#[test]
fn the_past_does_not_know_the_future() {
    let events = trades();
    for spec in [EMA, QUOTER] {
        for config in [config(), slow()] {
            let whole = run(&config, &events, spec);
            assert!(whole.fills.len() > 20, "{spec} trades: {}", whole.fills.len());
            for part in [3, 5, 9] {
                let end = events[events.len() * part / 10].ts();
                let other = run(&config, &altered(&events, end), spec);
                assert_eq!(until(&whole, end), until(&other, end), "{spec}");
                assert_ne!(whole.digest, other.digest, "the future matters after {part}/10");
                let points = |result: &BacktestResult| {
                    let points = result.equity.iter().filter(|point| point.ts <= end).cloned();
                    points.collect::<Vec<_>>()
                };
                assert_eq!(points(&whole), points(&other));
            }
        }
    }
}

#[test]
fn equal_runs_are_equal_on_any_thread() {
    let events = trades();
    let expected = run(&slow(), &events, QUOTER);
    let digests = thread::scope(|scope| {
        let run_one = |_| scope.spawn(|| run(&slow(), &events, QUOTER));
        let threads: Vec<_> = (0..4).map(run_one).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(digests.iter().all(|result| *result == expected));
    let mut other = slow();
    other.seed = 12;
    assert_ne!(run(&other, &events, QUOTER).digest, expected.digest, "latencies are drawn");
}

/// The same in every process, on every machine: a change of this value is a change of results.
#[test]
fn the_digest_of_a_run_is_pinned() {
    let result = run(&slow(), &trades(), QUOTER);
    assert_eq!(values(&result), "c9ebee07454a361c", "orders and fills");
    assert_eq!(result.digest.to_string(), "8b621924bdeaa138", "and how they are kept");
}

/// A fingerprint of the orders and fills as a user sees them, whatever they are kept in.
fn values(result: &BacktestResult) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut number = |value: i128| {
        hasher.update(&value.to_le_bytes());
    };
    for order in result.orders.iter() {
        number(order.sent.as_nanos().into());
        number(order.ended.map_or(-1, UnixNanos::as_nanos).into());
        number(order.request.quantity.raw().into());
        number(order.filled.raw().into());
        number(order.cost.raw());
        number(order.fee.raw());
        number(i128::from(order.request.side == Side::Sell));
    }
    for fill in &result.fills {
        number(fill.ts.as_nanos().into());
        number(i128::try_from(fill.order).unwrap());
        number(fill.price.raw().into());
        number(fill.quantity.raw().into());
        number(fill.fee.raw());
        number(fill.cash.raw());
        number(i128::from(fill.liquidity == model::Liquidity::Maker));
    }
    for order in result.orders.iter() {
        hasher.update(order.request.client_order_id.as_bytes());
        hasher.update(order.state.as_str().as_bytes());
    }
    let digest = hasher.finalize().to_hex();
    digest[..16].to_owned()
}

#[test]
fn cash_and_position_follow_the_fills_to_the_last_unit() {
    let mut swept = 0;
    // The second one takes several levels at once.
    for spec in [QUOTER, "ema-cross:fast=2,slow=5,qty=1,bar_s=5,patience_s=1"] {
        let result = run(&slow(), &trades(), spec);
        follows(&result);
        let fills: Vec<_> = result.fills.iter().collect();
        swept += fills.windows(2).filter(|pair| pair[0].order == pair[1].order).count();
    }
    assert!(swept > 10, "{swept}");
}

fn follows(result: &BacktestResult) {
    let of = |balances: &BTreeMap<Asset, Notional>, name: &str| balances[&Asset::new(name)].raw();
    let (mut cash, mut base) = (of(&result.initial[0], "USD"), of(&result.initial[0], "BTC"));
    for fill in &result.fills {
        let cost = Notional::of(fill.price, fill.quantity).raw();
        let amount = Notional::from_quantity(fill.quantity).raw();
        let sign = if fill.side == Side::Buy { 1 } else { -1 };
        cash -= sign * cost + fill.fee.raw();
        base += sign * amount;
        assert_eq!((cash, base), (fill.cash.raw(), fill.base.raw()));
    }
    assert_eq!((cash, base), (of(&result.balances[0], "USD"), of(&result.balances[0], "BTC")));
    let last = result.equity.last().unwrap();
    let value = i128::from(last.marks[0].price.raw()) * (base / 1_000_000_000);
    assert_eq!(last.equity.raw(), cash + value);
}

#[test]
fn an_order_never_meets_the_trade_that_caused_it() {
    let result = run(&slow(), &trades(), EMA);
    let orders: Vec<_> = result.orders.iter().collect();
    for order in &orders {
        let arrived = order.arrived.expect("the tape goes on");
        let took = arrived.since(order.sent);
        assert!(
            (Duration::from_millis(1)..=Duration::from_millis(120)).contains(&took),
            "{took:?}"
        );
    }
    for fill in &result.fills {
        assert!(fill.ts >= orders[fill.order].arrived.unwrap());
    }
}

#[test]
fn a_tape_that_goes_back_in_time_is_refused() {
    let mut events = trades();
    events.swap(10, 500);
    let tape = events.into_iter().map(Ok::<_, Infallible>);
    let error = Backtest::new(config()).unwrap().run(tape, strategy("no-op")).unwrap_err();
    assert!(error.to_string().starts_with("event 12 of tape 1 is of `"), "{error}");
}

/// Orders the same again whenever it is refused.
#[derive(Debug)]
struct Stubborn;

impl Strategy for Stubborn {
    fn on_trade(&mut self, trade: &Trade, desk: &mut engine::Desk<'_>) {
        again(&trade.symbol, desk);
    }

    fn on_order(&mut self, order: &engine::Order, desk: &mut engine::Desk<'_>) {
        again(&order.request().symbol, desk);
    }
}

fn again(symbol: &Symbol, desk: &mut engine::Desk<'_>) {
    let size = Quantity::parse("1000").unwrap();
    desk.place(symbol, Side::Buy, model::OrderKind::Market, size, model::TimeInForce::Ioc);
}

#[test]
fn a_strategy_that_never_stops_is_stopped() {
    let tape = trades().into_iter().map(Ok::<_, Infallible>);
    let error = Backtest::new(config()).unwrap().run(tape, Box::new(Stubborn)).unwrap_err();
    assert!(matches!(error, RunError::Flood(_)), "{error}");
}

#[test]
fn every_bad_setting_is_named() {
    let check = |change: fn(&mut BacktestConfig), message: &str| {
        let mut config = config();
        change(&mut config);
        let error = Backtest::new(config).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    check(|c| c.equity_every = Duration::ZERO, "`equity_every`");
    check(|c| c.venues[0].latency.entry = Latency::Constant(Duration::MAX), "`latency.entry`");
    check(|c| c.venues[0].fees.maker_ppm = 1_000_000, "1000000 ppm");
    check(|c| c.venues[0].funding = matching::Funding::Margin { leverage: 0 }, "leverage of 0");
}
