//! What is sent to trade, letter by letter.

use model::{NewOrder, OrderKind, TimeInForce, Trigger};

use super::*;
use crate::codec::order::{
    Amendment, Close, Distance, FeeAsset, Kind, KrakenOrder, Life, OrderName, PriceAt, Reference,
    Replacement, SelfTrade, Size, SwitchState, Target,
};

const EXPIRY: UnixNanos = UnixNanos::from_nanos(1_700_000_005_123_456_789);

fn price(text: &str) -> Price {
    Price::parse(text).expect("valid")
}

fn at(text: &str) -> PriceAt {
    PriceAt::Exactly(price(text))
}

fn plain(kind: OrderKind, time_in_force: TimeInForce) -> KrakenOrder {
    KrakenOrder::from(&NewOrder {
        client_order_id: ClientOrderId::new("wt-1").expect("valid"),
        symbol: Symbol::new("BTC/USD"),
        side: Side::Buy,
        kind,
        quantity: Quantity::parse("0.0002").expect("valid"),
        time_in_force,
        reduce_only: false,
    })
}

fn market() -> KrakenOrder {
    plain(OrderKind::Market, TimeInForce::Gtc)
}

/// The form of an order between pair and deadline.
fn form(order: &KrakenOrder) -> String {
    let form = order_fields(order, EXPIRY).form();
    let form = form.as_str().strip_prefix("pair=XBTUSD&type=buy&").expect("the pair first");
    let deadline = "&deadline=2023-11-14T22%3A13%3A25.123Z";
    form.strip_suffix(deadline).expect("the deadline last").to_owned()
}

#[test]
fn plain_orders_are_complete() {
    let check = |kind, time_in_force, expected: &str| {
        let expected = format!("{expected}&cl_ord_id=wt-1");
        assert_eq!(form(&plain(kind, time_in_force)), expected);
    };
    let limit = |post_only| OrderKind::Limit { price: price("15000.5"), post_only };
    check(OrderKind::Market, TimeInForce::Ioc, "ordertype=market&volume=0.0002&oflags=fciq");
    let wait = |trigger, limit: Option<&str>| OrderKind::Triggered {
        trigger,
        price: price("14000"),
        limit: limit.map(price),
    };
    check(
        wait(Trigger::StopLoss, None),
        TimeInForce::Gtc,
        "ordertype=stop-loss&volume=0.0002&price=14000&oflags=fciq",
    );
    check(
        wait(Trigger::TakeProfit, Some("14001.5")),
        TimeInForce::Fok,
        "ordertype=take-profit-limit&volume=0.0002&price=14000&price2=14001.5&timeinforce=FOK\
         &oflags=fciq",
    );
    check(
        limit(true),
        TimeInForce::Gtc,
        "ordertype=limit&volume=0.0002&price=15000.5&timeinforce=GTC&oflags=post%2Cfciq",
    );
    check(
        limit(false),
        TimeInForce::Ioc,
        "ordertype=limit&volume=0.0002&price=15000.5&timeinforce=IOC&oflags=fciq",
    );
}

#[test]
fn every_kind_and_flag_of_the_reference_can_be_asked_for() {
    let check = |change: fn(&mut KrakenOrder), expected: &str| {
        let mut order = market();
        change(&mut order);
        let form = form(&order).replace("%2C", ",").replace("%5B", "[").replace("%5D", "]");
        assert_eq!(form, expected);
    };
    check(
        |order| {
            order.size = Size::Quote(Notional::parse("100.5").expect("valid"));
            order.kind = Kind::Market { protected: false };
        },
        "ordertype=market&volume=100.5&oflags=fciq,nompp,viqc&cl_ord_id=wt-1",
    );
    check(
        |order| {
            let shown = Quantity::parse("0.0001").ok();
            order.kind = Kind::Limit { price: at("15000"), post_only: true, shown };
            order.life = Life::Gtd(UnixNanos::from_nanos(1_700_000_100_000_000_001));
            order.fee_in = FeeAsset::Base;
            order.self_trade = SelfTrade::CancelBoth;
            order.name = OrderName::UserRef(-7);
        },
        "ordertype=iceberg&volume=0.0002&price=15000&displayvol=0.0001&timeinforce=GTD\
         &expiretm=1700000101&oflags=post,fcib&stptype=cancel-both&userref=-7",
    );
    check(
        |order| {
            order.kind = Kind::Trailing {
                distance: Distance::Percent(price("5")),
                limit: Some(PriceAt::Below(Distance::Quote(price("10")))),
                by: Reference::Index,
            };
            order.leverage = Some(3);
            order.reduce_only = true;
            order.starts_at = Some(UnixNanos::from_secs(1_700_000_050));
        },
        "ordertype=trailing-stop-limit&volume=0.0002&price=%2B5%25&price2=-10&trigger=index\
         &timeinforce=GTC&starttm=1700000050&oflags=fciq&leverage=3&reduce_only=true&cl_ord_id=wt-1",
    );
    check(
        |order| {
            order.kind = Kind::Triggered {
                trigger: Trigger::StopLoss,
                price: PriceAt::Above(Distance::Percent(price("2.5"))),
                limit: None,
                by: Reference::Last,
            };
            order.self_trade = SelfTrade::CancelOldest;
            order.close = Some(Close::Triggered {
                trigger: Trigger::TakeProfit,
                price: at("20000"),
                limit: Some(at("19990")),
            });
        },
        "ordertype=stop-loss&volume=0.0002&price=%2B2.5%25&oflags=fciq&stptype=cancel-oldest\
         &close[ordertype]=take-profit-limit&close[price]=20000&close[price2]=19990&cl_ord_id=wt-1",
    );
    check(
        |order| {
            order.kind = Kind::SettlePosition;
            order.size = Size::Base(Quantity::ZERO);
            order.leverage = Some(2);
        },
        "ordertype=settle-position&volume=0&oflags=fciq&leverage=2&cl_ord_id=wt-1",
    );
}

