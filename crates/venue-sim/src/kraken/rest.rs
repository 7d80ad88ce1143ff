//! REST: one request in, one answer out. Pure.

mod account;
mod args;
mod auth;
mod public;
mod rows;
mod trading;

use bytes::Bytes;
use model::UnixNanos;
use model::history::VenueEvent;

use crate::kraken::error::ApiError;
use crate::kraken::venue::Venue;

pub(crate) use args::Args;

/// Kind of a request. Kraken knows no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Other,
}

/// What of a request decides its answer.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) verb: Verb,
    /// Without the query: `/0/public/Time`.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) content_type: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) api_sign: Option<String>,
    pub(crate) body: Bytes,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// Name in the history of a request whose path names no method.
const UNKNOWN_OP: &str = "unknown";

/// What a method returns: the JSON text of `result`.
pub(crate) type MethodResult = Result<String, ApiError>;

impl Request {
    /// The method's name if the path has one that exists: `AddOrder`.
    pub(crate) fn op(&self) -> &'static str {
        let methods = PUBLIC.iter().chain(PRIVATE);
        let method = self.method();
        methods
            .copied()
            .find(|known| method.is_some_and(|(_, name)| *known == name))
            .unwrap_or(UNKNOWN_OP)
    }

    /// Whether the path is private, and the method's name.
    fn method(&self) -> Option<(bool, &str)> {
        let public = self.path.strip_prefix("/0/public/");
        let private = self.path.strip_prefix("/0/private/");
        public.map(|name| (false, name)).or_else(|| private.map(|name| (true, name)))
    }
}

/// Public methods.
const PUBLIC: &[&str] = &["Time", "SystemStatus", "Assets", "AssetPairs", "Ticker", "Depth"];

/// Private methods.
const PRIVATE: &[&str] = &[
    "Balance",
    "OpenOrders",
    "ClosedOrders",
    "QueryOrders",
    "AddOrder",
    "CancelOrder",
    "CancelAll",
    "GetWebSocketsToken",
];

impl Venue {
    /// Answers a request and writes that into the history.
    pub(crate) fn handle(&mut self, request: &Request, now: UnixNanos) -> Reply {
        let result = self.execute(request, now);
        let error = result.as_ref().err().map(|error| error.0.to_string());
        self.sink.record(VenueEvent::RequestAnswered {
            op: request.op().to_owned(),
            status: 200,
            error,
        });
        let body = match result {
            Ok(result) => format!(r#"{{"error":[],"result":{result}}}"#),
            Err(error) => format!(r#"{{"error":[{}]}}"#, crate::kraken::wire::json(&error.0)),
        };
        Reply {
            status: 200,
            headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
            body,
        }
    }

    /// Does what a request asks for; its answer is not in the history yet.
    pub(crate) fn execute(&mut self, request: &Request, now: UnixNanos) -> MethodResult {
        match request.method() {
            Some((false, name)) => self.public(name, request, now),
            Some((true, name)) if request.verb == Verb::Post && PRIVATE.contains(&name) => {
                self.private(name, request, now)
            }
            Some((true, _)) | None => Err(ApiError::UNKNOWN_METHOD),
        }
    }

    fn public(&self, name: &str, request: &Request, now: UnixNanos) -> MethodResult {
        let args = match request.verb {
            Verb::Get => Args::form(request.query.as_bytes()),
            Verb::Post if self.public_post => Args::of_body(request),
            Verb::Post | Verb::Other => return Err(ApiError::UNKNOWN_METHOD),
        };
        match name {
            "Time" => Ok(public::time(now)),
            "SystemStatus" => Ok(public::system_status(now)),
            "Assets" => self.assets(&args),
            "AssetPairs" => self.asset_pairs(&args),
            "Ticker" => self.ticker(&args, now),
            "Depth" => self.depth(&args),
            _ => Err(ApiError::UNKNOWN_METHOD),
        }
    }

    fn private(&mut self, name: &str, request: &Request, now: UnixNanos) -> MethodResult {
        let args = Args::of_body(request);
        let account = self.authenticate(name, request, &args, now)?;
        match name {
            "Balance" => Ok(self.balance(account)),
            "OpenOrders" => self.open_orders(account, &args),
            "ClosedOrders" => self.closed_orders(account, &args),
            "QueryOrders" => self.query_orders(account, &args),
            "AddOrder" => self.add_order(account, &args, now),
            "CancelOrder" => self.cancel_order(account, &args, now),
            "CancelAll" => Ok(self.cancel_all(account, now)),
            "GetWebSocketsToken" => Ok(self.web_sockets_token(account, now)),
            _ => Err(ApiError::UNKNOWN_METHOD),
        }
    }
}

#[cfg(test)]
mod tests;
