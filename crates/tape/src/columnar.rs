//! The tape in columns: a Parquet file of the plainest kind, which pandas, polars and DuckDB open.
//!
//! Every column is required, PLAIN and not compressed, one page per column and row group, so that
//! loading is copying. Prices and volumes are exact decimals, times are nanoseconds in UTC. The same
//! rows give the same bytes. Parquet files of other programs are not read: convert from CSV.

mod reader;
mod schema;
mod thrift;
mod writer;

pub(crate) use reader::ColumnarReader;
pub use schema::{GROUP_ROWS, RowLimit};
pub use writer::{ColumnarWriter, WriteError};

#[cfg(test)]
mod tests;
