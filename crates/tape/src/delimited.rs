//! Text files with columns, parsed in one pass over their bytes.

use std::io::Read;

use model::{Price, Quantity, Side, UnixNanos};

use crate::datetime::TimeUnit;
use crate::format::Format;
use crate::layout::{Column, Layout};
use crate::lines::{LINE_BYTES_MAX, Lines, LinesError};
use crate::number::{parse_decimal, take_decimal, take_integer};
use crate::read_error::{LineProblem, ReadError, shorten};
use crate::row::{RowBuffer, RowKind, Rows, TradeRow};

mod bars;
mod books;
mod quick;

use books::Message;

/// Rows of a batch.
pub(crate) const BATCH_ROWS: usize = 4_096;

/// Mark at the beginning of a file that some editors write.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads rows from a text file.
#[derive(Debug)]
pub(crate) struct Delimited<R> {
    place: String,
    layout: Layout,
    lines: Lines<R>,
    parsed: Parsed,
    first_line: u64,
    started: bool,
    pending: Option<ReadError>,
    ended: bool,
}

/// Rows of some whole lines.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) rows: RowBuffer,
    /// Changes of a book that do not go on where the message before ended.
    pub(crate) broken: Vec<usize>,
    /// First changes of messages after which a book is not what its checksum says.
    pub(crate) mismatched: Vec<usize>,
    /// The line of each row, where rows are no lines.
    pub(crate) lines: Vec<u64>,
    /// Bars that are not closed yet.
    pub(crate) unfinished: Vec<usize>,
    /// When each trade was received, where that is told: rows of other kinds tell it themselves.
    pub(crate) received: Vec<UnixNanos>,
    /// The message of a book that the last row belongs to.
    message: Message,
    /// Rows of which digits were rounded.
    pub(crate) rounded: Vec<usize>,
    /// What is wrong with the line behind the last row.
    pub(crate) wrong: Option<LineProblem>,
}

impl<R: Read> Delimited<R> {
    pub(crate) fn new(place: &str, layout: Layout, source: R) -> Self {
        Self {
            place: place.to_owned(),
            layout,
            lines: Lines::new(source),
            parsed: Parsed::default(),
            first_line: 1,
            started: false,
            pending: None,
            ended: false,
        }
    }

    /// Reads the next batch; false at the end. Rows before a wrong line come first.
    pub(crate) fn advance(&mut self) -> Result<bool, ReadError> {
        self.parsed.clear();
        if let Some(error) = self.pending.take() {
            self.ended = true;
            return Err(error);
        }
        if self.ended || !self.fill()? {
            self.ended = true;
            return Ok(false);
        }
        self.first_line = self.lines.line();
        let bytes = self.layout.parse(self.lines.block(), BATCH_ROWS, &mut self.parsed);
        let rows = self.rows().len() as u64;
        self.lines.consume(bytes, rows);
        if let Some(problem) = self.parsed.wrong.take() {
            let (place, line) = (self.place.clone(), self.first_line + rows);
            self.pending = Some(ReadError::Line { place, line, problem });
        }
        if self.rows().is_empty()
            && let Some(error) = self.pending.take()
        {
            self.ended = true;
            return Err(error);
        }
        Ok(true)
    }

    /// The batch.
    pub(crate) fn rows(&self) -> Rows<'_> {
        self.parsed.rows.rows(self.layout.format.kind())
    }

    /// When each of them was received, where that is told apart from them.
    pub(crate) fn received(&self) -> &[UnixNanos] {
        &self.parsed.received
    }

    /// What parses the lines.
    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Takes the next whole lines as they are, after the first batch, for [`Layout::parse`]; false at
    /// the end. An error of [`Self::advance`] comes first; lines are not counted any more.
    pub(crate) fn take_block(&mut self, block: &mut Vec<u8>) -> Result<bool, ReadError> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        let more = self.fill_lines()?;
        self.lines.block().clone_into(block);
        self.lines.consume(block.len(), 0);
        Ok(more)
    }

    /// Line of the batch's first row.
    pub(crate) const fn first_line(&self) -> u64 {
        self.first_line
    }

    /// Rows of the batch of which digits were rounded.
    pub(crate) fn rounded(&self) -> &[usize] {
        &self.parsed.rounded
    }

    /// Changes of a book that do not go on where the message before ended.
    pub(crate) fn broken(&self) -> &[usize] {
        &self.parsed.broken
    }

    fn fill(&mut self) -> Result<bool, ReadError> {
        let mut more = self.fill_lines()?;
        if more && !self.started {
            self.started = true;
            if self.lines.block().starts_with(BYTE_ORDER_MARK) {
                self.lines.consume(BYTE_ORDER_MARK.len(), 0);
            }
            if self.layout.header {
                let header = memchr::memchr(b'\n', self.lines.block()).map_or(0, |at| at + 1);
                self.lines.consume(header, 1);
                more = self.fill_lines()?;
            }
        }
        Ok(more)
    }

    fn fill_lines(&mut self) -> Result<bool, ReadError> {
        let place = || self.place.clone();
        self.lines.fill().map_err(|error| match error {
            LinesError::Io(source) => ReadError::Io { place: place(), source },
            LinesError::LongLine { line } => {
                let problem = LineProblem::LongLine { bytes_max: LINE_BYTES_MAX };
                ReadError::Line { place: place(), line, problem }
            }
        })
    }
}

