//! Why files cannot be read as market data: one line, with the place and with what was expected.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Files that cannot be read as rows. Files in an archive are called `archive.zip!member.csv`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No files were given.
    #[error("expected at least one file, found none")]
    NoFiles,
    /// The file, or the member of the archive, is not there.
    #[error("{place}: expected a file of market data, found nothing there")]
    NotFound {
        /// The file.
        place: String,
    },
    /// The file cannot be opened, read or decompressed.
    #[error("cannot read {place}")]
    Io {
        /// The file.
        place: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is not what its `.CHECKSUM` says.
    #[error("{}: expected the SHA-256 {expected} of its .CHECKSUM, found {found}", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The hash in the `.CHECKSUM`.
        expected: String,
        /// The hash of the file.
        found: String,
    },
    /// The `.CHECKSUM` itself is no such file.
    #[error("{}: expected `<64 hex digits>  <file name>`, found `{found}`", path.display())]
    ChecksumFile {
        /// The `.CHECKSUM`.
        path: PathBuf,
        /// The beginning of its text.
        found: String,
    },
    /// The archive is broken, or packed in a way that is not read.
    #[error("{place}: expected a .zip archive of stored or deflated files, found {found}")]
    Archive {
        /// The archive or its member.
        place: String,
        /// What was found.
        found: String,
    },
    /// The file holds no row.
    #[error("{place}: expected rows, found none")]
    Empty {
        /// The file.
        place: String,
    },
    /// The content has no known format.
    #[error(
        "{place}: expected one of the known formats (`wavetank tape info --help`), found {found}"
    )]
    UnknownFormat {
        /// The file.
        place: String,
        /// What was found.
        found: String,
    },
    /// The format that was asked for cannot be that of the file.
    #[error("{place}: expected {expected}, found {found}")]
    OtherFormat {
        /// The file.
        place: String,
        /// The format asked for.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Bars without an end, and no way to tell their length.
    #[error(
        "{place}: expected bars of a known length, found no end of a bar, no second bar, and no \
         length in the file name; give it (`--interval 1m`)"
    )]
    Interval {
        /// The file.
        place: String,
    },
    /// It is not clear which stream of a recording is meant.
    #[error("{place}: expected {expected}, found {found} (choose: `FILE#SYMBOL,FORMAT`)")]
    Stream {
        /// The file.
        place: String,
        /// What was asked for.
        expected: String,
        /// The streams that there are.
        found: String,
    },
    /// A line of a text file is wrong.
    #[error("{place}:{line}: expected {problem}")]
    Line {
        /// The file.
        place: String,
        /// The line, counted from 1.
        line: u64,
        /// What was expected and found.
        problem: LineProblem,
    },
    /// A tape in columns is broken, or was written by another program.
    #[error("{place}: expected {expected}, found {found}")]
    Columnar {
        /// The file.
        place: String,
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Trades and bars at once.
    #[error("{place}: expected {expected}, as in {first}, found {found}")]
    Mixed {
        /// The file.
        place: String,
        /// Kind of the rows before.
        expected: &'static str,
        /// The first file.
        first: String,
        /// Kind of this file's rows.
        found: &'static str,
    },
}

/// What is wrong with a line. Shows as what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// A line without anything.
    #[error("a row of {columns} columns, found an empty line")]
    EmptyLine {
        /// Columns of the format.
        columns: usize,
    },
    /// A line that cannot be a row.
    #[error("a row, found a line of more than {bytes_max} bytes")]
    LongLine {
        /// The limit.
        bytes_max: usize,
    },
    /// Another number of columns.
    #[error("{expected} columns `{names}`, found {found}")]
    Columns {
        /// Columns of the format.
        expected: usize,
        /// Their names.
        names: String,
        /// Columns of the line.
        found: usize,
    },
    /// A field that is not what its column holds.
    #[error("{expected} in `{column}`, found `{found}`")]
    Field {
        /// Name of the column, or key of the JSON object.
        column: String,
        /// What the column holds.
        expected: &'static str,
        /// The field.
        found: String,
    },
    /// JSON that is broken, or has another shape.
    #[error("{expected}, found {found}")]
    Json {
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
}

/// Characters of a wrong text that an error repeats.
const FOUND_CHARS_MAX: usize = 60;

/// The beginning of a wrong text, on one line.
pub(crate) fn shorten(text: &str) -> String {
    let shown = text.chars().take(FOUND_CHARS_MAX);
    let mut shown: String = shown.map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(FOUND_CHARS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}
