//! WebSocket: sessions of both versions, their subscriptions and their outgoing messages. Pure.

mod balances;
pub(crate) mod executions;
mod instruments;
mod numbers;
mod outbox;
mod private;
pub(crate) mod public;
mod request;
mod subscribe;
mod trading;
mod v1;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use matching::AccountId;
use model::history::VenueEvent;
use model::{Symbol, UnixNanos};
use serde::Serialize;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::kraken::ledger::Entry;
use crate::kraken::limits::{Allowance, Count};
use crate::kraken::orders::Phase;
use crate::kraken::sim::Role;
use crate::kraken::stream::executions::Row;
use crate::kraken::token::Grant;
use crate::kraken::venue::{Listed, Venue};
use crate::kraken::wire::json;

pub(crate) use outbox::{OUTBOX_MESSAGES_MAX, Outbox, Outgoing};
pub(in crate::kraken) use v1::Moment;

/// Version that the `status` message names.
const VERSION: &str = "2.0.10";
/// The message that shows that a quiet session is alive.
const HEARTBEAT: &str = r#"{"channel":"heartbeat"}"#;

/// Messages that a session may send. Kraken has such a limit and does not tell it.
const MESSAGES: Allowance = Allowance { max: 1_000, decay_milli_per_s: 500_000 };
/// What is answered beyond it.
const TOO_MANY_MESSAGES: &str = r#"{"Error":"Exceeded msg rate"}"#;

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
    /// As its greeting told it.
    connection_id: u64,
    /// Messages that came.
    messages: Count,
    trades: Vec<Symbol>,
    /// Depth by symbol.
    books: BTreeMap<Symbol, usize>,
    tickers: BTreeMap<Symbol, Trigger>,
    /// With their minutes; a pair may be followed in several.
    candles: BTreeSet<(Symbol, u32)>,
    instruments: bool,
    executions: Option<Private>,
    balances: Option<Private>,
    /// What it follows in version 1, if it speaks that.
    v1: Option<v1::Subscriptions>,
    /// Tokens that requests of this session used to trade.
    tokens: BTreeSet<String>,
    outbox: Arc<Outbox>,
}

/// Which of Kraken's protocols a session speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

impl Version {
    /// The message that shows that a quiet session is alive.
    pub(crate) const fn heartbeat(self) -> &'static str {
        match self {
            Self::V1 => v1::HEARTBEAT,
            Self::V2 => HEARTBEAT,
        }
    }

    fn status(self, phase: Phase, connection_id: u64) -> String {
        match self {
            Self::V1 => v1::status(phase, connection_id),
            Self::V2 => status_message(phase, connection_id),
        }
    }
}

/// What makes a ticker speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// A trade.
    Trades,
    /// Another best price.
    Quotes,
}

/// A subscription of a private channel.
#[derive(Debug)]
struct Private {
    account: AccountId,
    token: String,
    /// Number of the last message.
    sequence: u64,
    wants: Wants,
}

/// What a client wants to hear of its executions, besides orders that open and end, and trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wants {
    /// Every other change of an order: its acceptance, its amends.
    all_changes: bool,
    /// The count of transactions of the order's pair.
    count: bool,
}

impl Default for Wants {
    fn default() -> Self {
        Self { all_changes: true, count: false }
    }
}

