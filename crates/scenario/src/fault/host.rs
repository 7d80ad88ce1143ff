//! Hosts that a fault can be aimed at, and the directions of their links.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A host of the simulated world, besides the trader's. Written as its name.
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
    /// The database.
    #[serde(rename = "influxdb")]
    Influx,
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
            Self::Influx => "influxdb",
        }
    }

    /// The stream that it carries, by the trader's name for it.
    pub const fn stream(self) -> Option<&'static str> {
        match self {
            Self::KrakenPublic => Some("kraken/public"),
            Self::KrakenPrivate => Some("kraken/private"),
            Self::KrakenRest | Self::Influx => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A direction of the bytes between the trader and a host.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// To the trader.
    In,
    /// From the trader.
    Out,
}

impl Direction {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::In, Self::Out];

    /// The one, or both where nothing is said.
    pub const fn or_both(direction: Option<Self>) -> &'static [Self] {
        match direction {
            None => &Self::BOTH,
            Some(Self::In) => &[Self::In],
            Some(Self::Out) => &[Self::Out],
        }
    }

    /// Value of the key `direction`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }
}

/// The host that a parameter names, or every host of the venue.
pub(super) fn or_venue(host: Option<Host>) -> Vec<Host> {
    host.map_or_else(|| Host::VENUE.to_vec(), |host| vec![host])
}

/// The host that a parameter names, or every host with streams.
pub(super) fn or_streams(host: Option<Host>) -> Vec<Host> {
    host.map_or_else(|| Host::STREAMS.to_vec(), |host| vec![host])
}

/// Refuses a host that is none of some, which have something in common.
pub(super) fn one_of(
    host: Option<Host>,
    hosts: &[Host],
    what: &str,
) -> Option<(&'static str, String)> {
    let names: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
    let expected = || format!("a host {what}: `{}`", names.join("`, `"));
    host.filter(|host| !hosts.contains(host)).map(|_| ("host", expected()))
}

/// ` in`, ` ws.kraken.com`, both or nothing.
pub(super) fn write_link(
    f: &mut fmt::Formatter<'_>,
    direction: Option<Direction>,
    host: Option<Host>,
) -> fmt::Result {
    if let Some(direction) = direction {
        write!(f, " {}", direction.as_str())?;
    }
    host.map_or(Ok(()), |host| write!(f, " {host}"))
}
