//! What went wrong in a group.

use std::error::Error;
use std::fmt;

use thiserror::Error;

/// Why a task failed. Type-erased: a group holds tasks of every crate and only reports their errors.
pub type TaskError = Box<dyn Error + Send + Sync>;

/// What a task ends with.
pub type TaskResult = Result<(), TaskError>;

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
pub(super) struct Panicked(pub(super) String);
