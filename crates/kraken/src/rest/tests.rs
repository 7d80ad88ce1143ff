use std::time::Duration;

use model::audit::{AuditEvent, CallOutcome};
use model::{
    Asset, Book, ClientOrderId, NewOrder, OrderKind, OrderState, Price, Quantity, Side, Symbol,
    TimeInForce,
};
use resilience::LaneError;
use tokio::time::{Instant, sleep};

use super::*;
use crate::SystemStatus;
use crate::test_venue::{Answer, Bench, Dial, Seen, credentials};

mod deadlines;
mod drops;
mod pages;
mod trading;

impl Bench {
    fn nonces(&self) -> Vec<u64> {
        let nonce = |seen: &Seen| seen.field("nonce")?.parse().ok();
        self.venue.seen().iter().filter_map(nonce).collect()
    }
}

fn order() -> NewOrder {
    NewOrder {
        client_order_id: id(),
        symbol: Symbol::new("BTC/USD"),
        side: Side::Buy,
        kind: OrderKind::Limit { price: Price::parse("15000.5").expect("valid"), post_only: false },
        quantity: Quantity::parse("0.0002").expect("valid"),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    }
}

fn pair() -> Symbol {
    Symbol::new("BTC/USD")
}

fn id() -> ClientOrderId {
    ClientOrderId::new("wt-1").expect("valid")
}

fn row(status: &str) -> String {
    format!(
        r#"{{"status":"{status}","cl_ord_id":"wt-1","vol_exec":"0.1","cost":"10","fee":"0.02"}}"#
    )
}

const BUSY: &str = "EService:Busy";

const OPEN_NONE: &str = r#"{"error":[],"result":{"open":{}}}"#;

