//! Recorded market data: readers of the venues' own files, and a generator of markets that never
//! were.
//!
//! A tape is read whole and validated before anything plays it ([`Tape::load`]), or row by row in
//! bounded memory ([`TradeReader`]). Prices and volumes are exact. Nothing is dropped, repaired or
//! sorted: a row that is wrong is an error that names file, line and what was expected.
//!
//! [`TradeGenerator`] writes the same format from a seed, in integer arithmetic, so that a seed means
//! the same tape on every machine. This crate knows no venue's protocol and no clock.

mod error;
mod generator;
mod reader;
mod tape;
mod trade;
mod writer;

pub use error::{RowProblem, TapeError};
pub use generator::{
    CrashConfig, GeneratorConfig, GeneratorConfigError, SAMPLE_SEED, TradeGenerator,
};
pub use reader::{LINE_BYTES_MAX, TradeReader};
pub use tape::{ROWS_MAX, Tape, TapeSummary};
pub use trade::TapeTrade;
pub use writer::write_trades;

#[cfg(test)]
mod testing;
