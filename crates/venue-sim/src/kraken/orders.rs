//! What clients do with orders, whichever way they ask: REST and WebSocket share this. Pure.
//!
//! Offered: market, limit and iceberg orders; stop-loss, take-profit and trailing stops, with and without a
//! limit; good till cancelled, till a date, immediate-or-cancel and fill-or-kill; at a later time; post-only; market
//! buys by their cost; three ways to prevent trades with oneself; conditional closes, placed for each execution.
//! Fees are taken in the quote asset even where the client prefers the base asset.
//! What asks for margin or for triggers on an index is refused; fields that nobody knows are ignored.

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
pub(crate) use batch::Refused;
pub(crate) use cancel::CANCELS_MAX;
pub(crate) use close::{Close, DueClose};
pub(crate) use draft::Draft;
pub use phase::Phase;
pub(crate) use place::Placed;
pub(crate) use timers::Timers;
pub(crate) use trailing::{Offset, Trail};
