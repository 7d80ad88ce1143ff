//! Files as streams of bytes: plain, `.gz`, `.zip`, with their `.CHECKSUM`.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use crate::read_error::ReadError;
use crate::recording::Choice;

mod archive;
mod checksum;

use archive::Packed;
pub use archive::ZIP_MEMBERS_MAX;
pub use checksum::file_sha256;

/// How the bytes of a file are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// As one or more gzip streams.
    Gzip,
    /// As a member of a zip archive.
    Zip,
}

impl Compression {
    /// `none`, `gzip` or `zip`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zip => "zip",
        }
    }
}

/// A file, or a member of an archive, that can be opened.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// The path, with `!member` behind it for a member.
    pub(crate) place: String,
    pub(crate) compression: Compression,
    /// True when a `.CHECKSUM` lies beside the file and agrees.
    pub(crate) verified: bool,
    /// What is read of a recording.
    pub(crate) choice: Option<Choice>,
    packed: Option<Packed>,
}

/// The sources of a path: one, or the members of an archive, or one member of `FILE.zip!MEMBER`. What stands
/// behind a `#` chooses in a recording.
pub(crate) fn sources_of(path: &Path) -> Result<Vec<Source>, ReadError> {
    let shown = path.display().to_string();
    let split = if path.exists() { None } else { shown.rsplit_once('#') };
    let Some((file, choice)) = split else { return files_of(path) };
    let mut sources = files_of(Path::new(file))?;
    for source in &mut sources {
        source.choice = Some(Choice::parse(choice));
        source.place = format!("{}#{choice}", source.place);
    }
    Ok(sources)
}

fn files_of(path: &Path) -> Result<Vec<Source>, ReadError> {
    let shown = path.display().to_string();
    let (path, member) = match shown.split_once('!') {
        Some((archive, member)) if !path.exists() => (PathBuf::from(archive), Some(member)),
        _ => (path.to_owned(), None),
    };
    let mut file = open(&path)?;
    let io = |source| ReadError::Io { place: path.display().to_string(), source };
    let mut magic = [0; 4];
    let count = read_full(&mut file, &mut magic).map_err(io)?;
    let verified = checksum::verify(&path)?;
    let place = path.display().to_string();
    let source = |place: String, compression, packed| Source {
        path: path.clone(),
        place,
        compression,
        verified,
        choice: None,
        packed,
    };
    let is_zip = matches!(&magic[..count], b"PK\x03\x04" | b"PK\x05\x06");
    if !is_zip {
        if let Some(member) = member {
            return Err(ReadError::NotFound { place: format!("{place}!{member}") });
        }
        let gzip = magic.starts_with(&[0x1f, 0x8b]);
        let compression = if gzip { Compression::Gzip } else { Compression::None };
        return Ok(vec![source(place, compression, None)]);
    }
    file.seek(SeekFrom::Start(0)).map_err(io)?;
    let members = archive::members(&place, file, member)?;
    let of = |(name, packed)| source(format!("{place}!{name}"), Compression::Zip, Some(packed));
    Ok(members.into_iter().map(of).collect())
}

/// Counts the bytes of a file as they are read, packed as they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A file with its meter.
struct Metered {
    file: File,
    meter: Meter,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.meter.0.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Source {
    /// Bytes that the file or the member has, packed as it is.
    pub(crate) fn bytes(&self) -> u64 {
        let whole = || std::fs::metadata(&self.path).map_or(0, |about| about.len());
        self.packed.map_or_else(whole, Packed::packed_bytes)
    }

    /// The unpacked bytes. Wrong check sums of gzip and zip are I/O errors at their end.
    pub(crate) fn open(&self) -> Result<Box<dyn Read + Send>, ReadError> {
        self.open_metered(&Meter::default())
    }

    /// As [`Source::open`]; a meter counts what is read.
    pub(crate) fn open_metered(&self, meter: &Meter) -> Result<Box<dyn Read + Send>, ReadError> {
        let file = Metered { file: open(&self.path)?, meter: meter.clone() };
        Ok(match (self.compression, self.packed) {
            (Compression::Zip, Some(packed)) => packed.open(&self.place, file)?,
            (Compression::Gzip, _) => Box::new(MultiGzDecoder::new(io::BufReader::new(file))),
            _ => Box::new(file),
        })
    }

    /// The file itself, for readers that jump about in it.
    pub(crate) fn open_plain(&self) -> Result<File, ReadError> {
        if self.compression == Compression::None {
            return open(&self.path);
        }
        Err(ReadError::Columnar {
            place: self.place.clone(),
            expected: "a tape in columns as a plain file".to_owned(),
            found: format!("one packed with {}", self.compression.name()),
        })
    }
}

/// Opens a file that can be read more than once: first to decide what it is. Of a pipe, the start would be lost.
fn open(path: &Path) -> Result<File, ReadError> {
    let error = |source: io::Error| {
        let place = path.display().to_string();
        if source.kind() == io::ErrorKind::NotFound {
            ReadError::NotFound { place }
        } else {
            ReadError::Io { place, source }
        }
    };
    // Before it is opened, which waits for the other end of a pipe.
    let about = std::fs::metadata(path).map_err(error)?;
    if about.is_dir() {
        return Err(error(io::ErrorKind::IsADirectory.into()));
    }
    if !about.is_file() {
        return Err(error(io::Error::other("a pipe or a device, which cannot be read twice")));
    }
    File::open(path).map_err(error)
}

/// Reads until the buffer is full or the source ends.
pub(crate) fn read_full(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match source.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
