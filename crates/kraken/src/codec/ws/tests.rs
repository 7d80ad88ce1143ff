use model::{ClientOrderId, Price, Quantity, UnixNanos};

use super::*;
use crate::codec::fixtures::{recording, sample};

fn read(text: &str) -> Message {
    decode(text).expect("readable")
}

#[test]
fn the_recorded_frames_are_read() {
    let Some(body) = sample("ws_v2_frames") else {
        return;
    };
    let frames: Vec<&RawValue> = serde_json::from_str(&body).expect("a list");
    let ack = |request, symbol: Option<&str>, counter_max, error: Option<&str>| {
        Message::Ack(Ack {
            request: Some(request),
            symbol: symbol.map(Symbol::new),
            counter_max,
            error: error.map(str::to_owned),
        })
    };
    let cancelled = OrderReport {
        client_order_id: None,
        venue_order_id: VenueOrderId::new("KIUEL4-G3PWU-HOJTYU"),
        state: OrderState::Cancelled,
        filled: Some(Quantity::ZERO),
        cost: Some(Notional::ZERO),
        fee: None,
        last_fill: None,
        reason: Some("User requested".to_owned()),
    };
    let expected = [
        Message::Status(SystemStatus::Online),
        Message::Heartbeat,
        Message::Pong,
        ack(11, Some("BTC/USD"), None, None),
        ack(0, None, Some(180), None),
        ack(0, None, None, Some("EGeneral:Permission denied")),
        Message::Executions { snapshot: false, sequence: Some(143), reports: vec![cancelled] },
    ];
    let found: Vec<_> = frames.iter().map(|frame| read(frame.get())).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_frame_of_the_recordings_is_known() {
    for name in ["book_d10_BTCUSD_2026-08-01_resyncs", "book_d25_BTCUSD_2026-08-02"] {
        let Some(frames) = recording(name) else {
            return;
        };
        for frame in frames {
            assert_ne!(read(&frame), Message::Other, "{frame}");
        }
    }
}

#[test]
fn trades_are_read_exactly() {
    let text = r#"{"channel":"trade","type":"update","data":[
        {"symbol":"BTC\/USD","side":"buy","price":68500.0,"qty":0.01044926,"ord_type":"limit",
         "trade_id":70635299,"timestamp":"2023-10-06T17:35:55.440295Z","new":{"a":1}},
        {"symbol":"BTC/USD","side":"sideways","price":1e2,"qty":1,"trade_id":2,
         "timestamp":"2023-10-06T17:35:55.440295Z"}]}"#;
    let Message::Trades { snapshot, trades } = read(text) else {
        panic!("not trades");
    };
    assert!(!snapshot);
    let expected = Trade {
        symbol: Symbol::new("BTC/USD"),
        venue_ts: UnixNanos::from_nanos(1_696_613_755_440_295_000),
        price: Price::parse("68500").expect("valid"),
        quantity: Quantity::parse("0.01044926").expect("valid"),
        taker_side: Some(Side::Buy),
        trade_id: Some(70_635_299),
    };
    assert_eq!(trades[0], expected);
    assert_eq!(trades[1].taker_side, None);
    assert_eq!(trades[1].price, Price::parse("100").expect("valid"));
}

