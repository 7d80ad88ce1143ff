//! A run of 200 s as it should be: one order before the storm, one lost in it, one after it.
//!
//! 60 s REST answers 503 (fault 0), 75 s connections hang (fault 1), 120 s all is healed.

use std::time::Duration;

use model::OrderState;
use model::audit::{AuditEvent, BreakerState, CallOutcome, HealthState, StreamState};
use model::history::{Event, Phase, VenueEvent, WorldEvent};

use super::events::{
    BREAKER, amount, answered, applied, arming, asset_total, balance, breaker, ended, fault,
    healed, health, intent, order_received, phase, position, printed, published, sampled, seen,
    sent, shutdown, started, stopped, stream, subscribing, too_often, trader_fill, trader_order,
    venue_fill, venue_order,
};
use super::story::Story;
use crate::expectations::{
    CallRule, CounterRate, Expectations, OrderCounter, OutcomeRule, Rate, RateRule, ReconnectRule,
    RetryRule, Silence, SwitchRule, VenueLimits,
};

/// The streams of the synthetic trader.
const STREAMS: [&str; 2] = ["kraken/public", "kraken/private"];

/// The stream of whose health it tells.
const HEALTH: &str = "kraken/public";

/// The operation that keeps the dead man's switch from firing.
const SWITCH: &str = "kraken/CancelAllOrdersAfter";

/// What the clean run promises.
pub fn expectations() -> Expectations {
    let seconds = Duration::from_secs;
    let mut expect = Expectations::new(seconds(200), seconds(120), seconds(30));
    expect.shutdown_at = Some(seconds(200));
    expect.faults = [0, 1].into();
    for op in ["GetWebSocketsToken", "Balance", "QueryOrders", "AddOrder"] {
        let rule = CallRule { breaker: Some(BREAKER.to_owned()), bound_max: seconds(10) };
        expect.calls.insert(format!("kraken/{op}"), rule);
    }
    let rule = CallRule { breaker: None, bound_max: seconds(10) };
    expect.calls.insert(SWITCH.to_owned(), rule);
    expect.switch = Some(SwitchRule { op: SWITCH.to_owned(), timeout: seconds(300) });
    expect.questions.insert("kraken/QueryOrders".to_owned());
    for stream in STREAMS {
        let rule = CallRule { breaker: None, bound_max: seconds(5) };
        expect.calls.insert(format!("{stream}/subscribe"), rule);
        expect.streams.insert(stream.to_owned());
    }
    let ops = expect.calls.keys().filter(|op| !op.ends_with("/subscribe")).cloned().collect();
    let limits = vec![Rate::Window { count: 10, window: seconds(5) }];
    expect.rates.insert("kraken/rest".to_owned(), RateRule { ops, limits });
    let rate = CounterRate { max: 10, decay_milli_per_s: 500 };
    expect.venue_limits = Some(VenueLimits {
        calls: rate,
        call_weights: [("kraken/Balance".to_owned(), 1)].into(),
        order_op: "kraken/AddOrder".to_owned(),
        cancel_op: "kraken/CancelOrder".to_owned(),
        orders: OrderCounter { counter: rate, order_weight: 1, cancel_weights: Vec::new() },
        open_orders_max: 5,
        connects: STREAMS.map(|stream| format!("{stream}/connect")).into(),
        connects_max: 10,
        connects_window: seconds(600),
    });
    let streams = expect.streams.clone();
    expect.silences.insert(1, Silence { streams, later: true });
    expect.lags.insert(1, expect.silence_max);
    for (error, outcome) in
        [("http status 429", CallOutcome::Ignored), ("http status", CallOutcome::Failure)]
    {
        let (op, error) = ("kraken/".to_owned(), error.to_owned());
        expect.outcomes.push(OutcomeRule { op, error, outcome });
    }
    expect.reconnect = Some(ReconnectRule {
        base: seconds(1),
        cap: seconds(10),
        least_percent: 50,
        settled_after: seconds(60),
    });
    expect.paused = expect.calls.keys().cloned().collect();
    for part in [BREAKER, HEALTH] {
        expect.dependencies.insert(part.to_owned(), part.to_owned());
    }
    let rule = RetryRule { retries_max: 3, saved_max: 10, calls_percent: 20, per_second: 1 };
    expect.retries.insert(BREAKER.to_owned(), rule);
    expect.silence_least = Some(seconds(15));
    expect.quotes = true;
    expect.order_deadline = Some(seconds(5));
    expect.gaps = [0].into();
    expect.opens.insert(BREAKER.to_owned(), seconds(10));
    expect.sinks.insert("influxdb".to_owned());
    expect.cost_rounding = amount("0.00001");
    expect
}

/// A run without any violation.
pub fn clean() -> Story {
    let mut story = Story::new();
    connect(&mut story);
    buy(&mut story);
    refuse(&mut story);
    hang(&mut story);
    recover(&mut story);
    stop(&mut story);
    story.store();
    story
}

