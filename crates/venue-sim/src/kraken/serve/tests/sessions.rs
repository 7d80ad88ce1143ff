//! WebSocket sessions with frames made by hand.

use super::*;
use crate::kraken::{MarketEvent, Pace};

/// A client that has upgraded.
pub(super) struct Client(DuplexStream);

/// What a server's frame carries.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Text(String),
    Close(u16),
    Pong(Vec<u8>),
}

impl Client {
    pub(super) async fn open(world: &World, role: Role, window: usize) -> Self {
        let mut stream = world.connect(role, window);
        // Key and answer are those of RFC 6455, section 1.3.
        let request = "GET /v2 HTTP/1.1\r\nHost: ws.kraken.com\r\nUpgrade: websocket\r\n\
                       Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = read_until(&mut stream, "\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
        assert!(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
        let mut client = Self(stream);
        assert!(client.text().await.contains(r#""channel":"status""#));
        client
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes()).await;
    }

    /// Writes one masked frame of up to 64 KiB.
    async fn frame(&mut self, opcode: u8, payload: &[u8]) {
        let mask = [1, 2, 3, 4];
        let mut bytes = vec![opcode];
        match u8::try_from(payload.len()) {
            Ok(length) if length < 126 => bytes.push(0x80 | length),
            _ => {
                bytes.push(0x80 | 126);
                bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
            }
        }
        bytes.extend(mask);
        let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        bytes.extend(masked);
        self.0.write_all(&bytes).await.unwrap();
    }

    pub(super) async fn read(&mut self) -> std::io::Result<Frame> {
        let opcode = self.0.read_u8().await?;
        let length = match self.0.read_u8().await? {
            126 => usize::from(self.0.read_u16().await?),
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await?;
        Ok(match opcode {
            0x81 => Frame::Text(String::from_utf8(payload).unwrap()),
            0x88 => Frame::Close(u16::from_be_bytes([payload[0], payload[1]])),
            0x8a => Frame::Pong(payload),
            other => panic!("frame {other:#x}"),
        })
    }

    pub(super) async fn text(&mut self) -> String {
        match self.read().await.unwrap() {
            Frame::Text(text) => text,
            other @ (Frame::Close(_) | Frame::Pong(_)) => panic!("{other:?}"),
        }
    }
}

pub(super) const SUBSCRIBE: &str =
    r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]},"req_id":3}"#;
pub(super) const HEARTBEAT: &str = r#"{"channel":"heartbeat"}"#;

