//! Verdicts of checks in the record of a run.

use checks::{CheckResult, Class, Verdict, Violation};
use serde::{Deserialize, Serialize};

use crate::units::seconds;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// Name of the check.
    pub name: String,
    /// Promise that it watches over.
    pub class: Class,
    /// What it asserts.
    pub sentence: String,
    /// Its finding.
    pub verdict: CheckVerdict,
    /// True when it does not fail the run.
    pub passed: bool,
    /// How many things it examined; 0 unless it passed.
    pub examined: u64,
    /// What there was nothing of, for a vacuous check.
    pub why: Option<String>,
    /// The first violations, in order.
    pub violations: Vec<ViolationRecord>,
    /// How many violations there were in all.
    pub violations_total: u64,
}

/// The finding of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckVerdict {
    /// Everything examined was right.
    Pass,
    /// Something was wrong.
    Fail,
    /// There was nothing to examine.
    Vacuous,
}

/// One thing that was wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViolationRecord {
    /// When it showed, seconds since the start of the run.
    pub at_s: f64,
    /// Line of the history that showed it, from 0.
    pub seq: u64,
    /// What was wrong.
    pub message: String,
}

impl CheckRecord {
    pub(super) fn new(result: &CheckResult) -> Self {
        let mut record = Self {
            name: result.name.to_owned(),
            class: result.class,
            sentence: result.sentence.to_owned(),
            verdict: CheckVerdict::Pass,
            passed: result.passed(),
            examined: 0,
            why: None,
            violations: Vec::new(),
            violations_total: 0,
        };
        match &result.verdict {
            Verdict::Pass { examined } => record.examined = *examined,
            Verdict::Fail { violations, total } => {
                record.verdict = CheckVerdict::Fail;
                record.violations = violations.iter().map(ViolationRecord::new).collect();
                record.violations_total = *total;
            }
            Verdict::Vacuous { why, .. } => {
                record.verdict = CheckVerdict::Vacuous;
                record.why = Some(why.clone());
            }
        }
        record
    }
}

impl ViolationRecord {
    fn new(violation: &Violation) -> Self {
        Self {
            at_s: seconds(violation.at_ns),
            seq: violation.seq,
            message: violation.message.clone(),
        }
    }
}
