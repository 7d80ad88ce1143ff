//! `sink-status`, `sink-hold`: the database is struck.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::Host;
use super::parameters::{Parameters, Target};
use super::rest::status;
use crate::schema::StatusNumber;

/// Parameters of `sink-status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SinkStatus {
    /// HTTP status of the answers, `400..=599`.
    #[serde(deserialize_with = "status")]
    #[schemars(with = "StatusNumber")]
    pub status: u16,
}

impl Parameters for SinkStatus {
    fn target(&self) -> Target<'_> {
        Target::hosts(vec![Host::Influx])
    }
}

/// ` 503`.
impl fmt::Display for SinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.status)
    }
}

/// Parameters of `sink-hold`: there are none.
#[derive(Debug, Clone, Copy)]
pub(super) struct SinkHold;

impl Parameters for SinkHold {
    fn target(&self) -> Target<'_> {
        Target::hosts(vec![Host::Influx])
    }
}

impl fmt::Display for SinkHold {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
