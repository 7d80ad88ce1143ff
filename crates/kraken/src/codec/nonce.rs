//! The number that must rise with every private request of a key.

use std::time::Duration;

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

    /// The next ones are higher by so much: those before were not high enough.
    pub(crate) fn leap(&mut self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.last = self.last.saturating_add(micros);
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

    #[test]
    fn nonces_leap_and_go_on_from_there() {
        let mut nonces = Nonces::default();
        let now = UnixNanos::from_nanos(5_000_000);
        assert_eq!(nonces.next(now), 5_000);
        nonces.leap(Duration::from_millis(7));
        assert_eq!((nonces.next(now), nonces.next(now)), (12_001, 12_002));
    }
}
