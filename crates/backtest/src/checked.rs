//! Files of any format as a tape of a backtest.

use std::path::PathBuf;

use tape::{
    BarRow, CheckedReader, MarketReader, QualityConfig, QualityError, QualityReport, ReadError,
    ReadOptions, RowKind, Rows,
};

use crate::event::MarketEvent;

/// The rows of a [`CheckedReader`], one by one. Ends after its first error.
#[derive(Debug)]
pub struct CheckedTape {
    reader: CheckedReader,
    /// The rows of the batch; of the kind that the reader has.
    trades: Vec<tape::TradeRow>,
    bars: Vec<BarRow>,
    /// Rows of the batch that were given.
    given: usize,
    ended: bool,
}

impl CheckedTape {
    /// What a reader gives.
    pub const fn new(reader: CheckedReader) -> Self {
        Self { reader, trades: Vec::new(), bars: Vec::new(), given: 0, ended: false }
    }

    /// Files in any format that shows in their content, as one tape, with the policies that are the default:
    /// what cannot be true is refused.
    ///
    /// # Errors
    /// A file cannot be read, or is of no known format.
    pub fn open(paths: &[PathBuf]) -> Result<Self, ReadError> {
        let reader = MarketReader::open(paths, ReadOptions::default())?;
        Ok(Self::new(CheckedReader::new(reader, QualityConfig::default())))
    }

    /// What the rows are.
    pub const fn kind(&self) -> RowKind {
        self.reader.kind()
    }

    /// What was found so far.
    pub const fn report(&self) -> &QualityReport {
        self.reader.report()
    }

    /// The next row of the batch.
    fn row(&self) -> Option<MarketEvent> {
        match self.reader.kind() {
            RowKind::Trades => self.trades.get(self.given).map(|row| MarketEvent::from(*row)),
            RowKind::Bars => self.bars.get(self.given).map(|row| MarketEvent::from(*row)),
        }
    }

    /// Takes the next batch, perhaps without a row.
    fn refill(&mut self) -> Result<(), QualityError> {
        self.trades.clear();
        self.bars.clear();
        self.given = 0;
        match self.reader.next_batch()? {
            Some(Rows::Trades(rows)) => self.trades.extend_from_slice(rows),
            Some(Rows::Bars(rows)) => self.bars.extend_from_slice(rows),
            None => self.ended = true,
        }
        Ok(())
    }
}

impl Iterator for CheckedTape {
    type Item = Result<MarketEvent, QualityError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.row() {
                self.given += 1;
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.refill() {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}

impl From<tape::TradeRow> for MarketEvent {
    fn from(row: tape::TradeRow) -> Self {
        let tape::TradeRow { ts, price, quantity, trade_id, taker_side, fills: _ } = row;
        Self::Trade(crate::event::TradeRow { ts, price, quantity, taker_side, trade_id })
    }
}

impl From<BarRow> for MarketEvent {
    fn from(row: BarRow) -> Self {
        Self::Bar(model::Bar {
            start: row.open_ts,
            length: row.length(),
            open: row.open,
            high: row.high,
            low: row.low,
            close: row.close,
            volume: row.volume,
        })
    }
}
