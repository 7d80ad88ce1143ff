//! Scenario files: what a simulated run consists of, and what must hold in it.
//!
//! A file is parsed and validated in one go ([`Scenario::load`]); every error is one line that names
//! file, line and what was expected. A scenario and a seed expand into a [`FaultPlan`]: explicit
//! faults at explicit times, which is all that the simulator executes.
//!
//! Apart from reading files this crate is pure: no clock, no randomness, no network. It knows no
//! strategy and no simulator; a strategy is a text here.

mod document;
mod duration;
mod error;
mod explicit;
mod fault;
mod file;
mod lane;
mod list;
mod plan;
mod scenario;
mod schema;
mod seed;
mod storm;
mod validate;

pub use document::{Document, Overridden, Step, hint};
pub use duration::{InvalidDuration, format_duration, parse_duration};
pub use error::{Problem, ScenarioError};
pub use fault::{
    Book, BookFault, Clock, Corrupt, Crash, Direction, Dns, Drip, Established, Excess, Executions,
    ExecutionsFault, Fault, FaultKind, Freeze, HalfOpen, Hang, HangPhase, Hold, Host, LateOrders,
    Latency, Maintenance, MaintenancePhase, Method, PoolExhausted, Process, Refuse, Repeat, Reset,
    RestError, RestSlow, RestStatus, SinkStatus, Split, Stale, Throttle, Token, Truncate, WsClose,
    WsStatus, WsText,
};
pub use file::{Account, Expect, Market, Network, Run, Sink, SinkKind, Tier, Trader, Venue};
pub use lane::{Lane, LaneName, Policy};
pub use list::{ScenarioInfo, list};
pub use plan::{FaultPlan, PlannedFault};
pub use scenario::{Lines, Scenario};
pub use schema::json_schema;
pub use seed::{InvalidSeed, format_seed, parse_seed};
pub use storm::{Family, Storm};
pub use validate::limits;

#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod testing;
