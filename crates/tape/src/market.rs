//! Many files as one stream of rows, each read by what its content says it is.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::time::Duration;

use model::UnixNanos;

use crate::columnar::ColumnarReader;
use crate::delimited::Delimited;
use crate::detect::{Detected, HEAD_BYTES, detect, named_symbol};
use crate::format::Format;
use crate::json::Json;
use crate::read_error::ReadError;
use crate::recording::{Recording, State, Stream};
use crate::row::{RowKind, Rows};
use crate::source::{Compression, Meter, Source, read_full, sources_of};

mod ahead;

/// How files are read. The default detects everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadOptions {
    /// Format of every file; `None` detects it.
    pub format: Option<Format>,
    /// Length of a bar where the format does not tell it; `None` takes the smallest step of the first
    /// bars, or the length in the file name.
    pub interval: Option<Duration>,
}

/// A file of a tape, or a member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAbout {
    /// The path, with `!member` behind it for a member.
    pub place: String,
    /// Detected or forced.
    pub format: Format,
    /// Name of the market, where content or file name tell it.
    pub symbol: Option<String>,
    /// How the file is packed.
    pub compression: Compression,
    /// True when a `.CHECKSUM` lies beside the file; one that disagrees is an error.
    pub verified: bool,
    /// Levels of a side that a book shows at most, where it does not show all: the depth that Kraken agreed to send
    /// (as far as the first rows tell it), or that of Binance's partial streams.
    pub levels: Option<u32>,
    /// True when the file tells when each of its rows was received.
    pub received: bool,
    /// Time of the first row, which orders the files.
    pub first_ts: UnixNanos,
}

impl FileAbout {
    /// Levels of a side that all of these files show, where none shows every level.
    pub fn levels_of(files: &[Self]) -> Option<u32> {
        files.iter().map(|file| file.levels).min().flatten()
    }
}

/// Some rows of one file.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'r> {
    /// Which of [`MarketReader::files`].
    pub file: usize,
    /// Number of the first row: its line in a text file with lines, else its row, counted from 1.
    pub first: u64,
    /// The rows.
    pub rows: Rows<'r>,
    /// Rows of which digits beyond the unit were rounded; in recordings, rows of messages of which a level was
    /// left out, its price beyond the range.
    pub rounded: &'r [usize],
    /// Bars that the venue had not finished when it answered.
    pub unfinished: &'r [usize],
    /// Changes of a book that do not go on where the message before ended.
    pub broken: &'r [usize],
    /// First changes of messages after which a book is not what its checksum says.
    pub mismatched: &'r [usize],
    /// When each trade was received, where that is told; empty elsewhere, and of rows that tell it themselves.
    pub received: &'r [UnixNanos],
    /// The line of each row of a recording, where a line has no row or many; empty elsewhere.
    pub lines: &'r [u64],
}

impl Batch<'_> {
    /// Line, or row where the file has no lines, of one of the rows.
    pub fn number(&self, index: usize) -> u64 {
        self.lines.get(index).copied().unwrap_or(self.first + index as u64)
    }
}

/// Reads the rows of many files, in the order of their first rows, in bounded memory.
///
/// Rows of one file come in its order, whatever that is; nothing is dropped. Two files are never open
/// at once.
pub struct MarketReader {
    options: ReadOptions,
    kind: RowKind,
    files: Vec<FileAbout>,
    sources: Vec<Source>,
    /// The file being read, with its first batch already there.
    current: Option<Member>,
    next_file: usize,
    first_given: bool,
    /// Where the recording before ended.
    before: Option<(Stream, State)>,
    /// Bytes of the files before the current one, and of that one.
    bytes_done: u64,
    meter: Meter,
}

impl std::fmt::Debug for MarketReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MarketReader").field("files", &self.files).finish_non_exhaustive()
    }
}

