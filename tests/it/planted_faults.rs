//! Every check against a fault planted into the history of a run that passed.

use std::sync::OnceLock;
use std::time::Duration;

use kraken::switch::SwitchConfig;
use model::Notional;
use model::audit::{AuditEvent, BreakerState, CallOutcome, HealthState, StreamState};
use model::history::{Event, Phase, Record, SinkEvent, VenueEvent, WorldEvent};
use model::{OrderState, Quantity};

use sim::{Outcome, Setup};

use crate::faults_proven;
use crate::support::{
    assert_passes, clean, failing, fault_setup, limiter_overload, run, sink_down, storm_429,
};

/// Plants a fault and expects the check of that name to report it.
fn check(name: &str, plant: impl FnOnce(&mut Vec<Record>)) {
    check_in(clean(), name, plant);
}

/// The same in another run.
fn check_in((setup, outcome): &(Setup, Outcome), name: &str, plant: impl FnOnce(&mut Vec<Record>)) {
    let mut history = outcome.history.clone();
    plant(&mut history);
    assert_ne!(history, outcome.history, "`{name}`: nothing was planted");
    let failing = failing(setup, &history);
    assert!(failing.contains(&name), "`{name}` did not report it, but {failing:?} did");
}

/// The first event that fits, to be changed.
fn first<'h, T>(history: &'h mut [Record], fits: impl Fn(&'h mut Event) -> Option<T>) -> T {
    history.iter_mut().find_map(|record| fits(&mut record.event)).expect("such an event")
}

fn position(history: &[Record], fits: impl Fn(&Event) -> bool) -> usize {
    history.iter().position(|record| fits(&record.event)).expect("such an event")
}

fn last_position(history: &[Record], fits: impl Fn(&Event) -> bool) -> usize {
    history.iter().rposition(|record| fits(&record.event)).expect("such an event")
}

fn renumber(history: &mut [Record]) {
    for (seq, record) in (0..).zip(history) {
        record.seq = seq;
    }
}

fn remove(history: &mut Vec<Record>, at: usize) {
    history.remove(at);
    renumber(history);
}

fn repeat(history: &mut Vec<Record>, at: usize) {
    let copy = history[at].clone();
    history.insert(at, copy);
    renumber(history);
}

fn opens(event: &Event) -> bool {
    matches!(event, Event::Trader(AuditEvent::BreakerChanged { to: BreakerState::Open, .. }))
}

#[test]
fn a_breaker_that_opens_unseen() {
    check("breaker-transitions", |history| {
        let at = position(history, opens);
        remove(history, at);
    });
}

#[test]
fn a_breaker_that_closes_by_itself() {
    check("breaker-transitions", |history| {
        let at = position(history, opens);
        let Event::Trader(AuditEvent::BreakerChanged { to, .. }) = &mut history[at].event else {
            unreachable!("an opening")
        };
        *to = BreakerState::Closed;
    });
}

#[test]
fn a_call_that_passes_an_open_breaker() {
    check("breaker-open-blocks", |history| {
        let at = position(history, opens);
        let Event::Trader(AuditEvent::BreakerChanged { breaker, .. }) = &history[at].event else {
            unreachable!("an opening")
        };
        let mut call = history[at].clone();
        call.event = Event::Trader(AuditEvent::CallStarted {
            call: 1_000_000,
            op: "kraken/Sneaky".to_owned(),
            breaker: Some(breaker.clone()),
            bound_ms: 1_000,
            client_order_id: None,
        });
        history.insert(at + 1, call);
        renumber(history);
    });
}

#[test]
fn a_call_that_never_ends() {
    check("waits-bounded", |history| {
        let at =
            position(history, |event| matches!(event, Event::Trader(AuditEvent::CallEnded { .. })));
        remove(history, at);
    });
}

