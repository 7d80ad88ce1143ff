//! Everything that can be set about Kraken.

use std::time::Duration;

use model::Symbol;
use platform::Endpoint;
use resilience::{
    BackoffConfig, BackoffConfigError, BatcherConfig, BatcherConfigError, BreakerConfig,
    CacheConfig, CacheConfigError, CounterLimit, GatherConfig, GatherConfigError, Jitter,
    LaneConfig, LaneConfigError, LimiterConfig, LimiterConfigError, RetryConfig,
};
use thiserror::Error;
use transport::{HttpConfig, HttpConfigError, WsConfig, WsConfigError};

use crate::codec::sign::Credentials;
use crate::rest::TURN_WAIT_MAX;
use crate::tier::{Tier, less};

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
    /// Tier of the account, which decides how fast it may be; default intermediate.
    pub tier: Tier,
    /// How far to stay below the tier's counters: so many percent less of the maximum, and as if they
    /// fell so many percent more slowly. 0 to 50, default 10: requests do not arrive as evenly as they
    /// are sent.
    pub limit_margin_percent: u32,
    /// Rate of public requests, of which Kraken publishes no limit; default 5 within 5 s.
    pub public_limit: LimiterConfig,
    /// Rate of WebSocket dials, both streams together; default 120 within 10 min. From about 150 on
    /// Kraken's edge bans the address for ten minutes.
    pub dial_limit: LimiterConfig,
    /// Levels of each side of a book: 10, 25, 100, 500 or 1000; default 10.
    pub book_depth: u32,
    /// HTTP pool and limits.
    pub http: HttpConfig,
    /// Lane of queries, public and private; default attempts of 10 s.
    pub read_lane: LaneConfig,
    /// Lane of orders; default attempts of 15 s. By default one success closes its breaker, as that of cancels: a
    /// second order may be hours away, and the venue would be told as unwell until then.
    pub order_lane: LaneConfig,
    /// Lane of cancels, with attempts of 10 s by default; an open order breaker does not block it.
    pub cancel_lane: LaneConfig,
    /// Breaker of WebSocket connects, one for each stream. By default one success closes it, too: a stream that
    /// lives dials no more.
    pub connect_breaker: BreakerConfig,
    /// Longest dial and WebSocket handshake together; default 30 s.
    pub connect_timeout: Duration,
    /// Longest wait for a subscription's acknowledgements and snapshots; default 10 s.
    pub subscribe_timeout: Duration,
    /// Longest silence of a stream before it is asked for a sign of life; default 10 s.
    pub silence_max: Duration,
    /// Longest wait for that sign of life; default 5 s.
    pub pong_timeout: Duration,
    /// Longest time without a change of a book before its subscription is renewed: a snapshot that differs
    /// from our book proves that changes do not come any more, though heartbeats may; default 30 s.
    pub quiet_max: Duration,
    /// Time between pings that keep a quiet connection open; default 30 s. Kraken closes after 60 s.
    pub ping_interval: Duration,
    /// Longest request, with its retries and waits; default 30 s. At least the `attempt_timeout` of every
    /// lane, or no attempt would ever have its whole timeout and no breaker hear of a venue that hangs.
    pub request_timeout: Duration,
    /// How long the rules of pairs are kept, and for how many sets of pairs; default 300 s, 1000.
    pub instrument_cache: CacheConfig,
    /// How questions for single orders are joined: at most 50 into one request, after at most 50 ms,
    /// four requests at once. A batch ends by the latest deadline of those who asked, so at most
    /// [`KrakenConfig::request_timeout`] after the last of them, and its `batch_timeout` (default 60 s)
    /// should be longer. Nobody waits for them at the end.
    pub lookup: BatcherConfig,
    /// Requests of one read over several pairs or parts that run at once; default 4.
    pub gather: GatherConfig,
    /// Waits before a stream connects again; default 1 s to 15 s, half of it by chance.
    pub reconnect: BackoffConfig,
    /// Whether another process used the key until a moment ago, as before a restart: Kraken's decaying
    /// counters are then taken for full at the start, which costs a few seconds. Default false.
    pub counters_full_at_start: bool,
    /// How long after its send the venue's engine may still accept an order; 2 s to 60 s, default 5 s.
    pub order_deadline: Duration,
}

