//! Reads a tape in columns back into rows, one row group at a time.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use crc32fast::hash;
use model::{Price, Quantity, Side, UnixNanos};

use super::schema::{FOOTER_BYTES_MAX, GROUP_ROWS, KIND_KEY, MAGIC, columns, elements, kind_text};
use super::thrift::{Value, read_struct};
use crate::read_error::{ReadError, shorten};
use crate::row::{BarRow, LevelRow, OrderRow, QuoteRow, RowBuffer, RowKind, Rows, TradeRow};

/// Bytes that a page's header may have; ours have 30.
const PAGE_HEADER_BYTES_MAX: usize = 256;

/// Rows of a batch: as many as stay in the first cache.
const BATCH_ROWS: usize = 1_024;

/// Where a row group lies: one run of bytes, and the pages in it.
#[derive(Debug)]
struct Group {
    rows: usize,
    offset: u64,
    bytes: usize,
}

/// Reads rows from a file.
#[derive(Debug)]
pub(crate) struct ColumnarReader {
    place: String,
    file: File,
    kind: RowKind,
    about: Vec<(String, String)>,
    groups: std::vec::IntoIter<Group>,
    /// The row group that is being given out, as it stands in the file.
    bytes: Vec<u8>,
    pages: Vec<std::ops::Range<usize>>,
    group_rows: usize,
    given: usize,
    first_row: u64,
    next_row: u64,
    position: u64,
    rows: RowBuffer,
}

impl ColumnarReader {
    pub(crate) fn new(place: &str, mut file: File) -> Result<Self, ReadError> {
        let broken = |expected: &str, found: &str| columnar(place, expected, found);
        let io = |source| ReadError::Io { place: place.to_owned(), source };
        let length = file.seek(SeekFrom::End(0)).map_err(io)?;
        let mut tail = [0; 8];
        if length < 12 {
            return Err(broken("a tape in columns", &format!("{length} bytes")));
        }
        file.seek(SeekFrom::End(-8)).map_err(io)?;
        file.read_exact(&mut tail).map_err(io)?;
        let (size, magic) = tail.split_at(4);
        if magic != MAGIC {
            return Err(broken("`PAR1` at the end", "a file that was cut off"));
        }
        let size = size.first_chunk().map_or(0, |size| u32::from_le_bytes(*size));
        let end = length - 8;
        let start = end.checked_sub(u64::from(size)).filter(|start| *start >= 4);
        let Some(start) = start.filter(|_| size as usize <= FOOTER_BYTES_MAX) else {
            return Err(broken("a footer within the file", &format!("one of {size} bytes")));
        };
        let mut footer = vec![0; size as usize];
        file.seek(SeekFrom::Start(start)).map_err(io)?;
        file.read_exact(&mut footer).map_err(io)?;
        let (footer, _) =
            read_struct(&footer).ok_or_else(|| broken("a footer of Parquet", "other bytes"))?;
        let about = about(&footer);
        let kind = kind_of(&footer, &about)
            .map_err(|found| broken("a tape written by `wavetank tape convert`", &found))?;
        let groups = groups(&footer, kind, start)
            .ok_or_else(|| broken("row groups as `wavetank tape convert` writes them", "others"))?;
        let own = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Ok(Self {
            place: place.to_owned(),
            file,
            kind,
            about: about.into_iter().map(own).collect(),
            groups: groups.into_iter(),
            bytes: Vec::new(),
            pages: Vec::new(),
            group_rows: 0,
            given: 0,
            first_row: 1,
            next_row: 1,
            position: 0,
            rows: RowBuffer::default(),
        })
    }

    /// What the rows are.
    pub(crate) const fn kind(&self) -> RowKind {
        self.kind
    }

    /// Levels of a side that the book shows at most, where the converter knew it.
    pub(crate) fn levels(&self) -> Option<u32> {
        let found = self.about.iter().find(|(key, _)| key == "levels");
        found.and_then(|(_, value)| value.parse().ok())
    }

    /// Bytes of the file behind which nothing was read yet.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }

    /// True where quotes or books have the times at which they were received.
    pub(crate) fn tells_received(&self) -> bool {
        self.about.iter().any(|(key, value)| key == "received" && value == "true")
    }

