//! What was found in a tape: counts, examples, the largest of each kind.

use std::collections::BTreeMap;

use model::{Notional, Price, UnixNanos};

use super::{Policy, Problem, QualityConfig};
use crate::market::FileAbout;
use crate::row::RowKind;

/// Examples of a problem that a report keeps: the first ones.
pub const EXAMPLES_MAX: usize = 3;

/// One row with a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Index of the file in [`QualityReport::files`].
    pub file: usize,
    /// Line, or row where the file has no lines, counted from 1.
    pub number: u64,
    /// Time of the row.
    pub ts: UnixNanos,
    /// What was found there.
    pub text: String,
}

/// How often a problem was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows with the problem.
    pub count: u64,
    /// Rows left out because of it.
    pub skipped: u64,
    /// True when a row was refused because of it.
    pub failed: bool,
    /// What the problem sums up: bars for gaps between bars, numbers for missing ids, else zero.
    pub amount: u64,
    /// The first ones.
    pub examples: Vec<Example>,
    /// The largest one, where problems have a size.
    pub largest: Option<Example>,
    pub(super) largest_size: u64,
}

/// A tape at a glance, and all that was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityReport {
    /// What the rows are.
    pub kind: RowKind,
    /// The files, in the order in which they were read.
    pub files: Vec<FileAbout>,
    /// Rows read.
    pub rows: u64,
    /// Rows left out by a policy.
    pub skipped: u64,
    /// Time of the first row that stayed (of its beginning for a bar).
    pub first_ts: Option<UnixNanos>,
    /// Time of the last row that stayed (of its beginning for a bar).
    pub last_ts: Option<UnixNanos>,
    /// Lowest price.
    pub low: Option<Price>,
    /// Highest price.
    pub high: Option<Price>,
    /// Sum of the volumes.
    pub volume: Notional,
    /// Fills, where trades are aggregates; trades in bars, where they are told.
    pub fills: u64,
    /// Trades that sum up several fills.
    pub aggregates: u64,
    /// Length of the first bar, nanoseconds.
    pub bar_nanos: Option<u64>,
    /// Problems that were found.
    pub problems: BTreeMap<Problem, Tally>,
    /// The policies.
    pub config: QualityConfig,
    /// True when a row had a problem whose policy is to fail.
    pub failed: bool,
}

impl QualityReport {
    pub(super) fn new(kind: RowKind, files: Vec<FileAbout>, config: QualityConfig) -> Self {
        Self {
            kind,
            files,
            rows: 0,
            skipped: 0,
            first_ts: None,
            last_ts: None,
            low: None,
            high: None,
            volume: Notional::ZERO,
            fills: 0,
            aggregates: 0,
            bar_nanos: None,
            problems: BTreeMap::new(),
            config,
            failed: false,
        }
    }

    /// How often a problem was found.
    pub fn count(&self, problem: Problem) -> u64 {
        self.problems.get(&problem).map_or(0, |tally| tally.count)
    }

    /// Where an example is: `file.csv:12`.
    pub fn place(&self, example: &Example) -> String {
        let file = self.files.get(example.file).map_or("", |file| file.place.as_str());
        format!("{file}:{}", example.number)
    }

    /// The policies.
    pub(super) const fn config(&self) -> &QualityConfig {
        &self.config
    }

    /// The policy of a problem.
    pub fn policy(&self, problem: Problem) -> Policy {
        self.config.policy(problem)
    }

    /// Enters a problem. `size` orders problems of a kind, `amount` is what it sums up.
    pub(super) fn enter(
        &mut self,
        problem: Problem,
        at: (usize, u64, UnixNanos),
        size: u64,
        amount: u64,
        text: impl FnOnce() -> String,
    ) {
        let tally = self.problems.entry(problem).or_default();
        tally.count += 1;
        tally.amount = tally.amount.saturating_add(amount);
        let is_largest = size > tally.largest_size;
        if tally.examples.len() >= EXAMPLES_MAX && !is_largest {
            return;
        }
        let (file, number, ts) = at;
        let example = Example { file, number, ts, text: text() };
        if is_largest {
            tally.largest_size = size;
            tally.largest = Some(example.clone());
        }
        if tally.examples.len() < EXAMPLES_MAX {
            tally.examples.push(example);
        }
    }
}