impl Parsed {
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.rounded.clear();
        self.broken.clear();
        self.mismatched.clear();
        self.lines.clear();
        self.received.clear();
        self.unfinished.clear();
        self.wrong = None;
    }
}

/// Where the parser is.
struct Cursor<'b> {
    rest: &'b [u8],
    rounded: bool,
    broken: bool,
    /// When the row was received.
    received: Option<i64>,
    message: Message,
}

/// What is noted beside the rows.
struct Marks<'p> {
    rounded: &'p mut Vec<usize>,
    broken: &'p mut Vec<usize>,
    received: &'p mut Vec<UnixNanos>,
    message: &'p mut Message,
}

/// What is wrong with a line, as little as the parser knows.
enum Fault {
    Columns,
    Field { index: usize, found: String },
}

impl Layout {
    /// Parses whole lines into rows, at most `rows_max`, up to the first wrong line; tells how many bytes
    /// they have.
    pub(crate) fn parse(&self, block: &[u8], rows_max: usize, out: &mut Parsed) -> usize {
        out.clear();
        let Parsed { rows, rounded, broken, received, message, wrong, .. } = out;
        let RowBuffer { trades, bars, quotes, book, orders: _ } = rows;
        let mut marks = Marks { rounded, broken, received, message };
        let (left, fault) = match self.format.kind() {
            RowKind::Trades => {
                self.parse_rows(block, rows_max, trades, &mut marks, Self::push_trade)
            }
            RowKind::Bars => self.parse_rows(block, rows_max, bars, &mut marks, Self::push_bar),
            RowKind::Quotes => {
                self.parse_rows(block, rows_max, quotes, &mut marks, Self::push_quote)
            }
            RowKind::Book => self.parse_rows(block, rows_max, book, &mut marks, Self::push_level),
            RowKind::Orders => unreachable!("no format of text holds orders"),
        };
        *wrong = fault.map(|fault| self.problem(fault, &block[block.len() - left..]));
        block.len() - left
    }

