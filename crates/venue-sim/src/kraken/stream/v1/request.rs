//! Requests of version 1: events.

use matching::AccountId;
use model::{Symbol, UnixNanos};
use serde::{Deserialize, Serialize};

use crate::kraken::book::DEPTHS;
use crate::kraken::candles::INTERVALS;
use crate::kraken::config::Permissions;
use crate::kraken::error::ApiError;
use crate::kraken::orders::Target;
use crate::kraken::rest::Args;
use crate::kraken::stream::v1::{Feed, Private, PrivateFeed, Subscriptions, messages};
use crate::kraken::stream::{OUTBOX_MESSAGES_MAX, Outgoing};
use crate::kraken::venue::Venue;
use crate::kraken::wire::{json, rfc3339_seconds};

const MALFORMED: &str = "Malformed request";
const UNKNOWN_EVENT: &str = "Event(s) not found";
const UNKNOWN_NAME: &str = "Subscription name invalid";
const ALREADY_SUBSCRIBED: &str = "Already subscribed";
const NOT_SUBSCRIBED: &str = "Subscription Not Found";
const UNKNOWN_DEPTH: &str = "Subscription depth not supported";
const UNKNOWN_INTERVAL: &str = "Subscription ohlc interval not supported";

/// Pairs that one request may name. Each is answered by up to two messages.
const PAIRS_MAX: usize = 200;
const _: () = assert!(2 * PAIRS_MAX < OUTBOX_MESSAGES_MAX, "an answer fits into the outbox");
/// Trades and executions in a snapshot.
const SHOWN: usize = 50;

#[derive(Deserialize)]
struct Request {
    event: String,
    reqid: Option<i64>,
    #[serde(default)]
    pair: serde_json::Value,
    subscription: Option<Subscription>,
}

/// What is subscribed, as far as it was told; answers repeat it without the token.
#[derive(Clone, Deserialize, Serialize)]
struct Subscription {
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interval: Option<u32>,
    name: String,
    #[serde(skip_serializing)]
    token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(rename = "channelID", skip_serializing_if = "Option::is_none")]
    channel_id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pair: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reqid: Option<i64>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<&'a Subscription>,
}

/// The answer to an event that trades.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Done {
    event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reqid: Option<i64>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<String>,
    /// These two in lower case, as Kraken has them.
    #[serde(rename = "amend_id", skip_serializing_if = "Option::is_none")]
    amend_id: Option<String>,
    #[serde(rename = "cl_ord_id", skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    originaltxid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    descr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_time: Option<String>,
}

struct Answering<'a> {
    venue: &'a mut Venue,
    connection: u64,
    reqid: Option<i64>,
    now: UnixNanos,
}

