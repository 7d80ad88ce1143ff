//! Several instruments and two venues in one portfolio.

use std::time::Duration;

use engine::{Desk, Order};
use model::{OrderKind, Side, Symbol, TimeInForce, Trade};

use super::*;
use crate::config::VenueConfig;
use crate::event::TradeRow;
use crate::latency::Latency;

pub(super) fn instrument(symbol: &str, base: &str, quote: &str) -> Instrument {
    let (symbol, base, quote) = (Symbol::new(symbol), Asset::new(base), Asset::new(quote));
    Instrument { symbol, base, quote, cost_min: Notional::ZERO, ..bitcoin() }
}

pub(super) fn money(amounts: &[(&str, &str)]) -> BTreeMap<Asset, Notional> {
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

pub(super) fn tape(rows: &[(i64, i64)]) -> Vec<MarketEvent<'static>> {
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
        "`far:BTC/USDT` is quoted in `USDT`: expected `USD`, an asset of `at_par`, or one that another market of the \
         run prices in these",
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

/// Ether in bitcoin beside bitcoin in dollars: bitcoin is what the first is quoted in and what the second trades.
pub(super) fn two_quotes() -> BacktestConfig {
    let markets = vec![instrument("BTC/USD", "BTC", "USD"), instrument("ETH/BTC", "ETH", "BTC")];
    let mut config = config();
    let balances = money(&[("USD", "100"), ("BTC", "1"), ("ETH", "2")]);
    config.venues = vec![VenueConfig::spot("venue", markets, balances)];
    config.venues[0].fees = FeeRates::of_ppm(10_000, 10_000);
    config.equity_every = Duration::from_secs(1);
    config
}

#[test]
fn what_is_quoted_in_another_asset_is_counted_through_that_asset() {
    let tapes = [tape(&[(1, 100), (4, 110)]), tape(&[(2, 3), (3, 3), (4, 5)])];
    let (into, _notes) = std::sync::mpsc::sync_channel(1);
    let orders = vec![(Symbol::new("ETH/BTC"), Side::Sell)];
    let strategy = Box::new(Notes { orders, seen: Vec::new(), into });
    let tapes = tapes.map(|tape| tape.into_iter().map(Ok::<_, Infallible>));
    let result = Backtest::new(two_quotes()).unwrap().run_all(tapes.into(), strategy).unwrap();
    let fill = result.fills.iter().next().unwrap();
    assert_eq!((fill.market, result.fills.len()), (1, 1));
    // 100 USD + 1 BTC at 100 + 2 ETH at 3 BTC, which only the second tape's first trade tells.
    assert_eq!(result.equity[0].equity.to_string(), "800");
    let [usd, btc, eth] = ["USD", "BTC", "ETH"].map(|asset| result.balances[0][&Asset::new(asset)]);
    let [btc_price, eth_price] = [110, 5].map(|whole| Price::from_raw(whole * 1_000_000_000));
    let through = crate::worth::through;
    let expected = [usd, through(btc, btc_price), through(through(eth, eth_price), btc_price)];
    let expected = expected.into_iter().reduce(|sum, part| sum.checked_add(part).unwrap());
    assert_eq!(Some(result.equity.last().unwrap().equity), expected);
    let stats = crate::stats::Stats::new(&result, 365.0);
    // The fee was paid in bitcoin, at 100.
    assert_eq!(stats.fees, through(fill.fee, Price::from_raw(100_000_000_000)));
    assert!(fill.fee.raw() > 0 && stats.turnover > Notional::of(fill.price, fill.quantity));
}

#[test]
fn the_way_to_the_currency_is_the_shortest() {
    let mut config = two_quotes();
    let check = |config: &BacktestConfig, asset: &str, expected: Option<&[usize]>| {
        let found = crate::worth::way(config, 0, &Asset::new(asset));
        assert_eq!(found.as_deref(), expected, "{asset}");
    };
    check(&config, "USD", Some(&[]));
    check(&config, "BTC", Some(&[0]));
    check(&config, "ETH", Some(&[1, 0]));
    check(&config, "DOGE", None);
    let far =
        vec![instrument("far:ETH/USD", "ETH", "USD"), instrument("far:BTC/USD", "BTC", "USD")];
    config.venues.push(VenueConfig::spot("far", far, money(&[])));
    check(&config, "ETH", Some(&[2]));
    check(&config, "BTC", Some(&[0]));
    config.venues[0].instruments.remove(0);
    config.venues[1].instruments.clear();
    let error = Backtest::new(config).unwrap_err().to_string();
    assert!(error.starts_with("`ETH/BTC` is quoted in `BTC`: expected `USD`"), "{error}");
}
