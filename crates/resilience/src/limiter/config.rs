//! What a limiter can be told.

use std::time::Duration;

use thiserror::Error;

/// Longest window, longest bound of a wait, longest pause.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);

/// Most windows of one limiter. Each is looked at in every call.
const WINDOWS_MAX: usize = 8;

/// Largest `max` of a counter and, in units per second, largest decay: its arithmetic is exact up
/// to here.
const COUNTER_MAX: u32 = 1_000_000;

/// How a venue counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimiterConfig {
    /// Sliding windows, all of which must hold: so much per second and so much per minute. One to
    /// eight, each of another length.
    Windows(Vec<WindowLimit>),
    /// A counter that calls raise and time lowers.
    Counter(CounterLimit),
}

/// At most so much weight in any window of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLimit {
    /// Weight that may pass within one window. Above 0.
    pub capacity: u32,
    /// Length of the window. Above 0, at most a day.
    pub window: Duration,
}

/// A counter that each call raises by its weight, that falls at a constant rate down to zero, and
/// that must never exceed its maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterLimit {
    /// Highest value. 1 to 1 000 000.
    pub max: u32,
    /// By how much it falls, in thousandths of a unit per second: 330 for 0.33 per second.
    /// 1 to 1 000 000 000.
    pub decay_milli_per_s: u32,
}

impl LimiterConfig {
    /// One window.
    pub fn window(capacity: u32, window: Duration) -> Self {
        Self::Windows(vec![WindowLimit { capacity, window }])
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`LimiterConfigError`]: a value is out of range.
    pub fn validate(&self) -> Result<(), LimiterConfigError> {
        match self {
            Self::Windows(windows) => validate_windows(windows),
            Self::Counter(counter) => counter.validate(),
        }
    }
}

impl Default for LimiterConfig {
    /// 1200 per minute.
    fn default() -> Self {
        Self::window(1200, Duration::from_secs(60))
    }
}

fn validate_windows(windows: &[WindowLimit]) -> Result<(), LimiterConfigError> {
    if windows.is_empty() || windows.len() > WINDOWS_MAX {
        return Err(LimiterConfigError::WindowCount(windows.len()));
    }
    for (index, limit) in windows.iter().enumerate() {
        if limit.capacity == 0 {
            return Err(LimiterConfigError::NoCapacity);
        }
        if limit.window.is_zero() || limit.window > DAY {
            return Err(LimiterConfigError::Window(limit.window));
        }
        if windows[..index].iter().any(|before| before.window == limit.window) {
            return Err(LimiterConfigError::WindowTwice(limit.window));
        }
    }
    Ok(())
}

impl CounterLimit {
    fn validate(&self) -> Result<(), LimiterConfigError> {
        if !(1..=COUNTER_MAX).contains(&self.max) {
            Err(LimiterConfigError::CounterMax(self.max))
        } else if !(1..=COUNTER_MAX * 1000).contains(&self.decay_milli_per_s) {
            Err(LimiterConfigError::CounterDecay(self.decay_milli_per_s))
        } else {
            Ok(())
        }
    }
}

/// Why a [`LimiterConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimiterConfigError {
    /// No window limits nothing, and many are slow.
    #[error("limiter setting `windows` has {0} of them, not 1 to {WINDOWS_MAX}")]
    WindowCount(usize),
    /// Nothing could ever pass.
    #[error("limiter setting `capacity` is zero")]
    NoCapacity,
    /// A window must have a length, of at most a day.
    #[error("limiter setting `window` of {0:?} is not above zero and at most a day")]
    Window(Duration),
    /// One of two limits for the same window is a mistake.
    #[error("limiter setting `window` of {0:?} is there twice")]
    WindowTwice(Duration),
    /// Nothing could ever pass, or the arithmetic would overflow.
    #[error("limiter setting `max` of `{0}` is not from 1 to {COUNTER_MAX}")]
    CounterMax(u32),
    /// A full counter would stay full, or the arithmetic would overflow.
    #[error("limiter setting `decay_milli_per_s` of `{0}` is not from 1 to {COUNTER_MAX}000")]
    CounterDecay(u32),
    /// A keyed limiter for no key.
    #[error("limiter setting `keys_max` is zero")]
    NoKeys,
}
