//! A tape in memory, which many runs play at once.

use std::borrow::Cow;
use std::convert::Infallible;

use matching::OrderChange;
use model::{Bar, Level, UnixNanos};

use crate::event::{DepthRow, HeardRow, MarketEvent, OrdersRow, TradeRow};
use crate::walk::Window;

/// A tape in memory, as small as its events allow: 48 bytes for a trade, 64 for a bar, 16 for each level of a book,
/// 40 for each change of an order, and 72 for a row of a mixture.
#[derive(Debug, Clone, Default)]
pub struct SharedTape {
    events: Events,
}

#[derive(Debug, Clone)]
enum Events {
    Trades(Vec<TradeRow>),
    Bars(Vec<Bar>),
    Mixed(Mixed),
}

/// Rows of any kind.
#[derive(Debug, Clone, Default)]
struct Mixed {
    rows: Vec<MixedRow>,
    /// Of all changes of the book, bids before asks.
    levels: Vec<Level>,
    /// Of all changes of orders.
    changes: Vec<OrderChange>,
}

#[derive(Debug, Clone, Copy)]
enum MixedRow {
    Trade(TradeRow),
    Bar(Bar),
    /// Places of its levels: the first bid, the first ask, the end.
    Depth {
        ts: UnixNanos,
        snapshot: bool,
        shown: Option<u32>,
        levels: [usize; 3],
    },
    /// Places of its changes: the first one, the end.
    Orders {
        ts: UnixNanos,
        snapshot: bool,
        shown: Option<u32>,
        changes: [usize; 2],
    },
    Heard(HeardRow),
}

impl MixedRow {
    const fn ts(&self) -> UnixNanos {
        match self {
            Self::Trade(row) => row.ts,
            Self::Bar(bar) => bar.start,
            Self::Depth { ts, .. } | Self::Orders { ts, .. } => *ts,
            Self::Heard(heard) => heard.ts,
        }
    }
}

impl Mixed {
    fn push(&mut self, event: MarketEvent<'_>) {
        self.rows.push(match event {
            MarketEvent::Trade(row) => MixedRow::Trade(row),
            MarketEvent::Bar(bar) => MixedRow::Bar(bar),
            MarketEvent::Depth(DepthRow { ts, snapshot, levels: shown, bids, asks }) => {
                let first = self.levels.len();
                self.levels.extend_from_slice(&bids);
                let middle = self.levels.len();
                self.levels.extend_from_slice(&asks);
                let levels = [first, middle, self.levels.len()];
                MixedRow::Depth { ts, snapshot, shown, levels }
            }
            MarketEvent::Orders(OrdersRow { ts, snapshot, levels: shown, changes }) => {
                let first = self.changes.len();
                self.changes.extend_from_slice(&changes);
                let changes = [first, self.changes.len()];
                MixedRow::Orders { ts, snapshot, shown, changes }
            }
            MarketEvent::Heard(heard) => MixedRow::Heard(heard),
        });
    }

    fn event(&self, row: &MixedRow) -> MarketEvent<'_> {
        match *row {
            MixedRow::Trade(row) => MarketEvent::Trade(row),
            MixedRow::Bar(bar) => MarketEvent::Bar(bar),
            MixedRow::Depth { ts, snapshot, shown, levels: [first, middle, end] } => {
                let bids = Cow::Borrowed(&self.levels[first..middle]);
                let asks = Cow::Borrowed(&self.levels[middle..end]);
                MarketEvent::Depth(DepthRow { ts, snapshot, levels: shown, bids, asks })
            }
            MixedRow::Orders { ts, snapshot, shown, changes: [first, end] } => {
                let changes = Cow::Borrowed(&self.changes[first..end]);
                MarketEvent::Orders(OrdersRow { ts, snapshot, levels: shown, changes })
            }
            MixedRow::Heard(heard) => MarketEvent::Heard(heard),
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::Trades(Vec::new())
    }
}

impl SharedTape {
    /// Number of events.
    pub fn len(&self) -> usize {
        match &self.events {
            Events::Trades(rows) => rows.len(),
            Events::Bars(bars) => bars.len(),
            Events::Mixed(mixed) => mixed.rows.len(),
        }
    }

    /// True without an event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when it holds bars only.
    pub fn is_bars(&self) -> bool {
        matches!(self.events, Events::Bars(_))
    }

    /// Time of the first event.
    pub fn first_ts(&self) -> Option<UnixNanos> {
        (!self.is_empty()).then(|| self.ts(0))
    }

    /// Time of the last event; the start of a bar.
    pub fn last_ts(&self) -> Option<UnixNanos> {
        self.len().checked_sub(1).map(|last| self.ts(last))
    }