#[tokio::test(start_paused = true)]
async fn a_private_request_is_signed() {
    let bench = Bench::new([Answer::result(r#"{"ZUSD":"22.6354"}"#)]);
    let balances = bench.rest.balances().await.expect("an answer");
    assert_eq!(balances[&Asset::new("USD")].to_string(), "22.6354");
    let [seen] = &bench.venue.seen()[..] else {
        panic!("one request");
    };
    assert_eq!(seen.target, "POST /0/private/Balance");
    assert_eq!(seen.body, "nonce=1700000000000000");
    let sign = credentials().sign("/0/private/Balance", 1_700_000_000_000_000, &seen.body);
    for line in [
        "api-key: public-key".to_owned(),
        format!("api-sign: {sign}"),
        "content-type: application/x-www-form-urlencoded".to_owned(),
        "host: rest".to_owned(),
    ] {
        assert!(seen.head.contains(&format!("{line}\r\n")), "{}", seen.head);
    }
}

#[tokio::test(start_paused = true)]
async fn a_public_request_has_a_query_and_no_key() {
    let bench = Bench::new([Answer::result(r#"{"XXBTZUSD":{"asks":[],"bids":[]}}"#)]);
    let symbol = Symbol::new("BTC/USD");
    let book = bench.rest.depth(&symbol, 25).await.expect("an answer");
    assert!(book.is_empty());
    let seen = &bench.venue.seen()[0];
    assert_eq!(seen.target, "GET /0/public/Depth?pair=XBTUSD&count=25");
    assert!(!seen.head.contains("api-key"));
}

#[tokio::test(start_paused = true)]
async fn a_query_is_repeated_with_a_new_nonce_and_signature() {
    let bench = Bench::new([
        Answer::Status(503, ""),
        Answer::Close,
        Answer::error("EAPI:Invalid nonce"),
        Answer::result("{}"),
    ]);
    bench.rest.balances().await.expect("the fourth answer");
    let nonces = bench.nonces();
    assert_eq!(nonces.len(), 4);
    assert!(nonces.is_sorted_by(|a, b| a < b), "{nonces:?}");
    let ended = |event: AuditEvent| {
        let AuditEvent::CallEnded { outcome, .. } = event else {
            return None;
        };
        Some(outcome)
    };
    let outcomes: Vec<_> = bench.venue.audit().into_iter().filter_map(ended).collect();
    let failure = CallOutcome::Failure;
    let expected = [failure, failure, CallOutcome::Ignored, CallOutcome::Success];
    assert_eq!(outcomes, expected);
}

#[tokio::test(start_paused = true)]
async fn a_refused_query_is_not_repeated() {
    let bench = Bench::new([Answer::error("EGeneral:Permission denied")]);
    let error = bench.rest.open_orders().await.expect_err("refused");
    assert_eq!(error.to_string(), "EGeneral:Permission denied");
    assert_eq!(bench.venue.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_waited_for() {
    let check = async |answer: Answer, wait_s: u64| {
        let bench = Bench::new([answer, Answer::result("{}")]);
        let start = Instant::now();
        bench.rest.balances().await.expect("the second answer");
        let waited = start.elapsed();
        assert!(waited >= Duration::from_secs(wait_s), "{waited:?}");
        assert!(waited < Duration::from_secs(wait_s + 2), "{waited:?}");
    };
    check(Answer::error("EAPI:Rate limit exceeded"), 5).await;
    check(Answer::error("EService: Throttled: 1700000009"), 9).await;
    check(Answer::Status(429, "retry-after: 12\r\n"), 12).await;
    check(Answer::Status(503, "retry-after: 3\r\n"), 3).await;
    // By a date: of the venue's own clock, or else of ours.
    let dated =
        "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:49:44 GMT\r\n";
    check(Answer::Status(503, dated), 7).await;
    check(Answer::Status(429, "retry-after: Tue, 14 Nov 2023 22:13:31 GMT\r\n"), 11).await;
}

/// One or two are an accident: requests overtake each other.
#[tokio::test(start_paused = true)]
async fn three_refused_nonces_in_a_row_are_trouble_until_one_is_taken() {
    let refused = || Answer::error("EAPI:Invalid nonce");
    let busy = Answer::error("EOrder:Insufficient funds");
    let bench = Bench::new([refused(), refused(), busy, refused(), refused()]);
    let trouble = bench.rest.key_trouble();
    let place = async || {
        drop(bench.rest.add_order(&order()).await);
        *trouble.borrow()
    };
    for _ in 0..5 {
        assert_eq!(place().await, None);
    }
    bench.venue.plan([refused()]);
    let told = place().await.expect("the third in a row");
    assert!(told.contains("another program uses the key"), "{told}");
    // An answer that says nothing about the nonce changes nothing.
    bench.venue.plan([Answer::error("EGeneral:Permission denied"), Answer::Close, refused()]);
    for _ in 0..3 {
        assert_eq!(place().await, Some(told));
    }
    bench.venue.plan([Answer::result(r#"{"txid":["O1"]}"#)]);
    assert_eq!(place().await, None);
}

/// The clock was set back between two processes: ours would be too low until it has caught up.
#[tokio::test(start_paused = true)]
async fn nonces_that_are_refused_leap_ahead() {
    let bench = Bench::new([(); 6].map(|()| Answer::error("EAPI:Invalid nonce")));
    for _ in 0..6 {
        drop(bench.rest.add_order(&order()).await);
    }
    let nonce = |seen: &Seen| -> u64 {
        seen.field("nonce").and_then(|nonce| nonce.parse().ok()).expect("a nonce")
    };
    let nonces: Vec<u64> = bench.venue.seen().iter().map(nonce).collect();
    let leaps: Vec<u64> = nonces.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000).collect();
    assert_eq!(leaps, [0, 0, 1, 2, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_closes_the_lane_for_long() {
    let bench = Bench::new([Answer::error("EAPI:Invalid key")]);
    bench.rest.balances().await.expect_err("refused");
    sleep(Duration::from_secs(14 * 60)).await;
    let error = bench.rest.balances().await.expect_err("still closed");
    assert!(matches!(error, RestError::BreakerOpen(_)));
    assert_eq!(bench.venue.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_carries_its_id_and_its_deadline() {
    let bench = Bench::new([Answer::result(r#"{"txid":["O1"],"descr":{"order":""}}"#)]);
    let placed = bench.rest.add_order(&order()).await.expect("placed");
    assert_eq!(placed.as_str(), "O1");
    let seen = &bench.venue.seen()[0];
    assert_eq!(seen.field("cl_ord_id"), Some("wt-1"));
    assert_eq!(seen.field("deadline"), Some("2023-11-14T22%3A13%3A25Z"));
    let started = AuditEvent::CallStarted {
        call: 0,
        op: "kraken/AddOrder".to_owned(),
        breaker: Some("kraken/order".to_owned()),
        bound_ms: 15_000,
        client_order_id: Some(id()),
    };
    assert_eq!(bench.venue.audit()[0], started);
}

/// An answer that names two errors.
fn both(first: &str, second: &str) -> Answer {
    Answer::Body(format!(r#"{{"error":["{first}","{second}"]}}"#))
}

/// What a submit error says, by its kind.
fn kind(error: &SubmitError) -> &'static str {
    match error {
        SubmitError::NotSent { .. } => "not sent",
        SubmitError::Refused { .. } => "refused",
        SubmitError::Unknown { .. } => "unknown",
    }
}

#[tokio::test(start_paused = true)]
async fn the_fate_of_an_order_is_told_and_it_is_sent_once() {
    let check = async |answer: Answer, expected: &str| {
        let bench = Bench::new([answer.clone()]);
        let error = bench.rest.add_order(&order()).await.expect_err("no order");
        assert_eq!(kind(&error), expected, "{answer:?}: {error}");
        assert_eq!(bench.venue.seen().len(), 1, "{answer:?}");
    };
    for text in [
        "EOrder:Insufficient funds",
        "EAPI:Rate limit exceeded",
        "EOrder:Rate limit exceeded",
        "EService:Market in cancel_only mode",
        "EService:Deadline elapsed",
    ] {
        check(Answer::error(text), "refused").await;
    }
    check(Answer::error("EAPI:Invalid nonce"), "not sent").await;
    for text in [
        BUSY,
        "EService:Unavailable",
        "EGeneral:Internal error",
        "EDatabase:Internal error",
        "EOrder:Duplicate cl_ord_id",
        "EStrange:Weather",
        "EOrder:Strange weather",
    ] {
        check(Answer::error(text), "unknown").await;
    }
    check(both("EAPI:Invalid nonce", "EService:Unavailable"), "unknown").await;
    check(both("EService:Unavailable", "EAPI:Invalid nonce"), "unknown").await;
    check(both("EAPI:Invalid nonce", "EOrder:Duplicate cl_ord_id"), "unknown").await;
    for status in [429, 403, 500, 502, 520] {
        check(Answer::Status(status, ""), "unknown").await;
    }
    check(Answer::Body("<html>".to_owned()), "unknown").await;
    check(Answer::result(r#"{"txid":[]}"#), "unknown").await;
    check(Answer::Close, "unknown").await;
    check(Answer::Hang, "unknown").await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_never_left_is_surely_not_sent() {
    let bench = Bench::new([]);
    bench.venue.plan_rest_dials(&[Dial::Refuse, Dial::Hang]);
    for attempt in ["refused", "hung"] {
        let error = bench.rest.add_order(&order()).await.expect_err("no way");
        assert_eq!(kind(&error), "not sent", "{attempt}: {error}");
    }
    assert_eq!(bench.venue.seen().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_open_order_breaker_does_not_block_cancels() {
    let bench = Bench::new(vec![Answer::error(BUSY); 5]);
    for _ in 0..5 {
        let error = bench.rest.add_order(&order()).await.expect_err("busy");
        assert_eq!(kind(&error), "unknown");
    }
    let error = bench.rest.add_order(&order()).await.expect_err("open");
    assert_eq!(kind(&error), "not sent");
    bench.venue.plan([Answer::result(r#"{"count":1}"#)]);
    let cancelled = bench.rest.cancel_order(&VenueOrderId::new("O1"), &pair()).await;
    assert_eq!(cancelled.expect("an answer"), CancelOutcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_cancel_may_find_the_order_gone() {
    let gone = Answer::error("EOrder:Unknown order");
    let cancel = async |answers: Vec<Answer>| {
        let bench = Bench::new(answers);
        bench.rest.cancel_order(&VenueOrderId::new("O1"), &pair()).await
    };
    let found = cancel(vec![gone.clone()]).await.expect("an answer");
    assert_eq!(found, CancelOutcome::Gone);
    let none = Answer::result(r#"{"count":0}"#);
    assert_eq!(cancel(vec![none]).await.expect("an answer"), CancelOutcome::Gone);
    // Carried out, the answer lost, asked again.
    let found = cancel(vec![Answer::Close, gone]).await.expect("an answer");
    assert_eq!(found, CancelOutcome::Gone);
    let error = cancel(vec![Answer::error("EOrder:Invalid order")]).await;
    assert!(error.is_err());
    // A doubt about the answer is one about the order, too: it may be live.
    let error = cancel(vec![both("EOrder:Unknown order", BUSY)]).await;
    assert!(error.is_err());
}

#[tokio::test(start_paused = true)]
async fn private_requests_go_out_one_after_the_other() {
    let late = Answer::Late(Duration::from_millis(300), r#"{"error":[],"result":{}}"#.into());
    let bench = Bench::new([late.clone(), late]);
    let start = Instant::now();
    let (first, second) = tokio::join!(bench.rest.balances(), bench.rest.balances());
    first.expect("an answer");
    second.expect("an answer");
    let at: Vec<_> = bench.venue.seen().iter().map(|seen| seen.at - start).collect();
    assert_eq!(at, [Duration::ZERO, Duration::from_millis(300)]);
}

#[tokio::test(start_paused = true)]
async fn a_hung_order_holds_up_a_cancel_for_a_second() {
    let bench = Bench::new([Answer::Hang, Answer::result(r#"{"count":1}"#)]);
    let start = Instant::now();
    let cancel = async {
        sleep(Duration::from_millis(1)).await;
        let outcome = bench.rest.cancel_order(&VenueOrderId::new("O1"), &pair()).await;
        (outcome, start.elapsed())
    };
    let order = order();
    let (submitted, (cancelled, after)) = tokio::join!(bench.rest.add_order(&order), cancel);
    assert_eq!(kind(&submitted.expect_err("hung")), "unknown");
    assert_eq!(cancelled.expect("an answer"), CancelOutcome::Accepted);
    assert_eq!(after, Duration::from_secs(1));
    assert_eq!(start.elapsed(), Duration::from_secs(15));
}

#[tokio::test(start_paused = true)]
async fn a_busy_key_refuses_locally() {
    let bench = Bench::new(vec![Answer::Hang; 16]);
    let calls: Vec<_> = (0..8).map(|_| bench.rest.clone()).collect();
    let (done, mut results) = tokio::sync::mpsc::channel(8);
    for rest in calls {
        let done = done.clone();
        bench.group.spawner().spawn("test", "order", async move {
            let error = rest.add_order(&order()).await.expect_err("hung");
            done.send(kind(&error)).await?;
            Ok(())
        });
    }
    drop(done);
    let mut found = Vec::new();
    while let Some(kind) = results.recv().await {
        found.push(kind);
    }
    found.sort_unstable();
    // One at once and one each second; the wait for a turn ends with the fifth.
    let expected = [["not sent"; 3].as_slice(), &["unknown"; 5]].concat();
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_found_among_the_open_or_the_closed_ones() {
    let find = async |open: &str, closed: &str| {
        let bench = Bench::new([
            Answer::result(&format!(r#"{{"open":{{{open}}}}}"#)),
            Answer::result(&format!(r#"{{"closed":{{{closed}}},"count":1}}"#)),
        ]);
        let found = bench.rest.find_order(&id()).await.expect("answers");
        let asked = bench.venue.seen();
        assert!(asked.iter().all(|seen| seen.field("cl_ord_id") == Some("wt-1")));
        found.map(|report| report.state)
    };
    let (open, closed) = (format!(r#""O1":{}"#, row("open")), row("closed"));
    let closed = format!(r#""O1":{closed}"#);
    assert_eq!(find(&open, "").await, Some(OrderState::Open));
    assert_eq!(find("", &closed).await, Some(OrderState::Filled));
    assert_eq!(find("", "").await, None);
    let other = open.replace("wt-1", "wt-2");
    assert_eq!(find(&other, "").await, None, "a venue that does not filter");
}

/// Beginning anew would take the turns of both questions, for ever.
#[tokio::test(start_paused = true)]
async fn a_search_that_is_refused_halfway_goes_on_from_there() {
    let search = async |pause: u64| {
        let open = Answer::Late(Duration::from_secs(1), OPEN_NONE.to_owned());
        let bench = Bench::new([open, Answer::result(r#"{"closed":{},"count":0}"#)]);
        let id = id();
        let busy = async {
            sleep(Duration::from_millis(500)).await;
            bench.rest.limits().rest.pause(Duration::from_secs(pause));
        };
        let (found, ()) = tokio::join!(bench.rest.find_order(&id), busy);
        let methods = bench.venue.seen();
        let methods: Vec<_> = methods.iter().map(|seen| seen.target.clone()).collect();
        (found, methods, Instant::now())
    };
    let (open, closed) = ("POST /0/private/OpenOrders", "POST /0/private/ClosedOrders");
    let begin = Instant::now();
    // Longer than a request waits for the limiter.
    let (found, methods, end) = search(9).await;
    assert!(matches!(found, Ok(None)), "{found:?}");
    assert_eq!(methods, [open, closed]);
    assert!(end >= begin + Duration::from_millis(9_500), "after the pause");
    let (found, methods, _) = search(60).await;
    assert!(matches!(found, Err(LaneError::Limited(_))), "{found:?}");
    assert_eq!(methods, [open], "longer than a request may take");
}

#[tokio::test(start_paused = true)]
async fn the_other_queries_read_their_answers() {
    let pair = r#"{"wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","pair_decimals":1,
        "lot_decimals":8,"cost_decimals":5,"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1"}"#;
    let bench = Bench::new([
        Answer::result(r#"{"status":"post_only","timestamp":""}"#),
        Answer::result(r#"{"unixtime":1688669448,"rfc1123":""}"#),
        Answer::result(&format!(r#"{{"XXBTZUSD":{pair}}}"#)),
        Answer::result(
            r#"{"XXBTZUSD":{"a":["2","1","1"],"b":["1","1","1"],"c":["1.5","1"],"v":["1","1"],"p":["1","1"],"l":["1","1"],"h":["2","2"]}}"#,
        ),
        Answer::result(&format!(r#"{{"O1":{}}}"#, row("canceled"))),
        Answer::result(r#"{"count":4}"#),
        Answer::result(r#"{"token":"t","expires":900}"#),
    ]);
    let (rest, symbol) = (&bench.rest, Symbol::new("BTC/USD"));
    let status = rest.system_status().await.expect("an answer");
    assert_eq!(status, SystemStatus::PostOnly);
    let time = rest.server_time().await.expect("an answer");
    assert_eq!(time, UnixNanos::from_secs(1_688_669_448));
    let symbols = std::slice::from_ref(&symbol);
    let instruments = rest.instruments(symbols).await.expect("an answer");
    assert_eq!(instruments[0].symbol, symbol);
    let ticker = rest.ticker(&symbol).await.expect("an answer");
    assert_eq!(ticker.last, Price::parse("1.5").expect("valid"));
    let ids = [VenueOrderId::new("O1"), VenueOrderId::new("O2")];
    let orders = rest.query_orders(&ids).await.expect("an answer");
    assert_eq!(orders[0].state, OrderState::Cancelled);
    assert_eq!(rest.cancel_all().await.expect("an answer"), 4);
    assert_eq!(rest.ws_token().await.expect("an answer").token, "t");
    assert_eq!(bench.venue.seen()[4].field("txid"), Some("O1%2CO2"));
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_is_not_listed_is_an_error() {
    let bench = Bench::new([Answer::result("{}")]);
    let error = bench.rest.instruments(&[Symbol::new("BTC/USD")]).await;
    let error = error.expect_err("nothing found");
    assert_eq!(error.to_string(), "malformed answer: `asset pair` is missing");
}

#[tokio::test(start_paused = true)]
async fn hung_reads_hold_a_cancel_up_for_one_turn_at_most() {
    let mut answers = vec![Answer::Hang; 8];
    answers.push(Answer::result(r#"{"count":1}"#));
    let bench = Bench::new(answers);
    for _ in 0..8 {
        let rest = bench.rest.clone();
        bench.group.spawner().spawn("reads", "read", async move {
            drop(rest.balances().await);
            Ok(())
        });
    }
    sleep(Duration::from_millis(1)).await;
    bench.venue.plan([]);
    let started = Instant::now();
    drop(bench.rest.cancel_order(&VenueOrderId::new("O1"), &pair()).await);
    let cancelled = bench.venue.seen().into_iter().find(|seen| seen.target.contains("CancelOrder"));
    let waited = cancelled.expect("it was sent").at.duration_since(started);
    assert!(waited <= Duration::from_millis(2_100), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_the_address_holds_all_lanes() {
    let bench = Bench::new([Answer::Status(429, "retry-after: 20\r\n")]);
    let read = bench.rest.clone();
    bench.group.spawner().spawn("reads", "read", async move {
        drop(read.balances().await);
        Ok(())
    });
    sleep(Duration::from_secs(1)).await;
    let error = bench.rest.add_order(&order()).await.expect_err("paused");
    assert_eq!(kind(&error), "not sent", "{error}");
    assert_eq!(bench.venue.seen().len(), 1);
}

fn pair_rows(wsname: &str) -> Answer {
    Answer::result(&format!(
        r#"{{"X":{{"wsname":"{wsname}","base":"XXBT","quote":"ZUSD","pair_decimals":1,
        "lot_decimals":8,"cost_decimals":5,"ordermin":"0.00005","costmin":"0.5","tick_size":"0.1"}}}}"#
    ))
}

#[tokio::test(start_paused = true)]
async fn the_rules_of_pairs_are_kept_for_five_minutes() {
    let bench = Bench::new([pair_rows("XBT/USD"), pair_rows("XBT/USD")]);
    let symbols = [pair()];
    let clone = bench.rest.clone();
    let (first, second) =
        tokio::join!(bench.rest.instruments(&symbols), clone.instruments(&symbols));
    assert_eq!(first.expect("an answer"), second.expect("the same answer"));
    sleep(Duration::from_secs(299)).await;
    bench.rest.instruments(&symbols).await.expect("kept");
    assert_eq!(bench.venue.seen().len(), 1);
    sleep(Duration::from_secs(2)).await;
    bench.rest.instruments(&symbols).await.expect("asked for again");
    assert_eq!(bench.venue.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_error_about_pairs_is_kept() {
    let bench = Bench::new([Answer::result("{}"), pair_rows("XBT/USD")]);
    bench.rest.instruments(&[pair()]).await.expect_err("not listed yet");
    bench.rest.instruments(&[pair()]).await.expect("asked for anew");
}

#[tokio::test(start_paused = true)]
async fn books_of_many_pairs_come_in_the_order_asked_for() {
    let book = |price: u32| {
        let side = |price: u32| format!(r#"[["{price}","1",0]]"#);
        let (asks, bids) = (side(price + 1), side(price));
        let body = format!(r#"{{"error":[],"result":{{"X":{{"asks":{asks},"bids":{bids}}}}}}}"#);
        Answer::Late(Duration::from_secs(1), body)
    };
    let answers = [book(1), book(2), Answer::error("EQuery:Unknown asset pair"), book(4), book(5)];
    let bench = Bench::new(answers);
    let start = Instant::now();
    let symbols = ["A/USD", "B/USD", "C/USD", "D/USD", "E/USD"].map(Symbol::new);
    let books = bench.rest.depths(&symbols, 10).await;
    let best = |book: &Result<Book, RestError>| match book {
        Ok(book) => book.best_bid().expect("a bid").price.to_string(),
        Err(error) => error.to_string(),
    };
    let best: Vec<_> = books.iter().map(best).collect();
    assert_eq!(best, ["1", "2", "EQuery:Unknown asset pair", "4", "5"]);
    // Four at once; the fifth takes the place of the one that fails at once.
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    let at_once = bench.venue.seen().iter().filter(|seen| seen.at == start).count();
    assert_eq!(at_once, 5);
}