    /// Tells how many bytes are left, and what is wrong with the line there.
    #[inline(always)]
    fn parse_rows<Row>(
        &self,
        block: &[u8],
        rows_max: usize,
        rows: &mut Vec<Row>,
        marks: &mut Marks<'_>,
        push: impl Fn(&Self, &mut Cursor<'_>, &mut Vec<Row>) -> Result<(), Fault>,
    ) -> (usize, Option<Fault>) {
        let message = *marks.message;
        let (rounded, broken, received) = (false, false, None);
        let mut cursor = Cursor { rest: block, rounded, broken, received, message };
        let mut left = block.len();
        let mut fault = None;
        while rows.len() < rows_max && left > 0 {
            if let Err(wrong) = push(self, &mut cursor, rows) {
                fault = Some(wrong);
                break;
            }
            if cursor.rounded {
                marks.rounded.push(rows.len() - 1);
                cursor.rounded = false;
            }
            if cursor.broken {
                marks.broken.push(rows.len() - 1);
                cursor.broken = false;
            }
            if let Some(received) = cursor.received.take() {
                marks.received.push(UnixNanos::from_nanos(received));
            }
            left = cursor.rest.len();
        }
        *marks.message = cursor.message;
        (left, fault)
    }

    /// Parses a line into a row at the end of `rows`, where it is not moved again.
    #[inline(always)]
    fn push_trade(&self, cursor: &mut Cursor<'_>, rows: &mut Vec<TradeRow>) -> Result<(), Fault> {
        // The largest files by far; a line with anything unusual goes the long way.
        if self.is_binance_spot
            && let Some(row) = quick::binance_spot_trade(&mut cursor.rest)
        {
            rows.push(row);
            return Ok(());
        }
        rows.push(self.trade(cursor)?);
        Ok(())
    }

    #[inline(never)]
    fn trade(&self, cursor: &mut Cursor<'_>) -> Result<TradeRow, Fault> {
        let (mut ts, mut price, mut quantity) = (0, 0, 0);
        let (mut trade_id, mut ids, mut taker_side) = (None, (1, 1), None);
        let mut received = None;
        for (index, column) in self.columns.iter().enumerate() {
            match *column {
                Column::Time(unit) => ts = self.time(cursor, index, unit)?,
                Column::Price => price = self.decimal(cursor, index, Price::DECIMALS)?,
                Column::Quantity => quantity = self.decimal(cursor, index, Quantity::DECIMALS)?,
                Column::TradeId => trade_id = self.trade_id(cursor, index)?,
                Column::FirstId => ids.0 = self.integer(cursor, index)?,
                Column::LastId => ids.1 = self.integer(cursor, index)?,
                Column::BuyerMaker => {
                    let maker = self.flag(cursor, index)?;
                    taker_side = Some(if maker { Side::Sell } else { Side::Buy });
                }
                Column::Side => taker_side = self.side(cursor, index)?,
                Column::Flag => self.flag(cursor, index).map(|_| ())?,
                Column::Number => self.skip_number(cursor, index)?,
                Column::LocalTime(unit) => received = Some(self.time(cursor, index, unit)?),
                Column::BidPrice
                | Column::BidQuantity
                | Column::AskPrice
                | Column::AskQuantity
                | Column::BookSide
                | Column::UpdateKind
                | Column::IsSnapshot
                | Column::LastUpdate
                | Column::PreviousUpdate
                | Column::Open
                | Column::High
                | Column::Low
                | Column::Close
                | Column::Volume
                | Column::Count
                | Column::CloseTime(_)
                | Column::Text => self.skip(cursor, index)?,
            }
        }
        cursor.received = received;
        let fills = ids.1.saturating_sub(ids.0).saturating_add(1);
        Ok(TradeRow {
            ts: UnixNanos::from_nanos(ts),
            price: Price::from_raw(price),
            quantity: Quantity::from_raw(quantity),
            trade_id,
            fills: u32::try_from(fills).unwrap_or(u32::MAX),
            taker_side,
        })
    }

    #[inline]
    fn decimal(&self, cursor: &mut Cursor<'_>, index: usize, decimals: u32) -> Result<i64, Fault> {
        let start = cursor.rest;
        if let Some(value) = take_decimal(&mut cursor.rest, decimals as usize)
            && self.ends(cursor, index)
        {
            return Ok(value);
        }
        self.rare_decimal(start, cursor, index, decimals)
    }

    #[cold]
    fn rare_decimal<'b>(
        &self,
        start: &'b [u8],
        cursor: &mut Cursor<'b>,
        index: usize,
        decimals: u32,
    ) -> Result<i64, Fault> {
        let (text, rest) = self.field(start, index)?;
        cursor.rest = &start[start.len() - rest..];
        if text.is_empty() && self.format == Format::TardisQuotes {
            // Nobody is on that side.
            return Ok(0);
        }
        match parse_decimal(&text, decimals) {
            Ok((value, false)) => Ok(value),
            Ok((value, true)) if self.lenient => {
                cursor.rounded = true;
                Ok(value)
            }
            _ => Err(Fault::Field { index, found: text }),
        }
    }

