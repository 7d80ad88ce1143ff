//! One module per command.

pub(crate) mod backtest;
pub(crate) mod plan;
pub(crate) mod run;
pub(crate) mod scenarios;
pub(crate) mod serve;
pub(crate) mod tape;
pub(crate) mod trade;
mod twice;
