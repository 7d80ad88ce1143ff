//! Everything that moves orders, besides plain orders and cancels.

use super::*;
use crate::codec::order::{
    Amendment, CancelTarget, Kind, KrakenOrder, OrderName, PriceAt, Replacement, Size, Target,
};
use crate::{Rule, RuleBroken};

fn kraken_order() -> KrakenOrder {
    KrakenOrder::from(&order())
}

fn amendment() -> Amendment {
    let mut change = Amendment::of(Target::Venue(VenueOrderId::new("O1")), pair());
    change.quantity = Quantity::parse("1").ok();
    change
}

fn replacement() -> Replacement {
    Replacement {
        order: VenueOrderId::new("O1"),
        symbol: pair(),
        quantity: Quantity::parse("1").ok(),
        price: None,
        second_price: None,
        userref: None,
        post_only: false,
    }
}

const PLACED: &str = r#"{"txid":["O1"],"descr":{"order":"buy it"}}"#;

#[tokio::test(start_paused = true)]
async fn each_request_is_read_and_goes_to_its_method() {
    let bench = Bench::new([
        Answer::result(PLACED),
        Answer::result(r#"{"descr":{"order":"would buy it"}}"#),
        Answer::result(
            r#"{"orders":[{"txid":"O1","descr":{"order":"a"}},{"error":"EOrder:Insufficient funds"}]}"#,
        ),
        Answer::result(r#"{"amend_id":"TA"}"#),
        Answer::result(r#"{"status":"ok","txid":"O2","originaltxid":"O1","orders_cancelled":1}"#),
        Answer::result(r#"{"count":3}"#),
        Answer::result(r#"{"count":2}"#),
        Answer::result(
            r#"{"currentTime":"2023-11-14T22:13:20Z","triggerTime":"2023-11-14T22:14:20Z"}"#,
        ),
        Answer::result(r#"{"currentTime":"2023-11-14T22:13:20Z","triggerTime":"0"}"#),
    ]);
    let rest = &bench.rest;
    let mut by_number = kraken_order();
    by_number.name = OrderName::UserRef(7);
    let placed = rest.place(&by_number).await.expect("placed");
    assert_eq!((placed.id.as_str(), &*placed.description), ("O1", "buy it"));
    assert_eq!(rest.validate(&kraken_order()).await.expect("judged"), "would buy it");
    let batch = rest.place_batch(&[kraken_order(), by_number]).await.expect("answered");
    assert!(batch[0].is_ok() && batch[1].is_err());
    assert_eq!(rest.amend(&amendment()).await.expect("changed"), "TA");
    let replaced = rest.edit(&replacement()).await.expect("replaced");
    assert_eq!((replaced.id.as_str(), replaced.original.as_str()), ("O2", "O1"));
    let all = CancelTarget::UserRef(7);
    assert_eq!(rest.cancel(&all, &pair()).await.expect("cancelled"), 3);
    let some = [all, CancelTarget::Client(id()), CancelTarget::Venue(VenueOrderId::new("O9"))];
    assert_eq!(rest.cancel_batch(&some, &pair()).await.expect("cancelled"), 2);
    let armed = rest.cancel_all_after(Duration::from_millis(59_001)).await.expect("armed");
    assert_eq!(armed.triggers_at, Some(UnixNanos::from_secs(1_700_000_060)));
    let off = rest.cancel_all_after(Duration::ZERO).await.expect("off");
    assert_eq!(off.triggers_at, None);

    let seen = bench.venue.seen();
    let targets: Vec<_> =
        seen.iter().map(|seen| &seen.target["POST /0/private/".len()..]).collect();
    let expected = [
        "AddOrder",
        "AddOrder",
        "AddOrderBatch",
        "AmendOrder",
        "EditOrder",
        "CancelOrder",
        "CancelOrderBatch",
        "CancelAllOrdersAfter",
        "CancelAllOrdersAfter",
    ];
    assert_eq!(targets, expected);
    assert_eq!(seen[0].field("userref"), Some("7"));
    assert_eq!(seen[1].field("validate"), Some("true"));
    assert_eq!(seen[5].field("txid"), Some("7"));
    let json = r#"{"cl_ord_ids":["wt-1"],"nonce":"1700000000000006","orders":[7,"O9"]}"#;
    assert_eq!(seen[6].body, json);
    assert!(seen[6].head.contains("content-type: application/json\r\n"), "{}", seen[6].head);
    let sign = credentials().sign("/0/private/CancelOrderBatch", 1_700_000_000_000_006, json);
    assert!(seen[6].head.contains(&format!("api-sign: {sign}\r\n")));
    assert_eq!((seen[7].field("timeout"), seen[8].field("timeout")), (Some("60"), Some("0")));
}

/// A change of which nobody knows is not sent again; a cancel is.
#[tokio::test(start_paused = true)]
async fn what_may_place_or_change_is_sent_once() {
    let bench = Bench::new(vec![Answer::error(BUSY); 4]);
    let rest = &bench.rest;
    let orders = [kraken_order(), kraken_order()];
    let errors = [
        rest.place(&kraken_order()).await.expect_err("busy"),
        rest.place_batch(&orders).await.expect_err("busy"),
        rest.amend(&amendment()).await.expect_err("busy"),
        rest.edit(&replacement()).await.expect_err("busy"),
    ];
    for error in &errors {
        assert_eq!(kind(error), "unknown", "{error}");
    }
    assert_eq!(bench.venue.seen().len(), 4);
    bench.venue.plan([Answer::Close, Answer::Close, Answer::result(r#"{"count":1}"#)]);
    let target = [CancelTarget::Venue(VenueOrderId::new("O1"))];
    assert_eq!(rest.cancel_batch(&target, &pair()).await.expect("the third"), 1);
    bench.venue.plan([Answer::Close, Answer::result(r#"{"triggerTime":"0"}"#)]);
    rest.cancel_all_after(Duration::ZERO).await.expect("the second");
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_answer_is_too_short_is_in_doubt() {
    let bench = Bench::new([Answer::result(r#"{"orders":[{"txid":"O1"}]}"#)]);
    let orders = [kraken_order(), kraken_order()];
    let error = bench.rest.place_batch(&orders).await.expect_err("one is missing");
    assert_eq!(kind(&error), "unknown", "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_change_makes_its_order_young_again_and_a_refused_one_does_not() {
    let bench = Bench::new([
        Answer::result(PLACED),
        Answer::error("EOrder:Insufficient funds"),
        Answer::result(r#"{"amend_id":"TA"}"#),
        Answer::error("EService:Busy"),
    ]);
    let target = CancelTarget::Venue(VenueOrderId::new("O1"));
    let weight = || bench.rest.cancel_weight(&target).at(Instant::now());
    bench.rest.place(&kraken_order()).await.expect("placed");
    sleep(Duration::from_secs(20)).await;
    assert_eq!(weight(), 4);
    bench.rest.amend(&amendment()).await.expect_err("refused");
    assert_eq!(weight(), 4);
    bench.rest.amend(&amendment()).await.expect("changed");
    assert_eq!(weight(), 8);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(weight(), 4);
    bench.rest.amend(&amendment()).await.expect_err("in doubt");
    assert_eq!(weight(), 8, "it may be changed");
}

/// The rule that kept something from being sent.
fn broken(error: &RestError) -> Option<&RuleBroken> {
    let LaneError::Call(CallError::Rule(broken)) = error else { return None };
    Some(broken)
}

#[tokio::test(start_paused = true)]
async fn what_breaks_a_rule_is_never_sent_on_any_way() {
    let bench = Bench::new([]);
    let rest = &bench.rest;
    let mut bad = kraken_order();
    let price = PriceAt::Exactly(Price::parse("15000.55").expect("valid"));
    bad.kind = Kind::Limit { price, post_only: false, shown: None };
    let mut change = amendment();
    change.limit = Some(price);
    let mut new = replacement();
    new.price = Some(price);
    let plain = NewOrder {
        kind: OrderKind::Limit {
            price: Price::parse("15000.55").expect("valid"),
            post_only: false,
        },
        ..order()
    };
    let errors = [
        rest.add_order(&plain).await.expect_err("add"),
        rest.place(&bad).await.expect_err("place"),
        rest.place_batch(&[kraken_order(), bad.clone()]).await.expect_err("batch"),
        rest.amend(&change).await.expect_err("amend"),
        rest.edit(&new).await.expect_err("edit"),
    ];
    for error in &errors {
        let SubmitError::NotSent { source } = error else { panic!("{error}") };
        let broken = broken(source).expect("a rule");
        assert_eq!(
            (broken.rule, &broken.valid[..]),
            (Rule::TickSize, &["15000.5".to_owned(), "15000.6".to_owned()][..])
        );
    }
    let error = rest.validate(&bad).await.expect_err("validate");
    assert!(broken(&error).is_some());
    let mut others = [kraken_order(), kraken_order()];
    others[1].symbol = Symbol::new("ETH/USD");
    for orders in [&[][..], &[kraken_order()], &vec![kraken_order(); 16], &others] {
        let error = rest.place_batch(orders).await.expect_err("no batch");
        let SubmitError::NotSent { source } = &error else { panic!("{error}") };
        assert_eq!(broken(source).expect("a rule").rule, Rule::Combination);
    }
    let none = rest.cancel_batch(&[], &pair()).await.expect_err("no cancels");
    assert_eq!(
        none.to_string(),
        "BTC/USD: cancels `0`: what is asked for goes together; valid: `1` to `50`"
    );
    assert!(bench.venue.seen().is_empty());
}

/// Rules in which the minimum is so many base units.
fn rows(quantity_min: &str, status: &str) -> Answer {
    Answer::result(&format!(
        r#"{{"XXBTZUSD":{{"wsname":"XBT/USD","base":"XXBT","quote":"ZUSD","pair_decimals":1,
        "lot_decimals":8,"cost_decimals":5,"ordermin":"{quantity_min}","tick_size":"0.1",
        "status":"{status}"}}}}"#
    ))
}

#[tokio::test(start_paused = true)]
async fn rules_are_asked_for_once_and_anew_before_they_refuse_when_old() {
    let bench = Bench::new([]);
    let ether = |quantity: &str| {
        let mut order = kraken_order();
        order.symbol = Symbol::new("ETH/USD");
        order.size = Size::Base(Quantity::parse(quantity).expect("valid"));
        order
    };
    let eth = |quantity_min: &str, status: &str| match rows(quantity_min, status) {
        Answer::Body(text) => Answer::Body(text.replace("XBT/USD", "ETH/USD")),
        other @ (Answer::Status(..) | Answer::Close | Answer::Hang | Answer::Late(..)) => other,
    };
    // Nobody asked for the rules of this pair yet.
    bench.venue.plan([eth("0.5", "online"), Answer::result(PLACED), Answer::result(PLACED)]);
    bench.rest.place(&ether("1")).await.expect("placed");
    bench.rest.place(&ether("1")).await.expect("placed");
    let error = bench.rest.place(&ether("0.1")).await.expect_err("too little");
    assert_eq!(kind(&error), "not sent");
    let asked = |bench: &Bench| {
        bench.venue.seen().iter().filter(|seen| seen.target.contains("AssetPairs")).count()
    };
    assert_eq!(asked(&bench), 1);
    sleep(Duration::from_secs(61)).await;
    // The minimum was lowered meanwhile.
    bench.venue.plan([eth("0.05", "online"), Answer::result(PLACED)]);
    bench.rest.place(&ether("0.1")).await.expect("placed");
    // The pair closes: the venue tells, not we; and when it is open again, that is found out.
    sleep(Duration::from_secs(61)).await;
    bench.venue.plan([eth("0.05", "cancel_only")]);
    bench.rest.load_pairs(&[Symbol::new("ETH/USD")]).await.expect("rules");
    let error = bench.rest.place(&ether("0.1")).await.expect_err("closed");
    assert!(error.to_string().contains("`cancel_only`"), "{error}");
    sleep(Duration::from_secs(61)).await;
    bench.venue.plan([eth("0.05", "online"), Answer::result(PLACED)]);
    bench.rest.place(&ether("0.1")).await.expect("placed");
    assert_eq!(asked(&bench), 4);
    // Without an answer the old rules stand.
    sleep(Duration::from_secs(61)).await;
    let error = bench.rest.place(&ether("0.01")).await.expect_err("too little");
    assert!(error.to_string().contains("quantity `0.01`"), "{error}");
}

/// A batch of young orders weighs more than the counter holds.
#[tokio::test(start_paused = true)]
async fn a_batch_of_cancels_weighs_its_orders_but_never_more_than_the_counter_holds() {
    let bench = Bench::new(vec![Answer::result(r#"{"count":1}"#); 2]);
    let targets = |count: usize| {
        let target = |number| CancelTarget::Venue(VenueOrderId::new(&format!("O{number}")));
        (0..count).map(target).collect::<Vec<_>>()
    };
    let used = || {
        let limiter = bench.rest.shared.limits.engine(&pair()).expect("a pair");
        limiter.snapshot().used()
    };
    bench.rest.cancel_batch(&targets(3), &pair()).await.expect("cancelled");
    assert_eq!(used(), 24);
    sleep(Duration::from_secs(120)).await;
    bench.rest.cancel_batch(&targets(50), &pair()).await.expect("cancelled");
    assert_eq!(used(), 112);
}
