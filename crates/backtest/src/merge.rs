//! Many tapes as one, in the order of time.

use std::error::Error;

use model::{Bar, UnixNanos};

use crate::backtest::{Halt, RunError};
use crate::event::{DepthRow, HeardRow, MarketEvent, OrdersRow, TradeRow};
use crate::venue::BarStop;

/// What a market plays at one time.
#[derive(Debug)]
pub(crate) enum Step<'t> {
    Trade(TradeRow),
    Depth(DepthRow<'t>),
    Orders(OrdersRow<'t>),
    Heard(HeardRow),
    /// One of the prices of a bar.
    Bar(Bar, BarStop),
}

impl Step<'_> {
    pub(crate) fn at(&self) -> UnixNanos {
        match self {
            Self::Trade(row) => row.ts,
            Self::Depth(row) => row.ts,
            Self::Orders(row) => row.ts,
            Self::Heard(row) => row.ts,
            Self::Bar(bar, stop) => stop.at(bar),
        }
    }
}

/// One tape, read one event ahead.
#[derive(Debug)]
pub(crate) struct Reel<'t, I> {
    tape: I,
    /// Number of the tape, from 1.
    pub(crate) name: usize,
    /// Number of the event that is played, from 1.
    pub(crate) number: u64,
    /// Time of the last event; the end of a bar.
    pub(crate) now: UnixNanos,
    next: Option<Step<'t>>,
}

impl<'t, I, E> Reel<'t, I>
where
    I: Iterator<Item = Result<MarketEvent<'t>, E>>,
    E: Error + 'static,
{
    pub(crate) fn new(tape: I, name: usize) -> Self {
        let now = UnixNanos::from_nanos(i64::MIN);
        Self { tape, name, number: 0, now, next: None }
    }

    /// When the next step is, after reading it if necessary; `None` at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<UnixNanos>, RunError<E>> {
        if self.next.is_none() {
            self.next = self.read()?;
        }
        Ok(self.next.as_ref().map(Step::at))
    }

    /// The next step, after [`Reel::peek`].
    pub(crate) const fn next(&self) -> Option<&Step<'t>> {
        self.next.as_ref()
    }

    /// The next step, if it is a trade before `end`.
    pub(crate) fn trade(&self, end: Option<UnixNanos>) -> Option<&TradeRow> {
        let Some(Step::Trade(row)) = &self.next else { return None };
        Some(row).filter(|row| end.is_none_or(|end| row.ts < end))
    }

    /// A bar of which nothing has been played, if that comes next and ends before `end`.
    pub(crate) fn bar(&self, end: Option<UnixNanos>) -> Option<&Bar> {
        let Some(Step::Bar(bar, BarStop::Open)) = &self.next else { return None };
        Some(bar).filter(|bar| end.is_none_or(|end| end >= bar.end()))
    }

    /// The next step has been played.
    pub(crate) fn advance(&mut self) {
        if let Some(Step::Bar(_, stop)) = &mut self.next
            && let Some(next) = stop.next()
        {
            *stop = next;
        } else {
            self.next = None;
        }
    }

    /// The bar that comes next has been played as a whole.
    pub(crate) fn advance_bar(&mut self) {
        self.next = None;
    }

    fn read(&mut self) -> Result<Option<Step<'t>>, RunError<E>> {
        let Some(event) = self.tape.next() else { return Ok(None) };
        let event = event.map_err(RunError::Source)?;
        self.number += u64::from(!matches!(event, MarketEvent::Heard(_)));
        let found = event.ts();
        let halt = |halt: Halt| halt.at(self.name, self.number);
        if found < self.now {
            return Err(halt(Halt::Unsorted { previous: self.now, found }));
        }
        let step = match event {
            MarketEvent::Trade(row) => Step::Trade(row),
            MarketEvent::Depth(row) => Step::Depth(row),
            MarketEvent::Orders(row) => Step::Orders(row),
            MarketEvent::Heard(row) => Step::Heard(row),
            MarketEvent::Bar(bar) if bar.is_sound() => {
                self.now = bar.end();
                return Ok(Some(Step::Bar(bar, BarStop::Open)));
            }
            MarketEvent::Bar(_) => return Err(halt(Halt::Bar)),
        };
        self.now = found;
        Ok(Some(step))
    }
}