/// The same, but the trader crashes at 140 s with an order at the venue, and another one goes on.
pub fn two_lives() -> Story {
    let mut story = Story::new();
    connect(&mut story);
    buy(&mut story);
    refuse(&mut story);
    hang(&mut story);
    recover(&mut story);
    crash(&mut story);
    stop(&mut story);
    story.store();
    story
}

/// The second trader numbers its calls as the first one did.
fn crash(story: &mut Story) {
    story
        .trader(140_000, started(60, "Balance"))
        .trader(140_000, intent("o-9"))
        .trader(140_000, trader_order("o-9", OrderState::Submitting, "0"))
        .trader(140_000, sent(61, "o-9"))
        .venue(140_020, order_received(true))
        .venue(140_020, venue_order("o-9", "V9", OrderState::Open, "0"))
        .tell(140_100, "trader", Event::World(WorldEvent::HostCrashed))
        .trader(145_000, started(0, "GetWebSocketsToken"))
        .venue(145_020, answered("GetWebSocketsToken", 200))
        .trader(145_040, ended(0, CallOutcome::Success))
        .trader(145_040, position("0.5"))
        .trader(145_042, arming(30))
        .venue(145_052, answered("CancelAllOrdersAfter", 200))
        .trader(145_062, ended(30, CallOutcome::Success))
        .venue(145_060, venue_order("o-9", "V9", OrderState::Cancelled, "0"));
    for (call, name) in (11..).zip(STREAMS) {
        story
            .trader(145_010, stream(name, StreamState::Connecting, "start"))
            .trader(145_080, subscribing(call, name))
            .trader(145_100, ended(call, CallOutcome::Success))
            .trader(145_100, stream(name, StreamState::Live, "subscribed"));
    }
    for part in [BREAKER, HEALTH] {
        story.trader(145_100, health(part, HealthState::Up));
    }
    story.trader(145_120, applied(0xa3));
}

fn connect(story: &mut Story) {
    story
        .world(0, phase(Phase::WarmUp))
        .venue(0, asset_total("USD", "1000000"))
        .venue(0, asset_total("BTC", "100"))
        .venue(0, balance("USD", "100000", "0"))
        .venue(0, balance("BTC", "0", "0"));
    for (call, name) in (11..).zip(STREAMS) {
        story
            .trader(10, stream(name, StreamState::Connecting, "start"))
            .trader(80, subscribing(call, name))
            .trader(100, ended(call, CallOutcome::Success))
            .trader(100, stream(name, StreamState::Live, "subscribed"));
    }
    story
        .trader(100, health(BREAKER, HealthState::Up))
        .trader(100, health(HEALTH, HealthState::Up))
        .trader(20, started(0, "GetWebSocketsToken"))
        .venue(40, answered("GetWebSocketsToken", 200))
        .trader(60, ended(0, CallOutcome::Success))
        .trader(110, arming(30))
        .venue(130, answered("CancelAllOrdersAfter", 200))
        .trader(150, ended(30, CallOutcome::Success))
        .venue(150, published(0xa1))
        .trader(170, applied(0xa1))
        .venue(30_000, published(0xa2))
        .trader(30_020, applied(0xa2))
        .venue(2_000, printed(1))
        .trader(2_020, seen(1))
        .venue(30_000, printed(2))
        .trader(30_020, seen(2));
}

fn buy(story: &mut Story) {
    story
        .trader(1_000, intent("o-1"))
        .trader(1_000, trader_order("o-1", OrderState::Submitting, "0"))
        .trader(1_000, sent(1, "o-1"))
        .venue(1_020, order_received(false))
        .venue(1_020, venue_order("o-1", "V1", OrderState::Open, "0"))
        .venue(1_020, balance("USD", "100000", "5001"))
        .venue(1_020, venue_fill("o-1", "V1", 7, "0.5"))
        .venue(1_020, venue_order("o-1", "V1", OrderState::Filled, "0.5"))
        .venue(1_020, balance("USD", "94999", "0"))
        .venue(1_020, balance("BTC", "0.5", "0"))
        .venue(1_020, asset_total("USD", "1000000"))
        .venue(1_020, answered("AddOrder", 200))
        .trader(1_040, ended(1, CallOutcome::Success))
        .trader(1_040, trader_order("o-1", OrderState::Open, "0"))
        .trader(1_050, trader_fill("o-1", 7, "0.5"))
        .trader(1_050, trader_order("o-1", OrderState::Filled, "0.5"))
        .trader(1_050, position("0.5"));
}

