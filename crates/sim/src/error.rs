//! Why a simulation could not be run at all.

use std::time::Duration;

use thiserror::Error;

/// A run that has no verdict.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimError {
    /// The program was built without `--cfg tokio_unstable`: seeds would not be reproducible.
    #[error(
        "built without `--cfg tokio_unstable`, so runs would not repeat; \
         build inside the repository (its .cargo/config.toml sets it) and do not set RUSTFLAGS"
    )]
    NotDeterministic,
    /// The instrument is not one that the simulated venue lists.
    #[error("the simulated venue does not list `{0}`")]
    UnknownSymbol(String),
    /// The scenario's strategy does not exist or has other parameters.
    #[error("{0}")]
    Strategy(#[from] engine::SpecError),
    /// The market cannot be read.
    #[error(transparent)]
    Tape(#[from] tape::TapeError),
    /// The trader's key pair is malformed.
    #[error("credentials: {0}")]
    Credentials(String),
    /// The configuration of the simulated venue is wrong.
    #[error("venue: {0}")]
    Venue(#[from] venue_sim::kraken::ConfigError),
    /// The settings of the trader's sink are wrong.
    #[error("sink: {0}")]
    Sink(#[from] store::influx::InfluxConfigError),
    /// The engine under the simulation gave up.
    #[error("simulation engine: {0}")]
    Engine(String),
    /// The thread of the run could not be started.
    #[error("cannot start the thread of the run")]
    Thread(#[source] std::io::Error),
    /// A task that never sleeps keeps virtual time from passing. Its thread cannot be stopped.
    #[error("virtual time stands still at {} ms: some task never sleeps", at.as_millis())]
    Stuck {
        /// Virtual time of the last step that ended.
        at: Duration,
    },
    /// The run was given up, because it took longer than somebody wanted to wait.
    #[error("took longer than {} s of the machine, and had come to {} ms", wall_max.as_secs(), at.as_millis())]
    TooLong {
        /// Virtual time that it had come to.
        at: Duration,
        /// How long somebody wanted to wait.
        wall_max: Duration,
    },
    /// A program in the simulation panicked.
    #[error("panicked: {0}")]
    Panicked(String),
}
