//! Private methods that read orders.

use matching::{AccountId, Order};
use model::UnixNanos;
use serde::Serialize;

use crate::kraken::error::ApiError;
use crate::kraken::rest::rows::{AmendRow, Named, OrderRow};
use crate::kraken::rest::{Args, MethodResult};
use crate::kraken::venue::Venue;
use crate::kraken::wire::{Keyed, json};

/// Rows of one page of `ClosedOrders` and the like.
pub(super) const PAGE: usize = 50;
/// Orders that one `QueryOrders` may ask for.
const QUERY_MAX: usize = 50;

/// Which of an order's times a range of `ClosedOrders` is about.
#[derive(Debug, Clone, Copy)]
enum CloseTime {
    Open,
    Close,
    Both,
}

/// A range of time: its start is exclusive, its end inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    start: Option<UnixNanos>,
    end: Option<UnixNanos>,
}

impl Range {
    /// The range that `start` and `end` give: seconds since 1970, or the time of a row of the account's own.
    pub(super) fn new(
        args: &Args,
        time_of: impl Fn(&str) -> Option<UnixNanos>,
    ) -> Result<Self, ApiError> {
        let bound = |name: &str| {
            let Some(text) = args.get(name) else { return Ok(None) };
            let time = UnixNanos::parse_secs(text).ok().or_else(|| time_of(text));
            time.map(Some).ok_or_else(|| ApiError::arguments(name))
        };
        Ok(Self { start: bound("start")?, end: bound("end")? })
    }

    pub(super) fn contains(self, time: UnixNanos) -> bool {
        self.start.is_none_or(|start| time > start) && self.end.is_none_or(|end| time <= end)
    }
}

/// Selection by the client's names.
struct NameFilter<'a> {
    userref: Option<i32>,
    cl_ord_id: Option<&'a str>,
}

impl Venue {
    /// `OpenOrders`, newest first.
    pub(super) fn open_orders(
        &self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        #[derive(Serialize)]
        struct Open {
            open: Keyed<OrderRow>,
        }
        let (trades, filter) = (named(args)?, NameFilter::new(args)?);
        let open = self.exchange.open_orders(account);
        let mut rows: Vec<_> = open
            .filter(|order| filter.takes(self, order) && self.shows(order, now))
            .filter_map(|order| self.row(order, trades))
            .collect();
        rows.reverse();
        Ok(json(&Open { open: Keyed(rows) }))
    }

    /// `ClosedOrders`, newest first, a page at a time.
    pub(super) fn closed_orders(
        &self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        #[derive(Serialize)]
        struct Closed {
            closed: Keyed<OrderRow>,
            #[serde(skip_serializing_if = "Option::is_none")]
            count: Option<usize>,
        }
        let (trades, filter) = (named(args)?, NameFilter::new(args)?);
        let opened = |txid: &str| {
            let order = self.by_txid.get(txid).and_then(|id| self.exchange.order(*id));
            order.filter(|order| order.account == account).map(|order| order.opened_at)
        };
        let range = Range::new(args, opened)?;
        let offset = args.number("ofs")?.unwrap_or(0);
        let which = match args.get("closetime") {
            None | Some("both") => CloseTime::Both,
            Some("open") => CloseTime::Open,
            Some("close") => CloseTime::Close,
            Some(_) => return Err(ApiError::arguments("closetime")),
        };
        let inside = |time: UnixNanos| range.contains(time);
        let in_range = |order: &&Order| {
            let (opened, closed) = (inside(order.opened_at), order.closed_at.is_some_and(inside));
            match which {
                CloseTime::Open => opened,
                CloseTime::Close => closed,
                CloseTime::Both => opened || closed,
            }
        };
        let orders = self.exchange.closed_orders(account);
        let found: Vec<&Order> = orders
            .filter(|order| filter.takes(self, order))
            .filter(in_range)
            .filter(|order| self.shows(order, now))
            .collect();
        let page = found.iter().skip(offset).take(PAGE);
        let rows = page.filter_map(|order| self.row(order, trades)).collect();
        let count = (!args.flag("without_count")?).then_some(found.len());
        Ok(json(&Closed { closed: Keyed(rows), count }))
    }

    /// `QueryOrders`.
    pub(super) fn query_orders(
        &self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> MethodResult {
        let (trades, filter) = (named(args)?, NameFilter::new(args)?);
        let txids = args.list("txid");
        if txids.is_empty() || txids.len() > QUERY_MAX {
            return Err(ApiError::arguments("txid"));
        }
        let row = |txid: &&str| {
            let order = self.by_txid.get(*txid).and_then(|id| self.exchange.order(*id));
            let order = order.filter(|order| order.account == account && self.shows(order, now));
            order.and_then(|order| Some((filter.takes(self, order), self.row(order, trades)?)))
        };
        let rows: Option<Vec<_>> = txids.iter().map(row).collect();
        let rows = rows.ok_or(ApiError::INVALID_ORDER)?.into_iter();
        let rows = rows.filter(|(taken, _)| *taken).map(|(_, row)| row).collect();
        Ok(json(&Keyed(rows)))
    }

    fn row(&self, order: &Order, trades: Named) -> Option<(String, OrderRow)> {
        let details = self.orders.get(&order.id)?;
        let pair = &self.listed(&order.request.symbol)?.pair;
        let row = OrderRow::new(order, details, pair, trades);
        Some((details.facts.txid.clone(), row))
    }

    /// `OrderAmends`.
    pub(super) fn order_amends(&self, account: AccountId, args: &Args) -> MethodResult {
        #[derive(Serialize)]
        struct Amends {
            amends: Vec<AmendRow>,
            count: usize,
        }
        let txid = args.require("order_id")?;
        let order = self.by_txid.get(txid).and_then(|id| self.exchange.order(*id));
        let listed = order.and_then(|order| self.listed(&order.request.symbol));
        let amends = self.amends_of(account, txid).zip(listed).ok_or(ApiError::UNKNOWN_ORDER)?;
        let (states, listed) = amends;
        let rows: Vec<_> = states.iter().map(|s| AmendRow::new(s, &listed.pair)).collect();
        let count = rows.len();
        Ok(json(&Amends { amends: rows, count }))
    }
}

impl<'a> NameFilter<'a> {
    fn new(args: &'a Args) -> Result<Self, ApiError> {
        Ok(Self { userref: args.number("userref")?, cl_ord_id: args.get("cl_ord_id") })
    }

    fn takes(&self, venue: &Venue, order: &Order) -> bool {
        let userref = venue.orders.get(&order.id).and_then(|d| d.facts.userref);
        let client_id = order.request.client_id.as_deref();
        self.userref.is_none_or(|wanted| userref == Some(wanted))
            && self.cl_ord_id.is_none_or(|wanted| client_id == Some(wanted))
    }
}

/// Which executions the rows name, after `trades` and `consolidate_taker`.
fn named(args: &Args) -> Result<Named, ApiError> {
    Ok(match (args.flag("trades")?, is_consolidated(args)?) {
        (false, _) => Named::None,
        (true, true) => Named::Matches,
        (true, false) => Named::All,
    })
}

/// `consolidate_taker`: what an order took at once is one execution, unless the client wants to see more.
pub(super) fn is_consolidated(args: &Args) -> Result<bool, ApiError> {
    Ok(args.get("consolidate_taker").is_none() || args.flag("consolidate_taker")?)
}
