use model::{
    ClientOrderId, Fill, Liquidity, Notional, OrderState, Price, Quantity, Side, UnixNanos,
    VenueOrderId,
};
use serde_json::value::RawValue;

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
            done: Done::Nothing,
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
        reason: Some("User requested".into()),
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
            done: Done::Nothing,
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

#[test]
fn an_offer_beyond_all_prices_costs_the_book_nothing() {
    let text = r#"{"channel":"book","type":"update","data":[{"symbol":"BTC/CHF","bids":[],
        "asks":[{"price":9999999997.0,"qty":0.1},{"price":56218.3,"qty":0.15}],"checksum":1}]}"#;
    let Message::Books { changes, .. } = read(text) else { panic!("not a book") };
    let price = Price::parse("56218.3").expect("valid");
    let quantity = Quantity::parse("0.15").expect("valid");
    assert_eq!(changes[0].asks, [Level { price, quantity }]);
}

#[test]
fn the_channel_need_not_come_first() {
    let first = r#"{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1,"qty":1,"trade_id":1,"timestamp":"2023-10-06T17:35:55.440295Z"}]}"#;
    let later =
        first.replace(r#""channel":"trade","#, "").replace("}]}", r#"}],"channel":"trade"}"#);
    assert_eq!(read(first), read(&later));
}

#[test]
fn the_other_channels_are_read() {
    let ticker = r#"{"channel":"ticker","type":"snapshot","data":[{"symbol":"ALGO/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}]}"#;
    let Message::Tickers(tickers) = read(ticker) else { panic!("no ticker") };
    assert_eq!(tickers[0].1.ask.price, Price::parse("0.10036").expect("valid"));
    let candle = r#"{"channel":"ohlc","type":"update","timestamp":"2023-10-04T16:26:30.524394914Z","data":[{"symbol":"MATIC/USD","open":0.5624,"high":0.5628,"low":0.5622,"close":0.5627,"trades":12,"volume":30927.68066226,"vwap":0.5626,"interval_begin":"2023-10-04T16:25:00.000000000Z","interval":5}]}"#;
    let Message::Candles(candles) = read(candle) else { panic!("no candle") };
    assert_eq!((candles[0].1.trades, candles[0].1.length.as_secs()), (12, 300));
    // The second pair's prices are finer than ours.
    let pair = |symbol, step| {
        format!(
            r#"{{"symbol":"{symbol}","base":"ETH","quote":"BTC","status":"online","qty_precision":8,"qty_increment":1e-8,"price_precision":5,"cost_precision":10,"marginable":true,"cost_min":0.00002,"tick_size":{step},"price_increment":{step},"qty_min":0.002}}"#
        )
    };
    let listed = format!(
        r#"{{"channel":"instrument","type":"snapshot","data":{{"assets":[],"pairs":[{},{}]}}}}"#,
        pair("ETH/BTC", "1e-5"),
        pair("X/BTC", "1e-10")
    );
    let Message::Instruments { snapshot: true, pairs } = read(&listed) else { panic!("no pairs") };
    assert_eq!(pairs.len(), 1);
    assert_eq!(pairs[0].instrument.tick_size, Price::parse("0.00001").expect("valid"));
    let owned = r#"{"channel":"balances","type":"update","sequence":2,"data":[{"ledger_id":"L","ref_id":"T1","timestamp":"2023-09-22T10:33:05.709950Z","type":"trade","asset":"BTC","amount":-0.005,"fee":0.0,"balance":0.005}]}"#;
    let Message::Balances { snapshot: false, sequence: Some(2), rows } = read(owned) else {
        panic!("no balances")
    };
    assert_eq!(rows[0].amount, Notional::parse("-0.005").ok());
    assert_eq!(rows[0].reference.as_deref(), Some("T1"));
}

#[test]
fn answers_say_what_was_done() {
    let done = |result: &str| {
        let text = format!(r#"{{"method":"m","req_id":1,{result},"success":true}}"#);
        let Message::Ack(ack) = read(&text) else { panic!("{text}") };
        ack.done
    };
    let order = |id: &str, client_order_id| {
        let id = Some(VenueOrderId::new(id));
        DoneOrder { id, client_order_id, ..DoneOrder::default() }
    };
    let named = order("O1", ClientOrderId::new("wt-1").ok());
    let one = r#""result":{"order_id":"O1","cl_ord_id":"wt-1"}"#;
    assert_eq!(done(one), Done::Orders(vec![named.clone()]));
    let two = r#""result":[{"order_id":"O1","cl_ord_id":"wt-1"},{"order_id":"O2"}]"#;
    assert_eq!(done(two), Done::Orders(vec![named, order("O2", None)]));
    let refused = r#""result":[{"error":"EOrder:Insufficient funds"}]"#;
    let error = Some("EOrder:Insufficient funds".to_owned());
    assert_eq!(done(refused), Done::Orders(vec![DoneOrder { error, ..DoneOrder::default() }]));
    let amended = DoneOrder { amend_id: Some("TA".to_owned()), ..order("O1", None) };
    assert_eq!(done(r#""result":{"amend_id":"TA","order_id":"O1"}"#), Done::Orders(vec![amended]));
    let original = Some(VenueOrderId::new("O1"));
    let edited = DoneOrder { original, ..order("O2", None) };
    let text = r#""result":{"order_id":"O2","original_order_id":"O1"}"#;
    assert_eq!(done(text), Done::Orders(vec![edited]));
    assert_eq!(done(r#""result":{"count":3}"#), Done::Cancelled(3));
    assert_eq!(done(r#""orders_cancelled":2"#), Done::Cancelled(2));
    let at = UnixNanos::from_secs(1_716_146_540);
    let timer =
        r#""result":{"currentTime":"2024-05-19T19:22:00Z","triggerTime":"2024-05-19T19:22:20Z"}"#;
    assert_eq!(done(timer), Done::CancelsAt(Some(at)));
    assert_eq!(done(r#""result":{"triggerTime":"0"}"#), Done::CancelsAt(None));
    assert_eq!(done(r#""result":7"#), Done::Nothing);
}
