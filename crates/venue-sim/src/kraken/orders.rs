//! What clients do with orders, whichever way they ask: REST and WebSocket share this. Pure.
//!
//! Offered: market, limit and iceberg orders (an iceberg shows all of itself), stop-loss and take-profit
//! orders and trailing stops with and without a limit; good till cancelled, till a date, immediate-or-cancel and fill-or-kill;
//! post-only; market buys by their cost; conditional closes. Every other field or value is refused with
//! `EGeneral:Invalid arguments:<field>`, never ignored.

mod amend;
mod answers;
mod batch;
mod by_cost;
mod cancel;
mod close;
mod counting;
mod draft;
mod edit;
mod fields;
mod phase;
mod place;
mod prices;
mod timers;
mod trailing;

pub(crate) use amend::{AmendRow, Target};
pub(crate) use answers::{CancelCount, Switch};
pub(crate) use cancel::CANCELS_MAX;
pub(crate) use close::{Close, DueClose};
pub(crate) use draft::Draft;
pub use phase::Phase;
pub(crate) use place::Placed;
pub(crate) use timers::Timers;
pub(crate) use trailing::{Offset, Trail};