#[test]
fn a_batch_is_json_with_the_nonce_as_a_text() {
    let mut second =
        plain(OrderKind::Limit { price: price("15000"), post_only: false }, TimeInForce::Gtc);
    second.name = OrderName::UserRef(5);
    second.reduce_only = true;
    second.close = Some(Close::Limit(at("16000")));
    let body = batch_body(&Symbol::new("BTC/USD"), &[market(), second], EXPIRY);
    assert_eq!(
        body.sealed(77),
        concat!(
            r#"{"deadline":"2023-11-14T22:13:25.123Z","nonce":"77","orders":["#,
            r#"{"cl_ord_id":"wt-1","oflags":"fciq","ordertype":"market","type":"buy","volume":"0.0002"},"#,
            r#"{"close":{"ordertype":"limit","price":"16000"},"oflags":"fciq","ordertype":"limit","#,
            r#""price":"15000","reduce_only":true,"timeinforce":"GTC","type":"buy","userref":5,"#,
            r#""volume":"0.0002"}],"pair":"XBTUSD"}"#
        )
    );
    assert_eq!(body.media_type(), "application/json");
}

#[test]
fn changes_say_only_what_changes() {
    let target = Target::Client(ClientOrderId::new("wt-1").expect("valid"));
    let mut change = Amendment::of(target, Symbol::new("BTC/USD"));
    change.limit = Some(at("15001"));
    change.post_only = true;
    let form = |change: &Amendment| amendment_fields(change, EXPIRY).form().into_text();
    let deadline = "&deadline=2023-11-14T22%3A13%3A25.123Z";
    assert_eq!(form(&change), format!("cl_ord_id=wt-1&limit_price=15001&post_only=true{deadline}"));
    change.target = Target::Venue(VenueOrderId::new("O1"));
    change.quantity = Quantity::parse("2").ok();
    change.shown = Quantity::parse("1").ok();
    change.trigger = Some(PriceAt::Below(Distance::Quote(price("5"))));
    assert_eq!(
        form(&change),
        format!(
            "txid=O1&order_qty=2&display_qty=1&limit_price=15001&trigger_price=-5\
             &post_only=true{deadline}"
        )
    );
    let new = Replacement {
        order: VenueOrderId::new("O1"),
        symbol: Symbol::new("BTC/USD"),
        quantity: None,
        price: Some(at("15002")),
        second_price: None,
        userref: Some(9),
        post_only: true,
    };
    assert_eq!(
        replacement_fields(&new, EXPIRY).form().as_str(),
        format!("txid=O1&pair=XBTUSD&price=15002&oflags=post&userref=9{deadline}")
    );
}

#[test]
fn each_order_of_a_batch_has_its_own_result() {
    let body = r#"{"orders":[{"txid":"O1","descr":{"order":"buy 1"},"new":0},
        {"error":"EOrder:Insufficient funds","descr":{"order":"buy 2"}},
        {"error":["EOrder:Unknown thing"]}]}"#;
    let row: BatchRow = serde_json::from_str(body).expect("valid");
    let results = row.into_results(UnixNanos::ZERO).expect("results");
    assert_eq!(results[0].as_ref().map(|placed| placed.id.as_str()), Ok("O1"));
    let refused = results[1].as_ref().expect_err("refused");
    assert_eq!(refused.texts(), ["EOrder:Insufficient funds"]);
    assert_eq!(
        results[2].as_ref().expect_err("refused").fate(),
        crate::codec::fault::Fate::Unknown
    );
    let neither: BatchRow = serde_json::from_str(r#"{"orders":[{}]}"#).expect("valid");
    assert!(neither.into_results(UnixNanos::ZERO).is_err());
}

/// A time that cannot be read must not look like a switch that is off.
#[test]
fn a_switch_is_off_only_when_that_is_told() {
    let state = |time: &str| {
        let text = format!(r#"{{"currentTime":"2023-03-24T17:41:56Z","triggerTime":"{time}"}}"#);
        let row: SwitchRow<'_> = serde_json::from_str(&text).expect("valid");
        row.into_state().ok()
    };
    let triggers_at = Some(UnixNanos::from_secs(1_679_680_516 + 60));
    assert_eq!(state("2023-03-24T17:56:16Z"), Some(SwitchState { triggers_at }));
    assert_eq!(state("0"), Some(SwitchState { triggers_at: None }));
    assert_eq!(state("soon"), None);
}
