//! `crash`, `freeze`, `clock`: processes and machines.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::Host;
use super::parameters::{Parameters, Problem, Target, time};
use crate::duration::format_duration;
use crate::schema::DurationText;
use crate::validate::limits;

/// Parameters of `crash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// What ends at once, and is started anew when the fault is over.
    pub process: Process,
}

/// A process of the simulated world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Process {
    /// The venue, on all its hosts. It loses nothing that it acknowledged.
    Kraken,
    /// The database. It loses nothing that it acknowledged.
    #[serde(rename = "influxdb")]
    Influx,
    /// The trading system. It keeps nothing.
    Trader,
}

impl Process {
    /// Value of the key `process`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kraken => "kraken",
            Self::Influx => "influxdb",
            Self::Trader => "trader",
        }
    }

    /// The hosts on which it runs, the trader's aside.
    fn hosts(self) -> Vec<Host> {
        match self {
            Self::Kraken => Host::VENUE.to_vec(),
            Self::Influx => vec![Host::Influx],
            Self::Trader => Vec::new(),
        }
    }
}

impl Parameters for Crash {
    fn target(&self) -> Target<'_> {
        Target { part: self.process.as_str(), ..Target::hosts(self.process.hosts()) }
    }
}

/// ` influxdb`.
impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.process.as_str())
    }
}

/// Parameters of `freeze`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// What stands still, and goes on when the fault is over.
    pub process: Process,
}

impl Parameters for Freeze {
    fn target(&self) -> Target<'_> {
        Target { part: self.process.as_str(), ..Target::hosts(self.process.hosts()) }
    }
}

/// ` trader`.
impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.process.as_str())
    }
}

/// Parameters of `clock`: `ahead` or `behind`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// By how much the trader's wall clock jumps ahead, whole milliseconds, `1ms..=24h`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub ahead: Option<Duration>,
    /// By how much it jumps back, whole milliseconds, `1ms..=24h`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub behind: Option<Duration>,
}

impl Parameters for Clock {
    fn problem(&self) -> Option<Problem> {
        match (self.ahead, self.behind) {
            (Some(_), Some(_)) => Some(("behind", "either `ahead` or `behind`".to_owned())),
            (None, None) => Some(("kind", "either `ahead` or `behind`".to_owned())),
            (ahead, behind) => time("ahead", ahead, &limits::CLOCK_JUMP)
                .or_else(|| time("behind", behind, &limits::CLOCK_JUMP)),
        }
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(Vec::new())
    }
}

/// ` ahead by 30s`, ` behind by 30s`.
impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, jump) in [("ahead", self.ahead), ("behind", self.behind)] {
            if let Some(jump) = jump {
                write!(f, " {name} by {}", format_duration(jump))?;
            }
        }
        Ok(())
    }
}
