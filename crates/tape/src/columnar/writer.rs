//! Writes a tape in columns, one row group at a time.

use std::io::{self, Write};

use crc32fast::hash;
use model::{Price, Quantity, Side};
use thiserror::Error;

use super::schema::{
    Column, FOOTER_BYTES_MAX, GROUP_ROWS, KIND_KEY, MAGIC, Meaning, RowLimit, columns, elements,
    kind_text,
};
use super::thrift::Value;
use crate::row::{BarRow, LevelRow, OrderRow, QuoteRow, RowKind, Rows, TradeRow};

/// A tape that cannot be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The file cannot be written.
    #[error("cannot write")]
    Io(#[from] io::Error),
    /// A value that its column cannot hold.
    #[error("row {row}")]
    Row {
        /// The row, counted from 1.
        row: u64,
        /// What does not fit.
        #[source]
        limit: RowLimit,
    },
    /// Rows of another kind.
    #[error("expected {}, found {}", expected.name(), found.name())]
    Kind {
        /// Kind of the tape.
        expected: RowKind,
        /// Kind of the rows.
        found: RowKind,
    },
    /// More rows than one tape has place for.
    #[error("expected a tape of at most 200 million rows")]
    TooLong,
}

/// Where a column of a row group lies: page with header, and its length.
#[derive(Debug)]
struct Chunk {
    offset: u64,
    bytes: usize,
    /// Smallest and largest time, which lets readers skip whole groups.
    range: Option<[[u8; 8]; 2]>,
}

#[derive(Debug)]
struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
}

/// Writes rows of one kind to any sink; memory is bounded by [`GROUP_ROWS`] and the footer.
///
/// Without [`Self::finish`] the file is no tape.
#[derive(Debug)]
pub struct ColumnarWriter<W> {
    out: W,
    kind: RowKind,
    about: Vec<(String, String)>,
    columns: Vec<Vec<u8>>,
    group_rows: usize,
    rows: u64,
    offset: u64,
    groups: Vec<Group>,
}

impl<W: Write> ColumnarWriter<W> {
    /// Begins a tape. `about` are keys and values for people, `symbol` for instance.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(
        mut out: W,
        kind: RowKind,
        about: Vec<(String, String)>,
    ) -> Result<Self, WriteError> {
        out.write_all(MAGIC)?;
        let bytes = |(_, meaning): &Column| Vec::with_capacity(GROUP_ROWS * meaning.width());
        Ok(Self {
            out,
            kind,
            about,
            columns: columns(kind).iter().map(bytes).collect(),
            group_rows: 0,
            rows: 0,
            offset: MAGIC.len() as u64,
            groups: Vec::new(),
        })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`WriteError`]: the sink failed, the rows are of the other kind, or a value does not fit.
    pub fn write(&mut self, rows: Rows<'_>) -> Result<(), WriteError> {
        if rows.kind() != self.kind {
            return Err(WriteError::Kind { expected: self.kind, found: rows.kind() });
        }
        match rows {
            Rows::Trades(trades) => self.append(trades),
            Rows::Bars(bars) => self.append(bars),
            Rows::Quotes(quotes) => self.append(quotes),
            Rows::Book(levels) => self.append(levels),
            Rows::Orders(orders) => self.append(orders),
        }
    }

    /// Writes the last rows and the footer, and gives the sink back with the number of rows.
    ///
    /// # Errors
    /// [`WriteError`]: the sink failed, or the tape is too long.
    pub fn finish(mut self) -> Result<(W, u64), WriteError> {
        self.end_group()?;
        let footer = self.footer();
        let length = u32::try_from(footer.len()).map_err(|_| WriteError::TooLong)?;
        if footer.len() > FOOTER_BYTES_MAX {
            return Err(WriteError::TooLong);
        }
        self.out.write_all(&footer)?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()?;
        Ok((self.out, self.rows))
    }

    /// Appends rows column by column, which is several times as fast as row by row.
    fn append<Row: Columnar>(&mut self, mut rows: &[Row]) -> Result<(), WriteError> {
        while !rows.is_empty() {
            let (now, later) = rows.split_at(rows.len().min(GROUP_ROWS - self.group_rows));
            if !now.iter().all(Row::fits) {
                for (row, number) in now.iter().zip(self.rows + 1..) {
                    row.limits().map_err(|limit| WriteError::Row { row: number, limit })?;
                }
            }
            Row::put(now, &mut self.columns);
            self.group_rows += now.len();
            self.rows += now.len() as u64;
            if self.group_rows == GROUP_ROWS {
                self.end_group()?;
            }
            rows = later;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), WriteError> {
        if self.group_rows == 0 {
            return Ok(());
        }
        let mut chunks = Vec::new();
        for (column, (_, meaning)) in self.columns.iter_mut().zip(columns(self.kind)) {
            let header = page_header(column, self.group_rows);
            self.out.write_all(&header)?;
            self.out.write_all(column)?;
            let bytes = header.len() + column.len();
            let range = (*meaning == Meaning::Time).then(|| range(column));
            chunks.push(Chunk { offset: self.offset, bytes, range });
            self.offset += bytes as u64;
            column.clear();
        }
        self.groups.push(Group { rows: self.group_rows, chunks });
        self.group_rows = 0;
        Ok(())
    }

    fn footer(&self) -> Vec<u8> {
        let rows = self.rows.cast_signed();
        let groups = self.groups.iter().map(|group| group.value(self.kind)).collect();
        let about = self.about.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let about = std::iter::once((KIND_KEY, kind_text(self.kind))).chain(about);
        let about = about.map(|(key, value)| {
            Value::Struct(vec![(1, Value::text(key)), (2, Value::text(value))])
        });
        let footer = Value::Struct(vec![
            (1, Value::I32(1)),
            (2, Value::List(elements(self.kind))),
            (3, Value::I64(rows)),
            (4, Value::List(groups)),
            (5, Value::List(about.collect())),
            (6, Value::text("wavetank tape")),
        ]);
        let mut bytes = Vec::new();
        footer.write(&mut bytes);
        bytes
    }
}

