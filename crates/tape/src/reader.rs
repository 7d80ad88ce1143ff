//! Kraken's trade archive, row by row: `timestamp,price,volume`, no header.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use model::{DecimalError, Price, Quantity, UnixNanos};

use crate::error::{RowProblem, TapeError};
use crate::number::is_beyond;
use crate::trade::TapeTrade;

mod guard;

pub use guard::LINE_BYTES_MAX;

/// Bytes that the reader holds in memory.
const BUFFER_BYTES: usize = 64 * 1024;
/// Columns of a trade.
const COLUMNS: usize = 3;
/// Columns of Kraken's archive of bars, which users mistake for the archive of trades.
const BAR_COLUMNS: usize = 7;
/// Characters of a wrong text that an error repeats.
const FOUND_CHARS_MAX: usize = 60;

/// Reads trades from any source of bytes, in bounded memory.
///
/// Yields at least one item. After the first error it yields nothing more. Rows that are equal are
/// different trades and all of them come.
#[derive(Debug)]
pub struct TradeReader<R> {
    path: PathBuf,
    rows: csv::Reader<guard::LineGuard<R>>,
    record: ByteRecord,
    line: u64,
    last_ts: Option<UnixNanos>,
    ended: bool,
}

impl<R: Read> TradeReader<R> {
    /// Reads `source`; `path` names it in errors.
    pub fn new(path: &Path, source: R) -> Self {
        // One line is one row, whatever it holds: without quotes, and without the reader's own
        // idea of line ends, line numbers are those of an editor.
        let rows = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .quoting(false)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(guard::LineGuard::new(source));
        Self {
            path: path.to_owned(),
            rows,
            record: ByteRecord::new(),
            line: 0,
            last_ts: None,
            ended: false,
        }
    }

    fn read(&mut self) -> Result<Option<TapeTrade>, TapeError> {
        if !self.rows.read_byte_record(&mut self.record).map_err(|error| self.read_error(error))? {
            return match self.line {
                0 => Err(TapeError::Empty { path: self.path.clone() }),
                _ => Ok(None),
            };
        }
        self.line += 1;
        let trade = parse_row(&self.record, self.line == 1).map_err(|problem| self.row(problem))?;
        if let Some(previous) = self.last_ts
            && trade.ts < previous
        {
            let found = trade.ts;
            return Err(self.row(RowProblem::Unsorted { previous, found }));
        }
        self.last_ts = Some(trade.ts);
        Ok(Some(trade))
    }

    fn row(&self, problem: RowProblem) -> TapeError {
        TapeError::Row { path: self.path.clone(), line: self.line, problem }
    }

    fn read_error(&self, error: csv::Error) -> TapeError {
        // The guard's refusals travel as I/O errors through the CSV reader.
        let (line, fault) = self.rows.get_ref().fault();
        if let Some(problem) = fault {
            return TapeError::Row { path: self.path.clone(), line, problem: problem.clone() };
        }
        TapeError::Read { path: self.path.clone(), source: error.into() }
    }
}

impl<R: Read> Iterator for TradeReader<R> {
    type Item = Result<TapeTrade, TapeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.read().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

fn parse_row(record: &ByteRecord, first: bool) -> Result<TapeTrade, RowProblem> {
    match record.len() {
        COLUMNS => {}
        BAR_COLUMNS => return Err(RowProblem::Bars),
        found if !is_header(record, first) => return Err(RowProblem::Columns { found }),
        _ => {}
    }
    if is_header(record, first) {
        let names: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        return Err(RowProblem::Header { found: shorten(names.join(",").trim_end()) });
    }
    Ok(TapeTrade {
        ts: parse_ts(field(record, 0))?,
        price: parse_price(field(record, 1))?,
        quantity: parse_quantity(field(record, 2).trim_end_matches('\r'))?,
    })
}

/// True for a first line whose first column begins like a word.
fn is_header(record: &ByteRecord, first: bool) -> bool {
    first && field(record, 0).starts_with(|c: char| c.is_ascii_alphabetic() || c == '"')
}

/// A column as text; the guard has let nothing but ASCII through.
fn field(record: &ByteRecord, index: usize) -> &str {
    let bytes = record.get(index).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Digits and at most one point: an exponent or a sign means that another program wrote the file.
fn parse_ts(text: &str) -> Result<UnixNanos, RowProblem> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let ts = (digits(whole) && digits(fraction)).then(|| UnixNanos::parse_secs(text).ok());
    ts.flatten().ok_or_else(|| RowProblem::Time { found: shorten(text) })
}

fn parse_price(text: &str) -> Result<Price, RowProblem> {
    let found = || shorten(text);
    let price =
        Price::parse(text).map_err(|_: DecimalError| match is_beyond(text, Price::DECIMALS) {
            true => RowProblem::PriceBeyond { found: found() },
            false => RowProblem::Price { found: found() },
        })?;
    if price.is_positive() {
        Ok(price)
    } else {
        Err(RowProblem::PriceNotPositive { found: found() })
    }
}

fn parse_quantity(text: &str) -> Result<Quantity, RowProblem> {
    let found = || shorten(text);
    let quantity = Quantity::parse(text).map_err(|_: DecimalError| {
        match is_beyond(text, Quantity::DECIMALS) {
            true => RowProblem::VolumeBeyond { found: found() },
            false => RowProblem::Volume { found: found() },
        }
    })?;
    if quantity.is_positive() {
        Ok(quantity)
    } else {
        Err(RowProblem::VolumeNotPositive { found: found() })
    }
}

/// The beginning of a wrong text, on one line.
fn shorten(text: &str) -> String {
    let shown = text.chars().take(FOUND_CHARS_MAX);
    let mut shown: String = shown.map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(FOUND_CHARS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests;
