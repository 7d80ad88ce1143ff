//! The audit trail: what the trading system did, in order, for whoever keeps it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::ClientOrderId;
use model::audit::{AuditEvent, CallOutcome};

/// Keeps audit events. Called from many tasks; must neither block nor panic.
pub trait AuditSink: fmt::Debug + Send + Sync + 'static {
    /// Takes one event.
    fn record(&self, event: AuditEvent);
}

/// Looks at audit events on their way to the sink. Called from many tasks; must neither block nor panic.
pub trait AuditTap: fmt::Debug + Send + Sync + 'static {
    /// Looks at one event.
    fn see(&self, event: &AuditEvent);
}

/// Writes each event to the log: the sink of a live node.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogAudit;

impl AuditSink for LogAudit {
    fn record(&self, event: AuditEvent) {
        match event {
            AuditEvent::CallStarted { .. }
            | AuditEvent::CallEnded { .. }
            | AuditEvent::BookApplied { .. }
            // The registry logs it itself.
            | AuditEvent::SinkLost { .. }
            | AuditEvent::HealthChanged { .. } => tracing::trace!(%event, "audit"),
            AuditEvent::BreakerChanged { .. }
            | AuditEvent::StreamChanged { .. }
            | AuditEvent::BookLost { .. }
            | AuditEvent::OrderIntent { .. }
            | AuditEvent::OrderChanged { .. }
            | AuditEvent::Filled { .. }
            | AuditEvent::PositionChanged { .. }
            | AuditEvent::Shutdown { .. } => tracing::info!(%event, "audit"),
        }
    }
}

/// Numbers calls and hands events to a sink. Cheap to clone; clones share the numbering.
#[derive(Debug, Clone)]
pub struct Auditor {
    sink: Arc<dyn AuditSink>,
    next_call: Arc<AtomicU64>,
}

impl Auditor {
    /// An auditor in front of a sink.
    pub fn new(sink: Arc<dyn AuditSink>) -> Self {
        Self { sink, next_call: Arc::new(AtomicU64::new(0)) }
    }

    /// The same auditor, with `tap` seeing each event before the sink does. The numbering is shared.
    #[must_use]
    pub fn tapped(&self, tap: Arc<dyn AuditTap>) -> Self {
        let sink = Arc::new(Tapped { tap, sink: Arc::clone(&self.sink) });
        Self { sink, next_call: Arc::clone(&self.next_call) }
    }

    /// Records one event.
    pub fn record(&self, event: AuditEvent) {
        self.sink.record(event);
    }

    /// Records that a wait on the network begins; the value returned records its end.
    pub fn call_started(
        &self,
        op: &str,
        breaker: Option<&str>,
        bound: Duration,
        client_order_id: Option<&ClientOrderId>,
    ) -> AuditedCall {
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        self.record(AuditEvent::CallStarted {
            call,
            op: op.to_owned(),
            breaker: breaker.map(str::to_owned),
            bound_ms: u64::try_from(bound.as_millis()).unwrap_or(u64::MAX),
            client_order_id: client_order_id.cloned(),
        });
        AuditedCall { auditor: self.clone(), call, ended: false }
    }
}

/// A tap in front of a sink.
#[derive(Debug)]
struct Tapped {
    tap: Arc<dyn AuditTap>,
    sink: Arc<dyn AuditSink>,
}

impl AuditSink for Tapped {
    fn record(&self, event: AuditEvent) {
        self.tap.see(&event);
        self.sink.record(event);
    }
}

/// A wait on the network that has begun. Dropping it records that the caller went away.
#[derive(Debug)]
pub struct AuditedCall {
    auditor: Auditor,
    call: u64,
    ended: bool,
}

impl AuditedCall {
    /// Records the end of the wait.
    pub fn end(mut self, outcome: CallOutcome, error: Option<String>) {
        self.finish(outcome, error);
    }

    fn finish(&mut self, outcome: CallOutcome, error: Option<String>) {
        if !self.ended {
            self.ended = true;
            self.auditor.record(AuditEvent::CallEnded { call: self.call, outcome, error });
        }
    }
}

impl Drop for AuditedCall {
    fn drop(&mut self) {
        self.finish(CallOutcome::Cancelled, None);
    }
}
