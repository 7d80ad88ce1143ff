//! What the fuzz targets share: bytes as a file, read to its end; as what a client sends to the simulated
//! venue; as what the venue sends to its client. Rows, answers or an error, never a panic.

pub mod client;
pub mod venue;

use std::path::PathBuf;

use tape::{CheckedReader, Format, MarketReader, QualityConfig, ReadOptions};

/// Reads bytes as a file whose name ends with `choice`; the first byte chooses among the formats.
pub fn read(data: &[u8], formats: &[Format], choice: &str) {
    let Some((first, bytes)) = data.split_first() else { return };
    let format = formats.get(usize::from(*first) % (formats.len() + 1)).copied();
    let path = std::env::temp_dir().join(format!("wavetank-fuzz-{}", std::process::id()));
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    let path = PathBuf::from(format!("{}{choice}", path.display()));
    let options = ReadOptions { format, interval: None };
    let Ok(reader) = MarketReader::open(&[path], options) else { return };
    let mut checked = CheckedReader::survey(reader, QualityConfig::default());
    while let Ok(Some(_)) = checked.next_batch() {}
}

/// The formats whose names begin so.
pub fn formats(prefixes: &[&str]) -> Vec<Format> {
    let begins = |format: &Format| prefixes.iter().any(|prefix| format.name().starts_with(prefix));
    Format::ALL.into_iter().filter(begins).collect()
}
