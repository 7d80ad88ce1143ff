//! The audit trail: what the trading system did, in order, for whoever keeps it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::audit::{AuditEvent, CallOutcome};
use model::{ClientOrderId, Fill, NewOrder, OrderKind};

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

/// Writes each event to the log, as one event with a constant message and fields: the sink of a live node.
///
/// Changes are at level info, waits on the network and books at trace. What logs its own changes is left
/// out here, so that each is told once: breakers, health, points that a sink has lost.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogAudit;

impl AuditSink for LogAudit {
    fn record(&self, event: AuditEvent) {
        match event {
            AuditEvent::CallStarted { call, op, breaker, bound_ms, client_order_id } => {
                let client_order_id = client_order_id.as_ref().map(tracing::field::display);
                tracing::trace!(call, op, breaker, bound_ms, client_order_id, "call started");
            }
            AuditEvent::CallEnded { call, outcome, error } => {
                tracing::trace!(call, outcome = outcome.as_str(), error, "call ended");
            }
            AuditEvent::BookApplied { symbol, hash } => {
                tracing::trace!(%symbol, hash, "book applied");
            }
            AuditEvent::TradeSeen { symbol, trade_id } => {
                tracing::trace!(%symbol, trade_id, "trade seen");
            }
            AuditEvent::TradesMissed { symbol, after, before } => {
                tracing::warn!(%symbol, after, before, "trades missed");
            }
            AuditEvent::BookLost { symbol, reason } => tracing::warn!(%symbol, reason, "book lost"),
            AuditEvent::StreamChanged { stream, state, reason } => {
                tracing::info!(stream, to = state.as_str(), cause = reason, "stream changed");
            }
            AuditEvent::Shutdown { step, unfinished } if unfinished.is_empty() => {
                tracing::info!(step, "shutdown");
            }
            AuditEvent::Shutdown { step, unfinished } => {
                tracing::warn!(step, unfinished = unfinished.join(", "), "shutdown is late");
            }
            AuditEvent::BreakerChanged { .. }
            | AuditEvent::HealthChanged { .. }
            | AuditEvent::SinkLost { .. } => {}
            AuditEvent::OrderIntent { .. }
            | AuditEvent::OrderChanged { .. }
            | AuditEvent::Filled { .. }
            | AuditEvent::PositionChanged { .. } => log_trading(event),
        }
    }
}

/// What the strategy wanted, and what became of it.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are no trading")]
fn log_trading(event: AuditEvent) {
    match event {
        AuditEvent::OrderIntent { order } => {
            log_intent(&order);
        }
        AuditEvent::OrderChanged { client_order_id, venue_order_id, state, filled, reason } => {
            let venue_order_id = venue_order_id.as_ref().map(tracing::field::display);
            tracing::info!(
                %client_order_id, venue_order_id, to = state.as_str(), %filled, cause = reason,
                "order changed"
            );
        }
        AuditEvent::Filled { client_order_id, fill } => {
            let Fill { trade_id, price, quantity, fee, .. } = fill;
            tracing::info!(%client_order_id, %trade_id, %price, %quantity, %fee, "order filled");
        }
        AuditEvent::PositionChanged { symbol, quantity } => {
            tracing::info!(%symbol, %quantity, "position changed");
        }
        _ => {}
    }
}

fn log_intent(order: &NewOrder) {
    let NewOrder { client_order_id: id, symbol, side, kind, quantity, time_in_force, reduce_only } =
        order;
    let (limit, post_only, trigger) = match kind {
        OrderKind::Market => (None, false, None),
        OrderKind::Limit { price, post_only } => (Some(price), *post_only, None),
        OrderKind::Triggered { trigger, price, limit } => {
            (limit.as_ref(), false, Some((trigger.as_str(), price)))
        }
    };
    let limit = limit.map(tracing::field::display);
    let (trigger, trigger_price) = trigger.unzip();
    let trigger_price = trigger_price.map(tracing::field::display);
    tracing::info!(
        client_order_id = %id, %symbol, side = side.as_str(), %quantity, limit, post_only,
        ?time_in_force, reduce_only, trigger, trigger_price, "order intended"
    );
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

#[cfg(test)]
mod tests;
