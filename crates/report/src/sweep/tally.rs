//! The sum of many seeds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SWEEP_SCHEMA;
use super::seed::{FailureClass, SeedFailure, SeedRecord};

/// Seeds that a group of failures names; the others are only counted.
const SEEDS_NAMED_MAX: usize = 20;

/// What is said of a sweep beside its seeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepAbout {
    /// Scenarios, as they were named.
    pub scenarios: Vec<String>,
    /// The seeds that were asked for: `0x0..0x2710`, with the part of a shard.
    pub seeds: String,
    /// Runs that were asked for: seeds of this part by scenarios.
    pub runs: u64,
    /// Version of the program.
    pub version: String,
    /// Why it ended before its last run, if it did.
    pub cut: Option<String>,
}

/// The machine's time, the only part of a result that differs between equal sweeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SweepTime {
    /// Real time that this program ran, seconds.
    pub wall_s: f64,
    /// Runs of this program, without those of an earlier part that it went on from.
    pub runs: u64,
    /// Runs per second of real time.
    pub runs_per_s: f64,
    /// Virtual seconds per second of real time.
    pub speed: f64,
}

/// The verdict on a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SweepVerdict {
    /// Every run passed.
    Pass,
    /// A run failed.
    Fail,
    /// Nothing was run.
    Nothing,
}

/// Runs that failed the same check of the same scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureGroup {
    /// The scenario, as it was named.
    pub scenario: String,
    /// Promise that was broken.
    pub class: FailureClass,
    /// Name of the check.
    pub check: String,
    /// How many seeds failed it.
    pub seeds: u64,
    /// The smallest of them, up to 20.
    pub named: Vec<u64>,
    /// What the first of them showed.
    pub first: SeedFailure,
    /// The command that repeats the first of them.
    pub repro: String,
    /// File of the reduced scenario, if there is one.
    pub reduced: Option<String>,
    /// What the reduced scenario consists of, one line per fault.
    pub reduced_faults: Vec<String>,
}

/// How often something happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageRow {
    /// Runs in which it happened.
    pub runs: u64,
    /// Times in all.
    pub times: u64,
}

/// Everything worth knowing about a sweep: `sweep.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepReport {
    /// [`SWEEP_SCHEMA`].
    pub schema: u32,
    /// What was asked for.
    pub about: SweepAbout,
    /// Whether every run passed.
    pub verdict: SweepVerdict,
    /// Runs that were made.
    pub done: u64,
    /// Runs that failed a check or more.
    pub failed: u64,
    /// Runs that were made twice and compared.
    pub repeated: u64,
    /// Virtual time of all runs, seconds.
    pub simulated_s: f64,
    /// Fingerprint of the digests of all runs, in the order of scenario and seed.
    pub fingerprint: String,
    /// Failures by scenario and check, the most important first.
    pub failures: Vec<FailureGroup>,
    /// What happened how often, by group and item.
    pub coverage: BTreeMap<String, BTreeMap<String, CoverageRow>>,
    /// What never happened in any run, though it could.
    pub never: Vec<String>,
    /// The machine's time.
    pub time: SweepTime,
}

/// Sums up seeds, in any order.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    digests: BTreeMap<(String, u64), u64>,
    failed: u64,
    repeated: u64,
    simulated_ms: u64,
    failures: BTreeMap<(String, FailureClass, String), Group>,
    coverage: BTreeMap<String, BTreeMap<String, CoverageRow>>,
}

#[derive(Debug, Clone)]
struct Group {
    seeds: u64,
    named: BTreeMap<u64, SeedFailure>,
}

impl Tally {
    /// Adds what a seed gave. One that is there already changes nothing.
    pub fn add(&mut self, record: &SeedRecord) {
        let key = (record.scenario.clone(), record.seed);
        if self.digests.insert(key, fnv(FNV_START, record.digest.as_bytes())).is_some() {
            return;
        }
        self.failed = self.failed.saturating_add(u64::from(!record.failures.is_empty()));
        self.repeated = self.repeated.saturating_add(u64::from(record.repeated));
        self.simulated_ms = self.simulated_ms.saturating_add(record.simulated_ms);
        for failure in &record.failures {
            let key = (record.scenario.clone(), failure.class, failure.check.clone());
            let new = || Group { seeds: 0, named: BTreeMap::new() };
            let group = self.failures.entry(key).or_insert_with(new);
            group.seeds = group.seeds.saturating_add(1);
            group.named.insert(record.seed, failure.clone());
            if group.named.len() > SEEDS_NAMED_MAX {
                group.named.pop_last();
            }
        }
        for (group, items) in &record.coverage.0 {
            let rows = self.coverage.entry(group.clone()).or_default();
            for (item, times) in items {
                let row = rows.entry(item.clone()).or_default();
                row.runs = row.runs.saturating_add(u64::from(*times > 0));
                row.times = row.times.saturating_add(*times);
            }
        }
    }

    /// Whether a run is there already.
    pub fn has(&self, scenario: &str, seed: u64) -> bool {
        self.digests.contains_key(&(scenario.to_owned(), seed))
    }

    /// Runs so far.
    pub fn done(&self) -> u64 {
        u64::try_from(self.digests.len()).unwrap_or(u64::MAX)
    }

    /// Runs so far that failed.
    pub const fn failed(&self) -> u64 {
        self.failed
    }

    /// Virtual time so far, milliseconds.
    pub const fn simulated_ms(&self) -> u64 {
        self.simulated_ms
    }

    /// The result; `repro` gives the command that repeats a run.
    pub fn report(
        &self,
        about: SweepAbout,
        time: SweepTime,
        repro: impl Fn(&str, u64) -> String,
    ) -> SweepReport {
        let done = self.done();
        let verdict = match (done, self.failed) {
            (0, _) => SweepVerdict::Nothing,
            (_, 0) => SweepVerdict::Pass,
            _ => SweepVerdict::Fail,
        };
        let group =
            |((scenario, class, check), group): (&(String, FailureClass, String), &Group)| {
                let (seed, first) = group.named.first_key_value()?;
                Some(FailureGroup {
                    scenario: scenario.clone(),
                    class: *class,
                    check: check.clone(),
                    seeds: group.seeds,
                    named: group.named.keys().copied().collect(),
                    first: first.clone(),
                    repro: repro(scenario, *seed),
                    reduced: None,
                    reduced_faults: Vec::new(),
                })
            };
        let mut failures: Vec<_> = self.failures.iter().filter_map(group).collect();
        failures.sort_by_key(|group| (group.class, std::cmp::Reverse(group.seeds)));
        let rows = self.coverage.iter().flat_map(|(group, items)| {
            items.iter().map(move |(item, row)| (format!("{group}: {item}"), row.times))
        });
        let never = rows.filter(|(_, times)| *times == 0).map(|(item, _)| item).collect();
        let mix = |hash, digest: &u64| fnv(hash, &digest.to_le_bytes());
        SweepReport {
            schema: SWEEP_SCHEMA,
            about,
            verdict,
            done,
            failed: self.failed,
            repeated: self.repeated,
            simulated_s: std::time::Duration::from_millis(self.simulated_ms).as_secs_f64(),
            fingerprint: format!("{:016x}", self.digests.values().fold(FNV_START, mix)),
            failures,
            coverage: self.coverage.clone(),
            never,
            time,
        }
    }
}

impl SweepReport {
    /// Class of the failure that decides the exit code; `None` for a pass.
    pub fn worst(&self) -> Option<FailureClass> {
        self.failures.iter().map(|group| group.class).min()
    }
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: enough to see that two sweeps differ.
fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
