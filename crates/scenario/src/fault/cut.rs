//! `reset`, `half-open`, `truncate`: connections that end, each in its way.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::{Host, or_venue, write_link};
use super::parameters::{Parameters, Problem, Target, number, time};
use crate::duration::format_duration;
use crate::schema::DurationText;
use crate::validate::limits;

/// Parameters of `reset`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// Connections of each host that are reset when it begins, the oldest first, `1..=1000`; all by
    /// default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
    /// Age at which connections that are opened meanwhile are reset, whole milliseconds, `1ms..=1h`;
    /// they are kept by default.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::duration::optional")]
    #[schemars(with = "Option<DurationText>")]
    pub after: Option<Duration>,
}

impl Parameters for Reset {
    fn problem(&self) -> Option<Problem> {
        let connections = number("connections", self.connections, &limits::STRUCK_CONNECTIONS);
        connections.or_else(|| time("after", self.after, &limits::DELAY))
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_venue(self.host))
    }
}

/// ` of 1 connection`, `, new ones after 2s`.
impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_connections(f, self.connections)?;
        if let Some(after) = self.after {
            write!(f, ", new ones after {}", format_duration(after))?;
        }
        write_link(f, None, self.host)
    }
}

/// Parameters of `half-open`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HalfOpen {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// Connections of each host that are struck, the oldest first, `1..=1000`; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<u32>,
}

impl Parameters for HalfOpen {
    fn problem(&self) -> Option<Problem> {
        number("connections", self.connections, &limits::STRUCK_CONNECTIONS)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_venue(self.host))
    }
}

impl fmt::Display for HalfOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_connections(f, self.connections)?;
        write_link(f, None, self.host)
    }
}

fn write_connections(f: &mut fmt::Formatter<'_>, connections: Option<u32>) -> fmt::Result {
    match connections {
        None => Ok(()),
        Some(1) => f.write_str(" of 1 connection"),
        Some(connections) => write!(f, " of {connections} connections"),
    }
}

/// Parameters of `truncate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Truncate {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// Bytes that a connection still lets through to the trader after something was sent, `0..=1000000`;
    /// then it ends.
    pub bytes: u32,
}

impl Parameters for Truncate {
    fn problem(&self) -> Option<Problem> {
        number("bytes", Some(self.bytes), &limits::TRUNCATED)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(or_venue(self.host))
    }
}

/// ` after 200 bytes`.
impl fmt::Display for Truncate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " after {} bytes", self.bytes)?;
        write_link(f, None, self.host)
    }
}
