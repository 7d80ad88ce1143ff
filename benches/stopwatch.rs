//! How long the work of a whole run takes.

use std::time::Instant;

/// What work gives, and the seconds that it takes.
pub(crate) fn seconds<T>(work: impl FnOnce() -> T) -> (T, f64) {
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let started = Instant::now();
    let result = std::hint::black_box(work());
    #[expect(clippy::disallowed_methods, reason = "a bench measures the machine")]
    let elapsed = started.elapsed();
    (result, elapsed.as_secs_f64())
}
