//! Faults of the protocol that a scenario switches on and off.

mod page;
mod session;

use std::collections::BTreeMap;
use std::time::Duration;

use model::UnixNanos;
use parking_lot::Mutex;
use platform::{Entropy, EntropyStream};
use rand::Rng;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::kraken::sim::Role;

pub(crate) use page::error_page;
pub use session::{ChannelFault, SessionFault};

/// What a fault of the protocol does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolFault {
    /// To REST requests.
    Rest {
        /// What it does to them.
        fault: RestFault,
        /// Names of the methods that are struck; empty for all.
        methods: Vec<String>,
    },
    /// WebSocket upgrades are not answered until the fault is over; then they are, if the client is
    /// still there.
    Handshake(Vec<Role>),
    /// Sessions that are subscribed fall silent, data, heartbeats and answers alike. What queues
    /// meanwhile is sent when the fault is over; a session whose queue overflows is closed.
    Subscribed(Vec<Role>),
    /// WebSocket upgrades are answered with a page of Cloudflare's.
    Upgrade {
        /// Status of the page; one outside `400..=599` is answered as 520.
        status: u16,
        /// Header `Retry-After`, whole seconds.
        retry_after: Option<Duration>,
        /// Whose upgrades.
        roles: Vec<Role>,
    },
    /// To WebSocket sessions.
    Session {
        /// What it does to them.
        fault: SessionFault,
        /// Whose sessions.
        roles: Vec<Role>,
    },
    /// Tokens that no session uses expire sooner than promised.
    Token {
        /// How long they live.
        life: Duration,
    },
    /// The methods that read orders know an order only from an age on.
    LateOrders {
        /// That age.
        delay: Duration,
    },
}

/// What a fault does to a REST request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestFault {
    /// Cloudflare answers in place of the exchange.
    Status {
        /// Status of the page; one outside `400..=599` is answered as 520.
        status: u16,
        /// Header `Retry-After`, whole seconds.
        retry_after: Option<Duration>,
        /// True when the exchange still does what the request asks for.
        executed: bool,
    },
    /// The exchange answers with an error.
    Error {
        /// In Kraken's words: `EService:Busy`.
        text: String,
        /// True when the exchange still does what the request asks for.
        executed: bool,
    },
    /// The exchange answers late, by a time drawn for each answer.
    Slow {
        /// Shortest delay.
        min: Duration,
        /// Longest delay, not below `min`.
        max: Duration,
    },
    /// The answer stops until the fault is over. A request that was not executed is then answered
    /// by a gateway's 504.
    Hang {
        /// False when nothing of the answer comes; true when head and half of the body do.
        in_body: bool,
        /// True when the exchange still does what the request asks for.
        executed: bool,
    },
}

impl RestFault {
    /// Of several faults that are on, those that let the least through strike first.
    const fn rank(&self) -> u8 {
        match self {
            Self::Status { executed: false, .. } => 0,
            Self::Error { executed: false, .. } => 1,
            Self::Status { executed: true, .. } => 2,
            Self::Error { executed: true, .. } => 3,
            Self::Hang { .. } => 4,
            Self::Slow { .. } => 5,
        }
    }
}

/// Switches of the protocol faults, shared by every connection of a venue.
///
/// Each fault carries the number that it has in the scenario's plan; its strikes are counted under
/// that number.
#[derive(Debug)]
pub struct FaultSwitches {
    state: Mutex<State>,
    entropy: Entropy,
    /// How often a fault began or ended.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    on: BTreeMap<u32, On>,
    struck: BTreeMap<u32, u64>,
}

/// A fault in force.
#[derive(Debug)]
struct On {
    what: ProtocolFault,
    over: CancellationToken,
    draws: EntropyStream,
}

/// What a fault does to the REST request at hand.
#[derive(Debug, Clone)]
pub(crate) struct RestStrike {
    pub(crate) fault: u32,
    pub(crate) what: RestFault,
    /// How late the answer comes, if it is slow.
    pub(crate) delay: Duration,
    /// Ends with the fault.
    pub(crate) over: CancellationToken,
}

/// A stream's fault in force.
#[derive(Debug, Clone)]
pub(crate) struct StreamStrike {
    pub(crate) fault: u32,
    /// Ends with the fault.
    pub(crate) over: CancellationToken,
}

impl FaultSwitches {
    /// Everything off. A fault that draws does so from a stream of its own below `kraken/fault`.
    pub(crate) fn new(entropy: &Entropy) -> Self {
        Self {
            state: Mutex::default(),
            entropy: entropy.child("kraken/fault"),
            changes: watch::Sender::new(0),
        }
    }

