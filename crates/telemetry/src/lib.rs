//! Keeps what the trading system tells through the [`metrics`] facade, and shows it.
//!
//! [`Recorder`] is the other end of the facade: install it for the process
//! (`metrics::set_global_recorder`) or, in simulation, for the thread of a run
//! (`metrics::with_local_recorder`). [`Recorder::render`] is what Prometheus reads,
//! [`Recorder::samples`] what a history keeps.
//!
//! It reads no clock, starts nothing, and keeps everything in the order of names and labels, so that
//! equal runs give equal texts. Not here: HTTP, which is the node's; what is told, which is up to each
//! component.

mod histogram;
mod recorder;
mod samples;
mod series;
mod text;

pub use histogram::BUCKETS_S;
pub use recorder::{Recorder, SERIES_MAX};
