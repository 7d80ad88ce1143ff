use std::time::Duration;

use super::*;
use crate::testkit::events::{BREAKER, breaker};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

/// The clean run without its breaker.
fn without_breaker() -> Story {
    let mut story = clean();
    story.without(|record| matches!(audit(record), Some(AuditEvent::BreakerChanged { .. })));
    story
}

fn open(at_ms: u64) -> Story {
    let mut story = without_breaker();
    story.trader(at_ms, breaker(1, BreakerState::Closed, BreakerState::Open, "503"));
    story
}

const MESSAGE: &str =
    "breaker kraken/private did not open within 10.000 s of the first fault at 60.000 s";

#[test]
fn a_breaker_that_never_opens_is_reported() {
    assert_reports(CHECK.name, &without_breaker(), &expectations(), MESSAGE);
}

#[test]
fn a_breaker_that_opens_before_the_storm_or_too_late_is_reported() {
    for at_ms in [59_000, 70_021] {
        assert_reports(CHECK.name, &open(at_ms), &expectations(), MESSAGE);
    }
    for at_ms in [60_000, 70_020] {
        assert_passes(CHECK.name, &open(at_ms), &expectations());
    }
}

#[test]
fn another_state_or_another_breaker_does_not_count() {
    let mut story = without_breaker();
    story.trader(65_000, breaker(1, BreakerState::Closed, BreakerState::Isolated, "isolated"));
    assert_reports(CHECK.name, &story, &expectations(), MESSAGE);
    let mut expect = expectations();
    expect.opens.insert("other".to_owned(), Duration::from_secs(10));
    assert_reports(CHECK.name, &clean(), &expect, "breaker other did not open");
}

#[test]
fn a_run_in_which_none_must_open_does_not_fail() {
    let mut expect = expectations();
    expect.opens.clear();
    let result = CHECK.run(&without_breaker().history(), &expect);
    assert!(matches!(result.verdict, Verdict::Vacuous { allowed: true, .. }), "{result:?}");
    assert!(result.passed());
}

#[test]
fn a_storm_that_never_begins_proves_nothing() {
    assert!(!CHECK.run(&Story::new().history(), &expectations()).passed());
    assert!(!expectations().opens[BREAKER].is_zero());
}

#[test]
fn a_cut_run_has_until_its_end() {
    let mut expect = expectations();
    expect.shutdown_at = None;
    let mut story = without_breaker();
    story.without(|record| record.at_ns > 69_000_000_000);
    assert!(CHECK.run(&story.history(), &expect).passed());
    assert_reports(CHECK.name, &without_breaker(), &expect, MESSAGE);
}
