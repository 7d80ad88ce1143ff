//! What a node needs to know.

use std::time::Duration;

use engine::{RiskLimits, StrategyFactory};
use kraken::KrakenConfig;
use resilience::BackoffConfig;

use crate::error::NodeError;

/// Configuration of a node. No `Default`: it moves money.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The venue: endpoints, credentials, symbols, timeouts.
    pub kraken: KrakenConfig,
    /// What trades, one for each symbol of the venue's configuration. Positions count from the start
    /// of the node: what the account owned before is not the strategy's.
    pub strategy: StrategyFactory,
    /// What it may not exceed.
    pub risk: RiskLimits,
    /// What to do when the account has open orders at the start.
    pub foreign_orders: ForeignOrders,
    /// Time between two comparisons of our open orders with the venue's. Above zero; 5 s is usual.
    pub reconcile_every: Duration,
    /// Time after an order's deadline during which the venue may not show it yet. An order that is
    /// not found after that was never placed. Kraken has shown orders up to a minute late: 60 s.
    pub visibility_delay: Duration,
    /// Most by which our clock may differ from the venue's at the start; 3 s is usual. The venue tells
    /// whole seconds, so that less than 2 s cannot be told from the time of a request.
    pub clock_skew_max: Duration,
    /// Waits between two questions for one order, and between two cancellations of one order.
    pub ask_again: BackoffConfig,
    /// Longest time for loading instruments and open orders at the start.
    pub startup_max: Duration,
    /// Longest time for cancelling and resolving orders at the end. Less than the order deadline and
    /// `visibility_delay` together leaves orders in doubt that were sent last.
    pub settle_max: Duration,
    /// Longest time for closing connections and ending tasks at the end. 10 s is usual.
    pub grace: Duration,
}

/// What to do with open orders that another program, a person or an earlier run left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignOrders {
    /// Do not start: somebody should look first. They could be what a crashed run left.
    Refuse,
    /// Leave them alone.
    Leave,
}

impl NodeConfig {
    /// Checks what the parts do not check themselves.
    pub(crate) fn validate(&self) -> Result<(), NodeError> {
        let settings = [
            ("reconcile_every", self.reconcile_every),
            ("clock_skew_max", self.clock_skew_max),
            ("startup_max", self.startup_max),
            ("settle_max", self.settle_max),
            ("grace", self.grace),
        ];
        match settings.iter().find(|(_, duration)| duration.is_zero()) {
            Some((setting, _)) => Err(NodeError::Zero { setting }),
            None => Ok(self.ask_again.validate()?),
        }
    }
}
