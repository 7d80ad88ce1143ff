//! The end of a node, step by step. Each step has a bound of its own and is told; one that fails or is
//! late changes nothing about the next.
//!
//! Before this come `stop-intake` and `settle-orders`, which need the engine: see [`crate::core`].

use std::time::Duration;

use model::audit::AuditEvent;
use platform::{Auditor, GroupError, TaskGroup};

use crate::groups::Groups;
use crate::sinks::{self, StartedSink};

/// What the end brought to light.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    /// What went wrong in parts that the node is of no use without.
    pub(crate) failures: Vec<GroupError>,
    /// What went wrong in the others, in words.
    pub(crate) left: Vec<String>,
    /// What did not end in time, by name.
    unfinished: Vec<String>,
}

/// Flushes the sinks, then ends every task. `unsettled` are orders that may still be live.
pub(crate) async fn close(
    groups: Groups,
    sinks: Vec<StartedSink>,
    flush_max: Duration,
    grace: Duration,
    unsettled: Vec<String>,
    auditor: &Auditor,
) -> Closed {
    let Groups { feeds, orders, connections, observers } = groups;
    let mut closed = Closed::default();

    tell(auditor, "flush-sinks", Vec::new());
    for (index, failure) in sinks::flush(&sinks, flush_max).await {
        closed.take(auditor, "flush-sinks", sinks[index].criticality.is_critical(), failure);
    }

    tell(auditor, "close-streams", Vec::new());
    closed.end(auditor, "close-streams", true, feeds, grace).await;

    tell(auditor, "close-connections", Vec::new());
    closed.end(auditor, "close-connections", true, orders, grace).await;
    for sink in sinks {
        let critical = sink.criticality.is_critical();
        closed.end(auditor, "close-connections", critical, sink.group, grace).await;
    }
    closed.end(auditor, "close-connections", true, connections, grace).await;
    closed.end(auditor, "close-connections", false, observers, grace).await;

    let unfinished = std::mem::take(&mut closed.unfinished);
    tell(auditor, "stopped", unfinished.into_iter().chain(unsettled).collect());
    closed
}

impl Closed {
    /// Ends the tasks of a group within the grace period.
    async fn end(
        &mut self,
        auditor: &Auditor,
        step: &str,
        critical: bool,
        group: TaskGroup,
        grace: Duration,
    ) {
        group.cancel();
        if let Err(failure) = group.join(grace).await {
            self.take(auditor, step, critical, failure);
        }
    }

    fn take(&mut self, auditor: &Auditor, step: &str, critical: bool, failure: GroupError) {
        if !failure.aborted.is_empty() {
            let late: Vec<_> =
                failure.aborted.iter().map(|task| format!("{}: {task}", failure.group)).collect();
            self.unfinished.extend(late.iter().cloned());
            tell(auditor, step, late);
        }
        if critical {
            self.failures.push(failure);
        } else {
            self.left.push(failure.to_string());
        }
    }
}

/// Tells that a step begins, or what it did not end in time.
fn tell(auditor: &Auditor, step: &str, unfinished: Vec<String>) {
    auditor.record(AuditEvent::Shutdown { step: step.to_owned(), unfinished });
}
