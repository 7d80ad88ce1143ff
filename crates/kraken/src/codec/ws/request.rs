//! What we ask over the WebSocket. Each request carries a number that its answers repeat.

use model::Symbol;
use serde::Serialize;

#[derive(Serialize)]
struct Request<'a, P> {
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<P>,
    req_id: u64,
}

#[derive(Serialize)]
struct TradeParams<'a> {
    channel: &'a str,
    symbol: &'a [Symbol],
    snapshot: bool,
}

#[derive(Serialize)]
struct BookParams<'a> {
    channel: &'a str,
    symbol: &'a [Symbol],
    depth: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<bool>,
}

#[derive(Serialize)]
struct ExecutionParams<'a> {
    channel: &'a str,
    token: &'a str,
    snap_orders: bool,
    snap_trades: bool,
}

/// New trades only; old ones would come again with every reconnect.
pub(crate) fn subscribe_trades(symbols: &[Symbol], req_id: u64) -> String {
    let params = TradeParams { channel: "trade", symbol: symbols, snapshot: false };
    text("subscribe", Some(params), req_id)
}

pub(crate) fn subscribe_books(symbols: &[Symbol], depth: u32, req_id: u64) -> String {
    let params = BookParams { channel: "book", symbol: symbols, depth, snapshot: Some(true) };
    text("subscribe", Some(params), req_id)
}

pub(crate) fn unsubscribe_books(symbols: &[Symbol], depth: u32, req_id: u64) -> String {
    let params = BookParams { channel: "book", symbol: symbols, depth, snapshot: None };
    text("unsubscribe", Some(params), req_id)
}

/// Our open orders, then every change of our orders.
pub(crate) fn subscribe_executions(token: &str, req_id: u64) -> String {
    let params =
        ExecutionParams { channel: "executions", token, snap_orders: true, snap_trades: false };
    text("subscribe", Some(params), req_id)
}

pub(crate) fn ping(req_id: u64) -> String {
    text::<()>("ping", None, req_id)
}

fn text<P: Serialize>(method: &str, params: Option<P>, req_id: u64) -> String {
    let request = Request { method, params, req_id };
    serde_json::to_string(&request).expect("texts and numbers always serialize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_kraken_s_form() {
        let symbols = [Symbol::new("BTC/USD")];
        assert_eq!(ping(7), r#"{"method":"ping","req_id":7}"#);
        assert_eq!(
            subscribe_trades(&symbols, 1),
            r#"{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":false},"req_id":1}"#
        );
        assert_eq!(
            subscribe_books(&symbols, 10, 2),
            r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10,"snapshot":true},"req_id":2}"#
        );
        assert_eq!(
            unsubscribe_books(&symbols, 10, 3),
            r#"{"method":"unsubscribe","params":{"channel":"book","symbol":["BTC/USD"],"depth":10},"req_id":3}"#
        );
        assert_eq!(
            subscribe_executions("T", 4),
            r#"{"method":"subscribe","params":{"channel":"executions","token":"T","snap_orders":true,"snap_trades":false},"req_id":4}"#
        );
    }
}
