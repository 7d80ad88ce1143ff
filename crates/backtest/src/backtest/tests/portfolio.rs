//! Several instruments and two venues in one portfolio.

use std::time::Duration;

use engine::{Desk, Order};
use model::{OrderKind, Side, Symbol, TimeInForce, Trade};

use super::*;
use crate::config::VenueConfig;
use crate::event::TradeRow;
use crate::latency::Latency;

fn instrument(symbol: &str, base: &str, quote: &str) -> Instrument {
    let (symbol, base, quote) = (Symbol::new(symbol), Asset::new(base), Asset::new(quote));
    Instrument { symbol, base, quote, cost_min: Notional::ZERO, ..bitcoin() }
}

fn money(amounts: &[(&str, &str)]) -> BTreeMap<Asset, Notional> {
    let amount = |(asset, text): &(&str, &str)| (Asset::new(asset), Notional::parse(text).unwrap());
    amounts.iter().map(amount).collect()
}

/// Bitcoin and ether in dollars on one venue, bitcoin in tethers on another, which are dollars here.
pub(super) fn two_venues() -> BacktestConfig {
    let near = vec![instrument("BTC/USD", "BTC", "USD"), instrument("ETH/USD", "ETH", "USD")];
    let far = vec![instrument("far:BTC/USDT", "BTC", "USDT")];
    let mut config = config();
    config.at_par = vec![Asset::new("USDT")];
    config.venues = vec![
        VenueConfig::spot("near", near, money(&[("USD", "10000"), ("ETH", "2")])),
        VenueConfig::spot("far", far, money(&[("USDT", "5000"), ("BTC", "0.5")])),
    ];
    config.venues[1].fees = FeeRates::of_ppm(1_000, 1_000);
    config.venues[1].latency.entry = Latency::Constant(Duration::from_secs(2));
    config.equity_every = Duration::from_secs(1);
    config
}

fn tape(rows: &[(i64, i64)]) -> Vec<MarketEvent<'static>> {
    let row = |(second, price): &(i64, i64)| {
        MarketEvent::Trade(TradeRow {
            ts: UnixNanos::from_secs(*second),
            price: Price::from_raw(price * 1_000_000_000),
            quantity: Quantity::parse("1").unwrap(),
            taker_side: Some(Side::Buy),
            trade_id: None,
        })
    };
    rows.iter().map(row).collect()
}

fn tapes() -> [Vec<MarketEvent<'static>>; 3] {
    [
        tape(&[(1, 100), (3, 100), (5, 100), (9, 100)]),
        tape(&[(1, 10), (4, 10), (9, 20)]),
        tape(&[(2, 200), (3, 200), (6, 200), (9, 300)]),
    ]
}

/// Orders once, when its market trades first, and notes what it saw.
#[derive(Debug)]
struct Notes {
    orders: Vec<(Symbol, Side)>,
    seen: Vec<String>,
    into: std::sync::mpsc::SyncSender<Vec<String>>,
}

impl Strategy for Notes {
    fn on_trade(&mut self, trade: &Trade, desk: &mut Desk<'_>) {
        self.seen.push(format!("{} {} {}", trade.venue_ts.secs(), trade.symbol, trade.price));
        self.orders.retain(|(symbol, side)| {
            let (kind, size) = (OrderKind::Market, Quantity::parse("0.1").unwrap());
            if trade.symbol == *symbol {
                desk.place(symbol, *side, kind, size, TimeInForce::Ioc);
            }
            trade.symbol != *symbol
        });
    }

    fn on_order(&mut self, order: &Order, _desk: &mut Desk<'_>) {
        let request = order.request();
        self.seen.push(format!("{} {} {}", request.symbol, request.side, order.state()));
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        self.into.send(std::mem::take(&mut self.seen)).unwrap();
    }
}

fn played(config: BacktestConfig, orders: &[(&str, Side)]) -> (BacktestResult, Vec<String>) {
    let (into, notes) = std::sync::mpsc::sync_channel(1);
    let orders = orders.iter().map(|(symbol, side)| (Symbol::new(symbol), *side)).collect();
    let strategy = Box::new(Notes { orders, seen: Vec::new(), into });
    let tapes = tapes().map(|tape| tape.into_iter().map(Ok::<_, Infallible>));
    let result = Backtest::new(config).unwrap().run_all(tapes.into(), strategy).unwrap();
    (result, notes.recv().unwrap())
}