impl Group {
    fn value(&self, kind: RowKind) -> Value<'_> {
        let rows = Value::I64(int64(self.rows));
        let bytes: usize = self.chunks.iter().map(|chunk| chunk.bytes).sum();
        let chunks = self.chunks.iter().zip(columns(kind));
        let chunks = chunks.map(|(chunk, (name, meaning))| {
            let bytes = Value::I64(int64(chunk.bytes));
            let mut about = vec![
                (1, Value::I32(meaning.physical())),
                (2, Value::List(vec![Value::I32(PLAIN), Value::I32(RLE)])),
                (3, Value::List(vec![Value::text(name)])),
                (4, Value::I32(UNCOMPRESSED)),
                (5, rows.clone()),
                (6, bytes.clone()),
                (7, bytes),
                (9, Value::I64(chunk.offset.cast_signed())),
            ];
            if let Some([min, max]) = &chunk.range {
                let range = vec![(5, Value::Bytes(max)), (6, Value::Bytes(min))];
                about.push((12, Value::Struct(range)));
            }
            let offset = Value::I64(chunk.offset.cast_signed());
            Value::Struct(vec![(2, offset), (3, Value::Struct(about))])
        });
        Value::Struct(vec![
            (1, Value::List(chunks.collect())),
            (2, Value::I64(int64(bytes))),
            (3, rows.clone()),
        ])
    }
}

fn int64(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Parquet's numbers of encodings and of no compression.
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const UNCOMPRESSED: i32 = 0;

fn page_header(column: &[u8], rows: usize) -> Vec<u8> {
    let int = |value: usize| Value::I32(i32::try_from(value).unwrap_or(i32::MAX));
    let data =
        vec![(1, int(rows)), (2, Value::I32(PLAIN)), (3, Value::I32(RLE)), (4, Value::I32(RLE))];
    let header = Value::Struct(vec![
        (1, Value::I32(0)),
        (2, int(column.len())),
        (3, int(column.len())),
        (4, Value::I32(hash(column).cast_signed())),
        (5, Value::Struct(data)),
    ]);
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    bytes
}

/// Smallest and largest of a column of 64-bit numbers.
fn range(column: &[u8]) -> [[u8; 8]; 2] {
    let values = column.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes));
    let (min, max) =
        values.fold((i64::MAX, i64::MIN), |(min, max), value| (min.min(value), max.max(value)));
    [min.to_le_bytes(), max.to_le_bytes()]
}

