use model::{Level, Price, Quantity};

use super::*;
use crate::test_venue;

const TIMINGS: Timings = Timings {
    subscribe_timeout: Duration::from_secs(10),
    silence_max: Duration::from_secs(10),
    quiet_max: Duration::from_secs(30),
    pong_timeout: Duration::from_secs(5),
    ping_interval: Duration::from_secs(30),
};

fn instrument(symbol: &str) -> Instrument {
    Instrument { symbol: Symbol::new(symbol), ..test_venue::instrument() }
}

/// A stream of one pair, opened, with the time.
struct Bench {
    stream: PublicStream,
    now: Instant,
    /// What was said of missing trades.
    missed: Vec<Action>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            stream: PublicStream::new(&[instrument("BTC/USD")], 10, TIMINGS),
            now: Instant::now(),
            missed: Vec::new(),
        };
        bench.open();
        bench
    }

    fn open(&mut self) -> Vec<Action> {
        let mut out = Vec::new();
        self.stream.opened(None, self.now, &mut out);
        out
    }

    fn say(&mut self, text: &str) -> Vec<Action> {
        let mut out = Vec::new();
        self.stream.message(text, self.now, &mut out);
        out
    }

    fn trade(&mut self, kind: &str, ids: &[u64]) -> Vec<u64> {
        let row = |id: &u64| {
            format!(
                r#"{{"symbol":"BTC/USD","side":"buy","price":1.0,"qty":1,"trade_id":{id},"timestamp":"2023-10-06T17:35:55Z"}}"#
            )
        };
        let rows: Vec<_> = ids.iter().map(row).collect();
        let data = rows.join(",");
        let text = format!(r#"{{"channel":"trade","type":"{kind}","data":[{data}]}}"#);
        let mut out = self.say(&text);
        self.missed.extend(out.extract_if(.., |action| matches!(action, Action::Audit(_))));
        let told = |action: Action| {
            let Action::Emit(FeedEvent::Trade(trade)) = action else {
                panic!("{action:?}");
            };
            trade.trade_id
        };
        out.into_iter().filter_map(told).collect()
    }

    /// A snapshot with one bid, whose checksum is right, or not.
    fn snapshot(&mut self, right: bool) -> Vec<Action> {
        self.book("snapshot", "45283.5", right)
    }

    fn book(&mut self, kind: &str, bid: &str, right: bool) -> Vec<Action> {
        let digits = bid.replace('.', "");
        let checksum = crc32fast::hash(format!("{digits}100000000").as_bytes());
        let checksum = if right { checksum } else { checksum ^ 1 };
        self.say(&format!(
            r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"BTC/USD","bids":[{{"price":{bid},"qty":1.00000000}}],"asks":[],"checksum":{checksum},"timestamp":""}}]}}"#
        ))
    }

    fn ack(&mut self, request: u64) -> Vec<Action> {
        self.say(&format!(
            r#"{{"method":"subscribe","req_id":{request},"success":true,"result":{{"symbol":"BTC/USD"}}}}"#
        ))
    }
}

fn best(bid: Option<&str>) -> Action {
    let level = |price: &str| Level {
        price: Price::parse(price).expect("valid"),
        quantity: Quantity::parse("1").expect("valid"),
    };
    Action::Emit(FeedEvent::BestPrices {
        symbol: Symbol::new("BTC/USD"),
        bid: bid.map(level),
        ask: None,
    })
}