#[test]
fn markets_are_heard_by_time_and_at_one_time_by_number() {
    let (_, seen) = played(two_venues(), &[]);
    let expected = [
        "1 BTC/USD 100",
        "1 ETH/USD 10",
        "2 far:BTC/USDT 200",
        "3 BTC/USD 100",
        "3 far:BTC/USDT 200",
        "4 ETH/USD 10",
        "5 BTC/USD 100",
        "6 far:BTC/USDT 200",
        "9 BTC/USD 100",
        "9 ETH/USD 20",
        "9 far:BTC/USDT 300",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn each_venue_has_its_money_its_fees_and_its_latency() {
    let orders = [("BTC/USD", Side::Buy), ("far:BTC/USDT", Side::Sell)];
    let (result, _) = played(two_venues(), &orders);
    let line = |fill: crate::record::FillRecord| {
        let (at, side) = (fill.ts.secs(), fill.side);
        format!("{at}: {} {side} {} for {}", fill.market, fill.quantity, fill.fee)
    };
    let fills: Vec<_> = result.fills.iter().map(line).collect();
    // The far venue hears of its order after two seconds.
    assert_eq!(fills.len(), 2, "{fills:?}");
    assert!(fills[0].starts_with("1: 0 buy 0.1 for 0"), "{fills:?}");
    assert!(fills[1].starts_with("4: 2 sell 0.1 for 0.0"), "{fills:?}");
    let amount = |venue: usize, asset: &str| result.balances[venue][&Asset::new(asset)].to_string();
    assert_eq!((amount(0, "BTC").as_str(), amount(1, "BTC").as_str()), ("0.1", "0.4"));
    let fees: Vec<_> = result.fills.iter().map(|fill| fill.fee.raw() > 0).collect();
    assert_eq!(fees, [false, true]);
}

#[test]
fn the_portfolio_counts_everything_at_its_own_last_price() {
    let (result, _) = played(two_venues(), &[]);
    let points: Vec<_> =
        result.equity.iter().map(|p| format!("{}: {}", p.ts.secs(), p.equity)).collect();
    // 10000 USD + 2 ETH at 10, 5000 USDT + 0.5 BTC at 200; before the far bitcoin has a price of
    // its own, nobody's bitcoin is worth anything here, and the curve has not begun.
    let expected =
        ["2: 15120", "2: 15120", "3: 15120", "4: 15120", "5: 15120", "6: 15120", "9: 15190"];
    assert_eq!(points, expected);
    let marks = &result.equity.last().unwrap().marks;
    assert_eq!(
        marks.iter().map(|mark| mark.base.to_string()).collect::<Vec<_>>(),
        ["0", "2", "0.5"]
    );
}

#[test]
fn a_portfolio_that_cannot_be_counted_is_refused() {
    let check = |change: fn(&mut BacktestConfig), message: &str| {
        let mut config = two_venues();
        change(&mut config);
        assert_eq!(Backtest::new(config).unwrap_err().to_string(), message);
    };
    check(
        |c| c.at_par.clear(),
        "`far:BTC/USDT` is quoted in `USDT`: expected `USD`, or an asset of `at_par`",
    );
    check(
        |c| c.venues[0].balances = money(&[("DOGE", "1")]),
        "`DOGE` is owned, but no instrument gives it a price",
    );
    check(
        |c| c.venues[1].instruments[0].instrument.symbol = Symbol::new("ETH/USD"),
        "two instruments are called `ETH/USD`",
    );
    check(|c| c.venues.clear(), "0 venues: expected 1 to 8");
    check(
        |c| c.venues.iter_mut().for_each(|venue| venue.instruments.clear()),
        "0 instruments: expected 1 to 64",
    );
}

#[test]
fn each_market_needs_its_tape() {
    let tape = trades().into_iter().map(Ok::<_, Infallible>);
    let error = Backtest::new(two_venues()).unwrap().run(tape, strategy("no-op")).unwrap_err();
    assert_eq!(error.to_string(), "1 tapes for 3 markets");
}

#[test]
fn bars_of_two_markets_walk_together() {
    let bar = |start: i64, open: i64| {
        let px = |price: i64| Price::from_raw(price * 1_000_000_000);
        MarketEvent::Bar(Bar {
            start: UnixNanos::from_secs(start),
            length: Duration::from_secs(60),
            open: px(open),
            high: px(open + 2),
            low: px(open - 1),
            close: px(open + 1),
            volume: Quantity::parse("4").unwrap(),
        })
    };
    let mut config = two_venues();
    config.venues.truncate(1);
    for instrument in &mut config.venues[0].instruments {
        instrument.liquidity = matching::Liquidity::Prints(matching::PrintRule::Next);
    }
    let (into, notes) = std::sync::mpsc::sync_channel(1);
    let strategy = Box::new(Notes { orders: Vec::new(), seen: Vec::new(), into });
    let tapes = [vec![bar(0, 100), bar(60, 110)], vec![bar(30, 10)]];
    let tapes = tapes.map(|tape| tape.into_iter().map(Ok::<_, Infallible>));
    let result = Backtest::new(config).unwrap().run_all(tapes.into(), strategy).unwrap();
    let expected = [
        "0 BTC/USD 100",
        "20 BTC/USD 99",
        "30 ETH/USD 10",
        "40 BTC/USD 102",
        "50 ETH/USD 9",
        "59 BTC/USD 101",
        "60 BTC/USD 110",
        "70 ETH/USD 12",
        "80 BTC/USD 109",
        "89 ETH/USD 11",
        "100 BTC/USD 112",
        "119 BTC/USD 111",
    ];
    assert_eq!(notes.recv().unwrap(), expected);
    assert_eq!((result.data.bars, result.data.last_ts.secs()), (3, 120));
}
