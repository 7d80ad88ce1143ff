//! The arguments of `wavetank backtest`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use report::Objective;
use serde::Deserialize;

use crate::args::{Format, ReadHow};

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct BacktestArgs {
    /// A file of what the other arguments say, for each venue and each market: see
    /// examples/backtest.toml. Arguments go before it, paths are from its folder
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Recorded market, in any format that `wavetank tape` reads; may be repeated. FILE is of the market
    /// that --symbol names; BASE/QUOTE=FILE of that one; VENUE:BASE/QUOTE=FILE of one on another venue.
    /// Files of one market are one tape; trades and a book (or best prices) of it are played together
    #[arg(long, value_name = "TAPE", required_unless_present = "config")]
    pub(crate) tape: Vec<String>,

    #[command(flatten)]
    pub(crate) how: ReadHow,

    /// Strategy with parameters: ema-cross:fast=12,slow=26 | sma-cross:... | quoter:... | no-op; one for
    /// each market
    #[arg(long, value_name = "SPEC", required_unless_present = "config")]
    pub(crate) strategy: Option<String>,

    /// What is traded where --tape does not say it, BASE/QUOTE [default: BTC/USD, unless a file tells
    /// another market]
    #[arg(long, value_name = "SYMBOL")]
    pub(crate) symbol: Option<String>,

    /// Digits after the point of a price; limits move in such steps, and no price of a tape may be off them
    /// [default: as many as the prices of the market's files have]
    #[arg(long, value_name = "DIGITS")]
    pub(crate) price_decimals: Option<u32>,

    /// Digits after the point of a quantity [default: 8]
    #[arg(long, value_name = "DIGITS")]
    pub(crate) quantity_decimals: Option<u32>,

    /// Digits after the point to which fees are rounded [default: 8]
    #[arg(long, value_name = "DIGITS")]
    pub(crate) cost_decimals: Option<u32>,

    /// Fees in basis points of the cost: MAKER/TAKER, up to two digits after the point; or kraken, its schedule for
    /// crypto pairs by what the account trades in 30 days; VENUE:... for one venue [default: 25/40]
    #[arg(long, value_name = "BPS", allow_hyphen_values = true)]
    pub(crate) fees: Vec<String>,

    /// What each account traded in the 30 days before, in the currency, where fees go by that [default: 0]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) volume: Option<String>,

    /// Paid once per order beside --fees, with its first execution, in the quote; margin accounts only
    /// [default: 0]
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) fixed_fee: Option<String>,

    /// How long messages travel: one time for all ways, or FEED/ENTRY/RESPONSE; a range MIN..MAX is
    /// drawn for each message; FEED may be recorded: as long as the tape tells, or recorded+TIME where the
    /// recorder's clock was behind by TIME; VENUE:... for one venue [default: 0ms]
    #[arg(long, value_name = "TIME")]
    pub(crate) latency: Vec<String>,

    /// What the account owns at the start, for example USD=10000,BTC=0.5; VENUE:... on a venue that is
    /// not the first one [default: 10000 of the first market's quote]
    #[arg(long, value_name = "BALANCES")]
    pub(crate) balance: Vec<String>,

    /// In what the portfolio is counted [default: the quote of the first market]
    #[arg(long, value_name = "ASSET")]
    pub(crate) currency: Option<String>,

    /// An asset that counts as much as the currency, for example USDT; may be repeated
    #[arg(long, value_name = "ASSET")]
    pub(crate) at_par: Vec<String>,

    /// What the account may owe: nothing (spot), or margin:LEVERAGE [default: spot]
    #[arg(long, value_name = "FUNDING")]
    pub(crate) funding: Option<String>,

    /// Cut orders for which there is too little to what can be paid, or to a SHARE of it (0.5), instead of
    /// refusing them: what a margin account opens, and what a spot account buys at the market
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    pub(crate) cut: Option<String>,

    /// Where orders are filled: in a book around the last trade; without a book at the next price, at the
    /// last one at once, or at the last one once the next one comes (backtesting.py's trade_on_close)
    /// [default: book for trades, the recorded one where there is one, next for bars]
    #[arg(long, value_enum)]
    pub(crate) fill: Option<FillRule>,

    /// How much worse than the market takers execute, basis points [default: 0]
    #[arg(long, value_name = "BPS")]
    pub(crate) slippage: Option<String>,

    /// Slippage only for what opens a position or makes it larger
    #[arg(long)]
    pub(crate) slippage_on_entries: bool,

    /// Orders ahead in a recorded book leave by hftbacktest's model with this power instead of last;
    /// refused where there is no recorded book
    #[arg(long, value_name = "1..3", value_parser = clap::value_parser!(u32).range(1..=3))]
    pub(crate) queue_power: Option<u32>,

    /// Which extreme a bar visits first [default: nearest]
    #[arg(long, value_enum)]
    pub(crate) path: Option<Path>,

    /// Seed of drawn latencies: a number, 0x hex, or a git commit [default: 0]
    #[arg(long, value_parser = scenario::parse_seed)]
    pub(crate) seed: Option<u64>,

    /// Time between two points of the equity curve [default: 1m]
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration)]
    pub(crate) equity_every: Option<Duration>,

    /// Time between two looks at the equity, whose returns the ratios are of [default: 24h, UTC days]
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration)]
    pub(crate) returns_every: Option<Duration>,

    /// Such times per year that the ratios assume [default: those of 365 days]
    #[arg(long, value_name = "N")]
    pub(crate) periods_per_year: Option<f64>,

    /// Close at the end what was bought or sold and is still held: at the open of the last bar (as backtesting.py does),
    /// or at the last price; of the equity curve the last point alone shows it
    #[arg(long)]
    pub(crate) finalize: bool,

    /// End as soon as a point of the equity curve is at zero or below: close everything, at zero
    #[arg(long)]
    pub(crate) stop_when_ruined: bool,

    /// Try all combinations of parameters: fast=5..50:5,slow=20|50
    #[arg(long, value_name = "GRID")]
    pub(crate) grid: Option<String>,

    /// What a grid looks for
    #[arg(long, value_enum, default_value_t = Best::Return, requires = "grid")]
    pub(crate) objective: Best,

    /// Cut the tape, choose the best combination on one window, prove it on the next, so many times
    #[arg(long, value_name = "TIMES", requires = "grid", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) walk_forward: Option<u32>,

    /// Length of a window to choose on, in windows to prove on
    #[arg(long, value_name = "WINDOWS", requires = "walk_forward", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) train: u32,

    /// Threads of a grid; its results are the same with any number [default: one per core]
    #[arg(long, value_name = "COUNT", requires = "grid", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) threads: Option<u32>,

    /// Save the result in this folder: report.html, run.json, fills.csv, orders.csv, trades.csv,
    /// equity.csv; of a grid grid.html, grid.json, grid.csv
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// No progress
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Where orders are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FillRule {
    Book,
    Next,
    Last,
    Close,
}

