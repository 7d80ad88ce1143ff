//! What an exchange answers and tells.

use model::{Fill, Notional, Quantity, Symbol, Trade};
use thiserror::Error;

use crate::order::{CancelReason, OrderId};

/// One thing that happened at the exchange, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeEvent {
    /// An order passed every check.
    Accepted {
        /// The order.
        order: OrderId,
    },
    /// An accepted order reached the book and can now be executed.
    Opened {
        /// The order.
        order: OrderId,
    },
    /// An order was executed.
    Filled(Execution),
    /// An order is filled completely; follows its last [`ExchangeEvent::Filled`].
    Completed {
        /// The order.
        order: OrderId,
    },
    /// What was left of an order is gone.
    Cancelled {
        /// The order.
        order: OrderId,
        /// Why.
        reason: CancelReason,
    },
    /// A public trade: a part of a recorded trade, or an execution of one of our orders.
    ///
    /// Numbers are given by the exchange and have no gaps. An execution carries the same number as
    /// its print, which comes right before it.
    Printed(Trade),
}

/// One execution of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The order.
    pub order: OrderId,
    /// The execution itself.
    pub fill: Fill,
    /// Filled since the order was placed, this execution included.
    pub filled: Quantity,
    /// Paid or received since the order was placed, quote units, without fees.
    pub cost: Notional,
    /// Fees since the order was placed, quote units.
    pub fee: Notional,
    /// What this execution moved of the base asset, as it was booked.
    pub booked_base: Notional,
    /// What this execution moved of the quote asset, as it was booked, without the fee.
    pub booked_quote: Notional,
    /// The fee as it was taken out of the base asset; zero where it was taken out of the quote asset. The fill has
    /// its worth in quote units in any case.
    pub fee_in_base: Notional,
    /// What the account owns right after this execution, the reserved parts included: of the market's quote asset,
    /// then of its base asset. Others of the same call may follow.
    pub owned: [Notional; 2],
}

/// Why a request was refused. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No trader has that account.
    #[error("unknown account")]
    UnknownAccount,
    /// No instrument has that symbol.
    #[error("unknown instrument")]
    UnknownInstrument,
    /// No open order of that account has that id.
    #[error("unknown order")]
    UnknownOrder,
    /// The quantity is not above zero.
    #[error("the quantity is not above zero")]
    QuantityNotPositive,
    /// The quantity is not a multiple of the lot size.
    #[error("the quantity is not a multiple of the lot size")]
    LotSize,
    /// The quantity is below the instrument's minimum.
    #[error("the quantity is below the minimum")]
    QuantityMinimum,
    /// The price is not above zero.
    #[error("the price is not above zero")]
    PriceNotPositive,
    /// The price is not a multiple of the tick size.
    #[error("the price is not a multiple of the tick size")]
    TickSize,
    /// Price times quantity is below the instrument's minimum.
    #[error("the cost is below the minimum")]
    CostMinimum,
    /// Another open order of the account has that client id.
    #[error("an open order has the same client id")]
    DuplicateClientId,
    /// The account has as many open orders in the instrument as it may.
    #[error("too many open orders")]
    TooManyOrders,
    /// A post-only order would have taken liquidity.
    #[error("a post-only order would take liquidity")]
    PostOnly,
    /// A reduce-only order has no position to reduce.
    #[error("no position to reduce")]
    NothingToReduce,
    /// The account's free balance does not cover the order and its fee.
    #[error("insufficient funds")]
    InsufficientFunds,
}

/// Why recorded data cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TapeError {
    /// No instrument has that symbol.
    #[error("unknown instrument `{symbol}`")]
    UnknownInstrument {
        /// The symbol.
        symbol: Symbol,
    },
    /// A price or a quantity is not above zero, or a depth level has a negative quantity.
    #[error("a price or quantity of `{symbol}` is not above zero")]
    NotPositive {
        /// The symbol.
        symbol: Symbol,
    },
    /// A price of a bar was given for a market that has a book.
    #[error("the market of `{symbol}` has a book and takes no bars")]
    NotPrints {
        /// The symbol.
        symbol: Symbol,
    },
    /// Depth was given for a market whose book is not recorded.
    #[error("the book of `{symbol}` is synthetic and takes no recorded depth")]
    SyntheticBook {
        /// The symbol.
        symbol: Symbol,
    },
}
