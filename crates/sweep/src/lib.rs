//! Many seeds: run them on all cores, judge each, and reduce what fails.
//!
//! [`sweep`] runs and judges; [`Reduction`] is the pure part of a reduction: it proposes smaller plans and is
//! told whether they still fail; [`reduce()`] drives it with real runs. What a sweep gives does not depend on
//! the number of threads or on the order in which runs end.

mod case;
mod engine;
mod reduce;
mod reduction;
mod seeds;

pub use case::{Case, NO_PANIC, REPEATS, RUN_ENDS};
pub use engine::{Job, sweep};
pub use reduce::{Reduced, reduce};
pub use reduction::{Candidate, Reduction};
pub use seeds::{InvalidSeeds, Seeds, Shard, parse_seeds, parse_shard};