impl Sessions {
    /// Opens a session and returns its number.
    fn open(
        &mut self,
        role: Role,
        (version, connection_id): (Version, u64),
        outbox: Arc<Outbox>,
    ) -> u64 {
        self.opened += 1;
        let session = Session {
            role,
            connection_id,
            messages: Count::default(),
            trades: Vec::new(),
            books: BTreeMap::new(),
            tickers: BTreeMap::new(),
            candles: BTreeSet::new(),
            instruments: false,
            executions: None,
            balances: None,
            v1: (version == Version::V1).then(v1::Subscriptions::default),
            tokens: BTreeSet::new(),
            outbox,
        };
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
    pub(crate) fn broadcast(&self, connections: &[u64], text: String) {
        let text = Utf8Bytes::from(text);
        for session in connections.iter().filter_map(|c| self.sessions.get(c)) {
            session.outbox.push(Outgoing::Channel(text.clone()));
        }
    }

    /// Queues the ticker of a pair for those who asked to hear it on this occasion.
    pub(crate) fn tell_tickers(&self, listed: &Listed, on: Trigger, now: UnixNanos) {
        let symbol = listed.pair.symbol();
        let sessions = self.sessions.iter();
        let sessions = sessions.filter(|(_, session)| session.tickers.get(symbol) == Some(&on));
        let connections: Vec<u64> = sessions.map(|(connection, _)| *connection).collect();
        if !connections.is_empty() {
            self.broadcast(&connections, public::ticker_message(listed, "update", now));
        }
    }

    /// Queues the running candles of a pair for those who follow them.
    pub(crate) fn tell_candles(&self, listed: &Listed, now: UnixNanos) {
        let symbol = listed.pair.symbol();
        let mut by_interval: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (connection, session) in &self.sessions {
            for (_, interval) in session.candles.iter().filter(|(known, _)| known == symbol) {
                by_interval.entry(*interval).or_default().push(*connection);
            }
        }
        for (interval, connections) in by_interval {
            let Some(candle) = listed.candles.running(interval, now) else { continue };
            let text = public::candle_message(&listed.pair, "update", interval, &[candle], now);
            self.broadcast(&connections, text);
        }
    }

    /// Queues a change of a balance for every session that follows those of an account.
    pub(crate) fn tell_balance(&mut self, account: AccountId, entry: &Entry) {
        for session in self.sessions.values_mut() {
            let outbox = &session.outbox;
            let private = session.balances.as_mut();
            if let Some(private) = private.filter(|private| private.account == account) {
                let text = private.message("balances", "update", &[balances::Row::of(entry)]);
                outbox.push(Outgoing::Channel(text.into()));
            }
        }
    }

    /// Tells everybody of a phase.
    fn tell_status(&self, phase: Phase) {
        for session in self.sessions.values() {
            let version = if session.v1.is_some() { Version::V1 } else { Version::V2 };
            let text = version.status(phase, session.connection_id);
            session.outbox.push(Outgoing::Channel(text.into()));
        }
    }

    /// Tells those who follow assets and pairs of a change.
    fn tell_instruments(&self, text: &str) {
        let following = self.sessions.iter().filter(|(_, session)| session.instruments);
        let connections: Vec<u64> = following.map(|(connection, _)| *connection).collect();
        self.broadcast(&connections, text.to_owned());
    }

    /// Ends every session after what is queued for it.
    fn finish_all(&self) {
        for session in self.sessions.values() {
            session.outbox.finish();
        }
    }

    /// True when a client reads so slowly that more than half of what may wait for it does.
    pub(crate) fn is_behind(&self) -> bool {
        let mut sessions = self.sessions.values();
        sessions.any(|session| session.outbox.len() > OUTBOX_MESSAGES_MAX / 2)
    }

    /// Number of open sessions.
    pub(crate) fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Queues a row for every session that follows the executions of an account, with the count of
    /// transactions for those who asked for it.
    pub(crate) fn tell_account(&mut self, account: AccountId, row: &Row, ratecount: u32) {
        for session in self.sessions.values_mut() {
            let outbox = &session.outbox;
            let private = session.executions.as_mut().filter(|private| private.account == account);
            let wanted =
                private.filter(|own| own.wants.all_changes || row.is_open_close_or_trade());
            if let Some(private) = wanted {
                let ratecount = private.wants.count.then_some(ratecount);
                let row = executions::Counted { row, ratecount };
                let text = private.message("executions", "update", &[row]);
                outbox.push(Outgoing::Channel(text.into()));
            }
        }
    }
}

impl Private {
    /// The next message of the channel.
    fn message<R: Serialize>(
        &mut self,
        channel: &'static str,
        kind: &'static str,
        rows: &[R],
    ) -> String {
        self.sequence += 1;
        json(&executions::Message { channel, kind, data: rows, sequence: self.sequence })
    }
}

impl Session {
    fn is_subscribed(&self) -> bool {
        let public = !self.trades.is_empty()
            || !self.books.is_empty()
            || !self.tickers.is_empty()
            || !self.candles.is_empty()
            || self.instruments;
        let old = self.v1.as_ref().is_some_and(|v1| !v1.is_empty());
        public || old || self.executions.is_some() || self.balances.is_some()
    }
}

impl Venue {
    /// What a token grants; a session keeps it alive from now on.
    fn claimed(&mut self, connection: u64, token: &str, now: UnixNanos) -> Option<Grant> {
        let session = self.sessions.sessions.get(&connection)?;
        if session.tokens.contains(token) {
            return self.tokens.look(token, now);
        }
        let grant = self.claim_token(token, now)?;
        self.sessions.sessions.get_mut(&connection)?.tokens.insert(token.to_owned());
        Some(grant)
    }