    /// All events, as [`crate::Backtest::run`] takes them.
    pub fn iter(&self) -> impl Iterator<Item = Result<MarketEvent<'_>, Infallible>> {
        self.range(0, self.len())
    }

    /// The events of a window. Without knowledge of anything before it.
    pub fn window(
        &self,
        window: Window,
    ) -> impl Iterator<Item = Result<MarketEvent<'_>, Infallible>> {
        self.range(self.place(window.from), self.place(window.to))
    }

    fn range(
        &self,
        from: usize,
        to: usize,
    ) -> impl Iterator<Item = Result<MarketEvent<'_>, Infallible>> {
        let mut at = from;
        std::iter::from_fn(move || {
            if at >= to {
                return None;
            }
            let event = match &self.events {
                Events::Trades(rows) => MarketEvent::Trade(rows[at]),
                Events::Bars(bars) => MarketEvent::Bar(bars[at]),
                Events::Mixed(mixed) => mixed.event(&mixed.rows[at]),
            };
            at += 1;
            Some(Ok(event))
        })
    }

    fn ts(&self, at: usize) -> UnixNanos {
        match &self.events {
            Events::Trades(rows) => rows[at].ts,
            Events::Bars(bars) => bars[at].start,
            Events::Mixed(mixed) => mixed.rows[at].ts(),
        }
    }

    /// Place of the first event that is not before `ts`.
    fn place(&self, ts: UnixNanos) -> usize {
        match &self.events {
            Events::Trades(rows) => rows.partition_point(|row| row.ts < ts),
            Events::Bars(bars) => bars.partition_point(|bar| bar.start < ts),
            Events::Mixed(mixed) => mixed.rows.partition_point(|row| row.ts() < ts),
        }
    }

    /// Appends an event.
    pub fn push(&mut self, event: MarketEvent<'_>) {
        if self.is_empty() && matches!(event, MarketEvent::Bar(_)) {
            self.events = Events::Bars(Vec::new());
        }
        match (&mut self.events, event) {
            (Events::Trades(rows), MarketEvent::Trade(row)) => rows.push(row),
            (Events::Bars(bars), MarketEvent::Bar(bar)) => bars.push(bar),
            (Events::Mixed(mixed), event) => mixed.push(event),
            (_, event) => {
                let mut mixed = Mixed::default();
                for known in self.iter() {
                    mixed.push(known.unwrap_or_else(|never| match never {}));
                }
                mixed.push(event);
                self.events = Events::Mixed(mixed);
            }
        }
    }
}

impl<'a> Extend<MarketEvent<'a>> for SharedTape {
    fn extend<T: IntoIterator<Item = MarketEvent<'a>>>(&mut self, events: T) {
        events.into_iter().for_each(|event| self.push(event));
    }
}

impl<'a> FromIterator<MarketEvent<'a>> for SharedTape {
    fn from_iter<T: IntoIterator<Item = MarketEvent<'a>>>(events: T) -> Self {
        let mut tape = Self::default();
        tape.extend(events);
        tape
    }
}

#[cfg(test)]
mod tests {
    use model::{Price, Quantity};

    use super::*;

    fn trade(at: i64) -> MarketEvent<'static> {
        let (price, quantity) = (Price::step(0), Quantity::step(0));
        let ts = UnixNanos::from_nanos(at);
        MarketEvent::Trade(TradeRow { ts, price, quantity, taker_side: None, trade_id: None })
    }

    fn times<'a>(events: impl Iterator<Item = Result<MarketEvent<'a>, Infallible>>) -> Vec<i64> {
        events.map(|event| event.expect("in memory").ts().as_nanos()).collect()
    }

    #[test]
    fn a_window_has_what_is_in_it_and_a_mixture_keeps_its_order() {
        let mut tape: SharedTape = [1, 3, 3, 7].map(trade).into_iter().collect();
        let window = |from, to| {
            let at = UnixNanos::from_nanos;
            Window { from: at(from), to: at(to) }
        };
        assert_eq!(times(tape.window(window(2, 7))), [3, 3]);
        assert_eq!(times(tape.window(window(0, 99))), [1, 3, 3, 7]);
        assert!(times(tape.window(window(4, 6))).is_empty());
        let (ts, bids, asks) = (UnixNanos::from_nanos(8), Cow::default(), Cow::default());
        tape.push(MarketEvent::Depth(DepthRow { ts, snapshot: true, levels: None, bids, asks }));
        tape.push(trade(9));
        assert_eq!(times(tape.iter()), [1, 3, 3, 7, 8, 9]);
        assert_eq!(times(tape.window(window(7, 9))), [7, 8]);
        assert_eq!(tape.last_ts(), Some(UnixNanos::from_nanos(9)));
    }
}
