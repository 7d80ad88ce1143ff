//! A tape in memory, which many runs play at once.

use std::convert::Infallible;

use engine::BarRun;
use matching::OrderChange;
use model::{Bar, Level, Price, UnixNanos};

use crate::event::{
    DepthRef, DepthRow, EventRef, HeardRow, MarketEvent, OrdersRef, OrdersRow, TradeRow,
};
use crate::merge::{self, AtHand, Head};
use crate::walk::Window;

/// A tape in memory, as small as its events allow: 48 bytes for a trade, 72 for a bar, 40 for a change of a book and 16
/// for each of its levels, 40 for each change of an order, and 16 for each row of a mixture.
#[derive(Debug, Clone, Default)]
pub struct SharedTape {
    events: Events,
}

#[derive(Debug, Clone)]
enum Events {
    Trades(Run<TradeRow>),
    Bars { all: Run<Bar>, closes: Vec<Price> },
    Mixed(Mixed),
}

/// Rows of one kind.
#[derive(Debug, Clone)]
struct Run<T> {
    rows: Vec<T>,
    /// So many of them, from the first on, are sound and in the order of time.
    sound: usize,
}

impl<T> Default for Run<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), sound: 0 }
    }
}

impl<T> Run<T> {
    fn push(&mut self, row: T, follows: impl Fn(&T, &T) -> bool, is_sound: bool) {
        let follows = self.rows.last().is_none_or(|last| follows(last, &row));
        if self.sound == self.rows.len() && follows && is_sound {
            self.sound += 1;
        }
        self.rows.push(row);
    }

    /// The sound ones of a range.
    fn sound(&self, from: usize, to: usize) -> &[T] {
        self.rows.get(from..to.min(self.sound)).unwrap_or(&[])
    }
}

/// Rows of any kind, each kind by itself, so that what is read of a row is near to what was read before.
#[derive(Debug, Clone, Default)]
struct Mixed {
    order: Vec<MixedRow>,
    trades: Vec<TradeRow>,
    bars: Vec<Bar>,
    depth: Vec<MixedDepth>,
    /// Of all changes of the book, bids before asks.
    levels: Vec<Level>,
    orders: Vec<MixedOrders>,
    /// Of all changes of orders.
    changes: Vec<OrderChange>,
    heard: Vec<HeardRow>,
}

/// One row: its time, the start of a bar, and where it is.
#[derive(Debug, Clone, Copy)]
struct MixedRow {
    ts: UnixNanos,
    kind: Kind,
    /// Place among those of its kind.
    at: u32,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Trade,
    Bar,
    Depth,
    Orders,
    Heard,
}

#[derive(Debug, Clone, Copy)]
struct MixedDepth {
    snapshot: bool,
    shown: Option<u32>,
    /// Places of its levels: the first bid, the first ask, the end.
    levels: [usize; 3],
}

#[derive(Debug, Clone, Copy)]
struct MixedOrders {
    snapshot: bool,
    shown: Option<u32>,
    /// Places of its changes: the first one, the end.
    changes: [usize; 2],
}

impl MixedRow {
    fn place(self) -> usize {
        usize::try_from(self.at).expect("32 bits are a place in memory")
    }
}

impl Mixed {
    fn push(&mut self, event: MarketEvent<'_>) {
        let ts = event.ts();
        let (kind, at) = match event {
            MarketEvent::Trade(row) => (Kind::Trade, add(&mut self.trades, row)),
            MarketEvent::Bar(bar) => (Kind::Bar, add(&mut self.bars, bar)),
            MarketEvent::Depth(DepthRow { ts: _, snapshot, levels: shown, bids, asks }) => {
                let first = self.levels.len();
                self.levels.extend_from_slice(&bids);
                let middle = self.levels.len();
                self.levels.extend_from_slice(&asks);
                let levels = [first, middle, self.levels.len()];
                (Kind::Depth, add(&mut self.depth, MixedDepth { snapshot, shown, levels }))
            }
            MarketEvent::Orders(OrdersRow { ts: _, snapshot, levels: shown, changes }) => {
                let first = self.changes.len();
                self.changes.extend_from_slice(&changes);
                let changes = [first, self.changes.len()];
                (Kind::Orders, add(&mut self.orders, MixedOrders { snapshot, shown, changes }))
            }
            MarketEvent::Heard(heard) => (Kind::Heard, add(&mut self.heard, heard)),
        };
        self.order.push(MixedRow { ts, kind, at });
    }

