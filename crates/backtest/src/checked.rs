//! Files of any format as a tape of a backtest.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;
use std::path::PathBuf;

use model::{Level, Side};
use tape::{
    BarRow, CheckedReader, FileAbout, LevelRow, MarketReader, QualityConfig, QualityError,
    QualityReport, QuoteRow, ReadError, ReadOptions, RowKind, Rows,
};

use crate::event::{DepthRow, MarketEvent};

/// The rows of a [`CheckedReader`], one by one; of a book, its messages. Ends after its first error.
///
/// A row of best prices is a whole book of two levels. Books want [`matching::Liquidity::Recorded`].
#[derive(Debug)]
pub struct CheckedTape {
    reader: CheckedReader,
    /// The rows of the batch; of the kind that the reader has.
    trades: Vec<tape::TradeRow>,
    bars: Vec<BarRow>,
    books: Books,
    /// Rows of the batch that were given.
    given: usize,
    ended: bool,
}

impl CheckedTape {
    /// What a reader gives.
    pub fn new(reader: CheckedReader) -> Self {
        let books = Books {
            whole: VecDeque::new(),
            begun: None,
            levels: FileAbout::levels_of(&reader.report().files),
        };
        Self { reader, trades: Vec::new(), bars: Vec::new(), books, given: 0, ended: false }
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
    fn row(&mut self) -> Option<MarketEvent<'static>> {
        match self.reader.kind() {
            RowKind::Trades => self.trades.get(self.given).map(|row| MarketEvent::from(*row)),
            RowKind::Bars => self.bars.get(self.given).map(|row| MarketEvent::from(*row)),
            RowKind::Quotes | RowKind::Book => self.books.whole.pop_front().map(MarketEvent::Depth),
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
            Some(Rows::Quotes(rows)) => self.books.whole.extend(rows.iter().map(book_of)),
            Some(Rows::Book(rows)) => rows.iter().for_each(|row| self.books.take(row)),
            None => {
                self.books.end();
                self.ended = true;
            }
        }
        Ok(())
    }
}

impl Iterator for CheckedTape {
    type Item = Result<MarketEvent<'static>, QualityError>;

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

/// Changes of single levels, put together to the messages that they came in.
#[derive(Debug)]
struct Books {
    whole: VecDeque<DepthRow<'static>>,
    /// The message whose end was not seen yet.
    begun: Option<DepthRow<'static>>,
    /// Levels of a side that the source shows at most.
    levels: Option<u32>,
}

impl Books {
    fn take(&mut self, row: &LevelRow) {
        if row.begins {
            self.end();
        }
        let (ts, snapshot, levels) = (row.ts, row.snapshot, self.levels);
        let begun = self.begun.get_or_insert_with(|| DepthRow {
            ts,
            snapshot,
            levels,
            bids: Cow::default(),
            asks: Cow::default(),
        });
        let levels = match row.side {
            Side::Buy => &mut begun.bids,
            Side::Sell => &mut begun.asks,
        };
        levels.to_mut().push(Level { price: row.price, quantity: row.quantity });
    }

    fn end(&mut self) {
        self.whole.extend(mem::take(&mut self.begun));
    }
}

/// Best prices as a book, of which nothing else is in sight.
fn book_of(row: &QuoteRow) -> DepthRow<'static> {
    let side = |price, quantity: model::Quantity| {
        let level = (!quantity.is_zero()).then_some(Level { price, quantity });
        level.into_iter().collect::<Vec<_>>().into()
    };
    DepthRow {
        ts: row.ts,
        snapshot: true,
        levels: Some(1),
        bids: side(row.bid, row.bid_quantity),
        asks: side(row.ask, row.ask_quantity),
    }
}

impl From<tape::TradeRow> for MarketEvent<'_> {
    fn from(row: tape::TradeRow) -> Self {
        let tape::TradeRow { ts, price, quantity, trade_id, taker_side, fills: _ } = row;
        Self::Trade(crate::event::TradeRow { ts, price, quantity, taker_side, trade_id })
    }
}

impl From<BarRow> for MarketEvent<'_> {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Rows of one message are one event; the last one is not lost.
    #[test]
    fn a_book_is_played_message_by_message() {
        let folder = std::env::temp_dir().join(format!("wavetank-book-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("book.csv");
        let rows = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n\
            kraken,XBT/USD,1700000001000000,1700000001000001,true,bid,99,1\n\
            kraken,XBT/USD,1700000001000000,1700000001000001,true,ask,101,2\n\
            kraken,XBT/USD,1700000002000000,1700000002000001,false,bid,99,0\n\
            kraken,XBT/USD,1700000003000000,1700000003000001,false,ask,101,5\n";
        fs::write(&path, rows).expect("a file");
        let tape = CheckedTape::open(&[path]).expect("a known format");
        let books: Vec<_> = tape.map(|event| event.expect("good rows")).collect();
        fs::remove_dir_all(&folder).expect("removed");
        let about: Vec<_> = books
            .iter()
            .map(|event| match event {
                MarketEvent::Depth(row) => (row.snapshot, row.bids.len(), row.asks.len()),
                MarketEvent::Trade(_) | MarketEvent::Bar(_) => panic!("{event:?}"),
            })
            .collect();
        assert_eq!(about, [(true, 1, 1), (false, 1, 0), (false, 0, 1)]);
    }
}
