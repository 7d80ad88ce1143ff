//! Connections whose bytes were damaged on the way: heads, bodies and frames. They end, they answer with a
//! bounded number of bytes, nothing panics, and others are served as before.

use model::Side;
use platform::TaskState;
use proptest::prelude::*;
use tokio::runtime::Builder;

use super::http::{TIME, exchange, order};
use super::*;
use crate::kraken::fixture::damaged;

/// Most bytes that a connection of these may be answered with.
const ANSWER_MAX: usize = 256 * 1024;
/// Longest life of a connection whose client has said all: nothing of the venue's own waits is longer.
const LIFE_MAX: Duration = Duration::from_secs(120);

const UPGRADE: &str = "GET /v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A frame with a mask that changes nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    let head = match length {
        0..126 => vec![first, 0x80 | length],
        126.. => vec![first, 0x80 | 126, 0, length],
    };
    [&head[..], &[0; 4], payload].concat()
}

/// What clients send over a connection.
fn scripts() -> Vec<Vec<u8>> {
    let chunked = "POST /0/private/Balance HTTP/1.1\r\nHost: x\r\nAPI-Key: key-a\r\nAPI-Sign: AAAA\r\n\
                   Transfer-Encoding: chunked\r\n\r\n7\r\nnonce=1\r\n0\r\n\r\n";
    let text = |text: &str| frame(0x81, text.as_bytes());
    let public = [
        UPGRADE.as_bytes().to_vec(),
        text(r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}"#),
        text(
            r#"{"method":"subscribe","params":{"channel":"ohlc","interval":5,"symbol":["BTC/USD"]}}"#,
        ),
        frame(0x89, b"are you there"),
        // A message in three parts.
        frame(0x01, br#"{"met"#),
        frame(0x00, br#"hod":"pi"#),
        frame(0x80, br#"ng"}"#),
        frame(0x88, &1000_u16.to_be_bytes()),
    ];
    let old = [
        UPGRADE.replace("/v2", "/").into_bytes(),
        text(
            r#"{"event":"subscribe","pair":["XBT/USD"],"subscription":{"name":"book","depth":10}}"#,
        ),
        text(r#"{"event":"addOrder","token":"T","type":"buy","pair":"XBT/USD","volume":"0.01"}"#),
        frame(0x82, &[0xff; 100]),
    ];
    vec![
        [TIME, TIME].concat().into_bytes(),
        [order(1), order(2)].concat().into_bytes(),
        chunked.as_bytes().to_vec(),
        public.concat(),
        old.concat(),
    ]
}

/// Sends bytes in pieces of `step`, hears everything out; returns how many bytes came back.
async fn talk(mut stream: DuplexStream, bytes: &[u8], step: usize) -> usize {
    let (mut heard, mut answer) = (0, [0; 4096]);
    for piece in bytes.chunks(step) {
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
        while let Ok(Ok(count @ 1..)) = timeout(Duration::ZERO, stream.read(&mut answer)).await {
            heard += count;
        }
    }
    // A venue that is gone has shut it for us.
    drop(stream.shutdown().await);
    while let Ok(count @ 1..) = stream.read(&mut answer).await {
        heard += count;
    }
    heard
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damaged_connections_end_and_harm_nobody(seed in any::<u64>(), which in 0..5_usize, step in 1..600_usize) {
        let script = &scripts()[which];
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            let bytes = damaged(&damaged(script, seed), seed.wrapping_add(1));
            let talking = talk(world.connect(Role::Any, 64 * 1024), &bytes, step);
            let playing = async {
                for price in ["20000.0", "20000.1"] {
                    let trade = crate::kraken::fixture::trade(price, "1", Side::Buy);
                    world.sim.play(&[trade], NOW).await;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            };
            let life = async { tokio::join!(talking, playing).0 };
            let heard = timeout(LIFE_MAX, life).await.expect("the connection ends");
            assert!(heard < ANSWER_MAX, "{heard} bytes");
            tokio::time::sleep(Duration::from_millis(1)).await;
            let tasks = world.tasks.status();
            assert!(tasks.iter().all(|task| task.state == TaskState::Done), "{tasks:?}");
            assert_eq!(world.sim.session_count(), 0);
            let (head, _) = exchange(&mut world.connect(Role::Any, 1024), TIME).await;
            assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        });
    }
}
