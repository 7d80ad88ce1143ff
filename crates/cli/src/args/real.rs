//! Commands on real sockets and the real clock.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use model::Symbol;

#[derive(Debug, Args)]
#[command(after_help = SERVE_HELP)]
pub(crate) struct ServeArgs {
    /// Which venue
    #[arg(value_enum)]
    pub(crate) venue: ServedVenue,

    /// Address to listen on; REST and WebSocket share the port. Port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// A recorded market: trades or a book (L2) in any format of `wavetank tape`. Of the pair named before
    /// it, by `--symbol`, or by the file itself. May be given several times: other pairs, or trades beside a book
    #[arg(long, value_name = "[BASE/QUOTE=]FILE", required = true, value_parser = served_tape)]
    pub(crate) tape: Vec<ServedTape>,

    /// The pair of tapes that name none
    #[arg(long, value_name = "BASE/QUOTE", value_parser = symbol)]
    pub(crate) symbol: Option<Symbol>,

    /// Pairs without a tape: a generated market for each, or not listed at all
    #[arg(long, value_enum, default_value_t = OtherPairs::Generated)]
    pub(crate) other_pairs: OtherPairs,

    /// How fast the market plays; with `max` all of it has happened already, and with `--loop` it plays again as
    /// fast as clients read it
    #[arg(long, value_enum, default_value_t = Speed::Real)]
    pub(crate) speed: Speed,

    /// How much of the tape has happened at the start, so that there are candles and trades: `30m`
    /// [default: the first half, at most 12h]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) history: Option<Duration>,

    /// Begin again when the tape has ended [default: a generated market goes on from the last price]
    #[arg(long = "loop")]
    pub(crate) repeat: bool,

    /// Accounts with their keys, tiers, balances and permissions (TOML) [default: one account, keys drawn]
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,

    /// Faults that strike by themselves: `[[fault]]` of a scenario's plan (TOML), times since the start
    #[arg(long, value_name = "PLAN")]
    pub(crate) faults: Option<PathBuf>,

    /// Control over HTTP and JSON: state, phases, faults
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) control: Option<SocketAddr>,

    /// Serve TLS with a certificate of its own, written to this file (PEM) for clients to trust
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "wavetank-serve.pem"
    )]
    pub(crate) tls: Option<PathBuf>,

    /// Log to standard error, for example `info` (orders and fills) or `debug` [default: nothing]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

const SERVE_HELP: &str = r#"The venue starts anew at every start. It speaks Kraken's REST and WebSocket v2; what it does not offer is refused
in Kraken's words. Clients need no change but their base URL.

An accounts file:
  [[account]]
  name = "alice"                          # tier: starter, intermediate, pro
  tier = "pro"
  balance = { USD = "100000", BTC = "2" }
  volume = "60000"                        # of 30 days, US dollars: decides the fees; or
  fees = { maker_percent = "0.1", taker_percent = "0.2" }
  standing = "active"                     # or locked, user-locked (no trading), disabled, unconfirmed (no private call)
  [[account.key]]                         # key and secret are drawn if they are not given
  key = "..."
  secret = "..."                          # base64
  permissions = ["query-funds", "query-open-orders", "query-closed-orders", "query-ledger", "create-orders",
                 "cancel-orders", "web-sockets"]
  otp = "..."                             # second factor: each private request must carry it
  nonce_window = 0

The control port:
  curl http://ADDRESS/state
  curl -d '{"phase":"maintenance"}' http://ADDRESS/phase           online, maintenance, cancel_only, post_only, limit_only
  curl -d '{"account":"trader","standing":"locked"}' http://ADDRESS/accounts
  curl -d '{"kind":"rest-status","status":503}' http://ADDRESS/faults        says the fault's number
  curl -X DELETE http://ADDRESS/faults/0

Try:
  wavetank serve kraken --tape data/tapes/BTCUSD_sample_30m.csv
  wavetank serve kraken --tape ETH/USD=market.csv --listen 127.0.0.1:0 --speed 10 --loop --log info

Exit codes:
  0 stopped by Ctrl-C or SIGTERM   1 wrong usage, unreadable file, port taken
  3 a part failed, for example a connection   130 second signal"#;

/// A venue that can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServedVenue {
    /// Kraken, spot
    Kraken,
}

/// A tape, perhaps with the pair that it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServedTape {
    pub(crate) symbol: Option<Symbol>,
    pub(crate) path: PathBuf,
}

