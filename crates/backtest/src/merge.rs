//! Many tapes as one, in the order of time.

use std::error::Error;

use engine::BarRun;
use model::{Bar, UnixNanos};

use crate::backtest::{Halt, RunError};
use crate::event::{EventRef, MarketEvent, TradeRow};
use crate::venue::BarStop;

/// What a reel reads.
pub(crate) trait Events<'t> {
    type Error: Error + 'static;

    /// What there is to check of the next event, after reading it if necessary; `None` at the end.
    fn peek(&mut self) -> Result<Option<Head<'_>>, Self::Error>;

    /// The next event, if it was read.
    fn next(&self) -> Option<EventRef<'_>>;

    /// What comes next, if it was checked.
    fn at_hand(&self) -> AtHand<'t>;

    /// Goes over so many of these: at least the one that is next.
    fn skip(&mut self, events: usize);
}

/// What there is to check of an event before it is played.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Head<'e> {
    Bar(&'e Bar),
    Heard(UnixNanos),
    /// Anything else, of a time.
    At(UnixNanos),
}

impl<'e> From<EventRef<'e>> for Head<'e> {
    fn from(event: EventRef<'e>) -> Self {
        match event {
            EventRef::Bar(bar) => Self::Bar(bar),
            EventRef::Heard(heard) => Self::Heard(heard.ts),
            EventRef::Trade(_) | EventRef::Depth(_) | EventRef::Orders(_) => Self::At(event.ts()),
        }
    }
}

/// Events in memory that were checked, which need not be read one by one: at least one, if any.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AtHand<'t> {
    Nothing,
    /// Prices and quantities are above zero, and they are in the order of time.
    Trades(&'t [TradeRow]),
    /// Each is sound and begins when the one before has ended, or later.
    Bars(BarRun<'t>),
}

/// The events of any iterator, which are read one by one.
#[derive(Debug)]
pub(crate) struct OneByOne<'t, I> {
    events: I,
    next: Option<MarketEvent<'t>>,
}

impl<I> OneByOne<'_, I> {
    pub(crate) const fn new(events: I) -> Self {
        Self { events, next: None }
    }
}

impl<'t, I, E> Events<'t> for OneByOne<'t, I>
where
    I: Iterator<Item = Result<MarketEvent<'t>, E>>,
    E: Error + 'static,
{
    type Error = E;

    fn peek(&mut self) -> Result<Option<Head<'_>>, E> {
        if self.next.is_none() {
            self.next = self.events.next().transpose()?;
        }
        Ok(self.next().map(Head::from))
    }

    fn next(&self) -> Option<EventRef<'_>> {
        self.next.as_ref().map(EventRef::from)
    }

    fn at_hand(&self) -> AtHand<'t> {
        AtHand::Nothing
    }

    fn skip(&mut self, _one: usize) {
        self.next = None;
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
    /// When the next event is, if it was looked at; of a bar, when the price that is played is there.
    at: Option<UnixNanos>,
    /// True when that is a bar.
    is_bar: bool,
    /// Of a bar that is next: the price that is played.
    stop: BarStop,
    /// What is next and what lies behind it, where that is at hand.
    at_hand: AtHand<'t>,
    /// The interval that was looked at last, and the number of the first bar that is not inside.
    interval_end: UnixNanos,
    inside_to: u64,
}

/// Bars that are looked at ahead: a day and more of minutes.
const AHEAD: usize = 2_048;

