//! Where the trading system writes what it did, for people to look at later.
//!
//! A store is a convenience: it may be slow, full or away, and trading must not notice. Whatever
//! writes into one never waits; what cannot be written is counted and told, never lost silently.
//!
//! [`influx`] writes points to InfluxDB. Nothing here decides what is worth writing, nor reads.

pub mod influx;
