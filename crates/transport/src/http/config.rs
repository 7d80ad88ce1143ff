//! Limits of an HTTP client, and which of them make sense.

use std::time::Duration;

use thiserror::Error;
use tokio::sync::Semaphore;

/// Limits of an [`HttpClient`](super::HttpClient).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Requests on the wire to one host, at least 1 and at most `total_max`; default 50. So many idle
    /// connections are kept, too.
    pub per_host_max: usize,
    /// Requests on the wire to all hosts, at least 1; default 200.
    pub total_max: usize,
    /// Longest wait for a place below these two limits, at most 1 h; default 5 s. Zero does not wait: a
    /// full pool refuses at once.
    pub permit_wait_max: Duration,
    /// Longest dial, TLS included, above zero and at most 1 h; default 10 s.
    pub connect_timeout: Duration,
    /// Time after which an unused connection is closed, above zero and at most 1 h; default 60 s.
    pub idle_timeout: Duration,
    /// Longest time from the start of a dial to the last byte of the answer, above zero and at most 1 h;
    /// default 30 s. A backstop: callers bound each attempt more tightly.
    pub exchange_timeout: Duration,
    /// Largest body taken, in bytes, 1 to 1 GiB; default 8 MiB.
    pub body_bytes_max: usize,
    /// Largest head of an answer, in bytes, 8 KiB to 1 MiB; default 64 KiB.
    pub head_bytes_max: usize,
    /// Most header lines of an answer, 1 to 10 000; default 100.
    pub head_lines_max: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            per_host_max: 50,
            total_max: 200,
            permit_wait_max: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            exchange_timeout: Duration::from_secs(30),
            body_bytes_max: 8 * 1024 * 1024,
            head_bytes_max: 64 * 1024,
            head_lines_max: 100,
        }
    }
}

/// A limit of an HTTP client that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
#[error("http setting `{setting}`: expected {expected}")]
pub struct HttpConfigError {
    /// Name of the field.
    pub setting: &'static str,
    /// What would do.
    pub expected: &'static str,
}

/// Longer waits than this are no bounds.
const WAIT_MAX: Duration = Duration::from_secs(3600);
const BODY_BYTES_MAX: usize = 1024 * 1024 * 1024;
/// hyper refuses a smaller read buffer.
const HEAD_BYTES_MIN: usize = 8 * 1024;
const HEAD_BYTES_MAX: usize = 1024 * 1024;
const HEAD_LINES_MAX: usize = 10_000;

impl HttpConfig {
    /// Checks every limit.
    ///
    /// # Errors
    /// [`HttpConfigError`] for the first one that cannot work.
    pub fn validate(&self) -> Result<(), HttpConfigError> {
        let bounded = |time: Duration| !time.is_zero() && time <= WAIT_MAX;
        let time = "more than zero and at most 1 h";
        let checks = [
            (
                (1..=Semaphore::MAX_PERMITS).contains(&self.total_max),
                "total_max",
                "at least 1, and a number that a semaphore can count",
            ),
            (
                (1..=self.total_max).contains(&self.per_host_max),
                "per_host_max",
                "at least 1 and at most `total_max`",
            ),
            (self.permit_wait_max <= WAIT_MAX, "permit_wait_max", "at most 1 h"),
            (bounded(self.connect_timeout), "connect_timeout", time),
            (bounded(self.idle_timeout), "idle_timeout", time),
            (bounded(self.exchange_timeout), "exchange_timeout", time),
            ((1..=BODY_BYTES_MAX).contains(&self.body_bytes_max), "body_bytes_max", "1 to 1 GiB"),
            (
                (HEAD_BYTES_MIN..=HEAD_BYTES_MAX).contains(&self.head_bytes_max),
                "head_bytes_max",
                "8 KiB to 1 MiB",
            ),
            ((1..=HEAD_LINES_MAX).contains(&self.head_lines_max), "head_lines_max", "1 to 10 000"),
        ];
        match checks.into_iter().find(|(holds, _, _)| !holds) {
            Some((_, setting, expected)) => Err(HttpConfigError { setting, expected }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(HttpConfig::default().validate(), Ok(()));
    }

    #[test]
    fn a_pool_that_is_full_may_refuse_at_once() {
        let config = HttpConfig { permit_wait_max: Duration::ZERO, ..HttpConfig::default() };
        assert_eq!(config.validate(), Ok(()));
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let check = |setting: &str, changes: &[fn(&mut HttpConfig)]| {
            for change in changes {
                let mut config = HttpConfig::default();
                change(&mut config);
                let error = config.validate().expect_err(setting);
                assert_eq!(error.setting, setting);
            }
        };
        check("total_max", &[|c| c.total_max = 0, |c| c.total_max = usize::MAX]);
        check("per_host_max", &[|c| c.per_host_max = 0, |c| c.per_host_max = 201]);
        check("permit_wait_max", &[|c| c.permit_wait_max = Duration::MAX]);
        check(
            "connect_timeout",
            &[|c| c.connect_timeout = Duration::ZERO, |c| c.connect_timeout = Duration::MAX],
        );
        check(
            "idle_timeout",
            &[|c| c.idle_timeout = Duration::ZERO, |c| c.idle_timeout = Duration::MAX],
        );
        check(
            "exchange_timeout",
            &[|c| c.exchange_timeout = Duration::ZERO, |c| c.exchange_timeout = Duration::MAX],
        );
        check("body_bytes_max", &[|c| c.body_bytes_max = 0, |c| c.body_bytes_max = usize::MAX]);
        check("head_bytes_max", &[|c| c.head_bytes_max = 8191, |c| c.head_bytes_max = usize::MAX]);
        check("head_lines_max", &[|c| c.head_lines_max = 0, |c| c.head_lines_max = 10_001]);
        let error = HttpConfig { per_host_max: 0, ..HttpConfig::default() }.validate();
        assert_eq!(
            error.expect_err("zero").to_string(),
            "http setting `per_host_max`: expected at least 1 and at most `total_max`"
        );
    }
}
