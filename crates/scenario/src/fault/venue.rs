//! `token`, `maintenance`, `late-orders`: the venue as a whole.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::Host;
use super::parameters::{Parameters, Problem, Target, time};
use crate::duration::format_duration;
use crate::schema::DurationText;
use crate::validate::limits;

/// Parameters of `token`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Life of the tokens that open private streams, whole milliseconds, `0s..=15m`. Kraken promises 15
    /// minutes.
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub life: Duration,
}

impl Parameters for Token {
    fn problem(&self) -> Option<Problem> {
        time("life", Some(self.life), &limits::TOKEN_LIFE)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(vec![Host::KrakenPrivate])
    }
}

/// ` expires after 0s`.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " expires after {}", format_duration(self.life))
    }
}

/// Parameters of `maintenance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// What the venue still does.
    pub phase: MaintenancePhase,
}

/// A phase of a maintenance, in their usual order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaintenancePhase {
    /// Nothing but `Time` and `SystemStatus` is answered, sessions are closed.
    Maintenance,
    /// Orders can be cancelled only.
    CancelOnly,
    /// Orders can be cancelled, and placed if they do not take.
    PostOnly,
}

impl MaintenancePhase {
    /// Value of the key `phase`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::CancelOnly => "cancel-only",
            Self::PostOnly => "post-only",
        }
    }
}

impl Parameters for Maintenance {
    fn target(&self) -> Target<'_> {
        Target::hosts(Host::VENUE.to_vec())
    }
}

/// ` cancel-only`.
impl fmt::Display for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.phase.as_str())
    }
}

/// Parameters of `late-orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LateOrders {
    /// Age of an order at which `OpenOrders`, `ClosedOrders` and `QueryOrders` know it, whole
    /// milliseconds, `1ms..=1m`.
    #[serde(with = "crate::duration")]
    #[schemars(with = "DurationText")]
    pub delay: Duration,
}

impl Parameters for LateOrders {
    fn problem(&self) -> Option<Problem> {
        time("delay", Some(self.delay), &limits::VISIBLE_AFTER)
    }

    fn target(&self) -> Target<'_> {
        Target::hosts(vec![Host::KrakenRest])
    }
}

/// ` by 3s`.
impl fmt::Display for LateOrders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " by {}", format_duration(self.delay))
    }
}