#[test]
fn a_call_that_takes_longer_than_it_may() {
    check("waits-bounded", |history| {
        let bound = first(history, |event| match event {
            Event::Trader(AuditEvent::CallStarted { bound_ms, .. }) => Some(bound_ms),
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *bound = 0;
    });
}

#[test]
fn a_fault_that_does_not_strike() {
    check("faults-struck", |history| {
        let struck = first(history, |event| match event {
            Event::World(WorldEvent::FaultEnded { struck, .. }) => Some(struck),
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *struck = 0;
    });
}

#[test]
fn a_stream_that_claims_to_live_through_the_silence() {
    check("silence-noticed", |history| {
        history.retain(|record| {
            let event = &record.event;
            !matches!(
                event,
                Event::Trader(AuditEvent::StreamChanged { state: StreamState::Down, .. })
            )
        });
        renumber(history);
    });
}

#[test]
fn a_book_that_differs_from_the_venues() {
    check("book-equal", |history| {
        let hash = first(history, |event| match event {
            Event::Trader(AuditEvent::BookApplied { hash, .. }) => Some(hash),
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *hash ^= 1;
    });
}

#[test]
fn an_order_whose_end_the_trader_misses() {
    check("orders-equal", |history| {
        let at = last_position(history, |event| {
            matches!(
                event,
                Event::Trader(AuditEvent::OrderChanged { state: OrderState::Filled, .. })
            )
        });
        remove(history, at);
    });
}

#[test]
fn an_order_that_is_doubled_at_the_venue() {
    check("no-duplicate-order", |history| {
        let at = position(history, |event| {
            matches!(event, Event::Venue(VenueEvent::OrderChanged { .. }))
        });
        let mut copy = history[at].clone();
        if let Event::Venue(VenueEvent::OrderChanged { venue_order_id, .. }) = &mut copy.event {
            *venue_order_id = model::VenueOrderId::new("OTWICE-TWICE-TWICE2");
        }
        history.insert(at + 1, copy);
        renumber(history);
    });
}

#[test]
fn an_order_that_is_sent_twice() {
    check("no-duplicate-order", |history| {
        let started = position(history, |event| {
            matches!(event, Event::Trader(AuditEvent::CallStarted { client_order_id: Some(_), .. }))
        });
        repeat(history, started);
    });
}

#[test]
fn a_position_that_is_wrong() {
    check("positions-equal", |history| {
        let at = last_position(history, |event| {
            matches!(event, Event::Trader(AuditEvent::PositionChanged { .. }))
        });
        if let Event::Trader(AuditEvent::PositionChanged { quantity, .. }) = &mut history[at].event
        {
            *quantity = quantity.checked_add(Quantity::from_raw(1)).expect("in range");
        }
    });
}

#[test]
fn money_that_appears_from_nowhere() {
    check("money-conserved", |history| {
        let at = last_position(history, |event| {
            matches!(event, Event::Venue(VenueEvent::AssetTotal { .. }))
        });
        if let Event::Venue(VenueEvent::AssetTotal { total, .. }) = &mut history[at].event {
            *total = total.checked_add(Notional::from_raw(1)).expect("in range");
        }
    });
}

#[test]
fn a_breaker_that_stays_open_after_healing() {
    check("recovered", |history| {
        let at = last_position(history, |event| {
            matches!(
                event,
                Event::Trader(AuditEvent::BreakerChanged { to: BreakerState::Closed, .. })
            )
        });
        remove(history, at);
    });
}

#[test]
fn a_task_that_outlives_the_run() {
    check("nothing-left-behind", |history| {
        let at = position(history, |event| {
            matches!(event, Event::World(WorldEvent::HostStopped { .. }))
        });
        if let Event::World(WorldEvent::HostStopped { tasks_alive, .. }) = &mut history[at].event {
            *tasks_alive = 1;
        }
    });
}

#[test]
fn a_breaker_that_is_not_asked() {
    check("calls-known", |history| {
        let breaker = first(history, |event| match event {
            Event::Trader(AuditEvent::CallStarted { breaker, .. }) => Some(breaker),
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *breaker = None;
    });
}

#[test]
fn a_breaker_that_sleeps_through_the_storm() {
    check("breakers-opened", |history| {
        history.retain(|record| !opens(&record.event));
        renumber(history);
    });
}

#[test]
fn a_stream_that_claims_to_live_without_a_subscription() {
    check("live-is-earned", |history| {
        for record in history {
            if let Event::Trader(AuditEvent::CallStarted { op, .. }) = &mut record.event {
                *op = op.replace("/subscribe", "/hope");
            }
        }
    });
}

#[test]
fn a_client_that_does_not_know_its_limits() {
    check("rates-bounded", |history| {
        let at = position(history, |event| {
            matches!(event, Event::Trader(AuditEvent::CallStarted { breaker: Some(_), .. }))
        });
        for _ in 0..100 {
            repeat(history, at);
        }
    });
}

#[test]
fn a_client_that_asks_more_than_its_account_may() {
    check("venue-limits", |history| {
        let at = position(
            history,
            |event| matches!(event, Event::Trader(AuditEvent::CallStarted { op, .. }) if op == "kraken/OpenOrders"),
        );
        for _ in 0..20 {
            repeat(history, at);
        }
    });
}

#[test]
fn a_cancel_that_the_account_cannot_afford() {
    check_in(limiter_overload(), "venue-limits", |history| {
        let cancel =
            |event: &Event| matches!(event, Event::Venue(VenueEvent::CancelReceived { .. }));
        let at = position(history, cancel);
        for _ in 0..20 {
            repeat(history, at);
        }
    });
}

#[test]
fn a_final_state_that_is_taken_back() {
    check("no-duplicate-order", |history| {
        let at = position(history, |event| {
            matches!(
                event,
                Event::Trader(AuditEvent::OrderChanged { state: OrderState::Filled, .. })
            )
        });
        let mut revoked = history[at].clone();
        if let Event::Trader(AuditEvent::OrderChanged { state, .. }) = &mut revoked.event {
            *state = OrderState::Open;
        }
        history.insert(at + 1, revoked);
        renumber(history);
    });
}

#[test]
fn a_history_with_a_hole() {
    check("history-sound", |history| {
        history.remove(5);
    });
}

fn stores(event: &Event) -> bool {
    matches!(event, Event::Sink(SinkEvent::PointStored { .. }))
}

#[test]
fn a_point_that_vanishes() {
    check_in(sink_down(), "sink-complete", |history| {
        let at = last_position(history, stores);
        remove(history, at);
    });
}

#[test]
fn a_point_that_nobody_sent() {
    check_in(sink_down(), "sink-complete", |history| {
        let at = position(history, stores);
        let mut copy = history[at].clone();
        if let Event::Sink(SinkEvent::PointStored { at, .. }) = &mut copy.event {
            *at += 1_000_000;
        }
        history.insert(at + 1, copy);
        renumber(history);
    });
}

#[test]
fn every_check_has_a_planted_fault() {
    let source = include_str!("planted_faults.rs");
    for check in checks::ALL {
        let planted = [
            "check(",
            "check_in(sink_down(), ",
            "check_in(storm_429(), ",
            "check_in(under_switch(), ",
            "check_in(lost_executions(), ",
        ]
        .iter()
        .any(|how| source.contains(&format!("{how}\"{}\", ", check.name)));
        assert!(planted, "no fault is planted for `{}`", check.name);
    }
}

#[test]
fn a_stream_whose_loss_nobody_is_told() {
    check("health-told", |history| {
        let at = position(history, |event| {
            matches!(event, Event::Trader(AuditEvent::HealthChanged { dependency, state: HealthState::Down, .. })
                if dependency == "kraken/public")
        });
        remove(history, at);
    });
}

/// A market maker under the dead man's switch, which crashes twice.
fn under_switch() -> &'static (Setup, Outcome) {
    static UNDER_SWITCH: OnceLock<(Setup, Outcome)> = OnceLock::new();
    UNDER_SWITCH.get_or_init(|| {
        let after = Duration::from_secs(60);
        let mut setup = fault_setup("trader-crash", 1);
        setup.scenario.trader.cancel_after = Some(after);
        setup.node.switch = Some(SwitchConfig::of(after));
        let outcome = run(&setup);
        assert_passes(&setup, &outcome.history);
        (setup, outcome)
    })
}

#[test]
fn a_switch_that_is_not_armed() {
    check_in(under_switch(), "switch-kept", |history| {
        let arms = |event: &Event| matches!(event, Event::Trader(AuditEvent::CallStarted { op, .. }) if op == "kraken/CancelAllOrdersAfter");
        let start = position(history, arms);
        let Event::Trader(AuditEvent::CallStarted { call, .. }) = history[start].event else {
            panic!("just seen");
        };
        let outcome = first(&mut history[start..], |event| match event {
            Event::Trader(AuditEvent::CallEnded { call: ended, outcome, .. }) if *ended == call => {
                Some(outcome)
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *outcome = CallOutcome::Failure;
    });
}

#[test]
fn orders_of_which_nobody_hears() {
    check("orders-followed", |history| {
        let state = first(history, |event| match event {
            Event::Trader(AuditEvent::StreamChanged { stream, state, .. })
                if stream == "kraken/private" && *state == StreamState::Live =>
            {
                Some(state)
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *state = StreamState::Down;
    });
}

#[test]
fn a_failure_of_which_the_breaker_is_not_told() {
    check("outcomes-counted", |history| {
        let outcome = first(history, |event| match event {
            Event::Trader(AuditEvent::CallEnded { outcome, error: Some(error), .. })
                if error.starts_with("status 5") =>
            {
                Some(outcome)
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *outcome = CallOutcome::Ignored;
    });
}

#[test]
fn a_stream_that_comes_back_at_once() {
    check("reconnects-paced", |history| {
        let change = |event: &Event, wanted| {
            matches!(event, Event::Trader(AuditEvent::StreamChanged { stream, state, .. })
                if stream == "kraken/public" && *state == wanted)
        };
        let lost = position(history, |event| change(event, StreamState::Down));
        let again = history[lost..]
            .iter()
            .position(|record| change(&record.event, StreamState::Connecting));
        let mut record = history.remove(lost + again.expect("it connects again"));
        record.at_ns = history[lost].at_ns;
        history.insert(lost + 1, record);
        renumber(history);
    });
}

#[test]
fn a_refusal_in_fair_weather() {
    check("refusals-caused", |history| {
        let error = first(history, |event| match event {
            Event::Venue(VenueEvent::RequestAnswered { error, .. }) => Some(error),
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *error = Some("EAPI:Invalid nonce".to_owned());
    });
}

#[test]
fn a_place_on_the_wire_that_is_never_free_again() {
    check("nothing-kept", |history| {
        let permits = "wavetank_pool_permits{host=\"api.kraken.com\"}";
        for record in history.iter_mut() {
            if let Event::World(WorldEvent::MetricsSampled { changed }) = &mut record.event {
                changed.insert(permits.to_owned(), "7".to_owned());
            }
        }
    });
}

#[test]
fn a_storm_of_retries() {
    check("retries-bounded", |history| {
        let changed = first(history, |event| match event {
            Event::World(WorldEvent::MetricsSampled { changed }) => Some(changed),
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        let series = "wavetank_lane_retries_total{lane=\"kraken/read\"}";
        changed.insert(series.to_owned(), "100".to_owned());
    });
}

#[test]
fn a_trade_that_is_lost_on_the_way_to_the_strategy() {
    check("market-in-order", |history| {
        let seen = |event: &Event| matches!(event, Event::Trader(AuditEvent::TradeSeen { .. }));
        let second = position(history, seen) + 1;
        let at = second + position(&history[second..], seen);
        remove(history, at);
    });
}

#[test]
fn an_order_that_is_told_as_not_placed_while_the_venue_has_it() {
    check("outcomes-true", |history| {
        let state = first(history, |event| {
            let Event::Trader(AuditEvent::OrderChanged { state, .. }) = event else { return None };
            (*state == OrderState::Filled).then_some(state)
        });
        *state = OrderState::NotPlaced;
    });
}

#[test]
fn an_open_breaker_that_makes_nothing_unwell() {
    check("nothing-swallowed", |history| {
        history.retain(|record| {
            !matches!(&record.event, Event::Trader(AuditEvent::HealthChanged { dependency, .. })
                if dependency == "kraken/read")
        });
        renumber(history);
    });
}

#[test]
fn a_pause_of_an_hour_that_nobody_keeps() {
    check_in(storm_429(), "pauses-honoured", |history| {
        let pause = first(history, |event| {
            let Event::Venue(VenueEvent::RequestAnswered { retry_after_ms, .. }) = event else {
                return None;
            };
            retry_after_ms.as_mut()
        });
        *pause = 3_600_000;
    });
}

/// A market maker of whose news some are lost, so that the numbers of the others show it.
fn lost_executions() -> &'static (Setup, Outcome) {
    static LOST: OnceLock<(Setup, Outcome)> = OnceLock::new();
    LOST.get_or_init(|| {
        let setup = faults_proven::named("executions lost", 1);
        let outcome = run(&setup);
        assert_passes(&setup, &outcome.history);
        (setup, outcome)
    })
}

#[test]
fn a_lost_message_that_changes_nothing() {
    check_in(lost_executions(), "gaps-noticed", |history| {
        history.retain(|record| {
            !matches!(&record.event, Event::Trader(AuditEvent::StreamChanged { stream, .. })
                if stream == "kraken/private" && record.at_ns > 1_000_000_000)
        });
        renumber(history);
    });
}

#[test]
fn a_quote_around_a_book_that_is_lost() {
    check_in(lost_executions(), "quotes-in-sync", |history| {
        let at = last_position(history, |event| {
            matches!(event, Event::Trader(AuditEvent::OrderIntent { .. }))
        });
        let Event::Trader(AuditEvent::OrderIntent { order }) = &history[at].event else {
            unreachable!("just seen")
        };
        let (symbol, reason) = (order.symbol.clone(), "checksum".to_owned());
        let mut lost = history[at].clone();
        lost.at_ns -= 1_000_000_000;
        lost.event = Event::Trader(AuditEvent::BookLost { symbol, reason });
        history.insert(at, lost);
        renumber(history);
    });
}

#[test]
fn an_order_that_arrives_when_the_market_is_another() {
    check_in(lost_executions(), "orders-timely", |history| {
        let sent = history.iter_mut().find(|record| {
            let sends = |event: &Event| {
                matches!(
                    event,
                    Event::Trader(AuditEvent::CallStarted { client_order_id: Some(_), .. })
                )
            };
            sends(&record.event) && record.at_ns > 60_000_000_000
        });
        sent.expect("an order").at_ns -= 10_000_000_000;
    });
}

#[test]
fn a_trader_that_is_well_and_does_nothing() {
    check_in(lost_executions(), "trading-resumed", |history| {
        let calm = |event: &Event| {
            matches!(event, Event::World(WorldEvent::PhaseStarted { phase: Phase::Calm }))
        };
        let healed_ns = history[position(history, calm)].at_ns;
        history.retain(|record| {
            let wants = matches!(&record.event, Event::Trader(AuditEvent::OrderIntent { .. }));
            !wants || record.at_ns < healed_ns
        });
        for record in history.iter_mut() {
            if let Event::Venue(VenueEvent::OrderChanged { state, .. }) = &mut record.event {
                *state = OrderState::Cancelled;
            }
        }
        renumber(history);
    });
}

#[test]
fn a_stream_that_is_given_up_though_it_speaks() {
    check_in(lost_executions(), "doubts-cleared", |history| {
        let applies =
            |event: &Event| matches!(event, Event::Trader(AuditEvent::BookApplied { .. }));
        let at = last_position(history, applies);
        let mut lost = history[at].clone();
        lost.event = Event::Trader(AuditEvent::StreamChanged {
            stream: "kraken/public".to_owned(),
            state: StreamState::Down,
            reason: "silent for 200ms".to_owned(),
        });
        history.insert(at + 1, lost);
        renumber(history);
    });
}

#[test]
fn a_price_that_is_rounded_on_its_way() {
    check_in(lost_executions(), "orders-as-wanted", |history| {
        let price = first(history, |event| match event {
            Event::Venue(VenueEvent::Filled { account, fill, .. })
                if account.as_str() == sim::ACCOUNT =>
            {
                Some(&mut fill.price)
            }
            Event::Trader(_) | Event::Venue(_) | Event::Sink(_) | Event::World(_) => None,
        });
        *price = price.checked_add(model::Price::step(0)).expect("in range");
    });
}
