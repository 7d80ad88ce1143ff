//! Answers and messages of every kind: real ones where there are some, else those of the reference.

use crate::codec::fixtures::{recording, sample};

/// Samples that are answers to methods of REST.
const RECORDED: &[(&str, &str)] = &[
    ("AssetPairs", "asset_pairs"),
    ("Ticker", "ticker"),
    ("Depth", "depth"),
    ("OHLC", "ohlc"),
    ("Trades", "trades"),
    ("OpenOrders", "open_orders_stop_loss_limit"),
    ("OpenOrders", "open_orders_trailing_stop"),
    ("ClosedOrders", "closed_orders_triggered"),
    ("QueryOrders", "query_orders_closed_market"),
    ("QueryOrders", "query_orders_open_limit"),
    ("OpenPositions", "open_positions_consolidated"),
    ("AddOrder", "add_order_market"),
];

/// Results of the other methods, from section 1 of the reference.
const WRITTEN: &[(&str, &str)] = &[
    ("Time", r#"{"unixtime":1688669448,"rfc1123":"Thu, 06 Jul 23 18:50:48 +0000"}"#),
    ("SystemStatus", r#"{"status":"online","timestamp":"2024-01-24T11:45:46Z"}"#),
    ("Balance", r#"{"ZUSD":"22.6354","XXBT":"0.0022698000"}"#),
    ("BalanceEx", r#"{"ZUSD":{"balance":"22.6354","hold_trade":"0.0000"}}"#),
    (
        "TradeBalance",
        r#"{"eb":"1101.3425","tb":"392.2264","m":"7.0354","uv":"0.0","n":"-10.0232","c":"21.1063","v":"31.1297","e":"382.2032","mf":"375.1678","ml":"5432.57"}"#,
    ),
    (
        "TradeVolume",
        r#"{"currency":"ZUSD","volume":"200709.5","fees":{"XXBTZUSD":{"fee":"0.1000","minfee":"0.1000","maxfee":"0.2600","nextfee":null,"tiervolume":"10000000.0000","nextvolume":null}}}"#,
    ),
    (
        "OpenPositions",
        r#"{"TF5GVO-T7ZZ2-6NBKBI":{"ordertxid":"OLWNFG-LLH4R-D6SFFP","posstatus":"open","pair":"XXBTZUSD","time":1605280097.8294,"type":"buy","ordertype":"limit","cost":"104610.52842","fee":"289.06565","vol":"8.82412861","vol_closed":"0.20200000","margin":"20922.10568","value":"258797.5","net":"+154186.9728","terms":"0.0100% per 4 hours","rollovertm":"1616672637","misc":"","oflags":""}}"#,
    ),
    (
        "OpenOrders",
        r#"{"open":{"OQCLML-BW3P3-BUCMWZ":{"refid":null,"userref":0,"cl_ord_id":"wt-1","status":"open","opentm":1791904988.43134,"starttm":0,"expiretm":0,"descr":{"pair":"XBTUSD","aclass":"forex","type":"buy","ordertype":"limit","price":"30010.0","price2":"0","leverage":"none","order":"buy 1.25000000 XBTUSD @ limit 30010.0","close":""},"vol":"1.25000000","vol_exec":"0.37500000","cost":"11253.7","fee":"0.00000","price":"30010.0","stopprice":"0.00000","limitprice":"0.00000","misc":"","oflags":"fciq","time_in_force":"gtc","trades":["TCCCTY-WE2O6-P3NB37"]}}}"#,
    ),
    (
        "TradesHistory",
        r#"{"trades":{"THVRQM-33VKH-UCI7BS":{"ordertxid":"OQCLML-BW3P3-BUCMWZ","postxid":"TKH2SE-M7IF5-CFI7LT","pair":"XETHZUSD","aclass":"forex","time":1700272061.8606286,"type":"buy","ordertype":"limit","price":"1912.68000","cost":"18.67280","fee":"0.03248","vol":"0.01200000","margin":"0.00000","leverage":"0","misc":"","trade_id":46006064,"maker":true,"ledgers":["LQ6M5H-7L6CP-DSTTGP"]}},"count":396}"#,
    ),
    (
        "QueryTrades",
        r#"{"THVRQM-33VKH-UCI7BS":{"ordertxid":"OQCLML-BW3P3-BUCMWZ","pair":"XETHZUSD","time":1700272061,"type":"sell","ordertype":"market","price":"1912.68000","cost":"18.67280","fee":"0.03248","vol":"0.01200000","trade_id":46006064,"maker":false}}"#,
    ),
    (
        "Ledgers",
        r#"{"ledger":{"L4UESK-KG3EQ-UFO4T5":{"aclass":"currency","amount":"-24.5000","asset":"ZEUR","balance":"459567.9171","fee":"0.0490","refid":"TJKLXF-PGMUI-4NTLXU","time":1688464484.1787,"type":"trade","subtype":"tradespot"}},"count":1}"#,
    ),
    (
        "QueryLedgers",
        r#"{"L4UESK-KG3EQ-UFO4T5":{"aclass":"currency","amount":"-24.5000","asset":"ZEUR","balance":"","fee":"0.0490","refid":"TJKLXF-PGMUI-4NTLXU","time":1688464484.1787,"type":"deposit","subtype":""}}"#,
    ),
    (
        "GetWebSocketsToken",
        r#"{"token":"1Dwc4lzSwNWOAwkMdqhssNNFhs1ed606d1WcF3XfEMw","expires":900}"#,
    ),
    (
        "AddOrderBatch",
        r#"{"orders":[{"txid":"OUF4EM-FRGI2-MQMWZD","descr":{"order":"buy 1.02010000 XBTUSD @ limit 29000.0"}},{"error":"EOrder:Insufficient funds","descr":{"order":"sell 0.14 XBTUSD @ market"}}]}"#,
    ),
    ("AmendOrder", r#"{"amend_id":"TVB4ER-X5QP3-ADURMW"}"#),
    (
        "EditOrder",
        r#"{"status":"ok","txid":"OFVXHJ-KPQ3B-VS7ELA","originaltxid":"OHYO67-6LP66-HMQ437","newuserref":1,"volume":"5.1","price":"0.89","orders_cancelled":1,"descr":{"order":"buy 5.1 XRPUSD @ limit 0.89"}}"#,
    ),
    ("CancelOrder", r#"{"count":1,"pending":true}"#),
    (
        "CancelAllOrdersAfter",
        r#"{"currentTime":"2023-03-24T17:41:56Z","triggerTime":"2023-03-24T17:42:56Z"}"#,
    ),
];

/// Messages of WebSocket v2 that the recordings lack, from section 5 of the reference.
const MESSAGES: &[&str] = &[
    r#"{"channel":"status","type":"update","data":[{"version":"2.0.10","system":"online","api_version":"v2","connection_id":12393906104898154338}]}"#,
    r#"{"channel":"heartbeat"}"#,
    r#"{"channel":"trade","type":"snapshot","data":[{"symbol":"BTC/USD","side":"buy","price":68500.0,"qty":0.01044926,"ord_type":"limit","trade_id":70635299,"timestamp":"2024-05-20T11:08:49.272922Z"}]}"#,
    r#"{"channel":"ticker","type":"snapshot","data":[{"symbol":"ALGO/USD","bid":0.10025,"bid_qty":740.0,"ask":0.10036,"ask_qty":1361.44813783,"last":0.10035,"volume":997038.98383185,"vwap":0.10148,"low":0.09979,"high":0.10285,"change":-0.00017,"change_pct":-0.17}]}"#,
    r#"{"channel":"ohlc","type":"update","timestamp":"2023-10-04T16:26:30.524394914Z","data":[{"symbol":"MATIC/USD","open":0.5624,"high":0.5628,"low":0.5622,"close":0.5627,"trades":12,"volume":30927.68066226,"vwap":0.5626,"interval_begin":"2023-10-04T16:25:00.000000000Z","interval":5}]}"#,
    r#"{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[{"symbol":"ETH/BTC","base":"ETH","quote":"BTC","status":"online","qty_precision":8,"qty_increment":1e-8,"price_precision":5,"cost_precision":10,"marginable":true,"cost_min":0.00002,"tick_size":1e-5,"price_increment":1e-5,"qty_min":0.002}]}}"#,
    r#"{"channel":"executions","type":"update","data":[{"order_id":"OK4GJX-KSTLS-7DZZO5","order_userref":3,"exec_id":"TGBB7L-HLBCH-JCAPEH","exec_type":"trade","trade_id":365573,"symbol":"BTC/USD","side":"sell","last_qty":0.005,"last_price":26599.9,"liquidity_ind":"m","cost":132.9995,"order_type":"limit","timestamp":"2023-09-22T10:33:05.709982Z","order_status":"partially_filled","cum_qty":0.005,"cum_cost":132.9995,"avg_price":26599.9,"fee_usd_equiv":0.3458,"fees":[{"asset":"USD","qty":0.3458}]}],"sequence":10}"#,
    r#"{"channel":"balances","type":"update","sequence":2,"data":[{"ledger_id":"L","ref_id":"T1","timestamp":"2023-09-22T10:33:05.709950Z","type":"trade","asset":"BTC","amount":-0.005,"fee":0.0,"balance":0.005}]}"#,
    r#"{"method":"add_order","req_id":12,"result":{"order_id":"OFFVYE-3UEVX-4ZPG5R","cl_ord_id":"wt-1"},"success":true,"time_in":"2024-05-19T16:27:13.694962Z","time_out":"2024-05-19T16:27:13.695006Z"}"#,
    r#"{"method":"batch_add","req_id":13,"result":[{"order_id":"OFFVYE-3UEVX-4ZPG5R","order_userref":1},{"order_id":"OFFVYE-3UEVX-4ZPG5S"}],"success":true}"#,
    r#"{"method":"amend_order","req_id":14,"result":{"amend_id":"TVB4ER-X5QP3-ADURMW","order_id":"OFFVYE-3UEVX-4ZPG5R"},"success":true}"#,
    r#"{"method":"batch_cancel","req_id":15,"orders_cancelled":2,"success":true}"#,
    r#"{"method":"cancel_all_orders_after","req_id":16,"result":{"currentTime":"2024-05-19T19:22:00Z","triggerTime":"2024-05-19T19:22:20Z"},"success":true}"#,
    r#"{"error":"EOrder:Insufficient funds","method":"add_order","req_id":99,"success":false}"#,
    r#"{"Error":"Exceeded msg rate"}"#,
];

/// Messages of a recording that are taken: snapshots and updates of books are alike.
const OF_RECORDING: usize = 40;

/// Answers of REST, each with its method. Without the samples those that are written here only.
pub(super) fn answers() -> Vec<(&'static str, String)> {
    let recorded = RECORDED.iter().filter_map(|(method, name)| Some((*method, sample(name)?)));
    let whole = |result: &str| format!(r#"{{"error":[],"result":{result}}}"#);
    recorded.chain(WRITTEN.iter().map(|(method, result)| (*method, whole(result)))).collect()
}

/// Messages of WebSocket v2.
pub(super) fn messages() -> Vec<String> {
    let mut messages: Vec<_> = MESSAGES.iter().map(|text| (*text).to_owned()).collect();
    if let Some(frames) = sample("ws_v2_frames") {
        let frames: Vec<Box<serde_json::value::RawValue>> =
            serde_json::from_str(&frames).expect("a list");
        messages.extend(frames.iter().map(|frame| frame.get().to_owned()));
    }
    for name in ["book_d10_BTCUSD_2026-08-01_resyncs", "book_d25_BTCUSD_2026-08-02"] {
        messages.extend(recording(name).into_iter().flatten().take(OF_RECORDING));
    }
    messages
}

#[test]
fn there_is_an_answer_for_every_method_that_is_read() {
    let known: std::collections::BTreeSet<_> =
        RECORDED.iter().chain(WRITTEN).map(|(m, _)| *m).collect();
    for method in super::any::methods() {
        assert!(known.contains(method), "{method}");
    }
    for (method, body) in answers() {
        let read = super::any::read(method, body.as_bytes());
        assert!(matches!(read, Some(Ok(_))), "{method}: {read:?}\n{body}");
    }
}
