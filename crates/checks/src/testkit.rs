//! Synthetic histories for tests: a clean outage, told event by event, and means to spoil it.
//!
//! Not part of the product; public only so that other crates' tests can plant faults in histories.

pub mod events;
mod outage;
mod story;

use crate::{ALL, Expectations, Verdict};

pub use outage::{clean, expectations, two_lives};
pub use story::Story;

/// Asserts that a check reports a violation whose message contains `fragment`.
///
/// # Panics
/// When it does not.
pub fn assert_reports(name: &str, story: &Story, expect: &Expectations, fragment: &str) {
    let verdict = judge(name, story, expect);
    let reported = matches!(&verdict, Verdict::Fail { violations, .. }
        if violations.iter().any(|violation| violation.message.contains(fragment)));
    assert!(reported, "{name} does not report `{fragment}`: {verdict:#?}");
}

/// Asserts that a check passes.
///
/// # Panics
/// When it does not.
pub fn assert_passes(name: &str, story: &Story, expect: &Expectations) {
    let verdict = judge(name, story, expect);
    assert!(matches!(verdict, Verdict::Pass { .. }), "{name}: {verdict:#?}");
}

fn judge(name: &str, story: &Story, expect: &Expectations) -> Verdict {
    let check = ALL.iter().find(|check| check.name == name);
    let check = check.expect("tests name checks that exist");
    check.run(&story.history(), expect).verdict
}