#[test]
fn the_life_of_an_order_is_read() {
    let row = |row: &str| {
        let text =
            format!(r#"{{"channel":"executions","type":"update","data":[{row}],"sequence":2}}"#);
        let Message::Executions { mut reports, .. } = read(&text) else {
            panic!("{text}");
        };
        reports.remove(0)
    };
    let pending = row(r#"{"order_id":"O1","cl_ord_id":"wt-1","exec_type":"pending_new",
        "order_status":"pending_new","symbol":"BTC/USD","side":"buy","order_qty":1.0}"#);
    assert_eq!(pending.client_order_id, ClientOrderId::new("wt-1").ok());
    assert_eq!((pending.state, pending.filled), (OrderState::Open, None));
    let new = row(r#"{"order_id":"O1","order_status":"new","exec_type":"new","order_userref":0}"#);
    assert_eq!((new.client_order_id, new.state), (None, OrderState::Open));
    let trade = row(
        r#"{"order_id":"O1","exec_id":"T1","exec_type":"trade","trade_id":7,"symbol":"BTC/USD",
        "side":"buy","last_qty":0.5,"last_price":30010.0,"liquidity_ind":"m","cost":15005.0,
        "order_status":"partially_filled","cum_qty":0.75,"cum_cost":22507.5,"avg_price":30010.0,
        "fees":[{"asset":"USD","qty":0.3458},{"asset":"BTC","qty":9.0}]}"#,
    );
    assert_eq!(trade.state, OrderState::Open);
    assert_eq!(trade.filled, Quantity::parse("0.75").ok());
    assert_eq!(trade.cost, Notional::parse("22507.5").ok());
    let fill = Fill {
        trade_id: 7,
        price: Price::parse("30010").expect("valid"),
        quantity: Quantity::parse("0.5").expect("valid"),
        fee: Notional::parse("0.3458").expect("valid"),
        liquidity: Liquidity::Maker,
    };
    assert_eq!(trade.last_fill, Some(fill));
    let filled = row(r#"{"order_id":"O1","order_status":"filled","exec_type":"filled"}"#);
    assert_eq!(filled.state, OrderState::Filled);
    let expired = row(r#"{"order_id":"O1","order_status":"expired","exec_type":"expired"}"#);
    assert_eq!(expired.state, OrderState::Cancelled);
    let odd = row(r#"{"order_id":"O1","order_status":"pondering","exec_type":"restated"}"#);
    assert_eq!(odd.state, OrderState::Open);
}

#[test]
fn refusals_and_oddities_are_told_apart() {
    let refused = |symbol: Option<&str>, request, error: &str| {
        Message::Ack(Ack {
            request,
            symbol: symbol.map(Symbol::new),
            counter_max: None,
            error: Some(error.to_owned()),
        })
    };
    let table = [
        (
            r#"{"error":"Currency pair not supported XYZ/USD","method":"subscribe","req_id":3,"success":false,"symbol":"XYZ/USD"}"#,
            refused(Some("XYZ/USD"), Some(3), "Currency pair not supported XYZ/USD"),
        ),
        (r#"{"method":"subscribe","success":false}"#, refused(None, None, "refused")),
        (r#"{"Error":"Exceeded msg rate"}"#, Message::Error("Exceeded msg rate".to_owned())),
        (r#"{"error":"Malformed request"}"#, Message::Error("Malformed request".to_owned())),
        (r#"{"channel":"level9","type":"update","data":7}"#, Message::Other),
        (
            r#"{"channel":"status","type":"update","data":[{"system":"dreaming"}]}"#,
            Message::Status(SystemStatus::Other("dreaming".to_owned())),
        ),
        ("CloudFlare WebSocket proxy restarting", Message::Other),
        ("{}", Message::Other),
        ("[1,2]", Message::Other),
        ("", Message::Other),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn broken_data_of_a_known_channel_is_an_error() {
    for text in [
        r#"{"channel":"book","type":"update"}"#,
        r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD"}]}"#,
        r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","checksum":1,"bids":[{"price":"x","qty":1}]}]}"#,
        r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1,"qty":1,"trade_id":1,"timestamp":"then"}]}"#,
        r#"{"channel":"executions","type":"update","data":[{"order_id":"O1","exec_type":"trade"}]}"#,
        r#"{"channel":"status","type":"update","data":{}}"#,
        // Cut off on the way.
        r#"{"channel":"executions","type":"update","data":[{"order_id":"O1""#,
    ] {
        assert!(decode(text).is_err(), "{text}");
    }
}
