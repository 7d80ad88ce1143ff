//! Trading over the private stream against a scripted venue.

use model::{ClientOrderId, NewOrder, OrderKind, Price, Quantity, Side, TimeInForce, VenueOrderId};
use tokio::sync::oneshot;

use super::*;
use crate::codec::order::{
    Amendment, CancelTarget, Kind, KrakenOrder, PriceAt, Replacement, Target,
};
use crate::{CallError, RestError, Rule, SubmitError};

fn order() -> NewOrder {
    NewOrder {
        client_order_id: ClientOrderId::new("wt-1").expect("valid"),
        symbol: pair(),
        side: Side::Buy,
        kind: OrderKind::Limit { price: Price::parse("15000").expect("valid"), post_only: false },
        quantity: Quantity::parse("1").expect("valid"),
        time_in_force: TimeInForce::Gtc,
        reduce_only: false,
    }
}

fn pair() -> Symbol {
    Symbol::new("BTC/USD")
}

/// Makes the first order that a test places twice as large.
fn amendment() -> Amendment {
    let mut change = Amendment::of(Target::Venue(VenueOrderId::new("O1")), pair());
    change.quantity = Quantity::parse("2").ok();
    change
}

impl Bench {
    /// Runs a call of the trader beside the test.
    fn ask<T: Send + 'static>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (done, answer) = oneshot::channel();
        self.group.spawner().spawn("test", "call", async move {
            drop(done.send(call.await));
            Ok(())
        });
        answer
    }

    fn place(&self) -> oneshot::Receiver<Result<VenueOrderId, SubmitError>> {
        let trader = self.trader.clone();
        self.ask(async move { trader.add_order(&order()).await })
    }
}

fn answer(method: &str, request: u64, rest: &str) -> String {
    format!(r#"{{"method":"{method}","req_id":{request},{rest}}}"#)
}

/// The number of the next request for a method; pings may come before it.
async fn request_for(socket: &mut Socket, method: &str) -> u64 {
    loop {
        let (number, text) = request(socket).await;
        if text.contains(method) {
            return number;
        }
    }
}

fn kind(error: &SubmitError) -> &'static str {
    match error {
        SubmitError::NotSent { .. } => "not sent",
        SubmitError::Refused { .. } => "refused",
        SubmitError::Unknown { .. } => "unknown",
    }
}

