//! Structured concurrency: tasks that cannot outlive their group.
//!
//! The first failure cancels the siblings; joining waits for all of them and returns every error;
//! a panic is an error; what does not stop within the grace period is aborted and named. This is
//! the only place of the trading system that spawns.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use model::panic_message;
use parking_lot::Mutex;
use thiserror::Error;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Why a task failed. Type-erased: a group holds tasks of every crate and only reports their errors.
pub type TaskError = Box<dyn Error + Send + Sync>;

/// What a task ends with.
pub type TaskResult = Result<(), TaskError>;

/// Ended tasks that [`TaskGroup::status`] remembers; older ones are forgotten.
const ENDED_KEPT_MAX: usize = 64;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskState {
    /// Not ended.
    Running,
    /// Ended well.
    Done,
    /// Ended with an error.
    Failed,
    /// Stopped from outside.
    Cancelled,
    /// Ended with a panic.
    Panicked,
}

/// What is known of one task.
#[derive(Debug, Clone)]
pub struct TaskStatus {
    /// Name of the task.
    pub name: String,
    /// Name of the group within the task group: `feeds`, `orders`.
    pub group: &'static str,
    /// Where it stands.
    pub state: TaskState,
    /// When it was spawned.
    pub started: Instant,
    /// How long it ran, or has run so far.
    pub ran_for: Duration,
}

/// One task that failed.
#[derive(Debug, Error)]
#[error("task `{task}` failed")]
pub struct TaskFailure {
    /// Name of the task.
    pub task: String,
    /// Its error; a panic's message for a panic.
    #[source]
    pub error: TaskError,
}

/// Everything that went wrong in a group.
#[derive(Debug, Error)]
pub struct GroupError {
    /// Name of the group.
    pub group: String,
    /// Failures in the order in which they happened.
    pub failures: Vec<TaskFailure>,
    /// Tasks that did not stop within the grace period and were aborted.
    pub aborted: Vec<String>,
}

impl fmt::Display for GroupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task group `{}`:", self.group)?;
        for failure in &self.failures {
            write!(f, " {failure}: {};", failure.error)?;
        }
        for name in &self.aborted {
            write!(f, " task `{name}` did not stop in time;")?;
        }
        Ok(())
    }
}

/// A panic's message as an error.
#[derive(Debug, Error)]
#[error("panicked: {0}")]
struct Panicked(String);

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
    state: Mutex<State>,
    ended: Notify,
}

#[derive(Debug, Default)]
struct State {
    next_id: u64,
    closed: bool,
    running: BTreeMap<u64, Entry>,
    ended: VecDeque<TaskStatus>,
    failures: Vec<TaskFailure>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    group: &'static str,
    started: Instant,
    cancel: CancellationToken,
    abort: Option<AbortHandle>,
}

impl TaskGroup {
    /// An empty group.
    pub fn new(name: &str) -> Self {
        Self::with_cancel(name, &CancellationToken::new())
    }

    /// An empty group that is cancelled with `parent`, too. Cancelling the group leaves `parent` alone.
    pub fn with_cancel(name: &str, parent: &CancellationToken) -> Self {
        let shared = Shared {
            name: name.to_owned(),
            cancel: parent.child_token(),
            state: Mutex::default(),
            ended: Notify::new(),
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

    /// Asks the tasks of one named group to stop.
    pub fn cancel_group(&self, group: &str) {
        let state = self.shared.state.lock();
        let tokens: Vec<_> = state
            .running
            .values()
            .filter(|entry| entry.group == group)
            .map(|entry| entry.cancel.clone())
            .collect();
        drop(state);
        tokens.iter().for_each(CancellationToken::cancel);
    }

    /// Running tasks, then the last ended ones.
    pub fn status(&self) -> Vec<TaskStatus> {
        self.shared.status()
    }

    /// Waits until no task of the named group runs.
    ///
    /// # Cancel safety
    /// Safe: it only looks.
    pub async fn group_ended(&self, group: &str) {
        self.wait_until(|state| state.running.values().all(|entry| entry.group != group)).await;
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
            () = self.wait_until(|state| state.running.is_empty()) => {}
            () = self.shared.cancel.cancelled() => {}
        }
        let stopping = self.wait_until(|state| state.running.is_empty());
        let in_time = tokio::time::timeout(grace, stopping).await.is_ok();
        let aborted = if in_time { Vec::new() } else { self.abort_all() };
        // Closed under the lock that sees the group empty: nothing can slip in between.
        self.wait_until(|state| {
            state.closed |= state.running.is_empty();
            state.closed && state.running.is_empty()
        })
        .await;
        let failures = std::mem::take(&mut self.shared.state.lock().failures);
        if failures.is_empty() && aborted.is_empty() {
            return Ok(());
        }
        Err(GroupError { group: self.shared.name.clone(), failures, aborted })
    }

    async fn wait_until(&self, condition: impl Fn(&mut State) -> bool) {
        loop {
            let notified = self.shared.ended.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if condition(&mut self.shared.state.lock()) {
                return;
            }
            notified.await;
        }
    }

    /// Aborts what runs and returns the names; the tasks end at their next turn.
    fn abort_all(&self) -> Vec<String> {
        let mut state = self.shared.state.lock();
        state.closed = true;
        let (names, handles): (Vec<_>, Vec<_>) =
            state.running.values().map(|entry| (entry.name.clone(), entry.abort.clone())).unzip();
        drop(state);
        handles.iter().flatten().for_each(AbortHandle::abort);
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
        name: impl Into<String>,
        future: impl Future<Output = TaskResult> + Send + 'static,
    ) {
        self.spawn_graceful(group, name, |cancel| async move {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Ok(()),
                result = future => result,
            }
        });
    }

