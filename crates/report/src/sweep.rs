//! What many runs gave: one record per seed, their tally, and what people and CI systems read of it.
//!
//! A tally is a sum: whatever the order in which seeds end, it is the same.

mod coverage;
mod junit;
mod seed;
mod tally;
mod text;

pub use coverage::Coverage;
pub use junit::{github_annotations, junit_xml};
pub use seed::{FailureClass, SeedFailure, SeedRecord};
pub use tally::{
    CoverageRow, FailureGroup, SweepAbout, SweepReport, SweepTime, SweepVerdict, Tally,
};
pub use text::{render_sweep, render_sweep_verdict};

/// Version of the JSON of seeds and sweeps: rises when a field goes or changes its meaning.
pub const SWEEP_SCHEMA: u32 = 1;

#[cfg(test)]
mod tests;
