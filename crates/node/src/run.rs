//! Start, run, stop.

use std::fmt;
use std::sync::Arc;

use engine::{Engine, EngineConfig};
use kraken::switch::DeadMansSwitch;
use kraken::{Rest, SessionContext, run_private, run_public};
use model::{FeedEvent, Instrument};
use platform::health::{HealthRegistry, HealthReporter};
use platform::{Platform, Spawner};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::config::NodeConfig;
use crate::core::{Core, Signals};
use crate::dependencies::Dependencies;
use crate::error::NodeError;
use crate::groups::{ALERTS, ENDPOINT, Groups, SINKS, STREAMS, SWITCH, UPKEEP};
use crate::heritage::Heritage;
use crate::orders::OrderDesk;
use crate::sinks::{SinkSpec, StartedSink};
use crate::startup::Started;
use crate::strays::Strays;
use crate::switch::{Ended, SwitchHandle};
use crate::{alerts, clock, dependencies, endpoint, help, shutdown, startup, switch, upkeep};

/// News that may wait for the engine; a full queue slows the senders down.
const QUEUE_MAX: usize = 1_024;

/// The venue, as its dependencies are called.
const KRAKEN: &str = "kraken";

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
    /// What went wrong in parts that the node can do without, in words.
    pub left: Vec<String>,
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
/// cancelled, unknown ones resolved, sinks flushed, streams closed, tasks ended. Each step has its own
/// bound.
///
/// A failing stream or strategy ends the node in the same order; the error then has the report.
///
/// # Errors
/// [`NodeError`]: it could not start, or a part failed or did not stop in time. What
/// [`NodeConfig::optional`] names causes none.
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
    help::describe();
    // Outlives the streams, which fail when nobody takes their events.
    let (feed_in, feed) = mpsc::channel(QUEUE_MAX);
    let mut session = Session::open(config, platform, feed);
    // Boxed, as it is by far the largest part of the future.
    let traded = Box::pin(session.trade(feed_in, &stop)).await;
    let unsettled = traded.iter().flat_map(|(report, _)| report.unsettled.clone()).collect();
    let Session { config, platform, groups, sinks, .. } = session;
    let (flush_max, grace) = (config.flush_max, config.grace);
    let closed =
        shutdown::close(groups, sinks, flush_max, grace, unsettled, &platform.auditor).await;
    let (mut report, panic) = traded?;
    report.left.extend(closed.left);
    let failures = closed.failures;
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
    sinks: Vec<StartedSink>,
    /// Cancelled when a sink failed that the node is of no use without.
    sinks_failed: CancellationToken,
    board: Board,
    /// Tells how the dead man's switch is, if there is to be one.
    switch: Option<HealthReporter>,
    feed: mpsc::Receiver<FeedEvent>,
}

impl Session {
    /// Starts what looks on and what is written to: nothing of it is waited for.
    fn open(config: NodeConfig, platform: Platform, feed: mpsc::Receiver<FeedEvent>) -> Self {
        let groups = Groups::new(&platform.tasks);
        let health = HealthRegistry::new(platform.auditor.clone());
        let dependencies = Dependencies::of_venues(&config, &health);
        let switch = config.switch.map(|_| {
            health.declare(dependencies::SWITCH, config.criticality(dependencies::SWITCH))
        });
        let start = |spec| {
            let criticality = config.criticality(SinkSpec::name(spec));
            StartedSink::start(spec, &platform, &health, criticality)
        };
        let sinks: Vec<_> = config.sinks.iter().map(start).collect();
        let shown = [
            ("feeds", groups.feeds.spawner()),
            ("orders", groups.orders.spawner()),
            ("connections", groups.connections.spawner()),
            ("observers", groups.observers.spawner()),
        ];
        let board = Board::new(
            health.clone(),
            dependencies,
            platform.exposition.clone(),
            shown.into_iter().collect(),
            sinks.iter().map(StartedSink::sink).collect(),
        );
        let taps = sinks.iter().filter_map(StartedSink::tap);
        let auditor = platform.auditor.tapped(board.tap());
        let auditor = taps.fold(auditor, |auditor, tap| auditor.tapped(tap));
        let platform = Platform { auditor, ..platform };
        let sinks_failed = CancellationToken::new();
        let observers = groups.observers.spawner();
        observers.spawn(UPKEEP, "metrics", upkeep::publish(board.clone()));
        if let Some(address) = config.endpoint {
            let reporter =
                health.declare(dependencies::ENDPOINT, config.criticality(dependencies::ENDPOINT));
            let binder = Arc::clone(&platform.binder);
            let hosts = Arc::new(config.endpoint_hosts.clone());
            let (board, spawner) = (board.clone(), observers.clone());
            let serve = endpoint::serve(address, hosts, binder, board, reporter, spawner);
            observers.spawn(ENDPOINT, "listener", serve);
        }
        for sink in &sinks {
            observers.spawn(SINKS, sink.name.clone(), sink.watch(&health, &sinks_failed));
        }
        Self { config, platform, groups, sinks, sinks_failed, board, switch, feed }
    }

