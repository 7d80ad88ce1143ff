//! Hosts that a fault can be aimed at.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A host of the simulated world, besides the trader's and the database's. Written as its name.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub enum Host {
    /// Kraken's REST interface.
    #[serde(rename = "api.kraken.com")]
    KrakenRest,
    /// Kraken's public streams.
    #[serde(rename = "ws.kraken.com")]
    KrakenPublic,
    /// Kraken's private streams.
    #[serde(rename = "ws-auth.kraken.com")]
    KrakenPrivate,
}

impl Host {
    /// Every host of the venue.
    pub const VENUE: [Self; 3] = [Self::KrakenRest, Self::KrakenPublic, Self::KrakenPrivate];
    /// The hosts of the venue that carry streams.
    pub const STREAMS: [Self; 2] = [Self::KrakenPublic, Self::KrakenPrivate];

    /// Its name on the network.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KrakenRest => "api.kraken.com",
            Self::KrakenPublic => "ws.kraken.com",
            Self::KrakenPrivate => "ws-auth.kraken.com",
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether two sets of hosts have one in common.
pub(super) fn share(a: &[Host], b: &[Host]) -> bool {
    a.iter().any(|host| b.contains(host))
}
