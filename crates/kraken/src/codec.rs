//! Kraken's wire formats, both ways. Sans-IO: text in, values out, and back.
//!
//! Numbers are read from their JSON text and never pass through a float. Unknown fields, channels and
//! enum values are skipped; a known field that cannot be read is a [`DecodeError`].

pub mod account;
pub mod any;
pub(crate) mod decode;
pub mod fault;
pub(crate) mod fields;
pub(crate) mod form;
pub mod market;
pub mod names;
pub(crate) mod nonce;
pub mod order;
pub(crate) mod order_row;
pub(crate) mod reply;
pub mod rest;
pub(crate) mod sign;
pub mod v1;
pub mod ws;

pub use decode::DecodeError;

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod mutated;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tolerant;
