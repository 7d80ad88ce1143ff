//! Rows of the `executions` channel: the life of an order, one row per message.

use matching::{CancelReason, Execution, Order};
use model::{Liquidity, Notional, OrderKind, Price, Quantity, UnixNanos};
use serde::Serialize;

use crate::kraken::orders::Offset;
use crate::kraken::pair::Pair;
use crate::kraken::publish::end_words;
use crate::kraken::rest::order_type;
use crate::kraken::venue::{Ended, OrderFacts, OwnExecution};
use crate::kraken::wire::{Number, rfc3339};

/// A message of the channel.
#[derive(Serialize)]
pub(super) struct Message<'a, R> {
    pub(super) channel: &'static str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) data: &'a [R],
    pub(super) sequence: u64,
}

/// One row. Which fields are there depends on the kind of row.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Row {
    /// `pending_new`, and rows of the snapshot of open orders.
    Full(Box<FullRow>),
    /// `new`: hardly anything but the id.
    Opened(OpenedRow),
    /// `status`: a trigger was met.
    Status(Box<StatusRow>),
    /// `trade`: one execution.
    Trade(Box<TradeRow>),
    /// `filled`, `canceled` and `expired`.
    End(Box<EndRow>),
}

/// A row for a client that may follow its count of transactions, too. The reference tells that it is added
/// and not where: it has the name and the place that it has in version 1.
#[derive(Serialize)]
pub(super) struct Counted<'a> {
    #[serde(flatten)]
    pub(super) row: &'a Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ratecount: Option<u32>,
}

/// The whole order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FullRow {
    order_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cl_ord_id: Option<String>,
    order_userref: i32,
    symbol: String,
    side: &'static str,
    order_type: String,
    order_qty: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    cash_order_qty: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_qty: Option<Number>,
    /// The trigger under its old name.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    triggers: Option<TriggersRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contingent: Option<ContingentRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price_type: Option<&'static str>,
    time_in_force: &'static str,
    post_only: bool,
    reduce_only: bool,
    cum_qty: Number,
    cum_cost: Number,
    avg_price: Number,
    fee_usd_equiv: Number,
    /// The same in the quote asset.
    #[serde(skip)]
    fee: Notional,
    fee_ccy_pref: &'static str,
    exec_type: &'static str,
    order_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amended: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    timestamp: String,
}

/// What an order waits for.
#[derive(Debug, Clone, Serialize)]
struct TriggersRow {
    reference: &'static str,
    price: Number,
    price_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    actual_price: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_price: Option<Number>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
}

/// An order whose trigger was met.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StatusRow {
    order_id: String,
    order_userref: i32,
    exec_type: &'static str,
    order_status: &'static str,
    triggers: TriggersRow,
    timestamp: String,
}

/// The order that follows.
#[derive(Debug, Clone, Serialize)]
struct ContingentRow {
    order_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_price: Option<String>,
}

/// How an order ended before it was filled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    kind: &'static str,
    reason: &'static str,
}

impl End {
    /// From the exchange's reason, unless the venue has a better one.
    pub(crate) const fn of(reason: CancelReason, ended: Option<Ended>) -> Self {
        let (kind, reason) = end_words(reason, ended);
        Self { kind, reason }
    }
}

/// An order that can be executed from now on.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OpenedRow {
    timestamp: String,
    order_status: &'static str,
    exec_type: &'static str,
    order_userref: i32,
    order_id: String,
}

/// One execution.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct TradeRow {
    order_id: String,
    order_userref: i32,
    exec_id: String,
    exec_type: &'static str,
    trade_id: u64,
    symbol: String,
    side: &'static str,
    last_qty: Number,
    last_price: Number,
    liquidity_ind: &'static str,
    cost: Number,
    order_type: String,
    timestamp: String,
    order_status: &'static str,
    cum_qty: Number,
    cum_cost: Number,
    avg_price: Number,
    fee_usd_equiv: Number,
    fees: [FeeRow; 1],
}

/// What an execution cost.
#[derive(Debug, Clone, Serialize)]
struct FeeRow {
    asset: String,
    qty: Number,
}

