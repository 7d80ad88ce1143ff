//! What a run is made from: the scenario file and the tape.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use report::{RunMeta, TapeMeta};
use scenario::Scenario;
use sim::{Outcome, Setup, SimError};
use tape::Tape;

use crate::args::RunArgs;

/// Silence at the end of a run that is worth a note.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The files of a run, read and valid.
pub(crate) struct Source {
    scenario: Scenario,
    tape: Tape,
}

impl Source {
    pub(crate) fn load(args: &RunArgs) -> anyhow::Result<Self> {
        let scenario = Scenario::load(&scenario_path(&args.scenario))?;
        let path = args.tape.clone().unwrap_or_else(|| scenario.tape_path());
        let tape = Tape::load(&path)?;
        Ok(Self { scenario, tape })
    }

    pub(crate) fn setup(&self, args: &RunArgs) -> anyhow::Result<Setup> {
        let seed = args.seed.unwrap_or(self.scenario.run.seed);
        let trades: Arc<[_]> = self.tape.trades_for(&self.scenario.market.symbol).collect();
        let mut setup =
            Setup::new(self.scenario.clone(), seed, trades).map_err(|error| self.located(error))?;
        setup.until = args.until;
        Ok(setup)
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
