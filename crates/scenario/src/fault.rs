//! Faults as a scenario file states them.
//!
//! A kind is a variant of [`FaultKind`], a file of its own with its parameters, a section of
//! `scenarios/README.md`, and an arm where `sim` carries it out.

mod hang;
mod hold;
mod host;
mod rest;
mod simpler;
mod sink;

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de};
use toml::de::ValueDeserializer;

pub use hang::{Established, Hang, HangPhase};
pub use hold::Hold;
pub use host::Host;
pub use rest::{Method, RestSlow, RestStatus};
pub use sink::SinkStatus;

/// One entry of `[[fault]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Key `at`: virtual time since the start of the run at which it begins.
    pub at: Duration,
    /// Key `for`: how long it lasts, above zero.
    pub lasts: Duration,
    /// Keys `every` and `times`: it comes back.
    pub repeat: Option<Repeat>,
    /// Key `may_miss`: nothing is wrong if it finds nothing to strike. Default false.
    pub may_miss: bool,
    /// Key `kind`, with the parameters of that kind.
    pub kind: FaultKind,
}

/// How a fault comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// Key `every`: from one beginning to the next, at least as long as the fault lasts.
    pub every: Duration,
    /// Key `times`: how often it strikes in all, 2 to 1000.
    pub times: u32,
}

impl Fault {
    /// Virtual time at which it is over, the last time that it comes back.
    pub fn until(&self) -> Duration {
        let last = self.repeat.map_or(Duration::ZERO, |Repeat { every, times }| {
            every.saturating_mul(times.saturating_sub(1))
        });
        self.at.saturating_add(last).saturating_add(self.lasts)
    }

    /// When it begins and ends, each time.
    pub fn spells(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let Repeat { every, times } =
            self.repeat.unwrap_or(Repeat { every: Duration::ZERO, times: 1 });
        let (first, lasts) = (self.at, self.lasts);
        (0..times).map(move |number| {
            let at = first.saturating_add(every.saturating_mul(number));
            (at, at.saturating_add(lasts))
        })
    }
}

/// What a fault does. Two faults of one kind never strike one target at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// REST requests are answered with a HTTP status instead of being executed.
    RestStatus(RestStatus),
    /// REST requests are executed, but their answers are replaced by a HTTP status.
    RestLostAnswer(RestStatus),
    /// REST requests are executed, but their answers come late.
    RestSlow(RestSlow),
    /// Connections to a host hang, and new ones are not accepted; the bytes arrive when the fault
    /// is over.
    Hold(Hold),
    /// Connections hang in one phase of their life.
    Hang(Hang),
    /// Every write into the sink is answered with a HTTP status instead of being stored.
    SinkStatus(SinkStatus),
    /// All connections between trader and sink hang, as with `hold`.
    SinkHold,
}

/// Parameters of a kind that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParameters {}

impl FaultKind {
    /// Values of the key `kind`.
    pub const NAMES: [&str; 7] = [
        "rest-status",
        "rest-lost-answer",
        "rest-slow",
        "hold",
        "hang",
        "sink-status",
        "sink-hold",
    ];

    /// Value of the key `kind`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RestStatus(_) => "rest-status",
            Self::RestLostAnswer(_) => "rest-lost-answer",
            Self::RestSlow(_) => "rest-slow",
            Self::Hold(_) => "hold",
            Self::Hang(_) => "hang",
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
            "rest-slow" => RestSlow::deserialize(parameters).map(Self::RestSlow),
            "hold" => Hold::deserialize(parameters).map(Self::Hold),
            "hang" => Hang::deserialize(parameters).map(Self::Hang),
            "sink-status" => SinkStatus::deserialize(parameters).map(Self::SinkStatus),
            "sink-hold" => {
                NoParameters::deserialize(parameters).map(|NoParameters {}| Self::SinkHold)
            }
            other => Err(de::Error::unknown_variant(other, &Self::NAMES)),
        }
    }

    /// A kind from its name and parameters; `None` if they are not those of a kind.
    pub(crate) fn from_table(table: toml::Table) -> Option<Self> {
        Self::deserialize(toml::Value::Table(table)).ok()
    }

    /// What is counted together over many runs: the kind, and where it has phases, the phase.
    pub fn label(&self) -> String {
        match self {
            Self::Hang(hang) => format!("{} {}", self.name(), hang.phase.as_str()),
            Self::RestStatus(_)
            | Self::RestLostAnswer(_)
            | Self::RestSlow(_)
            | Self::Hold(_)
            | Self::SinkStatus(_)
            | Self::SinkHold => self.name().to_owned(),
        }
    }

    /// The first parameter that does not go with the others, and what was expected of it.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        match self {
            Self::RestStatus(rest) | Self::RestLostAnswer(rest) => rest.problem(),
            Self::RestSlow(slow) => slow.problem(),
            Self::Hold(_) | Self::SinkStatus(_) | Self::SinkHold => None,
            Self::Hang(hang) => hang.problem(),
        }
    }

    /// Whether both would do the same to the same target.
    pub(crate) fn collides_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::RestStatus(a), Self::RestStatus(b))
            | (Self::RestLostAnswer(a), Self::RestLostAnswer(b)) => {
                rest::share(&a.methods, &b.methods)
            }
            (Self::RestSlow(a), Self::RestSlow(b)) => rest::share(&a.methods, &b.methods),
            (Self::Hold(a), Self::Hold(b)) => host::share(&a.hosts(), &b.hosts()),
            (Self::Hang(a), Self::Hang(b)) => {
                a.phase == b.phase
                    && host::share(&a.hosts(), &b.hosts())
                    && rest::share(&a.methods, &b.methods)
            }
            (a, b) => a.strikes_sink() && a.name() == b.name(),
        }
    }
}

/// Name and parameters: `rest-status 503`.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::RestStatus(rest) | Self::RestLostAnswer(rest) => write!(f, "{rest}"),
            Self::RestSlow(slow) => write!(f, "{slow}"),
            Self::Hold(hold) => write!(f, "{hold}"),
            Self::Hang(hang) => write!(f, "{hang}"),
            Self::SinkStatus(sink) => write!(f, "{sink}"),
            Self::SinkHold => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