/// Answers one message of a client.
pub(in crate::kraken::stream) fn handle(
    venue: &mut Venue,
    connection: u64,
    text: &str,
    now: UnixNanos,
) {
    let request: Option<Request> = serde_json::from_str(text).ok();
    let reqid = request.as_ref().and_then(|request| request.reqid);
    let mut answering = Answering { venue, connection, reqid, now };
    let Some(request) = request else {
        return answering.status(MALFORMED, None, None);
    };
    match request.event.as_str() {
        "ping" => {
            let pong = match reqid {
                Some(reqid) => format!(r#"{{"event":"pong","reqid":{reqid}}}"#),
                None => r#"{"event":"pong"}"#.to_owned(),
            };
            answering.push(pong);
        }
        "subscribe" => answering.each(&request, Answering::subscribe),
        "unsubscribe" => answering.each(&request, Answering::unsubscribe),
        event => answering.trade(event, &Args::json(text.as_bytes())),
    }
}

impl Answering<'_> {
    /// One answer per pair; private feeds have none.
    fn each(&mut self, request: &Request, act: fn(&mut Self, &str, &Symbol, Feed, &Subscription)) {
        let Some(subscription) = &request.subscription else {
            return self.status(MALFORMED, None, None);
        };
        let private = match subscription.name.as_str() {
            "openOrders" => Some(PrivateFeed::OpenOrders),
            "ownTrades" => Some(PrivateFeed::OwnTrades),
            _ => None,
        };
        if let Some(feed) = private {
            return self.subscribe_private(feed, subscription, request.event == "subscribe");
        }
        let feed = match public_feed(subscription) {
            Ok(feed) => feed,
            Err(error) => return self.status(error, None, Some(subscription)),
        };
        let pairs = request.pair.as_array().map(Vec::as_slice).unwrap_or_default();
        if pairs.is_empty() || pairs.len() > PAIRS_MAX {
            return self.status("Pair field must be an array", None, Some(subscription));
        }
        for name in pairs.iter().filter_map(serde_json::Value::as_str) {
            let listed = self.venue.pairs.iter().find(|listed| listed.pair.wsname == name);
            match listed.map(|listed| listed.pair.symbol().clone()) {
                Some(symbol) => act(self, name, &symbol, feed, subscription),
                None => {
                    let error = match name.split_once('/') {
                        Some(_) => format!("Currency pair not supported {name}"),
                        None => format!("Currency pair not in ISO 4217-A3 format {name}"),
                    };
                    self.status(&error, Some(name), Some(subscription));
                }
            }
        }
    }

    fn subscribe(&mut self, name: &str, symbol: &Symbol, feed: Feed, asked: &Subscription) {
        self.venue.publish_books(std::slice::from_ref(symbol), self.now);
        let added = self.follows().is_some_and(|v1| v1.public.insert((symbol.clone(), feed)));
        if !added {
            return self.status(ALREADY_SUBSCRIBED, Some(name), Some(asked));
        }
        self.accepted("subscribed", Some(name), Some(feed), asked);
        let Some(listed) = self.venue.listed(symbol) else { return };
        let snapshot = match feed {
            Feed::Ticker => Some(messages::ticker(listed, self.now)),
            Feed::Trade => Some(messages::trades(&listed.pair, listed.prints.latest(SHOWN))),
            Feed::Candles(minutes) => messages::candle(listed, minutes, self.now),
            Feed::Book(depth) => Some(messages::book(listed, depth)),
            Feed::Spread => {
                let none = crate::kraken::book::Sides::default();
                messages::spread(&listed.pair, &none, &listed.book, self.now)
            }
        };
        if let Some(text) = snapshot {
            self.push_channel(text);
        }
    }

    fn unsubscribe(&mut self, name: &str, symbol: &Symbol, feed: Feed, asked: &Subscription) {
        let removed = self.follows().is_some_and(|v1| v1.public.remove(&(symbol.clone(), feed)));
        if removed {
            self.accepted("unsubscribed", Some(name), Some(feed), asked);
        } else {
            self.status(NOT_SUBSCRIBED, Some(name), Some(asked));
        }
    }

    fn subscribe_private(&mut self, feed: PrivateFeed, asked: &Subscription, begin: bool) {
        let known = self.follows().and_then(|v1| v1.private.remove(&feed));
        if let Some(private) = known {
            if begin {
                self.follows().map(|v1| v1.private.insert(feed, private));
                return self.status(ALREADY_SUBSCRIBED, None, Some(asked));
            }
            self.venue.tokens.release(&private.token);
            return self.private_accepted("unsubscribed", feed, asked);
        }
        if !begin {
            return self.status(NOT_SUBSCRIBED, None, Some(asked));
        }
        let token = asked.token.clone().unwrap_or_default();
        let Some(grant) = self.venue.claim_token(&token, self.now) else {
            return self.status(&ApiError::INVALID_SESSION.0, None, Some(asked));
        };
        let Permissions { query_open_orders, query_closed_orders, .. } = grant.permissions;
        if !query_open_orders && !query_closed_orders {
            self.venue.tokens.release(&token);
            return self.status(&ApiError::PERMISSION_DENIED.0, None, Some(asked));
        }
        let mut private = Private { account: grant.account, token, sequence: 0 };
        self.private_accepted("subscribed", feed, asked);
        let snapshot = match feed {
            PrivateFeed::OpenOrders => {
                private.message(feed, &self.venue.open_order_rows(grant.account))
            }
            PrivateFeed::OwnTrades => {
                private.message(feed, &self.venue.last_trade_rows(grant.account, SHOWN))
            }
        };
        self.push_channel(snapshot);
        self.follows().map(|v1| v1.private.insert(feed, private));
    }

    fn private_accepted(&mut self, status: &'static str, feed: PrivateFeed, asked: &Subscription) {
        let text = json(&Status {
            channel_id: None,
            channel_name: Some(feed.as_str().to_owned()),
            error_message: None,
            event: "subscriptionStatus",
            pair: None,
            reqid: self.reqid,
            status,
            subscription: Some(asked),
        });
        self.push(text);
    }

    fn trade(&mut self, event: &str, args: &Args) {
        let may: fn(Permissions) -> bool = match event {
            "addOrder" | "editOrder" | "amendOrder" => |key| key.create_orders,
            "cancelOrder" | "cancelAll" | "cancelAllOrdersAfter" => |key| key.cancel_orders,
            _ => return self.status(UNKNOWN_EVENT, None, None),
        };
        let token = args.get("token").unwrap_or_default();
        let grant =
            self.venue.claimed(self.connection, token, self.now).ok_or(ApiError::INVALID_SESSION);
        let account = grant.and_then(|grant| {
            may(grant.permissions).then_some(grant.account).ok_or(ApiError::PERMISSION_DENIED)
        });
        let mut args = args.clone();
        for name in ["event", "token", "reqid"] {
            args.set(name, "");
        }
        let answers = match account {
            Ok(account) => self.traded(event, account, &args),
            Err(error) => vec![Err(error)],
        };
        for answer in answers {
            let done = answer.unwrap_or_else(|error| Done {
                status: "error",
                error_message: Some(error.0.into_owned()),
                ..Done::default()
            });
            let status = if done.status.is_empty() { "ok" } else { done.status };
            let event = format!("{event}Status");
            let text = json(&Done { event, reqid: self.reqid, status, ..done });
            self.push(text);
        }
    }

    fn traded(
        &mut self,
        event: &str,
        account: AccountId,
        args: &Args,
    ) -> Vec<Result<Done, ApiError>> {
        let now = self.now;
        match event {
            "addOrder" => {
                let placed = self.venue.add_order(account, args, now);
                vec![placed.map(|placed| Done {
                    txid: placed.txid,
                    descr: Some(placed.sentence),
                    ..Done::default()
                })]
            }
            "editOrder" => {
                let mut args = args.clone();
                if let Some(id) = args.get("orderid").map(str::to_owned) {
                    args.set("txid", &id);
                }
                let edited = self.venue.edit_order(account, &args, now);
                vec![edited.map(|edited| Done {
                    txid: edited.placed.txid,
                    originaltxid: Some(edited.original),
                    descr: Some(edited.placed.sentence),
                    ..Done::default()
                })]
            }
            "amendOrder" => {
                let amended = self.venue.amend_order(account, args, now);
                vec![amended.map(|amended| {
                    let (txid, cl_ord_id) = match amended.target {
                        Target::Txid(txid) => (Some(txid), None),
                        Target::ClientId(name) => (None, Some(name)),
                    };
                    Done { amend_id: Some(amended.amend_id), txid, cl_ord_id, ..Done::default() }
                })]
            }
            "cancelOrder" => {
                let text = args.get("txid").unwrap_or_default();
                let ids: Vec<String> = serde_json::from_str(text).unwrap_or_default();
                if ids.is_empty() || ids.len() > crate::kraken::orders::CANCELS_MAX {
                    return vec![Err(ApiError::arguments("txid"))];
                }
                let cancel = |id: &String| {
                    let mut args = Args::default();
                    args.set("txid", id);
                    self.venue.cancel_order(account, &args, now).map(|_| Done::default())
                };
                ids.iter().map(cancel).collect()
            }
            "cancelAll" => {
                let count = self.venue.cancel_all(account, now);
                vec![count.map(|count| Done { count: Some(count), ..Done::default() })]
            }
            _ => {
                let armed = self.venue.cancel_all_after(account, args, now);
                vec![armed.map(|armed| Done {
                    current_time: Some(rfc3339_seconds(armed.now)),
                    trigger_time: Some(armed.at.map_or("0".to_owned(), rfc3339_seconds)),
                    ..Done::default()
                })]
            }
        }
    }

    fn accepted(
        &mut self,
        status: &'static str,
        pair: Option<&str>,
        feed: Option<Feed>,
        asked: &Subscription,
    ) {
        let mut pairs = self.venue.pairs.iter();
        let listed = pairs.find(|listed| pair == Some(listed.pair.wsname));
        let text = json(&Status {
            channel_id: feed.zip(listed).map(|(feed, listed)| feed.number(&listed.pair)),
            channel_name: feed.map(Feed::channel),
            error_message: None,
            event: "subscriptionStatus",
            pair,
            reqid: self.reqid,
            status,
            subscription: Some(asked),
        });
        self.push(text);
    }

    /// A refusal.
    fn status(&mut self, error: &str, pair: Option<&str>, asked: Option<&Subscription>) {
        let text = json(&Status {
            channel_id: None,
            channel_name: None,
            error_message: Some(error.to_owned()),
            event: if asked.is_some() { "subscriptionStatus" } else { "error" },
            pair,
            reqid: self.reqid,
            status: "error",
            subscription: asked,
        });
        self.push(text);
    }

    fn follows(&mut self) -> Option<&mut Subscriptions> {
        self.venue.sessions.sessions.get_mut(&self.connection)?.v1.as_mut()
    }

    fn push(&mut self, text: String) {
        self.out(Outgoing::Answer(text.into()));
    }

    fn push_channel(&mut self, text: String) {
        self.out(Outgoing::Channel(text.into()));
    }

    fn out(&mut self, message: Outgoing) {
        if let Some(session) = self.venue.sessions.sessions.get(&self.connection) {
            session.outbox.push(message);
        }
    }
}

fn public_feed(asked: &Subscription) -> Result<Feed, &'static str> {
    let (depth, interval) =
        (asked.depth.unwrap_or(DEPTHS[0]), asked.interval.unwrap_or(INTERVALS[0]));
    match asked.name.as_str() {
        "ticker" => Ok(Feed::Ticker),
        "trade" => Ok(Feed::Trade),
        "spread" => Ok(Feed::Spread),
        "ohlc" if INTERVALS.contains(&interval) => Ok(Feed::Candles(interval)),
        "ohlc" => Err(UNKNOWN_INTERVAL),
        "book" if DEPTHS.contains(&depth) => Ok(Feed::Book(depth)),
        "book" => Err(UNKNOWN_DEPTH),
        _ => Err(UNKNOWN_NAME),
    }
}
