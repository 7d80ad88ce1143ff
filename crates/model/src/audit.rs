//! What the trading system says about itself: the audit trail.
//!
//! Production writes these events wherever it runs; a live node logs them, the simulator keeps them
//! as part of its history. They carry no time and no host: whoever receives them knows both.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decimal::Quantity;
use crate::instrument::Symbol;
use crate::order::{ClientOrderId, NewOrder, OrderKind, OrderState, VenueOrderId};
use crate::trade::Fill;

/// State of a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are rejected until a time.
    Open,
    /// A few calls pass as probes.
    HalfOpen,
    /// Calls are rejected until somebody resets the breaker.
    Isolated,
}

impl BreakerState {
    /// Upper-case name with underscores, as operators know it: `HALF_OPEN`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Open => "OPEN",
            Self::HalfOpen => "HALF_OPEN",
            Self::Isolated => "ISOLATED",
        }
    }
}

impl fmt::Display for BreakerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a call ended, in the eyes of its breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallOutcome {
    /// The other side works, whatever it answered.
    Success,
    /// The other side does not work.
    Failure,
    /// Says nothing about the other side: a limit, a local shortage of time.
    Ignored,
    /// The caller went away.
    Cancelled,
}

impl CallOutcome {
    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Ignored => "ignored",
            Self::Cancelled => "cancelled",
        }
    }
}

/// State of a stream of market data or executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StreamState {
    /// Dialling, subscribing.
    Connecting,
    /// Every subscription is acknowledged.
    Live,
    /// Not connected; will connect again unless the node stops.
    Down,
}

impl StreamState {
    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Down => "down",
        }
    }
}

/// State of something that the node depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthState {
    /// It works.
    Up,
    /// It works badly, or with a loss.
    Degraded,
    /// It does not work.
    Down,
}

impl HealthState {
    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }
}

impl fmt::Display for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that the trading system did or learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum AuditEvent {
    /// A wait on the network begins: a request attempt, a dial, an acknowledgement.
    CallStarted {
        /// Number of the call, unique in a run.
        call: u64,
        /// What is called: `kraken/AddOrder`, `kraken/public/connect`.
        op: String,
        /// The breaker that let it pass, if one guards it.
        breaker: Option<String>,
        /// Longest time the call may take, in milliseconds.
        bound_ms: u64,
        /// The order that an order-placing call carries.
        client_order_id: Option<ClientOrderId>,
    },
    /// A wait on the network is over.
    CallEnded {
        /// Number of the call.
        call: u64,
        /// How the breaker counts it.
        outcome: CallOutcome,
        /// What went wrong, if anything.
        error: Option<String>,
    },
    /// A breaker changed its state.
    BreakerChanged {
        /// Name of the breaker: venue and operation class.
        breaker: String,
        /// Number of the new state, rising by one per change.
        generation: u64,
        /// State before.
        from: BreakerState,
        /// State now.
        to: BreakerState,
        /// Why.
        cause: String,
        /// For `OPEN`: milliseconds until a probe may pass.
        open_ms: Option<u64>,
    },
    /// A stream changed its state.
    StreamChanged {
        /// Name of the stream: `kraken/public`.
        stream: String,
        /// State now.
        state: StreamState,
        /// Why.
        reason: String,
    },
    /// The local book took a snapshot or an update and its checksum was right.
    BookApplied {
        /// Instrument.
        symbol: Symbol,
        /// [`crate::history::book_hash`] of the local book.
        hash: u64,
    },
    /// The local book is not to be trusted until the next snapshot.
    BookLost {
        /// Instrument.
        symbol: Symbol,
        /// Why.
        reason: String,
    },
    /// The strategy is given a trade of the market.
    TradeSeen {
        /// Instrument.
        symbol: Symbol,
        /// The venue's number.
        trade_id: u64,
    },
    /// Trades of the market did not come, though the stream was not down.
    TradesMissed {
        /// Instrument.
        symbol: Symbol,
        /// The last one before.
        after: u64,
        /// The first one behind.
        before: u64,
    },
    /// The strategy wants an order. Written before anything is sent.
    OrderIntent {
        /// The order.
        order: NewOrder,
    },
    /// An order changed its state or filled quantity.
    OrderChanged {
        /// Our id.
        client_order_id: ClientOrderId,
        /// The venue's id, once known.
        venue_order_id: Option<VenueOrderId>,
        /// State now.
        state: OrderState,
        /// Filled so far, base units.
        filled: Quantity,
        /// Why, where a reason was given.
        reason: Option<String>,
    },
    /// One of our orders was executed, as the venue told us.
    Filled {
        /// Our id.
        client_order_id: ClientOrderId,
        /// The execution.
        fill: Fill,
    },
    /// Our position changed.
    PositionChanged {
        /// Instrument.
        symbol: Symbol,
        /// Base units now; negative when short.
        quantity: Quantity,
    },
    /// A dependency changed its state.
    HealthChanged {
        /// Name of the dependency: `kraken/read`, `influxdb`.
        dependency: String,
        /// Whether the node is of no use without it.
        critical: bool,
        /// State now.
        state: HealthState,
        /// Why; empty if there is nothing to say.
        reason: String,
    },
    /// Points that were on their way to a sink will not be written.
    SinkLost {
        /// The sink: `influx/write`.
        sink: String,
        /// How many since the last time that this was told.
        points: u64,
        /// Why.
        reason: String,
    },
    /// The shutdown reached a step.
    Shutdown {
        /// The step: `stop-intake`, `settle-orders`, `flush-sinks`, `close-streams`, `stopped`.
        step: String,
        /// What did not stop in time, by task name.
        unfinished: Vec<String>,
    },
}

