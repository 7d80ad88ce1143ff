use super::*;
use crate::testkit::events::answered;
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

/// The clean run with one more answer.
fn with(at_ms: u64, status: u16, error: Option<&str>) -> Story {
    let mut story = clean();
    let error = error.map(str::to_owned);
    story.venue(
        at_ms,
        VenueEvent::RequestAnswered {
            op: "Balance".to_owned(),
            status,
            error,
            retry_after_ms: None,
        },
    );
    story
}

#[test]
fn a_refusal_before_the_first_fault_or_after_the_recovery_is_reported() {
    let message = "Balance is refused without cause: status 200, EAPI:Invalid nonce";
    for at_ms in [59_000, 151_000] {
        let story = with(at_ms, 200, Some("EAPI:Invalid nonce"));
        assert_reports(CHECK.name, &story, &expectations(), message);
        let message = "Balance is refused without cause: status 503, no error";
        assert_reports(CHECK.name, &with(at_ms, 503, None), &expectations(), message);
    }
}

#[test]
fn a_refusal_while_something_is_broken_has_its_cause() {
    for at_ms in [60_000, 119_000, 149_000] {
        assert_passes(CHECK.name, &with(at_ms, 200, Some("EAPI:Invalid nonce")), &expectations());
    }
}

#[test]
fn an_order_may_be_refused_at_any_time() {
    let story = with(155_000, 200, Some("EOrder:Insufficient funds"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn without_faults_nothing_excuses_a_refusal() {
    let mut story = Story::new();
    story.venue(100_000, answered("Balance", 429));
    assert_reports(CHECK.name, &story, &expectations(), "status 429, no error");
}
