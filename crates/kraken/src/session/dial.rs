//! What a failed dial means.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use model::audit::CallOutcome;
use resilience::{Classify, LaneError, RetryAdvice};
use transport::WsError;

use crate::rest::PAUSE_MAX;

/// Wait after Kraken's edge refused us for connecting too often and did not say how long.
const BANNED_WAIT: Duration = Duration::from_secs(60);

const TOO_MANY_REQUESTS: u16 = 429;

/// A dial or a handshake that failed.
#[derive(Debug)]
pub(super) struct DialError(pub(super) WsError);

impl DialError {
    const fn is_ban(&self) -> bool {
        matches!(self.0, WsError::Refused { status: TOO_MANY_REQUESTS, .. })
    }

    /// How long to stay away.
    fn wait(&self) -> Duration {
        let WsError::Refused { retry_after, .. } = self.0 else {
            return Duration::ZERO;
        };
        let default = if self.is_ban() { BANNED_WAIT } else { Duration::ZERO };
        retry_after.unwrap_or(default).min(PAUSE_MAX)
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.0))
    }
}

impl Classify for DialError {
    fn outcome(&self) -> CallOutcome {
        if self.is_ban() { CallOutcome::Ignored } else { CallOutcome::Failure }
    }

    /// The session dials again by itself, after its own backoff.
    fn retry(&self) -> RetryAdvice {
        RetryAdvice::Never
    }

    fn pause(&self) -> Option<Duration> {
        self.is_ban().then(|| self.wait())
    }

    fn ban(&self) -> Option<Duration> {
        None
    }
}

/// Why there is no connection, and how long to stay away at least.
pub(super) fn judge(error: &LaneError<DialError>) -> (String, Duration) {
    (error.to_string(), error.wait(DialError::wait))
}

/// An error with its cause, in one line.
pub(super) fn describe(error: &WsError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
