use super::*;
use crate::testkit::events::phase;
use crate::testkit::{Story, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

fn reports_in(history: &[Record], fragment: &str) {
    let verdict = CHECK.run(history, &expectations()).verdict;
    let reported = matches!(&verdict, Verdict::Fail { violations, .. }
        if violations.iter().any(|violation| violation.message.contains(fragment)));
    assert!(reported, "{verdict:#?}");
}

fn starts(record: &Record, wanted: Phase) -> bool {
    matches!(record.event, Event::World(WorldEvent::PhaseStarted { phase }) if phase == wanted)
}

#[test]
fn a_gap_in_the_numbers_is_reported() {
    let mut history = clean().history();
    history.remove(10);
    reports_in(&history, "record 10 has number 11");
}

#[test]
fn a_time_that_falls_is_reported() {
    let mut history = clean().history();
    history[20].at_ns = 0;
    reports_in(&history, "to 0.000 s");
}

#[test]
fn phases_out_of_order_or_doubled_are_reported() {
    let mut story = clean();
    story.world(150_000, phase(Phase::Storm));
    reports(&story, "phase storm begins out of order");
}

#[test]
fn a_phase_that_is_missing_or_late_is_reported() {
    let mut story = clean();
    story.without(|record| starts(record, Phase::Calm));
    reports(&story, "phase calm, planned at 120.000 s, never begins");
    story.world(121_000, phase(Phase::Calm));
    reports(&story, "phase calm begins at 121.000 s, planned at 120.000 s");
    story.without(|record| starts(record, Phase::Shutdown));
    reports(&story, "phase shutdown, planned at 200.000 s, never begins");
}
