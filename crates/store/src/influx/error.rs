//! What can go wrong with a request, and what it means.

use std::time::Duration;

use model::audit::CallOutcome;
use resilience::{Classify, RetryAdvice};
use thiserror::Error;
use transport::{HttpError, HttpResponse, retry_after};

/// Characters of the database's message that are kept.
const MESSAGE_CHARS_MAX: usize = 200;

/// Pause after a 429 that names none.
const PAUSE_DEFAULT: Duration = Duration::from_secs(10);

/// Longest pause that we take from a `Retry-After`.
const PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

const TOO_MANY_REQUESTS: u16 = 429;

/// One attempt that wrote nothing, or of which nobody knows. Points may be written twice without harm:
/// the database replaces a point of the same series and time.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The database answered with another status than success.
    #[error("status {status}: {message}")]
    Status {
        /// HTTP status.
        status: u16,
        /// Beginning of what it says.
        message: String,
        /// How long to stay away, if the answer says so: in seconds, or by a date beside its own.
        retry_after: Option<Duration>,
    },
    /// No answer.
    #[error(transparent)]
    Transport(#[from] HttpError),
}

impl WriteError {
    pub(super) fn status(response: &HttpResponse) -> Self {
        let text = String::from_utf8_lossy(&response.body);
        let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        Self::Status {
            status: response.status,
            message: visible.take(MESSAGE_CHARS_MAX).collect(),
            retry_after: retry_after(&response.headers, None).map(|time| time.min(PAUSE_MAX)),
        }
    }

    /// True when the points are to blame: the same request would be refused again and again, while a
    /// part of it may be taken. Malformed line, too large a body, a field of another type.
    pub const fn blames_points(&self) -> bool {
        matches!(self, Self::Status { status: 400 | 413 | 422, .. })
    }
}

impl Classify for WriteError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Status { status: TOO_MANY_REQUESTS, .. } => CallOutcome::Ignored,
            Self::Status { status: 400..500, .. } => CallOutcome::Success,
            Self::Transport(error) if error.is_local() => CallOutcome::Ignored,
            Self::Status { .. } | Self::Transport(_) => CallOutcome::Failure,
        }
    }

    fn retry(&self) -> RetryAdvice {
        match self {
            Self::Status { status: TOO_MANY_REQUESTS, retry_after, .. } => {
                RetryAdvice::After(retry_after.unwrap_or(PAUSE_DEFAULT))
            }
            Self::Status { status: 400..500, .. }
            | Self::Transport(HttpError::InvalidRequest { .. }) => RetryAdvice::Never,
            Self::Status { retry_after, .. } => {
                retry_after.map_or(RetryAdvice::Backoff, RetryAdvice::After)
            }
            Self::Transport(_) => RetryAdvice::Backoff,
        }
    }

    fn pause(&self) -> Option<Duration> {
        match self {
            Self::Status { status: TOO_MANY_REQUESTS, retry_after, .. } => {
                Some(retry_after.unwrap_or(PAUSE_DEFAULT))
            }
            Self::Status { .. } | Self::Transport(_) => None,
        }
    }

    fn ban(&self) -> Option<Duration> {
        None
    }
}
