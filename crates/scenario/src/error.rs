//! What is wrong with a scenario file, and where.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A scenario that cannot be used. One line: file, line, what was found, what was expected.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The file or folder is not there.
    #[error("{}: expected {expected}, found nothing there", path.display())]
    NotFound {
        /// The file or folder.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// The file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is larger than a scenario may be.
    #[error("{}: expected a scenario of at most {bytes_max} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        bytes_max: u64,
    },
    /// The folder holds more files, or deeper ones, than [`crate::list`] looks at.
    #[error("{}: expected at most {files_max} files in at most {depth_max} levels of folders", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// Most files.
        files_max: usize,
        /// Deepest level.
        depth_max: usize,
    },
    /// A variable of the environment is wrong that overrides a value of the file.
    #[error("environment: {problem}")]
    Variable {
        /// What is wrong with it.
        problem: Problem,
    },
    /// A line of the file is wrong.
    #[error("{}:{line}: {problem}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: Problem,
    },
}

impl ScenarioError {
    /// A failure of the file system; `expected` is what should be there.
    pub(crate) fn from_io(path: &Path, expected: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            Self::NotFound { path, expected }
        } else {
            Self::Read { path, source }
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not TOML.
    #[error("`{statement}`: {message}")]
    Syntax {
        /// The line as far as it was understood.
        statement: String,
        /// What the parser says.
        message: String,
    },
    /// Not UTF-8.
    #[error("expected a text in UTF-8")]
    NotText,
    /// A key that the table does not have.
    #[error("unknown key `{key}` {place}; {hint}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Where it stands: `in [market]`.
        place: String,
        /// The nearest key, or all of them.
        hint: String,
    },
    /// A table that a scenario does not have.
    #[error("unknown table [{table}]; {hint}")]
    UnknownTable {
        /// The table.
        table: String,
        /// The nearest table, or all of them.
        hint: String,
    },
    /// A word that is none of those allowed.
    #[error("`{statement}`: unknown value `{value}`; {hint}")]
    UnknownValue {
        /// The line up to the value.
        statement: String,
        /// The value.
        value: String,
        /// The nearest value, or all of them.
        hint: String,
    },
    /// A key without which the table says nothing.
    #[error("missing key `{key}` {place}")]
    MissingKey {
        /// The key.
        key: String,
        /// Where it belongs: `in [market]`.
        place: String,
    },
    /// A table without which the file says nothing.
    #[error("missing table [{table}]")]
    MissingTable {
        /// The table.
        table: String,
    },
    /// A value of the wrong kind, without its unit, or out of range.
    #[error("`{statement}`: expected {expected}")]
    Value {
        /// The line up to the value.
        statement: String,
        /// What should stand there.
        expected: String,
    },
}