impl MarketReader {
    /// Opens files. A path may be an archive, or `FILE.zip!MEMBER`.
    ///
    /// # Errors
    /// [`ReadError`]: no file, one that cannot be read, whose check sum, format or first row is wrong,
    /// or trades beside bars.
    pub fn open(paths: &[PathBuf], options: ReadOptions) -> Result<Self, ReadError> {
        let mut sources = Vec::new();
        for path in paths {
            sources.extend(sources_of(path)?);
        }
        let mut found: Vec<(FileAbout, Source)> = Vec::new();
        for source in sources {
            let (member, about) = Member::begin(&source, options, None, &Meter::default())?;
            drop(member);
            let first = found.first().map(|(first, _)| first);
            if let Some(first) = first.filter(|first| first.format.kind() != about.format.kind()) {
                return Err(ReadError::Mixed {
                    place: about.place,
                    expected: first.format.kind().name(),
                    first: first.place.clone(),
                    found: about.format.kind().name(),
                });
            }
            found.push((about, source));
        }
        // Stable: files that begin at once stay in the order given.
        found.sort_by_key(|(about, _)| about.first_ts);
        let kind = found.first().ok_or(ReadError::NoFiles)?.0.format.kind();
        let (files, sources) = found.into_iter().unzip();
        let (current, before) = (None, None);
        let (bytes_done, meter) = (0, Meter::default());
        let (next_file, first_given) = (0, false);
        Ok(Self {
            options,
            kind,
            files,
            sources,
            current,
            next_file,
            first_given,
            before,
            bytes_done,
            meter,
        })
    }

    /// What the rows are.
    pub const fn kind(&self) -> RowKind {
        self.kind
    }

    /// The files, in the order in which they are read.
    pub fn files(&self) -> &[FileAbout] {
        &self.files
    }

    /// The next rows of one file; `None` at the end.
    ///
    /// # Errors
    /// [`ReadError`] for the first line that is wrong, after the rows before it.
    pub fn next_batch(&mut self) -> Result<Option<Batch<'_>>, ReadError> {
        loop {
            if self.current.is_none() {
                let Some(source) = self.sources.get(self.next_file) else { return Ok(None) };
                self.meter = Meter::default();
                let before = self.before.take();
                let (member, _) = Member::begin(source, self.options, before, &self.meter)?;
                self.current = Some(member);
                self.next_file += 1;
                self.first_given = false;
            }
            let Some(member) = &mut self.current else { return Ok(None) };
            // The first batch was read to see the first row.
            let more = std::mem::replace(&mut self.first_given, true);
            if !more || member.advance()? {
                break;
            }
            self.end_file();
        }
        let file = self.next_file - 1;
        Ok(self.current.as_ref().map(|member| member.batch(file)))
    }

    /// Bytes that were read of all files, packed as they are, and how many they have.
    pub fn bytes(&self) -> (u64, u64) {
        let all = self.sources.iter().map(Source::bytes).sum();
        let here = match &self.current {
            Some(Member::Columnar(reader)) => reader.position(),
            Some(Member::Text(_) | Member::Json(_) | Member::Recording(_)) => self.meter.bytes(),
            None => 0,
        };
        (self.bytes_done.saturating_add(here).min(all), all)
    }

    /// Closes the file; the next one may go on with a recording.
    fn end_file(&mut self) {
        let ended = self.next_file.checked_sub(1).and_then(|at| self.sources.get(at));
        self.bytes_done += ended.map_or(0, Source::bytes);
        if let Some(Member::Recording(recording)) = self.current.take() {
            self.before = Some(recording.into_state());
        }
    }
}

/// The reader of one file.
enum Member {
    Text(Box<Delimited<Box<dyn Read + Send>>>),
    Json(Box<Json>),
    Recording(Box<Recording<Box<dyn Read + Send>>>),
    Columnar(Box<ColumnarReader>),
}

