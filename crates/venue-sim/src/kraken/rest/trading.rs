//! Private methods that trade.
//!
//! Offered: market and limit orders, good till cancelled or immediate-or-cancel, post-only. Every
//! other field or value is refused with `EGeneral:Invalid arguments:<field>`, never ignored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use matching::{AccountId, OrderId, OrderRequest};
use model::history::VenueEvent;
use model::{
    DecimalError, OrderKind, Price, Quantity, Side, Symbol, TimeInForce, UnixNanos, VenueOrderId,
};
use serde::Serialize;

use crate::kraken::error::ApiError;
use crate::kraken::limits::{ORDER_COST, cancel_penalty};
use crate::kraken::pair::Pair;
use crate::kraken::rest::rows::sentence;
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::venue::{OrderFacts, Venue};
use crate::kraken::wire::{json, parse_rfc3339};

/// Longest `cl_ord_id` that is not a UUID.
const FREE_TEXT_MAX: usize = 18;
/// Latest `deadline` that is accepted.
const DEADLINE_MAX: Duration = Duration::from_secs(60);

/// Characters of an unknown field's name that the refusal repeats.
const FIELD_SHOWN_MAX: usize = 64;

/// Fields of `AddOrder` that mean something here or cannot change what the order does.
const FIELDS: &[&str] = &[
    "broker",
    "cl_ord_id",
    "deadline",
    "nonce",
    "oflags",
    "ordertype",
    "otp",
    "pair",
    "price",
    "reduce_only",
    "timeinforce",
    "type",
    "userref",
    "validate",
    "volume",
];

/// Fields of `AddOrder` that are taken only with values that ask for nothing special.
const HARMLESS_VALUES: &[(&str, &[&str])] = &[
    ("asset_class", &["currency", "forex"]),
    ("expiretm", &["0"]),
    ("leverage", &["none", "0", "1"]),
    ("price2", &["0"]),
    ("starttm", &["0"]),
    ("stptype", &["cancel-newest"]),
    ("trigger", &["last"]),
];

#[derive(Serialize)]
struct Added<'a> {
    descr: Description,
    #[serde(skip_serializing_if = "Option::is_none")]
    txid: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Description {
    order: String,
}

#[derive(Serialize)]
struct Count {
    count: usize,
}

