//! Runs for users of the library: a scenario, a strategy of their own, a seed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::{Strategy, StrategyFactory};
use model::Trade;
use scenario::Scenario;
use tape::Tape;

use crate::error::SimError;
use crate::run::Run;
use crate::setup::Setup;
use crate::world::Progress;

/// Makes a scenario ready to run.
///
/// ```no_run
/// # use scenario::Scenario;
/// use sim::Simulate as _;
///
/// # #[derive(Debug, Clone)] struct MyStrategy;
/// # impl engine::Strategy for MyStrategy {}
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = Scenario::load("scenarios/faults/kraken-outage.toml".as_ref())?
///     .strategy(MyStrategy)
///     .run(7)?;
/// assert!(run.passed(), "{run}");
/// # Ok(())
/// # }
/// ```
pub trait Simulate {
    /// With this strategy instead of the one that the scenario names. Each instrument gets a clone.
    fn strategy<S>(self, strategy: S) -> Simulation
    where
        S: Strategy + Clone + Sync + 'static;

    /// With the strategy that the scenario names.
    fn simulation(self) -> Simulation;
}

impl Simulate for Scenario {
    fn strategy<S>(self, strategy: S) -> Simulation
    where
        S: Strategy + Clone + Sync + 'static,
    {
        let strategy = StrategyFactory::new(move |_| Box::new(strategy.clone()));
        Simulation { strategy: Some(strategy), ..self.simulation() }
    }

    fn simulation(self) -> Simulation {
        let tape = self.tape_path();
        Simulation { scenario: self, tape, strategy: None }
    }
}

/// A scenario that waits for a seed.
#[derive(Debug, Clone)]
pub struct Simulation {
    scenario: Scenario,
    tape: PathBuf,
    strategy: Option<StrategyFactory>,
}

impl Simulation {
    /// Plays another tape: trades in the format of Kraken's archive.
    #[must_use]
    pub fn tape(mut self, tape: impl AsRef<Path>) -> Self {
        tape.as_ref().clone_into(&mut self.tape);
        self
    }

    /// What [`Simulation::run`] simulates, for those who want to change more of it: the node's
    /// configuration, the plan of faults, the time at which it stops.
    ///
    /// # Errors
    /// [`SimError`]: the tape cannot be read, or the scenario names what does not exist.
    pub fn setup(&self, seed: u64) -> Result<Setup, SimError> {
        let tape = Tape::load(&self.tape)?;
        let trades: Arc<[Trade]> = tape.trades_for(&self.scenario.market.symbol).collect();
        let setup = Setup::new(self.scenario.clone(), seed, trades)?;
        Ok(match &self.strategy {
            Some(strategy) => setup.with_strategy(strategy.clone()),
            None => setup,
        })
    }

    /// Runs it from start to end and applies every check.
    ///
    /// # Errors
    /// [`SimError`]: there is no verdict. A run that fails its checks is no error.
    ///
    /// # Determinism
    /// Equal scenario, tape, strategy, seed and binary give an equal digest.
    pub fn run(&self, seed: u64) -> Result<Run, SimError> {
        Run::of(self.setup(seed)?, &Progress::default())
    }
}
