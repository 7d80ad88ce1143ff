//! `sink-status`: what the database answers.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// ` 503`.
impl fmt::Display for SinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.status)
    }
}
