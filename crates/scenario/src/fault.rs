//! Faults as a scenario file states them.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};
use toml::de::ValueDeserializer;

use crate::validate::limits;

/// One entry of `[[fault]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Key `at`: virtual time since the start of the run at which it begins.
    pub at: Duration,
    /// Key `for`: how long it lasts, above zero.
    pub lasts: Duration,
    /// Key `kind`, with the parameters of that kind.
    pub kind: FaultKind,
}

impl Fault {
    /// Virtual time at which it is over.
    pub fn until(&self) -> Duration {
        self.at.saturating_add(self.lasts)
    }
}

/// What a fault does. Two faults of one kind never overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// Every REST request is answered with a HTTP status instead of being executed.
    RestStatus(RestStatus),
    /// Every REST request is executed, but its answer is replaced by a HTTP status.
    RestLostAnswer(RestStatus),
    /// All connections between trader and venue hang, and new ones are not accepted; the bytes
    /// arrive when the fault is over.
    Hold,
    /// Every write into the sink is answered with a HTTP status instead of being stored.
    SinkStatus(RestStatus),
    /// All connections between trader and sink hang, as with `hold`.
    SinkHold,
}

/// Parameters of `rest-status`, `rest-lost-answer` and `sink-status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestStatus {
    /// HTTP status of the answers, `400..=599`.
    #[serde(deserialize_with = "rest_status")]
    pub status: u16,
}

fn rest_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
    struct Visitor;

    impl de::Visitor<'_> for Visitor {
        type Value = u16;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let (min, max) = (limits::REST_STATUS.start(), limits::REST_STATUS.end());
            write!(f, "a HTTP status from {min} to {max}")
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<u16, E> {
            u16::try_from(number)
                .ok()
                .filter(|status| limits::REST_STATUS.contains(status))
                .ok_or_else(|| E::invalid_value(de::Unexpected::Signed(number), &self))
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u16, E> {
            self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
        }
    }

    deserializer.deserialize_u16(Visitor)
}

/// Parameters of a kind that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

impl FaultKind {
    /// Values of the key `kind`.
    pub const NAMES: [&str; 5] =
        ["rest-status", "rest-lost-answer", "hold", "sink-status", "sink-hold"];

    /// Value of the key `kind`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RestStatus(_) => "rest-status",
            Self::RestLostAnswer(_) => "rest-lost-answer",
            Self::Hold => "hold",
            Self::SinkStatus(_) => "sink-status",
            Self::SinkHold => "sink-hold",
        }
    }

    /// True for what happens to the sink.
    pub const fn strikes_sink(&self) -> bool {
        matches!(self, Self::SinkStatus(_) | Self::SinkHold)
    }

    /// Reads the parameters of the kind called `name`.
    ///
    /// Written by hand: serde copies the content of tagged enums, and with it loses every position
    /// that an error message needs.
    pub(crate) fn read(
        name: &str,
        parameters: ValueDeserializer<'_>,
    ) -> Result<Self, toml::de::Error> {
        match name {
            "rest-status" => RestStatus::deserialize(parameters).map(Self::RestStatus),
            "rest-lost-answer" => RestStatus::deserialize(parameters).map(Self::RestLostAnswer),
            "hold" => NoParameters::deserialize(parameters).map(|NoParameters {}| Self::Hold),
            "sink-status" => RestStatus::deserialize(parameters).map(Self::SinkStatus),
            "sink-hold" => {
                NoParameters::deserialize(parameters).map(|NoParameters {}| Self::SinkHold)
            }
            other => Err(de::Error::unknown_variant(other, &Self::NAMES)),
        }
    }
}

/// Name and parameters: `rest-status 503`.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RestStatus(RestStatus { status })
            | Self::RestLostAnswer(RestStatus { status })
            | Self::SinkStatus(RestStatus { status }) => {
                write!(f, "{} {status}", self.name())
            }
            Self::Hold | Self::SinkHold => f.write_str(self.name()),
        }
    }
}
