use super::*;
use crate::testkit::events::{health, stream};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

const PUBLIC: &str = "kraken/public";
const READ: &str = "kraken/read";

fn breaker(to: BreakerState) -> AuditEvent {
    AuditEvent::BreakerChanged {
        breaker: READ.to_owned(),
        generation: 1,
        from: BreakerState::Closed,
        to,
        cause: "for a test".to_owned(),
        open_ms: None,
    }
}

fn promised() -> Expectations {
    let mut expect = expectations();
    expect.dependencies.insert(READ.to_owned(), READ.to_owned());
    expect
}

/// A lane whose breaker opens at 10 s, with what is told of its health.
fn opens(told: &[(u64, HealthState)]) -> Story {
    let mut story = Story::new();
    story.trader(0, health(READ, HealthState::Up)).trader(10_000, breaker(BreakerState::Open));
    for (at_ms, state) in told {
        story.trader(*at_ms, health(READ, *state));
    }
    story.trader(20_000, breaker(BreakerState::HalfOpen));
    story
}

#[test]
fn a_stream_that_goes_down_without_a_word_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(
            &record.event,
            model::history::Event::Trader(AuditEvent::HealthChanged {
                state: HealthState::Down,
                ..
            })
        )
    });
    let message = "kraken/public does not work, but since 90.000 s it is told as up";
    assert_reports(CHECK.name, &story, &expectations(), message);
}

#[test]
fn a_stream_that_is_live_and_told_as_down_is_reported() {
    let mut story = Story::new();
    story.trader(100, stream(PUBLIC, StreamState::Live, "subscribed"));
    story.trader(200, breaker(BreakerState::HalfOpen));
    let message = "kraken/public works, but since 0.100 s it is told as nothing";
    assert_reports(CHECK.name, &story, &promised(), message);
    story.trader(110, health(PUBLIC, HealthState::Degraded));
    assert_passes(CHECK.name, &story, &promised());
    story
        .trader(5_000, health(PUBLIC, HealthState::Down))
        .trader(6_000, breaker(BreakerState::Open));
    let message = "kraken/public works, but since 5.000 s it is told as down";
    assert_reports(CHECK.name, &story, &promised(), message);
}

#[test]
fn an_open_breaker_is_down_and_not_only_degraded() {
    assert_passes(CHECK.name, &opens(&[(10_010, HealthState::Down)]), &promised());
    let message = "kraken/read does not work, but since 10.000 s it is told as";
    for told in [&[][..], &[(10_010, HealthState::Degraded)], &[(10_050, HealthState::Down)]] {
        assert_reports(CHECK.name, &opens(told), &promised(), message);
    }
}

#[test]
fn a_breaker_that_probes_is_as_it_was() {
    let mut story = opens(&[(10_010, HealthState::Down), (20_010, HealthState::Up)]);
    story.trader(20_500, breaker(BreakerState::HalfOpen));
    let message = "kraken/read does not work, but since 20.010 s it is told as up";
    assert_reports(CHECK.name, &story, &promised(), message);
    story.without(|record| record.at_ns == 20_010_000_000);
    story
        .trader(21_000, breaker(BreakerState::Closed))
        .trader(21_000, health(READ, HealthState::Up));
    assert_passes(CHECK.name, &story, &promised());
}

#[test]
fn what_stops_need_not_tell_of_its_health() {
    let mut story = clean();
    story.without(|record| {
        record.at_ns > 200_000_000_000
            && matches!(
                record.event,
                model::history::Event::Trader(AuditEvent::HealthChanged { .. })
            )
    });
    assert_passes(CHECK.name, &story, &expectations());
}
