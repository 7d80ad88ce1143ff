#![doc = include_str!("guide.md")]

mod backtest;
mod checked;
mod config;
mod equity;
mod event;
mod fills;
mod grid;
mod joined;
mod latency;
mod log;
mod merge;
mod orders;
mod record;
mod shared;
pub mod stats;
mod tiers;
mod trips;
mod venue;
mod walk;
mod wire;
mod worth;

pub use backtest::{Backtest, MESSAGES_MAX, RunError};
pub use checked::CheckedTape;
pub use config::{BacktestConfig, ConfigError, IntrabarPath, MARKETS_MAX, VENUES_MAX, VenueConfig};
pub use event::{DepthRow, HeardRow, MarketEvent, OrdersRow, TradeRow};
pub use fills::Fills;
pub use grid::{Axis, GRID_MAX, Grid, GridError, in_parallel};
pub use joined::JoinedTape;
pub use latency::{
    FeedError, IN_FLIGHT_MAX, LATENCY_MAX, Latency, LatencyConfig, RECORDED_MAX, TAPE_LATENCY_MAX,
};
pub use orders::Orders;
pub use record::{BacktestResult, DataCounts, Digest, EquityPoint, FillRecord, Mark, OrderRecord};
pub use shared::{SharedEvents, SharedTape};
pub use tiers::FeeTier;
pub use trips::{RoundTrip, round_trips};
pub use walk::{Fold, Window, walk_forward};
pub use worth::Rates;
