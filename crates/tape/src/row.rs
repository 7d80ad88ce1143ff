//! One row of market data, whatever file it came from.

use std::time::Duration;

use model::{Price, Quantity, Side, Symbol, Trade, UnixNanos};

/// A public trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRow {
    /// Stamped by the venue; equal stamps are common.
    pub ts: UnixNanos,
    /// Quote units for one base unit. Readers pass on zero and less, for the checker to find.
    pub price: Price,
    /// Base units; contracts where the venue counts contracts.
    pub quantity: Quantity,
    /// The venue's number of the trade (of the aggregate in files of aggregates), where it is told.
    pub trade_id: Option<u64>,
    /// Fills that the row sums up: 1 but in files of aggregates.
    pub fills: u32,
    /// Side of the taker, where it is told.
    pub taker_side: Option<Side>,
}

impl TradeRow {
    /// The row as a public trade of an instrument.
    pub fn to_trade(self, symbol: &Symbol) -> Trade {
        Trade {
            symbol: symbol.clone(),
            venue_ts: self.ts,
            price: self.price,
            quantity: self.quantity,
            taker_side: self.taker_side,
            trade_id: self.trade_id,
        }
    }
}

/// A bar: what happened in `open_ts..close_ts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarRow {
    /// First instant of the bar.
    pub open_ts: UnixNanos,
    /// First instant after the bar. Nothing of the bar is known before it.
    pub close_ts: UnixNanos,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Sum of the volumes, base units.
    pub volume: Quantity,
    /// Trades, where they are told.
    pub count: Option<u64>,
}

impl BarRow {
    /// Length of the bar; zero when it ends before it begins.
    pub fn length(&self) -> Duration {
        self.close_ts.since(self.open_ts)
    }
}

/// The best prices of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuoteRow {
    /// Stamped by the venue.
    pub ts: UnixNanos,
    /// Stamped by whoever recorded it; the same as `ts` where it is not told.
    pub local_ts: UnixNanos,
    /// Best price at which somebody buys.
    pub bid: Price,
    /// Base units wanted there; contracts where the venue counts contracts.
    pub bid_quantity: Quantity,
    /// Best price at which somebody sells.
    pub ask: Price,
    /// Base units offered there.
    pub ask_quantity: Quantity,
}

/// A change of one level of a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelRow {
    /// Stamped by the venue; rows of one message have the same.
    pub ts: UnixNanos,
    /// Stamped by whoever recorded it; the same as `ts` where it is not told.
    pub local_ts: UnixNanos,
    /// `Buy` for bids, `Sell` for asks.
    pub side: Side,
    /// The level.
    pub price: Price,
    /// What is there from now on; zero takes the level away.
    pub quantity: Quantity,
    /// True for the first change of a message: the book is whole again before it.
    pub begins: bool,
    /// True in a message that holds the whole book: its first change clears what was before.
    pub snapshot: bool,
}

/// A change of one order in a book that shows every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRow {
    /// Stamped by the venue; rows of one message have the same.
    pub ts: UnixNanos,
    /// Stamped by whoever recorded it; the same as `ts` where it is not told.
    pub local_ts: UnixNanos,
    /// Since when it has its place: at one price whoever came first is served first, and of equal times the order
    /// whose first row came first.
    pub since: UnixNanos,
    /// `Buy` for bids, `Sell` for asks.
    pub side: Side,
    /// Its limit.
    pub price: Price,
    /// What is left of it from now on; zero takes it away.
    pub quantity: Quantity,
    /// The reader's number of the order, from 1 to `2^63 - 1`; another one when it has lost its place.
    pub order: u64,
    /// True for the first change of a message: the book is whole again before it.
    pub begins: bool,
    /// True in a message that holds the whole book: its first change clears what was before.
    pub snapshot: bool,
}

/// A row of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A trade.
    Trade(TradeRow),
    /// A bar.
    Bar(BarRow),
    /// The best prices.
    Quote(QuoteRow),
    /// A change of a book.
    Level(LevelRow),
    /// A change of an order in a book.
    Order(OrderRow),
}