/// Which extreme a bar visits first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Path {
    /// The one nearer to its open
    Nearest,
    High,
    Low,
    /// The one that is worse for the position
    Worst,
}

/// What a grid looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Best {
    Return,
    Sharpe,
    Sortino,
    Calmar,
}

impl From<Best> for Objective {
    fn from(best: Best) -> Self {
        match best {
            Best::Return => Self::Return,
            Best::Sharpe => Self::Sharpe,
            Best::Sortino => Self::Sortino,
            Best::Calmar => Self::Calmar,
        }
    }
}

const HELP: &str = "\
Try:
  wavetank tape generate --seed 3 --length 1d --out market.csv
  wavetank backtest --tape market.csv --strategy ema-cross:fast=5,slow=20 --out result
  wavetank backtest --tape market.csv --strategy quoter --latency 2ms/5ms..20ms/2ms --seed 7
  wavetank backtest --tape market.csv --strategy ema-cross --grid fast=5..50:5,slow=20..200:10
  wavetank backtest --tape BTC/USD=a.csv --tape far:BTC/USDT=b.zip --at-par USDT \\
      --balance USD=10000 --balance far:USDT=5000,BTC=1 --fees far:10/10 --strategy quoter
  wavetank backtest --tape rec.gz#BTCUSDT,book --tape rec.gz#BTCUSDT,trades --symbol BTC/USDT \\
      --balance USDT=10000 --strategy quoter --queue-power 2
  wavetank backtest --config examples/backtest.toml --seed 7

A --config file has the same names as the arguments at its top, and tables [[venue]] (name, fees or
tiers, tiers_move and volume, fixed_fee, latency, feed_recorded, entry_recorded, response_recorded, balance,
funding, cut = true or cut_share)
and [[market]] (symbol, tape, price_decimals, quantity_decimals, cost_decimals, fill, queue_power,
slippage, slippage_on_entries). Recorded latencies are files with one time a line, taken in turn.

Every rule by which orders are filled, and what is unrealistic about it, stands in
crates/matching/src/rules.md; how time passes in crates/backtest/src/guide.md, with the arguments that
reproduce backtesting.py. Definitions of the ratios are in crates/backtest/src/stats.rs.";
