//! What a breaker can be told.

use std::time::Duration;

use thiserror::Error;

/// Longest time in any breaker setting, and longest forced opening: 49 days. A breaker keeps its
/// times in milliseconds of 32 bits, which is a part of how it stays small.
pub(super) const DURATION_MAX: Duration = Duration::from_millis(u32::MAX as u64);

/// Settings of one breaker.
///
/// Times are kept in whole milliseconds, rounded up; none may exceed `u32::MAX` of them (49 days).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakerConfig {
    /// What opens the breaker. Default: 5 consecutive failures.
    pub policy: BreakerPolicy,
    /// Time from opening until a probe may pass. Above 0, default 30 s.
    pub open_for: Duration,
    /// Consecutive successes of probes that close the breaker. 1 to 65 535, default 2.
    pub success_threshold: u32,
    /// Probes in flight at once. 1 to 65 535, default 1.
    pub half_open_max: u32,
    /// Longest time without a sign of life from the probes while all slots are taken; after that
    /// they are given up. Above 0, default 60 s. It saves the breaker from a probe that neither
    /// ends nor is dropped, so it belongs above the attempt timeout.
    pub half_open_max_wait: Duration,
    /// Longer opening after each trip in a row. Default: always `open_for`.
    pub open_growth: Option<OpenGrowth>,
    /// Alert when the breaker trips again and again. Default: on. A bare breaker has nobody to
    /// alert and leaves it out.
    pub alert: Option<AlertConfig>,
}

/// What opens a closed breaker. Calls that were ignored or cancelled count nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerPolicy {
    /// Failures in a row, in the order in which calls end.
    Consecutive {
        /// How many. 1 to 65 535, default 5.
        failures: u32,
    },
    /// Rates among the last calls.
    CountWindow {
        /// How many calls, one byte each. 1 to 10 000.
        calls: u32,
        /// The rates.
        rates: Rates,
    },
    /// Rates among the calls that ended a short time ago.
    ///
    /// What ended longer than `window` ago never counts, what ended within the last
    /// `window - window / buckets` always does: the oldest part leaves bucket by bucket.
    TimeWindow {
        /// The time. Above 0.
        window: Duration,
        /// Parts of the window; memory and sharpness grow with them. 1 to 100, at most one per
        /// millisecond.
        buckets: u32,
        /// The rates.
        rates: Rates,
    },
}

/// Shares of bad calls that open a breaker, in whole percent, reached or exceeded.
///
/// They are judged whenever a call ends, so the call that brings the number to `minimum_calls` may
/// open the breaker although it succeeded itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Calls in the window below which no rate is judged. 1 to 1 000 000, not above the calls of a
    /// count window; default 20.
    pub minimum_calls: u32,
    /// Failed calls. 1 to 100, default 50.
    pub failure_percent: u32,
    /// Slow calls, failed or not. Default: not judged, and no clock read for it.
    pub slow: Option<SlowCalls>,
}

/// Which calls are slow, and how many of them are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowCalls {
    /// A call is slow if there is more time than this between its permit and its outcome. Above 0.
    pub longer_than: Duration,
    /// Slow calls. 1 to 100.
    pub percent: u32,
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
    /// then do not probe at once. 0 to 90, default 10. A bare breaker has no chance: 0.
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
    /// A number or duration must be above zero, a name must have letters.
    #[error("breaker setting `{0}` is zero")]
    Zero(&'static str),
    /// A duration is longer than 49 days, a number out of its range, or the name too long.
    #[error("breaker setting `{0}` is too large")]
    TooLarge(&'static str),
    /// Openings would shrink from trip to trip.
    #[error("breaker setting `open_growth.cap` is below `open_for`")]
    CapBelowOpenFor,
    /// The window never holds so many calls: the breaker would never open.
    #[error("breaker setting `policy.rates.minimum_calls` is above `policy.calls`")]
    MinimumAboveWindow,
    /// Chance has no source in a bare breaker.
    #[error("breaker setting `open_growth.jitter_percent` needs a breaker with entropy")]
    JitterWithoutEntropy,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self {
            policy: BreakerPolicy::default(),
            open_for: Duration::from_secs(30),
            success_threshold: 2,
            half_open_max: 1,
            half_open_max_wait: Duration::from_secs(60),
            open_growth: None,
            alert: Some(AlertConfig::default()),
        }
    }
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self::Consecutive { failures: 5 }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self { minimum_calls: 20, failure_percent: 50, slow: None }
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

/// Thresholds and counts of a breaker have 16 bits.
const THRESHOLD_MAX: u32 = u16::MAX as u32;
const CALLS_MAX: u32 = 10_000;
const BUCKETS_MAX: u32 = 100;
const MINIMUM_MAX: u32 = 1_000_000;
const JITTER_PERCENT_MAX: u32 = 90;
const ALERT_TRIPS_MAX: u32 = 1000;

impl BreakerConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`BreakerConfigError`]: the first setting that is out of range.
    pub fn validate(&self) -> Result<(), BreakerConfigError> {
        self.policy.validate()?;
        within("success_threshold", self.success_threshold, THRESHOLD_MAX)?;
        within("half_open_max", self.half_open_max, THRESHOLD_MAX)?;
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

impl BreakerPolicy {
    fn validate(&self) -> Result<(), BreakerConfigError> {
        match *self {
            Self::Consecutive { failures } => within("policy.failures", failures, THRESHOLD_MAX),
            Self::CountWindow { calls, rates } => {
                within("policy.calls", calls, CALLS_MAX)?;
                rates.validate()?;
                if rates.minimum_calls > calls {
                    return Err(BreakerConfigError::MinimumAboveWindow);
                }
                Ok(())
            }
            Self::TimeWindow { window, buckets, rates } => {
                duration("policy.window", window)?;
                within("policy.buckets", buckets, BUCKETS_MAX.min(milliseconds(window)))?;
                rates.validate()
            }
        }
    }
}

impl Rates {
    fn validate(&self) -> Result<(), BreakerConfigError> {
        within("policy.rates.minimum_calls", self.minimum_calls, MINIMUM_MAX)?;
        within("policy.rates.failure_percent", self.failure_percent, 100)?;
        if let Some(slow) = &self.slow {
            duration("policy.rates.slow.longer_than", slow.longer_than)?;
            within("policy.rates.slow.percent", slow.percent, 100)?;
        }
        Ok(())
    }
}

/// Whole milliseconds, rounded up, so that nothing is shorter than it was asked to be; at most
/// [`DURATION_MAX`].
pub(super) fn milliseconds(duration: Duration) -> u32 {
    let up = duration.as_nanos().div_ceil(1_000_000);
    u32::try_from(up).unwrap_or(u32::MAX)
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
