//! The columns of all kinds of tapes, and Parquet's words for them.

use thiserror::Error;

use super::thrift::{Field, Value};
use crate::row::RowKind;

/// Rows of a row group: each column of it is one page of 128 KiB, so that a group fits into the caches.
pub const GROUP_ROWS: usize = 16 * 1024;

/// First and last bytes of a Parquet file.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";

/// Longest footer that is written or read: that of 200 million trades.
pub(super) const FOOTER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Key of the metadata that tells kind and version of a tape.
pub(super) const KIND_KEY: &str = "wavetank.tape";

/// A value that a column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a {column} {expected}, found {found}")]
pub struct RowLimit {
    /// The column.
    pub column: &'static str,
    /// What fits.
    pub expected: &'static str,
    /// The value.
    pub found: String,
}

/// How the values of a column are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nanoseconds since 1970, UTC, 64 bits.
    Time,
    /// A decimal of 18 digits with so many of them after the point, 64 bits.
    Decimal(i32),
    /// A number of 64 bits.
    Int64,
    /// A number of 32 bits.
    Int32,
    /// A number of 8 bits, stored in 32.
    Int8,
}

impl Meaning {
    /// Bytes of a value.
    pub(super) const fn width(self) -> usize {
        match self {
            Self::Time | Self::Decimal(_) | Self::Int64 => 8,
            Self::Int32 | Self::Int8 => 4,
        }
    }

    /// Parquet's physical type: 1 INT32, 2 INT64.
    pub(super) const fn physical(self) -> i32 {
        if self.width() == 8 { 2 } else { 1 }
    }
}

/// Name and meaning of a column.
pub(super) type Column = (&'static str, Meaning);

/// Columns of trades. `taker_side` is 1 for buy, -1 for sell, 0 where it is not told; `trade_id` is
/// -1 where it is not told.
const TRADES: [Column; 6] = [
    ("ts", Meaning::Time),
    ("price", Meaning::Decimal(9)),
    ("quantity", Meaning::Decimal(8)),
    ("trade_id", Meaning::Int64),
    ("fills", Meaning::Int32),
    ("taker_side", Meaning::Int8),
];

/// Columns of bars. `close_ts` is the first instant after the bar; `count` is -1 where it is not told.
const BARS: [Column; 8] = [
    ("open_ts", Meaning::Time),
    ("close_ts", Meaning::Time),
    ("open", Meaning::Decimal(9)),
    ("high", Meaning::Decimal(9)),
    ("low", Meaning::Decimal(9)),
    ("close", Meaning::Decimal(9)),
    ("volume", Meaning::Decimal(8)),
    ("count", Meaning::Int64),
];

/// Columns of quotes. `local_ts` equals `ts` where it is not told.
const QUOTES: [Column; 6] = [
    ("ts", Meaning::Time),
    ("local_ts", Meaning::Time),
    ("bid", Meaning::Decimal(9)),
    ("bid_quantity", Meaning::Decimal(8)),
    ("ask", Meaning::Decimal(9)),
    ("ask_quantity", Meaning::Decimal(8)),
];

/// Columns of a book. `side` is 1 for bids, -1 for asks; `begins` is 1 for the first change of a message,
/// `snapshot` is 1 in messages that hold the whole book, else they are 0.
const BOOK: [Column; 7] = [
    ("ts", Meaning::Time),
    ("local_ts", Meaning::Time),
    ("price", Meaning::Decimal(9)),
    ("quantity", Meaning::Decimal(8)),
    ("side", Meaning::Int8),
    ("begins", Meaning::Int8),
    ("snapshot", Meaning::Int8),
];

/// Columns of the orders of a book: as [`BOOK`], with `since` and the number of the order.
const ORDERS: [Column; 9] = [
    ("ts", Meaning::Time),
    ("local_ts", Meaning::Time),
    ("since", Meaning::Time),
    ("price", Meaning::Decimal(9)),
    ("quantity", Meaning::Decimal(8)),
    ("order", Meaning::Int64),
    ("side", Meaning::Int8),
    ("begins", Meaning::Int8),
    ("snapshot", Meaning::Int8),
];

/// The columns of a kind of rows.
pub(super) const fn columns(kind: RowKind) -> &'static [Column] {
    match kind {
        RowKind::Trades => &TRADES,
        RowKind::Bars => &BARS,
        RowKind::Quotes => &QUOTES,
        RowKind::Book => &BOOK,
        RowKind::Orders => &ORDERS,
    }
}

/// Kind and version, as the metadata tell them.
pub(super) const fn kind_text(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Trades => "trades/1",
        RowKind::Bars => "bars/1",
        RowKind::Quotes => "quotes/1",
        RowKind::Book => "book/1",
        RowKind::Orders => "orders/1",
    }
}

/// The schema in Parquet's words: the root, then the columns.
pub(super) fn elements(kind: RowKind) -> Vec<Value<'static>> {
    let columns = columns(kind);
    let count = i32::try_from(columns.len()).unwrap_or(i32::MAX);
    let root = vec![(4, Value::text(kind.name())), (5, Value::I32(count))];
    let columns = columns.iter().map(|column| Value::Struct(element(*column)));
    std::iter::once(Value::Struct(root)).chain(columns).collect()
}

/// A column: physical type, required, name, the old and the new word for its meaning.
fn element((name, meaning): Column) -> Vec<Field<'static>> {
    const REQUIRED: i32 = 0;
    let mut fields = vec![
        (1, Value::I32(meaning.physical())),
        (3, Value::I32(REQUIRED)),
        (4, Value::text(name)),
    ];
    let empty = || Value::Struct(Vec::new());
    let int = |bits: i8| {
        Value::Struct(vec![(
            10,
            Value::Struct(vec![(1, Value::Byte(bits)), (2, Value::Bool(true))]),
        )])
    };
    match meaning {
        Meaning::Time => {
            let unit = Value::Struct(vec![(3, empty())]);
            let time = Value::Struct(vec![(1, Value::Bool(true)), (2, unit)]);
            fields.push((10, Value::Struct(vec![(8, time)])));
        }
        Meaning::Decimal(scale) => {
            fields.extend([(6, Value::I32(5)), (7, Value::I32(scale)), (8, Value::I32(18))]);
            let decimal = Value::Struct(vec![(1, Value::I32(scale)), (2, Value::I32(18))]);
            fields.push((10, Value::Struct(vec![(5, decimal)])));
        }
        Meaning::Int64 => fields.extend([(6, Value::I32(18)), (10, int(64))]),
        Meaning::Int32 => fields.extend([(6, Value::I32(17)), (10, int(32))]),
        Meaning::Int8 => fields.extend([(6, Value::I32(15)), (10, int(8))]),
    }
    fields
}
