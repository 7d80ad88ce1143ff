//! The arguments of `wavetank tape`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use model::{Price, UnixNanos};
use tape::Format as TapeFormat;

use super::{FetchArgs, Format};

#[derive(Debug, Args)]
pub(crate) struct TapeArgs {
    #[command(subcommand)]
    pub(crate) command: TapeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TapeCommand {
    /// Say what files hold: format, rows, span, prices, what was found
    Info(SurveyArgs),
    /// Check files row by row, and say what is wrong and where
    Check(SurveyArgs),
    /// Write files as one tape in columns (Parquet)
    Convert(ConvertArgs),
    /// Generate a market: one with heavy tails, bursts and a crash, or one of the textbook
    Generate(GenerateArgs),
    /// Fetch recorded markets from an exchange
    Fetch(FetchArgs),
}

/// What is read: the same for every command.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// Files as the exchanges publish them: plain, .gz or .zip (FILE.zip!MEMBER for one of many), and
    /// recordings of their WebSockets (FILE#BTCUSDT,book for one channel of one market); several are one
    /// tape, in the order of their first rows
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) how: ReadHow,
}

/// How files are read.
#[derive(Debug, Args)]
pub(crate) struct ReadHow {
    /// Read every file as this format instead of the one that its content shows
    #[arg(long, value_name = "FORMAT")]
    pub(crate) read_as: Option<TapeFormat>,

    /// Length of a bar, where neither columns nor names tell it
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration)]
    pub(crate) interval: Option<Duration>,

    /// What to do about a problem: fail, skip (leave the row out), keep, or sort:ROWS (only for
    /// unsorted rows); may be repeated
    #[arg(long, value_name = "PROBLEM=POLICY")]
    pub(crate) on: Vec<String>,

    /// Silence between trades that counts as a gap [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration)]
    pub(crate) silence: Option<Duration>,

    /// Move of a price that counts as a jump, basis points [default: 500]
    #[arg(long, value_name = "BPS")]
    pub(crate) jump_bps: Option<u32>,
}

#[derive(Debug, Args)]
#[command(after_help = READ_HELP)]
pub(crate) struct SurveyArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,

    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = CONVERT_HELP)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    pub(crate) read: ReadArgs,

    /// File to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// Name of the market to note in the file [default: the one of the first file]
    #[arg(long)]
    pub(crate) symbol: Option<String>,
}

const READ_HELP: &str = "\
Formats (detected from the content; each is described in crates/tape/docs/formats.md):
  kraken-trades kraken-ohlcvt kraken-rest-trades kraken-rest-ohlc
  binance-trades binance-agg-trades binance-klines
  binance-rest-trades binance-rest-agg-trades binance-rest-klines
  binance-book-ticker binance-depth tardis-trades tardis-quotes tardis-book
  cryptodatadownload-bars csv-trades csv-bars csv-quotes
  columnar-trades columnar-bars columnar-quotes columnar-book columnar-orders
Recordings of WebSockets:
  kraken-ws-trades kraken-ws-ticker kraken-ws-book kraken-ws-level3 kraken-ws-ohlc
  kraken-ws1-trades kraken-ws1-ticker kraken-ws1-book
  kraken-futures-ws-trades kraken-futures-ws-book
  binance-ws-trades binance-ws-agg-trades binance-ws-book-ticker binance-ws-klines
  binance-ws-depth binance-ws-partial-depth

Problems, and what is done about them unless --on says otherwise:
  fail  unsorted absurd-time not-positive crossed-bar duplicate-id duplicate-bar overlapping-bar
        crossed-book broken-sequence wrong-checksum
  skip  unfinished-bar
  keep  missing-ids equal-trade gap jump empty-bar rounded
Every problem is counted, whatever is done about it.

A FILE.CHECKSUM beside a file is verified. `check` ends with 1 when a row had a problem whose policy
is to fail; `info` ends with 0 as long as the files can be read.

  wavetank tape check aggTrades-2023-05.zip --on unsorted=sort:100000
  wavetank tape info recording.jsonl.gz#BTCUSDT,book";

const CONVERT_HELP: &str = "\
The file is Parquet without compression: pandas, polars and DuckDB open it, and wavetank loads it many
times faster than text. Prices and volumes are exact decimals, times are nanoseconds in UTC.
Rows go through the same checks as in `tape check`: a row whose policy is to fail stops the conversion,
and no file is left.

  wavetank tape convert BTCUSDT-trades-2024-*.zip --out btc.parquet
  python3 -c 'import polars; print(polars.read_parquet(\"btc.parquet\"))'";

/// How the price of a generated market moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MarketArg {
    /// As real ones: clustered volatility, fat tails, jumps, bursts of trades, a crash
    Agitated,
    /// A random walk: nothing can be won in it
    Walk,
    /// A random walk that rises by 1 % an hour: buying and holding wins
    Trend,
    /// A random walk that is drawn back to its start by half in 10 minutes: buying low, selling high wins
    Reverting,
    /// A random walk around a line that rises and falls by 2 % every 40 minutes: following the trend wins
    Zigzag,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The file is in Kraken's trade archive format: `timestamp,price,volume`, no header.\n\
The same seed and options give the same bytes on every machine."
)]
pub(crate) struct GenerateArgs {
    /// Seed: a number, 0x hex, or a git commit
    #[arg(long, value_parser = scenario::parse_seed)]
    pub(crate) seed: u64,

    /// File to write; it must not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// How the price moves
    #[arg(long, value_enum, default_value_t = MarketArg::Agitated)]
    pub(crate) kind: MarketArg,

    /// Length of the market, at most 31d [default: 31m]
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration)]
    pub(crate) length: Option<Duration>,

    /// Start, seconds since 1970 [default: 2025-03-03 09:00 UTC]
    #[arg(long, value_name = "SECONDS", value_parser = UnixNanos::parse_secs)]
    pub(crate) start: Option<UnixNanos>,

    /// Price at the start [default: 84250]
    #[arg(long, value_name = "PRICE", value_parser = Price::parse)]
    pub(crate) start_price: Option<Price>,

    /// Digits after the point of a price [default: 1]
    #[arg(long, value_name = "DIGITS")]
    pub(crate) price_decimals: Option<u32>,

    /// Trades per minute in the long run [default: 60]
    #[arg(long, value_name = "COUNT")]
    pub(crate) trades_per_minute: Option<u32>,

    /// Standard deviation of the return of one minute, basis points [default: 8]
    #[arg(long, value_name = "BPS")]
    pub(crate) volatility_bps: Option<u32>,

    /// Begin of the crash, from the start [default: 18m, only in an agitated market]
    #[arg(long, value_name = "TIME", value_parser = scenario::parse_duration)]
    pub(crate) crash_at: Option<Duration>,

    /// Depth of the crash, basis points of the price [default: 600, only in an agitated market]
    #[arg(long, value_name = "BPS")]
    pub(crate) crash_bps: Option<u32>,

    /// No crash
    #[arg(long, conflicts_with_all = ["crash_at", "crash_bps"])]
    pub(crate) no_crash: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_help_names_every_format_and_every_problem() {
        let words: BTreeSet<&str> = READ_HELP.split_whitespace().collect();
        let formats = TapeFormat::ALL.map(TapeFormat::name);
        let problems = tape::Problem::ALL.map(tape::Problem::name);
        for name in formats.iter().chain(&problems) {
            assert!(words.contains(name), "{name}");
        }
    }
}
