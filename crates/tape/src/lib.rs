//! Recorded market data: readers of the venues' own files, checks of their quality, a tape in columns
//! that loads fast, and a generator of markets that never were.
//!
//! [`MarketReader`] reads many files of many formats as one stream of trades or bars, in bounded
//! memory; [`CheckedReader`] applies a policy to everything that can be wrong with rows and counts it;
//! [`ColumnarWriter`] writes the tape in columns, and [`Merged`] gives many tapes as one stream by time.
//! Prices and volumes are exact. Nothing is dropped silently: a line that cannot be read is an error
//! that names file, line and what was expected.
//!
//! For a simulation, a tape of Kraken's trades is read whole and validated before anything plays it
//! ([`Tape::load`]). [`TradeGenerator`] writes the same format from a seed, in integer arithmetic, so
//! that a seed means the same tape on every machine. This crate knows no venue's protocol and no clock.

#[doc = include_str!("../docs/formats.md")]
pub mod formats {}

mod columnar;
mod datetime;
mod delimited;
mod detect;
mod error;
mod format;
mod generator;
mod json;
mod layout;
mod lines;
mod market;
mod merged;
mod number;
mod quality;
mod read_error;
mod reader;
mod recording;
mod row;
mod source;
mod tape;
mod trade;
mod writer;

pub use columnar::{ColumnarWriter, GROUP_ROWS, RowLimit, WriteError};
pub use datetime::{format_utc, parse_utc};
pub use error::{RowProblem, TapeError};
pub use format::Format;
pub use generator::{
    CrashConfig, GeneratorConfig, GeneratorConfigError, MarketKind, REVERSION_HALF_LIFE,
    SAMPLE_SEED, TREND_BPS_PER_HOUR, TradeGenerator, ZIGZAG_BPS, ZIGZAG_PERIOD,
};
pub use json::JSON_BYTES_MAX;
pub use market::{Batch, FileAbout, MarketReader, ReadOptions};
pub use merged::{Merged, MergedRow, TAPES_MAX, TooManyTapes};
pub use quality::{
    BOOK_LEVELS_KEPT, CheckedReader, Checker, EQUAL_TRADES_KEPT, EXAMPLES_MAX, Example, IDS_KEPT,
    Policy, Problem, QualityConfig, QualityError, QualityReport, RowAbout, SORT_ROWS_MAX, Sieve,
    TIMES, Tally,
};
pub use read_error::{LineProblem, ReadError};
pub use reader::{LINE_BYTES_MAX, TradeReader};
pub use recording::is_same_market;
pub use row::{BarRow, LevelRow, OrderRow, QuoteRow, Row, RowKind, Rows, TradeRow};
pub use source::{Compression, ZIP_MEMBERS_MAX, file_sha256};
pub use tape::{ROWS_MAX, Tape, TapeSummary};
pub use trade::TapeTrade;
pub use writer::write_trades;

#[cfg(test)]
mod testing;