    /// Puts a fault in force, under its number in the plan.
    ///
    /// Of several that strike one request, those that let the least through come first: refused,
    /// answer lost, hung, slow; among equals that with the lowest number.
    pub fn switch_on(&self, fault: u32, what: ProtocolFault) {
        let draws = self.entropy.stream(&fault.to_string());
        let on = On { what, over: CancellationToken::new(), draws };
        self.state.lock().on.insert(fault, on);
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Ends a fault; what it held back goes on.
    pub fn switch_off(&self, fault: u32) {
        let ended = self.state.lock().on.remove(&fault);
        if let Some(On { over, .. }) = ended {
            over.cancel();
        }
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Tells when a fault begins or ends.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// How often a fault has struck so far.
    pub fn struck(&self, fault: u32) -> u64 {
        self.state.lock().struck.get(&fault).copied().unwrap_or(0)
    }

    /// The fault that strikes a REST request of a method, counted.
    pub(crate) fn strike_rest(&self, method: &str) -> Option<RestStrike> {
        let mut state = self.state.lock();
        let strikes = |(id, on): (&u32, &On)| {
            let ProtocolFault::Rest { fault, methods } = &on.what else { return None };
            let named = methods.is_empty() || methods.iter().any(|name| name == method);
            named.then(|| (fault.rank(), *id, fault.clone()))
        };
        let first = state.on.iter().filter_map(strikes).min_by_key(|(rank, id, _)| (*rank, *id));
        let (_, fault, what) = first?;
        state.count(fault);
        let on = state.on.get_mut(&fault)?;
        let delay = match what {
            RestFault::Slow { min, max } => draw(&mut on.draws, min, max),
            RestFault::Status { .. } | RestFault::Error { .. } | RestFault::Hang { .. } => {
                Duration::ZERO
            }
        };
        Some(RestStrike { fault, what, delay, over: on.over.clone() })
    }

    /// The page with which an upgrade is answered, counted: the fault, status and `Retry-After`.
    pub(crate) fn strike_upgrade(&self, role: Role) -> Option<(u32, u16, Option<Duration>)> {
        let mut state = self.state.lock();
        let found = state.on.iter().find_map(|(id, on)| {
            let ProtocolFault::Upgrade { status, retry_after, roles } = &on.what else {
                return None;
            };
            roles.contains(&role).then_some((*id, *status, *retry_after))
        })?;
        state.count(found.0);
        Some(found)
    }

    /// The faults of sessions that are on, in the order of their numbers.
    pub(crate) fn of_sessions(&self, role: Role) -> Vec<(u32, SessionFault)> {
        let state = self.state.lock();
        let of_role = |(id, on): (&u32, &On)| {
            let ProtocolFault::Session { fault, roles } = &on.what else { return None };
            roles.contains(&role).then(|| (*id, fault.clone()))
        };
        state.on.iter().filter_map(of_role).collect()
    }

    /// Counts a strike of a fault; false if it is over.
    pub(crate) fn hit(&self, fault: u32) -> bool {
        let mut state = self.state.lock();
        let on = state.on.contains_key(&fault);
        if on {
            state.count(fault);
        }
        on
    }

    /// Whether a fault lets a token expire that was issued at a time, counted.
    pub(crate) fn expires(&self, issued: UnixNanos, now: UnixNanos) -> bool {
        self.strike_age(
            issued,
            now,
            |what, age| matches!(what, ProtocolFault::Token { life } if age >= *life),
        )
    }

    /// Whether a fault hides an order that was placed at a time, counted.
    pub(crate) fn hides(&self, placed: UnixNanos, now: UnixNanos) -> bool {
        self.strike_age(
            placed,
            now,
            |what, age| matches!(what, ProtocolFault::LateOrders { delay } if age < *delay),
        )
    }

    fn strike_age(
        &self,
        since: UnixNanos,
        now: UnixNanos,
        strikes: impl Fn(&ProtocolFault, Duration) -> bool,
    ) -> bool {
        let mut state = self.state.lock();
        let age = now.since(since);
        let found = state.on.iter().find(|(_, on)| strikes(&on.what, age)).map(|(id, _)| *id);
        found.inspect(|fault| state.count(*fault)).is_some()
    }

    /// The fault that keeps an upgrade from being answered, counted.
    pub(crate) fn strike_handshake(&self, role: Role) -> Option<StreamStrike> {
        self.strike_stream(
            |what| matches!(what, ProtocolFault::Handshake(roles) if roles.contains(&role)),
        )
    }

    /// The fault that silences a subscribed session, counted.
    pub(crate) fn strike_session(&self, role: Role) -> Option<StreamStrike> {
        self.strike_stream(
            |what| matches!(what, ProtocolFault::Subscribed(roles) if roles.contains(&role)),
        )
    }

    fn strike_stream(&self, strikes: impl Fn(&ProtocolFault) -> bool) -> Option<StreamStrike> {
        let mut state = self.state.lock();
        let (fault, on) = state.on.iter().find(|(_, on)| strikes(&on.what))?;
        let strike = StreamStrike { fault: *fault, over: on.over.clone() };
        state.count(strike.fault);
        Some(strike)
    }
}

impl State {
    fn count(&mut self, fault: u32) {
        let count = self.struck.entry(fault).or_default();
        *count = count.saturating_add(1);
    }
}

/// A whole number of milliseconds from `min` to `max`.
fn draw(draws: &mut EntropyStream, min: Duration, max: Duration) -> Duration {
    let span = max.saturating_sub(min).as_millis();
    let span = u64::try_from(span).unwrap_or(u64::MAX);
    min + Duration::from_millis(draws.next_u64() % span.saturating_add(1))
}

#[cfg(test)]
mod tests;