/// The end of an order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EndRow {
    timestamp: String,
    order_status: &'static str,
    exec_type: &'static str,
    cum_qty: Number,
    cum_cost: Number,
    fee_usd_equiv: Number,
    /// The same in the quote asset.
    #[serde(skip)]
    fee: Notional,
    avg_price: Number,
    order_userref: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    order_id: String,
}

/// What was executed of an order so far, as numbers of the wire.
struct Totals {
    quantity: Number,
    cost: Number,
    average: Number,
    fee: Notional,
}

impl Totals {
    fn new(quantity: Quantity, cost: Notional, fee: Notional, pair: &Pair) -> Self {
        let rules = &pair.instrument;
        let decimals = rules.cost_decimals;
        let average = cost.price_per(quantity, decimals).unwrap_or(Price::ZERO);
        Self {
            quantity: Number::quantity(quantity, rules.quantity_decimals),
            cost: Number::amount(cost, decimals),
            average: Number::price(average, decimals),
            fee,
        }
    }
}

impl Row {
    /// False for what a client with `order_status: false` does not hear of. Trades are no states of orders.
    pub(super) fn is_open_close_or_trade(&self) -> bool {
        match self {
            Self::Opened(_) | Self::Trade(_) | Self::End(_) => true,
            Self::Full(row) => row.exec_type == "new",
            Self::Status(_) => false,
        }
    }

    /// An order that passed every check; nothing of it is executed yet.
    pub(crate) fn pending(order: &Order, facts: &OrderFacts, pair: &Pair, now: UnixNanos) -> Self {
        let none = Totals::new(Quantity::ZERO, Notional::ZERO, Notional::ZERO, pair);
        full(order, facts, pair, none, ["pending_new", "pending_new"], now)
    }

    /// An open order in the snapshot.
    pub(super) fn snapshot(order: &Order, facts: &OrderFacts, pair: &Pair) -> Self {
        let totals = Totals::new(order.filled, order.cost, order.fee, pair);
        let (kind, status) = match (order.scheduled, order.filled.is_zero()) {
            (true, _) => ("pending_new", "pending_new"),
            (false, true) => ("new", "new"),
            (false, false) => ("new", "partially_filled"),
        };
        full(order, facts, pair, totals, [kind, status], order.opened_at)
    }

    /// An order that was changed.
    pub(crate) fn amended(order: &Order, facts: &OrderFacts, pair: &Pair, now: UnixNanos) -> Self {
        let totals = Totals::new(order.filled, order.cost, order.fee, pair);
        let status = if order.filled.is_zero() { "new" } else { "partially_filled" };
        let mut row = full(order, facts, pair, totals, ["amended", status], now);
        if let Self::Full(row) = &mut row {
            (row.amended, row.reason) = (Some(true), Some("User requested"));
        }
        row
    }

    /// An order that can be executed from now on.
    pub(crate) fn opened(_: &Order, facts: &OrderFacts, _: &Pair, now: UnixNanos) -> Self {
        Self::Opened(OpenedRow {
            timestamp: rfc3339(now),
            order_status: "new",
            exec_type: "new",
            order_userref: facts.shown_userref(),
            order_id: facts.txid.clone(),
        })
    }

    /// An iceberg that shows its next part after an execution.
    pub(crate) fn refilled(
        order: &Order,
        facts: &OrderFacts,
        pair: &Pair,
        after: &Execution,
        now: UnixNanos,
    ) -> Self {
        let totals = Totals::new(after.filled, after.cost, after.fee, pair);
        full(order, facts, pair, totals, ["iceberg_refill", "partially_filled"], now)
    }

    /// An order whose trigger was met by a trade at `last`.
    pub(crate) fn triggered(
        order: &Order,
        facts: &OrderFacts,
        pair: &Pair,
        (last, now): (Option<Price>, UnixNanos),
    ) -> Option<Self> {
        let (_, triggers) = limit_and_triggers(order, facts, pair);
        let number = |price| Number::price(price, pair.instrument.price_decimals);
        let triggers = triggers.map(|known| TriggersRow {
            last_price: last.map(number),
            timestamp: Some(rfc3339(now)),
            ..known
        });
        Some(Self::Status(Box::new(StatusRow {
            order_id: facts.txid.clone(),
            order_userref: facts.shown_userref(),
            exec_type: "status",
            order_status: "new",
            triggers: triggers?,
            timestamp: rfc3339(now),
        })))
    }

