//! The tasks of a node, in three groups that end one after the other.

use std::time::Duration;

use platform::{GroupError, TaskGroup};
use tokio::time::Instant;

/// Names of the tasks within the groups, for status reports.
pub(crate) const STREAMS: &str = "streams";
pub(crate) const ORDERS: &str = "orders";
pub(crate) const UPKEEP: &str = "upkeep";

/// Streams end first, so that orders can still be settled when one of them fails; connections end
/// last, since everything else uses them.
#[derive(Debug)]
pub(crate) struct Groups {
    pub(crate) feeds: TaskGroup,
    pub(crate) orders: TaskGroup,
    pub(crate) connections: TaskGroup,
}

impl Groups {
    pub(crate) fn new() -> Self {
        Self {
            feeds: TaskGroup::new("feeds"),
            orders: TaskGroup::new("orders"),
            connections: TaskGroup::new("connections"),
        }
    }

    /// Ends every group, all of them within `grace`; what went wrong in each.
    pub(crate) async fn close(self, grace: Duration) -> Vec<GroupError> {
        let until = Instant::now() + grace;
        let mut failures = Vec::new();
        for group in [self.feeds, self.orders, self.connections] {
            group.cancel();
            let left = until.saturating_duration_since(Instant::now());
            failures.extend(group.join(left).await.err());
        }
        failures
    }
}
