//! Requests that were damaged on the way are answered, and never with a panic.

use proptest::prelude::*;

use super::*;
use crate::kraken::fixture::damaged;

const REQUESTS: &[&str] = &[
    r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10},"req_id":3}"#,
    r#"{"method":"subscribe","params":{"channel":"ohlc","symbol":["BTC/USD"],"interval":5}}"#,
    r#"{"method":"subscribe","params":{"channel":"executions","token":"T","snap_orders":true},"req_id":7}"#,
    r#"{"method":"add_order","params":{"order_type":"stop-loss-limit","side":"buy","order_qty":2e-4,"symbol":"BTC/USD","token":"T","limit_price":15000.5,"triggers":{"price":-1e1,"price_type":"pct"},"time_in_force":"gtd","expire_time":"2026-11-21T09:01:27Z"},"req_id":12}"#,
    r#"{"method":"batch_add","params":{"token":"T","symbol":"BTC/USD","orders":[{"order_type":"limit"},{"side":"buy"}]}}"#,
    r#"{"method":"cancel_order","params":{"order_id":["OFFVYE-3UEVX-4ZPG5R"],"token":"T"},"req_id":14}"#,
    r#"{"method":"ping","req_id":9223372036854775807}"#,
    r#"{"event":"subscribe","reqid":1,"pair":["XBT/USD"],"subscription":{"name":"book","depth":10,"token":"T"}}"#,
    r#"{"event":"addOrder","token":"T","ordertype":"limit","type":"buy","pair":"XBT/USD","price":"15000","volume":"0.01"}"#,
    r#"{"event":"cancelOrder","token":"T","txid":["OFFVYE-3UEVX-4ZPG5R"]}"#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_of_both_versions(seed in any::<u64>(), which in 0..REQUESTS.len()) {
        for version in [Version::V1, Version::V2] {
            let mut client = Client::new(Role::Any);
            let answer = client.world.post("GetWebSocketsToken", "");
            let at = answer.find("\"token\":\"").unwrap() + 9;
            let text = REQUESTS[which].replace("\"T\"", &format!("\"{}\"", &answer[at..at + 43]));
            let outbox = Arc::new(Outbox::default());
            let connection =
                client.world.venue.open_session(Role::Any, version, Arc::clone(&outbox));
            for n in 0..20 {
                let damaged = damaged(text.as_bytes(), seed.wrapping_add(n));
                let now = client.world.now;
                let text = String::from_utf8_lossy(&damaged);
                client.world.venue.on_text(connection, &text, now);
                for message in World::received(&outbox) {
                    prop_assert!(serde_json::from_str::<serde_json::Value>(&message).is_ok());
                }
            }
            client.world.trade("20100.0", "0.5", Side::Buy);
            client.world.venue.close_session(connection);
        }
    }
}
