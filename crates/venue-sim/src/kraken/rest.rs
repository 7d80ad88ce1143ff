//! REST: one request in, one answer out. Pure.

mod account;
mod args;
mod auth;
mod history;
mod market;
mod public;
mod queries;
mod rows;
mod ticker;
mod trading;

use std::borrow::Cow;

use bytes::Bytes;
use matching::AccountId;
use model::UnixNanos;
use model::history::VenueEvent;

use crate::kraken::error::ApiError;
use crate::kraken::orders::Phase;
use crate::kraken::venue::Venue;

pub(crate) use args::Args;
pub(crate) use history::Group;
pub(crate) use rows::{
    Told, kind_words, live_prices, misc, oflags, order_type, price_text, price2_text, sentence,
    status_and_reason,
};

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

    pub(crate) fn is_private(&self) -> bool {
        self.path.starts_with("/0/private/")
    }

    /// The pair of a call whose pair is counted: `Trades` and `OHLC`.
    pub(crate) fn counted_pair(&self) -> Option<String> {
        let counted = matches!(self.method(), Some((false, "Trades" | "OHLC")));
        let args = counted.then(|| Args::form(self.query.as_bytes()))?;
        args.get("pair").map(str::to_ascii_uppercase)
    }

    /// Whether the path is private, and the method's name.
    fn method(&self) -> Option<(bool, &str)> {
        let public = self.path.strip_prefix("/0/public/");
        let private = self.path.strip_prefix("/0/private/");
        public.map(|name| (false, name)).or_else(|| private.map(|name| (true, name)))
    }
}

/// Public methods.
const PUBLIC: &[&str] = &[
    "Time",
    "SystemStatus",
    "Assets",
    "AssetPairs",
    "Ticker",
    "OHLC",
    "Depth",
    "Trades",
    "Spread",
];

/// Private methods.
const PRIVATE: &[&str] = &[
    "Balance",
    "BalanceEx",
    "TradeBalance",
    "TradeVolume",
    "OpenOrders",
    "ClosedOrders",
    "QueryOrders",
    "OrderAmends",
    "TradesHistory",
    "QueryTrades",
    "OpenPositions",
    "Ledgers",
    "QueryLedgers",
    "AddOrder",
    "AddOrderBatch",
    "AmendOrder",
    "EditOrder",
    "CancelOrder",
    "CancelOrderBatch",
    "CancelAll",
    "CancelAllOrdersAfter",
    "GetWebSocketsToken",
];

impl Venue {
    /// Answers a request and writes that into the history.
    pub(crate) fn handle(&mut self, request: &Request, now: UnixNanos) -> Reply {
        let result = self.result(request, now);
        self.reply(request, result)
    }

    /// As [`Venue::execute`]; counts what the phase refuses.
    pub(crate) fn result(&mut self, request: &Request, now: UnixNanos) -> MethodResult {
        let result = self.execute(request, now);
        let by_phase = [
            ApiError::UNAVAILABLE,
            ApiError::CANCEL_ONLY,
            ApiError::POST_ONLY_MODE,
            ApiError::LIMIT_ONLY_MODE,
        ];
        if self.phase != Phase::Online
            && result.as_ref().is_err_and(|error| by_phase.contains(error))
        {
            self.refused_by_phase += 1;
        }
        result
    }

    /// The answer that a result makes, which goes into the history.
    pub(crate) fn reply(&self, request: &Request, result: MethodResult) -> Reply {
        let error = result.as_ref().err().map(|error| error.0.to_string());
        self.sink.record(VenueEvent::RequestAnswered {
            op: request.op().to_owned(),
            status: 200,
            error,
            retry_after_ms: None,
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

    /// Answers a request with an error, and writes that into the history.
    pub(crate) fn refuse(&self, request: &Request, text: &str) -> Reply {
        let error = ApiError(Cow::Owned(text.to_owned()));
        self.reply(request, Err(error))
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
            "Time" => return Ok(public::time(now)),
            "SystemStatus" => return Ok(public::system_status(self.phase, now)),
            _ if self.phase == Phase::Maintenance => return Err(ApiError::UNAVAILABLE),
            _ => {}
        }
        let answer = match name {
            "Assets" => self.assets(&args),
            "AssetPairs" => self.asset_pairs(&args),
            "Ticker" => self.ticker(&args, now),
            "OHLC" => self.ohlc(&args, now),
            "Depth" => self.depth(&args),
            "Trades" => self.trades(&args, now),
            "Spread" => self.spread(&args, now),
            _ => Err(ApiError::UNKNOWN_METHOD),
        };
        // What is wrong is told by private methods only.
        answer.map_err(ApiError::without_field)
    }

    fn private(&mut self, name: &str, request: &Request, now: UnixNanos) -> MethodResult {
        let args = Args::of_body(request);
        let grant = self.authenticate(name, request, &args, now)?;
        let account = grant.account;
        if self.phase == Phase::Maintenance {
            return Err(ApiError::UNAVAILABLE);
        }
        match name {
            "Balance" => Ok(self.balance(account)),
            "BalanceEx" => Ok(self.balance_ex(account)),
            "TradeBalance" => self.trade_balance(account, &args),
            "TradeVolume" => self.trade_volume(account, &args),
            "OpenOrders" => self.open_orders(account, &args, now),
            "ClosedOrders" => self.closed_orders(account, &args, now),
            "QueryOrders" => self.query_orders(account, &args, now),
            "OrderAmends" => self.order_amends(account, &args),
            "TradesHistory" => self.trades_history(account, &args),
            "QueryTrades" => self.query_trades(account, &args),
            // There is no margin here, hence no position.
            "OpenPositions" if args.get("consolidation") == Some("market") => Ok("[]".to_owned()),
            "OpenPositions" => Ok("{}".to_owned()),
            "Ledgers" => self.ledgers(account, &args),
            "QueryLedgers" => self.query_ledgers(account, &args),
            "GetWebSocketsToken" => Ok(self.web_sockets_token(grant, now)),
            _ => self.trade(name, account, &args, now),
        }
    }

    fn trade(
        &mut self,
        name: &str,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        match name {
            "AddOrder" => self.post_add_order(account, args, now),
            "AddOrderBatch" => self.post_add_batch(account, args, now),
            "AmendOrder" => self.post_amend_order(account, args, now),
            "EditOrder" => self.post_edit_order(account, args, now),
            "CancelOrder" => self.post_cancel_order(account, args, now),
            "CancelOrderBatch" => self.post_cancel_batch(account, args, now),
            "CancelAll" => self.post_cancel_all(account, now),
            "CancelAllOrdersAfter" => self.post_cancel_all_after(account, args, now),
            _ => Err(ApiError::UNKNOWN_METHOD),
        }
    }
}

#[cfg(test)]
mod tests;
