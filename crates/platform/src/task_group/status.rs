//! What is known of a task.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

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

impl TaskState {
    /// The ways to end, in the order of their counters.
    pub(super) const ENDS: [Self; 4] = [Self::Done, Self::Failed, Self::Cancelled, Self::Panicked];

    /// Lower-case name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
        }
    }
}

/// What is known of one task.
#[derive(Debug, Clone)]
pub struct TaskStatus {
    /// Name of the task.
    pub name: Cow<'static, str>,
    /// Name of the group within the task group: `feeds`, `orders`.
    pub group: &'static str,
    /// Where it stands.
    pub state: TaskState,
    /// When it was spawned.
    pub started: Instant,
    /// How long it ran, or has run so far.
    pub ran_for: Duration,
}
