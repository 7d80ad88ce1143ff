//! Start, run, stop.

use std::fmt;
use std::sync::Arc;

use engine::{Engine, EngineConfig};
use kraken::{Rest, SessionContext, run_private, run_public};
use model::audit::AuditEvent;
use model::{FeedEvent, Instrument};
use platform::{Platform, Spawner};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::NodeConfig;
use crate::core::{Core, Signals};
use crate::error::NodeError;
use crate::groups::{Groups, STREAMS, UPKEEP};
use crate::orders::OrderDesk;
use crate::{startup, upkeep};

/// News that may wait for the engine; a full queue slows the senders down.
const QUEUE_MAX: usize = 1_024;

/// What a node did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeReport {
    /// Events that the engine took.
    pub steps: u64,
    /// Orders that were placed.
    pub orders: u64,
    /// Orders that a limit, a rule or a dead stream kept from being placed.
    pub wishes_dropped: u64,
    /// Orders that may still be live at the venue: `settle_max` was too short, or tasks failed.
    pub unsettled: Vec<String>,
}

/// What was left, as the end of a sentence; nothing if nothing was left.
impl fmt::Display for NodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unsettled.is_empty() {
            return Ok(());
        }
        write!(f, "; unsettled: {}", self.unsettled.join(", "))
    }
}

/// Runs a node until `stop` is cancelled, then shuts it down in order: no new orders, open ones
/// cancelled, unknown ones resolved, streams closed, tasks ended.
///
/// A failing stream or strategy ends the node in the same order; the error then has the report.
///
/// # Errors
/// [`NodeError`]: it could not start, or a part failed or did not stop in time.
///
/// # Cancel safety
/// Dropping the future aborts every task; orders stay as they are at the venue. Use `stop`.
///
/// # Determinism
/// Draws from the streams `kraken/*` and `node/*` of the platform's entropy; reads its clock.
pub async fn run(
    config: NodeConfig,
    platform: Platform,
    stop: CancellationToken,
) -> Result<NodeReport, NodeError> {
    config.validate()?;
    let groups = Groups::new();
    // Outlives the streams, which fail when nobody takes their events.
    let (feed_in, feed) = mpsc::channel(QUEUE_MAX);
    let mut session = Session { config, platform, groups, feed };
    let traded = session.trade(feed_in, &stop).await;
    let failures = session.groups.close(session.config.grace).await;
    let aborted = failures.iter().flat_map(|failure| failure.aborted.clone());
    let left = traded.iter().flat_map(|(report, _)| report.unsettled.clone());
    shutdown_step(&session.platform, "stopped", aborted.chain(left).collect());
    let (report, panic) = traded?;
    match panic {
        Some(panic) => Err(NodeError::Strategy { panic, report }),
        None if failures.is_empty() => Ok(report),
        None => Err(NodeError::Tasks { failures, report }),
    }
}

/// One run of a node.
struct Session {
    config: NodeConfig,
    platform: Platform,
    groups: Groups,
    feed: mpsc::Receiver<FeedEvent>,
}

impl Session {
    /// Everything between start and the end of the last order: the report, and the strategy's panic
    /// if it panicked.
    async fn trade(
        &mut self,
        feed_in: mpsc::Sender<FeedEvent>,
        stop: &CancellationToken,
    ) -> Result<(NodeReport, Option<String>), NodeError> {
        let Self { config, platform, groups, .. } = &*self;
        let rest = Rest::new(&config.kraken, platform, groups.connections.spawner())?;
        let Some(instruments) = startup::start(config, platform, &rest, stop).await? else {
            return Ok((NodeReport::default(), None));
        };
        let engine_config = EngineConfig {
            instruments: instruments.clone(),
            risk: config.risk,
            started: platform.clock.now(),
        };
        let engine = Engine::new(engine_config, config.strategy.build(&config.kraken.symbols))?;
        let (answers_in, answers) = mpsc::channel(QUEUE_MAX);
        let spawner = groups.orders.spawner();
        let desk = OrderDesk::new(config, platform, &rest, spawner.clone(), answers_in.clone());
        let mut core = Core::new(engine, desk, platform.auditor.clone());
        let steps = core.step_counter();
        let reconcile = upkeep::reconcile(rest.clone(), config.reconcile_every, steps, answers_in);
        spawner.spawn(UPKEEP, "reconcile", reconcile);
        self.spawn_streams(&groups.feeds.spawner(), rest, instruments, feed_in);

        let signals = Signals {
            stop: stop.clone(),
            feeds_failed: groups.feeds.cancel_token().clone(),
            connections_failed: groups.connections.cancel_token().clone(),
            orders_failed: groups.orders.cancel_token().clone(),
        };
        let settle_max = config.settle_max;
        core.trade(&mut self.feed, answers, &signals, settle_max).await;
        shutdown_step(&self.platform, "close-streams", Vec::new());
        Ok((core.report(), core.strategy_failure()))
    }

    fn spawn_streams(
        &self,
        spawner: &Spawner,
        rest: Rest,
        instruments: Vec<Instrument>,
        feed: mpsc::Sender<FeedEvent>,
    ) {
        let context = SessionContext {
            config: Arc::new(self.config.kraken.clone()),
            platform: self.platform.clone(),
            rest,
            instruments: instruments.into(),
        };
        let (public, public_feed) = (context.clone(), feed.clone());
        spawner.spawn_graceful(STREAMS, "public stream", |cancel| async move {
            Ok(run_public(public, public_feed, cancel).await?)
        });
        spawner.spawn_graceful(STREAMS, "private stream", |cancel| async move {
            Ok(run_private(context, feed, cancel).await?)
        });
    }
}

fn shutdown_step(platform: &Platform, step: &str, unfinished: Vec<String>) {
    platform.auditor.record(AuditEvent::Shutdown { step: step.to_owned(), unfinished });
}
