//! What the tests of this crate share.

use model::audit::AuditEvent;
use parking_lot::Mutex;
use platform::AuditSink;

/// An audit trail in memory.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    pub(crate) events: Mutex<Vec<AuditEvent>>,
}

impl AuditSink for Trail {
    fn record(&self, event: AuditEvent) {
        self.events.lock().push(event);
    }
}

impl Trail {
    /// One line per event.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.events.lock().iter().map(ToString::to_string).collect()
    }
}
