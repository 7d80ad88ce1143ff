//! Recordings of the venues' WebSockets: the messages as they came, line by line.
//!
//! A recording holds many channels of many markets; one channel of one market is read. Which one is the
//! caller's [`Choice`]; where only one fits, it is taken. Books are proven: by Kraken's checksum, by the
//! numbers of Binance's updates.

use std::collections::BTreeSet;
use std::io::Read;

use model::UnixNanos;

use crate::delimited::{BATCH_ROWS, Parsed};
use crate::format::Format;
use crate::lines::{Lines, LinesError};
use crate::read_error::{LineProblem, ReadError, shorten};
use crate::row::{QuoteRow, RowKind, Rows};

mod bars;
mod binance;
mod book;
mod choice;
mod clock;
mod frame;
mod futures;
mod kraken;
mod kraken_old;
mod level3;
mod message;
mod orders;

use bars::Bars;
use book::{At, Book};
pub use choice::is_same_market;
pub(crate) use choice::{Choice, Stream};
use clock::Clock;
pub(crate) use frame::is_recording;
use message::{Body, Message};
use orders::OrderBook;

/// Longest line: a REST answer with all markets of a venue has 2 MB.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes at the beginning of a recording that show which streams it holds.
const SURVEY_BYTES: u64 = 16 * 1024 * 1024;

/// Streams that are told apart.
const STREAMS_MAX: usize = 4_096;

/// Reads the rows of one stream.
#[derive(Debug)]
pub(crate) struct Recording<R> {
    place: String,
    lines: Lines<R>,
    choice: Choice,
    stream: Stream,
    state: State,
    /// True when a snapshot that names no market can only be of the one that is read.
    one_book: bool,
    parsed: Parsed,
    pending: Option<ReadError>,
    ended: bool,
}

/// What goes on in the next file of the same stream.
#[derive(Debug, Default)]
pub(crate) struct State {
    clock: Clock,
    book: Book,
    orders: OrderBook,
    bars: Bars,
    /// True when the times of arrival were recorded.
    timed: bool,
    /// Newest time of arrival: what comes later came no earlier, though its own line may lack the time.
    heard: Option<i64>,
    /// Newest time that a message told, for those that tell none in a recording without times of arrival.
    told: Option<i64>,
    /// Number of the newest trade.
    newest_id: Option<u64>,
    /// A level was left out, which the next row tells.
    beyond: bool,
}

/// The streams at the beginning of a recording, and whether it has the times of arrival. A line that cannot be read
/// ends it: it is found again.
fn survey(source: impl Read) -> (BTreeSet<Stream>, bool) {
    let mut lines = Lines::with_line_max(source.take(SURVEY_BYTES), LINE_BYTES_MAX);
    let (mut streams, mut timed) = (BTreeSet::new(), true);
    while let Ok(true) = lines.fill() {
        let block = lines.block();
        let bytes = block.len();
        for line in block.split(|byte| *byte == b'\n') {
            let read = each(line, &|_, _| false, &mut |message, received| {
                timed &= received.is_some();
                if let Some(symbol) = message.symbol
                    && streams.len() < STREAMS_MAX
                {
                    let (symbol, format) = (symbol.into_owned(), message.format);
                    streams.insert(Stream { symbol, format, interval: message.interval });
                }
                Ok(())
            });
            if read.is_err() {
                return (streams, timed);
            }
        }
        lines.consume(bytes, 0);
    }
    (streams, timed)
}

/// What takes messages, with the times of their arrival.
type Take<'t> = &'t mut dyn FnMut(Message<'_>, Option<i64>) -> Result<(), LineProblem>;

/// Gives every message of a line, with the time of its arrival.
fn each(line: &[u8], wanted: message::Wanted<'_>, take: Take<'_>) -> Result<(), LineProblem> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Ok(());
    }
    let text = std::str::from_utf8(line)
        .map_err(|_| frame::expected("text in UTF-8", &String::from_utf8_lossy(line)))?;
    let Some(frame) = frame::frame(text)? else { return Ok(()) };
    for message in message::messages(&frame, wanted)? {
        take(message, frame.received)?;
    }
    Ok(())
}

