//! Statistics of a finished backtest: the only place with floats.
//!
//! Definitions, which are those of empyrical and quantstats:
//!
//! - *Period returns* `r`: the equity is looked at once per period (a UTC day, or another length that is counted
//!   from 1970 on, [`Looks`]), at its last point; `r` is
//!   the relative change from one look to the next. Periods without a point are left out. The first
//!   look is the first period's last point: what was gained before it counts in the total return only.
//! - *N*: periods per year, a parameter: of days 365 for a market that never closes, 252 for one that does.
//! - Sharpe `mean(r) / std(r, ddof = 1) * sqrt(N)`; no risk-free rate.
//! - Sortino `mean(r) * N / (sqrt(mean(min(r, 0)^2)) * sqrt(N))`, the mean over all returns.
//! - Maximum drawdown: the lowest `W / max(W so far) - 1` over all points of the equity curve, `W` from
//!   the start on.
//! - Annual return `prod(1 + r)^(N / n) - 1` with `n` returns. Calmar: annual return over the size of
//!   the maximum drawdown of the period returns.
//!
//! A ratio whose denominator is zero or that has fewer than two returns is `None`, and so is an annual return of an
//! equity that ends below zero. A return from an equity of zero or less counts as none.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{Liquidity, Notional, UnixNanos};
use serde::{Deserialize, Serialize};

use crate::record::{BacktestResult, EquityPoint};
use crate::trips::round_trips;

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

/// Periods per year of a market that never closes.
pub const N_ALWAYS_OPEN: f64 = 365.0;

/// How often the ratios look at the equity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Looks {
    /// Length of a period, above zero.
    pub every: Duration,
    /// Periods per year, above zero.
    pub per_year: f64,
}

impl Looks {
    /// At UTC days, with so many in a year.
    pub const fn daily(per_year: f64) -> Self {
        Self { every: DAY, per_year }
    }

    /// At periods of a market that never closes.
    pub fn of_every(every: Duration) -> Self {
        let days = every.as_secs_f64() / DAY.as_secs_f64();
        Self { every, per_year: if days > 0.0 { N_ALWAYS_OPEN / days } else { N_ALWAYS_OPEN } }
    }
}

/// A backtest in numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Round trips that were closed.
    pub trades: usize,
    /// Share of them that gained after fees, `0..=1`; `None` without trips.
    pub win_rate: Option<f64>,
    /// Equity at the end over equity at the start, minus one.
    pub total_return: f64,
    /// Return per year, see the module.
    pub annual_return: Option<f64>,
    /// Worst fall from a maximum, zero or less; below -1 where more was lost than there was.
    pub max_drawdown: f64,
    /// Sharpe ratio.
    pub sharpe: Option<f64>,
    /// Sortino ratio.
    pub sortino: Option<f64>,
    /// Calmar ratio.
    pub calmar: Option<f64>,
    /// Periods per year that the ratios assume.
    pub periods_per_year: f64,
    /// Length of a period, nanoseconds.
    pub period_ns: i64,
    /// Period returns that the ratios are made of.
    pub periods: usize,
    /// Share of the time between the first and the last event with a position in any market, `0..=1`.
    pub exposure: f64,
    /// Fees paid, in the currency; negative for rebates.
    pub fees: Notional,
    /// Sum of the costs of all fills, in the currency.
    pub turnover: Notional,
    /// Share of the turnover that rested, `0..=1`; `None` without fills.
    pub maker_share: Option<f64>,
}

impl Stats {
    /// The statistics of a result, with `periods_per_year` days in a year.
    pub fn new(result: &BacktestResult, periods_per_year: f64) -> Self {
        Self::with(result, Looks::daily(periods_per_year))
    }

