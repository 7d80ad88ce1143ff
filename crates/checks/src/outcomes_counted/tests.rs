use super::*;
use crate::testkit::events::started;
use crate::testkit::{Story, assert_passes, assert_reports, expectations};

fn failed(call: u64, outcome: CallOutcome, error: &str) -> AuditEvent {
    AuditEvent::CallEnded { call, outcome, error: Some(error.to_owned()) }
}

/// A call that ends so, without an answer of the venue.
fn one(outcome: CallOutcome, error: &str) -> Story {
    let mut story = Story::new();
    story.trader(0, started(0, "Balance")).trader(10_000, failed(0, outcome, error));
    story
}

#[test]
fn a_failure_that_counts_as_something_else_is_reported() {
    assert_passes(CHECK.name, &one(CallOutcome::Failure, "http status 503"), &expectations());
    for outcome in [CallOutcome::Success, CallOutcome::Ignored, CallOutcome::Cancelled] {
        let as_what = outcome.as_str();
        let message =
            format!("call #0 kraken/Balance counts as {as_what}, not as failure: http status 503");
        assert_reports(CHECK.name, &one(outcome, "http status 503"), &expectations(), &message);
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    assert_passes(CHECK.name, &one(CallOutcome::Ignored, "http status 429"), &expectations());
    let message = "counts as failure, not as ignored: http status 429";
    assert_reports(
        CHECK.name,
        &one(CallOutcome::Failure, "http status 429"),
        &expectations(),
        message,
    );
}

#[test]
fn what_no_rule_names_may_count_as_anything() {
    assert_passes(CHECK.name, &one(CallOutcome::Ignored, "odd"), &expectations());
}

#[test]
fn a_whole_wait_in_vain_is_a_failure_and_a_part_of_it_nothing() {
    assert_passes(CHECK.name, &one(CallOutcome::Failure, "no answer within 10s"), &expectations());
    let message = "counts as ignored, not as failure: no answer within 10s";
    let ignored = one(CallOutcome::Ignored, "no answer within 10s");
    assert_reports(CHECK.name, &ignored, &expectations(), message);
    let cut_short = |outcome| {
        let mut story = one(outcome, "no answer within 3s");
        story.change(|record| {
            if let Event::Trader(AuditEvent::CallStarted { bound_ms, .. }) = &mut record.event {
                *bound_ms = 3_000;
                return true;
            }
            false
        });
        story
    };
    assert_passes(CHECK.name, &cut_short(CallOutcome::Ignored), &expectations());
    let message = "counts as failure, not as ignored: no answer within 3s";
    assert_reports(CHECK.name, &cut_short(CallOutcome::Failure), &expectations(), message);
}
