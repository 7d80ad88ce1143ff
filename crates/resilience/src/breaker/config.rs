//! What a breaker can be told.

use std::time::Duration;

use thiserror::Error;

/// Longest time in any breaker setting, and longest forced opening: ten years. Keeps every sum of
/// an instant and a duration far from overflow.
pub(super) const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Settings of one breaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Consecutive failures that open the breaker. Above 0, default 5.
    pub failure_threshold: u32,
    /// Time from opening until a probe may pass. Above 0, default 30 s.
    pub open_for: Duration,
    /// Consecutive successes of probes that close the breaker. Above 0, default 2.
    pub success_threshold: u32,
    /// Probes in flight at once. Above 0, default 1.
    pub half_open_max: u32,
    /// Longest time without a sign of life from the probes while all slots are taken; after that
    /// they are given up. Above 0, default 60 s. It saves the breaker from a probe that neither
    /// ends nor is dropped, so it belongs above the attempt timeout.
    pub half_open_max_wait: Duration,
    /// Longer opening after each trip in a row. Default: always `open_for`.
    pub open_growth: Option<OpenGrowth>,
    /// Alert when the breaker trips again and again. Default: on.
    pub alert: Option<AlertConfig>,
}

/// How the time in `OPEN` grows from trip to trip.
///
/// The first trip opens for `open_for`, each following one `factor` times as long. A stay in
/// `CLOSED` that is longer than the last opening starts anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenGrowth {
    /// Growth per trip. Above 0, default 2.
    pub factor: u32,
    /// Longest opening. Not below `open_for`, default 300 s.
    pub cap: Duration,
    /// Largest part of an opening that chance takes away, in percent: many clients of one venue
    /// then do not probe at once. 0 to 90, default 10.
    pub jitter_percent: u32,
}

/// When repeated trips are worth waking somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertConfig {
    /// Trips within the window. 1 to 1000, default 3.
    pub trips: u32,
    /// The window; also the shortest time between two alerts. Above 0, default 10 minutes.
    pub window: Duration,
}

/// Why a [`BreakerConfig`] makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BreakerConfigError {
    /// A number or duration must be above zero.
    #[error("breaker setting `{0}` is zero")]
    Zero(&'static str),
    /// A duration is longer than ten years, a number out of its range, or the name too long.
    #[error("breaker setting `{0}` is too large")]
    TooLarge(&'static str),
    /// Openings would shrink from trip to trip.
    #[error("breaker setting `open_growth.cap` is below `open_for`")]
    CapBelowOpenFor,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            failure_threshold: 5,
            open_for: Duration::from_secs(30),
            success_threshold: 2,
            half_open_max: 1,
            half_open_max_wait: Duration::from_secs(60),
            open_growth: None,
            alert: Some(AlertConfig::default()),
        }
    }
}

impl Default for OpenGrowth {
    fn default() -> Self {
        Self { factor: 2, cap: Duration::from_secs(300), jitter_percent: 10 }
    }
}

impl Default for AlertConfig {
    fn default() -> Self {
        Self { trips: 3, window: Duration::from_secs(600) }
    }
}

const JITTER_PERCENT_MAX: u32 = 90;
const ALERT_TRIPS_MAX: u32 = 1000;

impl BreakerConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`BreakerConfigError`]: the first setting that is out of range.
    pub fn validate(&self) -> Result<(), BreakerConfigError> {
        let counts = [
            ("failure_threshold", self.failure_threshold),
            ("success_threshold", self.success_threshold),
            ("half_open_max", self.half_open_max),
        ];
        for (name, count) in counts {
            within(name, count, u32::MAX)?;
        }
        duration("open_for", self.open_for)?;
        duration("half_open_max_wait", self.half_open_max_wait)?;
        if let Some(growth) = &self.open_growth {
            within("open_growth.factor", growth.factor, u32::MAX)?;
            duration("open_growth.cap", growth.cap)?;
            if growth.cap < self.open_for {
                return Err(BreakerConfigError::CapBelowOpenFor);
            }
            if growth.jitter_percent > JITTER_PERCENT_MAX {
                return Err(BreakerConfigError::TooLarge("open_growth.jitter_percent"));
            }
        }
        if let Some(alert) = &self.alert {
            within("alert.trips", alert.trips, ALERT_TRIPS_MAX)?;
            duration("alert.window", alert.window)?;
        }
        Ok(())
    }
}

const fn within(name: &'static str, count: u32, max: u32) -> Result<(), BreakerConfigError> {
    if count == 0 {
        Err(BreakerConfigError::Zero(name))
    } else if count > max {
        Err(BreakerConfigError::TooLarge(name))
    } else {
        Ok(())
    }
}

fn duration(name: &'static str, duration: Duration) -> Result<(), BreakerConfigError> {
    if duration.is_zero() {
        Err(BreakerConfigError::Zero(name))
    } else if duration > DURATION_MAX {
        Err(BreakerConfigError::TooLarge(name))
    } else {
        Ok(())
    }
}
