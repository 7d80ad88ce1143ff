//! Many tapes as one stream, by time.

use model::UnixNanos;
use thiserror::Error;

use crate::quality::{CheckedReader, QualityError, QualityReport};
use crate::row::Row;

/// Most tapes of a merge: each holds an open file and a batch of rows.
pub const TAPES_MAX: usize = 256;

/// More tapes than a merge takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected at most {TAPES_MAX} tapes, found {found}")]
pub struct TooManyTapes {
    /// Tapes that were given.
    pub found: usize,
}

/// A row of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergedRow {
    /// When the row is known: the end of a bar, else its time; never before the row that came last.
    pub known_at: UnixNanos,
    /// Index of its tape, in the order in which they were given.
    pub tape: usize,
    /// The row.
    pub row: Row,
}

/// Merges tapes of any kinds and markets by the time at which their rows are known.
///
/// Rows of one instant come in the order of the tapes as given, and those of one tape in its own
/// order: first come the trades of the first tape, all of them, then those of the second. A row that
/// its tape's policy let through though it is late comes directly behind the row before it: the time
/// of a merge never goes back. Memory is one batch per tape.
///
/// # Determinism
/// A function of the tapes and their order.
#[derive(Debug)]
pub struct Merged {
    inputs: Vec<Input>,
    /// The input whose rows come next, and the first key that is not its any more.
    current: usize,
    limit: Key,
}

/// Time, then tape.
type Key = (UnixNanos, usize);

const TIME_MIN: UnixNanos = UnixNanos::from_nanos(i64::MIN);
const KEY_MAX: Key = (UnixNanos::from_nanos(i64::MAX), usize::MAX);

#[derive(Debug)]
struct Input {
    reader: CheckedReader,
    /// Rows of the reader's batch that were given out.
    given: usize,
    newest: UnixNanos,
    ended: bool,
}

impl Merged {
    /// Begins to read the tapes.
    ///
    /// # Errors
    /// [`TooManyTapes`].
    pub fn new(tapes: Vec<CheckedReader>) -> Result<Self, TooManyTapes> {
        if tapes.len() > TAPES_MAX {
            return Err(TooManyTapes { found: tapes.len() });
        }
        let input = |reader| Input { reader, given: 0, newest: TIME_MIN, ended: false };
        let inputs = tapes.into_iter().map(input).collect();
        // No key is below the limit: the first row elects its tape.
        Ok(Self { inputs, current: 0, limit: (TIME_MIN, 0) })
    }

    /// The next row; `None` at the end of all tapes.
    ///
    /// # Errors
    /// [`QualityError`]: a tape is wrong, or a row of it is refused.
    pub fn next_row(&mut self) -> Result<Option<MergedRow>, QualityError> {
        loop {
            if let Some(input) = self.inputs.get_mut(self.current)
                && let Some((known_at, row)) = input.head()?
                && (known_at, self.current) < self.limit
            {
                input.given += 1;
                input.newest = known_at;
                return Ok(Some(MergedRow { known_at, tape: self.current, row }));
            }
            if !self.elect()? {
                return Ok(None);
            }
        }
    }

    /// What was found so far, tape by tape.
    pub fn reports(&self) -> impl Iterator<Item = &QualityReport> {
        self.inputs.iter().map(|input| input.reader.report())
    }

    /// Finds the tape whose turn it is, and until when; false when all have ended.
    fn elect(&mut self) -> Result<bool, QualityError> {
        let (mut first, mut second) = (KEY_MAX, KEY_MAX);
        for (tape, input) in self.inputs.iter_mut().enumerate() {
            let Some((known_at, _)) = input.head()? else { continue };
            let key = (known_at, tape);
            if key < first {
                second = first;
                first = key;
            } else if key < second {
                second = key;
            }
        }
        (self.current, self.limit) = (first.1, second);
        Ok(first != KEY_MAX)
    }
}

impl Input {
    /// The next row and when it is known; `None` at the end.
    fn head(&mut self) -> Result<Option<(UnixNanos, Row)>, QualityError> {
        loop {
            if self.ended {
                return Ok(None);
            }
            if let Some(row) = self.reader.batch().get(self.given) {
                return Ok(Some((row.known_at().max(self.newest), row)));
            }
            self.given = 0;
            self.ended = self.reader.next_batch()?.is_none();
        }
    }
}

#[cfg(test)]
mod tests;
