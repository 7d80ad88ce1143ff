//! `latency`, `drip`, `throttle`, `split`, `corrupt`: what becomes of bytes on their way.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::{Direction, Host, or_venue, write_link};
use super::parameters::{Parameters, Problem, Target, delays, number, time, write_delays};
use crate::duration::format_duration;
use crate::schema::DurationText;
use crate::validate::limits;

/// Parameters of `latency`: either `delay`, or `delay_min` and `delay_max`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// The one direction that is late; both by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// By how much bytes come later, whole milliseconds, `1ms..=1m`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub delay: Option<Duration>,
    /// By how much they come later at least; each piece draws its own delay.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub delay_min: Option<Duration>,
    /// By how much they come later at most.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub delay_max: Option<Duration>,
}

impl Latency {
    /// Shortest and longest delay.
    pub fn delays(&self) -> (Duration, Duration) {
        let fixed = self.delay.unwrap_or_default();
        (self.delay_min.unwrap_or(fixed), self.delay_max.unwrap_or(fixed))
    }
}

impl Parameters for Latency {
    fn problem(&self) -> Option<Problem> {
        delays(self.delay, self.delay_min, self.delay_max, &limits::LATENCY)
    }

    fn target(&self) -> Target<'_> {
        Target::bytes(or_venue(self.host), self.direction)
    }
}

/// ` by 200ms to 2s in ws.kraken.com`.
impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_delays(f, self.delays())?;
        write_link(f, self.direction, self.host)
    }
}

/// Parameters of `drip`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// The one direction that drips; both by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Bytes of each drop, `1..=1000000`.
    pub bytes: u32,
    /// From one drop of a connection to the next, whole milliseconds, `1ms..=1m`.
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub interval: Duration,
}

impl Parameters for Drip {
    fn problem(&self) -> Option<Problem> {
        let bytes = number("bytes", Some(self.bytes), &limits::PIECE);
        bytes.or_else(|| time("interval", Some(self.interval), &limits::LATENCY))
    }

    fn target(&self) -> Target<'_> {
        Target::bytes(or_venue(self.host), self.direction)
    }
}

/// ` of 10 bytes every 1s`.
impl fmt::Display for Drip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " of {} bytes every {}", self.bytes, format_duration(self.interval))?;
        write_link(f, self.direction, self.host)
    }
}

/// Parameters of `throttle`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// The one direction that is narrow; both by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Bytes that each connection lets through, `10..=1000000000`.
    pub bytes_per_second: u32,
}

impl Parameters for Throttle {
    fn problem(&self) -> Option<Problem> {
        number("bytes_per_second", Some(self.bytes_per_second), &limits::BANDWIDTH)
    }

    fn target(&self) -> Target<'_> {
        Target::bytes(or_venue(self.host), self.direction)
    }
}

/// ` to 2000 bytes per second`.
impl fmt::Display for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " to {} bytes per second", self.bytes_per_second)?;
        write_link(f, self.direction, self.host)
    }
}

/// Parameters of `split`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// The one direction whose bytes are cut; both by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Largest piece, `1..=1000000` bytes; each draws its own size.
    pub bytes_max: u32,
}

impl Parameters for Split {
    fn problem(&self) -> Option<Problem> {
        number("bytes_max", Some(self.bytes_max), &limits::PIECE)
    }

    fn target(&self) -> Target<'_> {
        Target::bytes(or_venue(self.host), self.direction)
    }
}

/// ` into pieces of at most 7 bytes`.
impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " into pieces of at most {} bytes", self.bytes_max)?;
        write_link(f, self.direction, self.host)
    }
}

/// Parameters of `corrupt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Corrupt {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// One byte in so many is hit on average, `1..=1000000000`.
    pub one_in: u32,
}

impl Parameters for Corrupt {
    fn problem(&self) -> Option<Problem> {
        number("one_in", Some(self.one_in), &limits::ONE_IN)
    }

    fn target(&self) -> Target<'_> {
        Target::bytes(or_venue(self.host), Some(Direction::In))
    }
}

/// ` one byte in 2000`.
impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " one byte in {}", self.one_in)?;
        write_link(f, None, self.host)
    }
}
