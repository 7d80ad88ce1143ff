//! Orders that an earlier run of this program left, by a crash or a power cut.

use engine::EarlierRuns;
use kraken::Rest;
use model::{OrderReport, Symbol, UnixNanos};

use crate::config::{ForeignOrders, NodeConfig};

/// What is to be done about orders of earlier runs.
#[derive(Debug, Clone)]
pub(crate) struct Strays {
    rest: Rest,
    runs: EarlierRuns,
    /// Whose limit their cancels count against: the venue's lists of orders do not tell us theirs.
    symbol: Option<Symbol>,
}

impl Strays {
    /// Of runs other than the one that starts at `started`; `None` unless they are to be cancelled.
    pub(crate) fn new(config: &NodeConfig, rest: &Rest, started: UnixNanos) -> Option<Self> {
        let strays = || Self {
            rest: rest.clone(),
            runs: EarlierRuns::before(started),
            symbol: config.kraken.symbols.first().cloned(),
        };
        (config.foreign_orders == ForeignOrders::CancelOwn).then(strays)
    }

    /// True for an order of an earlier run.
    pub(crate) fn is_stray(&self, order: &OrderReport) -> bool {
        order.client_order_id.as_ref().is_some_and(|id| self.runs.had(id))
    }

    /// Cancels the orders of earlier runs in a list of open ones; how many there are.
    ///
    /// One that cannot be cancelled now is in the next list, too.
    pub(crate) async fn cancel(&self, open: &[OrderReport]) -> usize {
        let strays: Vec<_> = open.iter().filter(|order| self.is_stray(order)).collect();
        for order in &strays {
            let Some(symbol) = &self.symbol else { break };
            let (id, client_order_id) = (&order.venue_order_id, &order.client_order_id);
            match self.rest.cancel_order(id, symbol).await {
                Ok(_) => tracing::warn!(?client_order_id, %id, "order of an earlier run cancelled"),
                Err(error) => {
                    tracing::warn!(%id, %error, "order of an earlier run not cancelled yet")
                }
            }
        }
        strays.len()
    }
}
