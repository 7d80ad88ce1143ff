#![doc = include_str!("rules.md")]
#![deny(clippy::float_arithmetic)]

mod config;
mod crowd;
mod event;
mod exchange;
mod ladder;
mod ledger;
mod market;
mod order;
mod orders;
mod outside;
mod queue;
mod rules;
mod touch;
mod waiting;

pub use config::{
    AccountConfig, ConfigError, ExchangeConfig, FeeRates, Funding, InstrumentConfig, Liquidity,
    PrintRule, QueueModel, Shortfall, Slippage, SlippageOn, SyntheticConfig,
};
pub use crowd::OrderChange;
pub use event::{ExchangeEvent, Execution, Refusal, TapeError};
pub use exchange::{Amendment, BarPrint, DepthUpdate, Exchange, MarketId, OrdersUpdate, Quiet};
pub use ledger::{Balance, Ledger};
pub use order::{AccountId, CancelReason, Order, OrderId, OrderRequest, OrderStatus};
pub use rules::{BuyHolds, VenueRules};
pub use touch::Touch;
