//! Faults as a scenario file states them.
//!
//! A kind is a variant of [`FaultKind`], its parameters in one of the files below, a section of
//! `scenarios/README.md`, and an arm where `sim` carries it out.

mod cut;
mod dial;
mod flow;
mod hang;
mod hold;
mod host;
mod parameters;
mod process;
mod rest;
mod simpler;
mod sink;
mod stream;
mod venue;

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de};
use toml::de::ValueDeserializer;

use parameters::Parameters;

pub use cut::{HalfOpen, Reset, Truncate};
pub use dial::{Dns, Excess, PoolExhausted, Refuse};
pub use flow::{Corrupt, Drip, Latency, Split, Throttle};
pub use hang::{Established, Hang, HangPhase};
pub use hold::Hold;
pub use host::{Direction, Host};
pub use process::{Clock, Crash, Freeze, Process};
pub use rest::{Method, RestError, RestSlow, RestStatus};
pub use sink::SinkStatus;
pub use stream::{Book, BookFault, Executions, ExecutionsFault, Stale, WsClose, WsStatus, WsText};
pub use venue::{LateOrders, Maintenance, MaintenancePhase, Token};

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
    /// REST requests are answered with an error of the venue's own.
    RestError(RestError),
    /// Connections to a host hang, and new ones are not accepted; the bytes arrive when the fault
    /// is over.
    Hold(Hold),
    /// Connections hang in one phase of their life.
    Hang(Hang),
    /// Dials are refused.
    Refuse(Refuse),
    /// Connections are reset.
    Reset(Reset),
    /// The other side of connections is gone, and nobody says so.
    HalfOpen(HalfOpen),
    /// Bytes come late, in order.
    Latency(Latency),
    /// Bytes come drop by drop.
    Drip(Drip),
    /// The bandwidth of each connection is small.
    Throttle(Throttle),
    /// Bytes come in other pieces than those in which they were sent.
    Split(Split),
    /// Connections end in the middle of what they carry.
    Truncate(Truncate),
    /// Single bytes are damaged.
    Corrupt(Corrupt),
    /// The names of hosts are not found, or not soon.
    Dns(Dns),
    /// A host takes no more than a few connections.
    PoolExhausted(PoolExhausted),
    /// Upgrades to a WebSocket are answered with a HTTP status.
    WsStatus(WsStatus),
    /// WebSocket sessions are closed by the venue.
    WsClose(WsClose),
    /// WebSocket sessions get a message that is not of the protocol.
    WsText(WsText),
    /// WebSocket sessions get no data any more, but heartbeats and answers.
    Stale(Stale),
    /// Messages about our orders are lost, repeated or out of order.
    Executions(Executions),
    /// Changes of books are lost or wrong.
    Book(Book),
    /// Tokens for private streams expire sooner than promised.
    Token(Token),
    /// The venue is in a phase of a maintenance.
    Maintenance(Maintenance),
    /// Orders become visible late.
    LateOrders(LateOrders),
    /// A process ends at once, and starts anew at the end.
    Crash(Crash),
    /// A process stands still, and goes on at the end.
    Freeze(Freeze),
    /// The trader's wall clock jumps, and jumps back at the end.
    Clock(Clock),
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
    pub const NAMES: [&str; 31] = [
        "rest-status",
        "rest-lost-answer",
        "rest-slow",
        "rest-error",
        "hold",
        "hang",
        "refuse",
        "reset",
        "half-open",
        "latency",
        "drip",
        "throttle",
        "split",
        "truncate",
        "corrupt",
        "dns",
        "pool-exhausted",
        "ws-status",
        "ws-close",
        "ws-text",
        "stale",
        "executions",
        "book",
        "token",
        "maintenance",
        "late-orders",
        "crash",
        "freeze",
        "clock",
        "sink-status",
        "sink-hold",
    ];

    /// Value of the key `kind`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RestStatus(_) => "rest-status",
            Self::RestLostAnswer(_) => "rest-lost-answer",
            Self::RestSlow(_) => "rest-slow",
            Self::RestError(_) => "rest-error",
            Self::Hold(_) => "hold",
            Self::Hang(_) => "hang",
            Self::Refuse(_) => "refuse",
            Self::Reset(_) => "reset",
            Self::HalfOpen(_) => "half-open",
            Self::Latency(_) => "latency",
            Self::Drip(_) => "drip",
            Self::Throttle(_) => "throttle",
            Self::Split(_) => "split",
            Self::Truncate(_) => "truncate",
            Self::Corrupt(_) => "corrupt",
            Self::Dns(_) => "dns",
            Self::PoolExhausted(_) => "pool-exhausted",
            Self::WsStatus(_) => "ws-status",
            Self::WsClose(_) => "ws-close",
            Self::WsText(_) => "ws-text",
            Self::Stale(_) => "stale",
            Self::Executions(_) => "executions",
            Self::Book(_) => "book",
            Self::Token(_) => "token",
            Self::Maintenance(_) => "maintenance",
            Self::LateOrders(_) => "late-orders",
            Self::Crash(_) => "crash",
            Self::Freeze(_) => "freeze",
            Self::Clock(_) => "clock",
            Self::SinkStatus(_) => "sink-status",
            Self::SinkHold => "sink-hold",
        }
    }

    const fn parameters(&self) -> &dyn Parameters {
        match self {
            Self::RestStatus(kind) | Self::RestLostAnswer(kind) => kind,
            Self::RestSlow(kind) => kind,
            Self::RestError(kind) => kind,
            Self::Hold(kind) => kind,
            Self::Hang(kind) => kind,
            Self::Refuse(kind) => kind,
            Self::Reset(kind) => kind,
            Self::HalfOpen(kind) => kind,
            Self::Latency(kind) => kind,
            Self::Drip(kind) => kind,
            Self::Throttle(kind) => kind,
            Self::Split(kind) => kind,
            Self::Truncate(kind) => kind,
            Self::Corrupt(kind) => kind,
            Self::Dns(kind) => kind,
            Self::PoolExhausted(kind) => kind,
            Self::WsStatus(kind) => kind,
            Self::WsClose(kind) => kind,
            Self::WsText(kind) => kind,
            Self::Stale(kind) => kind,
            Self::Executions(kind) => kind,
            Self::Book(kind) => kind,
            Self::Token(kind) => kind,
            Self::Maintenance(kind) => kind,
            Self::LateOrders(kind) => kind,
            Self::Crash(kind) => kind,
            Self::Freeze(kind) => kind,
            Self::Clock(kind) => kind,
            Self::SinkStatus(kind) => kind,
            Self::SinkHold => &sink::SinkHold,
        }
    }

    /// The hosts that it strikes, or whose work it disturbs; none for what strikes the trader itself.
    pub fn hosts(&self) -> Vec<Host> {
        self.parameters().target().hosts
    }

    /// True for what happens to the sink.
    pub fn strikes_sink(&self) -> bool {
        self.hosts().contains(&Host::Influx)
    }

    /// Reads the parameters of the kind called `name`.
    ///
    /// Written by hand: serde copies the content of tagged enums, and with it loses every position
    /// that an error message needs.
    pub(crate) fn read(name: &str, from: ValueDeserializer<'_>) -> Result<Self, toml::de::Error> {
        match name {
            "rest-status" => RestStatus::deserialize(from).map(Self::RestStatus),
            "rest-lost-answer" => RestStatus::deserialize(from).map(Self::RestLostAnswer),
            "rest-slow" => RestSlow::deserialize(from).map(Self::RestSlow),
            "rest-error" => RestError::deserialize(from).map(Self::RestError),
            "hold" => Hold::deserialize(from).map(Self::Hold),
            "hang" => Hang::deserialize(from).map(Self::Hang),
            "refuse" => Refuse::deserialize(from).map(Self::Refuse),
            "reset" => Reset::deserialize(from).map(Self::Reset),
            "half-open" => HalfOpen::deserialize(from).map(Self::HalfOpen),
            "latency" => Latency::deserialize(from).map(Self::Latency),
            "drip" => Drip::deserialize(from).map(Self::Drip),
            "throttle" => Throttle::deserialize(from).map(Self::Throttle),
            "split" => Split::deserialize(from).map(Self::Split),
            "truncate" => Truncate::deserialize(from).map(Self::Truncate),
            "corrupt" => Corrupt::deserialize(from).map(Self::Corrupt),
            "dns" => Dns::deserialize(from).map(Self::Dns),
            "pool-exhausted" => PoolExhausted::deserialize(from).map(Self::PoolExhausted),
            "ws-status" => WsStatus::deserialize(from).map(Self::WsStatus),
            "ws-close" => WsClose::deserialize(from).map(Self::WsClose),
            "ws-text" => WsText::deserialize(from).map(Self::WsText),
            "stale" => Stale::deserialize(from).map(Self::Stale),
            "executions" => Executions::deserialize(from).map(Self::Executions),
            "book" => Book::deserialize(from).map(Self::Book),
            "token" => Token::deserialize(from).map(Self::Token),
            "maintenance" => Maintenance::deserialize(from).map(Self::Maintenance),
            "late-orders" => LateOrders::deserialize(from).map(Self::LateOrders),
            "crash" => Crash::deserialize(from).map(Self::Crash),
            "freeze" => Freeze::deserialize(from).map(Self::Freeze),
            "clock" => Clock::deserialize(from).map(Self::Clock),
            "sink-status" => SinkStatus::deserialize(from).map(Self::SinkStatus),
            "sink-hold" => NoParameters::deserialize(from).map(|NoParameters {}| Self::SinkHold),
            other => Err(de::Error::unknown_variant(other, &Self::NAMES)),
        }
    }

    /// A kind from its name and parameters; `None` if they are not those of a kind.
    pub(crate) fn from_table(table: toml::Table) -> Option<Self> {
        Self::deserialize(toml::Value::Table(table)).ok()
    }

    /// What is counted together over many runs: the kind, and where it has phases, the phase.
    pub fn label(&self) -> String {
        match self.parameters().target().part {
            "" => self.name().to_owned(),
            part => format!("{} {part}", self.name()),
        }
    }

    /// The first parameter that does not go with the others, and what was expected of it.
    pub fn problem(&self) -> Option<(&'static str, String)> {
        self.parameters().problem()
    }

    /// Whether both would do the same to the same target.
    pub(crate) fn collides_with(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.parameters().target(), other.parameters().target());
        self.name() == other.name() && ours.meets(&theirs)
    }
}

/// Name and parameters: `rest-status 503`.
impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.parameters().fmt(f)
    }
}

#[cfg(test)]
mod tests;
