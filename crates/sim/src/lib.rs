//! The simulated world: hosts on a virtual network, faults, seeds, history, digest.
//!
//! A [`Setup`] determines a run completely; [`simulate`] runs it on a thread of its own and returns
//! the history. [`Simulate`] is the short way there, with a strategy of one's own. The production node runs on the host `trader` as it would anywhere; the simulated
//! venue's listeners run on hosts with the venue's real names. Everything below the network seam is
//! turmoil, and only `network/turmoil.rs` names it.

mod clock;
mod error;
mod faults;
mod freezer;
mod history;
mod hosts;
mod influx;
mod lanes;
mod limits;
mod links;
mod network;
mod rates;
mod run;
mod sampler;
mod setup;
mod simulation;
mod sockets;
mod world;

pub use error::SimError;
pub use faults::protocol_fault;
pub use history::digest;
pub use hosts::trader::{TraderContext, TraderProgram, production};
pub use hosts::visitor::VisitorProgram;
pub use hosts::{INFLUX, KRAKEN_PRIVATE, KRAKEN_PUBLIC, KRAKEN_REST, TRADER};
pub use run::Run;
pub use setup::{ACCOUNT, Setup};
pub use simulation::{Simulate, Simulation};
pub use world::{Outcome, Progress, simulate, simulate_within};
