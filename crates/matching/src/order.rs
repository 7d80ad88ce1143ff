//! Orders as the exchange keeps them.

use std::fmt;
use std::hint::cold_path;
use std::sync::Arc;

use model::{Notional, OrderKind, Price, Quantity, Side, Symbol, TimeInForce, UnixNanos};

/// Number of an order, from 1, in the order of acceptance.
///
/// Venues show orders under names of their own making; this one never leaves the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub(crate) u64);

impl OrderId {
    /// The id of a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An account of one exchange, as its [`Exchange`](crate::Exchange) numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub(crate) usize);

/// What an account asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRequest {
    /// The client's name of the order; unique among the account's open orders.
    pub client_id: Option<Arc<str>>,
    /// Instrument.
    pub symbol: Symbol,
    /// Direction.
    pub side: Side,
    /// Market, limit or waiting; a waiting order that woke shows what it became.
    pub kind: OrderKind,
    /// Base units, above zero.
    pub quantity: Quantity,
    /// Life of the unfilled part; a market order never rests, whatever stands here.
    pub time_in_force: TimeInForce,
    /// True when it may only make the position smaller: what the account has of the base asset.
    pub reduce_only: bool,
    /// True when fees are taken out of the base asset: of what a buy gets; of a sale where the account has it beside
    /// what it sells, else out of the quote asset. Rebates are always in the quote asset.
    pub fee_in_base: bool,
}

impl OrderRequest {
    /// A request for nothing of an instrument, over which others are written: a market order without a quantity.
    pub const fn blank(symbol: Symbol) -> Self {
        Self {
            client_id: None,
            symbol,
            side: Side::Buy,
            kind: OrderKind::Market,
            quantity: Quantity::ZERO,
            time_in_force: TimeInForce::Gtc,
            reduce_only: false,
            fee_in_base: false,
        }
    }

    /// As [`Clone::clone_from`], each part in its place, and a symbol only where it is another one.
    fn become_like(&mut self, other: &Self) {
        let Self {
            client_id,
            symbol,
            side,
            kind,
            quantity,
            time_in_force,
            reduce_only,
            fee_in_base,
        } = other;
        if self.client_id.is_some() || client_id.is_some() {
            cold_path();
            self.client_id.clone_from(client_id);
        }
        if self.symbol != *symbol {
            cold_path();
            self.symbol.clone_from(symbol);
        }
        (self.side, self.kind, self.quantity) = (*side, *kind, *quantity);
        (self.time_in_force, self.reduce_only) = (*time_in_force, *reduce_only);
        self.fee_in_base = *fee_in_base;
    }

    /// The limit, of a limit order.
    pub const fn limit(&self) -> Option<Price> {
        match self.kind {
            OrderKind::Limit { price, .. } => Some(price),
            OrderKind::Market | OrderKind::Triggered { .. } => None,
        }
    }

    /// True while the order waits for its trigger.
    pub const fn is_waiting(&self) -> bool {
        matches!(self.kind, OrderKind::Triggered { .. })
    }

    /// True when what is not executed at once stays.
    pub const fn may_rest(&self) -> bool {
        let rests = self.limit().is_some() && matches!(self.time_in_force, TimeInForce::Gtc);
        rests || self.is_waiting()
    }

    /// True when the order must not take liquidity.
    pub const fn is_post_only(&self) -> bool {
        matches!(self.kind, OrderKind::Limit { post_only: true, .. })
    }
}

/// Why an order ended before it was filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelReason {
    /// The owner asked for it.
    Requested,
    /// Immediate-or-cancel: the rest found no counterparty within its limit.
    Immediate,
    /// A market order met the protection bound or an empty book.
    Protection,
    /// The next counterparty would have been the same account.
    SelfMatch,
    /// Fill-or-kill: not all of it could be filled.
    FillOrKill,
    /// Post-only: it would have taken liquidity at the next print.
    PostOnly,
    /// What the account has did not cover the rest when it was to execute.
    Funds,
    /// Reduce-only: no position was left to reduce.
    ReduceOnly,
}

impl CancelReason {
    /// In words: `fill or kill`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "asked for",
            Self::Immediate => "immediate or cancel",
            Self::Protection => "no liquidity within the price protection",
            Self::SelfMatch => "self trade prevention",
            Self::FillOrKill => "fill or kill",
            Self::PostOnly => "post only",
            Self::Funds => "insufficient funds",
            Self::ReduceOnly => "no position to reduce",
        }
    }
}

/// In words.
impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// In the book, perhaps partly filled.
    Open,
    /// Filled completely.
    Filled,
    /// Ended early, perhaps partly filled.
    Cancelled(CancelReason),
}

/// An accepted order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The exchange's number.
    pub id: OrderId,
    /// Who owns it.
    pub account: AccountId,
    /// What was asked for.
    pub request: OrderRequest,
    /// Where it stands.
    pub status: OrderStatus,
    /// Filled so far, base units.
    pub filled: Quantity,
    /// Paid or received so far, quote units, without fees.
    pub cost: Notional,
    /// Fees so far, quote units.
    pub fee: Notional,
    /// When it was accepted.
    pub opened_at: UnixNanos,
    /// When it ended.
    pub closed_at: Option<UnixNanos>,
    /// True until its time has come, of an order that was to come later.
    pub scheduled: bool,
    /// What it reserves now: quote units of a buy, base units of a sell.
    pub held: Notional,
    /// Position of the instrument in the exchange.
    pub(crate) market: usize,
}

impl Order {
    /// What the first order in its place is written over.
    pub(crate) fn nothing() -> Self {
        Self {
            id: OrderId(0),
            account: AccountId(0),
            request: OrderRequest::blank(Symbol::new("")),
            status: OrderStatus::Open,
            filled: Quantity::ZERO,
            cost: Notional::ZERO,
            fee: Notional::ZERO,
            opened_at: UnixNanos::ZERO,
            closed_at: None,
            scheduled: false,
            held: Notional::ZERO,
            market: 0,
        }
    }

    /// Becomes another order, which was just accepted. Each part is written in its place: a processor waits where it
    /// moves what was just written.
    pub(crate) fn renew(
        &mut self,
        (number, owner, place): (OrderId, AccountId, usize),
        wanted: &OrderRequest,
        reserved: Notional,
        (now, later): (UnixNanos, bool),
    ) {
        let Self {
            id,
            account,
            request,
            status,
            filled,
            cost,
            fee,
            opened_at,
            closed_at,
            scheduled,
            held,
            market,
        } = self;
        (*id, *account, *market) = (number, owner, place);
        request.become_like(wanted);
        *status = OrderStatus::Open;
        (*filled, *cost, *fee) = (Quantity::ZERO, Notional::ZERO, Notional::ZERO);
        (*opened_at, *closed_at, *scheduled) = (now, None, later);
        *held = reserved;
    }

    /// Not yet filled, base units.
    pub fn remaining(&self) -> Quantity {
        self.request.quantity.saturating_sub(self.filled)
    }

    /// True while it can be filled or cancelled.
    pub const fn is_open(&self) -> bool {
        matches!(self.status, OrderStatus::Open)
    }

    /// Average price of the fills so far, rounded half up; `None` before the first.
    pub fn average_price(&self, decimals: u32) -> Option<Price> {
        self.cost.price_per(self.filled, decimals)
    }
}
