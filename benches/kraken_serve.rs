//! Two servers on loopback that push the same messages: the simulated venue, and tungstenite alone.
//!
//! Each runs on a thread of its own with a runtime of one thread, as `wavetank serve` does. The client is
//! the thread of the bench: it cuts the stream into frames, and does nothing else that could be the limit.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;

use futures_util::SinkExt as _;
use model::history::VenueEvent;
use model::{Level, Side, Trade, UnixNanos};
use platform::{Binder as _, Entropy, SystemClock, TaskGroup, TcpBinder};
use tokio::runtime::Builder;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use venue_sim::VenueSink;
use venue_sim::kraken::{KrakenSim, KrakenSimConfig, MarketEvent, Pace, Pair, Role};

use crate::kraken_frames::{instrument, level};

/// Bytes that the client reads at once.
const READ_BUFFER: usize = 256 * 1024;
/// Of so many messages one is a trade; the rest are changes of the book.
const TRADE_EVERY: usize = 8;
/// Depth of the recorded book.
const LEVELS: i64 = 100;

/// What a client asks for.
const SUBSCRIPTIONS: [&str; 2] = [
    r#"{"method":"subscribe","params":{"channel":"book","depth":10,"symbol":["BTC/USD"]}}"#,
    r#"{"method":"subscribe","params":{"channel":"trade","snapshot":false,"symbol":["BTC/USD"]}}"#,
];
/// What comes before the first round: status, two acknowledgements, a snapshot of the book.
const BEFORE: usize = 4;

/// The simulated venue with one client that follows one pair.
pub(crate) struct Served {
    go: tokio::sync::mpsc::Sender<()>,
    client: Client,
    messages: usize,
}

impl Served {
    pub(crate) fn start(messages: usize) -> Self {
        let (tell, address) = mpsc::sync_channel(1);
        let (go, rounds) = tokio::sync::mpsc::channel(1);
        spawn(move || serve(messages, &tell, rounds));
        let mut client = Client::connect(address.recv().expect("it listens"));
        for text in SUBSCRIPTIONS {
            client.send(text);
        }
        client.read(BEFORE, |_| {});
        Self { go, client, messages }
    }

    /// Lets everything happen once more, and reads what is told of it.
    pub(crate) fn round(&mut self) -> usize {
        self.go.blocking_send(()).expect("the server lives");
        self.client.read(self.messages, |_| {})
    }

    /// The messages of a round.
    pub(crate) fn texts(&mut self) -> Vec<Utf8Bytes> {
        self.go.blocking_send(()).expect("the server lives");
        let mut texts = Vec::with_capacity(self.messages);
        self.client.read(self.messages, |payload| {
            let text = std::str::from_utf8(payload).expect("texts are UTF-8");
            texts.push(Utf8Bytes::from(text));
        });
        texts
    }
}

/// Nobody reads the venue's history.
#[derive(Debug)]
struct NoSink;

impl VenueSink for NoSink {
    fn record(&self, _: VenueEvent) {}
}

fn serve(
    messages: usize,
    tell: &mpsc::SyncSender<SocketAddr>,
    mut rounds: tokio::sync::mpsc::Receiver<()>,
) {
    let symbol = instrument().symbol;
    let pair = Pair::by_name(symbol.as_str()).expect("a listed pair");
    let mut config = KrakenSimConfig::new(Vec::new(), vec![pair]);
    config.recorded_books.insert(symbol);
    let entropy = Entropy::from_seed(1);
    let venue = KrakenSim::new(config, Arc::new(SystemClock), entropy, Arc::new(NoSink));
    let venue = venue.expect("a valid venue");
    venue.play_past(&[snapshot()]);
    let market = market(messages);
    run(async {
        let bound = TcpBinder.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let mut listener = bound.expect("a free port");
        tell.send(listener.address()).expect("the bench waits");
        let (stream, peer) = listener.accept().await.expect("the client comes");
        let group = TaskGroup::new("bench");
        let spawner = group.spawner();
        let serving = venue.clone();
        group.spawner().spawn("bench", "connection", async move {
            serving.serve_connection(Role::Any, peer.ip(), stream, spawner).await;
            Ok(())
        });
        while rounds.recv().await.is_some() {
            venue.play_market(&market, UnixNanos::ZERO, Pace::Readers).await;
        }
    });
}

fn snapshot() -> MarketEvent {
    // Turn 0 is that of no change: every change is one.
    let side = |sign: i64| (1..=LEVELS).map(|steps| level(sign * steps, 0)).collect();
    depth(true, side(-1), side(1))
}

fn depth(snapshot: bool, bids: Vec<Level>, asks: Vec<Level>) -> MarketEvent {
    let symbol = instrument().symbol;
    MarketEvent::Depth { at: UnixNanos::ZERO, symbol, snapshot, bids, asks }
}

