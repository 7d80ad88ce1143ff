//! What a venue session tells the rest of the trading system, in no venue's words.

use std::borrow::Cow;

use crate::audit::StreamState;
use crate::bar::Bar;
use crate::book::Level;
use crate::decimal::Quantity;
use crate::instrument::Symbol;
use crate::money::Notional;
use crate::order::{ClientOrderId, OrderKind, OrderState, VenueOrderId};
use crate::trade::{Fill, Trade};

/// Which of a venue's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// Trades and books.
    Public,
    /// Our own orders and executions.
    Private,
}

/// Which orders a venue takes at the moment. Cancels are another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Intake {
    /// All of them.
    #[default]
    Open,
    /// Those that only add to the book.
    PostOnly,
    /// None, but cancels.
    CancelOnly,
    /// Nothing at all.
    Closed,
}

impl Intake {
    /// Why an order is not taken, if it is not.
    pub const fn refusal(self, kind: &OrderKind) -> Option<&'static str> {
        match (self, kind) {
            (Self::Open, _) | (Self::PostOnly, OrderKind::Limit { post_only: true, .. }) => None,
            (Self::PostOnly, _) => Some("the venue takes post-only orders only"),
            (Self::CancelOnly, _) => Some("the venue takes cancels only"),
            (Self::Closed, _) => Some("the venue is closed for maintenance"),
        }
    }
}

/// One message from a venue session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeedEvent {
    /// A stream changed its state. While it is not live, what it told before is out of date.
    Stream {
        /// Which one.
        stream: StreamKind,
        /// State now.
        state: StreamState,
    },
    /// The venue takes other orders than before.
    Intake(Intake),
    /// Somebody traded.
    Trade(Trade),
    /// The best prices of a book that is in sync.
    BestPrices {
        /// Instrument.
        symbol: Symbol,
        /// Highest bid, if any.
        bid: Option<Level>,
        /// Lowest ask, if any.
        ask: Option<Level>,
    },
    /// An interval is over.
    Bar {
        /// Instrument.
        symbol: Symbol,
        /// What happened in it.
        bar: Bar,
    },
    /// News of one of our orders.
    Order(OrderReport),
    /// The complete list of our open orders, sent once when the private stream becomes live.
    ///
    /// An order that we believe open and that is missing here ended unseen: ask for it.
    OpenOrders(Vec<OrderReport>),
}

/// What a venue says of one of our orders. Quantities are totals since the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReport {
    /// Our id; absent for an order that was placed without one, or in an abridged message.
    pub client_order_id: Option<ClientOrderId>,
    /// The venue's id.
    pub venue_order_id: VenueOrderId,
    /// `Open`, `Filled`, `Cancelled` or `Rejected`.
    pub state: OrderState,
    /// Filled so far, base units; `None` in an abridged message that does not tell.
    pub filled: Option<Quantity>,
    /// Paid or received so far, quote units, without fees; `None` where not told.
    pub cost: Option<Notional>,
    /// Fees so far, quote units; `None` where not told.
    pub fee: Option<Notional>,
    /// The execution that this message reports, if it reports one.
    pub last_fill: Option<Fill>,
    /// Why it ended, where a reason was given.
    pub reason: Option<Cow<'static, str>>,
}
