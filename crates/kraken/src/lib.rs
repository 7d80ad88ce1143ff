//! The client of Kraken's spot exchange: REST and WebSocket v2.
//!
//! - [`codec`]: the wire formats, sans-IO.
//! - [`book`]: a local book with its checksum.
//! - [`rest`]: requests, through three lanes (read, order, cancel) of breaker and retries, and through
//!   limiters that mirror Kraken's own counters (`limits`, [`tier`]).
//! - [`rules`]: what a pair asks of an order, checked before it is sent.
//! - [`session`]: the two streams, public (trades, books) and private (our orders), each a
//!   long-running function over a sans-IO state machine in `stream`.
//! - [`switch`]: Kraken's dead man's switch, kept from firing.
//!
//! Kraken's words end here: everything that goes up is in terms of [`model`].

pub mod book;
pub mod codec;
mod config;
mod lanes;
mod limits;
pub mod rest;
pub mod rules;
pub mod session;
mod stream;
pub mod switch;
#[cfg(test)]
mod test_venue;
pub mod tier;

pub use codec::account::{OrderDetails, OwnTrade, Paged, Period};
pub use codec::market::{Candle, CandleLength, Ticker};
pub use codec::order::{Amendment, CancelTarget, KrakenOrder, Placed, Replaced, Replacement};
pub use codec::rest::{SystemStatus, TradeCursor, TradePage, WsToken};
pub use codec::sign::{Credentials, CredentialsError};
pub use config::{ConfigError, KrakenConfig};
pub use rest::{BatchResults, CallError, CancelOutcome, LookupError, Rest, RestError, SubmitError};
pub use rules::{PairRules, Rule, RuleBroken};
pub use session::{
    SessionContext, SessionError, Trader, TradingLink, run_private, run_private_trading, run_public,
};
pub use tier::Tier;
