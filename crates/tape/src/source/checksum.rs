//! Binance's `.CHECKSUM` files: `<SHA-256 in hex>  <file name>`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::open;
use crate::read_error::{ReadError, shorten};

/// Bytes of a `.CHECKSUM` that are looked at.
const CHECKSUM_BYTES_MAX: usize = 1_024;

/// Compares a file with the `.CHECKSUM` beside it; false when there is none.
pub(super) fn verify(path: &Path) -> Result<bool, ReadError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".CHECKSUM");
    let beside = PathBuf::from(beside);
    if !beside.exists() {
        return Ok(false);
    }
    let expected = expected(&beside)?;
    let found = file_sha256(path)?;
    if found == expected {
        return Ok(true);
    }
    Err(ReadError::Checksum { path: path.to_owned(), expected, found })
}

fn expected(path: &Path) -> Result<String, ReadError> {
    let mut text = vec![0; CHECKSUM_BYTES_MAX];
    let count = super::read_full(&mut open(path)?, &mut text)
        .map_err(|source| ReadError::Io { place: path.display().to_string(), source })?;
    let text = String::from_utf8_lossy(&text[..count]);
    let hash = text.split_whitespace().next().unwrap_or_default();
    if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(hash.to_ascii_lowercase());
    }
    Err(ReadError::ChecksumFile { path: path.to_owned(), found: shorten(&text) })
}

/// The SHA-256 of a file, in lower-case hex digits.
///
/// # Errors
/// [`ReadError`]: the file cannot be read.
pub fn file_sha256(path: &Path) -> Result<String, ReadError> {
    let io = |source| ReadError::Io { place: path.display().to_string(), source };
    let mut file: File = open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = file.read(&mut buffer).map_err(io)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
