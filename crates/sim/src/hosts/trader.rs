//! The host on which the production stack runs, unmodified.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::history::WorldEvent;
use node::NodeConfig;
use platform::{Auditor, BoxFuture, Clock, Entropy, Exposition, Platform};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::clock::SimClock;
use crate::freezer::Freezer;
use crate::history::HostLog;
use crate::hosts::{TRADER, stopped, watched};
use crate::links::Links;
use crate::network::HostNetwork;
use crate::sampler::Meters;
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
    pub(crate) freezer: Freezer,
    /// How often the program was started.
    pub(crate) lives: Arc<AtomicU64>,
    pub(crate) network: Arc<dyn HostNetwork>,
    pub(crate) log: HostLog,
    pub(crate) links: Links,
    pub(crate) exposition: Exposition,
    pub(crate) meters: Meters,
    pub(crate) stop: CancellationToken,
    /// Cancelled by the host when its program has ended.
    pub(crate) ended: CancellationToken,
}

impl fmt::Debug for TraderHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraderHost").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Time after which a process that could not start is started again.
const RESTART_AFTER: Duration = Duration::from_secs(1);

impl TraderHost {
    /// Runs the program to its end. One that was started after a crash, and could not, is started again.
    pub(crate) async fn run(self) {
        loop {
            let life = self.lives.fetch_add(1, Ordering::Relaxed);
            let open = OpenStreams::default();
            let context = self.context(life, &open);
            let result = watched(TRADER, &open, (self.program)(context)).await;
            if life == 0 || result.is_ok() || self.stop.is_cancelled() {
                self.log.world(stopped(&open, result.err()));
                self.ended.cancel();
                return;
            }
            tracing::debug!(life, error = ?result.err(), "trader is started again");
            self.log.world(WorldEvent::HostCrashed);
            self.meters.crash();
            sleep(RESTART_AFTER).await;
        }
    }

    fn context(&self, life: u64, open: &OpenStreams) -> TraderContext {
        let (mut config, mut entropy) = (self.config.clone(), self.entropy.clone());
        if life > 0 {
            // A real process has new randomness at every start, and whoever restarts it says that he does.
            entropy = entropy.child(&format!("life/{life}"));
            config.kraken.counters_full_at_start = true;
        } else {
            // Nobody was before it.
            config.inherit = None;
        }
        let connector = SimConnector {
            network: Arc::clone(&self.network),
            open: open.clone(),
            links: self.links.clone(),
        };
        let binder = SimBinder { network: Arc::clone(&self.network), open: open.clone() };
        let platform = Platform {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            entropy,
            tasks: self.freezer.tasks(),
            connector: Arc::new(connector),
            binder: Arc::new(binder),
            auditor: Auditor::new(Arc::new(self.log.clone())),
            exposition: self.exposition.clone(),
        };
        TraderContext { config, platform, stop: self.stop.clone() }
    }
}
