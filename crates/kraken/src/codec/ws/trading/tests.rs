use model::{ClientOrderId, Notional, Price, Quantity, Side, Trigger, VenueOrderId};
use serde_json::Value;

use super::*;
use crate::codec::order::Close;

fn price(text: &str) -> Price {
    Price::parse(text).expect("valid")
}

fn at(text: &str) -> PriceAt {
    PriceAt::Exactly(price(text))
}

fn client() -> ClientOrderId {
    ClientOrderId::new("wt-1").expect("valid")
}

fn order(kind: Kind) -> KrakenOrder {
    KrakenOrder {
        name: OrderName::Client(client()),
        symbol: Symbol::new("BTC/USD"),
        side: Side::Sell,
        kind,
        size: Size::Base(Quantity::parse("0.50930100").expect("valid")),
        life: Life::Gtc,
        starts_at: None,
        reduce_only: false,
        leverage: None,
        fee_in: FeeAsset::Quote,
        self_trade: SelfTrade::CancelNewest,
        close: None,
    }
}

const EXPIRY: UnixNanos = UnixNanos::from_nanos(1_700_000_005_123_456_789);

/// The text of a request between its parameters' beginning and its number; it is JSON.
fn text(request: &TradeRequest) -> String {
    let text = request.text("T", EXPIRY, 7);
    serde_json::from_str::<Value>(&text).expect("JSON");
    text.strip_suffix(r#","req_id":7}"#).expect("its number").to_owned()
}

/// An order without what every order has here.
fn written(order: &KrakenOrder) -> String {
    let text = text(&TradeRequest::Add(order.clone()));
    let end = r#","symbol":"BTC/USD","deadline":"2023-11-14T22:13:25.123Z","token":"T"}"#;
    let text = text.strip_suffix(end).expect("pair, deadline and token");
    text.strip_prefix(r#"{"method":"add_order","params":{"#).expect("the method").to_owned()
}

#[test]
fn every_kind_and_flag_of_the_reference_can_be_asked_for() {
    let check = |order: &KrakenOrder, expected: &str| assert_eq!(written(order), expected);
    let mut iceberg = order(Kind::Limit {
        price: at("15000.5"),
        post_only: true,
        shown: Quantity::parse("0.1").ok(),
    });
    iceberg.life = Life::Gtd(UnixNanos::from_nanos(1_700_000_100_000_000_001));
    iceberg.starts_at = Some(UnixNanos::from_secs(1_700_000_050));
    iceberg.self_trade = SelfTrade::CancelOldest;
    iceberg.name = OrderName::UserRef(-7);
    check(
        &iceberg,
        r#""order_type":"iceberg","side":"sell","order_qty":0.509301,"limit_price":15000.5,"post_only":true,"display_qty":0.1,"time_in_force":"gtd","expire_time":"2023-11-14T22:15:01Z","effective_time":"2023-11-14T22:14:10Z","fee_preference":"quote","stp_type":"cancel_oldest","order_userref":-7"#,
    );
    let mut market = order(Kind::Market { protected: false });
    market.size = Size::Quote(Notional::parse("100.5").expect("valid"));
    market.fee_in = FeeAsset::Base;
    market.leverage = Some(3);
    market.reduce_only = true;
    check(
        &market,
        r#""order_type":"market","side":"sell","cash_order_qty":100.5,"no_mpp":true,"margin":true,"reduce_only":true,"fee_preference":"base","cl_ord_id":"wt-1""#,
    );
    let mut stop = order(Kind::Triggered {
        trigger: Trigger::StopLoss,
        price: PriceAt::Below(Distance::Percent(price("5"))),
        limit: Some(PriceAt::Below(Distance::Quote(price("10")))),
        by: Reference::Index,
    });
    stop.life = Life::Ioc;
    stop.close = Some(Close::Triggered {
        trigger: Trigger::TakeProfit,
        price: at("20000"),
        limit: Some(at("19990")),
    });
    check(
        &stop,
        r#""order_type":"stop-loss-limit","side":"sell","order_qty":0.509301,"triggers":{"reference":"index","price":-5,"price_type":"pct"},"limit_price":-10,"limit_price_type":"quote","time_in_force":"ioc","fee_preference":"quote","conditional":{"order_type":"take-profit-limit","trigger_price":20000,"limit_price":19990},"cl_ord_id":"wt-1""#,
    );
    let mut trailing = order(Kind::Trailing {
        distance: Distance::Quote(price("50")),
        limit: None,
        by: Reference::Last,
    });
    trailing.close = Some(Close::Limit(at("21000")));
    check(
        &trailing,
        r#""order_type":"trailing-stop","side":"sell","order_qty":0.509301,"triggers":{"reference":"last","price":50,"price_type":"quote"},"fee_preference":"quote","conditional":{"order_type":"limit","limit_price":21000},"cl_ord_id":"wt-1""#,
    );
}

#[test]
fn other_requests_have_kraken_s_form() {
    let check = |request: TradeRequest, expected: &str| assert_eq!(text(&request), expected);
    let venue = |id: &str| CancelTarget::Venue(VenueOrderId::new(id));
    check(
        TradeRequest::Cancel(venue("O1")),
        r#"{"method":"cancel_order","params":{"order_id":["O1"],"token":"T"}"#,
    );
    check(
        TradeRequest::Cancel(CancelTarget::UserRef(5)),
        r#"{"method":"cancel_order","params":{"order_userref":[5],"token":"T"}"#,
    );
    check(
        TradeRequest::CancelBatch(vec![
            venue("O1"),
            CancelTarget::Client(client()),
            CancelTarget::UserRef(5),
        ]),
        r#"{"method":"batch_cancel","params":{"cl_ord_id":["wt-1"],"orders":["O1",5],"token":"T"}"#,
    );
    check(TradeRequest::CancelAll, r#"{"method":"cancel_all","params":{"token":"T"}"#);
    check(
        TradeRequest::CancelAllAfter(60),
        r#"{"method":"cancel_all_orders_after","params":{"timeout":60,"token":"T"}"#,
    );
    let limit = order(Kind::Limit { price: at("1"), post_only: false, shown: None });
    let batch = text(&TradeRequest::AddBatch(limit.symbol.clone(), vec![limit.clone(), limit]));
    assert!(batch.starts_with(r#"{"method":"batch_add","params":{"symbol":"BTC/USD","orders":[{"#));
    assert_eq!(batch.matches("limit_price").count(), 2);
    assert_eq!((batch.matches("BTC/USD").count(), batch.matches("deadline").count()), (1, 1));
    let symbol = Symbol::new("BTC/USD");
    let mut change = Amendment::of(Target::Client(client()), symbol.clone());
    change.limit = Some(PriceAt::Above(Distance::Percent(price("1"))));
    change.trigger = Some(at("14000"));
    change.post_only = true;
    check(
        TradeRequest::Amend(change),
        r#"{"method":"amend_order","params":{"cl_ord_id":"wt-1","limit_price":1,"limit_price_type":"pct","trigger_price":14000,"post_only":true,"deadline":"2023-11-14T22:13:25.123Z","token":"T"}"#,
    );
    let new = Replacement {
        order: VenueOrderId::new("O1"),
        symbol,
        quantity: Quantity::parse("2").ok(),
        price: Some(at("15001")),
        second_price: None,
        userref: None,
        post_only: false,
    };
    check(
        TradeRequest::Edit(new),
        r#"{"method":"edit_order","params":{"order_id":"O1","symbol":"BTC/USD","order_qty":2,"limit_price":15001,"deadline":"2023-11-14T22:13:25.123Z","token":"T"}"#,
    );
}
