//! What can be seen of a limiter.

use std::cmp::Ordering;
use std::time::Duration;

use super::Limiter;

/// A limiter at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimiterSnapshot {
    /// How far each of its limits is used up: its windows, the longest first, or its counter.
    pub limits: Vec<LimitUse>,
    /// Requests that wait.
    pub waiting: usize,
    /// Requests that were refused since the start.
    pub refused: u64,
    /// Rest of a pause; zero if there is none.
    pub paused_for: Duration,
}

/// How far one limit is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitUse {
    /// Length of the window; `None` for a decaying counter.
    pub window: Option<Duration>,
    /// Weight within the window, or the counter's value, rounded up.
    pub used: u32,
    /// Highest such value.
    pub capacity: u32,
}

impl LimiterSnapshot {
    /// The limit that is used up most, in proportion.
    pub fn tightest(&self) -> LimitUse {
        let none = LimitUse { window: None, used: 0, capacity: 0 };
        self.limits.iter().copied().max_by(LimitUse::compare).unwrap_or(none)
    }

    /// [`LimitUse::used`] of the tightest limit.
    pub fn used(&self) -> u32 {
        self.tightest().used
    }
}

impl LimitUse {
    fn compare(&self, other: &Self) -> Ordering {
        let cross = |a: &Self, b: &Self| u64::from(a.used) * u64::from(b.capacity);
        cross(self, other).cmp(&cross(other, self))
    }

    /// How metrics call it: `60s`, `decaying`.
    fn label(&self) -> String {
        self.window.map_or_else(|| "decaying".to_owned(), |length| format!("{length:?}"))
    }
}

impl Limiter {
    /// Writes what [`Limiter::snapshot`] shows to the metrics recorder:
    /// `wavetank_limiter_{used,capacity}`, by `limiter` and `window`, and
    /// `wavetank_limiter_{waiting,refused_total,paused_seconds}`, by `limiter`.
    pub fn publish(&self) {
        let snapshot = self.snapshot();
        let name = || self.name().to_owned();
        for limit in &snapshot.limits {
            let window = || limit.label();
            metrics::gauge!("wavetank_limiter_used", "limiter" => name(), "window" => window())
                .set(f64::from(limit.used));
            metrics::gauge!("wavetank_limiter_capacity", "limiter" => name(), "window" => window())
                .set(f64::from(limit.capacity));
        }
        let waiting = u32::try_from(snapshot.waiting).unwrap_or(u32::MAX);
        metrics::gauge!("wavetank_limiter_waiting", "limiter" => name()).set(f64::from(waiting));
        metrics::counter!("wavetank_limiter_refused_total", "limiter" => name())
            .absolute(snapshot.refused);
        metrics::gauge!("wavetank_limiter_paused_seconds", "limiter" => name())
            .set(snapshot.paused_for.as_secs_f64());
    }
}
