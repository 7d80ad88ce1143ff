//! Many tapes as one, in the order of time.

use std::error::Error;

use model::{Bar, UnixNanos};

use crate::backtest::{Halt, RunError};
use crate::event::{DepthRow, MarketEvent, TradeRow};
use crate::venue::BarStop;

/// What a market plays at one time.
#[derive(Debug)]
pub(crate) enum Step {
    Trade(TradeRow),
    Depth(DepthRow),
    /// One of the prices of a bar.
    Bar(Bar, BarStop),
}

impl Step {
    pub(crate) fn at(&self) -> UnixNanos {
        match self {
            Self::Trade(row) => row.ts,
            Self::Depth(row) => row.ts,
            Self::Bar(bar, stop) => stop.at(bar),
        }
    }
}

/// One tape, read one event ahead.
#[derive(Debug)]
pub(crate) struct Reel<I> {
    tape: I,
    /// Number of the tape, from 1.
    pub(crate) name: usize,
    /// Number of the event that is played, from 1.
    pub(crate) number: u64,
    /// Time of the last event; the end of a bar.
    pub(crate) now: UnixNanos,
    next: Option<Step>,
}

impl<I, E> Reel<I>
where
    I: Iterator<Item = Result<MarketEvent, E>>,
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

    /// Takes a bar out of which nothing has been played, if that comes next and ends before `end`.
    pub(crate) fn take_bar(&mut self, end: Option<UnixNanos>) -> Option<Bar> {
        let Some(Step::Bar(bar, BarStop::Open)) = self.next else { return None };
        if end.is_some_and(|end| end < bar.end()) {
            return None;
        }
        self.next = None;
        Some(bar)
    }

    /// Takes the next step out, after [`Reel::peek`].
    pub(crate) fn take(&mut self) -> Option<Step> {
        let step = self.next.take()?;
        if let Step::Bar(bar, stop) = step
            && let Some(stop) = stop.next()
        {
            self.next = Some(Step::Bar(bar, stop));
        }
        Some(step)
    }

    fn read(&mut self) -> Result<Option<Step>, RunError<E>> {
        let Some(event) = self.tape.next() else { return Ok(None) };
        let event = event.map_err(RunError::Source)?;
        self.number += 1;
        let found = event.ts();
        let halt = |halt: Halt| halt.at(self.name, self.number);
        if found < self.now {
            return Err(halt(Halt::Unsorted { previous: self.now, found }));
        }
        let step = match event {
            MarketEvent::Trade(row) => Step::Trade(row),
            MarketEvent::Depth(row) => Step::Depth(row),
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
