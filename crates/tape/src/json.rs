//! Answers of the venues' REST interfaces, as they were saved: one, or several behind each other.
//!
//! Numbers are read from their text, also where JSON would make them floats.

use std::io::Read;

use serde_json::value::RawValue;

use crate::format::Format;
use crate::read_error::{LineProblem, ReadError, shorten};
use crate::row::{RowBuffer, Rows};

mod binance;
mod kraken;

/// Longest file, unpacked: a year of one-minute bars has about 100 MB, an answer 0.2 MB.
pub const JSON_BYTES_MAX: usize = 128 * 1024 * 1024;

/// The rows of a file.
#[derive(Debug)]
pub(crate) struct Json {
    pub(crate) format: Format,
    /// Name of the market, where the answer tells it.
    pub(crate) symbol: Option<String>,
    rows: RowBuffer,
    /// Rows that the venue had not finished when it answered.
    pub(crate) unfinished: Vec<usize>,
    given: bool,
}

impl Json {
    /// Reads a whole file.
    pub(crate) fn read(
        place: &str,
        source: impl Read,
        bar_nanos: Option<i64>,
    ) -> Result<Self, ReadError> {
        let mut body = Vec::new();
        source
            .take(JSON_BYTES_MAX as u64 + 1)
            .read_to_end(&mut body)
            .map_err(|source| ReadError::Io { place: place.to_owned(), source })?;
        let parser = Parser { place, body: &body, bar_nanos };
        if body.len() > JSON_BYTES_MAX {
            let found = format!("more than {JSON_BYTES_MAX} bytes");
            return Err(parser.error(&body, "a shorter file".to_owned(), found));
        }
        let mut rows: Option<Self> = None;
        let documents = serde_json::Deserializer::from_slice(&body).into_iter::<&RawValue>();
        for document in documents {
            let document = document.map_err(|error| parser.syntax(&error))?;
            parser.document(document, &mut rows)?;
        }
        let mut rows = rows.ok_or_else(|| ReadError::Empty { place: place.to_owned() })?;
        if rows.rows().is_empty() {
            return Err(ReadError::Empty { place: place.to_owned() });
        }
        parser.finish(&mut rows)?;
        Ok(rows)
    }

    /// The rows once, then none.
    pub(crate) fn advance(&mut self) -> bool {
        !std::mem::replace(&mut self.given, true)
    }

    /// All rows.
    pub(crate) fn rows(&self) -> Rows<'_> {
        self.rows.rows(self.format.kind())
    }

    fn of(format: Format) -> Self {
        Self {
            format,
            symbol: None,
            rows: RowBuffer::default(),
            unfinished: Vec::new(),
            given: false,
        }
    }
}

/// What every part of the parser needs: where it is, for errors.
#[derive(Clone, Copy)]
struct Parser<'b> {
    place: &'b str,
    body: &'b [u8],
    /// Length of a bar, where it was given.
    bar_nanos: Option<i64>,
}

impl<'b> Parser<'b> {
    fn document(self, document: &'b RawValue, rows: &mut Option<Json>) -> Result<(), ReadError> {
        if document.get().starts_with('{') {
            return self.kraken(document, rows);
        }
        if document.get().starts_with('[') {
            return self.binance(document, rows);
        }
        let expected = "an answer of Kraken or Binance".to_owned();
        Err(self.error(document.get().as_bytes(), expected, shorten(document.get())))
    }

    /// The rows so far, which must be of this format.
    fn rows_of<'r>(
        self,
        rows: &'r mut Option<Json>,
        format: Format,
        at: &RawValue,
    ) -> Result<&'r mut Json, ReadError> {
        let rows = rows.get_or_insert_with(|| Json::of(format));
        if rows.format == format {
            return Ok(rows);
        }
        let expected = format!("rows of {}, as before", rows.format);
        Err(self.error(at.get().as_bytes(), expected, format.to_string()))
    }

    /// Ends bars that do not tell their end.
    fn finish(self, rows: &mut Json) -> Result<(), ReadError> {
        if rows.format != Format::KrakenRestOhlc {
            return Ok(());
        }
        let times: Vec<i64> = rows.rows.bars.iter().map(|bar| bar.open_ts.as_nanos()).collect();
        let length = self.bar_nanos.or_else(|| crate::detect::length_of_bars(self.place, &times));
        let length = length.ok_or_else(|| ReadError::Interval { place: self.place.to_owned() })?;
        for bar in &mut rows.rows.bars {
            let close = bar.open_ts.as_nanos().saturating_add(length);
            bar.close_ts = model::UnixNanos::from_nanos(close);
        }
        Ok(())
    }

    /// A value of JSON as the text that stands there, without its quotes.
    fn text(value: &'b RawValue) -> &'b str {
        bare(value)
    }

    /// A list of JSON, or what stands there instead.
    fn list(self, value: &'b RawValue, expected: &str) -> Result<Vec<&'b RawValue>, ReadError> {
        serde_json::from_str(value.get()).map_err(|_| {
            self.error(value.get().as_bytes(), expected.to_owned(), shorten(value.get()))
        })
    }

    fn field_error(self, at: &RawValue, column: &str, expected: &'static str) -> ReadError {
        let found = shorten(Self::text_of(at));
        let problem = LineProblem::Field { column: column.to_owned(), expected, found };
        self.line_error(at.get().as_bytes(), problem)
    }

    fn text_of(value: &RawValue) -> &str {
        value.get().trim_matches('"')
    }

    fn error(self, at: &[u8], expected: String, found: String) -> ReadError {
        self.line_error(at, LineProblem::Json { expected, found })
    }

    /// An error at a slice of the body.
    fn line_error(self, at: &[u8], problem: LineProblem) -> ReadError {
        // Both are addresses in the same body; a slice from elsewhere would be at line 1.
        let offset = at.as_ptr().addr().saturating_sub(self.body.as_ptr().addr());
        let before = self.body.get(..offset).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', before).count() as u64;
        ReadError::Line { place: self.place.to_owned(), line, problem }
    }

    fn syntax(self, error: &serde_json::Error) -> ReadError {
        let problem = LineProblem::Json {
            expected: "complete JSON".to_owned(),
            found: shorten(&error.to_string()),
        };
        let line = error.line().max(1) as u64;
        ReadError::Line { place: self.place.to_owned(), line, problem }
    }
}

/// A value of JSON as the text that stands there, without its quotes.
pub(crate) fn bare(value: &RawValue) -> &str {
    let text = value.get();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests;
