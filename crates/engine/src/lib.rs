//! The trading engine: `step(event) → actions`, nothing else.
//!
//! Pure: no await, no I/O, no clock, no venue's words. The node feeds it events and carries its
//! actions out; a backtest does the same without a network. Strategies see a [`Desk`] and never
//! the engine's state.
#![deny(clippy::float_arithmetic)]

mod action;
mod bar_run;
mod desk;
mod ema;
mod engine;
mod ids;
mod markets;
mod order;
mod orders;
mod risk;
mod rolling_mean;
mod spec;
mod strategies;
mod strategy;

pub use action::{
    Action, CancelOutcome, EngineEvent, Errand, LocateOutcome, OrderNews, Standing, SubmitOutcome,
};
pub use bar_run::BarRun;
pub use desk::{Desk, MarketView};
pub use ema::Ema;
pub use engine::{Engine, EngineConfig, EngineError};
pub use ids::{EarlierRuns, OrderIds};
pub use markets::MarketNumber;
pub use order::Order;
pub use orders::{OrderNumber, Orders};
pub use risk::RiskLimits;
pub use rolling_mean::Means;
pub use spec::{SpecError, StrategySpec};
pub use strategies::{EmaCross, NoOp, Quoter, SmaCross};
pub use strategy::{Strategy, StrategyFactory, Wants};
