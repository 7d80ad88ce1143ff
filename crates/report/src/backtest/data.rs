//! What the page of a backtest draws.

use backtest::stats::{drawdowns, number, returns_by};
use backtest::{BacktestResult, EquityPoint, RoundTrip};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{Liquidity, Notional, Price, Quantity, UnixNanos};
use serde_json::{Value, json};

use super::{BacktestReport, text};

/// Points of one line on the page; of more, the lowest and the highest of each stretch are drawn.
const POINTS_MAX: usize = 4_000;
/// Fills of one market on the page; of more, some are left out, evenly.
const FILLS_MAX: usize = 3_000;
/// Bars of the distribution, about.
const BINS: i128 = 40;

/// Everything that the page draws.
pub(super) fn of(report: &BacktestReport<'_>, trips: &[RoundTrip]) -> Value {
    let result = report.result;
    let points = &result.equity;
    let equity: Vec<f64> = points.iter().map(|point| number(point.equity)).collect();
    let shown = thinned(&equity);
    let fallen: Vec<f64> = drawdowns(&equity).collect();
    let pick = |of: &[f64]| shown.iter().map(|at| of[*at]).collect::<Vec<_>>();
    let times: Vec<i64> = shown.iter().map(|at| millis(points[*at].ts)).collect();
    let every = report.config.equity_every;
    let note = if shown.len() < points.len() {
        format!(
            "One look every {every:?}: {} of {} are drawn, the extremes among them.",
            shown.len(),
            points.len()
        )
    } else {
        format!("One look every {every:?}, {} in all.", points.len())
    };
    let span = |at: Option<&EquityPoint>| at.map_or(0, |point| millis(point.ts));
    json!({
        "title": report.about.strategy,
        "subtitle": report.about.tapes.join(", "),
        "currency": report.config.currency,
        "tiles": text::tiles(report),
        "facts": text::facts(report),
        "warnings": text::warnings(report),
        "from": span(points.first()),
        "to": span(points.last()),
        "equity": { "t": times, "v": pick(&equity), "d": pick(&fallen), "note": note },
        "markets": markets(report),
        "months": months(result),
        "trades": distribution(result, trips),
        "quality": { "note": report.about.checked, "rows": report.about.findings },
    })
}

fn markets(report: &BacktestReport<'_>) -> Vec<Value> {
    let result = report.result;
    let each = |(market, config): (usize, &matching::InstrumentConfig)| {
        let marks = result.equity.iter().map(|point| (point.ts, point.marks[market].price));
        let (times, prices): (Vec<_>, Vec<_>) = marks
            .filter(|(_, price)| price.is_positive())
            .map(|(ts, price)| (millis(ts), float(price)))
            .unzip();
        let shown = thinned(&prices);
        let fills: Vec<_> = result.fills.iter().filter(|fill| fill.market == market).collect();
        let step = fills.len().div_ceil(FILLS_MAX).max(1);
        let drawn = fills.iter().step_by(step).map(|fill| {
            let liquidity = match fill.liquidity {
                Liquidity::Maker => "rested",
                Liquidity::Taker => "took",
            };
            json!({
                "t": millis(fill.ts),
                "s": fill.side.as_str(),
                "p": float(fill.price),
                "q": number(Notional::from_quantity(fill.quantity)),
                "f": number(fill.fee),
                "m": liquidity,
            })
        });
        let drawn: Vec<_> = drawn.collect();
        let note = if step > 1 {
            format!("{} of {} fills are drawn, every {step}th.", drawn.len(), fills.len())
        } else {
            format!("{} fills.", fills.len())
        };
        json!({
            "symbol": config.instrument.symbol,
            "t": shown.iter().map(|at| times[*at]).collect::<Vec<_>>(),
            "p": shown.iter().map(|at| prices[*at]).collect::<Vec<_>>(),
            "fills": drawn,
            "note": note,
        })
    };
    report.config.instruments().enumerate().map(each).collect()
}

/// Returns by month, each over the end of the month before; the first one over the start.
fn months(result: &BacktestResult) -> Vec<Value> {
    let month = |ts: UnixNanos| {
        let time = Timestamp::from_second(ts.secs()).unwrap_or_default().to_zoned(TimeZone::UTC);
        (time.year(), time.month())
    };
    let returns = returns_by(&result.equity, month);
    returns.into_iter().map(|((y, m), r)| json!({ "y": y, "m": m, "r": r })).collect()
}

/// How many trips gained how much, in the currency; zero is an edge.
fn distribution(result: &BacktestResult, trips: &[RoundTrip]) -> Value {
    let rates = result.rates();
    let worth = |trip: &RoundTrip| rates.convert(trip.market, trip.exit_ts, trip.pnl);
    let gained: Vec<i128> = trips.iter().map(|trip| worth(trip).raw()).collect();
    let gained = gained.iter().copied();
    let (low, high) = (gained.clone().min().unwrap_or(0), gained.clone().max().unwrap_or(0));
    let width = ((high - low) / BINS).max(high.abs() / BINS).max(1);
    let first = low.div_euclid(width);
    let mut counts = Vec::new();
    for gained in gained {
        let at = usize::try_from(gained.div_euclid(width) - first).expect("not below the lowest");
        if counts.len() <= at {
            counts.resize(at + 1, 0_u64);
        }
        counts[at] += 1;
    }
    let edge = |at: i128| number(Notional::from_raw(at * width));
    let bins: Vec<_> = (first..)
        .zip(&counts)
        .map(|(at, n)| json!({ "a": edge(at), "b": edge(at + 1), "n": n }))
        .collect();
    let note = match trips.len() {
        0 => "No trade was closed.".to_owned(),
        trades => format!("{trades} closed trades, after fees."),
    };
    json!({ "bins": bins, "note": note })
}

/// Places of the values to draw: all, or the lowest and the highest of equal stretches, and the last.
fn thinned(values: &[f64]) -> Vec<usize> {
    if values.len() <= POINTS_MAX {
        return (0..values.len()).collect();
    }
    let stretch = values.len().div_ceil(POINTS_MAX / 2 - 1);
    let mut places = vec![0];
    for start in (0..values.len()).step_by(stretch) {
        let stretch = start..values.len().min(start + stretch);
        let by = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
        places.extend(stretch.clone().min_by(by).into_iter().chain(stretch.max_by(by)));
    }
    places.push(values.len() - 1);
    places.sort_unstable();
    places.dedup();
    places
}

fn millis(ts: UnixNanos) -> i64 {
    ts.as_nanos().div_euclid(1_000_000)
}

fn float(price: Price) -> f64 {
    number(Notional::of(price, Quantity::step(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_keeps_its_ends_and_its_extremes() {
        let mut values: Vec<f64> = (0..100_000).map(|at| f64::from(at % 1_000)).collect();
        (values[33_333], values[77_777]) = (-5.0, 5_000.0);
        let places = thinned(&values);
        assert!(places.len() <= POINTS_MAX, "{}", places.len());
        assert!([0, 33_333, 77_777, 99_999].iter().all(|at| places.contains(at)));
        assert!(places.is_sorted());
        assert_eq!(thinned(&values[..3]), [0, 1, 2]);
    }
}