    /// Runs a task that stops itself when its token is cancelled.
    ///
    /// It has the grace period of [`TaskGroup::join`] for that; then it is aborted.
    pub fn spawn_graceful<F>(
        &self,
        group: &'static str,
        name: impl Into<String>,
        task: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = TaskResult> + Send + 'static,
    {
        let cancel = self.shared.cancel.child_token();
        let Some(id) = self.shared.register(group, name.into(), cancel.clone()) else {
            return;
        };
        let ending = Ending { shared: Arc::clone(&self.shared), id, cancel: cancel.clone() };
        let abort = spawn(ending.watch(task(cancel)));
        let mut state = self.shared.state.lock();
        let closed = state.closed;
        if let Some(entry) = state.running.get_mut(&id) {
            entry.abort = Some(abort.clone());
        }
        drop(state);
        if closed {
            abort.abort();
        }
    }

    /// Asks every task of the group to stop.
    pub fn cancel(&self) {
        self.shared.cancel.cancel();
    }

    /// As [`TaskGroup::status`], for whoever does not own the group.
    pub fn status(&self) -> Vec<TaskStatus> {
        self.shared.status()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that spawns: the task belongs to a group"
)]
fn spawn(future: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    tokio::spawn(future).abort_handle()
}

impl Shared {
    fn status(&self) -> Vec<TaskStatus> {
        let state = self.state.lock();
        let running = state.running.values().map(|entry| entry.status(TaskState::Running));
        running.chain(state.ended.iter().cloned()).collect()
    }

    fn register(
        &self,
        group: &'static str,
        name: String,
        cancel: CancellationToken,
    ) -> Option<u64> {
        let mut state = self.state.lock();
        if state.closed {
            return None;
        }
        let id = state.next_id;
        state.next_id += 1;
        let entry = Entry { name, group, started: Instant::now(), cancel, abort: None };
        state.running.insert(id, entry);
        Some(id)
    }

    fn finish(&self, id: u64, end: TaskState, error: Option<TaskError>) {
        let mut state = self.state.lock();
        let Some(entry) = state.running.remove(&id) else {
            return;
        };
        state.ended.push_back(entry.status(end));
        if state.ended.len() > ENDED_KEPT_MAX {
            state.ended.pop_front();
        }
        let failed = error.is_some();
        if let Some(error) = error {
            tracing::warn!(task = entry.name, error = %error, "task failed");
            state.failures.push(TaskFailure { task: entry.name, error });
        }
        drop(state);
        if failed {
            self.cancel.cancel();
        }
        self.ended.notify_waiters();
    }
}

impl Entry {
    fn status(&self, state: TaskState) -> TaskStatus {
        TaskStatus {
            name: self.name.clone(),
            group: self.group,
            state,
            started: self.started,
            ran_for: self.started.elapsed(),
        }
    }
}

/// Reports the end of a task, also when the runtime drops it.
struct Ending {
    shared: Arc<Shared>,
    id: u64,
    cancel: CancellationToken,
}

impl Ending {
    async fn watch(self, future: impl Future<Output = TaskResult>) {
        let (state, error) = match AssertUnwindSafe(future).catch_unwind().await {
            Ok(Ok(())) if self.cancel.is_cancelled() => (TaskState::Cancelled, None),
            Ok(Ok(())) => (TaskState::Done, None),
            Ok(Err(error)) => (TaskState::Failed, Some(error)),
            Err(panic) => {
                let error: TaskError = Box::new(Panicked(panic_message(panic.as_ref())));
                (TaskState::Panicked, Some(error))
            }
        };
        self.shared.finish(self.id, state, error);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.shared.finish(self.id, TaskState::Cancelled, None);
    }
}

#[cfg(test)]
mod tests;
