//! What the caller knows about a run.

use std::time::Duration;

use model::UnixNanos;

/// What the caller knows about a run and the history does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunMeta {
    /// Name of the scenario: `faults/kraken-outage`.
    pub scenario: String,
    /// What the scenario shows, in one line.
    pub purpose: String,
    /// Seed of the run.
    pub seed: u64,
    /// Fingerprint of the history.
    pub digest: String,
    /// Version of the program.
    pub version: String,
    /// Commit that the program was built from, if known.
    pub commit: Option<String>,
    /// Simulated venue: `kraken`.
    pub venue: String,
    /// The market that played.
    pub tape: TapeMeta,
    /// Virtual time that passed.
    pub simulated: Duration,
    /// Real time that it took.
    pub wall: Duration,
    /// The fault plan, one line per fault.
    pub faults: Vec<String>,
}

/// The market that played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapeMeta {
    /// The file, as it was named.
    pub path: String,
    /// Trades in it.
    pub rows: u64,
    /// Time of the first trade.
    pub first: UnixNanos,
    /// Time of the last trade.
    pub last: UnixNanos,
}
