//! Production composition: feeds → strategy → orders → reconciliation, in one task group.
//!
//! [`run`] is the same function live, on paper and in simulation: what differs is the
//! [`platform::Platform`] it gets. The node decides nothing; the engine does. It carries the
//! engine's actions out and brings it the news.
//!
#![doc = include_str!("../docs/operating.md")]

mod alerts;
mod backoff;
mod board;
mod clock;
mod config;
mod core;
mod dependencies;
mod endpoint;
mod error;
mod groups;
mod help;
mod heritage;
mod influx;
mod orders;
mod run;
mod shutdown;
mod sinks;
mod startup;
mod strays;
mod switch;
mod upkeep;

pub use config::{ForeignOrders, NodeConfig};
pub use endpoint::is_ours as is_meant_for_us;
pub use error::NodeError;
pub use influx::{INFLUX, influx_sink};
pub use run::{NodeReport, run};
pub use sinks::{Sink, SinkContext, SinkSpec};
