//! Collects what a check finds.

use model::history::Record;

use crate::check::{Verdict, Violation};

/// Where in the history something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    /// Virtual time, nanoseconds.
    pub at_ns: u64,
    /// Position in the history.
    pub seq: u64,
}

impl From<&Record> for Place {
    fn from(record: &Record) -> Self {
        Self { at_ns: record.at_ns, seq: record.seq }
    }
}

/// The place of the last record: where things show that are missing at the end.
pub(crate) fn end_of(history: &[Record]) -> Place {
    history.last().map(Place::from).unwrap_or_default()
}

/// Counts what was examined and keeps the first violations.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    examined: u64,
    violations: Vec<Violation>,
    total: u64,
}

impl Findings {
    /// Notes that one thing was looked at.
    pub(crate) fn examine(&mut self) {
        self.examined = self.examined.saturating_add(1);
    }

    /// Notes that something was wrong.
    pub(crate) fn violate(&mut self, place: impl Into<Place>, message: String) {
        let Place { at_ns, seq } = place.into();
        self.total = self.total.saturating_add(1);
        self.violations.push(Violation { at_ns, seq, message });
        if self.violations.len() >= Verdict::VIOLATIONS_KEPT.saturating_mul(2) {
            self.keep_first();
        }
    }

    /// The verdict; `vacuous` says what was missing when nothing was examined.
    pub(crate) fn verdict(mut self, vacuous: &str) -> Verdict {
        if self.total > 0 {
            self.keep_first();
            Verdict::Fail { violations: self.violations, total: self.total }
        } else if self.examined > 0 {
            Verdict::Pass { examined: self.examined }
        } else {
            Verdict::Vacuous { why: vacuous.to_owned(), allowed: false }
        }
    }

    /// Some violations are found late (a wait that never ends): order by history before cutting.
    fn keep_first(&mut self) {
        self.violations.sort_by_key(|v| (v.seq, v.at_ns));
        self.violations.truncate(Verdict::VIOLATIONS_KEPT);
    }
}
