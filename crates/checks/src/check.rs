//! What a check is and what it says.

use model::history::Record;
use serde::{Deserialize, Serialize};

use crate::expectations::Expectations;

/// Which promise a check watches over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Something that must never happen.
    Safety,
    /// Something that must happen in time once the faults are healed.
    Liveness,
}

impl Class {
    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Safety => "safety",
            Self::Liveness => "liveness",
        }
    }

    /// Exit code of a run in which a check of this class failed: 2 safety, 3 liveness.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Safety => 2,
            Self::Liveness => 3,
        }
    }
}

/// One oracle: a name, a sentence, and a pure function over the history.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// Unique name, words joined by dashes.
    pub name: &'static str,
    /// Promise watched over.
    pub class: Class,
    /// What it asserts, in one sentence without a full stop.
    pub sentence: &'static str,
    /// The oracle.
    pub(crate) judge: fn(&[Record], &Expectations) -> Verdict,
}

impl Check {
    /// Applies the check to a whole history.
    pub fn run(&self, history: &[Record], expect: &Expectations) -> CheckResult {
        let mut verdict = (self.judge)(history, expect);
        if let Verdict::Vacuous { allowed, .. } = &mut verdict {
            *allowed |= expect.is_cut() || expect.vacuous_allowed.contains(self.name);
        }
        CheckResult { name: self.name, class: self.class, sentence: self.sentence, verdict }
    }
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckResult {
    /// Name of the check.
    pub name: &'static str,
    /// Promise watched over.
    pub class: Class,
    /// What the check asserts.
    pub sentence: &'static str,
    /// Its finding.
    pub verdict: Verdict,
}

impl CheckResult {
    /// True when the check does not fail the run.
    pub const fn passed(&self) -> bool {
        match &self.verdict {
            Verdict::Pass { .. } => true,
            Verdict::Vacuous { allowed, .. } => *allowed,
            Verdict::Fail { .. } => false,
        }
    }
}

/// The finding of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum Verdict {
    /// Everything examined was right.
    Pass {
        /// How many things were examined; never zero.
        examined: u64,
    },
    /// Something was wrong.
    Fail {
        /// The first violations, in the order of the history; at most [`Verdict::VIOLATIONS_KEPT`].
        violations: Vec<Violation>,
        /// How many violations there were in all.
        total: u64,
    },
    /// There was nothing to examine.
    Vacuous {
        /// What was missing.
        why: String,
        /// True when the expectations allow it, or the run was cut short: it does not fail.
        allowed: bool,
    },
}

impl Verdict {
    /// Violations kept per check; the rest is only counted, so that a broken run stays small.
    pub const VIOLATIONS_KEPT: usize = 20;
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Virtual time since the start of the run, nanoseconds.
    pub at_ns: u64,
    /// Position in the history of the event that showed it.
    pub seq: u64,
    /// What was wrong, for people.
    pub message: String,
}
