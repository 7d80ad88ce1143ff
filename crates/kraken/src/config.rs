//! Everything that can be set about Kraken.

use std::time::Duration;

use model::Symbol;
use platform::Endpoint;
use resilience::{
    BackoffConfig, BackoffConfigError, BreakerConfig, BreakerConfigError, Jitter, LaneConfig,
    LaneConfigError, LimiterConfig,
};
use thiserror::Error;
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
    /// Waits before a stream connects again; default 1 s to 15 s, half of it by chance.
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
const CANCEL_LIMIT: LimiterConfig = LimiterConfig { capacity: 10, window: Duration::from_secs(30) };

/// About 150 connection attempts in ten minutes get an address banned. A stream that waits 7.5 s to 15 s
/// makes at most 80 and usually 53, so two streams stay below it even if every dial succeeds at once.
const RECONNECT: BackoffConfig = BackoffConfig {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(15),
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

/// A setting that cannot work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A lane's settings make no sense.
    #[error(transparent)]
    Lane(#[from] LaneConfigError),
    /// The settings of the connect breaker make no sense.
    #[error("connect_breaker: {0}")]
    Breaker(#[from] BreakerConfigError),
    /// The waits before a stream connects again make no sense.
    #[error("reconnect: {0}")]
    Reconnect(#[from] BackoffConfigError),
    /// Another setting is out of its range.
    #[error("{setting}: expected {expected}")]
    Range {
        /// Name of the field.
        setting: &'static str,
        /// What would do.
        expected: &'static str,
    },
}

/// Depths of a book that Kraken offers.
const BOOK_DEPTHS: [u32; 5] = [10, 25, 100, 500, 1000];

/// Kraken closes a connection that is idle for longer.
const IDLE_MAX: Duration = Duration::from_secs(60);

impl KrakenConfig {
    /// Checks what the parts do not check themselves.
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that cannot work.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        self.reconnect.validate()?;
        let seconds = Duration::from_secs;
        let positive = [
            self.connect_timeout,
            self.subscribe_timeout,
            self.silence_max,
            self.pong_timeout,
            self.request_timeout,
        ];
        let checks = [
            (!self.symbols.is_empty(), "symbols", "at least one pair"),
            (BOOK_DEPTHS.contains(&self.book_depth), "book_depth", "10, 25, 100, 500 or 1000"),
            (
                (seconds(2)..=seconds(60)).contains(&self.order_deadline),
                "order_deadline",
                "2 s to 60 s",
            ),
            (
                !self.ping_interval.is_zero() && self.ping_interval < IDLE_MAX,
                "ping_interval",
                "more than zero and less than 60 s",
            ),
            (positive.iter().all(|time| !time.is_zero()), "timeouts", "all of them above zero"),
        ];
        match checks.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, setting, expected)) => Err(ConfigError::Range { setting, expected }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> KrakenConfig {
        let credentials = Credentials::new("key", "c2VjcmV0").expect("valid");
        KrakenConfig::production(credentials, vec![Symbol::new("BTC/USD")])
    }

    #[test]
    fn the_defaults_are_valid() {
        assert!(config().validate().is_ok());
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let check = |change: fn(&mut KrakenConfig), expected: &str| {
            let mut config = config();
            change(&mut config);
            let error = config.validate().expect_err(expected);
            assert_eq!(error.to_string(), expected);
        };
        check(|config| config.symbols.clear(), "symbols: expected at least one pair");
        check(|config| config.book_depth = 20, "book_depth: expected 10, 25, 100, 500 or 1000");
        check(
            |config| config.order_deadline = Duration::from_secs(90),
            "order_deadline: expected 2 s to 60 s",
        );
        check(
            |config| config.ping_interval = Duration::from_secs(60),
            "ping_interval: expected more than zero and less than 60 s",
        );
        check(
            |config| config.reconnect.base = Duration::ZERO,
            "reconnect: backoff base is below 1 ms",
        );
        check(
            |config| config.silence_max = Duration::ZERO,
            "timeouts: expected all of them above zero",
        );
    }
}
