//! Requests that were damaged on the way are answered, and never with a panic.

use bytes::Bytes;
use proptest::prelude::*;

use super::trading;
use crate::kraken::fixture::{damaged, sign, signed};

const BODIES: &[(&str, &str)] = &[
    (
        "AddOrder",
        "ordertype=limit&type=buy&pair=XBTUSD&volume=0.00020&stptype=cancel-newest&starttm=0&price=+1.5%25&oflags=post,viqc&expiretm=%2B10&cl_ord_id=adbe4060-ca2a-4aa4-a53c-05de50f070d2&deadline=2026-11-21T08:02:27.298Z",
    ),
    (
        "AddOrderBatch",
        r#"{"pair":"XXBTZUSD","orders":[{"type":"buy","ordertype":"limit","volume":"0.0002","price":"15000"},{"type":"sell","ordertype":"stop-loss-limit","volume":0.0002,"price":"-5%","price2":"1"}]}"#,
    ),
    ("AmendOrder", "txid=O&order_qty=1&limit_price=-1%25&trigger_price=5&post_only=true"),
    ("EditOrder", "txid=O&pair=XBTUSD&volume=1&price=#1&price2=2&userref=7"),
    ("CancelOrderBatch", r#"{"orders":["OQ7ZD4-AVBQK-HGS33M",7],"cl_ord_ids":["x"]}"#),
    ("ClosedOrders", "start=1.5&end=99999999999&ofs=1&closetime=both&trades=true&userref=-1"),
    ("Ledgers", "asset=XBT,ETH&type=trade&start=O&ofs=50"),
    ("CancelAllOrdersAfter", "timeout=60"),
];

const QUERIES: &[&str] = &[
    "OHLC?pair=XBTUSD&interval=1&since=9223372036854775807",
    "Trades?pair=XBTUSD&since=-1.5&count=1000",
    "Depth?pair=BTC/USD&count=500",
    "Spread?pair=xbtusd&since=1",
    "Ticker?pair=XBTUSD,ETHUSD",
    "AssetPairs?pair=XBTUSD&info=fees",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn private_requests(seed in any::<u64>(), which in 0..BODIES.len(), json in any::<bool>()) {
        let mut world = trading();
        let (method, text) = BODIES[which];
        for nonce in 1..20_u64 {
            let seed = seed.wrapping_add(nonce);
            let whole = if json {
                let text = text.replacen('{', &format!(r#"{{"nonce":{nonce},"#), 1);
                damaged(text.as_bytes(), seed)
            } else {
                [format!("nonce={nonce}&").as_bytes(), &damaged(text.as_bytes(), seed)].concat()
            };
            let mut request = signed("key-a", method, "", "");
            // The signature is over whatever arrives.
            request.api_sign = Some(sign(method, &nonce.to_string(), &whole));
            request.body = Bytes::from(whole);
            if json {
                request.content_type = Some("application/json".to_owned());
            }
            let reply = world.venue.handle(&request, world.now);
            prop_assert_eq!(reply.status, 200);
            let value: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
            prop_assert!(value["error"].is_array());
        }
    }

    #[test]
    fn public_requests(seed in any::<u64>(), which in 0..QUERIES.len()) {
        let mut world = trading();
        let query = damaged(QUERIES[which].as_bytes(), seed);
        let reply = world.get(&String::from_utf8_lossy(&query));
        let value: serde_json::Value = serde_json::from_str(&reply).unwrap();
        prop_assert!(value["error"].is_array());
    }
}
