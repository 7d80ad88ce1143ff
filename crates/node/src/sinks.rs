//! Where the node writes besides the venue: databases, files.
//!
//! A sink is started with the node, never waited for, and flushed when the last order is settled. Whether
//! the node is of use without it says [`NodeConfig::optional`](crate::NodeConfig::optional): a sink that
//! is named there may fail, hang and panic without any consequence but that this is told.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use model::audit::AuditEvent;
use platform::health::{Criticality, HealthRegistry, HealthReporter, Overall};
use platform::{
    AuditTap, BoxFuture, GroupError, Platform, Spawner, TaskError, TaskGroup, TaskResult, Tasks,
};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::groups::SINKS;

/// What a sink gets at its start.
#[derive(Debug, Clone)]
pub struct SinkContext {
    /// The node's surroundings.
    pub platform: Platform,
    /// Where the sink tells how it is. Until it does, it is down.
    pub health: HealthReporter,
    /// For its tasks. They are cancelled after the flush. A failing one ends the node if the sink is
    /// critical.
    pub spawner: Spawner,
}

/// A sink that runs.
pub trait Sink: fmt::Debug + Send + Sync + 'static {
    /// Takes nothing more, and writes out what it has taken. Called once, at the end.
    ///
    /// # Errors
    /// What was lost, in words.
    ///
    /// # Cancel safety
    /// Dropped when [`NodeConfig::flush_max`](crate::NodeConfig::flush_max) is over.
    fn flush(&self) -> BoxFuture<'_, Result<(), TaskError>>;

    /// Brings the sink's metrics up to date. Called often, and must not wait.
    fn publish(&self) {}

    /// The sink as one that sees every event of the audit trail; `None` if it looks elsewhere.
    fn tap(self: Arc<Self>) -> Option<Arc<dyn AuditTap>> {
        None
    }
}

/// A sink that is to run with a node.
#[derive(Clone)]
pub struct SinkSpec {
    name: String,
    start: Arc<StartSink>,
}

type StartSink = dyn Fn(SinkContext) -> Arc<dyn Sink> + Send + Sync;

impl SinkSpec {
    /// A sink with the name of its dependency. `start` is called once per run and must not wait.
    pub fn new(
        name: &str,
        start: impl Fn(SinkContext) -> Arc<dyn Sink> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), start: Arc::new(start) }
    }

    /// Name of the sink and of the dependency that it is.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SinkSpec").field(&self.name).finish()
    }
}

/// A sink with its tasks: each has a group of its own, so that none takes another one with it.
#[derive(Debug)]
pub(crate) struct StartedSink {
    pub(crate) name: String,
    pub(crate) criticality: Criticality,
    pub(crate) group: TaskGroup,
    tasks: Tasks,
    reporter: HealthReporter,
    sink: Arc<dyn Sink>,
    guard: Arc<Guard>,
}

impl StartedSink {
    pub(crate) fn start(
        spec: &SinkSpec,
        platform: &Platform,
        health: &HealthRegistry,
        criticality: Criticality,
    ) -> Self {
        let group = platform.tasks.group(&spec.name);
        let reporter = health.declare(&spec.name, criticality);
        let context = SinkContext {
            platform: platform.clone(),
            health: reporter.clone(),
            spawner: group.spawner(),
        };
        let guard = Arc::new(Guard { spawner: group.spawner(), panicked: OnceLock::new() });
        let sink = guard.call("its start", || (spec.start)(context));
        let sink = sink.unwrap_or_else(|| Arc::new(NotStarted));
        let tasks = platform.tasks.clone();
        Self { name: spec.name.clone(), criticality, group, tasks, reporter, sink, guard }
    }