#[tokio::test(start_paused = true)]
async fn requests_are_answered_by_their_numbers_in_any_order() {
    let mut bench = Bench::private();
    let (mut socket, token) = bench.live_private().await;
    let placed = bench.place();
    let (first, text) = request(&mut socket).await;
    assert_eq!(
        text,
        format!(
            r#"{{"method":"add_order","params":{{"order_type":"limit","side":"buy","order_qty":1,"limit_price":15000,"time_in_force":"gtc","fee_preference":"quote","cl_ord_id":"wt-1","symbol":"BTC/USD","deadline":"2023-11-14T22:13:25Z","token":"{token}"}},"req_id":{first}}}"#
        )
    );
    let trader = bench.trader.clone();
    let amended = bench.ask(async move { trader.amend(&amendment()).await });
    let (second, text) = request(&mut socket).await;
    assert!(text.contains(r#""method":"amend_order""#) && second > first, "{text}");
    // Somebody else's number, and a number twice.
    say(&mut socket, answer("add_order", 999, r#""result":{"order_id":"OX"},"success":true"#))
        .await;
    let result = r#""result":{"amend_id":"TA","order_id":"O1"},"success":true"#;
    say(&mut socket, answer("amend_order", second, result)).await;
    assert_eq!(amended.await.expect("told").expect("amended"), "TA");
    let result = r#""result":{"order_id":"O1","cl_ord_id":"wt-1"},"success":true"#;
    say(&mut socket, answer("add_order", first, result)).await;
    say(&mut socket, answer("add_order", first, result)).await;
    assert_eq!(placed.await.expect("told").expect("placed").as_str(), "O1");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn every_method_reads_its_answer() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    let trader = bench.trader.clone();
    let orders = [KrakenOrder::from(&order()), KrakenOrder::from(&order())];
    let calls = bench.ask(async move {
        let batch = trader.place_batch(&orders).await.expect("answered");
        assert!(batch[0].is_ok() && batch[1].is_err());
        let one = CancelTarget::Venue(VenueOrderId::new("O1"));
        assert_eq!(trader.cancel(&one, &pair()).await.expect("cancelled"), 1);
        assert_eq!(trader.cancel(&one, &pair()).await.expect("gone"), 0);
        let several = [one, CancelTarget::UserRef(7)];
        assert_eq!(trader.cancel_batch(&several, &pair()).await.expect("cancelled"), 2);
        assert_eq!(trader.cancel_all().await.expect("cancelled"), 5);
        let armed = trader.cancel_all_after(secs(60)).await.expect("armed");
        assert!(armed.triggers_at.is_some());
        // A time that cannot be read.
        trader.cancel_all_after(secs(60)).await.expect_err("not armed")
    });
    let script = [
        (
            "batch_add",
            r#""result":[{"order_id":"O1"},{"error":"EOrder:Insufficient funds"}],"success":true"#,
        ),
        ("cancel_order", r#""result":{"order_id":"O1"},"success":true"#),
        ("cancel_order", r#""error":"EOrder:Unknown order","success":false"#),
        ("batch_cancel", r#""orders_cancelled":2,"success":true"#),
        ("cancel_all", r#""result":{"count":5},"success":true"#),
        (
            "cancel_all_orders_after",
            r#""result":{"currentTime":"2023-11-14T22:13:20Z","triggerTime":"2023-11-14T22:14:20Z"},"success":true"#,
        ),
        ("cancel_all_orders_after", r#""result":{"triggerTime":"soon"},"success":true"#),
    ];
    for (method, result) in script {
        let (number, text) = request(&mut socket).await;
        assert!(text.contains(&format!(r#""method":"{method}""#)), "{text}");
        say(&mut socket, answer(method, number, result)).await;
    }
    let error = calls.await.expect("told");
    assert!(matches!(error, RestError::Call(CallError::Malformed(_))), "{error}");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_and_says_what_it_means() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    for (text, expected) in [
        ("EOrder:Insufficient funds", "refused"),
        ("EService:Busy", "unknown"),
        ("something new", "unknown"),
    ] {
        let placed = bench.place();
        let (number, _) = request(&mut socket).await;
        let error = format!(r#""error":"{text}","success":false"#);
        say(&mut socket, answer("add_order", number, &error)).await;
        let error = placed.await.expect("told").expect_err("refused");
        assert_eq!(kind(&error), expected, "{error}");
    }
    // An order that the venue took, though it does not say which.
    let placed = bench.place();
    let (number, _) = request(&mut socket).await;
    say(&mut socket, answer("add_order", number, r#""result":{},"success":true"#)).await;
    assert_eq!(kind(&placed.await.expect("told").expect_err("no name")), "unknown");
    bench.stop().await;
}

/// The heart of it: what was sent may have been carried out, what was not was not.
#[tokio::test(start_paused = true)]
async fn without_an_answer_an_order_is_in_doubt_and_is_sent_on_no_other_connection() {
    let mut bench = Bench::private();
    let error = bench.trader.add_order(&order()).await.expect_err("no connection yet");
    assert_eq!(kind(&error), "not sent", "{error}");
    assert!(!bench.trader.is_connected());
    let (mut socket, _) = bench.live_private().await;
    assert!(bench.trader.is_connected());
    let placed = bench.place();
    request(&mut socket).await;
    drop(socket);
    let error = placed.await.expect("told").expect_err("no answer");
    assert_eq!(kind(&error), "unknown", "{error}");
    let error = bench.trader.add_order(&order()).await.expect_err("no connection now");
    assert_eq!(kind(&error), "not sent", "{error}");
    assert_eq!(bench.state().await, StreamState::Down);
    let (mut socket, _) = bench.live_private().await;
    let quiet = timeout(secs(1), request(&mut socket)).await;
    assert!(quiet.is_err(), "nothing is sent again: {quiet:?}");
    // Neither answered nor lost: the attempt ends, the connection goes on.
    let placed = bench.place();
    let (number, _) = request(&mut socket).await;
    let error = loop {
        say(&mut socket, r#"{"channel":"heartbeat"}"#).await;
        tokio::time::sleep(secs(1)).await;
        if bench.at() > secs(60) {
            break placed.await.expect("told").expect_err("no answer");
        }
    };
    assert_eq!(kind(&error), "unknown", "{error}");
    // Its answer matches nobody.
    say(&mut socket, answer("add_order", number, r#""result":{"order_id":"O1"},"success":true"#))
        .await;
    let placed = bench.place();
    let number = request_for(&mut socket, "add_order").await;
    say(&mut socket, answer("add_order", number, r#""result":{"order_id":"O2"},"success":true"#))
        .await;
    assert_eq!(placed.await.expect("told").expect("placed").as_str(), "O2");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_ends_leaves_its_requests_in_doubt() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    let placed = bench.place();
    request(&mut socket).await;
    bench.cancel.cancel();
    let error = placed.await.expect("told").expect_err("no answer");
    assert_eq!(kind(&error), "unknown", "{error}");
}

/// A request whose caller went away before it was sent must not be sent any more.
#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_is_not_sent() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    {
        let order = order();
        let mut placing = std::pin::pin!(bench.trader.add_order(&order));
        // Up to the queue of the session, which has not run since.
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(placing.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
    }
    let quiet = timeout(secs(1), request(&mut socket)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn orders_over_the_stream_take_from_the_limiter_that_rest_uses() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    let used = || bench.rest.limits().engine(&pair()).expect("a pair").snapshot().used();
    let placed = bench.place();
    let (number, _) = request(&mut socket).await;
    assert_eq!(used(), 1);
    let error = r#""error":"EOrder:Rate limit exceeded","success":false"#;
    say(&mut socket, answer("add_order", number, error)).await;
    placed.await.expect("told").expect_err("too fast");
    assert_eq!(used(), 112, "the venue's counter is full, and so is ours");
    let names: Vec<_> = bench.trader.lanes().iter().map(|lane| lane.name().to_owned()).collect();
    assert_eq!(names, ["kraken/ws-order", "kraken/ws-cancel"]);
    bench.stop().await;
}

/// A trader has checks of its own before each request: those of REST are not on its way.
#[tokio::test(start_paused = true)]
async fn what_breaks_a_rule_is_not_sent_over_the_stream_either() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    let price = Price::parse("15000.55").expect("valid");
    let plain = NewOrder { kind: OrderKind::Limit { price, post_only: false }, ..order() };
    let good = KrakenOrder::from(&order());
    let mut bad = good.clone();
    bad.kind = Kind::Limit { price: PriceAt::Exactly(price), post_only: false, shown: None };
    let mut change = amendment();
    change.limit = Some(PriceAt::Exactly(price));
    let new = Replacement {
        order: VenueOrderId::new("O1"),
        symbol: pair(),
        quantity: None,
        price: Some(PriceAt::Exactly(price)),
        second_price: None,
        userref: None,
        post_only: false,
    };
    let trader = &bench.trader;
    let errors = [
        trader.add_order(&plain).await.expect_err("add"),
        trader.place(&bad).await.expect_err("place"),
        trader.place_batch(&[good, bad]).await.expect_err("batch"),
        trader.amend(&change).await.expect_err("amend"),
        trader.edit(&new).await.expect_err("edit"),
    ];
    for (error, method) in errors.iter().zip(["add", "place", "batch", "amend", "edit"]) {
        let SubmitError::NotSent { source: RestError::Call(CallError::Rule(broken)) } = error
        else {
            panic!("{method}: {error}")
        };
        assert_eq!(broken.rule, Rule::TickSize, "{method}");
    }
    let quiet = timeout(secs(1), request(&mut socket)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    bench.stop().await;
}

/// Which of the orders a result is of, and whether the others are live, nobody can tell.
#[tokio::test(start_paused = true)]
async fn a_batch_without_a_result_of_each_order_is_in_doubt() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    for results in ["", r#"{"order_id":"O1"}"#, r#"{"order_id":"O1"},{"order_id":"O2"},{}"#] {
        let trader = bench.trader.clone();
        let orders = [KrakenOrder::from(&order()), KrakenOrder::from(&order())];
        let placed = bench.ask(async move { trader.place_batch(&orders).await });
        let (number, _) = request(&mut socket).await;
        let result = format!(r#""result":[{results}],"success":true"#);
        say(&mut socket, answer("batch_add", number, &result)).await;
        let error = placed.await.expect("told").expect_err(results);
        assert_eq!(kind(&error), "unknown", "{results}: {error}");
    }
    bench.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_over_the_stream_makes_its_order_young_again() {
    let mut bench = Bench::private();
    let (mut socket, _) = bench.live_private().await;
    let target = CancelTarget::Venue(VenueOrderId::new("O1"));
    let rest = bench.rest.clone();
    let weight = || rest.cancel_weight(&target).at(Instant::now());
    let placed = bench.place();
    let (number, _) = request(&mut socket).await;
    say(&mut socket, answer("add_order", number, r#""result":{"order_id":"O1"},"success":true"#))
        .await;
    placed.await.expect("told").expect("placed");
    for _ in 0..20 {
        say(&mut socket, r#"{"channel":"heartbeat"}"#).await;
        tokio::time::sleep(secs(1)).await;
    }
    assert_eq!(weight(), 4);
    let refused = r#""error":"EOrder:Insufficient funds","success":false"#;
    let changed = r#""result":{"amend_id":"TA","order_id":"O1"},"success":true"#;
    for (result, expected) in [(refused, 4), (changed, 8)] {
        let trader = bench.trader.clone();
        let amended = bench.ask(async move { trader.amend(&amendment()).await });
        let number = request_for(&mut socket, "amend_order").await;
        say(&mut socket, answer("amend_order", number, result)).await;
        assert_eq!(amended.await.expect("told").is_ok(), result == changed);
        assert_eq!(weight(), expected, "{result}");
    }
    bench.stop().await;
}
