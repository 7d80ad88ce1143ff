//! `sink-status`: what the database answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rest::status;

/// Parameters of `sink-status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkStatus {
    /// HTTP status of the answers, `400..=599`.
    #[serde(deserialize_with = "status")]
    pub status: u16,
}

/// ` 503`.
impl fmt::Display for SinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.status)
    }
}