impl fmt::Display for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallStarted { call, op, breaker, bound_ms, client_order_id } => {
                write!(f, "call #{call} {op} started, at most {bound_ms} ms")?;
                suffix(f, " by ", breaker.as_ref())?;
                suffix(f, " for order ", client_order_id.as_ref())
            }
            Self::CallEnded { call, outcome, error } => {
                write!(f, "call #{call} ended: {}", outcome.as_str())?;
                suffix(f, ", ", error.as_ref())
            }
            Self::BreakerChanged { breaker, generation, from, to, cause, open_ms } => {
                write!(f, "breaker {breaker} {from} -> {to} (generation {generation}): {cause}")?;
                suffix(f, ", open for ms ", open_ms.as_ref())
            }
            Self::StreamChanged { stream, state, reason } => {
                write!(f, "stream {stream} {}: {reason}", state.as_str())
            }
            Self::BookApplied { symbol, hash } => write!(f, "book {symbol} is {hash:016x}"),
            Self::BookLost { symbol, reason } => write!(f, "book {symbol} lost: {reason}"),
            Self::TradeSeen { symbol, trade_id } => write!(f, "trade {trade_id} of {symbol} seen"),
            Self::TradesMissed { symbol, after, before } => {
                write!(f, "trades of {symbol} between {after} and {before} did not come")
            }
            Self::OrderIntent { order } => {
                let NewOrder { client_order_id, symbol, side, quantity, kind, .. } = order;
                write!(f, "order {client_order_id} wanted: {side} {quantity} {symbol}")?;
                match kind {
                    OrderKind::Market => f.write_str(" @ market"),
                    OrderKind::Limit { price, .. } => write!(f, " @ {price}"),
                    OrderKind::Triggered { trigger, price, limit } => {
                        write!(f, " @ {} {price}", trigger.as_str())?;
                        suffix(f, " limit ", limit.as_ref())
                    }
                }
            }
            Self::OrderChanged { client_order_id, venue_order_id, state, filled, reason } => {
                write!(f, "order {client_order_id} is {state}, filled {filled}")?;
                suffix(f, ", venue id ", venue_order_id.as_ref())?;
                suffix(f, ", ", reason.as_ref())
            }
            Self::Filled { client_order_id, fill } => {
                write!(f, "order {client_order_id} filled {} @ {}", fill.quantity, fill.price)
            }
            Self::PositionChanged { symbol, quantity } => {
                write!(f, "position {symbol} is {quantity}")
            }
            Self::HealthChanged { dependency, critical, state, reason } => {
                let critical = if *critical { "critical" } else { "not critical" };
                write!(f, "dependency {dependency} ({critical}) is {state}")?;
                suffix(f, ": ", Some(reason).filter(|reason| !reason.is_empty()))
            }
            Self::SinkLost { sink, points, reason } => {
                write!(f, "sink {sink} lost {points} points: {reason}")
            }
            Self::Shutdown { step, unfinished } => {
                write!(f, "shutdown: {step}")?;
                if unfinished.is_empty() {
                    Ok(())
                } else {
                    write!(f, ", unfinished {unfinished:?}")
                }
            }
        }
    }
}

fn suffix<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    lead: &str,
    value: Option<&T>,
) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, "{lead}{value}"))
}