    /// The name of the market, where the converter knew it.
    pub(crate) fn symbol(&self) -> Option<&str> {
        self.about.iter().find(|(key, _)| key == "symbol").map(|(_, value)| value.as_str())
    }

    /// Number of the batch's first row, from 1.
    pub(crate) const fn first_row(&self) -> u64 {
        self.first_row
    }

    /// The batch.
    pub(crate) fn rows(&self) -> Rows<'_> {
        self.rows.rows(self.kind)
    }

    /// Reads the next batch; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, ReadError> {
        self.rows.clear();
        if self.given == self.group_rows && !self.load()? {
            return Ok(false);
        }
        let count = BATCH_ROWS.min(self.group_rows - self.given);
        let rows = self.given..self.given + count;
        let wrong = match self.kind {
            RowKind::Trades => self.unpack_trades(rows),
            RowKind::Bars => self.unpack_bars(rows),
            RowKind::Quotes => self.unpack_quotes(rows),
            RowKind::Book => self.unpack_book(rows),
            RowKind::Orders => self.unpack_orders(rows),
        };
        if let Some(found) = wrong {
            return Err(self.broken("1, 0 or -1 in the columns of sides and flags", &found));
        }
        self.given += count;
        self.first_row = self.next_row;
        self.next_row += count as u64;
        Ok(true)
    }

    /// Loads the next row group and verifies its check sums.
    fn load(&mut self) -> Result<bool, ReadError> {
        let Some(group) = self.groups.next() else { return Ok(false) };
        self.bytes.resize(group.bytes, 0);
        let io = |source: io::Error| ReadError::Io { place: self.place.clone(), source };
        self.file.seek(SeekFrom::Start(group.offset)).map_err(io)?;
        self.file.read_exact(&mut self.bytes).map_err(io)?;
        self.pages.clear();
        let mut at = 0;
        for (name, meaning) in columns(self.kind) {
            let width = meaning.width();
            let rest = &self.bytes[at..];
            let head = &rest[..rest.len().min(PAGE_HEADER_BYTES_MAX)];
            let header = read_struct(head);
            let found = header.as_ref().and_then(|(header, length)| {
                let crc = i32::try_from(header.int(4)?).ok()?.cast_unsigned();
                let bytes = usize::try_from(header.int(2)?).ok()?;
                let start = at + length;
                let page = self.bytes.get(start..start.checked_add(bytes)?)?;
                (bytes == group.rows * width && hash(page) == crc).then_some(start..start + bytes)
            });
            let Some(page) = found else {
                return Err(self.broken(
                    &format!("a page of {} rows of `{name}` with its check sum", group.rows),
                    "a damaged one",
                ));
            };
            at = page.end;
            self.pages.push(page);
        }
        self.group_rows = group.rows;
        self.position = group.offset + group.bytes as u64;
        self.given = 0;
        Ok(true)
    }

    fn column64(&self, column: usize, rows: &std::ops::Range<usize>) -> &[[u8; 8]] {
        &self.bytes[self.pages[column].clone()].as_chunks().0[rows.clone()]
    }

    fn column32(&self, column: usize, rows: &std::ops::Range<usize>) -> &[[u8; 4]] {
        &self.bytes[self.pages[column].clone()].as_chunks().0[rows.clone()]
    }

    /// Makes rows of columns; gives back a side that is none.
    fn unpack_trades(&mut self, rows: std::ops::Range<usize>) -> Option<String> {
        let mut trades = std::mem::take(&mut self.rows.trades);
        let (ts, price) = (self.column64(0, &rows), self.column64(1, &rows));
        let (quantity, id) = (self.column64(2, &rows), self.column64(3, &rows));
        let (fills, side) = (self.column32(4, &rows), self.column32(5, &rows));
        let mut bad_side = None;
        let columns = ts.iter().zip(price).zip(quantity).zip(id).zip(fills).zip(side);
        trades.extend(columns.map(|(((((ts, price), quantity), id), fills), side)| {
            let taker_side = match i32::from_le_bytes(*side) {
                0 => None,
                1 => Some(Side::Buy),
                -1 => Some(Side::Sell),
                other => {
                    bad_side = Some(other);
                    None
                }
            };
            TradeRow {
                ts: UnixNanos::from_nanos(i64::from_le_bytes(*ts)),
                price: Price::from_raw(i64::from_le_bytes(*price)),
                quantity: Quantity::from_raw(i64::from_le_bytes(*quantity)),
                trade_id: u64::try_from(i64::from_le_bytes(*id)).ok(),
                fills: u32::from_le_bytes(*fills),
                taker_side,
            }
        }));
        self.rows.trades = trades;
        bad_side.map(|side| side.to_string())
    }

    fn unpack_bars(&mut self, rows: std::ops::Range<usize>) -> Option<String> {
        let mut bars = std::mem::take(&mut self.rows.bars);
        let columns: [&[[u8; 8]]; 8] = std::array::from_fn(|column| self.column64(column, &rows));
        bars.extend((0..rows.len()).map(|row| {
            let [open_ts, close_ts, open, high, low, close, volume, count] =
                columns.map(|column| i64::from_le_bytes(column[row]));
            BarRow {
                open_ts: UnixNanos::from_nanos(open_ts),
                close_ts: UnixNanos::from_nanos(close_ts),
                open: Price::from_raw(open),
                high: Price::from_raw(high),
                low: Price::from_raw(low),
                close: Price::from_raw(close),
                volume: Quantity::from_raw(volume),
                count: u64::try_from(count).ok(),
            }
        }));
        self.rows.bars = bars;
        None
    }

    fn unpack_quotes(&mut self, rows: std::ops::Range<usize>) -> Option<String> {
        let mut quotes = std::mem::take(&mut self.rows.quotes);
        let columns: [&[[u8; 8]]; 6] = std::array::from_fn(|column| self.column64(column, &rows));
        quotes.extend((0..rows.len()).map(|row| {
            let [ts, local_ts, bid, bid_quantity, ask, ask_quantity] =
                columns.map(|column| i64::from_le_bytes(column[row]));
            QuoteRow {
                ts: UnixNanos::from_nanos(ts),
                local_ts: UnixNanos::from_nanos(local_ts),
                bid: Price::from_raw(bid),
                bid_quantity: Quantity::from_raw(bid_quantity),
                ask: Price::from_raw(ask),
                ask_quantity: Quantity::from_raw(ask_quantity),
            }
        }));
        self.rows.quotes = quotes;
        None
    }

    /// Makes rows of columns; gives back a side or a flag that is none.
    fn unpack_book(&mut self, rows: std::ops::Range<usize>) -> Option<String> {
        let mut book = std::mem::take(&mut self.rows.book);
        let columns: [&[[u8; 8]]; 4] = std::array::from_fn(|column| self.column64(column, &rows));
        let marks: [&[[u8; 4]]; 3] = std::array::from_fn(|column| self.column32(4 + column, &rows));
        let mut wrong = None;
        book.extend((0..rows.len()).map(|row| {
            let [ts, local_ts, price, quantity] =
                columns.map(|column| i64::from_le_bytes(column[row]));
            let (side, [begins, snapshot]) = marks_of(marks, row, &mut wrong);
            LevelRow {
                ts: UnixNanos::from_nanos(ts),
                local_ts: UnixNanos::from_nanos(local_ts),
                side,
                price: Price::from_raw(price),
                quantity: Quantity::from_raw(quantity),
                begins,
                snapshot,
            }
        }));
        self.rows.book = book;
        wrong
    }

    /// As [`Self::unpack_book`].
    fn unpack_orders(&mut self, rows: std::ops::Range<usize>) -> Option<String> {
        let mut orders = std::mem::take(&mut self.rows.orders);
        let columns: [&[[u8; 8]]; 6] = std::array::from_fn(|column| self.column64(column, &rows));
        let marks: [&[[u8; 4]]; 3] = std::array::from_fn(|column| self.column32(6 + column, &rows));
        let mut wrong = None;
        orders.extend((0..rows.len()).map(|row| {
            let [ts, local_ts, since, price, quantity, order] =
                columns.map(|column| i64::from_le_bytes(column[row]));
            let (side, [begins, snapshot]) = marks_of(marks, row, &mut wrong);
            OrderRow {
                ts: UnixNanos::from_nanos(ts),
                local_ts: UnixNanos::from_nanos(local_ts),
                since: UnixNanos::from_nanos(since),
                side,
                price: Price::from_raw(price),
                quantity: Quantity::from_raw(quantity),
                order: order.cast_unsigned(),
                begins,
                snapshot,
            }
        }));
        self.rows.orders = orders;
        wrong
    }

    fn broken(&self, expected: &str, found: &str) -> ReadError {
        columnar(&self.place, expected, found)
    }
}