impl Member {
    /// Opens a file and reads its first batch, which is not empty.
    fn begin(
        source: &Source,
        options: ReadOptions,
        before: Option<(Stream, State)>,
        meter: &Meter,
    ) -> Result<(Self, FileAbout), ReadError> {
        let place = source.place.as_str();
        let mut bytes = source.open_metered(meter)?;
        let mut head = vec![0; HEAD_BYTES];
        let count = read_full(&mut bytes, &mut head)
            .map_err(|source| ReadError::Io { place: place.to_owned(), source })?;
        head.truncate(count);
        let detected = detect(place, &head, options.format, options.interval)?;
        let bytes: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(bytes));
        let named = named_symbol(place);
        let (mut member, format, symbol) = match detected {
            Detected::Text(layout) => {
                let format = layout.format;
                let reader = Delimited::new(place, layout, bytes);
                (Self::Text(Box::new(reader)), format, named)
            }
            Detected::Json => {
                let nanos = options.interval.and_then(|t| i64::try_from(t.as_nanos()).ok());
                let json = Json::read(place, bytes, nanos)?;
                let (format, symbol) = (json.format, json.symbol.clone().or(named));
                (Self::Json(Box::new(json)), format, symbol)
            }
            Detected::Recording => {
                let choice = source.choice.clone().unwrap_or_default().forced(options.format);
                let reader = Recording::new(place, &choice, source.open()?, bytes, before)?;
                let (format, symbol) = (reader.stream().format, reader.stream().symbol.clone());
                (Self::Recording(Box::new(reader)), format, Some(symbol))
            }
            Detected::Columnar => {
                let reader = ColumnarReader::new(place, source.open_plain()?)?;
                let format = columnar_format(reader.kind());
                let symbol = reader.symbol().map(str::to_owned).or(named);
                (Self::Columnar(Box::new(reader)), format, symbol)
            }
        };
        if let Some(forced) = options.format.filter(|forced| *forced != format) {
            let (expected, found) = (forced.to_string(), format.to_string());
            return Err(ReadError::OtherFormat { place: place.to_owned(), expected, found });
        }
        let is_recording = matches!(member, Self::Recording(_));
        if source.choice.is_some() && !is_recording {
            let (place, expected) =
                (place.to_owned(), "a recording, since `#` chooses in one".to_owned());
            return Err(ReadError::OtherFormat { place, expected, found: format.to_string() });
        }
        let empty = || ReadError::Empty { place: place.to_owned() };
        if !member.advance()? {
            return Err(empty());
        }
        let first_ts = match member.batch(0).rows {
            Rows::Trades(rows) => rows.first().map(|row| row.ts),
            Rows::Bars(rows) => rows.first().map(|row| row.open_ts),
            Rows::Quotes(rows) => rows.first().map(|row| row.ts),
            Rows::Book(rows) => rows.first().map(|row| row.ts),
            Rows::Orders(rows) => rows.first().map(|row| row.ts),
        };
        let about = FileAbout {
            place: place.to_owned(),
            format,
            symbol,
            compression: source.compression,
            verified: source.verified,
            levels: member.levels(),
            received: member.tells_received(),
            first_ts: first_ts.ok_or_else(empty)?,
        };
        Ok((member, about))
    }

    /// See [`FileAbout::received`].
    fn tells_received(&self) -> bool {
        match self {
            Self::Text(reader) => reader.layout().tells_received(),
            Self::Recording(recording) => recording.tells_received(),
            Self::Columnar(reader) => reader.tells_received(),
            Self::Json(_) => false,
        }
    }

    /// See [`FileAbout::levels`].
    fn levels(&self) -> Option<u32> {
        match self {
            Self::Recording(recording) => recording.levels(),
            Self::Columnar(reader) => reader.levels(),
            Self::Text(_) | Self::Json(_) => None,
        }
    }

    fn advance(&mut self) -> Result<bool, ReadError> {
        match self {
            Self::Text(reader) => reader.advance(),
            Self::Json(reader) => Ok(reader.advance()),
            Self::Recording(reader) => reader.advance(),
            Self::Columnar(reader) => reader.advance(),
        }
    }

    fn batch(&self, file: usize) -> Batch<'_> {
        match self {
            Self::Text(reader) => Batch {
                file,
                first: reader.first_line(),
                rows: reader.rows(),
                rounded: reader.rounded(),
                unfinished: &[],
                broken: reader.broken(),
                mismatched: &[],
                received: reader.received(),
                lines: &[],
            },
            Self::Recording(reader) => Batch {
                file,
                first: reader.parsed().lines.first().copied().unwrap_or(1),
                rows: reader.rows(),
                rounded: &reader.parsed().rounded,
                unfinished: &reader.parsed().unfinished,
                broken: &reader.parsed().broken,
                mismatched: &reader.parsed().mismatched,
                received: &reader.parsed().received,
                lines: &reader.parsed().lines,
            },
            Self::Json(reader) => Batch {
                file,
                first: 1,
                rows: reader.rows(),
                rounded: &[],
                unfinished: &reader.unfinished,
                broken: &[],
                mismatched: &[],
                received: &[],
                lines: &[],
            },
            Self::Columnar(reader) => Batch {
                file,
                first: reader.first_row(),
                rows: reader.rows(),
                rounded: &[],
                unfinished: &[],
                broken: &[],
                mismatched: &[],
                received: &[],
                lines: &[],
            },
        }
    }
}

/// The format of a tape in columns.
const fn columnar_format(kind: RowKind) -> Format {
    match kind {
        RowKind::Trades => Format::ColumnarTrades,
        RowKind::Bars => Format::ColumnarBars,
        RowKind::Quotes => Format::ColumnarQuotes,
        RowKind::Book => Format::ColumnarBook,
        RowKind::Orders => Format::ColumnarOrders,
    }
}

#[cfg(test)]
mod mutated;
#[cfg(test)]
mod tests;
