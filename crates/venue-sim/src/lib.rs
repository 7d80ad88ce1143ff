//! Simulated venues that speak the real wire protocols, over any byte stream.
//!
//! Each venue has one module of the same shape: configuration, a pure core that turns requests
//! into answers and a market into published messages, and a thin asynchronous driver that moves
//! bytes. Orders are matched by [`matching`] against a recorded market.
//!
//! The encoders here are written from the protocol references and share nothing with the
//! production clients: a misreading shared by both sides would hide itself.

pub mod kraken;
mod sink;

pub use sink::VenueSink;
