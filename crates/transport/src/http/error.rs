//! Why a request got no answer.

use std::error::Error as _;
use std::time::Duration;

use hyper_util::client::legacy;
use platform::Endpoint;
use thiserror::Error;

use crate::dial::DialError;

/// A request without a complete answer. An answer with any status is not an error here.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No place among the requests on the wire became free in time.
    #[error("no place for a request to {endpoint} within {waited:?}")]
    PoolFull {
        /// Where to.
        endpoint: Endpoint,
        /// How long it waited.
        waited: Duration,
    },
    /// The request cannot be written as HTTP.
    #[error("request cannot be written")]
    InvalidRequest {
        /// What is wrong with it.
        #[source]
        source: hyper::http::Error,
    },
    /// There is no connection.
    #[error(transparent)]
    Dial(DialError),
    /// The connection closed before the first byte of the request was written.
    #[error("connection closed before the request was sent")]
    NotSent {
        /// What hyper says.
        #[source]
        source: legacy::Error,
    },
    /// The connection broke, or what came back is not HTTP, after the request was begun.
    #[error("no answer: connection lost or malformed response")]
    NoAnswer {
        /// What hyper says.
        #[source]
        source: legacy::Error,
    },
    /// The connection broke within the body of the answer.
    #[error("answer lost within its body")]
    BodyLost {
        /// What hyper says.
        #[source]
        source: hyper::Error,
    },
    /// The body of the answer is larger than allowed.
    #[error("body of the answer is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The exchange took too long as a whole.
    #[error("no complete answer within {after:?}")]
    TimedOut {
        /// The bound that ran out.
        after: Duration,
    },
}

impl HttpError {
    /// True when not one byte of the request can have reached the other side.
    ///
    /// Otherwise the other side may have acted on it.
    pub const fn surely_not_sent(&self) -> bool {
        match self {
            Self::PoolFull { .. }
            | Self::InvalidRequest { .. }
            | Self::Dial(_)
            | Self::NotSent { .. } => true,
            Self::NoAnswer { .. }
            | Self::BodyLost { .. }
            | Self::BodyTooLarge { .. }
            | Self::TimedOut { .. } => false,
        }
    }

    /// True when the failure is ours and tells nothing about the other side.
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::PoolFull { .. } | Self::InvalidRequest { .. })
    }

    /// Sorts hyper's errors by whether the request went out.
    pub(super) fn from_client(error: legacy::Error) -> Self {
        let source = error.source();
        if let Some(dial) = source.and_then(|source| source.downcast_ref::<DialError>()) {
            return Self::Dial(dial.clone());
        }
        // hyper says "canceled" only of a request that it hands back untouched.
        let canceled = source
            .and_then(|source| source.downcast_ref::<hyper::Error>())
            .is_some_and(hyper::Error::is_canceled);
        if error.is_connect() || canceled {
            Self::NotSent { source: error }
        } else {
            Self::NoAnswer { source: error }
        }
    }
}