    /// Shows what an order has paid so far in US dollars, where a market tells; a trade's row does that by itself.
    pub(crate) fn show_fee_in_usd(
        &mut self,
        in_usd: impl FnOnce(Notional) -> Option<Notional>,
        pair: &Pair,
    ) {
        let (fee, shown) = match self {
            Self::Full(row) => (row.fee, &mut row.fee_usd_equiv),
            Self::End(row) => (row.fee, &mut row.fee_usd_equiv),
            Self::Opened(_) | Self::Status(_) | Self::Trade(_) => return,
        };
        if let Some(fee) = in_usd(fee) {
            *shown = Number::amount(fee, pair.instrument.cost_decimals);
        }
    }

    /// One execution. It says `partially_filled` even when it is the last one.
    pub(crate) fn trade(own: &OwnExecution, pair: &Pair, now: UnixNanos) -> Self {
        let (facts, execution, rules) = (&own.order, &own.execution, &pair.instrument);
        let fill = &execution.fill;
        let totals = Totals::new(execution.filled, execution.cost, execution.fee, pair);
        let fee = Number::amount(fill.fee, rules.cost_decimals);
        let paid = if execution.fee_in_base == Notional::ZERO {
            FeeRow { asset: rules.quote.as_str().to_owned(), qty: fee.clone() }
        } else {
            let qty = Number::amount(execution.fee_in_base, pair.base.decimals);
            FeeRow { asset: rules.base.as_str().to_owned(), qty }
        };
        Self::Trade(Box::new(TradeRow {
            order_id: facts.txid.clone(),
            order_userref: facts.shown_userref(),
            exec_id: own.exec_id.clone(),
            exec_type: "trade",
            trade_id: fill.trade_id,
            symbol: rules.symbol.as_str().to_owned(),
            side: facts.request.side.as_str(),
            last_qty: Number::quantity(fill.quantity, rules.quantity_decimals),
            last_price: Number::price(fill.price, rules.price_decimals),
            liquidity_ind: match fill.liquidity {
                Liquidity::Maker => "m",
                Liquidity::Taker => "t",
            },
            cost: Number::amount(Notional::of(fill.price, fill.quantity), rules.cost_decimals),
            order_type: order_type(facts),
            timestamp: rfc3339(now),
            order_status: "partially_filled",
            cum_qty: totals.quantity,
            cum_cost: totals.cost,
            avg_price: totals.average,
            fee_usd_equiv: own
                .fee_in_usd
                .map_or(fee, |fee| Number::amount(fee, rules.cost_decimals)),
            fees: [paid],
        }))
    }

    /// An order that is filled completely.
    pub(crate) fn filled(order: &Order, facts: &OrderFacts, pair: &Pair, now: UnixNanos) -> Self {
        last(order, facts, pair, ("filled", None), now)
    }

    /// An order whose rest is gone.
    pub(crate) fn ended(
        order: &Order,
        facts: &OrderFacts,
        pair: &Pair,
        end: End,
        now: UnixNanos,
    ) -> Self {
        last(order, facts, pair, (end.kind, Some(end.reason)), now)
    }
}

