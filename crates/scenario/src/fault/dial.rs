//! `refuse`, `dns`, `pool-exhausted`: dials that fail or wait.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::{Host, or_venue, write_link};
use super::parameters::{Parameters, Problem, Target, number, time};
use crate::duration::format_duration;
use crate::schema::DurationText;
use crate::validate::limits;

/// Parameters of `refuse`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

impl Parameters for Refuse {
    fn target(&self) -> Target<'_> {
        Target::hosts(or_venue(self.host))
    }
}

impl fmt::Display for Refuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_link(f, None, self.host)
    }
}

/// Parameters of `dns`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// The one host whose name it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// How long a look-up takes, whole milliseconds, `1ms..=1h`; no time by default.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub delay: Option<Duration>,
    /// Whether the name is found after that. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<bool>,
}

impl Dns {
    /// Whether look-ups succeed.
    pub fn is_found(&self) -> bool {
        self.found.unwrap_or(false)
    }
}

impl Parameters for Dns {
    fn problem(&self) -> Option<Problem> {
        let idle = self.is_found() && self.delay.is_none();
        let expected = || "a `delay`, or `false`: nothing would happen".to_owned();
        let idle = idle.then(|| ("found", expected()));
        idle.or_else(|| time("delay", self.delay, &limits::DELAY))
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_venue(self.host))
    }
}

/// ` not found`, ` found after 3s`, ` not found after 3s`.
impl fmt::Display for Dns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_found() { " found" } else { " not found" })?;
        if let Some(delay) = self.delay {
            write!(f, " after {}", format_duration(delay))?;
        }
        write_link(f, None, self.host)
    }
}

/// Parameters of `pool-exhausted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolExhausted {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// Connections that the host serves at once, `0..=1000`.
    pub connections: u32,
    /// What becomes of further ones.
    pub excess: Excess,
}

/// What becomes of connections that are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Excess {
    /// Their dials get no answer until there is room.
    Unanswered,
    /// Their dials are refused.
    Refused,
    /// They are accepted, and their first request is answered with a status 503.
    Unavailable,
}

impl Excess {
    /// Value of the key `excess`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Parameters for PoolExhausted {
    fn problem(&self) -> Option<Problem> {
        number("connections", Some(self.connections), &limits::POOL)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_venue(self.host))
    }
}

/// ` at 2 connections, more are refused`.
impl fmt::Display for PoolExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " at {} connections, more are {}", self.connections, self.excess.as_str())?;
        write_link(f, None, self.host)
    }
}
