use super::*;
use crate::testkit::events::{fault, healed};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

fn ends(record: &Record, wanted: u32) -> bool {
    matches!(&record.event, Event::World(WorldEvent::FaultEnded { fault, .. }) if *fault == wanted)
}

#[test]
fn a_fault_that_never_struck_is_reported() {
    let mut story = clean();
    story.without(|record| ends(record, 1)).world(118_000, healed(1, 0));
    reports(&story, "fault 1 never struck");
}

#[test]
fn a_fault_that_may_miss_need_not_strike_but_begin_and_end() {
    let mut expect = expectations();
    expect.faults_may_miss.insert(1);
    let mut story = clean();
    story.without(|record| ends(record, 1)).world(118_000, healed(1, 0));
    assert_passes(CHECK.name, &story, &expect);
    let mut story = clean();
    story.without(|record| ends(record, 1));
    assert_reports(CHECK.name, &story, &expect, "fault 1 never ended");
}

#[test]
fn a_fault_that_never_began_or_ended_is_reported() {
    let mut expect = expectations();
    expect.faults.insert(2);
    assert_reports(CHECK.name, &clean(), &expect, "planned fault 2 never began");
    let mut story = clean();
    story.without(|record| ends(record, 1));
    reports(&story, "fault 1 never ended");
}

#[test]
fn a_fault_beyond_healing_is_reported() {
    let mut story = clean();
    story.without(|record| ends(record, 1)).world(125_000, healed(1, 9));
    reports(&story, "fault 1 ends after healing");
}

#[test]
fn a_fault_that_begins_or_ends_out_of_turn_is_reported() {
    let mut story = clean();
    story.world(76_000, fault(1, "hold again"));
    reports(&story, "fault 1 begins twice");
    let mut story = clean();
    story.world(119_000, healed(1, 9));
    reports(&story, "fault 1 ends, but was not in force");
}

#[test]
fn a_strike_outside_the_fault_is_reported() {
    let mut story = clean();
    story.venue(150_000, VenueEvent::FaultStruck { fault: 0 });
    reports(&story, "fault 0 struck at 150.000 s outside its time");
}