    /// The sink itself, guarded.
    pub(crate) fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(GuardedSink { sink: Arc::clone(&self.sink), guard: Arc::clone(&self.guard) })
    }

    /// What of the sink sees the audit trail, guarded.
    pub(crate) fn tap(&self) -> Option<Arc<dyn AuditTap>> {
        let guard = Arc::clone(&self.guard);
        let tap = guard.call(TAP, || Arc::clone(&self.sink).tap()).flatten()?;
        Some(Arc::new(GuardedTap { tap, guard }))
    }

    /// Waits for a task of the sink to fail, tells it, and cancels `failed` if the sink is critical.
    pub(crate) fn watch(
        &self,
        health: &HealthRegistry,
        failed: &CancellationToken,
    ) -> impl Future<Output = TaskResult> + Send + use<> {
        let (health, failed) = (health.clone(), failed.clone());
        let (reporter, criticality) = (self.reporter.clone(), self.criticality);
        let (ended, guard) = (self.group.cancel_token().clone(), Arc::clone(&self.guard));
        async move {
            ended.cancelled().await;
            if health.snapshot().overall != Overall::Stopping {
                match guard.panicked.get() {
                    Some(what) => reporter.down(&format!("{what} panicked")),
                    None => reporter.down("one of its tasks failed"),
                }
                if criticality.is_critical() {
                    failed.cancel();
                }
            }
            Ok(())
        }
    }
}

/// Calls the code of a sink that runs in the node's own tasks: whoever records an event may be in the
/// middle of an order. A panic becomes one of a task of the sink, told and answered as any other, and
/// the sink is not called again.
#[derive(Debug)]
struct Guard {
    spawner: Spawner,
    /// What panicked.
    panicked: OnceLock<&'static str>,
}

/// What a sink looks at.
const TAP: &str = "its tap";

impl Guard {
    fn call<T>(&self, what: &'static str, work: impl FnOnce() -> T) -> Option<T> {
        if self.panicked.get().is_some() {
            return None;
        }
        let panic = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(done) => return Some(done),
            Err(panic) => panic,
        };
        if self.panicked.set(what).is_ok() {
            self.spawner.spawn(SINKS, what, async move { resume_unwind(panic) });
        }
        None
    }
}

/// Stands for a sink that panicked at its start, which is told elsewhere.
#[derive(Debug)]
struct NotStarted;

impl Sink for NotStarted {
    fn flush(&self) -> BoxFuture<'_, Result<(), TaskError>> {
        Box::pin(async { Ok(()) })
    }
}

#[derive(Debug)]
struct GuardedSink {
    sink: Arc<dyn Sink>,
    guard: Arc<Guard>,
}

impl Sink for GuardedSink {
    fn flush(&self) -> BoxFuture<'_, Result<(), TaskError>> {
        self.sink.flush()
    }

    fn publish(&self) {
        self.guard.call("its publishing", || self.sink.publish());
    }
}

#[derive(Debug)]
struct GuardedTap {
    tap: Arc<dyn AuditTap>,
    guard: Arc<Guard>,
}

impl AuditTap for GuardedTap {
    fn see(&self, event: &AuditEvent) {
        self.guard.call(TAP, || self.tap.see(event));
    }
}

/// Name of the task that flushes a sink.
const FLUSH: &str = "flush";

/// Flushes all sinks side by side; the failures of each, by its position.
///
/// Each flush is a task, so that one that panics keeps nothing from the others.
pub(crate) async fn flush(sinks: &[StartedSink], flush_max: Duration) -> Vec<(usize, GroupError)> {
    let until = Instant::now() + flush_max;
    let start = |started: &StartedSink| {
        let group = started.tasks.group(&started.name);
        let sink = Arc::clone(&started.sink);
        group.spawner().spawn(SINKS, FLUSH, async move { sink.flush().await });
        group
    };
    let flushes: Vec<TaskGroup> = sinks.iter().map(start).collect();
    let mut failures = Vec::new();
    for (index, flush) in flushes.into_iter().enumerate() {
        match timeout_at(until, flush.join(Duration::ZERO)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => failures.push((index, failure)),
            Err(_) => failures.push((index, late(&sinks[index].name))),
        }
    }
    failures
}

fn late(sink: &str) -> GroupError {
    GroupError { group: sink.to_owned(), failures: Vec::new(), aborted: vec![FLUSH.to_owned()] }
}
