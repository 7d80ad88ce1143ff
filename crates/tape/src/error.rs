//! What is wrong with a tape, and where.

use std::io;
use std::path::PathBuf;

use model::UnixNanos;
use thiserror::Error;

use crate::layout::{PRICES, VOLUMES};

/// The only row that the reader accepts.
const ROW: &str = "`timestamp,price,volume`";

/// A tape that cannot be used. One line: file, line, what was expected, what was found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TapeError {
    /// The file is not there.
    #[error("{}: expected a file of trades {ROW}, found nothing there", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be opened or read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file holds no row.
    #[error("{}: expected trades {ROW}, found an empty file", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file holds more rows than fit into memory.
    #[error("{}: expected at most {rows_max} trades", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The limit.
        rows_max: usize,
    },
    /// A row is wrong.
    #[error("{}:{line}: expected {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        problem: RowProblem,
    },
}

/// What is wrong with a row. Shows as what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// A control character or a byte beyond ASCII: a binary file.
    #[error("text {ROW}, found binary data (byte {byte:#04x})")]
    Binary {
        /// The first such byte.
        byte: u8,
    },
    /// A line without anything.
    #[error("{ROW}, found an empty line")]
    EmptyLine,
    /// A line that cannot be a row.
    #[error("{ROW}, found a line of more than {bytes_max} bytes")]
    LongLine {
        /// The limit.
        bytes_max: usize,
    },
    /// Names instead of numbers in the first line.
    #[error("numbers {ROW}, found the header `{found}`: this format has none")]
    Header {
        /// The line.
        found: String,
    },
    /// Bars instead of trades.
    #[error(
        "3 columns {ROW}, found 7: this looks like bars (timestamp,open,high,low,close,volume,trades)"
    )]
    Bars,
    /// Another number of columns.
    #[error("3 columns {ROW}, found {found}")]
    Columns {
        /// Columns of the line.
        found: usize,
    },
    /// The first column is no time.
    #[error("a time in seconds since 1970 with at most 9 digits after the point, found `{found}`")]
    Time {
        /// The column.
        found: String,
    },
    /// The second column is no price, or one that is not exact in 9 digits.
    #[error("a price with at most 9 digits after the point, found `{found}`")]
    Price {
        /// The column.
        found: String,
    },
    /// The second column is a price that does not fit into the integer behind it.
    #[error("{PRICES}, found `{found}`")]
    PriceBeyond {
        /// The column.
        found: String,
    },
    /// Nobody trades at such a price.
    #[error("a price above zero, found `{found}`")]
    PriceNotPositive {
        /// The column.
        found: String,
    },
    /// The third column is no volume, or one that is not exact in 8 digits.
    #[error("a volume with at most 8 digits after the point, found `{found}`")]
    Volume {
        /// The column.
        found: String,
    },
    /// The third column is a volume that does not fit into the integer behind it.
    #[error("{VOLUMES}, found `{found}`")]
    VolumeBeyond {
        /// The column.
        found: String,
    },
    /// A trade of nothing.
    #[error("a volume above zero, found `{found}`")]
    VolumeNotPositive {
        /// The column.
        found: String,
    },
    /// The row is older than the one before.
    #[error("a time not before {previous} of the row above, found {found}")]
    Unsorted {
        /// Time of the row before.
        previous: UnixNanos,
        /// Time of this row.
        found: UnixNanos,
    },
}
