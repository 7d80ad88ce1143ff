//! Cost of Kraken's messages at both ends: reading them, following a book, and serving them.
//!
//! Reading is compared with `serde_json`'s parse of the same bytes into a `Value`, serving with a bare
//! `tokio-tungstenite` server that pushes the bytes which the simulated venue sent before.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use kraken::book::{Applied, BookSync};
use kraken::codec::ws::{self, Message};
use serde_json::Value;

mod fastest;
mod kraken_frames;
mod kraken_serve;
mod under_test;

use fastest::Fastest;
use kraken_serve::{Floor, Served};
use under_test::is_test;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(30)
        .configure_from_args();
    reading(&mut criterion);
    serving(&mut criterion, if is_test() { 200 } else { 20_000 });
    criterion.final_summary();
}

#[expect(clippy::print_stdout, reason = "says what was measured")]
fn reading(criterion: &mut Criterion) {
    let (books, source) = kraken_frames::books();
    let trades = kraken_frames::trades();
    println!("{} {source} book messages, {} generated trade messages", books.len(), trades.len());
    let mut fastest = Fastest::default();
    let mut group = criterion.benchmark_group("kraken reading");
    group.throughput(Throughput::Elements(u64::try_from(books.len()).expect("small")));
    fastest.run(&mut group, "book value", || values(&books));
    fastest.run(&mut group, "book decode", || decoded(&books));
    fastest.run(&mut group, "book update", || followed(&books, false));
    fastest.run(&mut group, "book update and fingerprint", || followed(&books, true));
    group.throughput(Throughput::Elements(u64::try_from(trades.len()).expect("small")));
    fastest.run(&mut group, "trade value", || values(&trades));
    fastest.run(&mut group, "trade decode", || decoded(&trades));
    group.finish();
    // At most 50 %, 50 % and 150 %.
    fastest.print("kraken, decoding trades", "trade decode", &["trade value"]);
    fastest.print("kraken, decoding books", "book decode", &["book value"]);
    fastest.print("kraken, updates of a book", "book update", &["book value"]);
    // What the audit trail adds in the node; no goal.
    let audited = "book update and fingerprint";
    fastest.print("kraken, audited updates of a book", audited, &["book value"]);
}

fn values(frames: &[String]) -> usize {
    let parse = |frame: &String| serde_json::from_slice::<Value>(frame.as_bytes()).expect("JSON");
    frames.iter().map(parse).filter(Value::is_object).count()
}

fn decoded(frames: &[String]) -> usize {
    let read = |frame: &String| ws::decode(frame).expect("readable");
    frames.iter().map(read).filter(|message| *message != Message::Heartbeat).count()
}

/// Follows the book through all messages; every checksum must be right.
fn followed(frames: &[String], audited: bool) -> u64 {
    let mut sync = BookSync::new(&kraken_frames::instrument(), kraken_frames::DEPTH);
    let mut sum = 0_u64;
    for frame in frames {
        let Ok(Message::Books { snapshot, changes }) = ws::decode(frame) else {
            panic!("not a book: {frame}");
        };
        for change in &changes {
            let applied = sync.apply(snapshot, change);
            assert!(matches!(applied, Applied::Right { .. }), "{applied:?}");
            if audited {
                sum = sum.wrapping_add(sync.fingerprint());
            }
        }
    }
    sum
}

fn serving(criterion: &mut Criterion, messages: usize) {
    let mut served = Served::start(messages);
    let texts = served.texts();
    let mut sending = Floor::start(texts.clone(), false);
    let mut feeding = Floor::start(texts, true);
    let mut fastest = Fastest::default();
    let mut group = criterion.benchmark_group("kraken serving");
    group.throughput(Throughput::Elements(u64::try_from(messages).expect("small")));
    group.sample_size(20);
    fastest.run(&mut group, "bare, send", || sending.round());
    fastest.run(&mut group, "bare, feed and flush", || feeding.round());
    fastest.run(&mut group, "serve", || served.round());
    group.finish();
    // At most 200 % of the bare server that sends each message as it comes.
    fastest.print("kraken, serving", "serve", &["bare, send"]);
    fastest.print("kraken, serving", "serve", &["bare, feed and flush"]);
}
