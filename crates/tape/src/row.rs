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

/// A row of any kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A trade.
    Trade(TradeRow),
    /// A bar.
    Bar(BarRow),
}

impl Row {
    /// When the row is known: the end of a bar, else its time.
    pub const fn known_at(&self) -> UnixNanos {
        match self {
            Self::Trade(row) => row.ts,
            Self::Bar(row) => row.close_ts,
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
}

impl RowKind {
    /// `trades` or `bars`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Bars => "bars",
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
}

impl Rows<'_> {
    /// Number of rows.
    pub const fn len(&self) -> usize {
        match self {
            Self::Trades(rows) => rows.len(),
            Self::Bars(rows) => rows.len(),
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
        }
    }
}
