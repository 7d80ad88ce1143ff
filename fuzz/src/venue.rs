//! Bytes as what a client sends to the simulated Kraken, over a connection in memory.
//!
//! Time is paused: the venue's own waits cost nothing, and one that never ends is a hang that shows.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::history::VenueEvent;
use model::{Asset, Notional, Price, Quantity, Side, Symbol, Trade, UnixNanos};
use platform::{Clock, Entropy, TaskGroup, TaskState};
use sha2::{Digest as _, Sha256, Sha512};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Builder;
use tokio::time::timeout;
use venue_sim::VenueSink;
use venue_sim::kraken::{AccountConfig, KrakenSim, KrakenSimConfig, MarketEvent, Pair, Role, Tier};

/// Longest life of a connection after the client's last byte.
const LIFE_MAX: Duration = Duration::from_secs(300);
/// Most bytes that it may be answered with.
const ANSWER_MAX: usize = 16 * 1024 * 1024;
/// Bytes of one piece that is sent.
const PIECE: usize = 4096;

const NOW: UnixNanos = UnixNanos::from_secs(1_795_248_087);
const SECRET: &str = "c2VjcmV0";
const PAIRS: [&str; 2] = ["BTC/USD", "ETH/USD"];

/// Private methods that take arguments.
const METHODS: [&str; 13] = [
    "AddOrder",
    "AddOrderBatch",
    "AmendOrder",
    "EditOrder",
    "CancelOrder",
    "CancelOrderBatch",
    "CancelAllOrdersAfter",
    "OpenOrders",
    "ClosedOrders",
    "QueryOrders",
    "TradesHistory",
    "Ledgers",
    "TradeVolume",
];

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now(&self) -> UnixNanos {
        NOW
    }
}

#[derive(Debug)]
struct NoSink;

impl VenueSink for NoSink {
    fn record(&self, _: VenueEvent) {}
}

/// Bytes as they are.
pub fn raw(data: &[u8]) {
    connection(data.to_vec());
}

/// The first byte chooses the method and whether the body is a form or JSON; the rest is the body, and is
/// signed, so that it reaches the method.
pub fn rest(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let method = METHODS[usize::from(*first / 2) % METHODS.len()];
    let (kind, body) = if first % 2 == 0 {
        ("application/x-www-form-urlencoded", [b"nonce=1&", body].concat())
    } else {
        ("application/json", [br#"{"nonce":"1","#, body].concat())
    };
    let path = format!("/0/private/{method}");
    let digest = Sha256::new().chain_update("1").chain_update(&body).finalize();
    let secret = STANDARD.decode(SECRET).expect("base64");
    let mut mac = Hmac::<Sha512>::new_from_slice(&secret).expect("any length");
    mac.update(path.as_bytes());
    mac.update(&digest);
    let sign = STANDARD.encode(mac.finalize().into_bytes());
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAPI-Key: key\r\nAPI-Sign: {sign}\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    connection([head.as_bytes(), &body].concat());
}

/// Lines as messages of a WebSocket; the first byte chooses the version.
pub fn stream(data: &[u8]) {
    let Some((first, lines)) = data.split_first() else { return };
    let path = if first % 2 == 0 { "/v2" } else { "/" };
    let mut bytes = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes();
    for line in lines.split(|byte| *byte == b'\n') {
        bytes.push(0x81);
        match u8::try_from(line.len()) {
            Ok(length) if length < 126 => bytes.push(0x80 | length),
            _ => {
                let length = u16::try_from(line.len()).unwrap_or(u16::MAX);
                bytes.push(0x80 | 126);
                bytes.extend(length.to_be_bytes());
            }
        }
        bytes.extend([0; 4]);
        bytes.extend(&line[..line.len().min(usize::from(u16::MAX))]);
    }
    connection(bytes);
}

fn venue() -> KrakenSim {
    let account = AccountConfig {
        name: "a".to_owned(),
        api_key: "key".to_owned(),
        api_secret: SECRET.to_owned(),
        balances: BTreeMap::from(["USD", "BTC"].map(|asset| {
            (Asset::new(asset), Notional::parse("1000000").expect("a number"))
        })),
        tier: Tier::Pro,
        maker_ppm: 2_500,
        taker_ppm: 4_000,
        volume: Notional::ZERO,
        nonce_window: 0,
    };
    let pairs = PAIRS.map(|name| Pair::by_name(name).expect("listed")).into();
    let config = KrakenSimConfig::new(vec![account], pairs);
    let venue = KrakenSim::new(config, Arc::new(Still), Entropy::from_seed(1), Arc::new(NoSink));
    let venue = venue.expect("a valid venue");
    venue.play_past(&[MarketEvent::Trade(trade("20000"))]);
    venue
}

fn trade(price: &str) -> Trade {
    Trade {
        symbol: Symbol::new("BTC/USD"),
        venue_ts: NOW,
        price: Price::parse(price).expect("a price"),
        quantity: Quantity::parse("1").expect("a quantity"),
        taker_side: Some(Side::Sell),
        trade_id: None,
    }
}

/// One connection from its first byte to its end, with a trade at the venue in the middle.
fn connection(bytes: Vec<u8>) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let (venue, group) = (venue(), TaskGroup::new("fuzz"));
        let (near, far) = duplex(64 * 1024);
        let (serving, spawner) = (venue.clone(), group.spawner());
        group.spawner().spawn("connections", "connection", async move {
            let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
            serving.serve_connection(Role::Any, from, Box::new(far), spawner).await;
            Ok(())
        });
        let life = talk(near, &bytes, &venue);
        let heard = timeout(LIFE_MAX, life).await.expect("the connection ends");
        assert!(heard < ANSWER_MAX, "{heard} bytes");
        tokio::time::sleep(Duration::from_millis(1)).await;
        let tasks = group.status();
        assert!(tasks.iter().all(|task| task.state == TaskState::Done), "{tasks:?}");
        assert_eq!(venue.session_count(), 0);
    });
}

async fn talk(mut stream: DuplexStream, bytes: &[u8], venue: &KrakenSim) -> usize {
    let (mut heard, mut answer) = (0, vec![0; 64 * 1024]);
    for piece in bytes.chunks(PIECE) {
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        while let Ok(Ok(count @ 1..)) = timeout(Duration::ZERO, stream.read(&mut answer)).await {
            heard += count;
        }
    }
    venue.play(&[trade("19000")], NOW).await;
    // A venue that is gone has shut it for us.
    drop(stream.shutdown().await);
    while let Ok(count @ 1..) = stream.read(&mut answer).await {
        heard += count;
    }
    heard
}