/// About 150 connection attempts in ten minutes get an address banned. A stream that waits 7.5 s to 15 s
/// makes at most 80 and usually 53, so two streams stay below it even if every dial succeeds at once.
const RECONNECT: BackoffConfig = BackoffConfig {
    base: Duration::from_secs(1),
    cap: Duration::from_secs(15),
    jitter: Jitter::Equal,
};

/// Longest attempt of what may be repeated: two of them fit whole into the 30 s of a request, so that a
/// breaker hears of each of them when Kraken hangs.
const REPEATED_TIMEOUT: Duration = Duration::from_secs(10);

/// Orders that Kraken takes in one question.
const LOOKUP_IDS_MAX: usize = 50;

const LOOKUP: BatcherConfig = BatcherConfig {
    size_max: LOOKUP_IDS_MAX,
    wait_max: Duration::from_millis(50),
    running_max: 4,
    queue_max: 1000,
    batch_timeout: Duration::from_secs(60),
    flush_max: Duration::ZERO,
};

impl KrakenConfig {
    /// Kraken's own servers and the defaults.
    pub fn production(credentials: Credentials, symbols: Vec<Symbol>) -> Self {
        let tls = |host: &str| Endpoint { host: host.to_owned(), port: 443, tls: true };
        Self {
            rest: tls("api.kraken.com"),
            public_ws: tls("ws.kraken.com"),
            private_ws: tls("ws-auth.kraken.com"),
            ws_path: "/v2".to_owned(),
            credentials,
            symbols,
            tier: Tier::Intermediate,
            limit_margin_percent: 10,
            public_limit: LimiterConfig::window(5, Duration::from_secs(5)),
            dial_limit: LimiterConfig::window(120, Duration::from_secs(600)),
            book_depth: 10,
            http: HttpConfig::default(),
            read_lane: LaneConfig { attempt_timeout: REPEATED_TIMEOUT, ..LaneConfig::default() },
            order_lane: LaneConfig { breaker: seldom(), ..LaneConfig::default() },
            cancel_lane: LaneConfig {
                breaker: seldom(),
                attempt_timeout: REPEATED_TIMEOUT,
                ..LaneConfig::default()
            },
            connect_breaker: seldom(),
            connect_timeout: Duration::from_secs(30),
            subscribe_timeout: Duration::from_secs(10),
            silence_max: Duration::from_secs(10),
            quiet_max: Duration::from_secs(30),
            pong_timeout: Duration::from_secs(5),
            ping_interval: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            instrument_cache: CacheConfig::default(),
            lookup: LOOKUP,
            gather: GatherConfig { running_max: 4 },
            reconnect: RECONNECT,
            counters_full_at_start: false,
            order_deadline: Duration::from_secs(5),
        }
    }

    /// How fast private requests may be: the tier's counter, less the margin.
    pub fn rest_limit(&self) -> CounterLimit {
        less(self.tier.rest(), self.limit_margin_percent)
    }

    /// How fast orders and cancels of one pair may be: the tier's counter, less the margin.
    pub fn engine_limit(&self) -> CounterLimit {
        less(self.tier.engine(), self.limit_margin_percent)
    }

    /// The lane of a stream's dials. The session repeats a dial after a backoff of its own.
    pub(crate) fn connect_lane(&self) -> LaneConfig {
        LaneConfig {
            breaker: self.connect_breaker.clone(),
            retry: RetryConfig { retries_max: 0, ..RetryConfig::default() },
            attempt_timeout: self.connect_timeout,
            ..LaneConfig::default()
        }
    }

    /// Limits of both WebSockets.
    pub(crate) fn ws(&self) -> WsConfig {
        WsConfig { connect_timeout: self.connect_timeout, ..WsConfig::default() }
    }

    /// Longest time that a request spends between its turn at the limiter and its send: in the pool's
    /// queue and in those of the key, of which a query has two.
    pub fn queue_max(&self) -> Duration {
        self.http.permit_wait_max + TURN_WAIT_MAX * 2
    }
}

