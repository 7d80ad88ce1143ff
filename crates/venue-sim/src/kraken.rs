//! The simulated Kraken Spot: REST, WebSocket v2, and v1 for older clients.
//!
//! The core (`venue`, `rest`, `stream`) is pure: requests and recorded trades go in with the time,
//! answers and queued messages come out. [`KrakenSim`] puts it behind a lock and drives it over
//! byte streams.
//!
//! Offered are the public and private REST methods about markets, orders, executions, balances and ledgers
//! (`rest.rs` lists them), of WebSocket v2 the channels `status`, `heartbeat`, `instrument`, `ticker`, `book`,
//! `trade`, `ohlc`, `executions` and `balances` and every method that trades, and of v1 what corresponds to
//! them. All go through `orders`. Not there: margin (orders that ask for it get margin's own refusals), funding,
//! staking, `level3`, triggers on an index price.
//! What is not offered is refused in Kraken's words; fields that Kraken does not know are ignored, as Kraken does.
//!
//! So is what is too much: `limits` counts calls per key, orders and cancels per account and pair, open
//! orders, and connection attempts per address, as the account's tier allows.
//!
//! # Determinism
//! Wall time comes from the clock, durations from tokio's time, names from entropy streams below
//! `kraken/`. Every map is ordered. Equal calls at equal times give equal bytes.

mod book;
mod candles;
mod config;
mod error;
mod fault;
mod fees;
#[cfg(test)]
mod fixture;
mod ids;
mod ledger;
mod limits;
mod market;
mod nonces;
mod orders;
mod pair;
mod prints;
mod publish;
mod rest;
mod serve;
mod sim;
mod standing;
mod stream;
mod ticker;
mod token;
mod venue;
mod wire;

pub use config::{AccountConfig, ConfigError, KeyConfig, KrakenSimConfig, Otp, Permissions};
pub use fault::{ChannelFault, FaultSwitches, ProtocolFault, RestFault, SessionFault};
pub use fees::{rates_at as fee_rates_at, steps as fee_steps};
pub use limits::Tier;
pub use market::MarketEvent;
pub use orders::Phase;
pub use pair::{KrakenAsset, Pair};
pub use sim::{KrakenSim, Pace, Role};
pub use standing::Standing;
