use super::*;
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

/// Calls and retries of a lane by the time in seconds at which they were sampled.
fn counted(samples: &[(u64, u64, u64)]) -> Story {
    let mut story = clean();
    for (at_s, calls, retries) in samples {
        let series = |what: &str| format!("wavetank_lane_{what}_total{{lane=\"kraken/read\"}}");
        let changed = [("calls", calls), ("retries", retries)];
        let changed = changed.map(|(what, value)| (series(what), value.to_string())).into();
        story.world(at_s * 1_000, WorldEvent::MetricsSampled { changed });
    }
    story
}

fn promised() -> Expectations {
    let mut expect = expectations();
    let rule = RetryRule { retries_max: 3, saved_max: 10, calls_percent: 20, per_second: 0 };
    expect.retries.insert("kraken/read".to_owned(), rule);
    expect
}

#[test]
fn retries_beyond_the_budget_are_reported() {
    // Ten saved, and a fifth of a hundred calls.
    assert_passes(CHECK.name, &counted(&[(10, 100, 30)]), &promised());
    let message = "lane kraken/read: 31 retries of 100 calls within 20 s, the budget has 30";
    assert_reports(CHECK.name, &counted(&[(10, 100, 31)]), &promised(), message);
}

#[test]
fn a_storm_of_retries_after_a_quiet_time_is_reported() {
    assert_passes(CHECK.name, &counted(&[(10, 1_000, 0), (20, 1_010, 12)]), &promised());
    let message = "lane kraken/read: 13 retries of 10 calls within 20 s, the budget has 12";
    let story = counted(&[(10, 1_000, 0), (20, 1_010, 13)]);
    assert_reports(CHECK.name, &story, &promised(), message);
}

#[test]
fn time_earns_retries_too() {
    let mut expect = promised();
    expect.retries.values_mut().for_each(|rule| rule.per_second = 1);
    // The metrics may be ten seconds old.
    assert_passes(CHECK.name, &counted(&[(10, 1_000, 0), (20, 1_010, 32)]), &expect);
    let story = counted(&[(10, 1_000, 0), (20, 1_010, 33)]);
    assert_reports(CHECK.name, &story, &expect, "within 20 s, the budget has 32");
}

#[test]
fn more_retries_than_all_calls_may_have_are_reported() {
    let message = "lane kraken/read: 7 retries of 2 calls, at most 6 allowed";
    assert_reports(CHECK.name, &counted(&[(10, 2, 7)]), &promised(), message);
}

/// A process that counted so much crashes at 15 s; the next one has counted so much at 20 s.
fn two_lives(calls: u64, retries: u64) -> Story {
    let mut story = counted(&[(10, 5_000, 50), (20, calls, retries)]);
    story.tell(15_000, "trader", Event::World(WorldEvent::HostCrashed));
    story
}

#[test]
fn the_next_process_counts_anew() {
    assert_passes(CHECK.name, &two_lives(2, 6), &promised());
    let message = "lane kraken/read: 7 retries of 2 calls, at most 6 allowed";
    assert_reports(CHECK.name, &two_lives(2, 7), &promised(), message);
}

#[test]
fn the_time_before_a_crash_earns_the_next_process_nothing() {
    let mut expect = promised();
    expect.retries.values_mut().for_each(|rule| rule.per_second = 1);
    assert_passes(CHECK.name, &two_lives(50, 35), &expect);
    let message = "lane kraken/read: 36 retries of 50 calls within 15 s, the budget has 35";
    assert_reports(CHECK.name, &two_lives(50, 36), &expect, message);
}
