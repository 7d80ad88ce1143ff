//! The exact sliding window. Sans-IO.
//!
//! Keeps what passed and when, so that no window of the configured length, wherever it begins, sees
//! more than the capacity. A token bucket would let nearly twice as much through (its burst and its
//! refill), and a fixed window twice as much across its edge: enough to be banned for.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// What passed within the last window.
///
/// Windows are half-open: what passed at `t` is gone at `t + length`, exactly.
#[derive(Debug)]
pub(super) struct SlidingWindow {
    capacity: u32,
    length: Duration,
    /// Weights above zero, oldest first. At most `capacity` entries, since each weighs at least 1.
    passed: VecDeque<(Instant, u32)>,
    used: u32,
}

impl SlidingWindow {
    pub(super) const fn new(capacity: u32, length: Duration) -> Self {
        Self { capacity, length, passed: VecDeque::new(), used: 0 }
    }

    pub(super) const fn capacity(&self) -> u32 {
        self.capacity
    }

    /// Weight that passed within the window that ends now.
    pub(super) fn used(&self, now: Instant) -> u32 {
        let gone = self.passed.iter().take_while(|&&(at, _)| self.is_gone(at, now));
        self.used - gone.map(|&(_, weight)| weight).sum::<u32>()
    }

    /// When `weight`, at most the capacity, may pass; `None` for now.
    pub(super) fn ready_at(&mut self, weight: u32, now: Instant) -> Option<Instant> {
        while let Some(&(at, weight)) =
            self.passed.front().filter(|&&(at, _)| self.is_gone(at, now))
        {
            debug_assert!(at <= now, "what is gone lies in the past");
            self.used -= weight;
            self.passed.pop_front();
        }
        let mut excess = (self.used.saturating_add(weight)).checked_sub(self.capacity)?;
        let mut ready_at = None;
        for &(at, weight) in &self.passed {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(weight);
            ready_at = Some(at + self.length);
        }
        ready_at
    }

    /// Notes that `weight` passes now. Only after [`SlidingWindow::ready_at`] said so.
    pub(super) fn take(&mut self, weight: u32, now: Instant) {
        if weight == 0 {
            return;
        }
        // Threads may arrive here in another order than they read the clock.
        let now = self.passed.back().map_or(now, |&(last, _)| last.max(now));
        self.used += weight;
        assert!(self.used <= self.capacity, "taken only what is ready");
        self.passed.push_back((now, weight));
    }

    fn is_gone(&self, at: Instant, now: Instant) -> bool {
        now.saturating_duration_since(at) >= self.length
    }
}
