//! One module per command.

pub(crate) mod backtest;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod plan;
pub(crate) mod reduce;
pub(crate) mod run;
pub(crate) mod scenarios;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod sweep;
pub(crate) mod tape;
pub(crate) mod trade;
mod twice;