impl Row {
    /// When the row is known: the end of a bar, else its time.
    pub const fn known_at(&self) -> UnixNanos {
        match self {
            Self::Trade(row) => row.ts,
            Self::Bar(row) => row.close_ts,
            Self::Quote(row) => row.ts,
            Self::Level(row) => row.ts,
            Self::Order(row) => row.ts,
        }
    }
}

/// What the rows of a tape are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKind {
    /// [`TradeRow`].
    Trades,
    /// [`BarRow`].
    Bars,
    /// [`QuoteRow`].
    Quotes,
    /// [`LevelRow`].
    Book,
    /// [`OrderRow`].
    Orders,
}

impl RowKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Trades, Self::Bars, Self::Quotes, Self::Book, Self::Orders];

    /// `trades`, `bars`, `quotes`, `book` or `orders`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Bars => "bars",
            Self::Quotes => "quotes",
            Self::Book => "book",
            Self::Orders => "orders",
        }
    }
}

/// Some rows in the order of their file, all of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows<'r> {
    /// Trades.
    Trades(&'r [TradeRow]),
    /// Bars.
    Bars(&'r [BarRow]),
    /// Best prices.
    Quotes(&'r [QuoteRow]),
    /// Changes of a book.
    Book(&'r [LevelRow]),
    /// Changes of the orders of a book.
    Orders(&'r [OrderRow]),
}

impl Rows<'_> {
    /// Number of rows.
    pub const fn len(&self) -> usize {
        match self {
            Self::Trades(rows) => rows.len(),
            Self::Bars(rows) => rows.len(),
            Self::Quotes(rows) => rows.len(),
            Self::Book(rows) => rows.len(),
            Self::Orders(rows) => rows.len(),
        }
    }

    /// True without rows.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the rows are.
    pub const fn kind(&self) -> RowKind {
        match self {
            Self::Trades(_) => RowKind::Trades,
            Self::Bars(_) => RowKind::Bars,
            Self::Quotes(_) => RowKind::Quotes,
            Self::Book(_) => RowKind::Book,
            Self::Orders(_) => RowKind::Orders,
        }
    }

    /// One of the rows.
    pub fn get(&self, index: usize) -> Option<Row> {
        match self {
            Self::Trades(rows) => rows.get(index).copied().map(Row::Trade),
            Self::Bars(rows) => rows.get(index).copied().map(Row::Bar),
            Self::Quotes(rows) => rows.get(index).copied().map(Row::Quote),
            Self::Book(rows) => rows.get(index).copied().map(Row::Level),
            Self::Orders(rows) => rows.get(index).copied().map(Row::Order),
        }
    }

    /// The rows one by one.
    pub fn iter(&self) -> impl Iterator<Item = Row> {
        (0..self.len()).map_while(|index| self.get(index))
    }
}

/// Rows that are owned. Only those of one kind are used.
#[derive(Debug, Default)]
pub(crate) struct RowBuffer {
    pub(crate) trades: Vec<TradeRow>,
    pub(crate) bars: Vec<BarRow>,
    pub(crate) quotes: Vec<QuoteRow>,
    pub(crate) book: Vec<LevelRow>,
    pub(crate) orders: Vec<OrderRow>,
}

impl RowBuffer {
    pub(crate) fn clear(&mut self) {
        self.trades.clear();
        self.bars.clear();
        self.quotes.clear();
        self.book.clear();
        self.orders.clear();
    }

    pub(crate) fn rows(&self, kind: RowKind) -> Rows<'_> {
        match kind {
            RowKind::Trades => Rows::Trades(&self.trades),
            RowKind::Bars => Rows::Bars(&self.bars),
            RowKind::Quotes => Rows::Quotes(&self.quotes),
            RowKind::Book => Rows::Book(&self.book),
            RowKind::Orders => Rows::Orders(&self.orders),
        }
    }

    pub(crate) fn extend(&mut self, rows: Rows<'_>) {
        match rows {
            Rows::Trades(rows) => self.trades.extend_from_slice(rows),
            Rows::Bars(rows) => self.bars.extend_from_slice(rows),
            Rows::Quotes(rows) => self.quotes.extend_from_slice(rows),
            Rows::Book(rows) => self.book.extend_from_slice(rows),
            Rows::Orders(rows) => self.orders.extend_from_slice(rows),
        }
    }
}
