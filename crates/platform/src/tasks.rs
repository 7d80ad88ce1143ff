//! Where the tasks of a program are at home.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::BoxFuture;
use crate::task_group::TaskGroup;

/// Stands around every task of a program. The real world has none: its runtime polls the tasks themselves.
///
/// A simulator stops and goes on with a whole process by it, as a garbage collector or SIGSTOP does.
pub trait TaskShell: fmt::Debug + Send + Sync + 'static {
    /// What is polled in the task's place. Dropping it drops the task.
    fn around(&self, task: BoxFuture<'static, ()>) -> BoxFuture<'static, ()>;
}

/// Makes the task groups of a program. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    shell: Option<Arc<dyn TaskShell>>,
}

impl Tasks {
    /// Tasks with a shell around each; [`Tasks::default`] is the real version, without.
    pub fn within(shell: Arc<dyn TaskShell>) -> Self {
        Self { shell: Some(shell) }
    }

    /// An empty group.
    pub fn group(&self, name: &str) -> TaskGroup {
        self.group_with_cancel(name, &CancellationToken::new())
    }

    /// An empty group that is cancelled with `parent`, too. Cancelling the group leaves `parent` alone.
    pub fn group_with_cancel(&self, name: &str, parent: &CancellationToken) -> TaskGroup {
        TaskGroup::made(name, parent, self.shell.clone())
    }
}

#[cfg(test)]
mod tests;
