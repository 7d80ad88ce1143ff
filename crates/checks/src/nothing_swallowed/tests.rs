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

/// Orders that come in doubt at 171.5 s; nothing is told of them, and of whatever pays later.
fn doubts(orders: &[&str]) -> Story {
    let mut story = clean();
    story.without(|record| record.at_ns > 171_500_000_000);
    for order in orders {
        story.trader(171_500, trader_order(order, OrderState::Unknown, "0"));
    }
    story.tell(205_000, "world", Event::World(WorldEvent::FaultEnded { fault: 9, struck: 0 }));
    story
}

#[test]
fn a_question_for_something_else_does_not_answer_for_an_order_in_doubt() {
    let mut story = doubts(&["o-8"]);
    story.trader(180_000, started(70, "Balance")).trader(180_500, started(71, "OpenOrders"));
    reports(&story, "an order in doubt led to nothing within 30.0");
    story.trader(181_000, started(72, "QueryOrders"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn one_question_answers_for_one_order_in_doubt() {
    let mut story = doubts(&["o-8", "o-9"]);
    story.trader(180_000, started(70, "QueryOrders"));
    reports(&story, "an order in doubt led to nothing within 30.0");
    story.trader(182_000, started(71, "QueryOrders"));
    assert_passes(CHECK.name, &story, &expectations());
}

#[test]
fn only_the_breaker_of_questions_keeps_anybody_from_asking() {
    let opens = |name: &str| AuditEvent::BreakerChanged {
        breaker: name.to_owned(),
        generation: 1,
        from: BreakerState::Closed,
        to: BreakerState::Open,
        cause: "503".to_owned(),
        open_ms: Some(30_000),
    };
    let mut expect = expectations();
    expect.dependencies.clear();
    let mut story = doubts(&["o-8"]);
    story.trader(180_000, opens("influx/write"));
    assert_reports(CHECK.name, &story, &expect, "an order in doubt led to nothing");
    story.trader(180_000, opens(BREAKER));
    assert_passes(CHECK.name, &story, &expect);
}

#[test]
fn a_pause_of_somebody_else_puts_nothing_off() {
    let paused = |op: &str| {
        let mut story = doubts(&["o-8"]);
        let call = AuditEvent::CallStarted {
            call: 70,
            op: op.to_owned(),
            breaker: None,
            bound_ms: 10_000,
            client_order_id: None,
        };
        let told = AuditEvent::CallEnded {
            call: 70,
            outcome: CallOutcome::Ignored,
            error: Some("status 429".to_owned()),
        };
        story.trader(190_000, call.clone()).trader(190_100, told);
        // It is tried again in time, and so is the question, if that was put off.
        story.trader(191_000, call).trader(204_000, started(71, "QueryOrders"));
        story
    };
    assert_passes(CHECK.name, &paused("kraken/Balance"), &expectations());
    let message = "an order in doubt led to nothing within 30.0";
    assert_reports(CHECK.name, &paused("influx/write"), &expectations(), message);
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
