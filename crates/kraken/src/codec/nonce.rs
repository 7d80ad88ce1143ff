//! The number that must rise with every private request of a key.

use model::UnixNanos;

/// Nonces of one key, in microseconds since 1970, strictly rising whatever the clock does.
///
/// Kraken refuses a nonce that is not above the last one it saw, for good: a clock that was once ahead
/// must not lock the key out.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    last: u64,
}

impl Nonces {
    /// The next nonce.
    pub(crate) fn next(&mut self, now: UnixNanos) -> u64 {
        let micros = u64::try_from(now.as_nanos() / 1_000).unwrap_or(0);
        self.last = micros.max(self.last.saturating_add(1));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_rise_though_the_clock_stands_or_falls() {
        let mut nonces = Nonces::default();
        let mut at = |micros: i64| nonces.next(UnixNanos::from_nanos(micros * 1_000));
        assert_eq!(at(1_000), 1_000);
        assert_eq!(at(1_000), 1_001);
        assert_eq!(at(500), 1_002);
        assert_eq!(at(-7), 1_003);
        assert_eq!(at(2_000), 2_000);
    }
}
