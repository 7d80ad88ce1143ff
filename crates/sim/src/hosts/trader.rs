//! The host on which the production stack runs, unmodified.

use std::fmt;
use std::sync::Arc;

use node::NodeConfig;
use platform::{Auditor, BoxFuture, Entropy, Exposition, Platform};
use tokio_util::sync::CancellationToken;

use crate::clock::SimClock;
use crate::history::HostLog;
use crate::hosts::{TRADER, stopped, watched};
use crate::links::Links;
use crate::network::HostNetwork;
use crate::sockets::{OpenStreams, SimBinder, SimConnector};

/// What a trader's program gets.
#[derive(Debug, Clone)]
pub struct TraderContext {
    /// Configuration of the node.
    pub config: NodeConfig,
    /// The simulated surroundings.
    pub platform: Platform,
    /// Cancelled when the trader shall stop.
    pub stop: CancellationToken,
}

/// A program that runs on the trader's host; the error ends up in the history.
pub type TraderProgram =
    Arc<dyn Fn(TraderContext) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The production node.
pub fn production() -> TraderProgram {
    Arc::new(|context| {
        Box::pin(async move {
            let TraderContext { config, platform, stop } = context;
            let report = Box::pin(node::run(config, platform, stop))
                .await
                .map_err(|error| error.to_string())?;
            if report.unsettled.is_empty() { Ok(()) } else { Err(report.unsettled.join("; ")) }
        })
    })
}

/// Everything that the host needs.
#[derive(Clone)]
pub(crate) struct TraderHost {
    pub(crate) program: TraderProgram,
    pub(crate) config: NodeConfig,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) entropy: Entropy,
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) log: HostLog,
    pub(crate) links: Links,
    pub(crate) exposition: Exposition,
    pub(crate) stop: CancellationToken,
    /// Cancelled by the host when its program has ended.
    pub(crate) ended: CancellationToken,
}

impl fmt::Debug for TraderHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraderHost").field("config", &self.config).finish_non_exhaustive()
    }
}

impl TraderHost {
    pub(crate) async fn run(self) {
        let open = OpenStreams::default();
        let connector = SimConnector {
            network: Arc::clone(&self.network),
            open: open.clone(),
            links: self.links.clone(),
        };
        let binder = SimBinder { network: Arc::clone(&self.network), open: open.clone() };
        let platform = Platform {
            clock: self.clock,
            entropy: self.entropy,
            connector: Arc::new(connector),
            binder: Arc::new(binder),
            auditor: Auditor::new(Arc::new(self.log.clone())),
            exposition: self.exposition,
        };
        let context = TraderContext { config: self.config, platform, stop: self.stop };
        let result = watched(TRADER, &open, (self.program)(context)).await;
        self.log.world(stopped(&open, result.err()));
        self.ended.cancel();
    }
}
