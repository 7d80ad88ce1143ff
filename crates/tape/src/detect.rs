//! Which format a file has, from the beginning of its content.

use std::time::Duration;

use crate::delimited::Delimited;
use crate::format::Format;
use crate::layout::{Layout, normalised};
use crate::read_error::{ReadError, shorten};
use crate::recording::is_recording;
use crate::row::{RowKind, Rows};

/// Bytes of the content that decide.
pub(crate) const HEAD_BYTES: usize = 64 * 1024;

/// First bytes of a tape in columns.
pub(crate) const COLUMNAR_MAGIC: &[u8] = b"PAR1";

/// What reads a file.
#[derive(Debug)]
pub(crate) enum Detected {
    /// Text with columns.
    Text(Layout),
    /// JSON of a venue; which one shows when it is parsed.
    Json,
    /// Messages of a venue as they were recorded.
    Recording,
    /// A tape in columns.
    Columnar,
}

/// Decides by the head of a file that is not empty.
pub(crate) fn detect(
    place: &str,
    head: &[u8],
    forced: Option<Format>,
    interval: Option<Duration>,
) -> Result<Detected, ReadError> {
    let unknown =
        |found: &str| ReadError::UnknownFormat { place: place.to_owned(), found: found.to_owned() };
    if head.starts_with(COLUMNAR_MAGIC) {
        return Ok(Detected::Columnar);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if let Some(byte) = text.iter().find(|byte| is_binary(**byte)) {
        return Err(unknown(&format!("binary data (byte {byte:#04x})")));
    }
    if is_recording(text) {
        return Ok(Detected::Recording);
    }
    match text.trim_ascii_start().first() {
        None => return Err(ReadError::Empty { place: place.to_owned() }),
        Some(b'{' | b'[') => return Ok(Detected::Json),
        Some(_) => {}
    }
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line));
    let first = lines.next().unwrap_or_default();
    let second = lines.next().unwrap_or_default();
    let mut layout =
        layout_of(first.trim_end(), second.trim_end(), forced).map_err(|found| match forced {
            Some(forced) => ReadError::OtherFormat {
                place: place.to_owned(),
                expected: forced.to_string(),
                found,
            },
            None => unknown(&found),
        })?;
    if layout.format.kind() == RowKind::Bars {
        let found = bar_nanos(place, head, &layout, interval);
        // Where rows tell their ends, it is for those whose end makes no sense.
        layout.bar_nanos = if layout.tells_end() { found.unwrap_or(0) } else { found? };
    }
    Ok(Detected::Text(layout))
}

/// A control character that no text has.
fn is_binary(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t')
}

/// The layout of the first two lines, or what they look like.
fn layout_of(first: &str, second: &str, forced: Option<Format>) -> Result<Layout, String> {
    let delimiter = [b',', b';', b'\t'].into_iter().find(|byte| first.as_bytes().contains(byte));
    let Some(delimiter) = delimiter else {
        return Err(format!("the line `{}`", shorten(first)));
    };
    let split = char::from(delimiter);
    let fields: Vec<&str> = first.split(split).collect();
    let shapes: Vec<Shape> = fields.iter().map(|field| Shape::of(field)).collect();
    let is_header = shapes.iter().all(|shape| matches!(shape, Shape::Word | Shape::Empty));
    if is_header {
        let names: Vec<String> = fields.iter().map(|name| normalised(name)).collect();
        let row: Vec<&str> = second.split(split).collect();
        let layout = Layout::of_header(delimiter, &names, &row)
            .map_err(|why| format!("the header `{}`: {why}", shorten(first)))?;
        return check_forced(layout, forced);
    }
    let format = match forced {
        Some(format) => Some(format),
        None if is_book_ticker(&fields) => Some(Format::BinanceBookTicker),
        None => guess(&shapes),
    };
    let layout = format.and_then(|format| Layout::without_header(format, fields.len()));
    match layout {
        Some(mut layout) => {
            layout.delimiter = delimiter;
            layout.is_binance_spot &= delimiter == b',';
            Ok(layout)
        }
        None => Err(format!("{} columns `{}`", fields.len(), shorten(first))),
    }
}

/// A header tells the columns; a forced format may only give them another name of the same kind.
fn check_forced(mut layout: Layout, forced: Option<Format>) -> Result<Layout, String> {
    match forced {
        None => Ok(layout),
        Some(format) if format.kind() == layout.format.kind() && !is_columnar(format) => {
            layout.format = format;
            Ok(layout)
        }
        Some(_) => Err(format!("a header of {}", layout.format)),
    }
}

const fn is_columnar(format: Format) -> bool {
    matches!(
        format,
        Format::ColumnarTrades
            | Format::ColumnarBars
            | Format::ColumnarQuotes
            | Format::ColumnarBook
            | Format::ColumnarOrders
    )
}

/// Best prices of Binance have seven numbers, as Kraken's bars have; but their last one is a time in
/// milliseconds, where a bar tells the number of its trades.
fn is_book_ticker(fields: &[&str]) -> bool {
    const MILLIS: std::ops::Range<u64> = 1_000_000_000_000..100_000_000_000_000;
    let is_time = |field: Option<&&str>| {
        field.and_then(|text| text.parse::<u64>().ok()).is_some_and(|time| MILLIS.contains(&time))
    };
    fields.len() == 7 && is_time(fields.get(5)) && is_time(fields.get(6))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Empty,
    Number,
    Flag,
    Word,
}