/// From 60 s REST answers 503: the fifth failure opens the breaker at 65 s, and an order is lost.
fn refuse(story: &mut Story) {
    story
        .world(60_000, phase(Phase::Storm))
        .world(60_000, fault(0, "rest-status 503 at api.kraken.com"))
        .trader(60_100, started(20, "Balance"))
        .venue(60_120, too_often("Balance", 500))
        .trader(60_140, told_to_wait(20))
        .trader(62_000, intent("o-2"))
        .trader(62_000, trader_order("o-2", OrderState::Submitting, "0"));
    for (call, at_ms) in [(2, 61_000), (3, 62_000), (4, 63_000), (5, 64_000), (6, 64_980)] {
        let op = if call == 3 { "AddOrder" } else { "Balance" };
        let start = if call == 3 { sent(3, "o-2") } else { started(call, op) };
        story
            .trader(at_ms, start)
            .venue(at_ms + 10, VenueEvent::FaultStruck { fault: 0 })
            .venue(at_ms + 10, answered(op, 503))
            .trader(at_ms + 20, ended(call, CallOutcome::Failure));
    }
    story
        .trader(62_020, trader_order("o-2", OrderState::Unknown, "0"))
        .trader(65_000, health(BREAKER, HealthState::Down))
        .trader(65_000, breaker(1, BreakerState::Closed, BreakerState::Open, "http status 503"))
        .world(70_000, healed(0, 5));
}

/// From 75 s connections hang: the streams are given up at 90 s, a probe fails at 105 s.
fn hang(story: &mut Story) {
    story.world(75_000, fault(1, "hold trader - kraken")).venue(80_000, published(0xa3));
    for name in STREAMS {
        story
            .trader(90_000, stream(name, StreamState::Down, "silent"))
            .trader(91_000, stream(name, StreamState::Connecting, "again"));
    }
    story
        .trader(90_000, health(HEALTH, HealthState::Down))
        .trader(95_000, breaker(2, BreakerState::Open, BreakerState::HalfOpen, "probe"))
        .trader(95_000, started(7, "QueryOrders"))
        .trader(105_000, ended(7, CallOutcome::Failure))
        .trader(105_000, breaker(3, BreakerState::HalfOpen, BreakerState::Open, "timed out"))
        .world(118_000, healed(1, 9));
}

/// At 120 s all is healed; the breaker closes with the second probe at 136 s.
fn recover(story: &mut Story) {
    story.world(120_000, phase(Phase::Calm));
    for (call, name) in (13..).zip(STREAMS) {
        story
            .trader(120_980, subscribing(call, name))
            .trader(121_000, ended(call, CallOutcome::Success))
            .trader(121_000, stream(name, StreamState::Live, "subscribed"));
    }
    story
        .trader(121_000, health(BREAKER, HealthState::Up))
        .trader(121_000, health(HEALTH, HealthState::Up))
        .venue(121_000, published(0xa3))
        .trader(121_020, applied(0xa3))
        .trader(135_000, breaker(4, BreakerState::Open, BreakerState::HalfOpen, "probe"))
        .trader(135_000, started(8, "QueryOrders"))
        .venue(135_020, answered("QueryOrders", 200))
        .trader(135_040, ended(8, CallOutcome::Success))
        .trader(135_040, trader_order("o-2", OrderState::NotPlaced, "0"))
        .trader(136_000, started(9, "Balance"))
        .venue(136_020, answered("Balance", 200))
        .trader(136_040, ended(9, CallOutcome::Success))
        .trader(136_040, breaker(5, BreakerState::HalfOpen, BreakerState::Closed, "probes passed"))
        .trader(160_000, intent("o-3"))
        .trader(160_000, trader_order("o-3", OrderState::Submitting, "0"))
        .trader(160_000, sent(10, "o-3"))
        .venue(160_020, order_received(false))
        .venue(160_020, venue_order("o-3", "V3", OrderState::Rejected, "0"))
        .venue(160_020, answered("AddOrder", 200))
        .trader(160_040, ended(10, CallOutcome::Success))
        .trader(160_040, trader_order("o-3", OrderState::Rejected, "0"))
        .world(165_000, sampled("wavetank_pool_permits{host=\"kraken\"}", "0"))
        .venue(170_000, published(0xa4))
        .trader(170_020, applied(0xa4))
        .trader(171_000, started(21, "Balance"))
        .venue(171_020, answered("Balance", 200))
        .trader(171_040, ended(21, CallOutcome::Success))
        .venue(172_000, printed(8))
        .trader(172_020, seen(8));
}

/// A call was one too many.
fn told_to_wait(call: u64) -> AuditEvent {
    let error = Some("status 429".to_owned());
    AuditEvent::CallEnded { call, outcome: CallOutcome::Ignored, error }
}

fn stop(story: &mut Story) {
    story
        .world(200_000, phase(Phase::Shutdown))
        .trader(200_000, shutdown("stop-intake"))
        .trader(200_010, shutdown("settle-orders"))
        .trader(200_020, shutdown("close-streams"));
    for name in STREAMS {
        story.trader(200_020, stream(name, StreamState::Down, "shutdown"));
    }
    story.trader(200_020, health(HEALTH, HealthState::Down));
    story.trader(200_030, shutdown("stopped")).tell(200_040, "trader", Event::World(stopped(0, 0)));
}