impl<R: Read> Recording<R> {
    /// Begins to read. `again` is the same source once more, to see what it holds.
    pub(crate) fn new(
        place: &str,
        choice: &Choice,
        again: impl Read,
        source: R,
        before: Option<(Stream, State)>,
    ) -> Result<Self, ReadError> {
        let (streams, timed) = survey(again);
        let stream = choice.of(&streams).map_err(|found| ReadError::Stream {
            place: place.to_owned(),
            expected: choice.to_string(),
            found,
        })?;
        let books = streams.iter().filter(|of| of.format == Format::BinanceWsDepth).count();
        let before = before.filter(|(before, _)| *before == stream);
        let mut state = before.map(|(_, state)| state).unwrap_or_default();
        state.timed = timed;
        state.book.next_file();
        Ok(Self {
            place: place.to_owned(),
            lines: Lines::with_line_max(source, LINE_BYTES_MAX),
            choice: choice.clone(),
            stream,
            state,
            one_book: books <= 1,
            parsed: Parsed::default(),
            pending: None,
            ended: false,
        })
    }

    /// Reads the next batch; false at the end. Rows before a wrong line come first.
    pub(crate) fn advance(&mut self) -> Result<bool, ReadError> {
        self.parsed.clear();
        if let Some(error) = self.pending.take() {
            self.ended = true;
            return Err(error);
        }
        while !self.ended && self.rows().len() < BATCH_ROWS {
            match self.line() {
                Ok(true) => {}
                Ok(false) => {
                    self.ended = true;
                    self.state.book.end(&mut self.parsed);
                    self.state.bars.end(&mut self.parsed);
                }
                Err(error) if self.rows().is_empty() => {
                    self.ended = true;
                    return Err(error);
                }
                Err(error) => {
                    self.pending = Some(error);
                    return Ok(true);
                }
            }
        }
        Ok(!self.rows().is_empty())
    }

    /// The batch.
    pub(crate) fn rows(&self) -> Rows<'_> {
        self.parsed.rows.rows(self.kind())
    }

    /// What is known of the rows beside themselves.
    pub(crate) const fn parsed(&self) -> &Parsed {
        &self.parsed
    }

    /// Which channel of which market is read.
    pub(crate) const fn stream(&self) -> &Stream {
        &self.stream
    }

    /// True when it has the times of arrival.
    pub(crate) const fn tells_received(&self) -> bool {
        self.state.timed
    }

    /// Levels of a side that the book shows at most, where it does not show all.
    pub(crate) fn levels(&self) -> Option<u32> {
        match self.kind() {
            RowKind::Orders => self.state.orders.shown(),
            RowKind::Trades | RowKind::Bars | RowKind::Quotes | RowKind::Book => {
                self.state.book.shown()
            }
        }
    }

    /// What the next file goes on with.
    pub(crate) fn into_state(self) -> (Stream, State) {
        (self.stream, self.state)
    }

    const fn kind(&self) -> RowKind {
        self.stream.format.kind()
    }

    /// Reads a line; false at the end.
    fn line(&mut self) -> Result<bool, ReadError> {
        let place = || self.place.clone();
        let more = self.lines.fill().map_err(|error| match error {
            LinesError::Io(source) => ReadError::Io { place: place(), source },
            LinesError::LongLine { line } => {
                let problem = LineProblem::LongLine { bytes_max: LINE_BYTES_MAX };
                ReadError::Line { place: place(), line, problem }
            }
        })?;
        if !more {
            return Ok(false);
        }
        let number = self.lines.line();
        let block = self.lines.block();
        let bytes = memchr::memchr(b'\n', block).map_or(block.len(), |at| at + 1);
        let line = block[..bytes].strip_suffix(b"\n").unwrap_or(&block[..bytes]);
        let Self { choice, stream, state, parsed, .. } = self;
        let (stream, one_book) = (&*stream, self.one_book);
        // Whatever the choice takes is looked at, so that a second stream is not left out unseen.
        let wanted = |format, symbol: Option<&str>| {
            format == stream.format && symbol.is_none_or(|symbol| symbol == stream.symbol)
        };
        let taken = each(line, &wanted, &mut |message, received| {
            let symbol = message.symbol.as_deref();
            let interval = message.interval.as_deref();
            let is_meant = wanted(message.format, symbol) && interval == stream.interval.as_deref();
            let is_other =
                symbol.is_some_and(|s| choice.takes(message.format, s, interval) && !is_meant);
            if is_other {
                let found = format!("`{}`, {}", shorten(symbol.unwrap_or("")), message.format);
                let expected = format!("`{}`, {}, only", stream.symbol, stream.format);
                return Err(LineProblem::Json { expected, found });
            }
            if symbol.is_none() && message.body.is_some() && !one_book {
                return Err(frame::expected("a snapshot that names its market", "one without"));
            }
            if is_meant || message.body.is_none() {
                state.take(message, received, number, parsed)?;
            }
            Ok(())
        });
        taken.map_err(|problem| ReadError::Line { place: place(), line: number, problem })?;
        self.lines.consume(bytes, 1);
        Ok(true)
    }
}

