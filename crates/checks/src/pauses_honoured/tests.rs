use model::history::WorldEvent;

use super::*;
use crate::testkit::events::started;
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn a_call_within_the_pause_is_reported() {
    // The clean run is told at 60.140 s to wait for half a second.
    let mut story = clean();
    story.trader(60_500, started(71, "QueryOrders"));
    reports(&story, "call #71 kraken/QueryOrders begins 0.140 s before the pause is over");
}

#[test]
fn a_call_before_the_trader_heard_of_it_is_none_of_its_business() {
    let mut story = clean();
    story.trader(60_130, started(71, "QueryOrders"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn what_no_pause_is_for_may_go_on() {
    let mut expect = expectations();
    expect.paused.remove("kraken/QueryOrders");
    let mut story = clean();
    story.trader(60_500, started(71, "QueryOrders"));
    assert_passes(CHECK.name, &story, &expect);
}

#[test]
fn a_new_process_knows_of_no_pause() {
    let mut story = clean();
    story
        .tell(60_300, "trader", Event::World(WorldEvent::HostCrashed))
        .trader(60_400, started(71, "QueryOrders"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_pause_that_nobody_heard_of_binds_nobody() {
    let mut story = clean();
    story.change(|record| match &mut record.event {
        Event::Trader(AuditEvent::CallEnded { call: 20, error, .. }) => {
            *error = Some("no answer within 10s".to_owned());
            true
        }
        Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
    });
    story.trader(60_500, started(71, "QueryOrders"));
    let verdict = judge(&story.history(), &expectations());
    assert!(matches!(verdict, Verdict::Vacuous { .. }), "{verdict:?}");
}
