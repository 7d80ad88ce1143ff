//! What a writer can be told.

use std::fmt;
use std::time::Duration;

use platform::Endpoint;
use resilience::{
    BackoffConfig, BackoffConfigError, LaneConfig, LaneConfigError, LimiterConfig,
    LimiterConfigError, RetryConfig, WindowLimit,
};
use thiserror::Error;
use transport::HttpConfig;

/// Longest name of an organisation or a bucket, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// Settings of an [`super::InfluxWriter`].
#[derive(Debug, Clone)]
pub struct InfluxConfig {
    /// Where the database listens.
    pub endpoint: Endpoint,
    /// The organisation; 1 to 200 bytes.
    pub org: String,
    /// The bucket; 1 to 200 bytes.
    pub bucket: String,
    /// The token that may write into the bucket.
    pub token: InfluxToken,
    /// Points of one request; so many are written at once. 1 to 10 000, default 1000.
    pub batch_max: usize,
    /// Longest wait of a point for others. Above zero, at most an hour, default 2 s.
    pub wait_max: Duration,
    /// Points that wait while the database is away; for one more, the oldest goes, and is counted.
    /// Twice `batch_max` to 1 000 000, default 50 000. A point takes about 200 bytes, at most 4 KiB.
    pub buffer_max: usize,
    /// Longest request, with its retries and waits. Above zero, at most an hour, default 20 s. At least
    /// the lane's `attempt_timeout`, or its breaker would never hear of a database that hangs.
    pub request_timeout: Duration,
    /// Breaker, retries and attempt timeout of the requests. Default: one attempt of 10 s; the writer
    /// repeats by itself, with its points still in the buffer.
    pub lane: LaneConfig,
    /// How often requests may be made. Default 100 in ten seconds.
    pub limit: LimiterConfig,
    /// Waits after a failed request. Default 1 s to 30 s, by chance.
    pub again: BackoffConfig,
    /// Connections. Default: two.
    pub http: HttpConfig,
}

/// A token: a secret that does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct InfluxToken(String);

/// What no header can carry, or nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("token: expected visible ASCII characters, at least one")]
pub struct InvalidToken;

impl InfluxToken {
    /// Checks and wraps a text.
    ///
    /// # Errors
    /// [`InfluxConfigError::Token`]: empty, or a character that no header can carry.
    pub fn new(text: &str) -> Result<Self, InfluxConfigError> {
        let fits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidToken.into()) }
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for InfluxToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InfluxToken(..)")
    }
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InfluxConfigError {
    /// The token is none.
    #[error("influx {0}")]
    Token(#[from] InvalidToken),
    /// A limit of the HTTP client cannot work.
    #[error("influx http: {0}")]
    Http(#[from] transport::HttpConfigError),
    /// A name is empty or too long.
    #[error("influx `{setting}`: expected 1 to {NAME_BYTES_MAX} bytes")]
    Name {
        /// Name of the field.
        setting: &'static str,
    },
    /// A count is out of its range.
    #[error("influx `{setting}` is {value}, expected {min} to {max}")]
    Count {
        /// Name of the field.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// Least that would do.
        min: usize,
        /// Most that would do.
        max: usize,
    },
    /// A time is out of its range.
    #[error("influx `{setting}` is {value:?}, expected above zero and at most an hour")]
    Time {
        /// Name of the field.
        setting: &'static str,
        /// Its value.
        value: Duration,
    },
    /// No attempt could have its whole timeout.
    #[error("influx `request_timeout` is {value:?}, expected at least the lane's {least:?}")]
    NoWholeAttempt {
        /// Its value.
        value: Duration,
        /// The lane's `attempt_timeout`.
        least: Duration,
    },
    /// The lane's settings make no sense.
    #[error("influx `lane`: {0}")]
    Lane(#[from] LaneConfigError),
    /// The limit makes no sense.
    #[error("influx `limit`: {0}")]
    Limit(#[from] LimiterConfigError),
    /// The waits make no sense.
    #[error("influx `again`: {0}")]
    Again(#[from] BackoffConfigError),
}

impl InfluxConfig {
    /// Longest of any time.
    const TIME_MAX: Duration = Duration::from_secs(3_600);

    /// The defaults, for a bucket of a database.
    pub fn new(endpoint: Endpoint, org: &str, bucket: &str, token: InfluxToken) -> Self {
        Self {
            endpoint,
            org: org.to_owned(),
            bucket: bucket.to_owned(),
            token,
            batch_max: 1_000,
            wait_max: Duration::from_secs(2),
            buffer_max: 50_000,
            request_timeout: Duration::from_secs(20),
            lane: LaneConfig {
                retry: RetryConfig { retries_max: 0, ..RetryConfig::default() },
                attempt_timeout: Duration::from_secs(10),
                ..LaneConfig::default()
            },
            limit: LimiterConfig::Windows(vec![WindowLimit {
                capacity: 100,
                window: Duration::from_secs(10),
            }]),
            again: BackoffConfig::default(),
            http: HttpConfig { per_host_max: 2, total_max: 2, ..HttpConfig::default() },
        }
    }

    /// Checks what the lane does not check itself.
    ///
    /// # Errors
    /// [`InfluxConfigError`] for the first setting that cannot work.
    pub fn validate(&self) -> Result<(), InfluxConfigError> {
        for (setting, name) in [("org", &self.org), ("bucket", &self.bucket)] {
            if name.is_empty() || name.len() > NAME_BYTES_MAX {
                return Err(InfluxConfigError::Name { setting });
            }
        }
        let counts = [
            ("batch_max", self.batch_max, 1, 10_000),
            ("buffer_max", self.buffer_max, self.batch_max.saturating_mul(2), 1_000_000),
        ];
        for (setting, value, min, max) in counts {
            if !(min..=max).contains(&value) {
                return Err(InfluxConfigError::Count { setting, value, min, max });
            }
        }
        let times = [("wait_max", self.wait_max), ("request_timeout", self.request_timeout)];
        for (setting, value) in times {
            if value.is_zero() || value > Self::TIME_MAX {
                return Err(InfluxConfigError::Time { setting, value });
            }
        }
        self.limit.validate()?;
        self.lane.validate()?;
        if self.request_timeout < self.lane.attempt_timeout {
            let (value, least) = (self.request_timeout, self.lane.attempt_timeout);
            return Err(InfluxConfigError::NoWholeAttempt { value, least });
        }
        self.http.validate()?;
        Ok(self.again.validate()?)
    }
}