    /// As [`Stats::new`], with ratios of other periods.
    pub fn with(result: &BacktestResult, looks: Looks) -> Self {
        let Looks { every, per_year: periods_per_year } = looks;
        let trips = round_trips(&result.fills);
        let won = trips.iter().filter(|trip| trip.pnl > Notional::ZERO).count();
        let equity: Vec<f64> = result.equity.iter().map(|point| number(point.equity)).collect();
        let returns = period_returns(result, every);
        let ratios = Ratios::new(&returns, periods_per_year);
        let (mut fees, mut turnover, mut made) = (Notional::ZERO, Notional::ZERO, Notional::ZERO);
        let rates = result.rates();
        for fill in &result.fills {
            let worth = |amount| rates.convert(fill.market, fill.ts, amount);
            let (cost, fee) = (worth(Notional::of(fill.price, fill.quantity)), worth(fill.fee));
            fees = fees.checked_add(fee).unwrap_or(fees);
            turnover = turnover.checked_add(cost).unwrap_or(turnover);
            if fill.liquidity == Liquidity::Maker {
                made = made.checked_add(cost).unwrap_or(made);
            }
        }
        let total = equity.first().zip(equity.last()).map_or(0.0, |(a, b)| ratio(b - a, *a));
        Self {
            trades: trips.len(),
            win_rate: share(won, trips.len()),
            total_return: total,
            annual_return: ratios.annual_return,
            max_drawdown: max_drawdown(&equity),
            sharpe: ratios.sharpe,
            sortino: ratios.sortino,
            calmar: ratios.calmar,
            periods_per_year,
            period_ns: nanos(every),
            periods: returns.len(),
            exposure: exposure(result),
            fees,
            turnover,
            maker_share: (!turnover.is_zero()).then(|| ratio(number(made), number(turnover))),
        }
    }
}

/// Ratios of period returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratios {
    /// See the module.
    pub annual_return: Option<f64>,
    /// See the module.
    pub sharpe: Option<f64>,
    /// See the module.
    pub sortino: Option<f64>,
    /// See the module.
    pub calmar: Option<f64>,
}

impl Ratios {
    /// The ratios of some period returns, with `n` periods in a year.
    pub fn new(returns: &[f64], n: f64) -> Self {
        let nothing = Self { annual_return: None, sharpe: None, sortino: None, calmar: None };
        if returns.len() < 2 {
            return nothing;
        }
        let count = float(returns.len());
        let mean = returns.iter().sum::<f64>() / count;
        let variance = returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let downside = returns.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>() / count;
        let mut wealth = vec![1.0];
        for r in returns {
            wealth.push(wealth[wealth.len() - 1] * (1.0 + r));
        }
        let last = wealth[wealth.len() - 1];
        let annual = (last >= 0.0).then(|| last.powf(n / count) - 1.0);
        let fall = -max_drawdown(&wealth);
        let over = |value: f64, by: f64| (by > 0.0).then(|| value / by);
        Self {
            annual_return: annual,
            sharpe: over(mean * n.sqrt(), variance.sqrt()),
            sortino: over(mean * n, downside.sqrt() * n.sqrt()),
            calmar: annual.and_then(|annual| over(annual, fall)),
        }
    }
}

