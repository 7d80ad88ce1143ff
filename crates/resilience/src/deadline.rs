#![doc = include_str!("../docs/deadline.md")]

use std::time::Duration;

use thiserror::Error;
use tokio::time::Instant;

/// The time was over before the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("deadline elapsed")]
pub struct DeadlineElapsed;

/// How long one attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptTimeout {
    /// The smaller of the normal timeout and the time left.
    pub timeout: Duration,
    /// Less than the normal timeout: running into it says how little time the caller had, and nothing
    /// about the other side, so a breaker must not count it.
    pub cut_short: bool,
}

/// A point in tokio time. Passed down by value, so that every layer waits for what is left of it
/// and none starts a budget of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

/// Farthest deadline from now: about 30 years, far from the end of what an instant can hold.
const AHEAD_MAX: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

impl Deadline {
    /// The deadline `duration` from now; at most 30 years.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration.min(AHEAD_MAX))
    }

    /// The deadline at an instant.
    pub const fn at(instant: Instant) -> Self {
        Self(instant)
    }

    /// The instant.
    pub const fn instant(self) -> Instant {
        self.0
    }

    /// The earlier of this deadline and `duration` from now.
    #[must_use]
    pub fn within(self, duration: Duration) -> Self {
        self.min(Self::after(duration))
    }

    /// Time left; zero when the deadline has elapsed.
    pub fn remaining(self) -> Duration {
        self.remaining_at(Instant::now())
    }

    /// Returns whether no time is left.
    pub fn is_elapsed(self) -> bool {
        self.remaining().is_zero()
    }

    /// The timeout of an attempt that would normally have `normal`.
    pub fn attempt(self, normal: Duration) -> AttemptTimeout {
        self.attempt_at(Instant::now(), normal)
    }

    /// Runs a future until the deadline. An elapsed deadline does not even start it.
    ///
    /// # Errors
    /// [`DeadlineElapsed`]: the future was not ready in time and has been dropped.
    ///
    /// # Cancel safety
    /// As safe as the future.
    pub async fn run<F: Future>(self, future: F) -> Result<F::Output, DeadlineElapsed> {
        if self.is_elapsed() {
            return Err(DeadlineElapsed);
        }
        tokio::time::timeout_at(self.0, future).await.map_err(|_| DeadlineElapsed)
    }

    fn remaining_at(self, now: Instant) -> Duration {
        self.0.saturating_duration_since(now)
    }

    fn attempt_at(self, now: Instant, normal: Duration) -> AttemptTimeout {
        let timeout = normal.min(self.remaining_at(now));
        AttemptTimeout { timeout, cut_short: timeout < normal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMAL: Duration = Duration::from_secs(10);

    #[test]
    fn case_c4_an_attempt_gets_what_is_left_and_knows_when_that_is_less() {
        let now = Instant::now();
        let check = |left_ms: u64, timeout_ms: u64, cut_short: bool| {
            let deadline = Deadline::at(now + Duration::from_millis(left_ms));
            let expected = AttemptTimeout { timeout: Duration::from_millis(timeout_ms), cut_short };
            assert_eq!(deadline.attempt_at(now, NORMAL), expected, "{left_ms}");
        };
        check(30_000, 10_000, false);
        check(10_000, 10_000, false);
        check(9_999, 9_999, true);
        check(5_000, 5_000, true);
        check(0, 0, true);
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_runs_until_the_deadline() {
        let sleep = |ms| tokio::time::sleep(Duration::from_millis(ms));
        let deadline = Deadline::after(Duration::from_millis(100));
        assert_eq!(deadline.run(sleep(40)).await, Ok(()));
        assert_eq!(deadline.remaining(), Duration::from_millis(60));
        assert_eq!(deadline.run(sleep(61)).await, Err(DeadlineElapsed));
        assert!(deadline.is_elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn an_elapsed_deadline_starts_nothing() {
        let mut started = false;
        let deadline = Deadline::after(Duration::ZERO);
        let result = deadline.run(async { started = true }).await;
        assert_eq!(result, Err(DeadlineElapsed));
        assert!(!started);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_deadline_does_not_overflow() {
        let deadline = Deadline::after(Duration::MAX);
        assert_eq!(deadline.remaining(), AHEAD_MAX);
        assert_eq!(deadline.within(NORMAL).remaining(), NORMAL);
    }
}
