use super::*;
use crate::testkit::events::sampled as metric;
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

const PERMITS: &str = "wavetank_pool_permits{host=\"api.kraken.com\"}";

/// Values of a metric by the time in seconds at which it changes; 120 s is the time of healing.
fn sampled(values: &[(u64, &str)]) -> Story {
    let mut story = clean();
    for (at_s, value) in values {
        story.world(at_s * 1_000, metric(PERMITS, value));
    }
    story
}

#[test]
fn a_place_that_is_never_given_back_is_reported() {
    let message = "wavetank_pool_permits{host=\"api.kraken.com\"} was never 0 again after healing";
    for values in [&[(80, "1")][..], &[(80, "0"), (100, "2"), (150, "1")]] {
        assert_reports(CHECK.name, &sampled(values), &expectations(), message);
    }
}

#[test]
fn a_place_may_be_taken_now_and_then() {
    for values in [&[(80, "0")][..], &[(80, "3"), (150, "0"), (160, "1")], &[(80, "1"), (130, "0")]]
    {
        assert_passes(CHECK.name, &sampled(values), &expectations());
    }
}

#[test]
fn another_process_has_taken_nothing() {
    let mut story = sampled(&[(80, "1")]);
    story.tell(125_000, "trader", Event::World(WorldEvent::HostCrashed));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn without_samples_nothing_is_known() {
    let mut story = clean();
    story.without(|record| matches!(record.event, Event::World(WorldEvent::MetricsSampled { .. })));
    let verdict = CHECK.run(&story.history(), &expectations()).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { .. }), "{verdict:?}");
}

/// What is asked every so often may be under way whenever the metrics are sampled.
#[test]
fn a_place_on_the_wire_with_a_connection_in_use_is_not_kept() {
    let in_use = "wavetank_pool_connections{host=\"api.kraken.com\",state=\"in_use\"}";
    let mut story = sampled(&[(80, "1")]);
    story.world(90_000, metric(in_use, "1"));
    assert_passes(CHECK.name, &story, &expectations());
    story.world(110_000, metric(in_use, "0"));
    assert_reports(CHECK.name, &story, &expectations(), "was never 0 again after healing");
}

#[test]
fn a_connection_in_use_without_a_place_is_reported() {
    let in_use = "wavetank_pool_connections{host=\"api.kraken.com\",state=\"in_use\"}";
    let mut story = sampled(&[(80, "2"), (150, "0")]);
    story.world(80_000, metric(in_use, "2")).world(149_000, metric(in_use, "0"));
    assert_passes(CHECK.name, &story, &expectations());
    story.world(90_000, metric(in_use, "3"));
    let message = "3 connections are in use in 2 places on the wire: host=\"api.kraken.com\"";
    assert_reports(CHECK.name, &story, &expectations(), message);
}
