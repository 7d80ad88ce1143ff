//! What several test modules share.

use std::ops::Deref;
use std::path::{Path, PathBuf};

/// An empty folder for the files of one test; it goes with its owner.
#[derive(Debug)]
pub(crate) struct ScratchDir(PathBuf);

impl ScratchDir {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("wavetank-scenario-{name}-{}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }
}

impl Deref for ScratchDir {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // A folder left behind harms nobody; a second panic would hide the first.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