/// Side and flags of a row of a book; what is none of them goes to `wrong`.
fn marks_of(marks: [&[[u8; 4]]; 3], row: usize, wrong: &mut Option<String>) -> (Side, [bool; 2]) {
    let [side, begins, snapshot] = marks.map(|column| i32::from_le_bytes(column[row]));
    if ![-1, 1].contains(&side) || ![0, 1].contains(&begins) || ![0, 1].contains(&snapshot) {
        *wrong = Some(format!("{side}, {begins}, {snapshot}"));
    }
    (if side == 1 { Side::Buy } else { Side::Sell }, [begins == 1, snapshot == 1])
}

fn columnar(place: &str, expected: &str, found: &str) -> ReadError {
    let (expected, found) = (expected.to_owned(), found.to_owned());
    ReadError::Columnar { place: place.to_owned(), expected, found }
}

/// Keys and values of the footer.
fn about<'b>(footer: &Value<'b>) -> Vec<(&'b str, &'b str)> {
    let text = |value: Option<&Value<'b>>| match value {
        Some(Value::Bytes(bytes)) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };
    let pairs = footer.list(5).unwrap_or_default().iter();
    pairs.filter_map(|pair| Some((text(pair.get(1))?, text(pair.get(2))?))).collect()
}

/// The kind that the metadata tell and the schema confirms, or what was found.
fn kind_of(footer: &Value<'_>, about: &[(&str, &str)]) -> Result<RowKind, String> {
    let told = about.iter().find(|(key, _)| *key == KIND_KEY).map(|(_, value)| *value);
    let Some(told) = told else {
        let writer = match footer.get(6) {
            Some(Value::Bytes(bytes)) => shorten(&String::from_utf8_lossy(bytes)),
            _ => "an unknown program".to_owned(),
        };
        return Err(format!("a Parquet file of {writer}"));
    };
    let kind = RowKind::ALL.into_iter().find(|kind| kind_text(*kind) == told);
    let kind = kind.ok_or_else(|| format!("the version `{}`", shorten(told)))?;
    if footer.list(2) == Some(elements(kind).as_slice()) {
        Ok(kind)
    } else {
        Err("other columns".to_owned())
    }
}

