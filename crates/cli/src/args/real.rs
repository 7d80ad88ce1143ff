//! Commands on real sockets and the real clock.

use std::net::SocketAddr;
use std::path::PathBuf;

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

    /// The market: a file in Kraken's trade archive format (`timestamp,price,volume`, no header).
    /// `wavetank tape generate` makes one
    #[arg(long, value_name = "FILE")]
    pub(crate) tape: PathBuf,

    /// The pair that the tape is of
    #[arg(long, value_name = "BASE/QUOTE", default_value = "BTC/USD", value_parser = symbol)]
    pub(crate) symbol: Symbol,

    /// How fast the market plays; `max` plays all of it at once
    #[arg(long, value_enum, default_value_t = Speed::Real)]
    pub(crate) speed: Speed,

    /// Log to standard error, for example `info` (orders and fills) or `debug` [default: nothing]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

const SERVE_HELP: &str = "\
The venue starts empty at every start, with one account whose key it prints. It speaks plain HTTP and
WebSocket (no TLS), Kraken's REST and WebSocket v2; what it does not offer is refused in Kraken's words.

Try:
  wavetank serve kraken --tape data/tapes/BTCUSD_sample_30m.csv
  wavetank serve kraken --tape market.csv --listen 127.0.0.1:0 --speed 10 --log info

Exit codes:
  0 stopped by Ctrl-C or SIGTERM   1 wrong usage, unreadable tape, port taken
  3 a part failed, for example a connection   130 second signal";

/// A venue that can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServedVenue {
    /// Kraken, spot
    Kraken,
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
    /// All at once
    #[value(name = "max")]
    Max,
}

impl Speed {
    /// How many times as fast as recorded; `None` for all at once.
    pub(crate) const fn factor(self) -> Option<u32> {
        match self {
            Self::Real => Some(1),
            Self::Ten => Some(10),
            Self::Max => None,
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
There is no TLS in this version: it cannot reach Kraken itself, only what speaks plain HTTP, such as
`wavetank serve`. The smallest configuration:

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

`--check` prints every other setting with its default. A variable WAVETANK_<TABLE>_<KEY> overrides the
value of a key: WAVETANK_VENUE_REST, WAVETANK_RISK_POSITION_MAX.

Ctrl-C (SIGINT) or SIGTERM ends it in order: no new orders, open orders cancelled and orders in doubt
resolved, sinks flushed, connections closed. A second signal ends it at once; orders may then stay open.

Exit codes:
  0 ended as told, nothing left but what is optional    1 wrong usage or configuration, or it could not start
  2 ended, but orders may still be open at the venue    3 a part failed    130 second signal";
