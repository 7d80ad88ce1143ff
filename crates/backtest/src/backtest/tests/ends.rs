//! How a run ends: nothing is held that was not held before.

use std::time::Duration;

use engine::Desk;
use matching::{FeeRates, Liquidity, PrintRule};
use model::{OrderKind, Side, Symbol, TimeInForce, Trade};

use super::bars::{bars, px};
use super::marks::depth;
use super::portfolio::{tape, two_quotes};
use super::*;
use crate::shared::SharedTape;

/// Buys a tenth of each market when it trades first.
#[derive(Debug, Default)]
struct BuysEach(Vec<Symbol>);

impl Strategy for BuysEach {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        if !self.0.contains(&trade.symbol) {
            self.0.push(trade.symbol.clone());
            let size = Quantity::parse("0.1").unwrap();
            desk.place(&trade.symbol, Side::Buy, OrderKind::Market, size, TimeInForce::Ioc);
        }
    }
}

fn owned(result: &BacktestResult, asset: &str) -> String {
    result.balances[0][&Asset::new(asset)].to_string()
}

#[test]
fn at_the_end_the_account_holds_what_it_held_before() {
    for before in ["0", "1"] {
        let mut config = config();
        config.finalize = true;
        config.venues[0].balances.insert(Asset::new("BTC"), Notional::parse(before).unwrap());
        let tape = tape(&[(1, 100), (2, 100), (9, 120)]).into_iter().map(Ok::<_, Infallible>);
        let strategy = Box::new(BuysEach::default());
        let result = Backtest::new(config).unwrap().run(tape, strategy).unwrap();
        assert_eq!((result.fills.len(), owned(&result, "BTC").as_str()), (2, before));
        let exposure = crate::stats::Stats::new(&result, 365.0).exposure;
        assert!((exposure - 1.0).abs() < 1e-12, "{exposure}: from the first event to the last");
    }
}

/// The book goes on where nobody trades any more, and is where the position is closed.
#[test]
fn the_last_point_shows_what_is_owned_at_the_end() {
    for every in [1, 4, 60] {
        let mut config = config();
        config.finalize = true;
        config.venues[0].instruments[0].liquidity = Liquidity::Recorded;
        config.equity_every = Duration::from_secs(every);
        let mut events = vec![depth(1, 99, 101)];
        events.extend(tape(&[(2, 100), (3, 100)]));
        events.extend((4..20).map(|second| depth(second, 149, 151)));
        let source = events.into_iter().map(Ok::<_, Infallible>);
        let backtest = Backtest::new(config).unwrap();
        let result = backtest.run(source, Box::new(BuysEach::default())).unwrap();
        let sold = result.fills.iter().last().unwrap();
        assert_eq!((sold.side, sold.price, sold.ts.secs()), (Side::Sell, px(149), 19));
        let last = result.equity.last().unwrap();
        let (cash, one) = (&result.balances[0][&Asset::new("USD")], &last.marks[0]);
        assert_eq!((one.price, one.base.to_string().as_str()), (px(100), "1"));
        let hundred = Notional::parse("100").unwrap();
        assert_eq!(cash.checked_add(hundred), Some(last.equity), "every {every}");
        let times: Vec<_> = result.equity.iter().map(|point| point.ts).collect();
        assert!(times.is_sorted(), "{times:?}");
        // Of an interval that had a price, the point has the time of that.
        assert_eq!(last.ts.secs(), if every == 60 { 3 } else { 19 });
    }
}

/// Ether is sold for bitcoin, and then the bitcoin that came of it.
#[test]
fn what_is_quoted_in_another_asset_is_closed_before_that() {
    let mut config = two_quotes();
    config.finalize = true;
    config.venues[0].fees = FeeRates::of_ppm(0, 0);
    let tapes = [tape(&[(1, 100), (3, 100), (9, 100)]), tape(&[(2, 3), (4, 3), (9, 5)])];
    let tapes = tapes.map(|tape| tape.into_iter().map(Ok::<_, Infallible>));
    let result = Backtest::new(config)
        .unwrap()
        .run_all(tapes.into(), Box::new(BuysEach::default()))
        .unwrap();
    let markets: Vec<_> = result.fills.iter().map(|fill| (fill.market, fill.side)).collect();
    assert_eq!(markets[2..], [(1, Side::Sell), (0, Side::Sell)], "{markets:?}");
    assert_eq!([owned(&result, "ETH"), owned(&result, "BTC")], ["2", "1"]);
}

/// Bars that were gone over at once have opens, too.
#[test]
fn a_position_is_closed_at_the_open_of_the_last_bar() {
    let mut config = config();
    config.finalize = true;
    config.equity_every = Duration::from_hours(24);
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    // It falls, and rises to the end.
    let open = |at: i64| 100 + (at - 10).abs();
    let prices: Vec<_> = (0..40).map(|at| [open(at), 200, 50, open(at)]).collect();
    let shared: SharedTape = bars(&prices).into_iter().collect();
    let spec = "sma-cross:fast=1,slow=2,qty=0.1";
    let backtest = Backtest::new(config).unwrap();
    let result = backtest.run_shared(vec![shared.iter()], strategy(spec)).unwrap();
    let last = result.fills.iter().last().unwrap();
    assert_eq!((last.side, last.price, last.ts.secs()), (Side::Sell, px(129), 39 * 60));
}

/// All that there was is gone, to the last cent.
#[test]
fn an_account_that_is_worth_nothing_is_ruined() {
    let check = |price: i64, ruined: Option<i64>| {
        let mut config = config();
        config.stop_when_ruined = true;
        config.equity_every = Duration::from_secs(1);
        config.venues[0].balances = [(Asset::new("USD"), Notional::parse("10").unwrap())].into();
        config.venues[0].fees = FeeRates::of_ppm(0, 0);
        config.venues[0].funding = matching::Funding::Margin { leverage: 10 };
        config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
        let rows = tape(&[(1, 200), (2, 200), (3, price), (5, price), (6, price)]);
        let result = Backtest::new(config)
            .unwrap()
            .run(rows.into_iter().map(Ok::<_, Infallible>), Box::new(BuysEach::default()))
            .unwrap();
        assert_eq!(result.ruined.map(UnixNanos::secs), ruined, "{price}");
    };
    check(101, None);
    check(100, Some(3));
}
