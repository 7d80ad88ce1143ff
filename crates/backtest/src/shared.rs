//! A tape in memory, which many runs play at once.

use std::convert::Infallible;

use model::{Bar, UnixNanos};

use crate::event::{MarketEvent, TradeRow};
use crate::walk::Window;

/// A tape in memory, as small as its events allow: 48 bytes for a trade, 64 for a bar.
#[derive(Debug, Clone, Default)]
pub struct SharedTape {
    events: Events,
}

#[derive(Debug, Clone)]
enum Events {
    Trades(Vec<TradeRow>),
    Bars(Vec<Bar>),
    Mixed(Vec<MarketEvent>),
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
            Events::Mixed(events) => events.len(),
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
    pub fn iter(&self) -> impl Iterator<Item = Result<MarketEvent, Infallible>> {
        self.range(0, self.len())
    }

    /// The events of a window. Without knowledge of anything before it.
    pub fn window(&self, window: Window) -> impl Iterator<Item = Result<MarketEvent, Infallible>> {
        self.range(self.place(window.from), self.place(window.to))
    }

    fn range(
        &self,
        from: usize,
        to: usize,
    ) -> impl Iterator<Item = Result<MarketEvent, Infallible>> {
        let (trades, bars, mixed): (&[TradeRow], &[Bar], &[MarketEvent]) = match &self.events {
            Events::Trades(rows) => (&rows[from..to], &[], &[]),
            Events::Bars(bars) => (&[], &bars[from..to], &[]),
            Events::Mixed(events) => (&[], &[], &events[from..to]),
        };
        let trades = trades.iter().map(|row| MarketEvent::Trade(*row));
        let bars = bars.iter().map(|bar| MarketEvent::Bar(*bar));
        trades.chain(bars).chain(mixed.iter().cloned()).map(Ok)
    }

    fn ts(&self, at: usize) -> UnixNanos {
        match &self.events {
            Events::Trades(rows) => rows[at].ts,
            Events::Bars(bars) => bars[at].start,
            Events::Mixed(events) => events[at].ts(),
        }
    }

    /// Place of the first event that is not before `ts`.
    fn place(&self, ts: UnixNanos) -> usize {
        match &self.events {
            Events::Trades(rows) => rows.partition_point(|row| row.ts < ts),
            Events::Bars(bars) => bars.partition_point(|bar| bar.start < ts),
            Events::Mixed(events) => events.partition_point(|event| event.ts() < ts),
        }
    }

    /// Appends an event.
    pub fn push(&mut self, event: MarketEvent) {
        if self.is_empty() && matches!(event, MarketEvent::Bar(_)) {
            self.events = Events::Bars(Vec::new());
        }
        match (&mut self.events, event) {
            (Events::Trades(rows), MarketEvent::Trade(row)) => rows.push(row),
            (Events::Bars(bars), MarketEvent::Bar(bar)) => bars.push(bar),
            (Events::Mixed(events), event) => events.push(event),
            (_, event) => {
                let mut events: Vec<_> =
                    self.iter().map(|event| event.unwrap_or_else(|never| match never {})).collect();
                events.push(event);
                self.events = Events::Mixed(events);
            }
        }
    }
}

impl Extend<MarketEvent> for SharedTape {
    fn extend<T: IntoIterator<Item = MarketEvent>>(&mut self, events: T) {
        events.into_iter().for_each(|event| self.push(event));
    }
}

impl FromIterator<MarketEvent> for SharedTape {
    fn from_iter<T: IntoIterator<Item = MarketEvent>>(events: T) -> Self {
        let mut tape = Self::default();
        tape.extend(events);
        tape
    }
}

#[cfg(test)]
mod tests {
    use model::{Price, Quantity};

    use super::*;
    use crate::event::DepthRow;

    fn trade(at: i64) -> MarketEvent {
        let (price, quantity) = (Price::step(0), Quantity::step(0));
        let ts = UnixNanos::from_nanos(at);
        MarketEvent::Trade(TradeRow { ts, price, quantity, taker_side: None, trade_id: None })
    }

    fn times(events: impl Iterator<Item = Result<MarketEvent, Infallible>>) -> Vec<i64> {
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
        let (ts, bids, asks) = (UnixNanos::from_nanos(8), Vec::new(), Vec::new());
        tape.push(MarketEvent::Depth(DepthRow { ts, snapshot: true, bids, asks }));
        tape.push(trade(9));
        assert_eq!(times(tape.iter()), [1, 3, 3, 7, 8, 9]);
        assert_eq!(times(tape.window(window(7, 9))), [7, 8]);
        assert_eq!(tape.last_ts(), Some(UnixNanos::from_nanos(9)));
    }
}