/// A setting that cannot work.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A lane's settings make no sense.
    #[error("{setting}: {source}")]
    Lane {
        /// Name of the field.
        setting: &'static str,
        /// Which of its settings.
        source: LaneConfigError,
    },
    /// A limiter's settings make no sense.
    #[error("{limiter}: {source}")]
    Limiter {
        /// Name of the field, or of the limiter that follows from the tier.
        limiter: &'static str,
        /// Which of its settings.
        source: LimiterConfigError,
    },
    /// The waits before a stream connects again make no sense.
    #[error("reconnect: {0}")]
    Reconnect(#[from] BackoffConfigError),
    /// A limit of the HTTP pool makes no sense.
    #[error(transparent)]
    Http(#[from] HttpConfigError),
    /// A limit of the WebSockets makes no sense.
    #[error(transparent)]
    Ws(#[from] WsConfigError),
    /// The settings of the cache of pairs make no sense.
    #[error("instrument_cache: {0}")]
    InstrumentCache(#[source] CacheConfigError),
    /// How questions for orders are joined makes no sense.
    #[error("lookup: {0}")]
    Lookup(#[from] BatcherConfigError),
    /// How much may be read at once makes no sense.
    #[error("gather: {0}")]
    Gather(#[from] GatherConfigError),
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

/// Longest request, dial or subscription.
const TIMEOUT_MAX: Duration = Duration::from_secs(3600);

/// Longest silence of a stream, and longest wait for the sign of life after it: a stream that is dead
/// for longer must not look alive.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A breaker of calls that may be seldom.
fn seldom() -> BreakerConfig {
    BreakerConfig { success_threshold: 1, ..BreakerConfig::default() }
}

impl KrakenConfig {
    /// Checks every setting, so that a client of a valid configuration can be built.
    ///
    /// # Errors
    /// [`ConfigError`] for the first setting that cannot work.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_times()?;
        self.validate_ranges()?;
        self.reconnect.validate()?;
        self.http.validate()?;
        self.ws().validate()?;
        self.instrument_cache.validate().map_err(ConfigError::InstrumentCache)?;
        self.lookup.validate()?;
        self.gather.validate()?;
        let lanes = [
            ("read_lane", &self.read_lane),
            ("order_lane", &self.order_lane),
            ("cancel_lane", &self.cancel_lane),
            ("connect_breaker", &self.connect_lane()),
        ];
        for (setting, lane) in lanes {
            lane.validate().map_err(|source| ConfigError::Lane { setting, source })?;
        }
        let slowest = lanes[..3].iter().map(|(_, lane)| lane.attempt_timeout).max();
        if slowest.is_some_and(|slowest| slowest > self.request_timeout) {
            let expected = "at least the `attempt_timeout` of every lane";
            return Err(ConfigError::Range { setting: "request_timeout", expected });
        }
        let limiters = [
            ("public_limit", &self.public_limit),
            ("dial_limit", &self.dial_limit),
            ("rest_limit", &LimiterConfig::Counter(self.rest_limit())),
            ("engine_limit", &LimiterConfig::Counter(self.engine_limit())),
        ];
        for (limiter, config) in limiters {
            config.validate().map_err(|source| ConfigError::Limiter { limiter, source })?;
        }
        Ok(())
    }

    fn validate_times(&self) -> Result<(), ConfigError> {
        let (hour, minute) = ("more than zero and at most 1 h", "more than zero and at most 60 s");
        let times = [
            ("connect_timeout", self.connect_timeout, TIMEOUT_MAX, hour),
            ("subscribe_timeout", self.subscribe_timeout, TIMEOUT_MAX, hour),
            ("request_timeout", self.request_timeout, TIMEOUT_MAX, hour),
            ("silence_max", self.silence_max, SILENCE_MAX, minute),
            ("quiet_max", self.quiet_max, TIMEOUT_MAX, hour),
            ("pong_timeout", self.pong_timeout, SILENCE_MAX, minute),
        ];
        for (setting, time, most, expected) in times {
            if time.is_zero() || time > most {
                return Err(ConfigError::Range { setting, expected });
            }
        }
        Ok(())
    }

    fn validate_ranges(&self) -> Result<(), ConfigError> {
        let seconds = Duration::from_secs;
        let checks = [
            (!self.symbols.is_empty(), "symbols", "at least one pair"),
            (self.limit_margin_percent <= 50, "limit_margin_percent", "0 to 50"),
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
            (self.lookup.size_max <= LOOKUP_IDS_MAX, "lookup.size_max", "at most 50"),
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
        check(|config| config.limit_margin_percent = 51, "limit_margin_percent: expected 0 to 50");
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
            "reconnect: backoff setting `base` is below 1 ms",
        );
        check(|config| config.lookup.size_max = 51, "lookup.size_max: expected at most 50");
        check(
            |config| config.gather.running_max = 0,
            "gather: gather `running_max` is 0, expected 1 to 10000",
        );
        check(
            |config| config.lookup.wait_max = Duration::ZERO,
            "lookup: batcher `wait_max` is 0ns, expected above zero and at most an hour",
        );
        check(
            |config| config.instrument_cache.entries_max = 0,
            "instrument_cache: cache `entries_max` is 0, expected 1 to 1000000",
        );
        check(
            |config| config.http.per_host_max = 0,
            "http setting `per_host_max`: expected at least 1 and at most `total_max`",
        );
        check(
            |config| config.silence_max = Duration::ZERO,
            "silence_max: expected more than zero and at most 60 s",
        );
    }

    #[test]
    fn times_have_bounds() {
        type Setting = fn(&mut KrakenConfig) -> &mut Duration;
        let check = |name: &str, setting: Setting, most_s: u64| {
            let mut config = config();
            for good in [Duration::from_millis(1), Duration::from_secs(most_s)] {
                *setting(&mut config) = good;
                assert!(config.validate().is_ok(), "{name} {good:?}");
            }
            for bad in [Duration::ZERO, Duration::from_secs(most_s + 1), Duration::MAX] {
                *setting(&mut config) = bad;
                let error = config.validate().expect_err(name).to_string();
                assert!(error.starts_with(&format!("{name}: expected more than zero")), "{error}");
            }
        };
        check("connect_timeout", |config| &mut config.connect_timeout, 3600);
        check("subscribe_timeout", |config| &mut config.subscribe_timeout, 3600);
        check("silence_max", |config| &mut config.silence_max, 60);
        check("quiet_max", |config| &mut config.quiet_max, 3600);
        check("pong_timeout", |config| &mut config.pong_timeout, 60);
    }

    /// Else no attempt would have its whole timeout, and no breaker hear of a venue that hangs.
    #[test]
    fn a_request_has_time_for_an_attempt() {
        let mut config = config();
        for good in [15, 3600].map(Duration::from_secs) {
            config.request_timeout = good;
            assert!(config.validate().is_ok(), "{good:?}");
        }
        for bad in [0, 3601].map(Duration::from_secs) {
            config.request_timeout = bad;
            let error = config.validate().expect_err("out of range").to_string();
            assert_eq!(error, "request_timeout: expected more than zero and at most 1 h");
        }
        config.request_timeout = Duration::from_millis(14_999);
        let error = config.validate().expect_err("less than an attempt").to_string();
        let expected = "request_timeout: expected at least the `attempt_timeout` of every lane";
        assert_eq!(error, expected);
    }

    /// What a client would refuse, the configuration does.
    #[test]
    fn lanes_and_limiters_are_checked_by_name() {
        let check = |change: fn(&mut KrakenConfig), expected: &str| {
            let mut config = config();
            change(&mut config);
            let error = config.validate().expect_err(expected).to_string();
            assert!(error.starts_with(expected), "{error}");
        };
        check(
            |config| config.read_lane.attempt_timeout = Duration::ZERO,
            "read_lane: lane setting `attempt_timeout` of 0ns",
        );
        check(
            |config| config.order_lane.queue_wait_max = Duration::MAX,
            "order_lane: lane setting `queue_wait_max` of",
        );
        check(|config| config.cancel_lane.retry.retries_max = 101, "cancel_lane: ");
        check(|config| config.connect_breaker.open_for = Duration::ZERO, "connect_breaker: ");
        check(
            |config| config.public_limit = LimiterConfig::window(0, Duration::from_secs(1)),
            "public_limit: limiter setting `capacity` is zero",
        );
        check(
            |config| config.dial_limit = LimiterConfig::window(1, Duration::ZERO),
            "dial_limit: limiter setting `window` of 0ns",
        );
    }
}
