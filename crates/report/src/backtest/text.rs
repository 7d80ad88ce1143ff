//! A backtest at a glance.

use std::fmt::Write as _;
use std::time::Duration;

use backtest::stats::number;
use backtest::{BacktestResult, EquityPoint, IntrabarPath, Latency, OrderRecord};
use matching::{FeeRates, Funding, InstrumentConfig, Liquidity, PrintRule, QueueModel, Shortfall};
use model::{Notional, OrderState, Quantity};

use super::{BacktestReport, Finding};

const STRINGS: &str = "writing to a string cannot fail";

/// Steps of a quantity in a hundredth: the parts per million of a basis point are hundredths.
const BPS_OF_PPM: i64 = 1_000_000;

/// The lines that people read first.
pub(super) fn render(report: &BacktestReport<'_>) -> String {
    let mut text = String::new();
    let result = report.result;
    let mut line = |name: &str, value: String| {
        writeln!(text, "{name:<13} {value}").expect(STRINGS);
    };
    for tape in &report.about.tapes {
        line("tape", tape.clone());
    }
    line("data", data(report));
    line("strategy", report.about.strategy.clone());
    let worth = |at: Option<&EquityPoint>| at.map_or(0.0, |point| number(point.equity));
    let (before, after) = (worth(result.equity.first()), worth(result.equity.last()));
    let (before, after) = (money(report, before), money(report, after));
    line("equity", format!("{before} -> {after}, {}", percent(report.stats.total_return)));
    line("max drawdown", percent(report.stats.max_drawdown));
    for (name, value) in how_well(report) {
        line(name, value);
    }
    for warning in warnings(report) {
        writeln!(text, "{warning}").expect(STRINGS);
    }
    text
}

/// The figures on top of the page.
pub(super) fn tiles(report: &BacktestReport<'_>) -> Vec<(&'static str, String)> {
    let stats = report.stats;
    let end = report.result.equity.last().map_or(0.0, |point| number(point.equity));
    vec![
        ("Return", percent(stats.total_return)),
        ("Equity at the end", money(report, end)),
        ("Worst drawdown", percent(stats.max_drawdown)),
        ("Sharpe", ratio(stats.sharpe)),
        ("Sortino", ratio(stats.sortino)),
        ("Calmar", ratio(stats.calmar)),
        ("Trades", stats.trades.to_string()),
        ("Won", share(stats.win_rate)),
        ("Exposure", share(Some(stats.exposure))),
        ("Fees", money(report, number(stats.fees))),
        ("Turnover", money(report, number(stats.turnover))),
    ]
}

/// What else there is to know, for a table.
pub(super) fn facts(report: &BacktestReport<'_>) -> Vec<(String, String)> {
    let (result, config) = (report.result, report.config);
    let mut facts = vec![
        ("Data".to_owned(), data(report)),
        ("Orders".to_owned(), orders(result)),
        (
            "Ratios".to_owned(),
            format!(
                "{}; no risk-free rate; Calmar has the drawdown of these looks, which is at most the worst one",
                ratios(report)
            ),
        ),
        ("Path within bars".to_owned(), path(config.path).to_owned()),
        ("Arguments".to_owned(), report.about.arguments.join(" ")),
        ("Seed".to_owned(), config.seed.to_string()),
        ("Digest".to_owned(), result.digest.to_string()),
    ];
    for venue in &config.venues {
        let fees = venue.fees;
        let bps = |ppm: i64| Quantity::from_raw(ppm * BPS_OF_PPM).to_string();
        let latency = &venue.latency;
        let [feed, entry, response] = [&latency.feed, &latency.entry, &latency.response].map(way);
        let market = |of: &InstrumentConfig| {
            let (symbol, fill) = (&of.instrument.symbol, fill(of.liquidity));
            let (queue, slippage) = (queue(of.queue), bps(of.slippage.ppm));
            format!("{symbol} (fill {fill}, queue {queue}, slippage {slippage} bps)")
        };
        let markets: Vec<_> = venue.instruments.iter().map(market).collect();
        let (funding, shortfall) = (funding(venue.funding), shortfall(venue.shortfall));
        let rates = |of: FeeRates| {
            format!("{} bps resting, {} bps taking", bps(of.maker_ppm), bps(of.taker_ppm))
        };
        let paid = match (venue.tiers.first(), venue.tiers.last()) {
            (Some(first), Some(last)) => format!(
                "by 30-day volume from {} to {}, {} before",
                rates(first.fees),
                rates(last.fees),
                venue.volume
            ),
            _ => rates(fees),
        };
        facts.push((
            format!("Venue {}", venue.name),
            format!(
                "{}; {funding}, {shortfall}; fees {}; latency {feed} feed, {entry} entry, {response} response",
                markets.join(", "),
                paid,
            ),
        ));
    }
    facts
}

