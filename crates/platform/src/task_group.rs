#![doc = include_str!("../docs/tasks.md")]

mod error;
mod registry;
mod status;
mod stop;

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use model::panic_message;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use self::error::{GroupError, TaskError, TaskFailure, TaskResult};
pub use self::status::{TaskState, TaskStatus};

use crate::tasks::TaskShell;

use self::error::Panicked;
use self::registry::{Part, Registry, Slot};
use self::stop::{Ended, Stop, Stoppable};

/// Owner of a group of tasks. Dropping it aborts all of them.
#[derive(Debug)]
pub struct TaskGroup {
    shared: Arc<Shared>,
}

/// Spawns into a [`TaskGroup`]. Cheap to clone; once the group is closed, spawning does nothing.
#[derive(Debug, Clone)]
pub struct Spawner {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: String,
    cancel: CancellationToken,
    registry: Mutex<Registry>,
    /// Told when a named group has run empty.
    emptied: Notify,
    shell: Option<Arc<dyn TaskShell>>,
}

impl TaskGroup {
    /// An empty group.
    pub fn new(name: &str) -> Self {
        Self::with_cancel(name, &CancellationToken::new())
    }

    /// An empty group that is cancelled with `parent`, too. Cancelling the group leaves `parent` alone.
    pub fn with_cancel(name: &str, parent: &CancellationToken) -> Self {
        Self::made(name, parent, None)
    }

