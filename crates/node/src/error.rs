//! Why a node ended other than by being told to.

use std::time::Duration;

use engine::EngineError;
use platform::GroupError;
use resilience::BackoffConfigError;
use thiserror::Error;

use crate::run::NodeReport;

/// A node that could not run, or not to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The client of the venue refused its configuration.
    #[error("venue configuration: {0}")]
    Venue(#[from] kraken::ConfigError),
    /// The waits make no sense.
    #[error("ask_again: {0}")]
    AskAgain(#[from] BackoffConfigError),
    /// A time is out of range.
    #[error("`{setting}`: expected {expected}")]
    Range {
        /// The setting.
        setting: &'static str,
        /// What it may be.
        expected: &'static str,
    },
    /// Two dependencies have one name.
    #[error("`{name}` is the name of two dependencies")]
    DependencyTwice {
        /// The name.
        name: String,
    },
    /// Something is named as optional that the node does not depend on.
    #[error("optional: there is no dependency `{name}`; known are `{}`", known.join("`, `"))]
    NoDependency {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The engine refused its configuration.
    #[error("engine configuration: {0}")]
    Engine(#[from] EngineError),
    /// Instruments and open orders could not be loaded in time.
    #[error("not started within {} s: {last}", startup_max.as_secs())]
    Startup {
        /// The bound.
        startup_max: Duration,
        /// The last error of the venue, or what else was in the way.
        last: String,
    },
    /// What earlier runs hold cannot be known, however often the venue is asked.
    #[error("positions of earlier runs are not known: {why}")]
    Inherit {
        /// Why not.
        why: String,
    },
    /// Our clock and the venue's differ. An order's deadline is a time of our clock: wrong, it is refused
    /// at once or lives longer than we think.
    #[error("the clock differs from the venue's by {} ms, at most {} are allowed: set the clock", skew.as_millis(), allowed.as_millis())]
    Clock {
        /// How much they differ.
        skew: Duration,
        /// The bound.
        allowed: Duration,
    },
    /// The account has open orders, and the configuration refuses to start beside them.
    #[error(
        "the account has {} open orders that are not this run's ({}): \
         cancel them or allow them in the configuration",
        orders.len(),
        orders.join(", ")
    )]
    ForeignOrders {
        /// The venue's names of the orders.
        orders: Vec<String>,
    },
    /// The strategy panicked. Its orders were cancelled as on a shutdown.
    #[error("strategy panicked: {panic}{report}")]
    Strategy {
        /// The panic's message.
        panic: String,
        /// What the node did, and what it left.
        report: NodeReport,
    },
    /// Tasks failed or did not stop. Orders were settled as far as possible.
    #[error("{}{report}", texts(failures))]
    Tasks {
        /// Errors by group of tasks.
        failures: Vec<GroupError>,
        /// What the node did, and what it left.
        report: NodeReport,
    },
}

fn texts(failures: &[GroupError]) -> String {
    failures.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