/// A row that is taken apart into columns.
trait Columnar {
    /// True when every column can hold its value.
    fn fits(&self) -> bool;
    /// The first value that its column cannot hold.
    fn limits(&self) -> Result<(), RowLimit>;
    /// Appends the values of rows that fit to the columns, in the order of the schema.
    fn put(rows: &[Self], columns: &mut [Vec<u8>])
    where
        Self: Sized;
}

impl Columnar for TradeRow {
    fn fits(&self) -> bool {
        is_decimal(self.price.raw())
            && is_decimal(self.quantity.raw())
            && self.trade_id.is_none_or(|id| id < NUMBER_END)
    }

    fn limits(&self) -> Result<(), RowLimit> {
        price("price", self.price)?;
        quantity("quantity", self.quantity)?;
        number("trade_id", self.trade_id)
    }

    fn put(rows: &[Self], columns: &mut [Vec<u8>]) {
        let [ts, price, quantity, trade_id, fills, taker_side] = columns else { return };
        put64(ts, rows, |row| row.ts.as_nanos());
        put64(price, rows, |row| row.price.raw());
        put64(quantity, rows, |row| row.quantity.raw());
        put64(trade_id, rows, |row| row.trade_id.map_or(-1, u64::cast_signed));
        put32(fills, rows, |row| row.fills.min(i32::MAX.cast_unsigned()).cast_signed());
        put32(taker_side, rows, |row| match row.taker_side {
            None => 0,
            Some(Side::Buy) => 1,
            Some(Side::Sell) => -1,
        });
    }
}

impl Columnar for BarRow {
    fn fits(&self) -> bool {
        [self.open, self.high, self.low, self.close].iter().all(|price| is_decimal(price.raw()))
            && is_decimal(self.volume.raw())
            && self.count.is_none_or(|count| count < NUMBER_END)
    }

    fn limits(&self) -> Result<(), RowLimit> {
        price("open", self.open)?;
        price("high", self.high)?;
        price("low", self.low)?;
        price("close", self.close)?;
        quantity("volume", self.volume)?;
        number("count", self.count)
    }

    fn put(rows: &[Self], columns: &mut [Vec<u8>]) {
        let [open_ts, close_ts, open, high, low, close, volume, count] = columns else { return };
        put64(open_ts, rows, |row| row.open_ts.as_nanos());
        put64(close_ts, rows, |row| row.close_ts.as_nanos());
        put64(open, rows, |row| row.open.raw());
        put64(high, rows, |row| row.high.raw());
        put64(low, rows, |row| row.low.raw());
        put64(close, rows, |row| row.close.raw());
        put64(volume, rows, |row| row.volume.raw());
        put64(count, rows, |row| row.count.map_or(-1, u64::cast_signed));
    }
}

impl Columnar for QuoteRow {
    fn fits(&self) -> bool {
        [self.bid, self.ask].iter().all(|price| is_decimal(price.raw()))
            && [self.bid_quantity, self.ask_quantity].iter().all(|size| is_decimal(size.raw()))
    }

    fn limits(&self) -> Result<(), RowLimit> {
        price("bid", self.bid)?;
        quantity("bid_quantity", self.bid_quantity)?;
        price("ask", self.ask)?;
        quantity("ask_quantity", self.ask_quantity)
    }

    fn put(rows: &[Self], columns: &mut [Vec<u8>]) {
        let [ts, local_ts, bid, bid_quantity, ask, ask_quantity] = columns else { return };
        put64(ts, rows, |row| row.ts.as_nanos());
        put64(local_ts, rows, |row| row.local_ts.as_nanos());
        put64(bid, rows, |row| row.bid.raw());
        put64(bid_quantity, rows, |row| row.bid_quantity.raw());
        put64(ask, rows, |row| row.ask.raw());
        put64(ask_quantity, rows, |row| row.ask_quantity.raw());
    }
}

