#![doc = include_str!("rules.md")]
#![deny(clippy::float_arithmetic)]

mod config;
mod event;
mod exchange;
mod ledger;
mod market;
mod order;
mod outside;

pub use config::{
    AccountConfig, ConfigError, ExchangeConfig, FeeRates, InstrumentConfig, Liquidity,
    SyntheticConfig,
};
pub use event::{ExchangeEvent, Execution, Refusal, TapeError};
pub use exchange::{DepthUpdate, Exchange};
pub use ledger::{Balance, Ledger};
pub use order::{AccountId, CancelReason, Order, OrderId, OrderRequest, OrderStatus};
