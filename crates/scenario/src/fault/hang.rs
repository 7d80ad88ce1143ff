//! `hang`: connections that stop in one phase of their life, without an error.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::{Host, one_of, write_link};
use super::parameters::{Parameters, Problem, Target};
use super::rest::{Method, methods, write_methods};

/// Parameters of `hang`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hang {
    /// Where they stop.
    pub phase: HangPhase,
    /// The one host that it is about; by default every host of the venue that has the phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Host>,
    /// `head` and `body`: REST methods that are struck; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "methods")]
    pub methods: Vec<Method>,
    /// `head` and `body`: whether the request is executed. Default true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed: Option<bool>,
    /// `connect`: what becomes of established connections when it begins. Default kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub established: Option<Established>,
}

/// A phase in the life of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HangPhase {
    /// A dial gets no answer.
    Connect,
    /// A REST request gets not a byte of an answer.
    Head,
    /// Head and half of the body of a REST answer arrive.
    Body,
    /// The upgrade to a WebSocket is not answered.
    Handshake,
    /// A WebSocket session falls silent after its subscriptions.
    Subscribed,
}

/// What becomes of established connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Established {
    /// They go on.
    Kept,
    /// They are reset.
    Reset,
}

impl HangPhase {
    /// Value of the key `phase`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Head => "head",
            Self::Body => "body",
            Self::Handshake => "handshake",
            Self::Subscribed => "subscribed",
        }
    }

    /// Whether the phase is one of a REST request.
    const fn is_rest(self) -> bool {
        matches!(self, Self::Head | Self::Body)
    }

    /// The hosts whose connections have the phase.
    const fn hosts(self) -> &'static [Host] {
        match self {
            Self::Connect => &Host::VENUE,
            Self::Head | Self::Body => &[Host::KrakenRest],
            Self::Handshake | Self::Subscribed => &Host::STREAMS,
        }
    }
}

impl Hang {
    /// The hosts whose connections hang.
    fn hosts(&self) -> Vec<Host> {
        let all = || self.phase.hosts().to_vec();
        self.host.map_or_else(all, |host| vec![host])
    }

    /// Whether requests that get no whole answer are executed.
    pub fn is_executed(&self) -> bool {
        self.executed.unwrap_or(true)
    }

    /// Whether established connections are reset when it begins.
    pub fn resets(&self) -> bool {
        self.established == Some(Established::Reset)
    }
}

impl Parameters for Hang {
    fn problem(&self) -> Option<Problem> {
        let phase = self.phase.as_str();
        let what = format!("that has the phase `{phase}`");
        if let Some(problem) = one_of(self.host, self.phase.hosts(), &what) {
            return Some(problem);
        }
        let only = |phases: &str| format!("no such key: it belongs to {phases}, not to `{phase}`");
        if !self.methods.is_empty() && !self.phase.is_rest() {
            return Some(("methods", only("`head` and `body`")));
        }
        if self.executed.is_some() && !self.phase.is_rest() {
            return Some(("executed", only("`head` and `body`")));
        }
        let misplaced = self.established.is_some() && self.phase != HangPhase::Connect;
        misplaced.then(|| ("established", only("`connect`")))
    }

    fn target(&self) -> Target<'_> {
        let part = self.phase.as_str();
        Target { methods: &self.methods, part, ..Target::hosts(self.hosts()) }
    }
}

/// ` head, not executed for AddOrder`.
impl fmt::Display for Hang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.phase.as_str())?;
        if self.resets() {
            f.write_str(", established reset")?;
        }
        if self.phase.is_rest() && !self.is_executed() {
            f.write_str(", not executed")?;
        }
        write_link(f, None, self.host.filter(|_| !self.phase.is_rest()))?;
        write_methods(f, &self.methods)
    }
}
