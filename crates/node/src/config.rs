//! What a node needs to know.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use engine::{RiskLimits, StrategyFactory};
use kraken::KrakenConfig;
use kraken::switch::SwitchConfig;
use platform::health::Criticality;
use resilience::BackoffConfig;

use crate::dependencies;
use crate::error::NodeError;
use crate::sinks::SinkSpec;

/// Longest duration of any setting: longer ones are mistakes, and the clock cannot count all of them.
const DURATION_MAX: Duration = Duration::from_secs(24 * 3_600);

/// Longest time over which positions are inherited.
const INHERIT_MAX: Duration = Duration::from_secs(366 * 24 * 3_600);

/// Configuration of a node. Every duration but `inherit` is at most 24 h. No `Default`: it moves money.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The venue: endpoints, credentials, symbols, timeouts.
    pub kraken: KrakenConfig,
    /// What trades, one for each symbol of the venue's configuration. Positions count from the start
    /// of the node, or of the runs that it inherits: what the account owned before is not the strategy's.
    pub strategy: StrategyFactory,
    /// What it may not exceed.
    pub risk: RiskLimits,
    /// What to do when the account has open orders at the start.
    pub foreign_orders: ForeignOrders,
    /// How far back the executions of earlier runs of this program count as our positions, by the form of the
    /// ids of their orders: `None` for not at all, so that positions begin at zero. At most 366 days, and at most
    /// 1,000 orders. Only where no other node of this program trades on the account.
    pub inherit: Option<Duration>,
    /// Time between two comparisons of our open orders with the venue's. Above zero; 5 s is usual.
    pub reconcile_every: Duration,
    /// Time after an order's deadline during which the venue may not show it yet. An order that is
    /// not found after that was never placed. May be zero. Kraken has shown orders up to a minute
    /// late: 60 s.
    pub visibility_delay: Duration,
    /// Most by which our clock may differ from the venue's: at the start, or the node does not start, and later,
    /// or `kraken/clock` is down. 3 s is usual. The venue tells
    /// whole seconds, so that less than 2 s cannot be told from the time of a request.
    pub clock_skew_max: Duration,
    /// Time between two comparisons of our clock with the venue's, each one call; 30 s is usual.
    pub clock_compare_every: Duration,
    /// Waits between two questions for one order, and between two cancellations of one order.
    pub ask_again: BackoffConfig,
    /// The venue's dead man's switch: has it cancel **all** orders of the account when the node is not heard
    /// of in time; `None` for none.
    ///
    /// Use it where the account is the node's alone: a machine that loses its power or its network leaves
    /// orders behind that nobody watches, which is worse than orders cancelled for a lasting outage. Beside
    /// orders of others ([`ForeignOrders::Leave`]) it would cancel those, too.
    pub switch: Option<SwitchConfig>,
    /// Longest time for loading instruments and open orders at the start.
    pub startup_max: Duration,
    /// Longest time for cancelling and resolving orders at the end. Less than the order deadline and
    /// `visibility_delay` together leaves orders in doubt that were sent last.
    pub settle_max: Duration,
    /// Longest time for flushing the sinks at the end. 5 s is usual.
    pub flush_max: Duration,
    /// Longest time for ending the tasks of one group at the end: streams, orders, sinks, connections,
    /// the endpoint. 10 s is usual.
    pub grace: Duration,
    /// Where the node serves `/metrics`, `/health`, `/status` and its dashboard; `None` for nowhere.
    /// It is plain HTTP for reading only, without any password: listen on a loopback address unless
    /// everybody who reaches the port may read it.
    ///
    /// Port 0 takes any free one, which log and health tell.
    pub endpoint: Option<SocketAddr>,
    /// Names, in small letters, under which the endpoint may be asked for, besides `localhost` and every
    /// address. A page of another name is not answered, though it may resolve to us: else any web page that
    /// a browser on this machine opens could read ours.
    pub endpoint_hosts: BTreeSet<String>,
    /// Where the node writes besides the venue.
    pub sinks: Vec<SinkSpec>,
    /// Dependencies, by name, that the node can do without: `endpoint`, the name of a sink. When one
    /// of them is down, the node is degraded; when another one is, it is down.
    pub optional: BTreeSet<String>,
}

/// What to do with open orders that another program, a person or an earlier run left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignOrders {
    /// Do not start: somebody should look first. They could be what a crashed run left.
    Refuse,
    /// Leave them alone.
    Leave,
    /// Cancel those that an earlier run of this program left, by the form of our ids, and do not start
    /// beside any other. Orders that were on their way when that run ended, and show up later, are
    /// cancelled, too. Only where no other node of this program trades on the account.
    CancelOwn,
}

impl NodeConfig {
    /// Checks what can be checked without the venue. [`run`](crate::run) does it, too.
    ///
    /// # Errors
    /// [`NodeError`] for the first setting that cannot work.
    pub fn validate(&self) -> Result<(), NodeError> {
        self.kraken.validate()?;
        let settings = [
            ("reconcile_every", self.reconcile_every),
            ("clock_skew_max", self.clock_skew_max),
            ("clock_compare_every", self.clock_compare_every),
            ("startup_max", self.startup_max),
            ("settle_max", self.settle_max),
            ("flush_max", self.flush_max),
            ("grace", self.grace),
        ];
        let fits = |duration: Duration| !duration.is_zero() && duration <= DURATION_MAX;
        if let Some((setting, _)) = settings.into_iter().find(|(_, duration)| !fits(*duration)) {
            let expected = "a duration above zero of at most 24 h";
            return Err(NodeError::Range { setting, expected });
        }
        if self.inherit.is_some_and(|inherit| inherit.is_zero() || inherit > INHERIT_MAX) {
            let expected = "a duration above zero of at most 366 days";
            return Err(NodeError::Range { setting: "inherit", expected });
        }
        if self.visibility_delay > DURATION_MAX {
            let expected = "a duration of at most 24 h";
            return Err(NodeError::Range { setting: "visibility_delay", expected });
        }
        if let Some(switch) = &self.switch {
            switch.validate()?;
        }
        let names = dependencies::names(self);
        let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
        if let Some((_, name)) = twice {
            return Err(NodeError::DependencyTwice { name: name.clone() });
        }
        if let Some(name) = self.optional.iter().find(|name| !names.contains(name)) {
            return Err(NodeError::NoDependency { name: name.clone(), known: names });
        }
        Ok(self.ask_again.validate()?)
    }

    /// Whether the node is of use without a dependency.
    pub(crate) fn criticality(&self, name: &str) -> Criticality {
        if self.optional.contains(name) { Criticality::NonCritical } else { Criticality::Critical }
    }
}
