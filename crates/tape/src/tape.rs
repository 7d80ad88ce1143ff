//! A whole tape in memory, validated.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::{Notional, Price, Quantity, Symbol, Trade, UnixNanos};

use crate::error::{RowProblem, TapeError};
use crate::reader::TradeReader;
use crate::trade::TapeTrade;

/// Most trades of a tape in memory: 480 MB.
pub const ROWS_MAX: usize = 20_000_000;

/// Recorded trades, sorted by time, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tape {
    path: PathBuf,
    trades: Vec<TapeTrade>,
    summary: TapeSummary,
}

/// A tape at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TapeSummary {
    /// Trades.
    pub rows: usize,
    /// Time of the first trade.
    pub first_ts: UnixNanos,
    /// Time of the last trade.
    pub last_ts: UnixNanos,
    /// Lowest price.
    pub low: Price,
    /// Highest price.
    pub high: Price,
    /// Sum of the volumes, base units.
    pub volume: Notional,
    /// Trades that equal an earlier one in all three columns. Mostly distinct trades; all are kept.
    pub equal_rows: usize,
}

impl Tape {
    /// Reads and validates a whole file.
    ///
    /// # Errors
    /// [`TapeError`]: the file cannot be read, holds no trade or more than [`ROWS_MAX`], or
    /// [`TapeError::Row`] for the first row that is wrong or older than the one before.
    pub fn load(path: &Path) -> Result<Self, TapeError> {
        let file = File::open(path).map_err(|source| {
            let path = path.to_owned();
            if source.kind() == io::ErrorKind::NotFound {
                TapeError::NotFound { path }
            } else {
                TapeError::Read { path, source }
            }
        })?;
        Self::read(path, file)
    }

    /// Reads and validates trades from any source of bytes; `path` names it in errors.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn read(path: &Path, source: impl io::Read) -> Result<Self, TapeError> {
        let mut trades = Vec::new();
        for trade in TradeReader::new(path, source) {
            if trades.len() == ROWS_MAX {
                return Err(TapeError::TooLong { path: path.to_owned(), rows_max: ROWS_MAX });
            }
            trades.push(trade?);
        }
        Self::of(path, trades)
    }

    /// Takes trades that are in memory, with the same rules; `path` names them in errors, where the
    /// line is the number of the trade.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_trades(path: &Path, trades: Vec<TapeTrade>) -> Result<Self, TapeError> {
        let mut last_ts = None;
        for (line, trade) in (1..).zip(&trades) {
            let problem = if !trade.price.is_positive() {
                let found = trade.price.to_string();
                Some(RowProblem::PriceNotPositive { found })
            } else if !trade.quantity.is_positive() {
                let found = trade.quantity.to_string();
                Some(RowProblem::VolumeNotPositive { found })
            } else {
                let previous = last_ts.filter(|last_ts| trade.ts < *last_ts);
                let found = trade.ts;
                previous.map(|previous| RowProblem::Unsorted { previous, found })
            };
            if let Some(problem) = problem {
                let path = path.to_owned();
                return Err(TapeError::Row { path, line, problem });
            }
            last_ts = Some(trade.ts);
        }
        Self::of(path, trades)
    }

    fn of(path: &Path, trades: Vec<TapeTrade>) -> Result<Self, TapeError> {
        let path = path.to_owned();
        let Some(summary) = TapeSummary::of(&trades) else {
            return Err(TapeError::Empty { path });
        };
        Ok(Self { path, trades, summary })
    }

    /// Where the tape came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The trades, sorted by time.
    pub fn trades(&self) -> &[TapeTrade] {
        &self.trades
    }

    /// The trades as public trades of an instrument.
    pub fn trades_for<'a>(&'a self, symbol: &'a Symbol) -> impl Iterator<Item = Trade> + 'a {
        self.trades.iter().map(|trade| trade.to_trade(symbol))
    }

    /// Number of trades.
    pub fn len(&self) -> usize {
        self.trades.len()
    }

    /// False: a tape holds at least one trade.
    pub fn is_empty(&self) -> bool {
        self.trades.is_empty()
    }

    /// Time of the first trade.
    pub fn first_ts(&self) -> UnixNanos {
        self.summary.first_ts
    }

    /// Time of the last trade.
    pub fn last_ts(&self) -> UnixNanos {
        self.summary.last_ts
    }

    /// The tape at a glance.
    pub fn summary(&self) -> &TapeSummary {
        &self.summary
    }
}

impl TapeSummary {
    fn of(trades: &[TapeTrade]) -> Option<Self> {
        let (first, last) = (trades.first()?, trades.last()?);
        let mut volume = Notional::ZERO;
        let (mut low, mut high) = (first.price, first.price);
        let mut equal_rows = 0;
        let mut now = first.ts;
        let mut seen: BTreeSet<(Price, Quantity)> = BTreeSet::new();
        for trade in trades {
            low = low.min(trade.price);
            high = high.max(trade.price);
            volume = volume
                .checked_add(Notional::from_quantity(trade.quantity))
                .expect("the row limit times the largest quantity fits");
            if trade.ts > now {
                now = trade.ts;
                seen.clear();
            }
            if !seen.insert((trade.price, trade.quantity)) {
                equal_rows += 1;
            }
        }
        Some(Self {
            rows: trades.len(),
            first_ts: first.ts,
            last_ts: last.ts,
            low,
            high,
            volume,
            equal_rows,
        })
    }

    /// Time from the first trade to the last.
    pub fn span(&self) -> Duration {
        self.last_ts.since(self.first_ts)
    }
}

/// One line: `1993 trades over 1795.328 s, 10600 to 10989.8, volume 650.1, 1 equal rows kept`.
impl fmt::Display for TapeSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.span();
        write!(
            f,
            "{} trades over {}.{:03} s, {} to {}, volume {}, {} equal rows kept",
            self.rows,
            span.as_secs(),
            span.subsec_millis(),
            self.low,
            self.high,
            self.volume,
            self.equal_rows
        )
    }
}

#[cfg(test)]
mod tests;
