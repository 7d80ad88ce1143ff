//! What a batcher can be told.

use std::time::Duration;

use thiserror::Error;

/// Settings of a [`super::Batcher`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatcherConfig {
    /// Calls of one batch; so many begin one at once. 1 to 10 000, default 20.
    pub size_max: usize,
    /// Longest wait of a call for others to join it, while a batch may begin. Above zero, at most an
    /// hour, default 500 ms.
    pub wait_max: Duration,
    /// Batches that run at once. 1 to 1 000, default 5.
    pub running_max: usize,
    /// Calls that wait at once; more are refused. From `size_max` to 1 000 000, default 1000.
    pub queue_max: usize,
    /// Longest time of one batch. Above zero, at most an hour, default 30 s.
    pub batch_timeout: Duration,
    /// Longest time for the calls that it has when its task group is cancelled. At most an hour,
    /// default 5 s; zero answers everybody at once.
    pub flush_max: Duration,
}

impl Default for BatcherConfig {
    fn default() -> Self {
        Self {
            size_max: 20,
            wait_max: Duration::from_millis(500),
            running_max: 5,
            queue_max: 1_000,
            batch_timeout: Duration::from_secs(30),
            flush_max: Duration::from_secs(5),
        }
    }
}

/// Why a [`BatcherConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BatcherConfigError {
    /// A count is out of its range.
    #[error("batcher `{setting}` is {value}, expected {min} to {max}")]
    Count {
        /// Name of the field.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// Least that would do.
        min: usize,
        /// Most that would do.
        max: usize,
    },
    /// A time is out of its range.
    #[error("batcher `{setting}` is {value:?}, expected above zero and at most an hour")]
    Time {
        /// Name of the field.
        setting: &'static str,
        /// Its value.
        value: Duration,
    },
}

impl BatcherConfig {
    /// Longest time of a flush, a batch, a wait.
    pub(super) const FLUSH_MAX: Duration = Duration::from_secs(3_600);

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`BatcherConfigError`]: a value is out of range.
    pub fn validate(&self) -> Result<(), BatcherConfigError> {
        let counts = [
            ("size_max", self.size_max, 1, 10_000),
            ("running_max", self.running_max, 1, 1_000),
            ("queue_max", self.queue_max, self.size_max, 1_000_000),
        ];
        for (setting, value, min, max) in counts {
            if !(min..=max).contains(&value) {
                return Err(BatcherConfigError::Count { setting, value, min, max });
            }
        }
        let least = Duration::from_nanos(1);
        let times = [
            ("wait_max", self.wait_max, least),
            ("batch_timeout", self.batch_timeout, least),
            ("flush_max", self.flush_max, Duration::ZERO),
        ];
        for (setting, value, min) in times {
            if !(min..=Self::FLUSH_MAX).contains(&value) {
                return Err(BatcherConfigError::Time { setting, value });
            }
        }
        Ok(())
    }
}
