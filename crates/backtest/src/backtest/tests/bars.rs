//! Bars by hand: which price an order gets on the way.

use std::time::Duration;

use engine::Desk;
use matching::{Liquidity, PrintRule};
use model::{Bar, OrderKind, Side, Symbol, TimeInForce, Trigger};

use super::*;
use crate::config::IntrabarPath;

/// Places some orders when the first bar has closed.
#[derive(Debug)]
struct Once(Vec<(Side, OrderKind, bool)>);

impl Strategy for Once {
    fn on_bar(&mut self, symbol: &Symbol, _bar: &Bar, desk: &mut Desk<'_>) {
        for (side, kind, reduce_only) in self.0.drain(..) {
            let (size, gtc) = (Quantity::parse("0.1").unwrap(), TimeInForce::Gtc);
            if reduce_only {
                desk.place_reduce_only(symbol, side, kind, size, gtc);
            } else {
                desk.place(symbol, side, kind, size, gtc);
            }
        }
    }
}

fn px(price: i64) -> Price {
    Price::from_raw(price * 1_000_000_000)
}

fn bars(prices: &[[i64; 4]]) -> Vec<MarketEvent> {
    let bar = |(at, [open, high, low, close]): (i64, &[i64; 4])| {
        MarketEvent::Bar(Bar {
            start: UnixNanos::from_secs(at * 60),
            length: Duration::from_secs(60),
            open: px(*open),
            high: px(*high),
            low: px(*low),
            close: px(*close),
            volume: Quantity::parse("4").unwrap(),
        })
    };
    (0..).zip(prices).map(bar).collect()
}

/// Fills as `time: side price`, the time in seconds.
fn fills(
    rule: PrintRule,
    path: IntrabarPath,
    orders: Vec<(Side, OrderKind, bool)>,
    second: [i64; 4],
) -> Vec<String> {
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(rule);
    config.path = path;
    let tape = bars(&[[100, 101, 99, 100], second]).into_iter().map(Ok::<_, Infallible>);
    let result = Backtest::new(config).unwrap().run(tape, Box::new(Once(orders))).unwrap();
    let line = |fill: &crate::record::FillRecord| {
        format!("{}: {} {}", fill.ts.secs(), fill.side, fill.price)
    };
    result.fills.iter().map(line).collect()
}

fn limit(price: i64) -> OrderKind {
    OrderKind::Limit { price: px(price), post_only: false }
}

fn wait(trigger: Trigger, price: i64, limit: Option<i64>) -> OrderKind {
    OrderKind::Triggered { trigger, price: px(price), limit: limit.map(px) }
}

#[test]
fn a_market_order_gets_the_next_open_or_the_close() {
    let order = || vec![(Side::Buy, OrderKind::Market, false)];
    let next = fills(PrintRule::Next, IntrabarPath::LowFirst, order(), [103, 110, 90, 105]);
    assert_eq!(next, ["60: buy 103"]);
    let last = fills(PrintRule::Last, IntrabarPath::LowFirst, order(), [103, 110, 90, 105]);
    assert_eq!(last, ["59: buy 100"]);
}

#[test]
fn a_limit_gets_its_price_on_the_way_and_a_better_open() {
    let check = |price, open, expected: &[&str]| {
        let order = vec![(Side::Buy, limit(price), false)];
        let found = fills(PrintRule::Next, IntrabarPath::HighFirst, order, [open, 110, 90, 100]);
        assert_eq!(found, expected);
    };
    check(95, 100, &["100: buy 95"]);
    check(95, 93, &["60: buy 93"]);
    check(90, 100, &["100: buy 90"]);
    check(89, 100, &[]);
}

#[test]
fn a_stop_gets_its_trigger_on_the_way_and_a_worse_open() {
    let check = |open, limit, expected: &[&str]| {
        let order = vec![(Side::Sell, wait(Trigger::StopLoss, 95, limit), false)];
        let found = fills(PrintRule::Next, IntrabarPath::HighFirst, order, [open, 110, 90, 100]);
        assert_eq!(found, expected);
    };
    check(100, None, &["100: sell 95"]);
    check(93, None, &["60: sell 93"]);
    // The open is below the limit: it rests until the market comes back.
    check(93, Some(94), &["80: sell 94"]);
    check(100, Some(94), &["100: sell 95"]);
}

#[test]
fn the_path_decides_between_stop_and_target() {
    let orders = || {
        let stop = (Side::Sell, wait(Trigger::StopLoss, 95, None), true);
        let target = (Side::Sell, wait(Trigger::TakeProfit, 105, None), true);
        vec![stop, target]
    };
    let check = |path, high, low, first: &str| {
        let found = fills(PrintRule::Next, path, orders(), [100, high, low, 100]);
        assert_eq!(found[0], first, "{path:?}");
    };
    check(IntrabarPath::HighFirst, 110, 90, "80: sell 105");
    check(IntrabarPath::LowFirst, 110, 90, "80: sell 95");
    check(IntrabarPath::NearestFirst, 106, 90, "80: sell 105");
    check(IntrabarPath::NearestFirst, 110, 94, "80: sell 95");
    // The account owns something, so that the low is worse for it.
    check(IntrabarPath::WorstFirst, 106, 90, "80: sell 95");
}

#[test]
fn a_bar_that_contradicts_itself_is_refused() {
    let tape = bars(&[[100, 99, 98, 100]]).into_iter().map(Ok::<_, Infallible>);
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    let error = Backtest::new(config).unwrap().run(tape, strategy("no-op")).unwrap_err();
    assert!(matches!(error, RunError::Bar { tape: 1, number: 1 }), "{error}");
}