    #[inline(always)]
    fn event(&self, at: usize) -> EventRef<'_> {
        let row = self.order[at];
        let (ts, place) = (row.ts, row.place());
        match row.kind {
            Kind::Trade => EventRef::Trade(&self.trades[place]),
            Kind::Bar => EventRef::Bar(&self.bars[place]),
            Kind::Depth => {
                let MixedDepth { snapshot, shown, levels: [first, middle, end] } =
                    self.depth[place];
                let (bids, asks) = (&self.levels[first..middle], &self.levels[middle..end]);
                EventRef::Depth(DepthRef { ts, snapshot, levels: shown, bids, asks })
            }
            Kind::Orders => {
                let MixedOrders { snapshot, shown, changes: [first, end] } = self.orders[place];
                let changes = &self.changes[first..end];
                EventRef::Orders(OrdersRef { ts, snapshot, levels: shown, changes })
            }
            Kind::Heard => EventRef::Heard(&self.heard[place]),
        }
    }

    fn head(&self, at: usize) -> Head<'_> {
        let row = self.order[at];
        match row.kind {
            Kind::Trade | Kind::Depth | Kind::Orders => Head::At(row.ts),
            Kind::Bar => Head::Bar(&self.bars[row.place()]),
            Kind::Heard => Head::Heard(row.ts),
        }
    }
}

/// Appends a row; its place.
fn add<T>(rows: &mut Vec<T>, row: T) -> u32 {
    rows.push(row);
    u32::try_from(rows.len() - 1).expect("fewer rows of a kind than fit into memory")
}

impl Default for Events {
    fn default() -> Self {
        Self::Trades(Run::default())
    }
}

impl SharedTape {
    /// Number of events.
    pub fn len(&self) -> usize {
        match &self.events {
            Events::Trades(all) => all.rows.len(),
            Events::Bars { all, .. } => all.rows.len(),
            Events::Mixed(mixed) => mixed.order.len(),
        }
    }

    /// True without an event.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when it holds bars only.
    pub fn is_bars(&self) -> bool {
        matches!(self.events, Events::Bars { .. })
    }

    /// Time of the first event.
    pub fn first_ts(&self) -> Option<UnixNanos> {
        (!self.is_empty()).then(|| self.ts(0))
    }

    /// Time of the last event; the start of a bar.
    pub fn last_ts(&self) -> Option<UnixNanos> {
        self.len().checked_sub(1).map(|last| self.ts(last))
    }

