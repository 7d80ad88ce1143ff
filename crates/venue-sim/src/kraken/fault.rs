//! Faults of the protocol that a scenario switches on and off.

mod page;

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use platform::{Entropy, EntropyStream};
use rand::Rng;
use tokio_util::sync::CancellationToken;

use crate::kraken::sim::Role;

pub(crate) use page::error_page;

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
}

/// What a fault does to a REST request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    const fn rank(self) -> u8 {
        match self {
            Self::Status { executed: false, .. } => 0,
            Self::Status { executed: true, .. } => 1,
            Self::Hang { .. } => 2,
            Self::Slow { .. } => 3,
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
        Self { state: Mutex::default(), entropy: entropy.child("kraken/fault") }
    }

    /// Puts a fault in force, under its number in the plan.
    ///
    /// Of several that strike one request, those that let the least through come first: refused,
    /// answer lost, hung, slow; among equals that with the lowest number.
    pub fn switch_on(&self, fault: u32, what: ProtocolFault) {
        let draws = self.entropy.stream(&fault.to_string());
        let on = On { what, over: CancellationToken::new(), draws };
        self.state.lock().on.insert(fault, on);
    }

    /// Ends a fault; what it held back goes on.
    pub fn switch_off(&self, fault: u32) {
        let ended = self.state.lock().on.remove(&fault);
        if let Some(On { over, .. }) = ended {
            over.cancel();
        }
    }

    /// How often a fault has struck so far.
    pub fn struck(&self, fault: u32) -> u64 {
        self.state.lock().struck.get(&fault).copied().unwrap_or(0)
    }

    /// The fault that strikes a REST request of a method, counted.
    pub(crate) fn strike_rest(&self, method: &str) -> Option<RestStrike> {
        let mut state = self.state.lock();
        let strikes = |(id, on): (&u32, &On)| match &on.what {
            ProtocolFault::Rest { fault, methods }
                if methods.is_empty() || methods.iter().any(|name| name == method) =>
            {
                Some((fault.rank(), *id, *fault))
            }
            ProtocolFault::Rest { .. }
            | ProtocolFault::Handshake(_)
            | ProtocolFault::Subscribed(_) => None,
        };
        let first = state.on.iter().filter_map(strikes).min_by_key(|(rank, id, _)| (*rank, *id));
        let (_, fault, what) = first?;
        state.count(fault);
        let on = state.on.get_mut(&fault)?;
        let delay = match what {
            RestFault::Slow { min, max } => draw(&mut on.draws, min, max),
            RestFault::Status { .. } | RestFault::Hang { .. } => Duration::ZERO,
        };
        Some(RestStrike { fault, what, delay, over: on.over.clone() })
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
