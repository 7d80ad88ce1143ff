use std::time::Duration;

use super::*;
use crate::expectations::Rate;
use crate::testkit::events::{BREAKER, started};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn expect() -> Expectations {
    let mut expect = expectations();
    expect.rates.insert(BREAKER.to_owned(), Rate { count: 2, window: Duration::from_secs(1) });
    expect
}

/// Calls that begin at these times.
fn calls(at_ms: [u64; 3]) -> Story {
    let mut story = Story::new();
    for (call, at_ms) in (0..).zip(at_ms) {
        story.trader(at_ms, started(call, "Balance"));
    }
    story
}

#[test]
fn one_call_too_many_within_a_window_is_reported_wherever_the_window_lies() {
    let message =
        "call #2 kraken/Balance is number 3 behind kraken/private within 1.000 s, 2 allowed";
    for at_ms in [[0, 500, 979], [1_700, 1_800, 2_679], [5_000, 5_000, 5_000]] {
        assert_reports(CHECK.name, &calls(at_ms), &expect(), message);
    }
}

#[test]
fn a_call_a_whole_window_later_passes_give_or_take_a_tick() {
    for at_ms in [[0, 979, 980], [0, 0, 1_000], [0, 1_000, 2_000]] {
        assert_passes(CHECK.name, &calls(at_ms), &expect());
    }
}

#[test]
fn calls_behind_another_breaker_or_none_do_not_count() {
    let mut story = clean();
    for call in 50..70 {
        let mut other = started(call, "Balance");
        if let AuditEvent::CallStarted { breaker, .. } = &mut other {
            *breaker = (call % 2 == 0).then(|| "other".to_owned());
        }
        story.trader(180_000, other);
    }
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn forgotten_expectations_do_not_pass() {
    let mut expect = expectations();
    expect.rates.clear();
    let verdict = CHECK.run(&clean().history(), &expect).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}
