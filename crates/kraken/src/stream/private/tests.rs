use std::time::Duration;

use model::{Intake, OrderState};

use super::*;

const TIMINGS: Timings = Timings {
    subscribe_timeout: Duration::from_secs(10),
    silence_max: Duration::from_secs(10),
    quiet_max: Duration::from_secs(30),
    pong_timeout: Duration::from_secs(5),
    ping_interval: Duration::from_secs(30),
};

struct Bench {
    stream: PrivateStream,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self { stream: PrivateStream::new(TIMINGS, 125), now: Instant::now() };
        bench.open();
        bench
    }

    fn open(&mut self) -> Vec<Action> {
        let token = WsToken { token: "T".to_owned() };
        let mut out = Vec::new();
        self.stream.opened(Some(&token), self.now, &mut out);
        out
    }

    fn say(&mut self, text: &str) -> Vec<Action> {
        let mut out = Vec::new();
        self.stream.message(text, self.now, &mut out);
        out
    }

    /// News of orders by id and status.
    fn news(&mut self, kind: &str, sequence: u64, rows: &[(&str, &str)]) -> Vec<Action> {
        let row = |(id, status): &(&str, &str)| {
            format!(r#"{{"order_id":"{id}","order_status":"{status}","exec_type":"new"}}"#)
        };
        let rows: Vec<_> = rows.iter().map(row).collect();
        let data = rows.join(",");
        self.say(&format!(
            r#"{{"channel":"executions","type":"{kind}","data":[{data}],"sequence":{sequence}}}"#
        ))
    }

    fn ack(&mut self, request: u64) -> Vec<Action> {
        self.say(&format!(
            r#"{{"method":"subscribe","req_id":{request},"success":true,"result":{{"channel":"executions"}}}}"#
        ))
    }
}

#[test]
fn the_open_orders_come_right_before_live() {
    let mut bench = Bench::new();
    assert_eq!(bench.ack(1), []);
    let out = bench.news("snapshot", 1, &[("O1", "new"), ("O2", "filled")]);
    let [Action::Emit(FeedEvent::OpenOrders(open)), Action::WaitEnded(1, Ok(())), Action::Live] =
        &out[..]
    else {
        panic!("{out:?}");
    };
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].venue_order_id.as_str(), "O1");
}

#[test]
fn the_acknowledgement_may_come_last() {
    let mut bench = Bench::new();
    let out = bench.news("snapshot", 1, &[]);
    assert_eq!(out, [Action::Emit(FeedEvent::OpenOrders(Vec::new()))]);
    assert_eq!(bench.ack(1), [Action::WaitEnded(1, Ok(())), Action::Live]);
}

#[test]
fn news_are_told_in_order_and_once() {
    let mut bench = Bench::new();
    bench.news("snapshot", 1, &[]);
    let told = |out: Vec<Action>| -> Vec<OrderState> {
        let state = |action| {
            let Action::Emit(FeedEvent::Order(report)) = action else {
                panic!("{action:?}");
            };
            report.state
        };
        out.into_iter().map(state).collect()
    };
    let out = bench.news("update", 2, &[("O1", "new"), ("O1", "canceled")]);
    assert_eq!(told(out), [OrderState::Open, OrderState::Cancelled]);
    assert_eq!(bench.news("update", 2, &[("O1", "new")]), [], "repeated");
    let out = bench.news("update", 3, &[("O2", "filled")]);
    assert_eq!(told(out), [OrderState::Filled]);
}

#[test]
fn numbers_that_begin_anew_or_are_missing_end_the_connection() {
    let check = |text: &str, found: &str| {
        let mut bench = Bench::new();
        bench.news("snapshot", 1, &[]);
        for sequence in 2..=50 {
            bench.news("update", sequence, &[]);
        }
        let reason = format!("executions jumped from 50 to {found}");
        assert_eq!(bench.say(text), [Action::Disconnect(reason)], "{text}");
    };
    check(r#"{"channel":"executions","type":"snapshot","data":[],"sequence":1}"#, "1");
    check(r#"{"channel":"executions","type":"update","data":[],"sequence":2}"#, "2");
    check(r#"{"channel":"executions","type":"update","data":[]}"#, "none");
}

#[test]
fn a_gap_ends_the_connection_and_the_next_one_counts_anew() {
    let mut bench = Bench::new();
    bench.news("snapshot", 1, &[]);
    let gap = Action::Disconnect("executions jumped from 1 to 3".to_owned());
    assert_eq!(bench.news("update", 3, &[("O1", "new")]), [gap]);
    let out = bench.open();
    assert!(
        matches!(&out[..], [Action::WaitStarted(2), Action::Send(text)] if text.contains(r#""token":"T""#)),
        "{out:?}"
    );
    let out = bench.news("snapshot", 1, &[]);
    assert_eq!(out, [Action::Emit(FeedEvent::OpenOrders(Vec::new()))]);
}

#[test]
fn a_refused_token_ends_the_connection() {
    let mut bench = Bench::new();
    let out = bench.say(
        r#"{"method":"subscribe","req_id":1,"success":false,"error":"ESession:Invalid session"}"#,
    );
    assert!(matches!(out.last(), Some(Action::Disconnect(_))), "{out:?}");
}

#[test]
fn without_a_token_there_is_no_stream() {
    let mut bench = Bench::new();
    let mut out = Vec::new();
    bench.stream.opened(None, bench.now, &mut out);
    assert_eq!(out, [Action::Disconnect("no token".to_owned())]);
}

/// The tier decides how fast we may be, and a wrong one is found out by Kraken alone.
#[test]
fn a_tier_that_is_not_the_account_s_is_told() {
    let told = |max: u32| {
        let (log, _guard) = testkit::Log::start();
        Bench::new().say(&format!(
            r#"{{"method":"subscribe","req_id":1,"result":{{"channel":"executions","maxratecount":{max},"snap_orders":true}},"success":true}}"#
        ));
        log.lines()
    };
    let lower = "ERROR the account's tier is lower than configured venue=kraken told=60 ours=125";
    assert_eq!(told(60), [lower]);
    let higher = "INFO the account's tier is higher than configured venue=kraken told=180 ours=125";
    assert_eq!(told(180), [higher]);
    assert_eq!(told(125), [""; 0]);
}

#[test]
fn what_the_venue_takes_is_told_with_each_status() {
    let mut bench = Bench::new();
    let words = [
        ("online", Intake::Open),
        ("post_only", Intake::PostOnly),
        ("cancel_only", Intake::CancelOnly),
        ("maintenance", Intake::Closed),
        ("word_of_tomorrow", Intake::Open),
    ];
    for (word, intake) in words {
        let text =
            format!(r#"{{"channel":"status","type":"update","data":[{{"system":"{word}"}}]}}"#);
        let out = bench.say(&text);
        assert_eq!(out, [Action::Emit(FeedEvent::Intake(intake))], "{word}");
    }
}