impl Shape {
    fn of(field: &str) -> Self {
        let field = field.trim();
        let first = field.trim_start_matches(['-', '+']).bytes().next();
        match (field, first) {
            ("", _) => Self::Empty,
            ("True" | "False" | "true" | "false", _) => Self::Flag,
            (_, Some(b'0'..=b'9' | b'.')) => Self::Number,
            _ => Self::Word,
        }
    }
}

/// The format of a line without header, by the number of its columns and what they look like.
fn guess(shapes: &[Shape]) -> Option<Format> {
    use Shape::{Flag, Number, Word};
    match shapes {
        [Number, Number, Number] => Some(Format::KrakenTrades),
        [Number, Number, Number, Number, Number, Flag] => Some(Format::BinanceTrades),
        [Number, Number, Number, Number, Number, Flag, Flag] => Some(Format::BinanceTrades),
        [rest @ .., Flag] if rest.len() == 6 && all_numbers(rest) => Some(Format::BinanceAggTrades),
        [rest @ .., Flag, Flag] if rest.len() == 6 && all_numbers(rest) => {
            Some(Format::BinanceAggTrades)
        }
        // A date counts as a number here: it begins with one.
        [Number, Number, Word, rest @ ..] if rest.len() == 7 && all_numbers(rest) => {
            Some(Format::CryptoDataDownloadBars)
        }
        shapes if all_numbers(shapes) => match shapes.len() {
            6 => Some(Format::CsvBars),
            7 => Some(Format::KrakenOhlcvt),
            12 => Some(Format::BinanceKlines),
            _ => None,
        },
        _ => None,
    }
}

fn all_numbers(shapes: &[Shape]) -> bool {
    shapes.iter().all(|shape| *shape == Shape::Number)
}

/// Length of the bars: given, or the smallest step of the first ones, unless the file name says less.
fn bar_nanos(
    place: &str,
    head: &[u8],
    layout: &Layout,
    interval: Option<Duration>,
) -> Result<i64, ReadError> {
    let given = interval.and_then(|interval| i64::try_from(interval.as_nanos()).ok());
    if let Some(given) = given {
        return Ok(given);
    }
    let whole_lines = memchr::memrchr(b'\n', head).map_or(head, |at| &head[..=at]);
    let mut times = Vec::new();
    let mut reader = Delimited::new(place, layout.clone(), whole_lines);
    let wrong = loop {
        match reader.advance() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
        if let Rows::Bars(bars) = reader.rows() {
            times.extend(bars.iter().map(|bar| bar.open_ts.as_nanos()));
        }
    };
    // A wrong line behind enough bars is the reader's to tell, later and with what comes before.
    let unknown = || ReadError::Interval { place: place.to_owned() };
    length_of_bars(place, &times).ok_or_else(|| wrong.unwrap_or_else(unknown))
}

/// The smallest step between neighbours, or the length in the file name where that is smaller.
pub(crate) fn length_of_bars(place: &str, times: &[i64]) -> Option<i64> {
    let steps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]).saturating_abs());
    let seen = steps.filter(|step| *step > 0).min();
    let named = named_length(place);
    match (seen, named) {
        (Some(seen), Some(named)) => Some(seen.min(named)),
        (seen, named) => seen.or(named),
    }
}

/// Minutes of the bars that Kraken's archive holds.
const KRAKEN_MINUTES: [i64; 8] = [1, 5, 15, 30, 60, 240, 720, 1_440];

/// The length that a file name tells: `BTCUSDT-1m-2024-08.csv`, `XBTUSD_60.csv`.
fn named_length(place: &str) -> Option<i64> {
    let name = place.rsplit(['/', '!']).next().unwrap_or(place);
    let stem = name.split('.').next().unwrap_or(name);
    let second: i64 = 1_000_000_000;
    stem.split(['-', '_']).enumerate().skip(1).find_map(|(at, part)| {
        let digits = part.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let count: i64 = digits.parse().ok().filter(|count| (1..=1_440).contains(count))?;
        let unit = match &part[digits.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 604_800,
            // Later bare numbers are dates.
            "" if at == 1 && KRAKEN_MINUTES.contains(&count) => 60,
            _ => return None,
        };
        Some(count * unit * second)
    })
}

/// The symbol that a file name tells: `BTCUSDT-trades-2024-08.csv`, `XBTUSD_60.csv`.
pub(crate) fn named_symbol(place: &str) -> Option<String> {
    let name = place.rsplit(['/', '!']).next().unwrap_or(place);
    let symbol = name.split(['-', '_', '.']).next().unwrap_or(name);
    let is_symbol = (4..=20).contains(&symbol.len())
        && symbol.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && symbol.bytes().any(|byte| byte.is_ascii_uppercase());
    is_symbol.then(|| symbol.to_owned())
}

#[cfg(test)]
mod tests;