/// The limit of an order and its type, and what it waits or waited for.
fn limit_and_triggers(
    order: &Order,
    facts: &OrderFacts,
    pair: &Pair,
) -> (Option<(Number, &'static str)>, Option<TriggersRow>) {
    let number = |price| Number::price(price, pair.instrument.price_decimals);
    let fixed = |price| (number(price), "static");
    let OrderKind::Triggered { price: trigger, limit, .. } = facts.request.kind else {
        return (order.request.limit().map(fixed), None);
    };
    let distance = |offset: Offset| {
        let kind = if offset.distance.is_percent() { "pct" } else { "quote" };
        (Number::distance(offset, pair), kind)
    };
    let waits = order.request.is_waiting();
    let trail = facts.trail.filter(|_| waits);
    let behind = trail.map(|trail| Offset { above: true, distance: trail.behind });
    let (price, price_type) = behind.map_or_else(|| fixed(trigger), distance);
    let limit = match trail {
        Some(trail) => trail.limit.map(distance),
        None => limit.map(fixed),
    };
    let triggers = TriggersRow {
        reference: "last",
        price,
        price_type,
        actual_price: (!waits || trail.is_some()).then(|| number(trigger)),
        last_price: None,
        status: if waits { "untriggered" } else { "triggered" },
        timestamp: None,
    };
    (limit, Some(triggers))
}

/// Where the trigger of an order stands or stood.
fn stop_price(facts: &OrderFacts, pair: &Pair) -> Option<Number> {
    match facts.request.kind {
        OrderKind::Triggered { price, .. } => {
            Some(Number::price(price, pair.instrument.price_decimals))
        }
        OrderKind::Market | OrderKind::Limit { .. } => None,
    }
}

/// The order that follows, as its owner wrote it.
fn contingent(facts: &OrderFacts) -> Option<ContingentRow> {
    let close = facts.close.as_ref()?;
    let is_limit = close.ordertype == "limit";
    Some(ContingentRow {
        order_type: close.ordertype.clone(),
        trigger_price: (!is_limit).then(|| close.price.clone()),
        limit_price: if is_limit { Some(close.price.clone()) } else { close.price2.clone() },
    })
}

fn full(
    order: &Order,
    facts: &OrderFacts,
    pair: &Pair,
    totals: Totals,
    [exec_type, order_status]: [&'static str; 2],
    time: UnixNanos,
) -> Row {
    let (rules, request) = (&pair.instrument, &order.request);
    let (limit, triggers) = limit_and_triggers(order, facts, pair);
    let (limit_price, limit_price_type) = limit.unzip();
    Row::Full(Box::new(FullRow {
        order_id: facts.txid.clone(),
        cl_ord_id: request.client_id.as_deref().map(str::to_owned),
        order_userref: facts.shown_userref(),
        symbol: rules.symbol.as_str().to_owned(),
        side: request.side.as_str(),
        order_type: order_type(facts),
        order_qty: Number::quantity(request.quantity, rules.quantity_decimals),
        cash_order_qty: facts.cost.map(|cost| Number::amount(cost, rules.cost_decimals)),
        display_qty: facts.display.map(|q| Number::quantity(q, rules.quantity_decimals)),
        stop_price: stop_price(facts, pair),
        triggers,
        contingent: contingent(facts),
        effective_time: facts.starts.map(rfc3339),
        expire_time: facts.expires.map(rfc3339),
        limit_price,
        limit_price_type,
        time_in_force: facts.time_in_force(),
        post_only: request.is_post_only(),
        reduce_only: false,
        cum_qty: totals.quantity,
        cum_cost: totals.cost,
        avg_price: totals.average,
        fee_usd_equiv: Number::amount(totals.fee, rules.cost_decimals),
        fee: totals.fee,
        fee_ccy_pref: if facts.request.fee_in_base { "fcib" } else { "fciq" },
        exec_type,
        order_status,
        amended: None,
        reason: None,
        timestamp: rfc3339(time),
    }))
}

fn last(
    order: &Order,
    facts: &OrderFacts,
    pair: &Pair,
    (kind, reason): (&'static str, Option<&'static str>),
    now: UnixNanos,
) -> Row {
    let totals = Totals::new(order.filled, order.cost, order.fee, pair);
    Row::End(Box::new(EndRow {
        timestamp: rfc3339(now),
        order_status: kind,
        exec_type: kind,
        cum_qty: totals.quantity,
        cum_cost: totals.cost,
        fee_usd_equiv: Number::amount(totals.fee, pair.instrument.cost_decimals),
        fee: totals.fee,
        avg_price: totals.average,
        order_userref: facts.shown_userref(),
        cancel_reason: reason,
        reason,
        order_id: facts.txid.clone(),
    }))
}