impl Columnar for LevelRow {
    fn fits(&self) -> bool {
        is_decimal(self.price.raw()) && is_decimal(self.quantity.raw())
    }

    fn limits(&self) -> Result<(), RowLimit> {
        price("price", self.price)?;
        quantity("quantity", self.quantity)
    }

    fn put(rows: &[Self], columns: &mut [Vec<u8>]) {
        let [ts, local_ts, price, quantity, side, begins, snapshot] = columns else { return };
        put64(ts, rows, |row| row.ts.as_nanos());
        put64(local_ts, rows, |row| row.local_ts.as_nanos());
        put64(price, rows, |row| row.price.raw());
        put64(quantity, rows, |row| row.quantity.raw());
        put32(side, rows, |row| match row.side {
            Side::Buy => 1,
            Side::Sell => -1,
        });
        put32(begins, rows, |row| i32::from(row.begins));
        put32(snapshot, rows, |row| i32::from(row.snapshot));
    }
}

impl Columnar for OrderRow {
    fn fits(&self) -> bool {
        is_decimal(self.price.raw()) && is_decimal(self.quantity.raw()) && self.order < NUMBER_END
    }

    fn limits(&self) -> Result<(), RowLimit> {
        price("price", self.price)?;
        quantity("quantity", self.quantity)?;
        number("order", Some(self.order))
    }

    fn put(rows: &[Self], columns: &mut [Vec<u8>]) {
        let [ts, local_ts, since, price, quantity, order, side, begins, snapshot] = columns else {
            return;
        };
        put64(ts, rows, |row| row.ts.as_nanos());
        put64(local_ts, rows, |row| row.local_ts.as_nanos());
        put64(since, rows, |row| row.since.as_nanos());
        put64(price, rows, |row| row.price.raw());
        put64(quantity, rows, |row| row.quantity.raw());
        put64(order, rows, |row| row.order.cast_signed());
        put32(side, rows, |row| match row.side {
            Side::Buy => 1,
            Side::Sell => -1,
        });
        put32(begins, rows, |row| i32::from(row.begins));
        put32(snapshot, rows, |row| i32::from(row.snapshot));
    }
}

fn put64<Row>(column: &mut Vec<u8>, rows: &[Row], value: impl Fn(&Row) -> i64) {
    let start = column.len();
    column.resize(start + 8 * rows.len(), 0);
    for (place, row) in column[start..].as_chunks_mut().0.iter_mut().zip(rows) {
        *place = value(row).to_le_bytes();
    }
}

fn put32<Row>(column: &mut Vec<u8>, rows: &[Row], value: impl Fn(&Row) -> i32) {
    let start = column.len();
    column.resize(start + 4 * rows.len(), 0);
    for (place, row) in column[start..].as_chunks_mut().0.iter_mut().zip(rows) {
        *place = value(row).to_le_bytes();
    }
}

/// First number that a column of signed ones cannot hold.
const NUMBER_END: u64 = 1 << 63;

const fn is_decimal(raw: i64) -> bool {
    raw.unsigned_abs() < DECIMAL_END
}

/// First count beyond 18 digits, which is what a decimal of 64 bits holds.
const DECIMAL_END: u64 = 1_000_000_000_000_000_000;

fn price(column: &'static str, price: Price) -> Result<(), RowLimit> {
    if is_decimal(price.raw()) {
        return Ok(());
    }
    Err(RowLimit { column, expected: "below 1000000000", found: price.to_string() })
}

fn quantity(column: &'static str, quantity: Quantity) -> Result<(), RowLimit> {
    if is_decimal(quantity.raw()) {
        return Ok(());
    }
    Err(RowLimit { column, expected: "below 10000000000", found: quantity.to_string() })
}

fn number(column: &'static str, number: Option<u64>) -> Result<(), RowLimit> {
    match number.filter(|number| *number >= NUMBER_END) {
        None => Ok(()),
        Some(found) => Err(RowLimit { column, expected: "below 2^63", found: found.to_string() }),
    }
}
