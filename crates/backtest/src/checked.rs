//! Files of any format as a tape of a backtest.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;
use std::path::PathBuf;

use matching::OrderChange;
use model::{Level, Side, UnixNanos};
use tape::{
    BarRow, CheckedReader, FileAbout, LevelRow, MarketReader, OrderRow, QualityConfig,
    QualityError, QualityReport, QuoteRow, ReadError, ReadOptions, RowKind, Rows,
};

use crate::event::{DepthRow, HeardRow, MarketEvent, OrdersRow};

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
    /// True when it tells when everything was received.
    tells_times: bool,
    /// True when that was told of the next event.
    told: bool,
    ended: bool,
}

impl CheckedTape {
    /// What a reader gives.
    pub fn new(reader: CheckedReader) -> Self {
        let books = Books {
            whole: VecDeque::new(),
            begun: None,
            begun_orders: None,
            levels: FileAbout::levels_of(&reader.report().files),
        };
        let (trades, bars) = (Vec::new(), Vec::new());
        let (tells_times, told) = (false, false);
        Self { reader, trades, bars, books, given: 0, tells_times, told, ended: false }
    }

    /// Lets it tell before each event when that was received: [`MarketEvent::Heard`]. Files that do not know it, and
    /// bars, tell nothing: see [`FileAbout::received`].
    pub const fn tell_times(&mut self) {
        self.tells_times = true;
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

    /// As [`MarketReader::bytes`].
    pub fn bytes(&self) -> (u64, u64) {
        self.reader.bytes()
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
            RowKind::Quotes | RowKind::Book | RowKind::Orders => {
                self.books.whole.pop_front().map(|(event, _)| event)
            }
        }
    }

    /// When the next row of the batch was received.
    fn heard(&self) -> Option<MarketEvent<'static>> {
        let (ts, received) = match self.reader.kind() {
            RowKind::Trades => {
                (self.trades.get(self.given)?.ts, *self.reader.received().get(self.given)?)
            }
            RowKind::Bars => return None,
            RowKind::Quotes | RowKind::Book | RowKind::Orders => {
                let (event, received) = self.books.whole.front()?;
                (event.ts(), *received)
            }
        };
        Some(MarketEvent::Heard(HeardRow { ts, received }))
    }

    /// Takes the next batch, perhaps without a row.
    fn refill(&mut self) -> Result<(), QualityError> {
        self.trades.clear();
        self.bars.clear();
        self.given = 0;
        match self.reader.next_batch()? {
            Some(Rows::Trades(rows)) => self.trades.extend_from_slice(rows),
            Some(Rows::Bars(rows)) => self.bars.extend_from_slice(rows),
            Some(Rows::Quotes(rows)) => {
                let book = |row: &QuoteRow| (MarketEvent::Depth(book_of(row)), row.local_ts);
                self.books.whole.extend(rows.iter().map(book));
            }
            Some(Rows::Book(rows)) => rows.iter().for_each(|row| self.books.take(row)),
            Some(Rows::Orders(rows)) => rows.iter().for_each(|row| self.books.take_order(row)),
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
            if self.tells_times
                && !self.told
                && let Some(heard) = self.heard()
            {
                self.told = true;
                return Some(Ok(heard));
            }
            if let Some(event) = self.row() {
                self.told = false;
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

/// Changes of single levels or orders, put together to the messages that they came in.
#[derive(Debug)]
struct Books {
    /// Whole messages, and when they were received.
    whole: VecDeque<(MarketEvent<'static>, UnixNanos)>,
    /// The message whose end was not seen yet.
    begun: Option<(DepthRow<'static>, UnixNanos)>,
    begun_orders: Option<(OrdersRow<'static>, UnixNanos)>,
    /// Levels of a side that the source shows at most.
    levels: Option<u32>,
}

impl Books {
    fn take(&mut self, row: &LevelRow) {
        if row.begins {
            self.end();
        }
        let (ts, snapshot, levels) = (row.ts, row.snapshot, self.levels);
        let (begun, _) = self.begun.get_or_insert_with(|| {
            let (bids, asks) = (Cow::default(), Cow::default());
            (DepthRow { ts, snapshot, levels, bids, asks }, row.local_ts)
        });
        let levels = match row.side {
            Side::Buy => &mut begun.bids,
            Side::Sell => &mut begun.asks,
        };
        levels.to_mut().push(Level { price: row.price, quantity: row.quantity });
    }

    fn take_order(&mut self, row: &OrderRow) {
        if row.begins {
            self.end();
        }
        let OrderRow { ts, local_ts, since, side, price, quantity, order, begins: _, snapshot } =
            *row;
        let levels = self.levels;
        let (begun, _) = self.begun_orders.get_or_insert_with(|| {
            (OrdersRow { ts, snapshot, levels, changes: Cow::default() }, local_ts)
        });
        begun.changes.to_mut().push(OrderChange { side, price, quantity, order, since });
    }

    fn end(&mut self) {
        let depth = mem::take(&mut self.begun);
        self.whole.extend(depth.map(|(row, received)| (MarketEvent::Depth(row), received)));
        let orders = mem::take(&mut self.begun_orders);
        self.whole.extend(orders.map(|(row, received)| (MarketEvent::Orders(row), received)));
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
                MarketEvent::Trade(_)
                | MarketEvent::Bar(_)
                | MarketEvent::Orders(_)
                | MarketEvent::Heard(_) => panic!("{event:?}"),
            })
            .collect();
        assert_eq!(about, [(true, 1, 1), (false, 1, 0), (false, 0, 1)]);
    }
}
