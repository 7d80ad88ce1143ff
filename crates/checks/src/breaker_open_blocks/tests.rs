use model::audit::CallOutcome;

use super::*;
use crate::testkit::events::{breaker, ended, started};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn a_call_through_an_open_breaker_is_reported() {
    let mut story = clean();
    story.trader(66_000, started(50, "Balance")).trader(66_020, ended(50, CallOutcome::Failure));
    reports(&story, "call #50 kraken/Balance passed breaker kraken/private while it was OPEN");
}

#[test]
fn a_call_through_an_isolated_breaker_is_reported() {
    let mut story = clean();
    story
        .trader(180_000, breaker(6, BreakerState::Closed, BreakerState::Isolated, "isolated"))
        .trader(190_000, started(50, "Balance"));
    reports(&story, "while it was ISOLATED");
}

#[test]
fn a_second_probe_at_once_is_reported_but_not_one_after_the_other() {
    let mut story = clean();
    story.trader(96_000, started(50, "Balance"));
    reports(&story, "as probe 2 at once, 1 allowed");
    let mut story = clean();
    story
        .trader(135_100, started(50, "Balance"))
        .trader(135_200, ended(50, CallOutcome::Ignored))
        .trader(135_300, started(51, "Balance"))
        .trader(135_400, ended(51, CallOutcome::Cancelled));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn calls_of_other_breakers_pass() {
    let mut story = clean();
    let mut other = started(50, "CancelOrder");
    if let AuditEvent::CallStarted { breaker, .. } = &mut other {
        *breaker = Some("kraken/cancel".to_owned());
    }
    story.trader(66_000, other);
    assert_passes(CHECK.name, &story, &expectations());
}
