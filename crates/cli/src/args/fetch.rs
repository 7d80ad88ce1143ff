//! The arguments of `wavetank tape fetch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use model::UnixNanos;

#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    #[command(subcommand)]
    pub(crate) venue: FetchVenue,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FetchVenue {
    /// Trades of Kraken's REST interface, page after page, into one file of text
    Kraken(FetchKrakenArgs),
    /// Files of Binance's public archive, with their check sums
    Binance(FetchBinanceArgs),
}

impl FetchArgs {
    pub(crate) const fn web(&self) -> &WebArgs {
        match &self.venue {
            FetchVenue::Kraken(args) => &args.web,
            FetchVenue::Binance(args) => &args.web,
        }
    }
}

/// How the site is asked.
#[derive(Debug, Args)]
pub(crate) struct WebArgs {
    /// Least time between two requests
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = scenario::parse_duration)]
    pub(crate) pace: Duration,

    /// Where the exchange is, or a mirror or proxy of it [default: the exchange's own address]
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// Certificates (PEM) to trust besides the public authorities, for a site that signs its own
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The file has a header and is read by every command of `wavetank tape`. If it is there already, the fetch
goes on behind its last trade: the same command again, after Ctrl-C too, brings it up to date.
A request that fails is repeated five times, each time after twice the wait.

  wavetank tape fetch kraken --pair XBTUSD --from 2024-08-08 --to 2024-08-09 --out XBTUSD-trades.csv")]
pub(crate) struct FetchKrakenArgs {
    /// Pair as Kraken's REST interface names it: XBTUSD
    #[arg(long)]
    pub(crate) pair: String,

    /// First instant, UTC: 2024-08-08 or 2024-08-08T16:00:00
    #[arg(long, value_name = "TIME", value_parser = tape::parse_utc)]
    pub(crate) from: UnixNanos,

    /// First instant that is not wanted any more, UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = tape::parse_utc)]
    pub(crate) to: Option<UnixNanos>,

    /// File to write or to go on with
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) web: WebArgs,
}

/// What a file of the archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArchiveKind {
    /// Single trades
    #[value(name = "trades")]
    Trades,
    /// Trades of one order at one price as one row
    #[value(name = "aggTrades")]
    AggTrades,
    /// Bars; give --interval
    #[value(name = "klines")]
    Klines,
    /// Best prices, of futures only
    #[value(name = "bookTicker")]
    BookTicker,
}

impl ArchiveKind {
    /// The name in paths.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::AggTrades => "aggTrades",
            Self::Klines => "klines",
            Self::BookTicker => "bookTicker",
        }
    }
}

/// A market of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArchiveMarket {
    /// Spot
    Spot,
    /// Futures that are margined in USDT or USDC
    Um,
    /// Futures that are margined in the coin
    Cm,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Every file is verified with the SHA-256 that the archive tells, and gets its name only then. Files that
are there and agree are not fetched again; what was fetched of a file is kept in NAME.part and gone on
with. Ends with 1 when the archive lacks a file of the span.

  wavetank tape fetch binance --symbol BTCUSDT --kind trades --from 2024-08-01 --to 2024-08-31 \\
    --out data/btcusdt")]
pub(crate) struct FetchBinanceArgs {
    /// Symbol: BTCUSDT
    #[arg(long)]
    pub(crate) symbol: String,

    /// What the files hold
    #[arg(long, value_enum)]
    pub(crate) kind: ArchiveKind,

    /// Length of klines: 1m
    #[arg(long)]
    pub(crate) interval: Option<String>,

    /// Which market
    #[arg(long, value_enum, default_value_t = ArchiveMarket::Spot)]
    pub(crate) market: ArchiveMarket,

    /// First day
    #[arg(long, value_name = "DAY", value_parser = tape::parse_utc)]
    pub(crate) from: UnixNanos,

    /// Last day [default: the first one]
    #[arg(long, value_name = "DAY", value_parser = tape::parse_utc)]
    pub(crate) to: Option<UnixNanos>,

    /// Files of whole months instead of days
    #[arg(long)]
    pub(crate) monthly: bool,

    /// Folder to write to
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) web: WebArgs,
}
