//! WebSocket v2: sessions, their subscriptions and their outgoing messages. Pure.

pub(crate) mod executions;
mod outbox;
pub(crate) mod public;
mod request;

use std::collections::BTreeMap;
use std::sync::Arc;

use matching::AccountId;
use model::history::VenueEvent;
use model::{Symbol, UnixNanos};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::kraken::sim::Role;
use crate::kraken::stream::executions::Row;
use crate::kraken::venue::Venue;
use crate::kraken::wire::json;

pub(crate) use outbox::{OUTBOX_MESSAGES_MAX, Outbox, Outgoing};

/// Version that the `status` message names.
const VERSION: &str = "2.0.10";
/// The message that shows that a quiet session is alive.
pub(crate) const HEARTBEAT: &str = r#"{"channel":"heartbeat"}"#;

/// All open sessions, by connection number.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    sessions: BTreeMap<u64, Session>,
    opened: u64,
}

/// One WebSocket session.
#[derive(Debug)]
pub(crate) struct Session {
    role: Role,
    trades: Vec<Symbol>,
    /// Depth by symbol.
    books: BTreeMap<Symbol, usize>,
    executions: Option<Private>,
    outbox: Arc<Outbox>,
}

/// A subscription of the `executions` channel.
#[derive(Debug)]
struct Private {
    account: AccountId,
    token: String,
    /// Number of the last message.
    sequence: u64,
}

impl Sessions {
    /// Opens a session and returns its number.
    fn open(&mut self, role: Role, outbox: Arc<Outbox>) -> u64 {
        self.opened += 1;
        let session =
            Session { role, trades: Vec::new(), books: BTreeMap::new(), executions: None, outbox };
        self.sessions.insert(self.opened, session);
        self.opened
    }

    /// Sessions with a book of that symbol, by depth.
    pub(crate) fn book_subscribers(&self, symbol: &Symbol) -> BTreeMap<usize, Vec<u64>> {
        let mut by_depth: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for (connection, session) in &self.sessions {
            if let Some(depth) = session.books.get(symbol) {
                by_depth.entry(*depth).or_default().push(*connection);
            }
        }
        by_depth
    }

    /// Sessions with the trades of that symbol.
    pub(crate) fn trade_subscribers(&self, symbol: &Symbol) -> Vec<u64> {
        let subscribed = self.sessions.iter();
        let subscribed = subscribed.filter(|(_, session)| session.trades.contains(symbol));
        subscribed.map(|(connection, _)| *connection).collect()
    }

    /// Queues one message of a channel for several sessions.
    pub(crate) fn broadcast(&self, connections: &[u64], text: &str) {
        let text = Utf8Bytes::from(text);
        for session in connections.iter().filter_map(|c| self.sessions.get(c)) {
            session.outbox.push(Outgoing::Channel(text.clone()));
        }
    }

    /// Queues a row for every session that follows the executions of an account.
    pub(crate) fn tell_account(&mut self, account: AccountId, row: &Row) {
        for session in self.sessions.values_mut() {
            let outbox = &session.outbox;
            let private = session.executions.as_mut();
            if let Some(private) = private.filter(|private| private.account == account) {
                let text = private.message("update", std::slice::from_ref(row));
                outbox.push(Outgoing::Channel(text.into()));
            }
        }
    }
}

impl Private {
    /// The next message of the channel.
    fn message(&mut self, kind: &'static str, rows: &[Row]) -> String {
        self.sequence += 1;
        json(&executions::Message {
            channel: "executions",
            kind,
            data: rows,
            sequence: self.sequence,
        })
    }
}

impl Session {
    fn is_subscribed(&self) -> bool {
        !self.trades.is_empty() || !self.books.is_empty() || self.executions.is_some()
    }
}

impl Venue {
    /// Opens a session, greets it, and returns its number.
    pub(crate) fn open_session(&mut self, role: Role, outbox: Arc<Outbox>) -> u64 {
        #[derive(Serialize)]
        struct Status {
            version: &'static str,
            system: &'static str,
            api_version: &'static str,
            connection_id: u64,
        }
        #[derive(Serialize)]
        struct Message {
            channel: &'static str,
            #[serde(rename = "type")]
            kind: &'static str,
            data: [Status; 1],
        }
        let status = Status {
            version: VERSION,
            system: "online",
            api_version: "v2",
            connection_id: self.ids.connection(),
        };
        let greeting = json(&Message { channel: "status", kind: "update", data: [status] });
        outbox.push(Outgoing::Channel(greeting.into()));
        let connection = self.sessions.open(role, outbox);
        self.sink.record(VenueEvent::SessionOpened { connection });
        connection
    }

    /// Forgets a session, which no longer prolongs its token.
    pub(crate) fn close_session(&mut self, connection: u64) {
        let Some(session) = self.sessions.sessions.remove(&connection) else {
            return;
        };
        if let Some(private) = session.executions {
            self.tokens.release(&private.token);
        }
        self.sink.record(VenueEvent::SessionClosed { connection });
    }

    /// True when a session has any subscription, and hence gets heartbeats.
    pub(crate) fn is_subscribed(&self, connection: u64) -> bool {
        let session = self.sessions.sessions.get(&connection);
        session.is_some_and(Session::is_subscribed)
    }

    /// Answers a message of a client; answers and data go into the session's outbox.
    pub(crate) fn on_text(&mut self, connection: u64, text: &str, now: UnixNanos) {
        request::handle(self, connection, text, now);
    }
}

#[cfg(test)]
mod tests;