#[test]
fn an_opened_stream_subscribes_trades_and_books() {
    let mut bench = Bench::new();
    let out = bench.open();
    let [Action::WaitStarted(3), Action::WaitStarted(4), Action::Send(trades), Action::Send(books)] =
        &out[..]
    else {
        panic!("{out:?}");
    };
    assert!(trades.contains(r#""channel":"trade""#) && trades.contains(r#""snapshot":false"#));
    assert!(books.contains(r#""channel":"book""#) && books.contains(r#""depth":10"#));
}

#[test]
fn it_is_live_with_every_ack_and_every_book() {
    let mut bench = Bench::new();
    assert_eq!(bench.ack(1), [Action::WaitEnded(1, Ok(()))]);
    assert_eq!(bench.ack(2), []);
    let out = bench.snapshot(true);
    let [Action::Audit(AuditEvent::BookApplied { .. }), told, end, Action::Live] = &out[..] else {
        panic!("{out:?}");
    };
    assert_eq!(*told, best(Some("45283.5")));
    assert_eq!(*end, Action::WaitEnded(2, Ok(())));
}

#[test]
fn best_prices_are_told_when_they_change() {
    let mut bench = Bench::new();
    bench.snapshot(true);
    let same = bench.book("update", "45283.5", true);
    assert!(matches!(&same[..], [Action::Audit(AuditEvent::BookApplied { .. })]), "{same:?}");
}

#[test]
fn each_trade_is_told_once_also_across_connections() {
    let mut bench = Bench::new();
    assert!(bench.trade("snapshot", &[4, 5]).is_empty());
    assert_eq!(bench.trade("update", &[6, 7]), [6, 7]);
    assert_eq!(bench.trade("update", &[7, 6, 8]), [8]);
    bench.open();
    assert_eq!(bench.trade("update", &[8, 9]), [9]);
}

#[test]
fn a_trade_that_is_left_out_is_told_but_not_what_happened_between_connections() {
    let mut bench = Bench::new();
    assert_eq!(bench.trade("update", &[6, 7]), [6, 7]);
    assert_eq!(bench.missed, [], "what was before the connection, nobody missed");
    assert_eq!(bench.trade("update", &[10, 11]), [10, 11]);
    let told = AuditEvent::TradesMissed { symbol: Symbol::new("BTC/USD"), after: 7, before: 10 };
    assert_eq!(std::mem::take(&mut bench.missed), [Action::Audit(told)]);
    bench.open();
    assert_eq!(bench.trade("update", &[20, 21]), [20, 21]);
    assert_eq!(bench.missed, []);
}

#[test]
fn a_wrong_book_is_fetched_anew_and_the_third_one_ends_the_connection() {
    let mut bench = Bench::new();
    bench.snapshot(true);
    for round in 0..2 {
        let out = bench.book("update", "45283.5", false);
        let [
            Action::Audit(AuditEvent::BookLost { reason, .. }),
            told,
            Action::WaitStarted(wait),
            Action::Send(first),
            Action::Send(second),
        ] = &out[..]
        else {
            panic!("{round}: {out:?}");
        };
        assert!(reason.starts_with("checksum"), "{reason}");
        assert_eq!(*told, best(None));
        assert!(first.contains("unsubscribe") && second.contains(&format!(r#""req_id":{wait}"#)));
        assert_eq!(bench.book("update", "45283.5", true), [], "no book yet");
        assert_eq!(bench.ack(*wait), []);
        bench.now += Duration::from_secs(20);
        let out = bench.snapshot(true);
        assert!(out.contains(&Action::WaitEnded(*wait, Ok(()))), "{out:?}");
    }
    let out = bench.book("update", "45283.5", false);
    assert!(
        matches!(out.last(), Some(Action::Disconnect(reason)) if reason.starts_with("3 wrong books")),
        "{out:?}"
    );
}

#[test]
fn wrong_books_far_apart_are_each_fetched_anew() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        let out = bench.snapshot(false);
        assert!(matches!(out.last(), Some(Action::Send(_))), "{out:?}");
        bench.now += Duration::from_secs(31);
    }
}

impl Bench {
    fn tick_after(&mut self, time: Duration) -> Vec<Action> {
        self.now += time;
        let mut out = Vec::new();
        // Heartbeats go on.
        self.stream.vitals.heard(self.now);
        self.stream.tick(self.now, &mut out);
        out
    }
}

/// True for a subscription that is renewed, which is nobody's loss.
fn is_renewal(out: &[Action]) -> bool {
    let sent: Vec<&String> = out
        .iter()
        .filter_map(|action| if let Action::Send(text) = action { Some(text) } else { None })
        .collect();
    let lost = out.iter().any(|action| matches!(action, Action::Audit(_) | Action::Emit(_)));
    sent.iter().any(|text| text.contains("unsubscribe"))
        && sent.iter().any(|text| text.contains(r#""method":"subscribe""#))
        && !lost
}

#[test]
fn a_quiet_book_is_subscribed_anew_and_goes_on_if_nothing_was_missed() {
    let mut bench = Bench::new();
    bench.snapshot(true);
    for _ in 0..3 {
        let early = bench.tick_after(Duration::from_secs(29));
        assert!(!is_renewal(&early), "{early:?}");
        let due = bench.tick_after(Duration::from_secs(1));
        assert!(is_renewal(&due), "{due:?}");
        let again = bench.tick_after(Duration::ZERO);
        assert!(!is_renewal(&again), "{again:?}");
        let out = bench.snapshot(true);
        assert!(!out.iter().any(|action| matches!(action, Action::Disconnect(_))), "{out:?}");
    }
    // A change is a sign of life of its own.
    bench.tick_after(Duration::from_secs(29));
    bench.book("update", "45283.5", true);
    assert!(!is_renewal(&bench.tick_after(Duration::from_secs(29))));
    assert_eq!(bench.stream.deadline(), bench.now + Duration::from_secs(1));
    bench.stream.forgive(Duration::from_secs(5));
    assert!(!is_renewal(&bench.tick_after(Duration::from_secs(5))));
}

#[test]
fn a_snapshot_that_shows_missed_changes_ends_the_connection() {
    let mut bench = Bench::new();
    bench.snapshot(true);
    assert!(is_renewal(&bench.tick_after(Duration::from_secs(30))));
    let out = bench.book("snapshot", "45290.1", true);
    let expected = "changes of the book of BTC/USD did not come";
    assert_eq!(out.last(), Some(&Action::Disconnect(expected.to_owned())));
}

#[test]
fn a_closed_stream_has_no_books() {
    let mut bench = Bench::new();
    bench.snapshot(true);
    let mut out = Vec::new();
    bench.stream.closed("gone", &mut out);
    assert!(
        matches!(&out[0], Action::Audit(AuditEvent::BookLost { reason, .. }) if reason == "gone")
    );
    assert_eq!(out[1], best(None));
    out.clear();
    bench.stream.closed("gone", &mut out);
    assert_eq!(out, []);
}

#[test]
fn oddities_change_nothing_and_broken_data_ends_the_connection() {
    let mut bench = Bench::new();
    for text in [
        "CloudFlare WebSocket proxy restarting",
        r#"{"channel":"heartbeat"}"#,
        r#"{"channel":"new"}"#,
        r#"{"Error":"Exceeded msg rate"}"#,
        r#"{"channel":"status","type":"update","data":[{"system":"online"}]}"#,
        r#"{"channel":"book","type":"snapshot","data":[{"symbol":"XYZ/USD","checksum":1}]}"#,
    ] {
        assert_eq!(bench.say(text), [], "{text}");
    }
    let out = bench.say(r#"{"channel":"book","type":"update","data":[{}]}"#);
    assert!(matches!(&out[..], [Action::Disconnect(_)]), "{out:?}");
}
