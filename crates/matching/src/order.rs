//! Orders as the exchange keeps them.

use std::fmt;
use std::sync::Arc;

use model::{NewOrder, Notional, OrderKind, Price, Quantity, Side, Symbol, TimeInForce, UnixNanos};

/// Number of an order, from 1, in the order of acceptance.
///
/// Venues show orders under names of their own making; this one never leaves the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(pub(crate) u64);

impl OrderId {
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
    /// Market or limit.
    pub kind: OrderKind,
    /// Base units, above zero.
    pub quantity: Quantity,
    /// Life of the unfilled part; a market order never rests, whatever stands here.
    pub time_in_force: TimeInForce,
}

impl From<&NewOrder> for OrderRequest {
    fn from(order: &NewOrder) -> Self {
        Self {
            client_id: Some(Arc::from(order.client_order_id.as_str())),
            symbol: order.symbol.clone(),
            side: order.side,
            kind: order.kind,
            quantity: order.quantity,
            time_in_force: order.time_in_force,
        }
    }
}

impl OrderRequest {
    /// The limit, of a limit order.
    pub const fn limit(&self) -> Option<Price> {
        match self.kind {
            OrderKind::Limit { price, .. } => Some(price),
            OrderKind::Market => None,
        }
    }

    /// True when what is not executed at once stays in the book.
    pub const fn may_rest(&self) -> bool {
        self.limit().is_some() && matches!(self.time_in_force, TimeInForce::Gtc)
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
    /// What it reserves now: quote units of a buy, base units of a sell.
    pub held: Notional,
    /// Position of the instrument in the exchange.
    pub(crate) market: usize,
}

impl Order {
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
