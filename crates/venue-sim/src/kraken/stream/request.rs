//! Requests of WebSocket clients.

use model::{Symbol, UnixNanos};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::kraken::book::DEPTHS;
use crate::kraken::error::ApiError;
use crate::kraken::sim::Role;
use crate::kraken::stream::executions::Row;
use crate::kraken::stream::{OUTBOX_MESSAGES_MAX, Outgoing, Private, Session, public};
use crate::kraken::venue::Venue;
use crate::kraken::wire::{json, rfc3339};

const MALFORMED: &str = "Malformed request";
const UNSUPPORTED_EVENT: &str = "Unsupported event";
const UNSUPPORTED_CHANNEL: &str = "Unsupported channel";
const UNSUPPORTED_DEPTH: &str = "Subscription depth not supported";
const TOO_MANY_SYMBOLS: &str = "Too many symbols in one request";
const ALREADY_SUBSCRIBED: &str = "Already subscribed";
const NOT_SUBSCRIBED: &str = "Subscription Not Found";
const PING_PARAMS: &str = "Unsupported field: 'params' for the given msg type: ping";
const PRIVATE_ELSEWHERE: &str =
    "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com";
const PUBLIC_ELSEWHERE: &str =
    "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com";

/// Symbols that one request may name. Each is answered by up to two messages.
const SYMBOLS_MAX: usize = 200;
const _: () = assert!(2 * SYMBOLS_MAX < OUTBOX_MESSAGES_MAX, "an answer fits into the outbox");

/// What every request has.
#[derive(Deserialize)]
struct Request<'a> {
    method: String,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    req_id: Option<i64>,
}

/// Parameters of `subscribe` and `unsubscribe`, over all channels.
#[derive(Deserialize)]
struct Params {
    channel: String,
    symbol: Option<Vec<String>>,
    snapshot: Option<bool>,
    depth: Option<usize>,
    token: Option<String>,
    snap_orders: Option<bool>,
    snap_trades: Option<bool>,
}

/// An accepted request.
#[derive(Serialize)]
struct Ack<'a, R> {
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    req_id: Option<i64>,
    result: R,
    success: bool,
    time_in: &'a str,
    time_out: &'a str,
}

/// A refused request.
#[derive(Serialize)]
struct Nack<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    req_id: Option<i64>,
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<&'a str>,
    time_in: &'a str,
    time_out: &'a str,
}

#[derive(Serialize)]
struct Pong<'a> {
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    req_id: Option<i64>,
    time_in: &'a str,
    time_out: &'a str,
}

/// Parameters of a subscription as they were accepted.
#[derive(Serialize, Default)]
struct Accepted<'a> {
    channel: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maxratecount: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snap_orders: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snap_trades: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<&'a str>,
}

/// A request being answered.
struct Answering<'a> {
    venue: &'a mut Venue,
    connection: u64,
    method: &'a str,
    req_id: Option<i64>,
    now: UnixNanos,
    time: String,
}

/// Answers one message of a client.
pub(super) fn handle(venue: &mut Venue, connection: u64, text: &str, now: UnixNanos) {
    let request: Option<Request<'_>> = serde_json::from_str(text).ok();
    let mut answering = Answering {
        venue,
        connection,
        method: request.as_ref().map_or("", |request| &request.method),
        req_id: request.as_ref().and_then(|request| request.req_id),
        now,
        time: rfc3339(now),
    };
    let Some(request) = &request else {
        answering.refuse(MALFORMED, None);
        return;
    };
    let params = request.params.map(|params| serde_json::from_str(params.get()));
    match (request.method.as_str(), params) {
        ("ping", None) => answering.pong(),
        ("ping", Some(_)) => answering.refuse(PING_PARAMS, None),
        ("subscribe", Some(Ok(params))) => answering.subscribe(&params),
        ("unsubscribe", Some(Ok(params))) => answering.unsubscribe(&params),
        ("subscribe" | "unsubscribe", _) => answering.refuse(MALFORMED, None),
        _ => answering.refuse(UNSUPPORTED_EVENT, None),
    }
}

