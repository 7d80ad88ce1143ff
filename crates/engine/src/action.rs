//! What goes into the engine and what comes out of it.

use model::audit::AuditEvent;
use model::{
    ClientOrderId, FeedEvent, Fill, NewOrder, Notional, OrderReport, OrderState, Quantity, Symbol,
    VenueOrderId,
};

use crate::orders::OrderNumber;

/// Something that the engine must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineEvent {
    /// News from a venue session.
    Feed(FeedEvent),
    /// A submission ended.
    Submitted {
        /// The order.
        client_order_id: ClientOrderId,
        /// How.
        outcome: SubmitOutcome,
    },
    /// A cancellation ended.
    Cancelled {
        /// The order.
        client_order_id: ClientOrderId,
        /// How.
        outcome: CancelOutcome,
    },
    /// The venue was asked for one order.
    Located {
        /// The order.
        client_order_id: ClientOrderId,
        /// What it said.
        outcome: LocateOutcome,
    },
    /// The venue was asked for all open orders.
    Polled {
        /// [`crate::Engine::steps`] when the question was asked: an order that opened later may be
        /// missing in the answer.
        asked_at_step: u64,
        /// Every open order of ours.
        open: Vec<OrderReport>,
    },
    /// The venue was asked for the executions of one order.
    Executions {
        /// The order.
        client_order_id: ClientOrderId,
        /// Those that it told; all of them, unless somebody gave up.
        fills: Vec<Fill>,
    },
    /// What earlier runs of the program hold, all of it: base units per instrument. It may be told again, as more
    /// becomes known.
    Inherited(Vec<(Symbol, Quantity)>),
    /// No new orders from now on; open ones are cancelled.
    Stop,
}

/// What there is to know of one of our orders, told by a venue that numbers its orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderNews {
    /// As [`SubmitOutcome::Placed`], under a number.
    Placed(u64),
    /// As [`SubmitOutcome::Refused`].
    Refused(String),
    /// As [`EngineEvent::Cancelled`].
    Cancelled(CancelOutcome),
    /// As [`EngineEvent::Located`]; `None` for [`LocateOutcome::Absent`].
    Located(Option<Standing>),
    /// As [`FeedEvent::Order`].
    Told(Standing),
}

/// Where an order stands at a venue that numbers its orders; as [`OrderReport`], and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The venue's number of the order.
    pub number: u64,
    /// `Open`, `Filled`, `Cancelled` or `Rejected`.
    pub state: OrderState,
    /// Filled so far, base units.
    pub filled: Quantity,
    /// Paid or received so far, quote units, without fees.
    pub cost: Notional,
    /// Fees so far, quote units.
    pub fee: Notional,
    /// The execution that is told of, if one is.
    pub last_fill: Option<Fill>,
    /// Why it ended, where a reason was given.
    pub reason: Option<&'static str>,
}

/// How a submission ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitOutcome {
    /// The venue has the order.
    Placed(VenueOrderId),
    /// Surely not sent.
    NotSent(String),
    /// The venue refused it.
    Refused(String),
    /// The venue may have it.
    Unknown(String),
}

/// How a cancellation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The venue took the cancellation; the order's own news follow.
    Accepted,
    /// The venue knows no such open order: it ended before.
    AlreadyGone,
}

/// What the venue said about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "it travels in an EngineEvent, which is as large anyway"
)]
pub enum LocateOutcome {
    /// It has it.
    Found(OrderReport),
    /// It does not have it and never will: asked after the order's deadline and visibility delay.
    Absent,
}

/// Something that the engine wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send an order. The answer is [`EngineEvent::Submitted`], always.
    Submit(NewOrder),
    /// Cancel an order, again and again until the venue answers: [`EngineEvent::Cancelled`].
    Cancel {
        /// The order.
        client_order_id: ClientOrderId,
        /// Its name at the venue.
        venue_order_id: VenueOrderId,
        /// Its instrument.
        symbol: Symbol,
    },
    /// Ask the venue for an order until the answer is sure: [`EngineEvent::Located`].
    Locate {
        /// The order.
        client_order_id: ClientOrderId,
        /// Its name at the venue, if known; then it exists and [`LocateOutcome::Absent`] is no answer.
        venue_order_id: Option<VenueOrderId>,
    },
    /// Ask the venue for the executions of an order, some of which were missed, until they are all there or
    /// there is no hope: [`EngineEvent::Executions`].
    FetchFills {
        /// The order.
        client_order_id: ClientOrderId,
        /// Its name at the venue.
        venue_order_id: VenueOrderId,
        /// Its executions make up so much at least, base units.
        filled: Quantity,
    },
    /// Write an audit event.
    Audit(AuditEvent),
}

/// What an [`Action`] is about, with numbers for names: for whoever has the engine at hand, and looks the order up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// As [`Action::Submit`].
    Submit(OrderNumber),
    /// As [`Action::Cancel`].
    Cancel(OrderNumber),
    /// As [`Action::Locate`].
    Locate(OrderNumber),
    /// As [`Action::FetchFills`].
    FetchFills(OrderNumber),
    /// As [`Action::Audit`].
    Audit(Box<AuditEvent>),
}
