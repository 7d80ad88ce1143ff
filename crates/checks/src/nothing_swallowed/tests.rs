use super::*;
use crate::testkit::events::{BREAKER, applied, ended, healed, id, started, symbol, trader_order};
use crate::testkit::{Story, assert_passes, assert_reports, clean, expectations};

fn reports(story: &Story, fragment: &str) {
    assert_reports(CHECK.name, story, &expectations(), fragment);
}

#[test]
fn an_order_whose_error_nobody_tells_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::OrderChanged { client_order_id, state, .. })
            if *client_order_id == id("o-2") && *state == OrderState::Unknown)
    });
    reports(&story, "the error of kraken/AddOrder, http status 503, led to nothing within 1.0");
}

#[test]
fn an_order_in_doubt_that_stays_so_is_reported() {
    let mut story = clean();
    story.trader(171_500, trader_order("o-8", OrderState::Unknown, "0"));
    story.tell(205_000, "world", Event::World(WorldEvent::FaultEnded { fault: 9, struck: 0 }));
    story.without(|record| record.at_ns >= 200_000_000_000 && record.host == "trader");
    story.without(|record| {
        matches!(record.event, Event::World(WorldEvent::PhaseStarted { phase: Phase::Shutdown }))
    });
    reports(&story, "an order in doubt led to nothing within 30.0");
}

#[test]
fn a_query_that_is_given_up_without_a_word_is_reported() {
    let mut story = clean();
    story.trader(166_000, started(80, "GetWebSocketsToken"));
    story.trader(166_010, ended(80, CallOutcome::Failure));
    reports(&story, "the error of kraken/GetWebSocketsToken, http status 503, led to nothing");
    story.trader(190_000, started(81, "GetWebSocketsToken"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn a_breaker_whose_dependency_stays_up_is_reported() {
    let mut story = clean();
    story.without(|record| {
        matches!(&record.event, Event::Trader(AuditEvent::HealthChanged { dependency, state, .. })
            if dependency == BREAKER && *state == HealthState::Down)
    });
    reports(&story, "an open breaker, kraken/private, led to nothing");
}

#[test]
fn a_lost_book_that_nobody_asks_for_anew_is_reported() {
    let lost = || AuditEvent::BookLost { symbol: symbol(), reason: "checksum".to_owned() };
    let mut story = clean();
    story.trader(169_000, lost());
    story.without(|record| record.at_ns == 170_020_000_000);
    reports(&story, "a lost book led to nothing within 30.0");
    let mut story = clean();
    story.trader(169_000, lost()).trader(169_500, applied(0xa3));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn whoever_is_frozen_has_longer() {
    let mut story = clean();
    let mut expect = expectations();
    expect.freezes.insert(7);
    story
        .world(61_900, crate::testkit::events::fault(7, "freeze trader"))
        .world(64_000, healed(7, 1))
        .change(|record| match &mut record.event {
            Event::Trader(AuditEvent::OrderChanged { client_order_id, state, .. })
                if *client_order_id == id("o-2") && *state == OrderState::Unknown =>
            {
                record.at_ns = 64_010_000_000;
                true
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => false,
        });
    assert_passes(CHECK.name, &story, &expect);
    expect.freezes.clear();
    assert_reports(CHECK.name, &story, &expect, "the error of kraken/AddOrder");
}
