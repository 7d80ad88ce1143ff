//! Everything that can be set about Kraken.

use std::time::Duration;

use model::Symbol;
use platform::Endpoint;
use resilience::{BackoffConfig, BreakerConfig, Jitter, LaneConfig, LimiterConfig};
use transport::HttpConfig;

use crate::codec::sign::Credentials;

/// Settings of the Kraken client.
#[derive(Debug, Clone)]
pub struct KrakenConfig {
    /// REST server.
    pub rest: Endpoint,
    /// Server of the public WebSocket.
    pub public_ws: Endpoint,
    /// Server of the private WebSocket.
    pub private_ws: Endpoint,
    /// Path of both WebSockets; `/v2`.
    pub ws_path: String,
    /// API key. No other program may use it: its nonces must rise.
    pub credentials: Credentials,
    /// Pairs to follow.
    pub symbols: Vec<Symbol>,
    /// Levels of each side of a book: 10, 25, 100, 500 or 1000; default 10.
    pub book_depth: u32,
    /// HTTP pool and limits.
    pub http: HttpConfig,
    /// Lane of queries, public and private.
    pub read_lane: LaneConfig,
    /// Lane of orders.
    pub order_lane: LaneConfig,
    /// Lane of cancels; an open order breaker does not block it.
    pub cancel_lane: LaneConfig,
    /// Breaker of WebSocket connects, one for each stream.
    pub connect_breaker: BreakerConfig,
    /// Longest dial and WebSocket handshake together; default 30 s.
    pub connect_timeout: Duration,
    /// Longest wait for a subscription's acknowledgements and snapshots; default 10 s.
    pub subscribe_timeout: Duration,
    /// Longest silence of a stream before it is asked for a sign of life; default 10 s.
    pub silence_max: Duration,
    /// Longest wait for that sign of life; default 5 s.
    pub pong_timeout: Duration,
    /// Time between pings that keep a quiet connection open; default 30 s. Kraken closes after 60 s.
    pub ping_interval: Duration,
    /// Longest request, with its retries and waits; default 30 s.
    pub request_timeout: Duration,
    /// Waits before a stream connects again; default 1 s to 10 s, half of it by chance.
    pub reconnect: BackoffConfig,
    /// How long after its send the venue's engine may still accept an order; 2 s to 60 s, default 5 s.
    pub order_deadline: Duration,
}

/// Kraken's counter of an intermediate account holds 20 and loses one in two seconds; this is 10 %
/// less, so that a burst after a quiet time still fits.
const READ_LIMIT: LimiterConfig = LimiterConfig { capacity: 18, window: Duration::from_secs(40) };

/// The engine's counter of an intermediate account holds 125 per pair and loses 2.34 per second. An
/// order adds one, a cancel up to eight.
const ORDER_LIMIT: LimiterConfig = LimiterConfig { capacity: 40, window: Duration::from_secs(30) };

/// See [`ORDER_LIMIT`].
const CANCEL_LIMIT: LimiterConfig = LimiterConfig { capacity: 20, window: Duration::from_secs(30) };

/// About 150 connection attempts in ten minutes get an address banned. Two streams at this pace make
/// fewer, even without their breakers.
const RECONNECT: BackoffConfig = BackoffConfig {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(10),
    jitter: Jitter::Equal,
};

impl KrakenConfig {
    /// Kraken's own servers and the defaults.
    pub fn production(credentials: Credentials, symbols: Vec<Symbol>) -> Self {
        let tls = |host: &str| Endpoint { host: host.to_owned(), port: 443, tls: true };
        let lane = |limiter| LaneConfig { limiter, ..LaneConfig::default() };
        Self {
            rest: tls("api.kraken.com"),
            public_ws: tls("ws.kraken.com"),
            private_ws: tls("ws-auth.kraken.com"),
            ws_path: "/v2".to_owned(),
            credentials,
            symbols,
            book_depth: 10,
            http: HttpConfig::default(),
            read_lane: lane(READ_LIMIT),
            order_lane: lane(ORDER_LIMIT),
            cancel_lane: lane(CANCEL_LIMIT),
            connect_breaker: BreakerConfig::default(),
            connect_timeout: Duration::from_secs(30),
            subscribe_timeout: Duration::from_secs(10),
            silence_max: Duration::from_secs(10),
            pong_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            reconnect: RECONNECT,
            order_deadline: Duration::from_secs(5),
        }
    }
}
