//! `wavetank backtest` on tapes that show every order, and that tell when they were received.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{root, wavetank};

/// A recording of Kraken's `level3` and `trade`; each message is received `late` milliseconds after it happened.
struct Recording {
    lines: String,
    late: i64,
}

impl Recording {
    /// Two orders to buy, 2 at 100.0 and 5 at 99.9, one to sell at 100.2, and a trade.
    fn new(late: i64) -> Self {
        let mut new = Self { lines: String::new(), late };
        let bids = [order("z", "100.0", "2", 0, None), order("a", "99.9", "5", 0, None)];
        let asks = [order("y", "100.2", "2", 0, None)];
        let data = json!([{ "symbol": "BTC/USD", "bids": bids, "asks": asks }]);
        new.push(0, &json!({ "channel": "level3", "type": "snapshot", "data": data }));
        new.trade(1, "buy", "100.2", "0.01");
        new
    }

    fn push(&mut self, second: i64, message: &Value) {
        // Numbers of the wire keep their digits.
        let frame = message.to_string().replace("\"@", "").replace("@\"", "");
        let received = (1_767_225_600_000 + second * 1_000 + self.late) * 1_000_000;
        self.lines += &json!({ "frame": frame, "recv_ns": received }).to_string();
        self.lines.push('\n');
    }

    fn change(&mut self, second: i64, event: &str, id: &str, price: &str, left: &str) {
        let bids = [order(id, price, left, second, Some(event))];
        let data = json!([{ "symbol": "BTC/USD", "bids": bids, "asks": [] }]);
        self.push(second, &json!({ "channel": "level3", "type": "update", "data": data }));
    }

    fn trade(&mut self, second: i64, side: &str, price: &str, quantity: &str) {
        let (price, quantity) = (format!("@{price}@"), format!("@{quantity}@"));
        let data = json!([{ "symbol": "BTC/USD", "side": side, "price": price, "qty": quantity,
            "ord_type": "market", "trade_id": second + 100, "timestamp": time(second) }]);
        self.push(second, &json!({ "channel": "trade", "type": "update", "data": data }));
    }

    fn save(&self, name: &str) -> PathBuf {
        let folder = root().join("target/tests/orders");
        fs::create_dir_all(&folder).expect("a folder of ours");
        let path = folder.join(name);
        fs::write(&path, &self.lines).expect("writable");
        path
    }
}

fn time(second: i64) -> String {
    format!("2026-01-01T00:00:{second:02}.000000Z")
}

fn order(id: &str, price: &str, left: &str, second: i64, event: Option<&str>) -> Value {
    let (price, left) = (format!("@{price}@"), format!("@{left}@"));
    let mut order = json!({ "order_id": id, "limit_price": price, "order_qty": left,
        "timestamp": time(second) });
    if let Some(event) = event {
        order["event"] = event.into();
    }
    order
}

/// Plays it to a strategy that bids for one at 99.9 when it hears of the first trade.
fn play(path: &std::path::Path, latency: &str) -> Result<Value, String> {
    let part = |choice: &str| format!("{}#{choice}", path.display());
    let (orders, trades) = (part("orders"), part("trades"));
    let strategy = "quoter:qty=1,distance_bps=10,inventory_max=9,every_s=3600";
    let output = wavetank(&[
        "backtest",
        "--tape",
        &orders,
        "--tape",
        &trades,
        "--strategy",
        strategy,
        "--latency",
        latency,
        "--balance",
        "USD=1000",
        "--format",
        "json",
    ]);
    match output.status.code() {
        Some(0) => Ok(serde_json::from_slice(&output.stdout).expect("one JSON object")),
        _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[test]
fn an_order_stands_where_the_tape_of_all_orders_says() {
    let fills = |name: &str, ahead: bool| {
        let mut tape = Recording::new(0);
        tape.change(2, "add", "b", "99.9", "3");
        // Ahead of ours or behind it: the level is the same.
        match ahead {
            true => tape.change(3, "modify", "a", "99.9", "2"),
            false => tape.change(3, "delete", "b", "99.9", "3"),
        }
        tape.trade(4, "sell", "99.9", "3");
        let record = play(&tape.save(name), "0ms").expect("a good tape");
        record["fills"].as_u64().expect("a number")
    };
    assert_eq!(fills("ahead.ndjson", true), 1, "two were ahead, the third is ours");
    assert_eq!(fills("behind.ndjson", false), 0, "five are ahead");
}

#[test]
fn news_take_as_long_as_the_recorder_has_seen() {
    let fills = |late: i64, latency: &str| {
        let mut tape = Recording::new(late);
        // The order that it stands behind comes between the trade and the news of it.
        tape.change(2, "add", "b", "99.9", "3");
        tape.trade(8, "sell", "99.9", "6");
        let record = play(&tape.save(&format!("late{late}.ndjson")), latency)?;
        Ok::<_, String>(record["fills"].as_u64().expect("a number"))
    };
    assert_eq!(fills(100, "recorded/0ms/0ms"), Ok(1));
    assert_eq!(fills(1_500, "recorded/0ms/0ms"), Ok(0));
    assert_eq!(fills(1_500, "0ms"), Ok(1));
    assert_eq!(fills(-1_000, "recorded+1100ms/0ms/0ms"), Ok(1));
    let behind = fills(-1_000, "recorded/0ms/0ms").unwrap_err();
    assert!(
        behind.contains("late-1000.ndjson#orders:1: event 1 of tape 1 ")
            && behind.contains("received -1000000000 ns"),
        "{behind}"
    );
    let refused = |arguments: &[&str], message: &str| {
        let output = wavetank(&[&["backtest", "--strategy", "quoter"], arguments].concat());
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains(message), "{err}");
    };
    let tape = "data/tapes/BTCUSD_sample_30m.csv";
    let recorded = ["--tape", tape, "--latency", "recorded/0ms/0ms"];
    refused(&recorded, "kraken-trades does not tell when its rows were received");
    let path = Recording::new(0).save("queue.ndjson");
    let orders = format!("{}#orders", path.display());
    refused(
        &["--tape", &orders, "--queue-power", "2"],
        "shows every order, so that the queue is known",
    );
}