    pub(crate) fn made(
        name: &str,
        parent: &CancellationToken,
        shell: Option<Arc<dyn TaskShell>>,
    ) -> Self {
        let shared = Shared {
            name: name.to_owned(),
            cancel: parent.child_token(),
            registry: Mutex::default(),
            emptied: Notify::new(),
            shell,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A handle that spawns into this group.
    pub fn spawner(&self) -> Spawner {
        Spawner { shared: Arc::clone(&self.shared) }
    }

    /// The token that stops the whole group.
    pub fn cancel_token(&self) -> &CancellationToken {
        &self.shared.cancel
    }

    /// Asks every task to stop.
    pub fn cancel(&self) {
        self.shared.cancel.cancel();
    }

    /// Asks the tasks to stop that run in one named group now. Later ones are not concerned.
    pub fn cancel_group(&self, group: &str) {
        let mut registry = self.shared.registry.lock();
        let Some(part) = registry.part(group) else { return };
        let old = std::mem::replace(&mut part.stop, Stop::below(&self.shared.cancel));
        drop(registry);
        old.token().cancel();
    }

    /// Running tasks, in the order of spawning, then the last 64 that ended.
    pub fn status(&self) -> Vec<TaskStatus> {
        self.shared.status()
    }

    /// Writes the metrics `wavetank_tasks_running` and `wavetank_tasks_ended_total`, by `owner` (this
    /// group), `group` (the named one) and, for ended ones, `state`. The histogram
    /// `wavetank_task_duration_seconds` is written as tasks end.
    pub fn publish(&self) {
        self.shared.publish();
    }

    /// Waits until no task of the named group runs.
    ///
    /// # Cancel safety
    /// Safe: it only looks.
    pub async fn group_ended(&self, group: &str) {
        self.wait_until(|registry| registry.part(group).is_none_or(|part| part.running == 0)).await;
    }

    /// Waits for every task. After a failure or [`TaskGroup::cancel`] the others are told to stop;
    /// those that still run after `grace` are aborted.
    ///
    /// # Errors
    /// Every failure, and every task that had to be aborted.
    ///
    /// # Cancel safety
    /// Dropping the future aborts every task.
    pub async fn join(self, grace: Duration) -> Result<(), GroupError> {
        tokio::select! {
            biased;
            () = self.wait_until(Registry::close_if_empty) => {}
            () = self.shared.cancel.cancelled() => {}
        }
        let stopping = self.wait_until(Registry::close_if_empty);
        let in_time = tokio::time::timeout(grace, stopping).await.is_ok();
        let aborted = if in_time { Vec::new() } else { self.abort_all() };
        self.wait_until(Registry::close_if_empty).await;
        let failures = self.shared.registry.lock().take_failures();
        if failures.is_empty() && aborted.is_empty() {
            return Ok(());
        }
        Err(GroupError { group: self.shared.name.clone(), failures, aborted })
    }

    async fn wait_until(&self, condition: impl Fn(&mut Registry) -> bool) {
        loop {
            let emptied = self.shared.emptied.notified();
            tokio::pin!(emptied);
            emptied.as_mut().enable();
            if condition(&mut self.shared.registry.lock()) {
                return;
            }
            emptied.await;
        }
    }

    /// Aborts what runs and returns the names; the tasks end at their next turn.
    fn abort_all(&self) -> Vec<String> {
        let (names, handles) = self.shared.registry.lock().close();
        handles.iter().for_each(AbortHandle::abort);
        names
    }
}

impl Drop for TaskGroup {
    fn drop(&mut self) {
        self.shared.cancel.cancel();
        self.abort_all();
    }
}

impl Spawner {
    /// Runs a future as a task of the group. Cancelling the task drops the future.
    pub fn spawn(
        &self,
        group: &'static str,
        name: impl Into<Cow<'static, str>>,
        future: impl Future<Output = TaskResult> + Send + 'static,
    ) {
        let Some((slot, stop)) = self.enter(group, name.into()) else { return };
        let ending = Ending::new(&self.shared, slot);
        // No way to abort it is kept: it ends by its token wherever it waits.
        drop(self.shared.spawn(ending.watch(Stoppable::new(future, stop))));
    }

    /// Runs a task that stops itself when its token is cancelled.
    ///
    /// It has the grace period of [`TaskGroup::join`] for that; then it is aborted. The token is that
    /// of its named group: the task is to look at it and never to cancel it.
    pub fn spawn_graceful<F>(
        &self,
        group: &'static str,
        name: impl Into<Cow<'static, str>>,
        task: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = TaskResult> + Send + 'static,
    {
        let Some((slot, stop)) = self.enter(group, name.into()) else { return };
        let task = task(stop.token().clone());
        let ending = Ending::new(&self.shared, slot);
        let spawned = self.shared.spawn(ending.watch(async move {
            match task.await {
                Ok(()) if stop.token().is_cancelled() => Ok(Ended::Stopped),
                result => result.map(|()| Ended::ByItself),
            }
        }));
        // Not under the lock of `enter`: a runtime that shuts down drops the task within `spawn`.
        let due = self.shared.registry.lock().spawned(slot, spawned.abort_handle());
        if let Some(abort) = due {
            abort.abort();
        }
    }

    fn enter(&self, group: &'static str, name: Cow<'static, str>) -> Option<(Slot, Arc<Stop>)> {
        let now = Instant::now();
        let found = || self.shared.found(group);
        self.shared.registry.lock().register(group, name, now, found)
    }

    /// Asks every task of the group to stop.
    pub fn cancel(&self) {
        self.shared.cancel.cancel();
    }

    /// As [`TaskGroup::status`], for whoever does not own the group.
    pub fn status(&self) -> Vec<TaskStatus> {
        self.shared.status()
    }

    /// As [`TaskGroup::publish`], for whoever does not own the group.
    pub fn publish(&self) {
        self.shared.publish();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that spawns: the task belongs to a group"
)]
fn spawn(future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(future)
}

impl Shared {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        match &self.shell {
            Some(shell) => spawn(shell.around(Box::pin(task))),
            None => spawn(task),
        }
    }

    fn status(&self) -> Vec<TaskStatus> {
        self.registry.lock().status(Instant::now())
    }

    fn publish(&self) {
        let registry = self.registry.lock();
        for part in registry.parts() {
            let of = [("owner", self.name.clone()), ("group", part.name.to_owned())];
            metrics::gauge!("wavetank_tasks_running", &of).set(f64::from(part.running));
            for (state, count) in TaskState::ENDS.into_iter().zip(part.ended) {
                let [owner, group] = of.clone();
                let of = [owner, group, ("state", state.as_str().to_owned())];
                metrics::counter!("wavetank_tasks_ended_total", &of).absolute(count);
            }
        }
    }

    /// A named group that is new.
    fn found(&self, name: &'static str) -> Part {
        let owner = self.name.clone();
        Part {
            name,
            stop: Stop::below(&self.cancel),
            running: 0,
            ended: Default::default(),
            durations: metrics::histogram!(
                "wavetank_task_duration_seconds", "owner" => owner, "group" => name
            ),
        }
    }

    fn finish(&self, slot: Slot, state: TaskState, error: Option<TaskError>) {
        let finished = self.registry.lock().finish(slot, state, error, Instant::now());
        let Some(finished) = finished else { return };
        if finished.failed {
            self.cancel.cancel();
        }
        if finished.last {
            self.emptied.notify_waiters();
        }
    }
}

/// Reports the end of a task, also when the runtime drops it.
struct Ending {
    shared: Arc<Shared>,
    slot: Slot,
    told: bool,
}

impl Ending {
    fn new(shared: &Arc<Shared>, slot: Slot) -> Self {
        Self { shared: Arc::clone(shared), slot, told: false }
    }

    async fn watch(mut self, future: impl Future<Output = Result<Ended, TaskError>>) {
        let (state, error) = match AssertUnwindSafe(future).catch_unwind().await {
            Ok(Ok(Ended::Stopped)) => (TaskState::Cancelled, None),
            Ok(Ok(Ended::ByItself)) => (TaskState::Done, None),
            Ok(Err(error)) => (TaskState::Failed, Some(error)),
            Err(panic) => {
                let error: TaskError = Box::new(Panicked(panic_message(panic.as_ref())));
                (TaskState::Panicked, Some(error))
            }
        };
        self.told = true;
        self.shared.finish(self.slot, state, error);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.told {
            self.shared.finish(self.slot, TaskState::Cancelled, None);
        }
    }
}

#[cfg(test)]
mod tests;
