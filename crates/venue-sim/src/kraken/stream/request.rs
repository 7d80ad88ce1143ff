//! Requests of WebSocket clients: the envelope, and which method answers.

use model::UnixNanos;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::kraken::error::ApiError;
use crate::kraken::orders::Phase;
use crate::kraken::sim::Role;
use crate::kraken::stream::subscribe::{Accepted, Params};
use crate::kraken::stream::trading::is_trading;
use crate::kraken::stream::{Outgoing, Session};
use crate::kraken::venue::Venue;
use crate::kraken::wire::{json, rfc3339};

pub(super) const MALFORMED: &str = "Malformed request";
const UNSUPPORTED_EVENT: &str = "Unsupported event";
const UNSUPPORTED_CHANNEL: &str = "Unsupported channel";
const PING_PARAMS: &str = "Unsupported field: 'params' for the given msg type: ping";
const PRIVATE_ELSEWHERE: &str =
    "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com";
const PUBLIC_ELSEWHERE: &str =
    "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com";

/// Channels that need a token.
const PRIVATE_CHANNELS: &[&str] = &["executions", "balances"];

/// What every request has.
#[derive(Deserialize)]
struct Request<'a> {
    method: String,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    req_id: Option<i64>,
}

/// An accepted request.
#[derive(Serialize)]
struct Ack<'a, R> {
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    req_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orders_cancelled: Option<usize>,
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

/// A request being answered.
pub(super) struct Answering<'a> {
    pub(super) venue: &'a mut Venue,
    pub(super) connection: u64,
    method: &'a str,
    req_id: Option<i64>,
    pub(super) now: UnixNanos,
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
    let parsed = request.params.map(|params| serde_json::from_str::<Params>(params.get()));
    match (request.method.as_str(), parsed) {
        ("ping", None) => answering.pong(),
        ("ping", Some(_)) => answering.refuse(PING_PARAMS, None),
        ("subscribe", Some(Ok(params))) => answering.subscribe(&params),
        ("unsubscribe", Some(Ok(params))) => answering.unsubscribe(&params),
        ("subscribe" | "unsubscribe", _) => answering.refuse(MALFORMED, None),
        (method, _) => match request.params {
            Some(params) if answering.trade(method, params) => {}
            None if is_trading(method) => answering.refuse(MALFORMED, None),
            Some(_) | None => answering.refuse(UNSUPPORTED_EVENT, None),
        },
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
        let channel = params.channel.as_str();
        if !self.check_endpoint(PRIVATE_CHANNELS.contains(&channel), channel) {
            return;
        }
        if self.venue.phase == Phase::Maintenance {
            self.refuse(&ApiError::UNAVAILABLE.0, None);
            return;
        }
        match channel {
            "trade" => self.each_symbol(params, Self::subscribe_trades),
            "book" => self.each_symbol(params, Self::subscribe_book),
            "ticker" => self.each_symbol(params, Self::subscribe_ticker),
            "ohlc" => self.each_symbol(params, Self::subscribe_candles),
            "instrument" => self.subscribe_instruments(params),
            "executions" => self.subscribe_executions(params),
            "balances" => self.subscribe_balances(params),
            // There is nothing to subscribe: both come by themselves.
            "heartbeat" | "status" => self.accept(Accepted { channel, ..Accepted::default() }),
            _ => self.refuse(UNSUPPORTED_CHANNEL, None),
        }
    }

    fn unsubscribe(&mut self, params: &Params) {
        let channel = params.channel.as_str();
        match channel {
            "trade" => self.each_symbol(params, Self::unsubscribe_trades),
            "book" => self.each_symbol(params, Self::unsubscribe_book),
            "ticker" => self.each_symbol(params, Self::unsubscribe_ticker),
            "ohlc" => self.each_symbol(params, Self::unsubscribe_candles),
            "instrument" => self.unsubscribe_instruments(),
            "executions" => self.unsubscribe_executions(),
            "balances" => self.unsubscribe_balances(),
            "heartbeat" | "status" => self.accept(Accepted { channel, ..Accepted::default() }),
            _ => self.refuse(UNSUPPORTED_CHANNEL, None),
        }
    }

    /// Public channels are not on the private endpoint, nor the other way round.
    pub(super) fn check_endpoint(&mut self, private: bool, channel: &str) -> bool {
        let role = self.session().map(|session| session.role);
        let everywhere = matches!(channel, "heartbeat" | "status" | "instrument");
        let refusal = match (role, private) {
            (Some(Role::PublicStream), true) => PRIVATE_ELSEWHERE,
            (Some(Role::PrivateStream), false) if !everywhere => PUBLIC_ELSEWHERE,
            _ => return true,
        };
        self.refuse(refusal, None);
        false
    }

    pub(super) fn accept<R: Serialize>(&mut self, result: R) {
        self.answer(Some(result), None);
    }

    /// An accepted request; a batch of cancels has a count beside its missing result.
    pub(super) fn answer<R: Serialize>(
        &mut self,
        result: Option<R>,
        orders_cancelled: Option<usize>,
    ) {
        let text = json(&Ack {
            method: self.method,
            req_id: self.req_id,
            result,
            orders_cancelled,
            success: true,
            time_in: &self.time,
            time_out: &self.time,
        });
        self.push(Outgoing::Answer(text.into()));
    }

    pub(super) fn refuse(&mut self, error: &str, symbol: Option<&str>) {
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

    pub(super) fn session(&mut self) -> Option<&mut Session> {
        self.venue.sessions.sessions.get_mut(&self.connection)
    }

    pub(super) fn push(&mut self, message: Outgoing) {
        if let Some(session) = self.session() {
            session.outbox.push(message);
        }
    }
}