/// Where orders are filled.
pub(super) const fn fill(liquidity: Liquidity) -> &'static str {
    match liquidity {
        Liquidity::Synthetic(_) => "book around the last trade",
        Liquidity::Recorded => "recorded book",
        Liquidity::Prints(PrintRule::Last) => "last",
        Liquidity::Prints(PrintRule::Next) => "next",
        Liquidity::Prints(PrintRule::Close) => "close",
    }
}

/// How the queue before an order shortens.
pub(super) fn queue(model: QueueModel) -> String {
    match model {
        QueueModel::RiskAverse => "risk-averse".to_owned(),
        QueueModel::Probabilistic { power } => format!("probabilistic, power {power}"),
    }
}

/// What an account may owe.
pub(super) fn funding(funding: Funding) -> String {
    match funding {
        Funding::Spot => "spot".to_owned(),
        Funding::Margin { leverage } => format!("margin:{leverage}"),
    }
}

/// What happens to an order for which there is too little.
pub(super) fn shortfall(shortfall: Shortfall) -> String {
    match shortfall {
        Shortfall::Refuse => "refuse".to_owned(),
        Shortfall::Cut { share_ppm } => format!("cut to {share_ppm} ppm"),
    }
}

/// Which extreme a bar visits first.
pub(super) const fn path(path: IntrabarPath) -> &'static str {
    match path {
        IntrabarPath::NearestFirst => "nearest",
        IntrabarPath::HighFirst => "high",
        IntrabarPath::LowFirst => "low",
        IntrabarPath::WorstFirst => "worst",
    }
}

/// What must not be overlooked.
pub(super) fn warnings(report: &BacktestReport<'_>) -> Vec<String> {
    let result = report.result;
    let mut warnings = Vec::new();
    if let Some(failure) = &result.failure {
        warnings.push(format!("the strategy panicked and was not asked again: {failure}"));
    }
    if let Some(at) = result.ruined {
        warnings
            .push(format!("nothing was left at {at}: everything was closed, and the run ended"));
    }
    let mut points = result.equity.iter();
    if result.ruined.is_none()
        && let Some(point) = points.find(|point| point.equity <= Notional::ZERO)
    {
        warnings.push(format!(
            "nothing was owned at {}: from there on, returns and ratios say nothing (--stop-when-ruined ends there)",
            point.ts
        ));
    }
    let refused = |order: &OrderRecord| order.state == OrderState::Rejected;
    let mut refused = result.orders.iter().filter(refused).peekable();
    if let Some(first) = refused.peek() {
        let why = first.reason.clone().unwrap_or_default();
        let all = result.orders.len();
        warnings.push(format!(
            "{} of {all} orders were refused, the first one: {why}",
            refused.count()
        ));
    }
    if result.wishes_dropped > 0 {
        warnings.push(format!(
            "{} wishes of the strategy became no order: prices or quantities off the market's steps or below its \
             least ones (--price-decimals, --quantity-decimals), or beyond the limits",
            result.wishes_dropped
        ));
    }
    if report.stats.sharpe.is_none() {
        warnings.push("too few days, or days without a change: the ratios say nothing".to_owned());
    }
    warnings.extend(report.about.notes.iter().cloned());
    warnings.extend(report.about.findings.iter().map(found));
    warnings
}

/// A finding in a line.
pub(super) fn found(finding: &Finding) -> String {
    let (problem, count, policy) = (&finding.problem, finding.count, &finding.policy);
    format!("data: {problem}, {count} rows, {policy}")
}

