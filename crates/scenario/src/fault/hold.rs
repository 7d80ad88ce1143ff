//! `hold`: the network between trader and hosts stands still.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::Host;

/// Parameters of `hold`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The one host that it is about; every host of the venue by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
}

impl Hold {
    /// The hosts whose connections hang.
    pub fn hosts(&self) -> Vec<Host> {
        self.host.map_or_else(|| Host::VENUE.to_vec(), |host| vec![host])
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.map_or(Ok(()), |host| write!(f, " {host}"))
    }
}
