use super::*;
use crate::codec::ws::Done;

const TIMINGS: Timings = Timings {
    subscribe_timeout: Duration::from_secs(10),
    silence_max: Duration::from_secs(10),
    quiet_max: Duration::from_secs(30),
    pong_timeout: Duration::from_secs(5),
    ping_interval: Duration::from_secs(30),
};

/// Vitals of a connection that stands since the instant returned.
fn opened() -> (Vitals, Instant) {
    let mut vitals = Vitals::new(TIMINGS);
    let start = Instant::now();
    vitals.opened(start);
    (vitals, start)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn tick(vitals: &mut Vitals, now: Instant) -> Vec<Action> {
    let mut out = Vec::new();
    vitals.tick(now, &mut out);
    out
}

fn ack(request: u64, symbol: Option<&Symbol>, error: Option<&str>) -> Ack {
    let (request, symbol) = (Some(request), symbol.cloned());
    Ack { request, symbol, counter_max: None, done: Done::Nothing, error: error.map(str::to_owned) }
}

fn is_ping(actions: &[Action]) -> bool {
    matches!(actions, [Action::Send(text)] if text.contains("ping"))
}

#[test]
fn silence_is_asked_once_and_then_ends_the_connection() {
    let (mut vitals, start) = opened();
    assert_eq!(vitals.deadline(), start + secs(10));
    assert_eq!(tick(&mut vitals, start + secs(9)), []);
    assert!(is_ping(&tick(&mut vitals, start + secs(10))));
    assert_eq!(vitals.deadline(), start + secs(15));
    assert_eq!(tick(&mut vitals, start + secs(14)), []);
    let end = Action::Disconnect("silent for 15s".to_owned());
    assert_eq!(tick(&mut vitals, start + secs(15)), [end]);
}

#[test]
fn any_message_is_a_sign_of_life() {
    let (mut vitals, start) = opened();
    assert!(is_ping(&tick(&mut vitals, start + secs(10))));
    vitals.heard(start + secs(12));
    assert_eq!(tick(&mut vitals, start + secs(15)), []);
    assert_eq!(vitals.deadline(), start + secs(22));
}

#[test]
fn a_talkative_connection_is_pinged_now_and_then() {
    let (mut vitals, start) = opened();
    for second in 1..30 {
        vitals.heard(start + secs(second));
        assert_eq!(tick(&mut vitals, start + secs(second)), []);
    }
    assert!(is_ping(&tick(&mut vitals, start + secs(30))));
    vitals.heard(start + secs(30));
    assert_eq!(tick(&mut vitals, start + secs(31)), []);
}

#[test]
fn the_time_of_a_slow_consumer_is_no_silence() {
    let (mut vitals, start) = opened();
    vitals.wait_for([Awaited::Ack(None)], start, &mut Vec::new());
    vitals.forgive(secs(60));
    assert_eq!(tick(&mut vitals, start + secs(69)), []);
    assert_eq!(vitals.deadline(), start + secs(70));
}

#[test]
fn a_stream_is_live_when_nothing_is_owed() {
    let (mut vitals, start) = opened();
    let symbol = Symbol::new("BTC/USD");
    let mut out = Vec::new();
    let acked = Awaited::Ack(Some(symbol.clone()));
    let first = vitals.wait_for([acked.clone()], start, &mut out);
    let shot = Awaited::Snapshot(Some(symbol.clone()));
    let second = vitals.wait_for([acked, shot], start, &mut out);
    assert_eq!(out, [Action::WaitStarted(first), Action::WaitStarted(second)]);
    out.clear();
    vitals.ack(ack(second, Some(&symbol), None), &mut out);
    vitals.ack(ack(99, Some(&symbol), None), &mut out);
    assert_eq!(out, []);
    vitals.ack(ack(first, Some(&symbol), None), &mut out);
    assert_eq!(out, [Action::WaitEnded(first, Ok(()))]);
    out.clear();
    vitals.snapshot(Some(&symbol), &mut out);
    assert_eq!(out, [Action::WaitEnded(second, Ok(())), Action::Live]);
    out.clear();
    let third = vitals.wait_for([Awaited::Snapshot(None)], start, &mut Vec::new());
    vitals.snapshot(None, &mut out);
    assert_eq!(out, [Action::WaitEnded(third, Ok(()))], "live only once");
}

#[test]
fn a_refused_or_overdue_subscription_ends_the_connection() {
    let (mut vitals, start) = opened();
    let request = vitals.wait_for([Awaited::Ack(None)], start, &mut Vec::new());
    let mut out = Vec::new();
    vitals.ack(ack(request, None, Some("ESession:Invalid session")), &mut out);
    assert_eq!(
        out,
        [
            Action::WaitEnded(request, Err("ESession:Invalid session".to_owned())),
            Action::Disconnect("subscription refused: ESession:Invalid session".to_owned()),
        ]
    );
    let request = vitals.wait_for([Awaited::Ack(None)], start, &mut Vec::new());
    vitals.heard(start + secs(9));
    let out = tick(&mut vitals, start + secs(10));
    assert!(
        matches!(&out[..], [Action::WaitEnded(ended, Err(_)), Action::Disconnect(_)] if *ended == request),
        "{out:?}"
    );
}

#[test]
fn a_refusal_of_something_else_is_only_noted() {
    let (mut vitals, _) = opened();
    let mut out = Vec::new();
    vitals.ack(ack(99, None, Some("Subscription Not Found")), &mut out);
    assert_eq!(out, []);
}

#[test]
fn after_a_maintenance_the_way_back_is_slow() {
    let (mut vitals, start) = opened();
    assert_eq!(vitals.retry_floor(), Duration::ZERO);
    vitals.status(&SystemStatus::Maintenance);
    assert_eq!(vitals.retry_floor(), secs(5));
    vitals.opened(start + secs(1));
    assert_eq!(vitals.retry_floor(), Duration::ZERO);
}
