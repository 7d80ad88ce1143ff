//! Value types that every other crate speaks: money, time, instruments, orders, books, history.
//!
//! No I/O, no async, no clock, no floats. Money and quantities are fixed-point integers; arithmetic
//! is checked or has a named rounding. Venue words (`XXBTZUSD`, `cl_ord_id`) do not appear here:
//! they end in the venue crates.
#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects)]

pub mod audit;
mod bar;
mod book;
mod decimal;
mod feed;
pub mod history;
mod instrument;
mod money;
mod order;
mod panic;
mod time;
mod trade;

pub use bar::Bar;
pub use book::{Book, Level};
pub use decimal::{DecimalError, Fixed, Price, PriceUnit, Quantity, QuantityUnit, Unit};
pub use feed::{FeedEvent, Intake, OrderReport, StreamKind};
pub use instrument::{Asset, Instrument, Symbol};
pub use money::{Notional, Rounding};
pub use order::{
    ClientOrderId, InvalidClientOrderId, NewOrder, OrderKind, OrderState, Side, TimeInForce,
    Trigger, VenueOrderId,
};
pub use panic::panic_message;
pub use time::{TimeError, UnixNanos};
pub use trade::{Fill, Liquidity, Trade};
