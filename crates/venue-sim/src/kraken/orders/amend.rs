//! Orders change in place.

use matching::{AccountId, Amendment, Order, OrderId};
use model::{OrderKind, Price, Quantity, Side, UnixNanos};

use crate::kraken::error::ApiError;
use crate::kraken::orders::counting::Change;
use crate::kraken::orders::draft::{check_deadline, is_shown_part};
use crate::kraken::orders::prices::{Frame, is_above, parse};
use crate::kraken::pair::Pair;
use crate::kraken::rest::Args;
use crate::kraken::stream::{Moment, executions};
use crate::kraken::venue::Venue;

/// Changes of one order that can be asked for; the oldest but the first are forgotten.
const AMENDS_KEPT: usize = 100;

/// Which order is to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Txid(String),
    ClientId(String),
}

/// What a client is told of a change.
#[derive(Debug)]
pub(crate) struct Amended {
    pub(crate) amend_id: String,
    /// As the client named it.
    pub(crate) target: Target,
}

/// One state of an order, as `OrderAmends` shows it.
#[derive(Debug, Clone)]
pub(crate) struct AmendRow {
    pub(crate) amend_id: String,
    pub(crate) is_original: bool,
    pub(crate) quantity: Quantity,
    pub(crate) remaining: Quantity,
    pub(crate) kind: OrderKind,
    pub(crate) at: UnixNanos,
}

impl AmendRow {
    /// An order as it came.
    fn original(order: &Order, amend_id: String) -> Self {
        let quantity = order.request.quantity;
        Self {
            amend_id,
            is_original: true,
            quantity,
            remaining: quantity,
            kind: order.request.kind,
            at: order.opened_at,
        }
    }
}

impl Venue {
    /// `AmendOrder`.
    pub(crate) fn amend_order(
        &mut self,
        account: AccountId,
        args: &Args,
        now: UnixNanos,
    ) -> Result<Amended, ApiError> {
        self.check_trader(account)?;
        let target = match (args.get("txid"), args.get("cl_ord_id")) {
            (Some(txid), None) => Target::Txid(txid.to_owned()),
            (None, Some(name)) => Target::ClientId(name.to_owned()),
            (None, None) | (Some(_), Some(_)) => return Err(ApiError::arguments("txid")),
        };
        let id = match &target {
            Target::Txid(txid) => self.by_txid.get(txid).copied(),
            Target::ClientId(name) => self.order_of_client(account, name),
        };
        let order = id.and_then(|id| self.exchange.order(id));
        let order = order.filter(|o| o.account == account && o.is_open()).cloned();
        let order = order.ok_or(ApiError::UNKNOWN_ORDER)?;
        self.phase.check_change()?;
        self.count_change(account, order.id, Change::Amend, now)?;
        check_deadline(args, now)?;
        let (change, shown) = self.amendment(&order, args)?;
        self.amend(&order, &change, shown, now)?;
        let amend_id = self.ids.amend();
        self.remember_amend(&order, &amend_id, now);
        Ok(Amended { amend_id, target })
    }

    /// What the arguments change.
    fn amendment(
        &self,
        order: &Order,
        args: &Args,
    ) -> Result<(Amendment, Option<Quantity>), ApiError> {
        let pair = self.listed(&order.request.symbol).map(|listed| &listed.pair);
        let pair = pair.ok_or(ApiError::UNKNOWN_PAIR)?;
        let last = self.exchange.reference_price(pair.symbol());
        let trails = self.orders.get(&order.id).is_some_and(|d| d.facts.trail.is_some());
        if trails && order.request.is_waiting() {
            // Its prices are the market's business.
            let given =
                ["trigger_price", "limit_price"].into_iter().find(|n| args.get(n).is_some());
            given.map_or(Ok(()), |name| Err(ApiError::arguments(name)))?;
        }
        let price = |name: &str| {
            let text = args.get(name);
            text.map(|text| parse(text, name, frame(order, pair, last))).transpose()
        };
        let quantity = args.get("order_qty").map(Quantity::parse).transpose();
        let post_only = args.get("post_only").is_some().then(|| args.flag("post_only"));
        let change = Amendment {
            quantity: quantity.map_err(|_| ApiError::arguments("order_qty"))?,
            limit: price("limit_price")?,
            trigger: price("trigger_price")?,
            post_only: post_only.transpose()?,
        };
        let shown = self.shown(order, args, change.quantity)?;
        if change == Amendment::default() && shown.is_none() {
            return Err(ApiError::arguments("order_qty"));
        }
        if order.scheduled {
            return Err(ApiError::INVALID_ORDER);
        }
        Ok((change, shown))
    }

