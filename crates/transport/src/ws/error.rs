//! Why a WebSocket session did not begin or broke.

use std::time::Duration;

use thiserror::Error;
use tokio_tungstenite::tungstenite;

use crate::dial::DialError;
use crate::retry_after::retry_after;

/// A WebSocket session that did not begin or broke.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WsError {
    /// There is no connection.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// Dial and handshake took too long.
    #[error("no websocket session within {after:?}")]
    ConnectTimedOut {
        /// The bound that ran out.
        after: Duration,
    },
    /// The other side answered the handshake with a status instead of an upgrade.
    #[error("websocket upgrade refused with status {status}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// How long to stay away, if the answer says so: in seconds, or by a date beside its own.
        retry_after: Option<Duration>,
    },
    /// The other side does not read what we send.
    #[error("websocket message not taken within {after:?}")]
    SendTimedOut {
        /// The bound that ran out.
        after: Duration,
    },
    /// The stream broke, or a message is malformed or above the limits.
    #[error("websocket session broke")]
    Protocol {
        /// What tungstenite says.
        #[source]
        source: Box<tungstenite::Error>,
    },
}

impl From<tungstenite::Error> for WsError {
    fn from(error: tungstenite::Error) -> Self {
        let tungstenite::Error::Http(response) = error else {
            return Self::Protocol { source: Box::new(error) };
        };
        Self::Refused {
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers(), None),
        }
    }
}
