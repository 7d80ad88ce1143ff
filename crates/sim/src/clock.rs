//! Wall time inside the simulation.

use std::sync::Arc;

use model::UnixNanos;
use platform::Clock;

use crate::network::HostNetwork;

/// The scenario's epoch plus virtual time.
#[derive(Debug)]
pub(crate) struct SimClock {
    pub(crate) epoch: UnixNanos,
    pub(crate) network: Arc<dyn HostNetwork>,
}

impl Clock for SimClock {
    fn now(&self) -> UnixNanos {
        self.epoch.plus(self.network.elapsed().unwrap_or_default())
    }
}