    /// `display_qty`, of icebergs only.
    fn shown(
        &self,
        order: &Order,
        args: &Args,
        quantity: Option<Quantity>,
    ) -> Result<Option<Quantity>, ApiError> {
        let Some(text) = args.get("display_qty") else { return Ok(None) };
        let known = self.orders.get(&order.id).and_then(|details| details.facts.display);
        let shown = Quantity::parse(text).ok().filter(|shown| {
            let quantity = quantity.unwrap_or(order.request.quantity);
            known.is_some() && is_shown_part(*shown, quantity)
        });
        shown.map(Some).ok_or_else(|| ApiError::arguments("display_qty"))
    }

    /// Changes an order and tells of it.
    fn amend(
        &mut self,
        order: &Order,
        change: &Amendment,
        shown: Option<Quantity>,
        now: UnixNanos,
    ) -> Result<(), ApiError> {
        let mut events = Vec::new();
        self.exchange.amend(order.account, order.id, change, now, &mut events)?;
        let request = self.exchange.order(order.id).map(|order| order.request.clone());
        if let (Some(request), Some(details)) = (request, self.orders.get_mut(&order.id)) {
            // What an order that was triggered first waited for stays told.
            if !crate::kraken::orders::place::was_triggered(
                details.facts.request.kind,
                request.kind,
            ) {
                details.facts.request.kind = request.kind;
            }
            details.facts.request.quantity = request.quantity;
            details.facts.display = shown.or(details.facts.display);
            details.facts.amended = true;
            details.touched = now;
        }
        self.show_part(order.id);
        self.tell(order.id, now, executions::Row::amended);
        self.tell_v1(order.id, Moment::Changed, now);
        self.publish(&events, now);
        Ok(())
    }

    fn remember_amend(&mut self, before: &Order, amend_id: &str, now: UnixNanos) {
        let Some(details) = self.orders.get_mut(&before.id) else { return };
        let original_id = details.facts.amend_id();
        if details.amends.is_empty() {
            details.amends.push(AmendRow::original(before, original_id));
        }
        let request = &details.facts.request;
        details.amends.push(AmendRow {
            amend_id: amend_id.to_owned(),
            is_original: false,
            quantity: request.quantity,
            remaining: request.quantity.saturating_sub(before.filled),
            kind: request.kind,
            at: now,
        });
        if details.amends.len() > AMENDS_KEPT {
            details.amends.remove(1);
        }
    }

    /// States of an order of an account, the first one first.
    pub(crate) fn amends_of(&self, account: AccountId, txid: &str) -> Option<Vec<AmendRow>> {
        let id: OrderId = *self.by_txid.get(txid)?;
        let order = self.exchange.order(id).filter(|order| order.account == account)?;
        let details = self.orders.get(&order.id)?;
        if details.amends.is_empty() {
            return Some(vec![AmendRow::original(order, details.facts.amend_id())]);
        }
        Some(details.amends.clone())
    }
}

fn frame<'a>(order: &Order, pair: &'a Pair, last: Option<Price>) -> Frame<'a> {
    let side: Side = order.request.side;
    let is_stop = matches!(
        order.request.kind,
        OrderKind::Triggered { trigger: model::Trigger::StopLoss, .. }
    );
    Frame { pair, last, above: is_above(side, is_stop) }
}