impl State {
    fn take(
        &mut self,
        message: Message<'_>,
        arrived: Option<i64>,
        line: u64,
        out: &mut Parsed,
    ) -> Result<(), LineProblem> {
        let ts = message.ts.map(UnixNanos::as_nanos);
        self.told = self.told.max(ts);
        if let Some((ts, arrived)) = message.ts.zip(arrived) {
            self.clock.saw(ts, arrived);
        }
        let Some(body) = message.body else { return Ok(()) };
        let body = match body {
            Body::Depth(depth) => {
                // One channel is read, so that only one of the two is of interest.
                self.book.depth(depth);
                self.orders.agree(depth);
                return Ok(());
            }
            Body::Bar(bar) => {
                self.bars.take(bar, line, out);
                return Ok(());
            }
            body @ (Body::Trades(_)
            | Body::EarlierTrades(_)
            | Body::Quote(_)
            | Body::Levels(_)
            | Body::Orders(_)) => body,
        };
        self.heard = self.heard.max(arrived);
        let Some(received) = arrived.or_else(|| ts.or(self.told).max(self.heard)) else {
            let expected =
                "times of arrival, since neither this message nor one before it tells a time";
            return Err(frame::expected(expected, "none"));
        };
        let local_ts = UnixNanos::from_nanos(received);
        match body {
            Body::Trades(rows) => rows.into_iter().for_each(|row| {
                self.newest_id = self.newest_id.max(row.trade_id);
                out.rows.trades.push(row);
                // Each trade has one or none has: a line that lacks it must not shift those of the others.
                out.received.extend(self.timed.then_some(local_ts));
                out.lines.push(line);
            }),
            Body::EarlierTrades(mut rows) => {
                rows.sort_by_key(|row| row.trade_id);
                rows.retain(|row| row.trade_id > self.newest_id);
                let message = Message { body: Some(Body::Trades(rows)), ..message };
                self.take(message, arrived, line, out)?;
            }
            Body::Quote([(bid, bid_quantity), (ask, ask_quantity)]) => {
                let ts = message.ts.unwrap_or_else(|| self.clock.estimate(received));
                let row = QuoteRow { ts, local_ts, bid, bid_quantity, ask, ask_quantity };
                out.rows.quotes.push(row);
                out.lines.push(line);
            }
            Body::Levels(levels) => {
                let ts = message.ts.unwrap_or_else(|| self.clock.estimate(received));
                self.beyond |= levels.beyond;
                let first = out.rows.book.len();
                self.book.take(At { ts, received: local_ts, line }, levels, out);
                if self.beyond && out.rows.book.len() > first {
                    self.beyond = false;
                    out.rounded.push(first);
                }
            }
            Body::Orders(orders) => {
                let ts = message.ts.unwrap_or_else(|| self.clock.estimate(received));
                self.orders.take(At { ts, received: local_ts, line }, orders, out);
            }
            Body::Bar(_) | Body::Depth(_) => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