/// Events that are due at once, each of which makes one message.
fn market(messages: usize) -> Vec<MarketEvent> {
    let event = |turn: usize| {
        let steps = i64::try_from(1 + turn * turn % 10).expect("small");
        if turn.is_multiple_of(TRADE_EVERY) {
            let Level { price, quantity } = level(500, turn);
            return MarketEvent::Trade(Trade {
                symbol: instrument().symbol,
                venue_ts: UnixNanos::ZERO,
                // Between the best prices of nobody: the recorded book stays as it is.
                price,
                quantity,
                taker_side: Some(Side::Buy),
                trade_id: Some(u64::try_from(turn).expect("small")),
            });
        }
        match turn % 2 {
            0 => depth(false, vec![level(-steps, turn)], Vec::new()),
            _ => depth(false, Vec::new(), vec![level(steps, turn)]),
        }
    };
    (0..messages).map(event).collect()
}

/// A server that knows nothing but the messages.
pub(crate) struct Floor {
    go: tokio::sync::mpsc::Sender<()>,
    client: Client,
    messages: usize,
}

impl Floor {
    /// Sends each message as it comes, or feeds them and flushes at the end.
    pub(crate) fn start(texts: Vec<Utf8Bytes>, feeds: bool) -> Self {
        let messages = texts.len();
        let (tell, address) = mpsc::sync_channel(1);
        let (go, mut rounds) = tokio::sync::mpsc::channel(1);
        spawn(move || {
            run(async {
                let bound = TcpBinder.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
                let mut listener = bound.expect("a free port");
                tell.send(listener.address()).expect("the bench waits");
                let (stream, _) = listener.accept().await.expect("the client comes");
                let upgraded = tokio_tungstenite::accept_async(stream).await;
                let mut socket = upgraded.expect("the client upgrades");
                while rounds.recv().await.is_some() {
                    for text in &texts {
                        let message = Message::Text(text.clone());
                        let sent = match feeds {
                            true => socket.feed(message).await,
                            false => socket.send(message).await,
                        };
                        sent.expect("the client reads");
                    }
                    socket.flush().await.expect("the client reads");
                }
            });
        });
        let client = Client::connect(address.recv().expect("it listens"));
        Self { go, client, messages }
    }

    pub(crate) fn round(&mut self) -> usize {
        self.go.blocking_send(()).expect("the server lives");
        self.client.read(self.messages, |_| {})
    }
}

#[expect(clippy::disallowed_methods, reason = "a server beside the bench")]
fn spawn(work: impl FnOnce() + Send + 'static) {
    thread::spawn(work);
}

fn run(work: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(work);
}

/// Reads frames of texts.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What is in the buffer and not yet looked at.
    filled: std::ops::Range<usize>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).expect("somebody listens");
        stream.set_nodelay(true).expect("a socket");
        let request = format!(
            "GET /v2 HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        Self { stream, buffer: vec![0; READ_BUFFER], filled: 0..0 }
    }

    /// Sends a text with a mask of zeros.
    fn send(&mut self, text: &str) {
        let length = u8::try_from(text.len()).expect("short");
        let mut frame = match length {
            0..126 => vec![0x81, 0x80 | length],
            126.. => vec![0x81, 0x80 | 126, 0, length],
        };
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).expect("sent");
    }

    /// Reads so many messages, heartbeats not counted; returns their bytes.
    fn read(&mut self, messages: usize, mut each: impl FnMut(&[u8])) -> usize {
        let (mut left, mut bytes) = (messages, 0);
        while left > 0 {
            let Some((head, length)) = header(&self.buffer[self.filled.clone()]) else {
                self.fill();
                continue;
            };
            if self.filled.len() < head + length {
                self.fill();
                continue;
            }
            let start = self.filled.start + head;
            self.filled.start = start + length;
            let payload = &self.buffer[start..start + length];
            if payload.starts_with(br#"{"channel":"heartbeat""#) {
                continue;
            }
            each(payload);
            bytes += length;
            left -= 1;
        }
        bytes
    }

    fn fill(&mut self) {
        self.buffer.copy_within(self.filled.clone(), 0);
        self.filled = 0..self.filled.len();
        let room = &mut self.buffer[self.filled.end..];
        let read = self.stream.read(room).expect("the server lives");
        assert!(read > 0, "the server hung up");
        self.filled.end += read;
    }
}

/// Length of the header and of the payload, once the header is there.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    assert!(bytes.first().is_none_or(|first| *first == 0x81), "only whole texts are sent");
    match *bytes {
        [_, 126, high, low, ..] => Some((4, usize::from(u16::from_be_bytes([high, low])))),
        [_, 126, ..] | [] | [_] => None,
        [_, short, ..] => {
            assert!(short < 126, "no message here is as long");
            Some((2, usize::from(short)))
        }
    }
}