    /// Opens a session, greets it, and returns its number.
    pub(crate) fn open_session(
        &mut self,
        role: Role,
        version: Version,
        outbox: Arc<Outbox>,
    ) -> u64 {
        let connection_id = self.ids.connection();
        let greeting = version.status(self.phase, connection_id);
        outbox.push(Outgoing::Channel(greeting.into()));
        self.refused_by_phase += u64::from(self.phase != Phase::Online);
        let connection = self.sessions.open(role, (version, connection_id), outbox);
        self.sink.record(VenueEvent::SessionOpened { connection });
        connection
    }

    /// Begins a phase, and tells everybody. Maintenance ends every session.
    pub(crate) fn set_phase(&mut self, phase: Phase) {
        if self.phase == phase {
            return;
        }
        self.phase = phase;
        let told = u64::try_from(self.sessions.count()).unwrap_or(u64::MAX);
        self.refused_by_phase = if phase == Phase::Online { 0 } else { told };
        self.sessions.tell_status(phase);
        let update = instruments::update(self);
        self.sessions.tell_instruments(&update);
        if phase == Phase::Maintenance {
            self.sessions.finish_all();
        }
    }

    /// Forgets a session, which no longer prolongs its token.
    pub(crate) fn close_session(&mut self, connection: u64) {
        let Some(session) = self.sessions.sessions.remove(&connection) else {
            return;
        };
        let used = [session.executions, session.balances].into_iter().flatten();
        let old = session.v1.into_iter().flat_map(v1::Subscriptions::into_tokens);
        let used = used.map(|private| private.token).chain(session.tokens).chain(old);
        used.for_each(|token| self.tokens.release(&token));
        self.sink.record(VenueEvent::SessionClosed { connection });
    }

    /// Forgets every session.
    pub(crate) fn close_sessions(&mut self) {
        let open: Vec<u64> = self.sessions.sessions.keys().copied().collect();
        open.into_iter().for_each(|connection| self.close_session(connection));
    }

    /// True when a session has any subscription, and hence gets heartbeats.
    pub(crate) fn is_subscribed(&self, connection: u64) -> bool {
        let session = self.sessions.sessions.get(&connection);
        session.is_some_and(Session::is_subscribed)
    }

    /// Answers a message of a client; answers and data go into the session's outbox.
    pub(crate) fn on_text(&mut self, connection: u64, text: &str, now: UnixNanos) {
        let session = self.sessions.sessions.get_mut(&connection);
        if let Some(session) = session
            && !session.messages.add_if_allowed(1, MESSAGES, now)
        {
            session.outbox.push(Outgoing::Answer(TOO_MANY_MESSAGES.into()));
            return;
        }
        let session = self.sessions.sessions.get(&connection);
        if session.is_some_and(|session| session.v1.is_some()) {
            v1::handle(self, connection, text, now);
        } else {
            request::handle(self, connection, text, now);
        }
    }
}

/// A message of the `status` channel.
fn status_message(phase: Phase, connection_id: u64) -> String {
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
    let system = phase.system().as_str();
    let status = Status { version: VERSION, system, api_version: "v2", connection_id };
    json(&Message { channel: "status", kind: "update", data: [status] })
}

#[cfg(test)]
mod tests;