    #[inline]
    fn integer(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<u64, Fault> {
        let start = cursor.rest;
        if let Some(value) = take_integer(&mut cursor.rest)
            && self.ends(cursor, index)
        {
            return Ok(value);
        }
        let value = self.rare_decimal(start, cursor, index, 0)?;
        u64::try_from(value).map_err(|_| Fault::Field { index, found: value.to_string() })
    }

    #[inline]
    fn trade_id(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<Option<u64>, Fault> {
        let start = cursor.rest;
        if let Some(value) = take_integer(&mut cursor.rest)
            && self.ends(cursor, index)
        {
            return Ok(Some(value));
        }
        let text = self.rare(start, cursor, index)?;
        if self.lenient { Ok(None) } else { Err(Fault::Field { index, found: text }) }
    }

    #[inline]
    fn time(&self, cursor: &mut Cursor<'_>, index: usize, unit: TimeUnit) -> Result<i64, Fault> {
        let start = cursor.rest;
        if let Some(value) = unit.take(&mut cursor.rest)
            && self.ends(cursor, index)
        {
            return Ok(value);
        }
        let text = self.rare(start, cursor, index)?;
        unit.parse(&text).ok_or(Fault::Field { index, found: text })
    }

    #[inline]
    fn flag(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<bool, Fault> {
        let start = cursor.rest;
        if let Some(value) = take_flag(&mut cursor.rest)
            && self.ends(cursor, index)
        {
            return Ok(value);
        }
        let text = self.rare(start, cursor, index)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Fault::Field { index, found: text }),
        }
    }

    #[inline]
    fn side(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<Option<Side>, Fault> {
        let text = self.rare(cursor.rest, cursor, index)?;
        match text.to_ascii_lowercase().as_str() {
            "buy" | "b" => Ok(Some(Side::Buy)),
            "sell" | "s" => Ok(Some(Side::Sell)),
            "unknown" | "" => Ok(None),
            _ => Err(Fault::Field { index, found: text }),
        }
    }

    /// Steps over a field, whatever it holds.
    fn skip(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<(), Fault> {
        let (_, rest) = self.raw_field(cursor.rest, index)?;
        cursor.rest = &cursor.rest[cursor.rest.len() - rest..];
        Ok(())
    }

    /// Checks that a field that is not kept is a number, whatever its size.
    #[inline]
    fn skip_number(&self, cursor: &mut Cursor<'_>, index: usize) -> Result<(), Fault> {
        let start = cursor.rest;
        if take_integer(&mut cursor.rest).is_some() {
            if let Some(rest) = cursor.rest.strip_prefix(b".") {
                cursor.rest = rest;
                let _: Option<u64> = take_integer(&mut cursor.rest);
            }
            if self.ends(cursor, index) {
                return Ok(());
            }
        }
        let text = self.rare(start, cursor, index)?;
        let is_number =
            text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'e' | b'E' | b'+'));
        if is_number { Ok(()) } else { Err(Fault::Field { index, found: text }) }
    }

    /// Steps over the end of a field, if the cursor stands there.
    #[inline]
    fn ends(&self, cursor: &mut Cursor<'_>, index: usize) -> bool {
        let is_last = index + 1 == self.columns.len();
        let end = if is_last { b'\n' } else { self.delimiter };
        match cursor.rest {
            [first, rest @ ..] if *first == end => {
                cursor.rest = rest;
                true
            }
            [b'\r', b'\n', rest @ ..] if is_last => {
                cursor.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The field as text; the cursor goes behind it.
    fn rare(&self, start: &[u8], cursor: &mut Cursor<'_>, index: usize) -> Result<String, Fault> {
        let (text, rest) = self.field(start, index)?;
        // `start` is the cursor's own line: what is left of it is where the cursor goes.
        let at = cursor.rest.len().min(rest);
        cursor.rest = &cursor.rest[cursor.rest.len() - at..];
        Ok(text)
    }

    /// The field that begins at `start`, and how many bytes come after its end.
    fn field(&self, start: &[u8], index: usize) -> Result<(String, usize), Fault> {
        let (field, rest) = self.raw_field(start, index)?;
        let text = String::from_utf8_lossy(field);
        let text = text.trim_end_matches('\r');
        let text = if self.lenient {
            text.trim_matches(|c: char| c == ' ' || c == '"' || c == '\'')
        } else {
            text
        };
        Ok((text.to_owned(), rest))
    }

    /// The bytes of the field that begins at `start`, and how many bytes come after its end.
    fn raw_field<'b>(&self, start: &'b [u8], index: usize) -> Result<(&'b [u8], usize), Fault> {
        let is_last = index + 1 == self.columns.len();
        let end = memchr::memchr2(self.delimiter, b'\n', start).ok_or(Fault::Columns)?;
        if (start[end] == b'\n') != is_last {
            return Err(Fault::Columns);
        }
        Ok((&start[..end], start.len() - end - 1))
    }

    /// The problem of a line, with names.
    fn problem(&self, fault: Fault, line: &[u8]) -> LineProblem {
        let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
        let line = line[..end].trim_ascii_end();
        if line.is_empty() {
            return LineProblem::EmptyLine { columns: self.columns.len() };
        }
        match fault {
            Fault::Columns => LineProblem::Columns {
                expected: self.columns.len(),
                names: shorten_names(&self.names.join(",")),
                found: memchr::memchr_iter(self.delimiter, line).count() + 1,
            },
            Fault::Field { index, found } => LineProblem::Field {
                column: self.names[index].clone(),
                expected: self.columns[index].expected_instead_of(&found),
                found: shorten(&found),
            },
        }
    }
}

/// Takes `True` or `False`, with a capital or without.
#[inline(always)]
fn take_flag(cursor: &mut &[u8]) -> Option<bool> {
    let (rest, value) = match *cursor {
        [b'T' | b't', b'r', b'u', b'e', rest @ ..] => (rest, true),
        [b'F' | b'f', b'a', b'l', b's', b'e', rest @ ..] => (rest, false),
        _ => return None,
    };
    *cursor = rest;
    Some(value)
}

/// Headers are longer than wrong fields and worth more.
fn shorten_names(names: &str) -> String {
    const NAMES_CHARS_MAX: usize = 160;
    if names.len() <= NAMES_CHARS_MAX { names.to_owned() } else { shorten(names) }
}

#[cfg(test)]
mod tests;