fn data(report: &BacktestReport<'_>) -> String {
    let data = &report.result.data;
    let minutes = data.last_ts.since(data.first_ts).as_secs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let span = match (hours / 24, hours % 24) {
        (0 | 1, _) => format!("{hours} h {minutes:02} min"),
        (days, hours) => format!("{days} d {hours:02} h"),
    };
    let kinds = [(data.trades, "trades"), (data.bars, "bars"), (data.depth, "changes of books")];
    let kinds: Vec<_> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, kind)| format!("{count} {kind}"))
        .collect();
    let kinds = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") };
    format!("{kinds} over {span}")
}

/// How the strategy traded, and how well.
fn how_well(report: &BacktestReport<'_>) -> Vec<(&'static str, String)> {
    let BacktestReport { result, stats, .. } = *report;
    let (turnover, made) = (money(report, number(stats.turnover)), share(stats.maker_share));
    let rate = report.about.wall.map(|wall| rate(result, wall));
    let digest = match rate {
        Some(rate) => format!("{} · {rate}", result.digest),
        None => result.digest.to_string(),
    };
    vec![
        ("trades", format!("{}, {} won", stats.trades, share(stats.win_rate))),
        ("ratios", ratios(report)),
        ("exposure", format!("{:.1} % of the time", stats.exposure * 100.0)),
        ("turnover", format!("{turnover}, {made} resting")),
        ("fees", money(report, number(stats.fees))),
        ("orders", orders(result)),
        ("digest", digest),
    ]
}

fn orders(result: &BacktestResult) -> String {
    let filled = result.orders.iter().filter(|order| order.filled.is_positive()).count();
    let (orders, fills, dropped) = (result.orders.len(), result.fills.len(), result.wishes_dropped);
    format!("{orders}, {filled} filled, {fills} fills, {dropped} wishes dropped")
}

fn ratios(report: &BacktestReport<'_>) -> String {
    let stats = report.stats;
    let (sharpe, sortino, calmar) =
        (ratio(stats.sharpe), ratio(stats.sortino), ratio(stats.calmar));
    let (count, n) = (stats.periods, stats.periods_per_year);
    let period = Duration::from_nanos(stats.period_ns.unsigned_abs());
    let each = match period.as_secs() {
        86_400 => "daily returns".to_owned(),
        _ => format!("returns of {period:?}"),
    };
    format!("Sharpe {sharpe}, Sortino {sortino}, Calmar {calmar} ({count} {each}, N = {n})")
}

/// Events per second: `1234567 events/s`.
fn rate(result: &BacktestResult, wall: Duration) -> String {
    let data = &result.data;
    let events = data.trades + data.bars + data.depth;
    let micros = wall.as_micros().max(1);
    format!("{} events/s", u128::from(events) * 1_000_000 / micros)
}

fn way(latency: &Latency) -> String {
    match latency {
        Latency::Constant(time) => format!("{time:?}"),
        Latency::Uniform { min, max } => format!("{min:?} to {max:?}"),
        Latency::Recorded(all) => {
            let (min, max) = latency.bounds();
            format!("{} recorded, {min:?} to {max:?}", all.len())
        }
        Latency::Tape { offset_nanos: 0 } => "as the tape tells".to_owned(),
        Latency::Tape { offset_nanos } => format!("as the tape tells, {offset_nanos:+} ns"),
    }
}

pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.3}"))
}

fn share(share: Option<f64>) -> String {
    share.map_or("none".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// An amount in the currency, with more digits where the account owns little of it: a bitcoin has more than two.
fn money(report: &BacktestReport<'_>, value: f64) -> String {
    let owned = report.result.equity.first().map_or(0.0, |point| number(point.equity));
    let currency = &report.config.currency;
    format!("{value:.*} {currency}", digits_of(owned))
}

/// Digits after the point with which amounts of a size are shown: two, or so many that five of them say something.
pub(super) fn digits_of(mut size: f64) -> usize {
    let mut digits = 2;
    while size > 0.0 && size < 100.0 && digits < 10 {
        size *= 10.0;
        digits += 1;
    }
    digits
}

pub(super) fn percent(value: f64) -> String {
    format!("{:+.2} %", value * 100.0)
}
