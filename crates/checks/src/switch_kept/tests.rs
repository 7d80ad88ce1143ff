use std::time::Duration;

use model::OrderState;

use super::*;
use crate::testkit::events::{
    answered, arming, ended, fault, healed, intent, phase, shutdown, stopped, trader_order,
    venue_order,
};
use crate::testkit::{Story, assert_passes, assert_reports};

/// The switch fires after 10 s; faults may strike from 100 s on, and all is well again 30 s after 200 s.
fn promised() -> Expectations {
    let seconds = Duration::from_secs;
    let mut expect = Expectations::new(seconds(300), seconds(200), seconds(30));
    let op = "kraken/CancelAllOrdersAfter".to_owned();
    expect.switch = Some(SwitchRule { op, timeout: seconds(10) });
    expect
}

/// The switch is armed at these seconds.
fn arm(story: &mut Story, at_s: impl IntoIterator<Item = u64>) {
    for at_s in at_s {
        let at_ms = at_s * 1_000;
        story
            .trader(at_ms, arming(at_s))
            .venue(at_ms + 20, answered("CancelAllOrdersAfter", 200))
            .trader(at_ms + 40, ended(at_s, CallOutcome::Success));
    }
}

/// An order is wanted, and rests from 1 s later on.
fn rests(story: &mut Story, order: &str, id: &str, at_ms: u64) {
    story
        .trader(at_ms, intent(order))
        .venue(at_ms + 1_000, venue_order(order, id, OrderState::Open, "0"))
        .trader(at_ms + 1_020, trader_order(order, OrderState::Open, "0"));
}

fn crash(story: &mut Story, at_ms: u64) {
    story.tell(at_ms, "trader", Event::World(WorldEvent::HostCrashed));
}

fn cancelled(story: &mut Story, order: &str, id: &str, at_ms: u64) {
    story.venue(at_ms, venue_order(order, id, OrderState::Cancelled, "0"));
}

/// Something happens, so that time passes.
fn until(story: &mut Story, at_ms: u64) {
    story.world(at_ms, WorldEvent::TapeEnded);
}

fn passes(story: &Story) {
    assert_passes(CHECK.name, story, &promised());
}

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &promised(), fragment);
}

#[test]
fn an_order_before_the_switch_is_armed_is_reported() {
    let mut story = Story::new();
    rests(&mut story, "o-1", "V1", 5_000);
    reports(&story, "order o-1 is wanted, but the dead man's switch is not armed");
    // The venue's word alone does not do: the trader must have heard it.
    story.venue(4_000, answered("CancelAllOrdersAfter", 200));
    reports(&story, "order o-1 is wanted");
    arm(&mut story, [4]);
    passes(&story);
}

#[test]
fn the_next_life_arms_it_anew() {
    let next = |armed: &[u64]| {
        let mut story = Story::new();
        arm(&mut story, [1, 5, 9]);
        crash(&mut story, 10_000);
        arm(&mut story, armed.iter().copied());
        rests(&mut story, "o-2", "V2", 13_000);
        story
    };
    reports(&next(&[]), "order o-2 is wanted, but the dead man's switch is not armed");
    passes(&next(&[12]));
}

/// The trader crashes at 12 s; its order rests, and the switch was last heard of at 9.02 s.
fn crashed() -> Story {
    let mut story = Story::new();
    arm(&mut story, [1, 5, 9]);
    rests(&mut story, "o-1", "V1", 2_000);
    crash(&mut story, 12_000);
    story
}

#[test]
fn an_order_that_outlives_its_trader_is_reported() {
    let mut story = crashed();
    until(&mut story, 22_000);
    reports(&story, "order V1 outlives its trader: the switch of 10.000 s did not fire");
    let mut story = crashed();
    cancelled(&mut story, "o-1", "V1", 19_030);
    until(&mut story, 22_000);
    passes(&story);
}

