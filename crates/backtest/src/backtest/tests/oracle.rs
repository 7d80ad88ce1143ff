//! backtesting.py 0.6.6, trade by trade. Its conventions are a configuration, see the crate's page.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::{Means, SmaCross};
use matching::{Funding, Liquidity, PrintRule, Shortfall, Slippage, SlippageOn};
use model::{Asset, Bar, Instrument, Price, Quantity, Symbol};

use super::*;
use crate::config::IntrabarPath;
use crate::stats::{Looks, Ratios, max_drawdown, number, period_returns};
use crate::trips::round_trips;

const DAY: Duration = Duration::from_secs(86_400);

/// The folder of the oracles; `None`, with a message, on machines that do not have it.
fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/oracles");
    if path.is_dir() {
        return Some(path);
    }
    assert!(option_env!("CI").is_none(), "{} is missing", path.display());
    println!("skipped: {} is not there", path.display());
    None
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// A float of the file as the decimal that it stands for.
fn price(text: &str) -> Price {
    let value: f64 = text.parse().unwrap();
    let price = Price::parse(&format!("{value:.4}")).unwrap();
    assert!((number(Notional::of(price, Quantity::step(0))) - value).abs() < 1e-9, "{text}");
    price
}

/// The bars, one per calendar day, and the number of each day.
fn bars(path: &Path) -> (Vec<MarketEvent<'static>>, Vec<String>) {
    let mut days = Vec::new();
    let bars = rows(path).into_iter().map(|row| {
        days.push(row[""].clone());
        MarketEvent::Bar(Bar {
            start: UnixNanos::from_secs(86_400 * i64::from(day_number(&row[""]))),
            length: DAY,
            open: price(&row["Open"]),
            high: price(&row["High"]),
            low: price(&row["Low"]),
            close: price(&row["Close"]),
            volume: Quantity::parse(&row["Volume"]).unwrap(),
        })
    });
    let bars = bars.collect();
    (bars, days)
}

/// Days since 1970-01-01 of `YYYY-MM-DD` (Howard Hinnant's days from civil).
fn day_number(date: &str) -> i32 {
    let mut parts = date.split('-').map(|part| part.parse::<i32>().unwrap());
    let mut next = || parts.next().unwrap();
    let (year, month, day) = (next(), next(), next());
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The conventions of backtesting.py.
fn conventions(spread_ppm: i64) -> BacktestConfig {
    let goog = Instrument {
        symbol: Symbol::new("GOOG/USD"),
        base: Asset::new("GOOG"),
        quote: Asset::new("USD"),
        price_decimals: 9,
        quantity_decimals: 0,
        cost_decimals: 17,
        tick_size: Price::step(9),
        quantity_min: Quantity::step(0),
        cost_min: Notional::ZERO,
    };
    let cash = Notional::parse("10000").unwrap();
    let mut config = BacktestConfig::spot(goog, [(Asset::new("USD"), cash)].into());
    config.venues[0].instruments[0].liquidity = Liquidity::Prints(PrintRule::Next);
    config.venues[0].instruments[0].slippage =
        Slippage { ppm: spread_ppm, on: SlippageOn::Opening };
    config.venues[0].fees = FeeRates::of_ppm(2_000, 2_000);
    config.venues[0].funding = Funding::Margin { leverage: 1 };
    config.venues[0].shortfall = Shortfall::CUT;
    config.path = IntrabarPath::WorstFirst;
    config.equity_every = DAY;
    config
}

fn check(
    name: &str,
    spread_ppm: i64,
    quantity: &str,
    trades: usize,
    equity: f64,
) -> Option<BacktestResult> {
    let folder = folder()?;
    let (bars, days) = bars(&folder.join("input_GOOG.csv"));
    let quantity = Quantity::parse(quantity).unwrap();
    let strategy = SmaCross::new(Symbol::new("GOOG/USD"), 10, 20, quantity, Means::Pandas);
    let backtest = Backtest::new(conventions(spread_ppm)).unwrap();
    let tape = bars.into_iter().map(Ok::<_, Infallible>);
    let result = backtest.run(tape, Box::new(strategy)).unwrap();

    let trips = round_trips(&result.fills);
    let expected = rows(&folder.join(format!("{name}.trades.csv")));
    assert_eq!((trips.len(), expected.len()), (trades, trades));
    let bar = |ts: UnixNanos| {
        let day = i32::try_from(ts.secs().div_euclid(86_400)).unwrap();
        days.iter().position(|date| day_number(date) == day).unwrap().to_string()
    };
    let near = |found: f64, expected: f64, what: &str| {
        assert!(
            (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{what}: {found} {expected}"
        );
    };
    for (trip, row) in trips.iter().zip(&expected) {
        let float = |column: &str| row[column].parse::<f64>().unwrap();
        let price = |price: Price| number(Notional::of(price, Quantity::step(0)));
        assert_eq!(trip.size.to_string(), row["Size"], "{row:?}");
        assert_eq!(bar(trip.entry_ts), row["EntryBar"], "{row:?}");
        assert_eq!(bar(trip.exit_ts), row["ExitBar"], "{row:?}");
        near(price(trip.entry_price), float("EntryPrice"), "entry price");
        near(price(trip.exit_price), float("ExitPrice"), "exit price");
        near(number(trip.pnl), float("PnL"), "profit");
        near(number(trip.fees), float("Commission"), "commission");
    }
    let expected = rows(&folder.join(format!("{name}.equity.csv")));
    assert_eq!(result.equity.len(), expected.len() + 1);
    let mut top: f64 = 0.0;
    for (point, row) in result.equity[1..].iter().zip(&expected) {
        let found = number(point.equity);
        near(found, row["Equity"].parse().unwrap(), &row[""]);
        top = top.max(found);
        near(1.0 - found / top, row["DrawdownPct"].parse().unwrap(), "drawdown");
    }
    near(number(result.equity.last().unwrap().equity), equity, "final equity");
    Some(result)
}

#[test]
fn everything_the_account_has_goes_into_each_trade() {
    let result = check("goog_smacross_c002_excl", 0, "1000000", 93, 56_263.519_34);
    let Some(result) = result else { return };
    // Python over the oracle's own equity curve, r = pct_change(equity), n = 2147, N = 252:
    // mean(r)/stdev(r)*sqrt(N); mean(r)*N/(sqrt(mean(min(r,0)**2))*sqrt(N));
    // (prod(1+r)**(N/n)-1) / -min(W/cummax(W)-1).
    let found = Ratios::new(&period_returns(&result, Looks::daily(252.0).every), 252.0);
    let near = |found: Option<f64>, expected: f64| {
        assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?} {expected}");
    };
    near(found.sharpe, 0.826_800_558_213_597_5);
    near(found.sortino, 1.259_286_675_799_736_3);
    near(found.calmar, 0.662_436_823_386_577_5);
    near(found.annual_return, 0.224_775_359_036_889_06);
    let equity: Vec<f64> = result.equity.iter().map(|point| number(point.equity)).collect();
    near(Some(max_drawdown(&equity)), -0.339_315_918_290_546_4);
}

#[test]
fn one_unit_each_with_a_spread_on_entries() {
    check("goog_smaunit_c002_spread0002", 200, "1", 93, 11_075.362_204);
}
