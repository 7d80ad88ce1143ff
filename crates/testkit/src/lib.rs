//! What the tests of several crates share. A dependency of tests only, which `tests/it/layers.rs` checks.
//!
//! - [`drop_at_every_poll`]: whether a future can be dropped wherever it waits.
//! - [`Log`]: what was logged.

mod drops;
mod log;

pub use drops::{drop_at_every_poll, drop_at_every_poll_and_settle};
pub use log::Log;
