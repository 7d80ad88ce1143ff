//! loom's types with the faces of those in `crates/resilience/src/sync.rs`.

use loom::sync::MutexGuard;
use loom::sync::atomic::AtomicBool;

pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// As `parking_lot::Mutex`.
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().expect("nothing panics under a lock")
    }
}

/// As `std::sync::OnceLock`, which loom does not have: who has not yet seen that the value is there
/// gets none, and who has sees everything that happened before.
pub(crate) struct OnceLock<T> {
    there: AtomicBool,
    value: std::sync::OnceLock<T>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { there: AtomicBool::new(false), value: std::sync::OnceLock::new() }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        if self.there.load(Ordering::Acquire) { self.value.get() } else { None }
    }

    pub(crate) fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        let value = self.value.get_or_init(init);
        self.there.store(true, Ordering::Release);
        value
    }
}