impl Venue {
    /// `AddOrder`.
    pub(super) fn add_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let listed = self.listed_as(args.require("pair")?);
        let pair = listed.ok_or(ApiError::UNKNOWN_PAIR)?.pair.clone();
        let (pair, validate) = (&pair, args.flag("validate")?);
        let request = order_request(args, pair);
        if !validate {
            let rests = request.as_ref().is_ok_and(OrderRequest::may_rest);
            self.count_order(account, pair.symbol(), rests, now)?;
        }
        let request = request?;
        let userref: Option<i32> = args.number("userref")?;
        if userref.is_some() && request.client_id.is_some() {
            return Err(ApiError::arguments("userref"));
        }
        check_deadline(args, now)?;
        let descr =
            Description { order: sentence(request.side, request.quantity, request.kind, pair) };
        if validate {
            self.exchange.check(account, &request)?;
            let (txid, cl_ord_id) = (None, None);
            return Ok(json(&Added { descr, txid, cl_ord_id }));
        }
        let mut events = Vec::new();
        let submitted = request.clone();
        let id = self.exchange.submit(account, submitted, now, &mut events)?;
        let facts = OrderFacts { txid: self.ids.order(), userref, request };
        let answer = json(&Added {
            descr,
            txid: Some([&facts.txid]),
            cl_ord_id: facts.request.client_id.as_deref(),
        });
        self.name_order(id, facts);
        self.publish(&events, now);
        Ok(answer)
    }

    /// `CancelOrder`: by order id, by the number that the client gave several orders, or by the
    /// name that it gave one.
    pub(super) fn cancel_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let orders: Vec<OrderId> = match (args.get("txid"), args.get("cl_ord_id")) {
            (Some(txid), None) => match (self.by_txid.get(txid), txid.parse::<i32>()) {
                (Some(order), _) => vec![*order],
                (None, Ok(userref)) => self.open_with_userref(account, userref),
                (None, Err(_)) => Vec::new(),
            },
            (None, Some(name)) => {
                let order = self.exchange.by_client_id(account, name);
                order.map(|order| order.id).into_iter().collect()
            }
            (None, None) | (Some(_), Some(_)) => return Err(ApiError::arguments("txid")),
        };
        self.count_cancels(account, &orders, now)?;
        let count = self.cancel(account, &orders, now);
        if count == 0 {
            return Err(ApiError::UNKNOWN_ORDER);
        }
        Ok(json(&Count { count }))
    }

    /// `CancelAll`.
    pub(super) fn cancel_all(&mut self, account: AccountId, now: UnixNanos) -> String {
        let open = self.exchange.open_orders(account);
        let orders: Vec<OrderId> = open.map(|order| order.id).collect();
        let count = self.cancel(account, &orders, now);
        json(&Count { count })
    }

    /// Counts an order that has arrived, right or wrong.
    fn count_order(
        &mut self,
        account: AccountId,
        symbol: &Symbol,
        rests: bool,
        now: UnixNanos,
    ) -> Result<(), ApiError> {
        let open = self.exchange.open_orders(account);
        let open = open.filter(|order| order.request.symbol == *symbol).count();
        let Some(state) = self.accounts.get_mut(&account) else {
            return Err(ApiError::INVALID_KEY);
        };
        let (account, symbol) = (state.name.clone(), symbol.clone());
        let count = state.transactions.entry(symbol.clone()).or_default();
        let allowed = count.add(ORDER_COST, state.tier.transactions(), now);
        let full = rests && open >= state.tier.open_orders_max();
        self.sink.record(VenueEvent::OrderReceived { account, symbol, rests });
        match (allowed, full) {
            (false, _) => Err(ApiError::TRANSACTION_LIMIT),
            (true, true) => Err(ApiError::OPEN_ORDERS_LIMIT),
            (true, false) => Ok(()),
        }
    }

    /// Counts the cancels of those of the orders that are open and the account's: all of a pair, or none.
    fn count_cancels(
        &mut self,
        account: AccountId,
        orders: &[OrderId],
        now: UnixNanos,
    ) -> Result<(), ApiError> {
        let mut costs: BTreeMap<Symbol, u32> = BTreeMap::new();
        let Some(state) = self.accounts.get_mut(&account) else {
            return Err(ApiError::INVALID_KEY);
        };
        for id in orders {
            let known = self.exchange.order(*id).zip(self.orders.get(id));
            let Some((order, details)) = known.filter(|(o, _)| o.account == account && o.is_open())
            else {
                continue;
            };
            let symbol = order.request.symbol.clone();
            self.sink.record(VenueEvent::CancelReceived {
                account: state.name.clone(),
                symbol: symbol.clone(),
                venue_order_id: VenueOrderId::new(&details.facts.txid),
            });
            *costs.entry(symbol).or_default() += cancel_penalty(now.since(order.opened_at));
        }
        let allowed = state.tier.transactions();
        for (symbol, cost) in costs {
            let count = state.transactions.entry(symbol).or_default();
            if !count.add_if_allowed(cost, allowed, now) {
                return Err(ApiError::TRANSACTION_LIMIT);
            }
        }
        Ok(())
    }

    /// Cancels those of the orders that are open and the account's; returns their number.
    fn cancel(&mut self, account: AccountId, orders: &[OrderId], now: UnixNanos) -> usize {
        let mut events = Vec::new();
        let exchange = &mut self.exchange;
        let cancelled =
            orders.iter().filter(|id| exchange.cancel(account, **id, now, &mut events).is_ok());
        let count = cancelled.count();
        self.publish(&events, now);
        count
    }

    fn open_with_userref(&self, account: AccountId, userref: i32) -> Vec<OrderId> {
        let given = |id: &OrderId| {
            let details = self.orders.get(id);
            details.is_some_and(|details| details.facts.userref == Some(userref))
        };
        let open = self.exchange.open_orders(account).map(|order| order.id);
        open.filter(given).collect()
    }
}

