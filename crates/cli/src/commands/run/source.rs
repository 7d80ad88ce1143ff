//! What a run is made from: the scenario file and the tape.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use model::Trade;
use report::{RunMeta, TapeMeta};
use scenario::Scenario;
use sim::{Outcome, Setup, SimError};
use sweep::Case;
use tape::Tape;

use crate::commands::sweep::fingerprint;

/// Silence at the end of a run that is worth a note.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The files of a run, read and valid.
pub(crate) struct Source {
    pub(crate) scenario: Scenario,
    tape: Tape,
    trades: Arc<[Trade]>,
    /// The market is not the scenario's.
    other_tape: bool,
}

impl Source {
    /// Reads a scenario, by file or name, and its market, or another one.
    pub(crate) fn load(given: &Path, tape: Option<&Path>) -> anyhow::Result<Self> {
        let scenario = Scenario::load(&scenario_path(given))?;
        let path = tape.map_or_else(|| scenario.tape_path(), Path::to_owned);
        let other_tape = tape.is_some();
        let tape = Tape::load(&path)?;
        let trades = tape.trades_for(&scenario.market.symbol).collect();
        Ok(Self { scenario, tape, trades, other_tape })
    }

    /// The run of a seed, or of the scenario's own; it stops at `until`.
    pub(crate) fn setup(
        &self,
        seed: Option<u64>,
        until: Option<Duration>,
    ) -> anyhow::Result<Setup> {
        let seed = seed.unwrap_or(self.scenario.run.seed);
        let mut setup = Setup::new(self.scenario.clone(), seed, Arc::clone(&self.trades))
            .map_err(|error| self.located(error))?;
        setup.until = until;
        Ok(setup)
    }

    /// A scenario file that repeats the run, with explicit faults.
    pub(crate) fn explicit(&self, setup: &Setup) -> String {
        let (name, seed) = (&self.scenario.name, scenario::format_seed(setup.seed));
        let comment = format!(
            "The run of {name} with seed {seed}: every fault is explicit, nothing is drawn."
        );
        setup.scenario.explicit(&setup.plan, self.other_tape(), &comment)
    }

    /// The market, where it is not the scenario's.
    pub(crate) fn other_tape(&self) -> Option<&Path> {
        self.other_tape.then(|| self.tape.path())
    }

    /// What is swept under a name.
    pub(crate) fn case(&self, name: String) -> Case {
        let (scenario, trades) = (self.scenario.clone(), Arc::clone(&self.trades));
        let labels = scenario.fault_labels().into_iter().collect();
        Case::new(name, labels, move |seed| Setup::new(scenario.clone(), seed, Arc::clone(&trades)))
    }

    /// Changes with anything in scenario or market.
    pub(crate) fn fingerprint(&self) -> anyhow::Result<String> {
        let read = |path: &Path| {
            fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))
        };
        fingerprint(&[&read(&self.scenario.path)?, &read(self.tape.path())?])
    }

    /// A note when the market falls silent long before the run ends.
    pub(crate) fn note(&self, setup: &Setup) -> Option<String> {
        let played = self.tape.last_ts().since(setup.epoch());
        let length = setup.scenario.run.length;
        let silent = length.saturating_sub(played);
        (silent > SILENCE_MAX).then(|| {
            let played = scenario::format_duration(Duration::from_secs(played.as_secs()));
            let length = scenario::format_duration(length);
            let tape = self.tape.path().display();
            format!("note: {tape} ends after {played} of {length}; the market is silent from there")
        })
    }

    /// The error with file and line, where it is about a value of the scenario.
    fn located(&self, error: SimError) -> anyhow::Error {
        let Scenario { path, lines, .. } = &self.scenario;
        let line = if matches!(error, SimError::Strategy(_)) {
            lines.strategy
        } else if matches!(error, SimError::UnknownSymbol(_)) {
            lines.symbol
        } else {
            return error.into();
        };
        anyhow!("{}:{line}: {error}", path.display())
    }

    pub(crate) fn meta(&self, setup: &Setup, outcome: &Outcome, wall: Duration) -> RunMeta {
        let summary = self.tape.summary();
        RunMeta {
            scenario: self.scenario.name.clone(),
            purpose: self.scenario.purpose.clone(),
            seed: setup.seed,
            digest: outcome.digest.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: None,
            venue: self.scenario.market.venue.to_string(),
            tape: TapeMeta {
                path: self.tape.path().display().to_string(),
                rows: u64::try_from(summary.rows).unwrap_or(u64::MAX),
                first: summary.first_ts,
                last: summary.last_ts,
            },
            simulated: outcome.simulated,
            wall,
            faults: setup.plan.faults.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A file as it was named, or the scenario of that name: `faults/kraken-outage`.
fn scenario_path(given: &Path) -> PathBuf {
    let named = Path::new("scenarios").join(given).with_extension("toml");
    if !given.exists() && named.exists() { named } else { given.to_owned() }
}
