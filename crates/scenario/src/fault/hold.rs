//! `hold`: the network between trader and hosts stands still.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::{Direction, Host, one_of, or_venue, write_link};
use super::parameters::{Parameters, Problem, Target};

/// Parameters of `hold`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// The one direction that stands still; both by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

impl Parameters for Hold {
    fn problem(&self) -> Option<Problem> {
        one_of(self.host, &Host::VENUE, "of the venue; the database has `sink-hold`")
    }

    fn target(&self) -> Target<'_> {
        Target::bytes(or_venue(self.host), self.direction)
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_link(f, self.direction, self.host)
    }
}
