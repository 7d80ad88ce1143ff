//! Members of zip archives. The `zip` crate reads the directory; the bytes are unpacked here, so that
//! a member is a stream of its own.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};

use crc32fast::Hasher;
use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::Metered;
use crate::read_error::ReadError;

/// Most files in an archive.
pub const ZIP_MEMBERS_MAX: usize = 10_000;

/// Where a member lies in its archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packed {
    start: u64,
    packed_bytes: u64,
    bytes: u64,
    crc: u32,
    stored: bool,
}

/// The members with their names, in the order of the archive; only `wanted` if it is given.
pub(super) fn members(
    place: &str,
    file: File,
    wanted: Option<&str>,
) -> Result<Vec<(String, Packed)>, ReadError> {
    let refused = |place: String, found: String| ReadError::Archive { place, found };
    let broken = |error: zip::result::ZipError| refused(place.to_owned(), error.to_string());
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    if archive.len() > ZIP_MEMBERS_MAX {
        let found = format!("{} files, more than {ZIP_MEMBERS_MAX}", archive.len());
        return Err(refused(place.to_owned(), found));
    }
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(broken)?;
        let name = member.name().map_err(broken)?.into_owned();
        let base = name.rsplit('/').next().unwrap_or_default();
        let is_readme = base.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("readme"));
        let is_mac = name.starts_with("__MACOSX/") || name.contains("/._");
        let is_chaff = member.is_dir() || is_mac || is_readme;
        if wanted.map_or(is_chaff, |wanted| wanted != name) {
            continue;
        }
        let refuse = |found: String| refused(format!("{place}!{name}"), found);
        let method = member.compression();
        if member.encrypted() {
            return Err(refuse("an encrypted one".to_owned()));
        }
        if ![CompressionMethod::STORE, CompressionMethod::DEFLATE].contains(&method) {
            return Err(refuse(format!("the method {method}")));
        }
        let Some(start) = member.data_start() else {
            return Err(refuse("no beginning of its data".to_owned()));
        };
        let packed = Packed {
            start,
            packed_bytes: member.compressed_size(),
            bytes: member.size(),
            crc: member.crc32(),
            stored: method == CompressionMethod::STORE,
        };
        members.push((name, packed));
    }
    match wanted {
        Some(wanted) if members.is_empty() => {
            Err(ReadError::NotFound { place: format!("{place}!{wanted}") })
        }
        _ if members.is_empty() => Err(ReadError::Empty { place: place.to_owned() }),
        _ => Ok(members),
    }
}

impl Packed {
    /// Its bytes in the archive.
    pub(super) const fn packed_bytes(self) -> u64 {
        self.packed_bytes
    }

    /// The unpacked bytes, of which number and check sum are verified at the end.
    pub(super) fn open(
        self,
        place: &str,
        mut file: Metered,
    ) -> Result<Box<dyn Read + Send>, ReadError> {
        file.file
            .seek(SeekFrom::Start(self.start))
            .map_err(|source| ReadError::Io { place: place.to_owned(), source })?;
        let packed = BufReader::new(file.take(self.packed_bytes));
        Ok(if self.stored {
            Box::new(Checked::new(packed, self))
        } else {
            Box::new(Checked::new(DeflateDecoder::new(packed), self))
        })
    }
}

/// Compares what was read with what the directory of the archive says.
struct Checked<R> {
    inner: R,
    hash: Hasher,
    bytes: u64,
    packed: Packed,
}

impl<R> Checked<R> {
    fn new(inner: R, packed: Packed) -> Self {
        Self { inner, hash: Hasher::new(), bytes: 0, packed }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        let is_end = count == 0 && !buffer.is_empty();
        let differs =
            self.bytes != self.packed.bytes || self.hash.clone().finalize() != self.packed.crc;
        if self.bytes > self.packed.bytes || (is_end && differs) {
            let message = "the unpacked bytes differ from the archive's check sum";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(count)
    }
}