impl Answering<'_> {
    fn pong(&mut self) {
        let text = json(&Pong {
            method: "pong",
            req_id: self.req_id,
            time_in: &self.time,
            time_out: &self.time,
        });
        self.push(Outgoing::Answer(text.into()));
    }

    fn subscribe(&mut self, params: &Params) {
        if !self.check_endpoint(&params.channel) {
            return;
        }
        match params.channel.as_str() {
            "trade" => self.each_symbol(params, Self::subscribe_trades),
            "book" => self.each_symbol(params, Self::subscribe_book),
            "executions" => self.subscribe_executions(params),
            // There is nothing to subscribe: both come by themselves.
            "heartbeat" | "status" => {
                self.accept(Accepted { channel: &params.channel, ..Accepted::default() })
            }
            _ => self.refuse(UNSUPPORTED_CHANNEL, None),
        }
    }

    fn unsubscribe(&mut self, params: &Params) {
        match params.channel.as_str() {
            "trade" => self.each_symbol(params, Self::unsubscribe_trades),
            "book" => self.each_symbol(params, Self::unsubscribe_book),
            "executions" => self.unsubscribe_executions(),
            _ => self.refuse(UNSUPPORTED_CHANNEL, None),
        }
    }

    /// Public channels are not on the private endpoint, nor the other way round.
    fn check_endpoint(&mut self, channel: &str) -> bool {
        let role = self.session().map(|session| session.role);
        let refusal = match (role, channel) {
            (Some(Role::PublicStream), "executions") => PRIVATE_ELSEWHERE,
            (Some(Role::PrivateStream), "trade" | "book") => PUBLIC_ELSEWHERE,
            _ => return true,
        };
        self.refuse(refusal, None);
        false
    }

    /// One answer per symbol.
    fn each_symbol(&mut self, params: &Params, act: fn(&mut Self, &Symbol, &Params)) {
        let symbols = params.symbol.as_deref().unwrap_or_default();
        if symbols.is_empty() {
            self.refuse(MALFORMED, None);
        }
        if symbols.len() > SYMBOLS_MAX {
            self.refuse(TOO_MANY_SYMBOLS, None);
            return;
        }
        for name in symbols {
            let symbol = Symbol::new(name);
            if self.venue.listed(&symbol).is_some() {
                act(self, &symbol, params);
            } else {
                let error = format!("Currency pair not supported {name}");
                self.refuse(&error, Some(name));
            }
        }
    }

    fn subscribe_trades(&mut self, symbol: &Symbol, params: &Params) {
        let Some(session) = self.session() else {
            return;
        };
        if session.trades.contains(symbol) {
            self.refuse(ALREADY_SUBSCRIBED, Some(symbol.as_str()));
            return;
        }
        session.trades.push(symbol.clone());
        let snapshot = params.snapshot.unwrap_or(true);
        self.accept(Accepted {
            channel: "trade",
            snapshot: Some(snapshot),
            symbol: Some(symbol.as_str()),
            ..Accepted::default()
        });
        if let Some(listed) = self.venue.listed(symbol).filter(|_| snapshot) {
            let text = public::trade_message(&listed.pair, "snapshot", &listed.last_trades);
            self.push(Outgoing::Channel(text.into()));
        }
    }

    fn subscribe_book(&mut self, symbol: &Symbol, params: &Params) {
        let depth = params.depth.unwrap_or(DEPTHS[0]);
        if !DEPTHS.contains(&depth) {
            self.refuse(UNSUPPORTED_DEPTH, Some(symbol.as_str()));
            return;
        }
        let known = self.session().map(|session| session.books.contains_key(symbol));
        if known == Some(true) {
            self.refuse(ALREADY_SUBSCRIBED, Some(symbol.as_str()));
            return;
        }
        // What is shown next is in the history first.
        self.venue.publish_books(self.now);
        if let Some(session) = self.session() {
            session.books.insert(symbol.clone(), depth);
        }
        let snapshot = params.snapshot.unwrap_or(true);
        self.accept(Accepted {
            channel: "book",
            depth: Some(depth),
            snapshot: Some(snapshot),
            symbol: Some(symbol.as_str()),
            ..Accepted::default()
        });
        if let Some(listed) = self.venue.listed(symbol).filter(|_| snapshot) {
            let top = listed.book.top(depth);
            let text = public::book_message(&listed.pair, "snapshot", &top, &listed.book, self.now);
            self.push(Outgoing::Channel(text.into()));
        }
    }

    fn subscribe_executions(&mut self, params: &Params) {
        let Some(session) = self.session() else {
            return;
        };
        if session.executions.is_some() {
            self.refuse(ALREADY_SUBSCRIBED, None);
            return;
        }
        let token = params.token.as_deref().unwrap_or_default();
        let Some(account) = self.venue.tokens.claim(token, self.now) else {
            self.refuse(&ApiError::INVALID_SESSION.0, None);
            return;
        };
        let state = self.venue.accounts.get(&account);
        let tier = state.map(|state| state.tier).unwrap_or_default();
        let snap_orders = params.snap_orders.or(params.snapshot).unwrap_or(true);
        let snap_trades = params.snap_trades.unwrap_or(false);
        self.accept(Accepted {
            channel: "executions",
            maxratecount: Some(tier.transactions().max),
            snap_orders: Some(snap_orders),
            snap_trades: Some(snap_trades),
            ..Accepted::default()
        });
        let mut private = Private { account, token: token.to_owned(), sequence: 0 };
        // Orders and executions come in separate messages: clients look at the first row only.
        if snap_orders {
            let rows = self.open_orders(&private);
            let text = private.message("snapshot", &rows);
            self.push(Outgoing::Channel(text.into()));
        }
        if snap_trades {
            let rows = self.last_executions(&private);
            let text = private.message("snapshot", &rows);
            self.push(Outgoing::Channel(text.into()));
        }
        if let Some(session) = self.session() {
            session.executions = Some(private);
        }
    }

    fn open_orders(&self, private: &Private) -> Vec<Row> {
        let venue = &*self.venue;
        let row = |order: &matching::Order| {
            let details = venue.orders.get(&order.id)?;
            let pair = &venue.listed(&order.request.symbol)?.pair;
            Some(Row::snapshot(order, &details.facts, pair))
        };
        venue.exchange.open_orders(private.account).filter_map(row).collect()
    }

    fn last_executions(&self, private: &Private) -> Vec<Row> {
        let account = self.venue.accounts.get(&private.account);
        let executions = account.into_iter().flat_map(|account| &account.executions);
        let row = |(own, time): &(crate::kraken::venue::OwnExecution, UnixNanos)| {
            let pair = &self.venue.listed(&own.order.request.symbol)?.pair;
            Some(Row::trade(own, pair, *time))
        };
        executions.filter_map(row).collect()
    }

    fn unsubscribe_trades(&mut self, symbol: &Symbol, _: &Params) {
        let trades = self.session().map(|session| &mut session.trades);
        let at = trades.as_ref().and_then(|t| t.iter().position(|s| s == symbol));
        match (trades, at) {
            (Some(trades), Some(at)) => {
                trades.remove(at);
                self.accept(Accepted {
                    channel: "trade",
                    symbol: Some(symbol.as_str()),
                    ..Accepted::default()
                });
            }
            _ => self.refuse(NOT_SUBSCRIBED, Some(symbol.as_str())),
        }
    }

    fn unsubscribe_book(&mut self, symbol: &Symbol, _: &Params) {
        let depth = self.session().and_then(|session| session.books.remove(symbol));
        match depth {
            Some(depth) => self.accept(Accepted {
                channel: "book",
                depth: Some(depth),
                symbol: Some(symbol.as_str()),
                ..Accepted::default()
            }),
            None => self.refuse(NOT_SUBSCRIBED, Some(symbol.as_str())),
        }
    }

    fn unsubscribe_executions(&mut self) {
        match self.session().and_then(|session| session.executions.take()) {
            Some(private) => {
                self.venue.tokens.release(&private.token);
                self.accept(Accepted { channel: "executions", ..Accepted::default() });
            }
            None => self.refuse(NOT_SUBSCRIBED, None),
        }
    }

    fn accept(&mut self, result: Accepted<'_>) {
        let text = json(&Ack {
            method: self.method,
            req_id: self.req_id,
            result,
            success: true,
            time_in: &self.time,
            time_out: &self.time,
        });
        self.push(Outgoing::Answer(text.into()));
    }

    fn refuse(&mut self, error: &str, symbol: Option<&str>) {
        let text = json(&Nack {
            error,
            method: Some(self.method).filter(|method| !method.is_empty()),
            req_id: self.req_id,
            success: false,
            symbol,
            time_in: &self.time,
            time_out: &self.time,
        });
        self.push(Outgoing::Answer(text.into()));
    }

    fn session(&mut self) -> Option<&mut Session> {
        self.venue.sessions.sessions.get_mut(&self.connection)
    }

    fn push(&mut self, message: Outgoing) {
        if let Some(session) = self.session() {
            session.outbox.push(message);
        }
    }
}
