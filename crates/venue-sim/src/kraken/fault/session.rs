//! What a fault does to WebSocket sessions.

use std::time::Duration;

/// What a fault does to a WebSocket session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionFault {
    /// It is closed.
    Close {
        /// Code of the close frame; 1006 for an end without one.
        code: u16,
        /// Age at which it is closed; `None` for those that are open when the fault begins.
        after: Option<Duration>,
    },
    /// It gets a message, once.
    Text(String),
    /// It gets no data any more, but heartbeats, answers and snapshots.
    Stale,
    /// Messages about orders are struck.
    Executions {
        /// What becomes of them.
        fault: ChannelFault,
        /// Every so many-th is struck, at least 1.
        one_in: u32,
    },
    /// Changes of books are struck.
    Book {
        /// What becomes of them.
        fault: ChannelFault,
        /// Every so many-th is struck, at least 1.
        one_in: u32,
    },
}

/// What becomes of a message of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelFault {
    /// It does not come; a number of its own is missing.
    Lost,
    /// It does not come, and the numbers of later ones do not show it.
    Omitted,
    /// It comes twice, under one number.
    Repeated,
    /// It comes twice, under two numbers.
    Doubled,
    /// It comes after the next one.
    Swapped,
    /// Its checksum is wrong.
    Checksum,
}
