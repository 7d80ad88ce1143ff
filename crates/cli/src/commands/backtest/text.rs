//! A backtest at a glance.

use std::fmt::Write as _;

use backtest::EquityPoint;
use backtest::stats::number;

use super::{BacktestArgs, Finished, rate};

const STRINGS: &str = "writing to a string cannot fail";

/// The lines that `--format text` prints.
pub(super) fn render(args: &BacktestArgs, finished: &Finished) -> String {
    let mut text = String::new();
    for (name, value) in what(args, finished).into_iter().chain(how_well(finished)) {
        writeln!(text, "{name:<13} {value}").expect(STRINGS);
    }
    if let Some(failure) = &finished.result.failure {
        writeln!(text, "the strategy panicked and was not asked again: {failure}").expect(STRINGS);
    }
    text
}

/// What was played, and what became of the account.
fn what(args: &BacktestArgs, finished: &Finished) -> Vec<(&'static str, String)> {
    let (data, equity) = (&finished.result.data, &finished.result.equity);
    let minutes = data.last_ts.since(data.first_ts).as_secs() / 60;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let tape = args.tape.display();
    let worth = |at: Option<&EquityPoint>| money(finished, at.map_or(0.0, |p| number(p.equity)));
    let (before, after) = (worth(equity.first()), worth(equity.last()));
    let total = percent(finished.stats.total_return);
    vec![
        ("tape", format!("{tape} · {} events over {hours} h {minutes:02} min", events(finished))),
        ("strategy", format!("{} on {}", args.strategy, args.symbol)),
        ("equity", format!("{before} -> {after}, {total}")),
        ("max drawdown", percent(finished.stats.max_drawdown)),
    ]
}

/// How the strategy traded, and how well.
fn how_well(finished: &Finished) -> Vec<(&'static str, String)> {
    let Finished { result, stats, wall, .. } = finished;
    let share = |share: Option<f64>| {
        share.map_or("none".to_owned(), |share| format!("{:.1} %", share * 100.0))
    };
    let ratio = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let (sharpe, sortino, calmar) =
        (ratio(stats.sharpe), ratio(stats.sortino), ratio(stats.calmar));
    let (days, n) = (stats.periods, stats.periods_per_year);
    let (turnover, made) = (money(finished, number(stats.turnover)), share(stats.maker_share));
    let filled = result.orders.iter().filter(|order| order.filled.is_positive()).count();
    let (orders, fills, dropped) = (result.orders.len(), result.fills.len(), result.wishes_dropped);
    vec![
        ("trades", format!("{}, {} won", stats.trades, share(stats.win_rate))),
        (
            "ratios",
            format!(
                "Sharpe {sharpe}, Sortino {sortino}, Calmar {calmar} \
                 ({days} daily returns, N = {n})"
            ),
        ),
        ("exposure", format!("{:.1} % of the time", stats.exposure * 100.0)),
        ("turnover", format!("{turnover}, {made} resting")),
        ("fees", money(finished, number(stats.fees))),
        ("orders", format!("{orders}, {filled} filled, {fills} fills, {dropped} wishes dropped")),
        ("digest", format!("{} · {}", result.digest, rate(events(finished), *wall))),
    ]
}

fn events(finished: &Finished) -> u64 {
    let data = &finished.result.data;
    data.trades + data.bars + data.depth
}

fn money(finished: &Finished, value: f64) -> String {
    format!("{value:.2} {}", finished.config.instrument.instrument.quote)
}

fn percent(value: f64) -> String {
    format!("{:+.2} %", value * 100.0)
}