#[test]
fn an_order_that_arrives_after_the_crash_is_watched_over_while_the_switch_is_armed() {
    let late = |at_ms: u64| {
        let mut story = crashed();
        cancelled(&mut story, "o-1", "V1", 19_030);
        story.venue(at_ms, venue_order("o-3", "V3", OrderState::Open, "0"));
        until(&mut story, 40_000);
        story
    };
    reports(&late(15_000), "order V3 outlives its trader");
    passes(&late(25_000));
}

#[test]
fn a_switch_that_was_armed_without_a_word_fires_later() {
    let mut story = crashed();
    story.trader(11_000, arming(80)).venue(11_020, answered("CancelAllOrdersAfter", 502));
    cancelled(&mut story, "o-1", "V1", 21_030);
    until(&mut story, 30_000);
    passes(&story);
}

#[test]
fn a_switch_that_the_next_life_arms_fires_later() {
    let mut story = crashed();
    arm(&mut story, [18, 23, 28]);
    until(&mut story, 30_000);
    passes(&story);
}

#[test]
fn of_a_trader_that_was_cut_off_before_nothing_is_promised() {
    let mut story = Story::new();
    arm(&mut story, [90, 95]);
    rests(&mut story, "o-1", "V1", 96_000);
    story.world(100_000, fault(0, "hold"));
    crash(&mut story, 110_000);
    until(&mut story, 130_000);
    passes(&story);
}

#[test]
fn a_venue_that_stands_still_fires_afterwards() {
    let mut story = crashed();
    story.world(15_000, fault(7, "freeze kraken")).world(30_000, healed(7, 1));
    cancelled(&mut story, "o-1", "V1", 30_020);
    until(&mut story, 40_000);
    let mut expect = promised();
    expect.venue_stops.insert(7);
    assert_passes(CHECK.name, &story, &expect);
    assert_reports(CHECK.name, &story, &promised(), "order V1 outlives its trader");
}

/// Armed until 20 s and, if at all, from 150 s on; the first fault begins at a time.
fn pauses(storm_ms: u64, again: impl IntoIterator<Item = u64>) -> Story {
    let mut story = Story::new();
    arm(&mut story, [1, 5, 10, 15, 20]);
    rests(&mut story, "o-1", "V1", 6_000);
    story.world(storm_ms, fault(0, "rest-status 503"));
    arm(&mut story, again);
    until(&mut story, 290_000);
    story
}

#[test]
fn a_switch_that_nobody_keeps_from_firing_is_reported() {
    let message = "the dead man's switch fires in fair weather: nothing was heard since 20.020 s";
    reports(&pauses(100_000, (150..290).step_by(5)), message);
    passes(&pauses(22_000, (150..290).step_by(5)));
    reports(&pauses(22_000, []), message);
    let message = "nothing was heard since 260.020 s";
    reports(&pauses(22_000, (150..=260).step_by(5)), message);
}

#[test]
fn whoever_was_told_to_end_turns_it_off() {
    let mut story = pauses(22_000, (150..=260).step_by(5));
    story.world(262_000, phase(Phase::Shutdown));
    passes(&story);
    let mut story = pauses(22_000, (150..=260).step_by(5));
    story.tell(262_000, "trader", Event::World(stopped(0, 0)));
    passes(&story);
}

#[test]
fn a_switch_that_stays_armed_behind_whoever_ends_in_order_is_reported() {
    let ends = |at_ms: u64| {
        let mut story = pauses(22_000, (150..=260).step_by(5));
        cancelled(&mut story, "o-1", "V1", 262_050);
        story
            .world(262_000, phase(Phase::Shutdown))
            .trader(262_000, shutdown("settle-orders"))
            .trader(at_ms, arming(1_000))
            .trader(262_100, shutdown("flush-sinks"));
        story
    };
    passes(&ends(262_060));
    reports(&ends(261_990), "no order is left, but the dead man's switch is not turned off");
    // Over an order that is left it shall watch.
    let mut left = ends(261_990);
    rests(&mut left, "o-2", "V2", 261_000);
    passes(&left);
}
