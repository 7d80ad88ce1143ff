use platform::{Entropy, EntropyStream};
use proptest::prelude::*;

use super::*;

fn stream() -> EntropyStream {
    Entropy::from_seed(1).stream("backoff")
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn with_jitter(jitter: Jitter) -> BackoffConfig {
    BackoffConfig { jitter, ..BackoffConfig::default() }
}

#[test]
fn case_c8_bounds_double_up_to_the_cap() {
    let config = with_jitter(Jitter::None);
    let delays: Vec<_> = (0..7).map(|attempt| config.delay(attempt, &mut stream())).collect();
    assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30].map(secs));
    for attempt in [31, 32, 33, u32::MAX] {
        assert_eq!(config.delay(attempt, &mut stream()), secs(30), "{attempt}");
    }
}

#[test]
fn case_c8_the_server_wins_if_it_asks_for_more() {
    let config = with_jitter(Jitter::None);
    let after = |retry_after| config.delay_after(0, retry_after, &mut stream());
    assert_eq!(after(Duration::ZERO), secs(1));
    assert_eq!(after(secs(45)), secs(45), "above the cap, too");
    assert_eq!(after(Duration::MAX), RETRY_AFTER_MAX);
}

#[test]
fn case_c8_a_delay_follows_its_stream_only() {
    let config = BackoffConfig::default();
    let schedule = |name: &str| -> Vec<_> {
        let mut rng = Entropy::from_seed(1).stream(name);
        (0..4).map(|attempt| config.delay(attempt, &mut rng)).collect()
    };
    assert_eq!(schedule("a"), schedule("a"));
    assert_ne!(schedule("a"), schedule("b"));
}

#[test]
fn settings_out_of_range_are_errors() {
    let check = |base, cap, expected| {
        let jitter = Jitter::Full;
        assert_eq!(BackoffConfig { base, cap, jitter }.validate(), expected);
    };
    check(secs(1), secs(1), Ok(()));
    check(Duration::from_micros(999), secs(1), Err(BackoffConfigError::BaseTooShort));
    check(secs(2), secs(1), Err(BackoffConfigError::CapBelowBase));
    check(secs(1), RETRY_AFTER_MAX * 2, Err(BackoffConfigError::CapTooLong));
}

proptest! {
    #[test]
    fn a_delay_stays_in_its_bounds(seed: u64, base_ms in 1..5000_u64, more_ms in 0..60_000_u64,
                                   attempt in 0..70_u32) {
        let base = Duration::from_millis(base_ms);
        let cap = Duration::from_millis(base_ms + more_ms);
        let delay = |jitter| {
            let mut rng = Entropy::from_seed(seed).stream("backoff");
            BackoffConfig { base, cap, jitter }.delay(attempt, &mut rng)
        };
        let bound = delay(Jitter::None);
        prop_assert!(base <= bound && bound <= cap);
        prop_assert!(delay(Jitter::Full) <= bound);
        let equal = delay(Jitter::Equal);
        prop_assert!(bound <= equal * 2 && equal <= bound);
    }
}