impl<'t, I: Events<'t>> Reel<'t, I> {
    pub(crate) fn new(tape: I, name: usize) -> Self {
        let now = UnixNanos::from_nanos(i64::MIN);
        Self {
            tape,
            name,
            number: 0,
            now,
            at: None,
            is_bar: false,
            stop: BarStop::Open,
            at_hand: AtHand::Nothing,
            interval_end: now,
            inside_to: 0,
        }
    }

    /// When the next event is, or the next price of a bar, after reading it if necessary; `None` at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<UnixNanos>, RunError<I::Error>> {
        if self.at.is_none() {
            self.look()?;
        }
        Ok(self.at)
    }

    /// The next event, after [`Reel::peek`], and when it is; of a bar, what of it is played.
    #[inline(always)]
    pub(crate) fn next(&self) -> Option<(EventRef<'_>, BarStop, UnixNanos)> {
        Some((self.tape.next()?, self.stop, self.at?))
    }

    /// Trades that come next: the first of them, or more where more are at hand.
    pub(crate) fn trades(&self) -> &[TradeRow] {
        match (self.next(), self.at_hand) {
            (Some(_), AtHand::Trades(rows)) => rows,
            (Some((EventRef::Trade(row), ..)), _) => std::slice::from_ref(row),
            (Some(_) | None, _) => &[],
        }
    }

    /// A bar of which nothing has been played, if that comes next and ends before `end`.
    pub(crate) fn bar(&self, end: Option<UnixNanos>) -> Option<&Bar> {
        let Some((EventRef::Bar(bar), BarStop::Open, _)) = self.next() else { return None };
        Some(bar).filter(|bar| end.is_none_or(|end| end >= bar.end()))
    }

    /// Bars of which nothing has been played, that come next, end before `end`, and have their last price before
    /// `interval_end`: the first of them, or more where more are at hand. At most `most`.
    pub(crate) fn bars(
        &mut self,
        end: Option<UnixNanos>,
        interval_end: UnixNanos,
        most: usize,
    ) -> BarRun<'_> {
        let AtHand::Bars(upcoming) = self.at_hand else {
            let inside = |bar: &&Bar| BarStop::Close.at(bar) < interval_end;
            return self.bar(end).filter(inside).map_or(BarRun::NONE, BarRun::one);
        };
        if self.bar(end).is_none() {
            return BarRun::NONE;
        }
        let inside = self.inside(upcoming, interval_end);
        let run = upcoming.first(most.min(inside));
        match end {
            None => run,
            Some(end) => run.first(run.bars().partition_point(|bar| bar.end() <= end)),
        }
    }

    /// So many of the bars at hand have their last price before the end of an interval. It looks far ahead, once for
    /// many.
    fn inside(&mut self, upcoming: BarRun<'t>, interval_end: UnixNanos) -> usize {
        let known = (self.interval_end == interval_end)
            .then(|| self.inside_to.checked_sub(self.number))
            .flatten()
            .filter(|left| *left > 0);
        let left = known.unwrap_or_else(|| {
            let bars = upcoming.first(AHEAD).bars();
            let inside = bars.partition_point(|bar| BarStop::Close.at(bar) < interval_end);
            let inside = u64::try_from(inside).expect("fewer bars than memory");
            (self.interval_end, self.inside_to) = (interval_end, self.number + inside);
            inside
        });
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// What is next has been played.
    pub(crate) fn advance(&mut self) {
        if self.is_bar
            && let Some((EventRef::Bar(bar), stop, _)) = self.next()
            && let Some(later) = stop.next()
        {
            (self.at, self.stop) = (Some(later.at(bar)), later);
        } else {
            self.skip(1);
        }
    }

    /// So many of the bars that come next have been played as a whole.
    pub(crate) fn advance_bars(&mut self, bars: usize) {
        if let (AtHand::Bars(run), Some(last)) = (self.at_hand, bars.checked_sub(1)) {
            self.now = run.bars()[last].end();
        }
        self.skip(bars);
    }

    /// So many of the trades that come next have been played.
    pub(crate) fn advance_trades(&mut self, trades: usize) {
        if let (AtHand::Trades(rows), Some(last)) = (self.at_hand, trades.checked_sub(1)) {
            self.now = rows[last].ts;
        }
        self.skip(trades);
    }

    /// Goes over the next event, which was looked at, and others behind it.
    fn skip(&mut self, events: usize) {
        if let Some(more) = events.checked_sub(1) {
            self.tape.skip(events);
            self.number += u64::try_from(more).expect("fewer events than memory");
            (self.at, self.stop) = (None, BarStop::Open);
        }
    }

    /// Looks at the next event, if there is one.
    fn look(&mut self) -> Result<(), RunError<I::Error>> {
        self.at_hand = self.tape.at_hand();
        // What is at hand was checked.
        let (at, now, is_bar) = match self.at_hand {
            AtHand::Nothing => return self.look_at_one(),
            AtHand::Trades(rows) => (rows[0].ts, rows[0].ts, false),
            AtHand::Bars(run) => (run.bars()[0].start, run.bars()[0].end(), true),
        };
        self.number += 1;
        (self.at, self.now, self.is_bar) = (Some(at), now, is_bar);
        Ok(())
    }

    /// Looks at the next event, if there is one, and checks it.
    fn look_at_one(&mut self) -> Result<(), RunError<I::Error>> {
        let Some(head) = self.tape.peek().map_err(RunError::Source)? else { return Ok(()) };
        let (found, end, is_bar, sound) = match head {
            Head::At(ts) | Head::Heard(ts) => (ts, ts, false, true),
            Head::Bar(bar) => (bar.start, bar.end(), true, bar.is_sound()),
        };
        self.number += u64::from(!matches!(head, Head::Heard(_)));
        let halt = |halt: Halt| Err(halt.at(self.name, self.number));
        if found < self.now {
            return halt(Halt::Unsorted { previous: self.now, found });
        }
        if !sound {
            return halt(Halt::Bar);
        }
        (self.at, self.now, self.is_bar) = (Some(found), end, is_bar);
        Ok(())
    }
}
