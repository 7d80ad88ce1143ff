use super::*;
use crate::testkit::events::{answered, started};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn a_call_that_nobody_foresaw_is_reported() {
    let mut story = clean();
    story.trader(180_000, started(50, "WithdrawAll"));
    reports(&story, "call #50 kraken/WithdrawAll is none that the trader may make");
}

#[test]
fn a_call_behind_the_wrong_breaker_or_none_is_reported() {
    let check = |behind: Option<&str>, fragment| {
        let mut call = started(50, "Balance");
        if let AuditEvent::CallStarted { breaker, .. } = &mut call {
            *breaker = behind.map(str::to_owned);
        }
        let mut story = clean();
        story.trader(180_000, call);
        reports(&story, fragment);
    };
    check(Some("other"), "kraken/Balance passed breaker other, but kraken/private must guard it");
    check(None, "call #50 kraken/Balance passed breaker none, but kraken/private must guard it");
}

#[test]
fn a_call_behind_a_breaker_that_must_not_guard_it_is_reported() {
    let mut story = clean();
    story.trader(180_000, started(50, "public/subscribe"));
    reports(&story, "passed breaker kraken/private, but none must guard it");
}

#[test]
fn a_request_without_a_call_is_reported() {
    let mut story = clean();
    story.venue(10, answered("Balance", 200));
    reports(&story, "request 1 of kraken/Balance came from no call, 0 were begun");
    let mut story = clean();
    story.venue(180_000, answered("AddOrder", 503));
    reports(&story, "request 4 of kraken/AddOrder came from no call, 3 were begun");
}

#[test]
fn a_request_that_nobody_can_read_is_reported_unless_it_was_cut_short() {
    let mut story = clean();
    story.venue(80_000, answered("unknown", 408));
    assert_passes(CHECK.name, &story, &expectations());
    story.venue(80_000, answered("unknown", 404));
    reports(&story, "request 1 of kraken/unknown came from no call");
}

#[test]
fn a_call_without_a_request_passes() {
    let mut story = clean();
    story
        .without(|record| matches!(record.event, Event::Venue(VenueEvent::RequestAnswered { .. })));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn forgotten_expectations_do_not_pass() {
    let mut expect = expectations();
    expect.calls.clear();
    let verdict = CHECK.run(&clean().history(), &expect).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}
