//! The simulated Kraken Spot: REST and WebSocket v2.
//!
//! The core (`venue`, `rest`, `stream`) is pure: requests and recorded trades go in with the time,
//! answers and queued messages come out. [`KrakenSim`] puts it behind a lock and drives it over
//! byte streams.
//!
//! Offered are the REST methods `Time`, `SystemStatus`, `Assets`, `AssetPairs`, `Ticker`, `Depth`,
//! `Balance`, `OpenOrders`, `ClosedOrders`, `QueryOrders`, `AddOrder`, `CancelOrder`, `CancelAll`
//! and `GetWebSocketsToken`, and the WebSocket channels `trade`, `book` and `executions`. What else
//! Kraken has is refused in Kraken's words, never ignored.
//!
//! So is what is too much: `limits` counts calls per key, orders and cancels per account and pair, open
//! orders, and connection attempts per address, as the account's tier allows.
//!
//! # Determinism
//! Wall time comes from the clock, durations from tokio's time, names from entropy streams below
//! `kraken/`. Every map is ordered. Equal calls at equal times give equal bytes.

mod book;
mod config;
mod error;
mod fault;
#[cfg(test)]
mod fixture;
mod ids;
mod limits;
mod pair;
mod publish;
mod rest;
mod serve;
mod sim;
mod stream;
mod ticker;
mod token;
mod venue;
mod wire;

pub use config::{AccountConfig, ConfigError, KrakenSimConfig, Permissions};
pub use fault::{FaultSwitches, ProtocolFault, RestFault};
pub use limits::Tier;
pub use pair::{KrakenAsset, Pair};
pub use sim::{KrakenSim, Role};
