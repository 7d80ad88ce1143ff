//! What a tape says: the seam between readers of any format and the backtest.

use std::borrow::Cow;

use matching::OrderChange;
use model::{Bar, Level, Price, Quantity, Side, Symbol, Trade, UnixNanos};
use tape::TapeTrade;

/// One row of recorded market data of one instrument.
///
/// Readers give these in the order of their times; whoever has another format implements `From`. Levels may
/// be borrowed from a tape in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarketEvent<'a> {
    /// Somebody traded.
    Trade(TradeRow),
    /// An interval: plays from its start to its end, so that the next one starts at its end or later.
    Bar(Bar),
    /// Levels of the book changed.
    Depth(DepthRow<'a>),
    /// Orders of the book changed.
    Orders(OrdersRow<'a>),
    /// When whoever recorded the tape received the event that follows.
    Heard(HeardRow),
}

/// A recorded trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeRow {
    /// Stamped by the venue.
    pub ts: UnixNanos,
    /// Above zero.
    pub price: Price,
    /// Base units, above zero.
    pub quantity: Quantity,
    /// Side of the taker, where the tape tells it.
    pub taker_side: Option<Side>,
    /// The venue's number, where the tape tells it.
    pub trade_id: Option<u64>,
}

impl TradeRow {
    /// Before the first trade.
    pub(crate) const NOTHING: Self = Self {
        ts: UnixNanos::ZERO,
        price: Price::ZERO,
        quantity: Quantity::ZERO,
        taker_side: None,
        trade_id: None,
    };

    /// Writes itself into a trade of an instrument.
    pub(crate) const fn write(&self, trade: &mut Trade) {
        let Self { ts, price, quantity, taker_side, trade_id } = *self;
        (trade.venue_ts, trade.price, trade.quantity) = (ts, price, quantity);
        (trade.taker_side, trade.trade_id) = (taker_side, trade_id);
    }

    /// The trade, of a named instrument.
    pub(crate) fn of(self, symbol: Symbol) -> Trade {
        Trade {
            symbol,
            venue_ts: self.ts,
            price: self.price,
            quantity: self.quantity,
            taker_side: self.taker_side,
            trade_id: self.trade_id,
        }
    }
}

/// A recorded change of a book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepthRow<'a> {
    /// Stamped by the venue.
    pub ts: UnixNanos,
    /// True when the levels are the whole book.
    pub snapshot: bool,
    /// Levels of a side that the source shows at most: what lies behind them is out of sight, not gone. `None`
    /// where it shows all.
    pub levels: Option<u32>,
    /// Buy levels; a quantity of zero removes a level.
    pub bids: Cow<'a, [Level]>,
    /// Sell levels; a quantity of zero removes a level.
    pub asks: Cow<'a, [Level]>,
}

/// A recorded change of a book that shows every order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersRow<'a> {
    /// Stamped by the venue.
    pub ts: UnixNanos,
    /// True when the orders are the whole book.
    pub snapshot: bool,
    /// Levels of a side that the source shows at most, as of [`DepthRow`].
    pub levels: Option<u32>,
    /// What became of them, in this order.
    pub changes: Cow<'a, [OrderChange]>,
}

/// When the event that follows in a tape was received: what [`crate::Latency::Tape`] goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeardRow {
    /// The time of that event.
    pub ts: UnixNanos,
    /// When it was received, by the clock of the recorder.
    pub received: UnixNanos,
}

/// A [`MarketEvent`], looked at where it lies.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EventRef<'e> {
    Trade(&'e TradeRow),
    Bar(&'e Bar),
    Depth(DepthRef<'e>),
    Orders(OrdersRef<'e>),
    Heard(&'e HeardRow),
}

/// A [`DepthRow`], looked at where it lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DepthRef<'e> {
    pub(crate) ts: UnixNanos,
    pub(crate) snapshot: bool,
    pub(crate) levels: Option<u32>,
    pub(crate) bids: &'e [Level],
    pub(crate) asks: &'e [Level],
}

/// An [`OrdersRow`], looked at where it lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrdersRef<'e> {
    pub(crate) ts: UnixNanos,
    pub(crate) snapshot: bool,
    pub(crate) levels: Option<u32>,
    pub(crate) changes: &'e [OrderChange],
}

impl EventRef<'_> {
    /// See [`MarketEvent::ts`].
    pub(crate) const fn ts(&self) -> UnixNanos {
        match self {
            Self::Trade(trade) => trade.ts,
            Self::Bar(bar) => bar.start,
            Self::Depth(depth) => depth.ts,
            Self::Orders(orders) => orders.ts,
            Self::Heard(heard) => heard.ts,
        }
    }
}

impl<'e> From<&'e MarketEvent<'_>> for EventRef<'e> {
    fn from(event: &'e MarketEvent<'_>) -> Self {
        match event {
            MarketEvent::Trade(row) => Self::Trade(row),
            MarketEvent::Bar(bar) => Self::Bar(bar),
            MarketEvent::Depth(DepthRow { ts, snapshot, levels, bids, asks }) => {
                let (ts, snapshot, levels) = (*ts, *snapshot, *levels);
                Self::Depth(DepthRef { ts, snapshot, levels, bids, asks })
            }
            MarketEvent::Orders(OrdersRow { ts, snapshot, levels, changes }) => {
                let (ts, snapshot, levels) = (*ts, *snapshot, *levels);
                Self::Orders(OrdersRef { ts, snapshot, levels, changes })
            }
            MarketEvent::Heard(heard) => Self::Heard(heard),
        }
    }
}

impl<'e> From<EventRef<'e>> for MarketEvent<'e> {
    fn from(event: EventRef<'e>) -> Self {
        match event {
            EventRef::Trade(row) => Self::Trade(*row),
            EventRef::Bar(bar) => Self::Bar(*bar),
            EventRef::Depth(DepthRef { ts, snapshot, levels, bids, asks }) => {
                let (bids, asks) = (Cow::Borrowed(bids), Cow::Borrowed(asks));
                Self::Depth(DepthRow { ts, snapshot, levels, bids, asks })
            }
            EventRef::Orders(OrdersRef { ts, snapshot, levels, changes }) => {
                let changes = Cow::Borrowed(changes);
                Self::Orders(OrdersRow { ts, snapshot, levels, changes })
            }
            EventRef::Heard(heard) => Self::Heard(*heard),
        }
    }
}

impl MarketEvent<'_> {
    /// When it happened; the start of a bar.
    pub fn ts(&self) -> UnixNanos {
        EventRef::from(self).ts()
    }
}

impl From<TapeTrade> for MarketEvent<'_> {
    fn from(trade: TapeTrade) -> Self {
        let TapeTrade { ts, price, quantity } = trade;
        Self::Trade(TradeRow { ts, price, quantity, taker_side: None, trade_id: None })
    }
}

impl From<&Trade> for MarketEvent<'_> {
    fn from(trade: &Trade) -> Self {
        Self::Trade(TradeRow {
            ts: trade.venue_ts,
            price: trade.price,
            quantity: trade.quantity,
            taker_side: trade.taker_side,
            trade_id: trade.trade_id,
        })
    }
}
