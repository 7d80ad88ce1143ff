//! What several test modules share.

use std::path::PathBuf;

/// A file of the recorded market data beside the workspace; `None` where it is not there.
///
/// With `CI=true` the data must be there.
#[expect(clippy::disallowed_methods, reason = "tells CI from a developer's machine")]
pub(crate) fn shared_data(name: &str) -> Option<PathBuf> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let path = PathBuf::from(data).join(name);
    if path.exists() {
        return Some(path);
    }
    let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!is_ci, "CI must have {}", path.display());
    println!("skipped: {} is not there", path.display());
    None
}

/// A file of this repository.
pub(crate) fn repository_file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name)
}

/// A folder of a test, fresh and empty, which stays for a look when the test failed.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let folder = repository_file("target/tests/tape").join(name);
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("writable");
        path
    }
}

/// Bytes as a gzip stream.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).expect("memory");
    out.finish().expect("memory")
}

/// A zip archive, written here so that the reader is tested against the format and not itself.
pub(crate) fn zip(members: &[(&str, &[u8])], deflate: bool) -> Vec<u8> {
    use std::io::Write as _;
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut packed = bytes.to_vec();
        if deflate {
            let level = flate2::Compression::fast();
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).expect("memory");
            packed = encoder.finish().expect("memory");
        }
        let method: u16 = if deflate { 8 } else { 0 };
        let word = |value: usize| u32::try_from(value).expect("small").to_le_bytes();
        let half = |value: usize| u16::try_from(value).expect("small").to_le_bytes();
        // Version, flags, method, time, date, check sum, sizes, length of the name, no extra field.
        let mut about = [half(20), half(0), method.to_le_bytes(), half(0), half(0x21)].concat();
        about.extend(crc32fast::hash(bytes).to_le_bytes());
        about.extend([word(packed.len()), word(bytes.len())].concat());
        about.extend([half(name.len()), half(0)].concat());
        directory.extend([b"PK\x01\x02".as_slice(), &half(20), &about].concat());
        directory.extend([0; 10]);
        directory.extend(word(out.len()));
        directory.extend(name.as_bytes());
        out.extend([b"PK\x03\x04".as_slice(), &about, name.as_bytes(), &packed].concat());
    }
    let word = |value: usize| u32::try_from(value).expect("small").to_le_bytes();
    let count = u16::try_from(members.len()).expect("small").to_le_bytes();
    let start = out.len();
    out.extend(&directory);
    out.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count].concat());
    out.extend([word(directory.len()), word(start)].concat());
    out.extend([0; 2]);
    out
}
