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
