//! Bars by hand: which price an order gets on the way.

use std::time::Duration;

use engine::{Desk, Wants};
use matching::{Liquidity, PrintRule};
use model::{Bar, OrderKind, Side, Symbol, TimeInForce, Trigger};

use super::*;
use crate::config::IntrabarPath;
use crate::event::TradeRow;
use crate::shared::SharedTape;

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

pub(super) fn px(price: i64) -> Price {
    Price::from_raw(price * 1_000_000_000)
}

pub(super) fn bars(prices: &[[i64; 4]]) -> Vec<MarketEvent<'static>> {
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
    let line = |fill: crate::record::FillRecord| {
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
fn what_is_booked_late_is_of_the_close_but_paid_after_the_point() {
    let order = || vec![(Side::Buy, OrderKind::Market, false)];
    let close = fills(PrintRule::Close, IntrabarPath::LowFirst, order(), [103, 110, 90, 105]);
    assert_eq!(close, ["59: buy 100"]);
    let points = |rule| {
        let mut config = config();
        config.venues[0].instruments[0].liquidity = Liquidity::Prints(rule);
        config.equity_every = Duration::from_secs(60);
        let tape = bars(&[[100, 101, 99, 100], [103, 110, 90, 105]]);
        let tape = tape.into_iter().map(Ok::<_, Infallible>);
        let result = Backtest::new(config).unwrap().run(tape, Box::new(Once(order()))).unwrap();
        result.equity.iter().map(|point| point.equity.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(points(PrintRule::Close)[1], "100100");
    assert_eq!(points(PrintRule::Last)[1], "100099.96", "the fee is paid at once");
    assert_eq!(points(PrintRule::Close)[2], points(PrintRule::Last)[2]);
}

/// Plays bars to a margin account of so many USD, with an equity point for each bar.
fn margin(
    usd: &str,
    orders: Vec<(Side, OrderKind, bool)>,
    prices: &[[i64; 4]],
    change: impl FnOnce(&mut BacktestConfig),
) -> BacktestResult {
    let mut config = config();
    let venue = &mut config.venues[0];
    venue.instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    venue.balances = [(Asset::new("USD"), Notional::parse(usd).unwrap())].into();
    venue.funding = matching::Funding::Margin { leverage: 10 };
    venue.fees = FeeRates::of_ppm(0, 0);
    config.path = IntrabarPath::WorstFirst;
    config.equity_every = Duration::from_secs(60);
    change(&mut config);
    let tape = bars(prices).into_iter().map(Ok::<_, Infallible>);
    Backtest::new(config).unwrap().run(tape, Box::new(Once(orders))).unwrap()
}

/// The first extreme turns the position: the other one comes all the same.
#[test]
fn the_worst_path_visits_both_extremes() {
    let orders = vec![
        (Side::Buy, wait(Trigger::StopLoss, 103, None), false),
        (Side::Sell, wait(Trigger::StopLoss, 95, None), false),
    ];
    let result = margin("1000", orders, &[[100; 4], [100, 104, 90, 100]], |_| {});
    let fills: Vec<_> =
        result.fills.iter().map(|fill| (fill.ts.secs(), fill.price.to_string())).collect();
    assert_eq!(fills, [(80, "103".to_owned()), (100, "95".to_owned())]);
}

#[test]
fn what_is_held_at_the_end_is_closed_at_the_open_of_the_last_bar() {
    let order = || vec![(Side::Buy, OrderKind::Market, false)];
    let prices = [[100; 4], [100, 100, 100, 100], [100; 4], [97, 99, 90, 98]];
    let open = margin("1000", order(), &prices, |_| {});
    assert_eq!((open.fills.len(), open.fills.iter().next().unwrap().bar), (1, Some(1)));
    let closed = margin("1000", order(), &prices, |config| config.finalize = true);
    let last = closed.fills.iter().last().unwrap();
    assert_eq!((last.ts.secs(), last.price, last.bar), (180, px(97), Some(3)));
    assert!(last.base.is_zero());
    let trips = crate::trips::round_trips(&closed.fills);
    assert_eq!((trips[0].entry_bar, trips[0].exit_bar), (Some(1), Some(3)));
    // 0.1 × (97 − 100), where the open position has 0.1 × (98 − 100).
    assert_eq!(closed.equity.last().unwrap().equity.to_string(), "999.7");
    assert_eq!(open.equity.last().unwrap().equity.to_string(), "999.8");
}

#[test]
fn a_run_ends_at_zero_when_nothing_is_left() {
    let order = || vec![(Side::Buy, OrderKind::Market, false)];
    let prices = [[100; 4], [100; 4], [100, 100, 40, 40], [40; 4], [90; 4], [95; 4]];
    let goes_on = margin("5", order(), &prices, |_| {});
    assert_eq!((goes_on.ruined, goes_on.equity.len()), (None, 7));
    let ruined = margin("5", order(), &prices, |config| config.stop_when_ruined = true);
    assert!(ruined.ruined.is_some());
    let equity: Vec<_> = ruined.equity.iter().map(|point| point.equity.to_string()).collect();
    assert_eq!(equity, ["5", "5", "5", "0"]);
    let last = ruined.fills.iter().last().unwrap();
    assert_eq!((last.price, last.base.is_zero()), (px(40), true));
    // Also on the very last bar.
    let last = margin("5", order(), &prices[..3], |config| config.stop_when_ruined = true);
    assert_eq!(last.equity.last().unwrap().equity, Notional::ZERO);
}

/// Buys when a print is large.
#[derive(Debug)]
struct Greedy;

impl Strategy for Greedy {
    fn on_trade(&mut self, trade: &model::Trade, desk: &mut Desk<'_>) {
        if trade.quantity.is_positive() {
            let one = Quantity::parse("0.1").unwrap();
            desk.place(&trade.symbol, Side::Buy, OrderKind::Market, one, TimeInForce::Gtc);
        }
    }
}

#[test]
fn how_much_was_traded_is_not_known_before_the_close() {
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    let tape = bars(&[[100, 101, 99, 100], [100; 4]]).into_iter().map(Ok::<_, Infallible>);
    let result = Backtest::new(config).unwrap().run(tape, Box::new(Greedy)).unwrap();
    let sent: Vec<_> = result.orders.iter().map(|order| order.sent.secs()).collect();
    assert_eq!(sent, [59, 119]);
}

#[test]
fn a_bar_that_contradicts_itself_is_refused() {
    let tape = bars(&[[100, 99, 98, 100]]).into_iter().map(Ok::<_, Infallible>);
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    let error = Backtest::new(config).unwrap().run(tape, strategy("no-op")).unwrap_err();
    assert!(matches!(error, RunError::Bar { tape: 1, number: 1 }), "{error}");
}

/// Also where it is one of several kinds in memory, of which most need no such look.
#[test]
fn a_bar_among_trades_that_contradicts_itself_is_refused() {
    let mut tape = SharedTape::default();
    let [good, bad] = bars(&[[100; 4], [100, 99, 98, 100]]).try_into().unwrap();
    let ts = bad.ts();
    let (price, quantity) = (px(100), Quantity::step(0));
    let trade = TradeRow { ts, price, quantity, taker_side: None, trade_id: None };
    tape.extend([good, MarketEvent::Trade(trade), bad]);
    let mut config = config();
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    let backtest = Backtest::new(config).unwrap();
    let error = backtest.run_shared(vec![tape.iter()], strategy("no-op")).unwrap_err();
    assert!(matches!(error, RunError::Bar { tape: 1, number: 3 }), "{error}");
}

/// At every seventh bar a market order, at every ninth a limit below it, at every eleventh a stop above it.
#[derive(Debug)]
struct Busy {
    wants: Wants,
    bars: u32,
}

impl Strategy for Busy {
    fn wants(&self) -> Wants {
        self.wants
    }

    fn on_bar(&mut self, symbol: &Symbol, bar: &Bar, desk: &mut Desk<'_>) {
        self.bars += 1;
        let (size, gtc) = (Quantity::parse("0.1").unwrap(), TimeInForce::Gtc);
        let market = desk.market(symbol).expect("a bar has prices");
        assert_eq!(market.bid.map(|level| level.price), Some(bar.close));
        let last = market.last_trade.as_ref().map_or(bar.close, |trade| trade.price);
        let side = if self.bars.is_multiple_of(2) { Side::Buy } else { Side::Sell };
        let away = |by: i64| Price::from_raw(last.raw() + by * 1_000_000_000);
        if self.bars.is_multiple_of(7) {
            desk.place(symbol, side, OrderKind::Market, size, gtc);
        }
        if self.bars.is_multiple_of(9) {
            let kind = OrderKind::Limit { price: away(-3), post_only: false };
            desk.place(symbol, Side::Buy, kind, size, gtc);
        }
        if self.bars.is_multiple_of(11) {
            let (trigger, price) = (Trigger::StopLoss, away(4));
            let kind = OrderKind::Triggered { trigger, price, limit: None };
            desk.place(symbol, Side::Buy, kind, size, gtc);
        }
    }
}

/// A walk of 500 bars; some stand still without a trade, some are missing.
pub(super) fn walk(first: i64, mut state: u64) -> Vec<MarketEvent<'static>> {
    let mut draw = |below: i64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % below
    };
    let mut close = 1_000;
    let mut events = Vec::new();
    for at in 0..500 {
        let open = close + draw(3) - 1;
        close = open + draw(9) - 4;
        let (high, low) = (open.max(close) + draw(3), open.min(close) - draw(3));
        let volume = Quantity::from_raw(draw(3) * 400_000_000);
        if draw(10) > 0 {
            let (start, length) = (UnixNanos::from_secs(first + at * 60), Duration::from_secs(60));
            let [open, high, low, close] = [open, high, low, close].map(px);
            events.push(MarketEvent::Bar(Bar { start, length, open, high, low, close, volume }));
        }
    }
    events
}

#[test]
fn what_nobody_looks_at_may_be_skipped() {
    let mut fills = 0;
    for equity_every in [20, 60, 90, 86_400].map(Duration::from_secs) {
        for latency in [0, 2, 70].map(Duration::from_secs) {
            let mut config = portfolio::two_venues();
            config.venues.truncate(1);
            config.equity_every = equity_every;
            for instrument in &mut config.venues[0].instruments {
                instrument.liquidity = Liquidity::Prints(PrintRule::Next);
            }
            config.venues[0].latency.feed = crate::latency::Latency::Constant(latency);
            config.venues[0].latency.entry = crate::latency::Latency::Constant(latency / 2);
            let run = |wants, tapes: [Vec<MarketEvent<'static>>; 2]| {
                let tapes = tapes.map(|tape| tape.into_iter().map(Ok::<_, Infallible>));
                let strategy = Box::new(Busy { wants, bars: 0 });
                Backtest::new(config.clone()).unwrap().run_all(tapes.into(), strategy).unwrap()
            };
            for second in [Vec::new(), walk(0, 2), walk(30, 3)] {
                let [all, bars] =
                    [Wants::ALL, Wants::BARS].map(|wants| run(wants, [walk(0, 1), second.clone()]));
                assert_eq!(all, bars, "{equity_every:?} {latency:?}");
                fills += all.fills.len();
            }
        }
    }
    assert!(fills > 1_000, "there was something to get wrong: {fills}");
}
