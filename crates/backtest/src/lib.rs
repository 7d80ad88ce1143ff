#![doc = include_str!("guide.md")]

mod backtest;
mod config;
mod equity;
mod event;
mod latency;
mod record;
pub mod stats;
mod trips;
mod venue;
mod wire;

pub use backtest::{Backtest, MESSAGES_MAX, RunError};
pub use config::{BacktestConfig, ConfigError, IntrabarPath};
pub use event::{DepthRow, MarketEvent, TradeRow};
pub use latency::{IN_FLIGHT_MAX, LATENCY_MAX, Latency, LatencyConfig};
pub use record::{BacktestResult, DataCounts, Digest, EquityPoint, FillRecord, OrderRecord};
pub use trips::{RoundTrip, round_trips};