/// The row groups; `None` where one is not as the writer makes them.
fn groups(footer: &Value<'_>, kind: RowKind, end: u64) -> Option<Vec<Group>> {
    let mut groups = Vec::new();
    for group in footer.list(4)? {
        let rows =
            usize::try_from(group.int(3)?).ok().filter(|rows| (1..=GROUP_ROWS).contains(rows))?;
        let chunks = group.list(1)?;
        if chunks.len() != columns(kind).len() {
            return None;
        }
        let mut next = None;
        let mut offset = 0;
        for chunk in chunks {
            let about = chunk.get(3)?;
            let start = u64::try_from(about.int(9)?).ok()?;
            let bytes = u64::try_from(about.int(7)?).ok()?;
            let is_plain = about.int(4)? == 0 && usize::try_from(about.int(5)?) == Ok(rows);
            if !is_plain || next.is_some_and(|next| next != start) {
                return None;
            }
            if next.is_none() {
                offset = start;
            }
            next = Some(start.checked_add(bytes).filter(|next| *next <= end)?);
        }
        let bytes = usize::try_from(next?.checked_sub(offset)?).ok()?;
        let bytes_max = GROUP_ROWS * 8 * chunks.len() + PAGE_HEADER_BYTES_MAX * chunks.len();
        groups.push(Group {
            rows,
            offset,
            bytes: Some(bytes).filter(|bytes| *bytes <= bytes_max)?,
        });
    }
    Some(groups)
}