/// The order that the arguments ask for.
fn order_request(args: &Args, pair: &Pair) -> Result<OrderRequest, ApiError> {
    let side = match args.require("type")? {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        _ => return Err(ApiError::arguments("type")),
    };
    let ordertype = args.require("ordertype")?;
    let quantity = Quantity::parse(args.require("volume")?);
    let quantity = quantity.map_err(|_| ApiError::arguments("volume"))?;
    check_fields(args)?;
    if args.flag("reduce_only")? {
        return Err(ApiError::NO_POSITION);
    }
    let post_only = is_post_only(args)?;
    let kind = match ordertype {
        "market" if !post_only => OrderKind::Market,
        "market" => return Err(ApiError::arguments("oflags")),
        "limit" => {
            OrderKind::Limit { price: limit_price(args.require("price")?, pair)?, post_only }
        }
        _ => return Err(ApiError::arguments("ordertype")),
    };
    let tif = args.get("timeinforce").map(str::to_ascii_uppercase);
    let time_in_force = match (tif.as_deref(), kind) {
        (None | Some("GTC"), _) => TimeInForce::Gtc,
        (Some("IOC"), OrderKind::Limit { post_only: false, .. }) => TimeInForce::Ioc,
        (Some(_), _) => return Err(ApiError::arguments("timeinforce")),
    };
    Ok(OrderRequest {
        client_id: client_id(args)?,
        symbol: pair.symbol().clone(),
        side,
        kind,
        quantity,
        time_in_force,
        reduce_only: false,
    })
}

/// Refuses the first field, in alphabetic order, that asks for what is not offered.
fn check_fields(args: &Args) -> Result<(), ApiError> {
    let is_taken = |name: &str, value: &str| {
        let mut harmless = HARMLESS_VALUES.iter();
        FIELDS.contains(&name) || harmless.any(|(n, values)| *n == name && values.contains(&value))
    };
    match args.iter().find(|(name, value)| !is_taken(name, value)) {
        Some((name, _)) => {
            let shown: String = name.chars().take(FIELD_SHOWN_MAX).collect();
            Err(ApiError::arguments(&shown))
        }
        None => Ok(()),
    }
}

fn limit_price(text: &str, pair: &Pair) -> Result<Price, ApiError> {
    let decimals = pair.instrument.price_decimals;
    let too_precise = || ApiError::price_digits(pair.wsname, decimals);
    // A sign in front would make the price relative to the last trade, which is not offered.
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Err(ApiError::arguments("price"));
    }
    let price = Price::parse(text).map_err(|error| {
        if matches!(error, DecimalError::TooPrecise { .. }) {
            too_precise()
        } else {
            ApiError::arguments("price")
        }
    })?;
    if price.is_multiple_of(Price::step(decimals)) { Ok(price) } else { Err(too_precise()) }
}

/// `oflags`: fees in quote are the only ones, price protection cannot be switched off any more.
fn is_post_only(args: &Args) -> Result<bool, ApiError> {
    let mut post = false;
    for flag in args.list("oflags") {
        match flag {
            "post" => post = true,
            "fciq" | "nompp" => {}
            _ => return Err(ApiError::arguments("oflags")),
        }
    }
    Ok(post)
}

/// `cl_ord_id`: a UUID with or without dashes, or a short text.
fn client_id(args: &Args) -> Result<Option<Arc<str>>, ApiError> {
    let Some(text) = args.get("cl_ord_id") else {
        return Ok(None);
    };
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_uuid =
        matches!(lengths[..], [32] | [8, 4, 4, 4, 12]) && groups.iter().all(|g| is_hex(g));
    let is_free_text = text.len() <= FREE_TEXT_MAX && text.bytes().all(|b| b.is_ascii_graphic());
    if is_uuid || is_free_text {
        Ok(Some(Arc::from(text)))
    } else {
        Err(ApiError::arguments("cl_ord_id"))
    }
}

/// `deadline`: when it has passed, the order is refused; it cannot be too far ahead.
///
/// Kraken also asks for two seconds of distance at the time of sending, which a request that was
/// on its way for long cannot have any more; the arrival is what counts here.
fn check_deadline(args: &Args, now: UnixNanos) -> Result<(), ApiError> {
    let Some(text) = args.get("deadline") else {
        return Ok(());
    };
    let deadline = parse_rfc3339(text).ok_or_else(|| ApiError::arguments("deadline"))?;
    if deadline <= now {
        return Err(ApiError::DEADLINE_ELAPSED);
    }
    if deadline.since(now) > DEADLINE_MAX {
        return Err(ApiError::arguments("deadline"));
    }
    Ok(())
}