fn served_tape(text: &str) -> Result<ServedTape, String> {
    let named = text.split_once('=').and_then(|(pair, path)| Some((symbol(pair).ok()?, path)));
    let (symbol, path) = named.map_or((None, text), |(symbol, path)| (Some(symbol), path));
    if path.is_empty() {
        return Err("expected a file, or a pair and a file such as ETH/USD=trades.csv".to_owned());
    }
    Ok(ServedTape { symbol, path: PathBuf::from(path) })
}

fn duration(text: &str) -> Result<Duration, String> {
    scenario::parse_duration(text).map_err(|error| error.to_string())
}

/// What becomes of pairs without a tape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherPairs {
    /// Each has a quiet market around a usual price, the same at every start
    Generated,
    /// They are not listed
    None,
}

#[cfg(test)]
impl ServeArgs {
    /// As from a command line.
    pub(crate) fn parsed(arguments: &[&str]) -> Self {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: ServeArgs,
        }
        <Line as clap::Parser>::try_parse_from(arguments).expect("valid arguments").args
    }
}

/// How fast a tape plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Speed {
    /// As fast as it was recorded
    #[value(name = "1")]
    Real,
    /// Ten times as fast
    #[value(name = "10")]
    Ten,
    /// All of it has happened at the start
    #[value(name = "max")]
    Max,
}

impl Speed {
    /// How many times as fast as recorded; `None` if all of it has happened.
    pub(crate) const fn factor(self) -> Option<u32> {
        match self {
            Self::Real => Some(1),
            Self::Ten => Some(10),
            Self::Max => None,
        }
    }

    /// How many times as fast as recorded a tape plays again. At the highest speed clients that read more slowly hold
    /// it up.
    pub(crate) const fn loop_factor(self) -> u32 {
        match self {
            Self::Real => 1,
            Self::Ten => 10,
            Self::Max => 1_000,
        }
    }
}

fn symbol(text: &str) -> Result<Symbol, String> {
    match text.split_once('/') {
        Some((base, quote)) if !base.is_empty() && !quote.is_empty() => Ok(Symbol::new(text)),
        _ => Err("expected a pair such as BTC/USD".to_owned()),
    }
}

#[derive(Debug, Args)]
#[command(after_help = TRADE_HELP)]
pub(crate) struct TradeArgs {
    /// File with everything that the node needs to know
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,

    /// Check the configuration, print it with its defaults and without secrets, and end
    #[arg(long)]
    pub(crate) check: bool,

    /// Log to standard error, for example `info`, `debug` or `kraken=trace` [default: nothing]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

const TRADE_HELP: &str = "\
It trades at whatever speaks like Kraken: `wavetank serve`, in TLS or not, or Kraken itself, which is
https://api.kraken.com. The smallest configuration:

  [venue]
  rest = \"http://127.0.0.1:8080\"
  symbols = [\"BTC/USD\"]
  api_key = { env = \"KRAKEN_API_KEY\" }         # or { file = \"key.txt\" }: keys never stand in here
  api_secret = { env = \"KRAKEN_API_SECRET\" }

  [strategy]
  spec = \"ema-cross:fast=12,slow=26\"

  [risk]
  order_quantity_max = \"0.1\"
  position_max = \"0.5\"
  working_orders_max = 5

  [endpoint]                                    # leave it out for none
  listen = \"127.0.0.1:9090\"                     # port 0 takes any free one

  [sink]                                        # InfluxDB; leave it out for none
  url = \"http://127.0.0.1:8086\"
  org = \"mine\"
  bucket = \"trading\"
  token = { env = \"INFLUX_TOKEN\" }

  [tls]                                         # for https:// and wss://; may be left out
  roots = \"wavetank-serve.pem\"                  # trusted besides the public authorities

`--check` prints every other setting with its default. A variable WAVETANK_<TABLE>_<KEY> overrides the
value of a key: WAVETANK_VENUE_REST, WAVETANK_RISK_POSITION_MAX.

Ctrl-C (SIGINT) or SIGTERM ends it in order: no new orders, open orders cancelled and orders in doubt
resolved, sinks flushed, connections closed. A second signal ends it at once; orders may then stay open.

Exit codes:
  0 ended as told, nothing left but what is optional    1 wrong usage or configuration, or it could not start
  2 ended, but orders may still be open at the venue    3 a part failed    130 second signal";
