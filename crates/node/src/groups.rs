//! The tasks of a node, in groups that end one after the other.

use platform::{TaskGroup, Tasks};

/// Names of the tasks within the groups, for status reports.
pub(crate) const STREAMS: &str = "streams";
pub(crate) const ORDERS: &str = "orders";
pub(crate) const UPKEEP: &str = "upkeep";
pub(crate) const SWITCH: &str = "switch";
pub(crate) const ALERTS: &str = "alerts";
pub(crate) const SINKS: &str = "sinks";
pub(crate) const ENDPOINT: &str = "endpoint";

/// Streams end first, so that orders can still be settled when one of them fails; connections end
/// last of what trades, since everything else uses them. Observers look on until the end, and nobody
/// depends on them.
#[derive(Debug)]
pub(crate) struct Groups {
    pub(crate) feeds: TaskGroup,
    pub(crate) orders: TaskGroup,
    pub(crate) connections: TaskGroup,
    pub(crate) observers: TaskGroup,
}

impl Groups {
    pub(crate) fn new(tasks: &Tasks) -> Self {
        Self {
            feeds: tasks.group("feeds"),
            orders: tasks.group("orders"),
            connections: tasks.group("connections"),
            observers: tasks.group("observers"),
        }
    }
}