/// Relative changes of the equity from period to period.
pub fn period_returns(result: &BacktestResult, every: Duration) -> Vec<f64> {
    let every = nanos(every).max(1);
    let periods = returns_by(&result.equity, |ts| ts.as_nanos().div_euclid(every));
    // The first one is over the start, not over a period.
    periods.iter().skip(1).map(|(_, r)| *r).collect()
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Relative changes of the equity from one period's last point to the next one's; the first period's over
/// the start. `period` says to which one a time belongs.
pub fn returns_by<K: PartialEq>(
    equity: &[EquityPoint],
    period: impl Fn(UnixNanos) -> K,
) -> Vec<(K, f64)> {
    let Some((start, points)) = equity.split_first() else { return Vec::new() };
    let mut looks: Vec<(K, f64)> = Vec::new();
    for point in points {
        let (key, equity) = (period(point.ts), number(point.equity));
        match looks.last_mut().filter(|(last, _)| *last == key) {
            Some((_, last)) => *last = equity,
            None => looks.push((key, equity)),
        }
    }
    let mut before = number(start.equity);
    for (_, equity) in &mut looks {
        let change = ratio(*equity - before, before);
        before = std::mem::replace(equity, change);
    }
    looks
}

/// The fall of each value from the maximum so far, as a share of it: zero or less.
pub fn drawdowns(equity: &[f64]) -> impl Iterator<Item = f64> {
    let mut top = f64::MIN;
    equity.iter().map(move |value| {
        top = top.max(*value);
        ratio(value - top, top)
    })
}

/// The worst fall from a maximum so far, as a share of it: zero or less.
pub fn max_drawdown(equity: &[f64]) -> f64 {
    drawdowns(equity).fold(0.0, f64::min)
}

/// Share of the time with a position in any market.
fn exposure(result: &BacktestResult) -> f64 {
    let span = result.data.last_ts.since(result.data.first_ts);
    let mut held = Duration::ZERO;
    // The markets in which something is held.
    let marks = result.equity.first().into_iter().flat_map(|point| point.marks.iter().enumerate());
    let owned = marks.filter(|(_, mark)| !mark.base.is_zero()).map(|(market, _)| market);
    let mut positions: BTreeSet<usize> = owned.collect();
    let mut since = (!positions.is_empty()).then_some(result.data.first_ts);
    for fill in &result.fills {
        if fill.base.is_zero() {
            positions.remove(&fill.market);
        } else {
            positions.insert(fill.market);
        }
        match (since, positions.is_empty()) {
            (None, false) => since = Some(fill.ts),
            (Some(from), true) => {
                held += fill.ts.since(from);
                since = None;
            }
            (None, true) | (Some(_), false) => {}
        }
    }
    let until = |from: UnixNanos| result.data.last_ts.since(from);
    held += since.map_or(Duration::ZERO, until);
    ratio(held.as_secs_f64(), span.as_secs_f64())
}

/// The nearest float of an amount.
#[expect(clippy::cast_precision_loss, reason = "statistics are floats")]
pub fn number(amount: Notional) -> f64 {
    amount.raw() as f64 / 1e17
}

#[expect(clippy::cast_precision_loss, reason = "statistics are floats")]
fn float(count: usize) -> f64 {
    count as f64
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}

/// A quotient; zero where there is nothing to divide by.
fn ratio(value: f64, by: f64) -> f64 {
    if by > 0.0 { value / by } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: r = [0.01, -0.02, 0.015, 0.0, -0.005, 0.03], N = 365:
    /// `mean(r)/stdev(r)*sqrt(N)`, `mean(r)*N/(sqrt(mean(min(x,0)**2))*sqrt(N))`,
    /// `prod(1+r)**(N/6)-1`, and that over 0.02.
    #[test]
    fn ratios_follow_their_definitions() {
        let found = Ratios::new(&[0.01, -0.02, 0.015, 0.0, -0.005, 0.03], 365.0);
        let near = |found: Option<f64>, expected: f64| {
            let found = found.expect("defined");
            assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{found}");
        };
        near(found.sharpe, SHARPE);
        near(found.sortino, SORTINO);
        near(found.annual_return, ANNUAL);
        near(found.calmar, CALMAR);
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let flat = Ratios::new(&[0.0, 0.0, 0.0], 365.0);
        assert_eq!((flat.sharpe, flat.sortino, flat.calmar), (None, None, None));
        assert_eq!(Ratios::new(&[0.1], 365.0).sharpe, None);
        assert!(max_drawdown(&[]).abs() < f64::EPSILON);
        assert!((max_drawdown(&[100.0, 120.0, 90.0, 130.0]) + 0.25).abs() < 1e-12);
    }

    #[test]
    fn who_loses_everything_loses_it_in_a_year_too() {
        let ruined = Ratios::new(&[0.1, -1.0, 0.0], 365.0);
        assert_eq!((ruined.annual_return, ruined.calmar), (Some(-1.0), Some(-1.0)));
        assert_eq!(Ratios::new(&[0.1, -1.2, 0.0], 365.0).annual_return, None);
    }

    #[test]
    fn drawdowns_are_from_the_maximum_so_far() {
        let fallen: Vec<f64> = drawdowns(&[100.0, 50.0, 200.0, 150.0]).collect();
        assert_eq!(fallen, [0.0, -0.5, 0.0, -0.25]);
    }

    const SHARPE: f64 = 5.515130702591431;
    const SORTINO: f64 = 11.350045348445297;
    const ANNUAL: f64 = 4.901865774481;
    const CALMAR: f64 = 245.09328872404978;
}
