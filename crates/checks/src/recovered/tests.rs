use super::*;
use crate::testkit::events::{
    applied, breaker, health, intent, phase, published, stream, symbol, trader_order,
};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn a_breaker_that_never_closes_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::BreakerChanged { generation: 5, .. }))
    });
    reports(&story, "breaker kraken/private is still HALF_OPEN");
}

#[test]
fn a_stream_that_never_comes_back_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::StreamChanged { stream, .. })
            if record.at_ns == 121_000_000_000 && stream == "kraken/private")
    });
    reports(&story, "stream kraken/private is still connecting");
}

#[test]
fn a_dependency_that_stays_down_by_the_trader_s_words_is_reported() {
    let mut story = clean();
    story.trader(110_000, health("kraken/clock", HealthState::Down));
    reports(&story, "kraken/clock is still told as down");
    story.trader(130_000, health("kraken/clock", HealthState::Up));
    assert_passes(CHECK.name, &story, &expectations());
    // What another life said is said no more.
    let mut story = crate::testkit::two_lives();
    story.trader(130_000, health("kraken/clock", HealthState::Down));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_book_that_is_not_asked_for_again_is_reported() {
    let mut story = clean();
    story.without(|record| {
        record.at_ns > 121_000_000_000
            && matches!(record.event, Event::Trader(AuditEvent::BookApplied { .. }))
    });
    reports(&story, "book BTC/USD is still out of sync");
}

#[test]
fn a_book_that_nobody_took_is_reported() {
    let mut story = Story::new();
    story.venue(1, published(1)).world(120_000, phase(Phase::Calm));
    story.world(200_000, phase(Phase::Shutdown));
    reports(&story, "book BTC/USD is still out of sync");
}

#[test]
fn an_order_that_stays_unknown_is_reported_once() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::OrderChanged { state, .. })
            if *state == OrderState::NotPlaced)
    });
    reports(&story, "order o-2 is unresolved for 88.000 s");
    let Verdict::Fail { total, .. } = CHECK.run(&story.history(), &expectations()).verdict else {
        panic!("must fail");
    };
    assert_eq!(total, 1);
}

#[test]
fn an_order_that_waits_long_in_the_calm_is_reported_and_a_short_wait_is_not() {
    let wait = |until_ms| {
        let mut story = clean();
        story
            .trader(170_000, intent("o-9"))
            .trader(170_000, trader_order("o-9", OrderState::Submitting, "0"))
            .trader(171_000, trader_order("o-9", OrderState::Unknown, "0"))
            .trader(until_ms, trader_order("o-9", OrderState::NotPlaced, "0"));
        story
    };
    assert_passes(CHECK.name, &wait(172_000), &expectations());
    reports(&wait(175_000), "order o-9 is unresolved for 5.000 s");
}

#[test]
fn a_relapse_is_reported() {
    let mut story = clean();
    story
        .trader(160_500, breaker(6, BreakerState::Closed, BreakerState::Open, "503"))
        .trader(180_000, stream("kraken/public", StreamState::Down, "reset"))
        .trader(181_000, AuditEvent::BookLost { symbol: symbol(), reason: "gap".to_owned() })
        .trader(185_000, applied(0xa4));
    reports(&story, "breaker kraken/private becomes OPEN again: 503");
    reports(&story, "stream kraken/public is down again: reset");
    reports(&story, "book BTC/USD is lost again: gap");
}

#[test]
fn a_calm_that_is_too_short_proves_nothing() {
    let mut expect = expectations();
    expect.recover_within = std::time::Duration::from_secs(80);
    let verdict = CHECK.run(&clean().history(), &expect).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}

#[test]
fn a_run_without_faults_must_be_well_from_the_start() {
    let mut expect = expectations();
    expect.faults.clear();
    expect.streams = ["kraken/public".to_owned()].into();
    let mut story = Story::new();
    story
        .trader(10, stream("kraken/public", StreamState::Connecting, "start"))
        .world(200_000, phase(Phase::Shutdown));
    assert_reports(CHECK.name, &story, &expect, "stream kraken/public is still connecting");
    story.trader(100, stream("kraken/public", StreamState::Live, "subscribed"));
    assert_passes(CHECK.name, &story, &expect);
}

#[test]
fn a_promised_stream_that_never_speaks_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::StreamChanged { stream, .. })
            if stream == "kraken/private")
    });
    reports(&story, "stream kraken/private never spoke");
}

#[test]
fn a_run_that_promises_no_stream_proves_nothing() {
    let mut expect = expectations();
    expect.streams.clear();
    let verdict = CHECK.run(&clean().history(), &expect).verdict;
    assert!(matches!(verdict, Verdict::Vacuous { allowed: false, .. }), "{verdict:?}");
}