/// A trade at a price that no trade had before.
pub(super) fn trade(n: i64) -> Vec<model::Trade> {
    let price = format!("{}.5", 20_000 + n);
    vec![crate::kraken::fixture::trade(&price, "1", model::Side::Buy)]
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_may_name_its_connection_in_two_headers() {
    let world = World::new();
    let mut stream = world.connect(Role::Any, 1024);
    let request = "GET /v2 HTTP/1.1\r\nHost: ws.kraken.com\r\nUpgrade: websocket\r\n\
                   Connection: keep-alive\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_subscription_of_too_many_symbols_is_refused_once_and_the_session_goes_on() {
    let world = World::new();
    let mut client = Client::open(&world, Role::Any, 65_536 * 2).await;
    let symbols = vec![r#""X""#; 10_000].join(",");
    let text =
        format!(r#"{{"method":"subscribe","params":{{"channel":"book","symbol":[{symbols}]}}}}"#);
    client.send(&text).await;
    assert!(client.text().await.contains("Too many symbols in one request"));
    client.send(r#"{"method":"ping"}"#).await;
    assert!(client.text().await.contains("pong"));
}

#[tokio::test(start_paused = true)]
async fn a_subscribed_session_hears_a_heartbeat_every_second_of_silence() {
    let world = World::new();
    let mut client = Client::open(&world, Role::PublicStream, 65_536).await;
    let silent = timeout(Duration::from_secs(5), client.text()).await;
    assert!(silent.is_err(), "nothing is subscribed");
    client.send(SUBSCRIBE).await;
    assert!(client.text().await.contains(r#""req_id":3,"result""#));
    assert!(client.text().await.contains("snapshot"));
    let began = Instant::now();
    assert_eq!(client.text().await, HEARTBEAT);
    assert_eq!(client.text().await, HEARTBEAT);
    assert_eq!(began.elapsed().as_secs(), 2);
    tokio::time::sleep(Duration::from_millis(600)).await;
    world.sim.play(&trade(0), NOW).await;
    assert!(client.text().await.contains(r#""channel":"book","type":"update""#));
    let began = Instant::now();
    assert_eq!(client.text().await, HEARTBEAT);
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn pings_of_both_kinds_are_answered() {
    let world = World::new();
    let mut client = Client::open(&world, Role::Any, 1024).await;
    client.send(r#"{"method":"ping","req_id":1}"#).await;
    assert!(client.text().await.starts_with(r#"{"method":"pong","req_id":1,"#));
    client.frame(0x89, b"abc").await;
    assert_eq!(client.read().await.unwrap(), Frame::Pong(b"abc".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_closed_after_a_minute_and_a_ping_prolongs_it() {
    let world = World::new();
    let mut client = Client::open(&world, Role::Any, 1024).await;
    tokio::time::sleep(Duration::from_secs(50)).await;
    client.send(r#"{"method":"ping"}"#).await;
    client.text().await;
    let began = Instant::now();
    assert_eq!(client.read().await.unwrap(), Frame::Close(1000));
    assert_eq!(began.elapsed().as_secs(), 60);
    client.frame(0x88, &1000_u16.to_be_bytes()).await;
    assert!(client.read().await.is_err());
    assert_eq!(world.memory.lines(), ["session 1 opened", "session 1 closed"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_close_is_answered() {
    let world = World::new();
    let mut client = Client::open(&world, Role::Any, 1024).await;
    client.frame(0x88, &1001_u16.to_be_bytes()).await;
    assert_eq!(client.read().await.unwrap(), Frame::Close(1001));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.running(), 0);
    assert_eq!(world.memory.lines(), ["session 1 opened", "session 1 closed"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_disconnected() {
    let world = World::new();
    let mut client = Client::open(&world, Role::Any, 4096).await;
    client.send(SUBSCRIBE).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    for n in 0..1_200 {
        world.sim.play(&trade(n), NOW).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(world.memory.lines(), ["session 1 opened", "session 1 closed"]);
    assert_eq!(world.running(), 0);
    while client.read().await.is_ok() {}
}

#[tokio::test(start_paused = true)]
async fn a_dropped_connection_ends_its_session() {
    let world = World::new();
    let client = Client::open(&world, Role::Any, 1024).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(world.memory.lines(), ["session 1 opened", "session 1 closed"]);
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_server_ends_its_sessions() {
    let world = World::new();
    let mut client = Client::open(&world, Role::Any, 1024).await;
    let (tasks, memory) = (world.tasks, world.memory);
    tasks.cancel_group("connections");
    assert!(client.read().await.is_err());
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(memory.lines(), ["session 1 opened", "session 1 closed"]);
    tasks.join(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_ends_the_session() {
    let world = World::new();
    let mut client = Client::open(&world, Role::Any, 65_536 * 2).await;
    let long = "x".repeat(65_535);
    client.send(&long).await;
    assert!(client.text().await.contains("Malformed request"));
    // Two fragments are 128 KiB together: more than a message may have.
    client.frame(0x01, long.as_bytes()).await;
    client.frame(0x80, long.as_bytes()).await;
    while client.read().await.is_ok() {}
    assert_eq!(world.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_holds_up_a_market_only_if_its_readers_set_the_pace() {
    let took = async |pace: Pace| {
        let world = World::new();
        let mut client = Client::open(&world, Role::Any, 4096).await;
        client.send(SUBSCRIBE).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        let event = |n: i64| {
            let mut trade = trade(n).remove(0);
            trade.venue_ts = NOW.plus(Duration::from_millis(n.unsigned_abs()));
            MarketEvent::Trade(trade)
        };
        let events: Vec<MarketEvent> = (0..900).map(event).collect();
        let began = Instant::now();
        world.sim.play_market(&events, NOW, pace).await;
        began.elapsed().as_millis()
    };
    assert!((899..1_000).contains(&took(Pace::Time).await));
    assert!(took(Pace::Readers).await > 5_000);
}