    /// All events, as [`crate::Backtest::run`] and [`crate::Backtest::run_shared`] take them.
    pub fn iter(&self) -> SharedEvents<'_> {
        SharedEvents { tape: self, at: 0, end: self.len() }
    }

    /// The events of a window. Without knowledge of anything before it.
    pub fn window(&self, window: Window) -> SharedEvents<'_> {
        SharedEvents { tape: self, at: self.place(window.from), end: self.place(window.to) }
    }

    #[inline(always)]
    fn event(&self, at: usize) -> EventRef<'_> {
        match &self.events {
            Events::Trades(all) => EventRef::Trade(&all.rows[at]),
            Events::Bars { all, .. } => EventRef::Bar(&all.rows[at]),
            Events::Mixed(mixed) => mixed.event(at),
        }
    }

    #[inline(always)]
    fn head(&self, at: usize) -> Head<'_> {
        match &self.events {
            Events::Trades(all) => Head::At(all.rows[at].ts),
            Events::Bars { all, .. } => Head::Bar(&all.rows[at]),
            Events::Mixed(mixed) => mixed.head(at),
        }
    }

    fn ts(&self, at: usize) -> UnixNanos {
        self.event(at).ts()
    }

    /// Place of the first event that is not before `ts`.
    fn place(&self, ts: UnixNanos) -> usize {
        match &self.events {
            Events::Trades(all) => all.rows.partition_point(|row| row.ts < ts),
            Events::Bars { all, .. } => all.rows.partition_point(|bar| bar.start < ts),
            Events::Mixed(mixed) => mixed.order.partition_point(|row| row.ts < ts),
        }
    }

    /// Appends an event.
    pub fn push(&mut self, event: MarketEvent<'_>) {
        if self.is_empty() && matches!(event, MarketEvent::Bar(_)) {
            self.events = Events::Bars { all: Run::default(), closes: Vec::new() };
        }
        match (&mut self.events, event) {
            (Events::Trades(all), MarketEvent::Trade(row)) => {
                let sound = row.price.is_positive() && row.quantity.is_positive();
                all.push(row, |last, row| last.ts <= row.ts, sound);
            }
            (Events::Bars { all, closes }, MarketEvent::Bar(bar)) => {
                closes.push(bar.close);
                all.push(bar, |last, bar| last.end() <= bar.start, bar.is_sound());
            }
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

/// Events of a [`SharedTape`] in their order.
#[derive(Debug, Clone)]
pub struct SharedEvents<'t> {
    tape: &'t SharedTape,
    at: usize,
    end: usize,
}

impl<'t> Iterator for SharedEvents<'t> {
    type Item = Result<MarketEvent<'t>, Infallible>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        (at < self.end).then(|| {
            self.at += 1;
            Ok(self.tape.event(at).into())
        })
    }
}

impl<'t> merge::Events<'t> for SharedEvents<'t> {
    type Error = Infallible;

    #[inline(always)]
    fn peek(&mut self) -> Result<Option<Head<'_>>, Infallible> {
        Ok((self.at < self.end).then(|| self.tape.head(self.at)))
    }

    #[inline(always)]
    fn next(&self) -> Option<EventRef<'_>> {
        if self.at < self.end { Some(self.tape.event(self.at)) } else { None }
    }

    fn at_hand(&self) -> AtHand<'t> {
        match &self.tape.events {
            Events::Trades(all) => match all.sound(self.at, self.end) {
                [] => AtHand::Nothing,
                rows => AtHand::Trades(rows),
            },
            Events::Bars { all, closes } => match all.sound(self.at, self.end) {
                [] => AtHand::Nothing,
                rows => AtHand::Bars(BarRun::new(rows, &closes[self.at..])),
            },
            Events::Mixed(_) => AtHand::Nothing,
        }
    }

    fn skip(&mut self, events: usize) {
        self.at += events;
    }
}

impl<'a> IntoIterator for &'a SharedTape {
    type Item = Result<MarketEvent<'a>, Infallible>;
    type IntoIter = SharedEvents<'a>;

    fn into_iter(self) -> SharedEvents<'a> {
        self.iter()
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
    use std::borrow::Cow;

    use model::Quantity;

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

    /// A bar belongs to the window in which it begins.
    #[test]
    fn a_window_has_the_bars_that_begin_in_it() {
        let bar = |start: i64| {
            let price = Price::step(0);
            MarketEvent::Bar(Bar {
                start: UnixNanos::from_nanos(start),
                length: std::time::Duration::from_nanos(10),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: Quantity::step(0),
            })
        };
        let tape: SharedTape = [0, 10, 20, 30].map(bar).into_iter().collect();
        let at = UnixNanos::from_nanos;
        assert_eq!(times(tape.window(Window { from: at(5), to: at(30) })), [10, 20]);
        assert_eq!(times(tape.window(Window { from: at(10), to: at(21) })), [10, 20]);
    }
}