    /// Everything between start and the end of the last order: the report, and the strategy's panic
    /// if it panicked.
    async fn trade(
        &mut self,
        feed_in: mpsc::Sender<FeedEvent>,
        stop: &CancellationToken,
    ) -> Result<(NodeReport, Option<String>), NodeError> {
        let Self { config, platform, groups, .. } = &*self;
        let rest = Rest::new(&config.kraken, platform, groups.connections.spawner())?;
        self.board.watch(&rest);
        self.follow_alerts(&rest);
        let began = platform.clock.now();
        let Some(started) = startup::start(config, platform, &rest, began, stop).await? else {
            return Ok((NodeReport::default(), None));
        };
        let Started { instruments, positions, estate, switch } = started;
        let reporter = self.switch.clone();
        let switch = switch
            .zip(reporter)
            .map(|(switch, reporter)| self.keep_switch(&rest, switch, reporter));
        let started = platform.clock.now();
        let strays = Strays::new(config, &rest, started);
        let engine_config =
            EngineConfig { instruments: instruments.clone(), risk: config.risk, started };
        let engine = Engine::new(engine_config, config.strategy.build(&config.kraken.symbols))?;
        let (answers_in, answers) = mpsc::channel(QUEUE_MAX);
        let spawner = groups.orders.spawner();
        let desk = OrderDesk::new(config, platform, &rest, spawner.clone(), answers_in.clone());
        let mut core = Core::new(engine, desk, platform.auditor.clone());
        core.inherit(positions);
        if let Some(heritage) = Heritage::new(config, &rest, began, started) {
            let follow = heritage.with(estate).follow(answers_in.clone());
            spawner.spawn(UPKEEP, "heritage", follow);
        }
        if let Some(dependency) = self.board.clock(KRAKEN) {
            let clock = Arc::clone(&platform.clock);
            let times = (config.clock_skew_max, config.clock_compare_every);
            let asked = rest.clone();
            let ask = move || {
                let (clock, rest) = (Arc::clone(&clock), asked.clone());
                async move { clock::skew(clock.as_ref(), &rest).await }
            };
            spawner.spawn(UPKEEP, "clock", clock::follow(ask, times, dependency));
        }
        let steps = core.step_counter();
        let every = config.reconcile_every;
        let asked = rest.clone();
        let ask = move || {
            let rest = asked.clone();
            async move { rest.system_status().await.map(|status| status.intake()) }
        };
        let intake = upkeep::follow_intake(ask, core.restricted(), every, answers_in.clone());
        spawner.spawn(UPKEEP, "intake", intake);
        let reconcile = upkeep::reconcile(rest.clone(), strays, every, steps, answers_in);
        spawner.spawn(UPKEEP, "reconcile", reconcile);
        self.spawn_streams(&groups.feeds.spawner(), rest, instruments, feed_in);

        let signals = Signals {
            stop: stop.clone(),
            feeds_failed: groups.feeds.cancel_token().clone(),
            connections_failed: groups.connections.cancel_token().clone(),
            sinks_failed: self.sinks_failed.clone(),
            orders_failed: groups.orders.cancel_token().clone(),
        };
        let settle_max = config.settle_max;
        core.trade(&mut self.feed, answers, &signals, settle_max).await;
        let mut report = core.report();
        if let Some(switch) = switch {
            let settled = report.unsettled.is_empty();
            let ended = if settled { Ended::Settled } else { Ended::Unsettled };
            report.left.extend(switch.end(ended).await);
        }
        Ok((report, core.strategy_failure()))
    }

    /// Beside the connections, which end last of what trades.
    fn keep_switch(
        &self,
        rest: &Rest,
        switch: DeadMansSwitch,
        reporter: HealthReporter,
    ) -> SwitchHandle {
        let (handle, ends) = switch::handle();
        let keep = switch::keep(rest.clone(), switch, reporter, ends, self.config.grace);
        self.groups.connections.spawner().spawn(SWITCH, "dead man's switch", keep);
        handle
    }

    /// They are told like the health, and end with it.
    fn follow_alerts(&self, rest: &Rest) {
        let observers = self.groups.observers.spawner();
        for lane in rest.lanes() {
            let (name, breaker) = (lane.name().to_owned(), Arc::clone(lane.breaker()));
            if let Some(guarded) = self.board.guarded_by(&name) {
                observers.spawn(ALERTS, name, alerts::of_breaker(breaker, guarded));
            }
        }
        if let Some(key) = self.board.key(KRAKEN) {
            observers.spawn(ALERTS, "key", alerts::of_key(rest.key_trouble(), key));
        }
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
