//! What can go wrong with a request, and what it means.

use std::time::Duration;

use model::UnixNanos;
use model::audit::CallOutcome;
use resilience::{Classify, LaneError, RetryAdvice};
use thiserror::Error;
use transport::{HttpError, HttpResponse, retry_after};

use crate::codec::DecodeError;
use crate::codec::fault::{Fate, VenueError};
use crate::codec::reply::ReplyError;
use crate::rules::RuleBroken;

/// A request that brought no result: refused by its lane, or a [`CallError`].
pub type RestError = LaneError<CallError>;

/// One attempt that brought no result.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// Kraken refused, with reasons.
    #[error(transparent)]
    Venue(VenueError),
    /// An answer with another status than 200: it comes from the edge before Kraken.
    #[error("status {status}")]
    Status {
        /// HTTP status.
        status: u16,
        /// How long to stay away, if the answer says so: in seconds or by a date.
        retry_after: Option<Duration>,
    },
    /// An answer that is not what the method promises.
    #[error("malformed answer: {0}")]
    Malformed(#[source] DecodeError),
    /// No answer.
    #[error(transparent)]
    Transport(#[from] HttpError),
    /// The order breaks a rule of its pair. Nothing was sent.
    #[error(transparent)]
    Rule(#[from] Box<RuleBroken>),
    /// There is no live connection to send it on, or too many requests wait for it. Nothing was sent.
    #[error("the private stream is not live: nothing was sent")]
    NotConnected,
    /// The connection ended before the answer came.
    #[error("the connection ended before the answer: {reason}")]
    SessionLost {
        /// Why it ended.
        reason: String,
    },
    /// Too many requests of the API key were before this one. Nothing was sent.
    #[error("no turn of the API key within {waited:?}")]
    KeyBusy {
        /// How long it waited.
        waited: Duration,
    },
}

/// Pause after a 429 that names none.
const PAUSE_DEFAULT: Duration = Duration::from_secs(30);

/// Longest pause that we take from a `Retry-After`: a ban at Kraken's edge lasts ten minutes.
pub(crate) const PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

const TOO_MANY_REQUESTS: u16 = 429;

impl CallError {
    /// `now` is the wall time, for a date in an answer that has none of its own.
    pub(super) fn status(response: &HttpResponse, now: UnixNanos) -> Self {
        let retry_after = retry_after(&response.headers, Some(now));
        Self::Status {
            status: response.status,
            retry_after: retry_after.map(|time| time.min(PAUSE_MAX)),
        }
    }

    /// True when the request surely did not reach the venue.
    pub const fn surely_not_sent(&self) -> bool {
        match self {
            Self::Transport(error) => error.surely_not_sent(),
            Self::KeyBusy { .. } | Self::Rule(_) | Self::NotConnected => true,
            Self::Venue(_)
            | Self::Status { .. }
            | Self::Malformed(_)
            | Self::SessionLost { .. } => false,
        }
    }
}

impl From<ReplyError> for CallError {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Venue(error) => Self::Venue(error),
            ReplyError::Malformed(error) => Self::Malformed(error),
        }
    }
}

impl From<RuleBroken> for CallError {
    fn from(broken: RuleBroken) -> Self {
        Self::Rule(Box::new(broken))
    }
}

impl From<CallError> for RestError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl Classify for CallError {
    fn outcome(&self) -> CallOutcome {
        match self {
            Self::Venue(error) => error.outcome(),
            Self::Status { status: TOO_MANY_REQUESTS, .. }
            | Self::KeyBusy { .. }
            | Self::NotConnected
            | Self::Rule(_) => CallOutcome::Ignored,
            Self::Transport(error) if error.is_local() => CallOutcome::Ignored,
            Self::Status { .. }
            | Self::Malformed(_)
            | Self::SessionLost { .. }
            | Self::Transport(_) => CallOutcome::Failure,
        }
    }

    fn retry(&self) -> RetryAdvice {
        let after = match self {
            Self::Rule(_) => return RetryAdvice::Never,
            Self::Venue(error) if !error.may_ask_again() => return RetryAdvice::Never,
            Self::Transport(HttpError::InvalidRequest { .. }) => return RetryAdvice::Never,
            Self::Venue(error) => error.pause(),
            Self::Status { retry_after, .. } => self.pause().or(*retry_after),
            Self::Malformed(_)
            | Self::Transport(_)
            | Self::NotConnected
            | Self::SessionLost { .. }
            | Self::KeyBusy { .. } => None,
        };
        after.map_or(RetryAdvice::Backoff, RetryAdvice::After)
    }

    fn pause(&self) -> Option<Duration> {
        match self {
            Self::Venue(error) => error.pause(),
            Self::Status { status: TOO_MANY_REQUESTS, retry_after } => {
                Some(retry_after.unwrap_or(PAUSE_DEFAULT))
            }
            Self::Status { .. }
            | Self::Malformed(_)
            | Self::Transport(_)
            | Self::Rule(_)
            | Self::NotConnected
            | Self::SessionLost { .. }
            | Self::KeyBusy { .. } => None,
        }
    }

    fn ban(&self) -> Option<Duration> {
        match self {
            Self::Venue(error) => error.ban(),
            Self::Status { .. }
            | Self::Malformed(_)
            | Self::Transport(_)
            | Self::Rule(_)
            | Self::NotConnected
            | Self::SessionLost { .. }
            | Self::KeyBusy { .. } => None,
        }
    }
}

/// An order, or a change of one, that was not made, or of which nobody knows.
#[derive(Debug, Error)]
pub enum SubmitError {
    /// Nothing reached the venue: the order may be sent again under the same id.
    #[error("order not sent: {source}")]
    NotSent {
        /// Why.
        #[source]
        source: RestError,
    },
    /// The venue refused the order; it is not live.
    #[error("order refused: {source}")]
    Refused {
        /// Why.
        #[source]
        source: VenueError,
    },
    /// **The order may be live.** To be found by its id, never sent again blindly.
    ///
    /// Also the answer to a client order id that the venue has already: that is the order of an
    /// earlier send.
    #[error("order in doubt: {source}")]
    Unknown {
        /// Why nobody knows.
        #[source]
        source: RestError,
    },
}

impl From<RestError> for SubmitError {
    fn from(error: RestError) -> Self {
        match error {
            // The order is fine, only its number was: it may be sent again under the same id.
            // Unless another text of the same answer leaves that open.
            LaneError::Call(CallError::Venue(source))
                if source.is("EAPI:Invalid nonce") && source.fate() == Fate::NotDone =>
            {
                Self::NotSent { source: LaneError::Call(CallError::Venue(source)) }
            }
            LaneError::Call(CallError::Venue(source)) if source.fate() == Fate::NotDone => {
                Self::Refused { source }
            }
            source @ (LaneError::BreakerOpen(_)
            | LaneError::Limited(_)
            | LaneError::DeadlineElapsed) => Self::NotSent { source },
            LaneError::Call(call) if call.surely_not_sent() => {
                Self::NotSent { source: LaneError::Call(call) }
            }
            source @ (LaneError::AttemptTimedOut { .. } | LaneError::Call(_)) => {
                Self::Unknown { source }
            }
        }
    }
}

/// How a cancel was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The order is cancelled, or will be in a moment.
    Accepted,
    /// There is no such open order: it ended before, by itself or by an earlier cancel.
    Gone,
}
