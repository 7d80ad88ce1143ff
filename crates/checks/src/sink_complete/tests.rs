use super::*;
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

fn stores(record: &Record, wanted: &str) -> bool {
    matches!(&record.event, Event::Sink(SinkEvent::PointStored { measurement, .. }) if measurement == wanted)
}

#[test]
fn a_point_that_is_missing_is_reported_unless_it_was_told_as_lost() {
    let mut story = clean();
    story.without(|record| stores(record, "position"));
    reports(
        &story,
        "points are not stored at the end, but 0 were told as lost; the first is `position",
    );
    let (sink, reason) = ("influx/write".to_owned(), "no room".to_owned());
    story.trader(140_000, AuditEvent::SinkLost { sink, points: 2, reason });
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_point_that_is_stored_long_after_everything_was_healed_is_reported() {
    let late = |at_ms: u64| {
        let mut story = clean();
        story.change(|record| {
            let moved = stores(record, "position");
            if moved {
                record.at_ns = at_ms * 1_000_000;
            }
            moved
        });
        story
    };
    assert_passes(CHECK.name, &late(149_000), &expectations());
    let message = "1 points are not stored by now, but 0 were told as lost; the first is `position";
    reports(&late(151_000), message);
}

#[test]
fn a_point_that_differs_from_what_happened_is_reported() {
    let mut story = clean();
    let mut done = false;
    story.change(|record| {
        let Event::Sink(SinkEvent::PointStored { measurement, fields, .. }) = &mut record.event
        else {
            return false;
        };
        if done || measurement != "fill" {
            return false;
        }
        done = true;
        fields.insert("quantity".to_owned(), "0.6".to_owned());
        true
    });
    reports(&story, "is stored, but never was");
    reports(&story, "points are not stored");
}

#[test]
fn a_point_that_replaces_another_is_reported_and_one_that_comes_again_is_not() {
    let mut story = clean();
    let history = story.history();
    let stored = history.iter().find(|record| stores(record, "order")).expect("an order");
    let mut again = stored.event.clone();
    story.tell(199_000, "influxdb", again.clone());
    assert_passes(CHECK.name, &story, &expectations());
    if let Event::Sink(SinkEvent::PointStored { fields, .. }) = &mut again {
        fields.insert("filled".to_owned(), "9".to_owned());
    }
    story.tell(199_001, "influxdb", again);
    reports(&story, "replaces another");
}

#[test]
fn points_that_overtake_each_other_are_reported() {
    let mut story = clean();
    let mut done = false;
    story.change(|record| {
        let moved = !done && stores(record, "intent");
        if moved {
            done = true;
            record.at_ns = 63_000_000_000;
        }
        moved
    });
    reports(&story, "`intent o-1 BTC/USD buy 0.5` is stored after a later one");
    // What another life of the trader sent last may be on its way for long.
    story.tell(61_000, "trader", Event::World(model::history::WorldEvent::HostCrashed));
    let verdict = CHECK.run(&story.history(), &expectations()).verdict;
    assert!(!format!("{verdict:?}").contains("after a later one"), "{verdict:?}");
}
