//! The sink that writes what the node does into InfluxDB: orders, fills, positions, breakers, streams.
//!
//! It taps the audit trail, so that whatever is audited is written, and nobody else has to think of it.
//! Looking takes a moment and never waits.

use std::sync::Arc;
use std::time::Duration;

use model::UnixNanos;
use model::audit::AuditEvent;
use platform::{AuditTap, BoxFuture, Clock, TaskError};
use store::influx::{InfluxConfig, InfluxConfigError, InfluxWriter, Point};
use thiserror::Error;

use crate::sinks::{Sink, SinkContext, SinkSpec};

/// Name of the dependency.
pub const INFLUX: &str = "influxdb";

/// Longest time for writing what is left; the node's own `flush_max` is shorter.
const FLUSH_MAX: Duration = Duration::from_secs(60);

/// Points were lost in the course of a run, or left at its end.
#[derive(Debug, Error)]
#[error("{0}")]
struct Incomplete(store::influx::InfluxReport);

/// The sink of a configuration, under the name [`INFLUX`].
///
/// # Errors
/// [`InfluxConfigError`]: a setting cannot work.
pub fn influx_sink(config: InfluxConfig) -> Result<SinkSpec, InfluxConfigError> {
    config.validate()?;
    Ok(SinkSpec::new(INFLUX, move |context| Arc::new(InfluxSink::start(&config, context))))
}

#[derive(Debug)]
struct InfluxSink {
    writer: InfluxWriter,
    clock: Arc<dyn Clock>,
}

impl InfluxSink {
    fn start(config: &InfluxConfig, context: SinkContext) -> Self {
        let SinkContext { platform, health, spawner } = context;
        let writer = InfluxWriter::new(config, &platform, &spawner, health);
        let writer = writer.expect("the configuration was validated");
        Self { writer, clock: platform.clock }
    }
}

impl Sink for InfluxSink {
    fn flush(&self) -> BoxFuture<'_, Result<(), TaskError>> {
        Box::pin(async {
            let report = self.writer.shut_down(FLUSH_MAX).await;
            if report.is_complete() { Ok(()) } else { Err(Incomplete(report).into()) }
        })
    }

    fn publish(&self) {
        self.writer.publish();
        self.writer.lane().publish();
        self.writer.lane().breaker().publish();
    }

    fn tap(self: Arc<Self>) -> Option<Arc<dyn AuditTap>> {
        Some(self)
    }
}

impl AuditTap for InfluxSink {
    fn see(&self, event: &AuditEvent) {
        if let Some(point) = point(event, self.clock.now())
            && let Err(error) = self.writer.submit(point)
        {
            tracing::warn!(%error, "point not written");
        }
    }
}

/// What is written of an event; `None` for nothing. Ids are fields: each would be a series as a tag.
fn point(event: &AuditEvent, at: UnixNanos) -> Option<Point> {
    Some(match event {
        AuditEvent::OrderIntent { order } => Point::new("intent", at)
            .tag("symbol", order.symbol.as_str())
            .tag("side", order.side.as_str())
            .field("client_order_id", order.client_order_id.as_str())
            .field("quantity", order.quantity),
        AuditEvent::OrderChanged { client_order_id, venue_order_id, state, filled, reason } => {
            let point = Point::new("order", at)
                .tag("state", state.to_string())
                .field("client_order_id", client_order_id.as_str())
                .field("filled", *filled);
            let point = match venue_order_id {
                Some(id) => point.field("venue_order_id", id.as_str()),
                None => point,
            };
            match reason {
                Some(reason) => point.field("reason", shortened(reason)),
                None => point,
            }
        }
        AuditEvent::Filled { client_order_id, fill } => Point::new("fill", at)
            .field("client_order_id", client_order_id.as_str())
            .field("trade_id", fill.trade_id.to_string())
            .field("price", fill.price)
            .field("quantity", fill.quantity)
            .field("fee", fill.fee),
        AuditEvent::PositionChanged { symbol, quantity } => {
            Point::new("position", at).tag("symbol", symbol.as_str()).field("quantity", *quantity)
        }
        AuditEvent::BreakerChanged { breaker, generation, from, to, cause, .. } => {
            Point::new("breaker", at)
                .tag("breaker", breaker.as_str())
                .tag("to", to.as_str())
                .field("generation", i64::try_from(*generation).unwrap_or(i64::MAX))
                .field("from", from.as_str())
                .field("cause", shortened(cause))
        }
        AuditEvent::StreamChanged { stream, state, reason } => Point::new("stream", at)
            .tag("stream", stream.as_str())
            .tag("state", state.as_str())
            .field("reason", shortened(reason)),
        AuditEvent::CallStarted { .. }
        | AuditEvent::CallEnded { .. }
        | AuditEvent::BookApplied { .. }
        | AuditEvent::BookLost { .. }
        | AuditEvent::TradeSeen { .. }
        | AuditEvent::TradesMissed { .. }
        | AuditEvent::HealthChanged { .. }
        | AuditEvent::SinkLost { .. }
        | AuditEvent::Shutdown { .. } => return None,
    })
}

/// Characters of a reason that are written: error texts may carry whole pages of a venue.
const REASON_CHARS_MAX: usize = 300;

fn shortened(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use model::audit::StreamState;

    use super::*;

    #[test]
    fn an_event_is_a_point() {
        let event = AuditEvent::StreamChanged {
            stream: "kraken/public".to_owned(),
            state: StreamState::Down,
            reason: "said \"no\"".to_owned(),
        };
        let line = point(&event, UnixNanos::from_nanos(7)).expect("a point").to_line();
        let expected = r#"stream,state=down,stream=kraken/public reason="said \"no\"" 7"#;
        assert_eq!(line.as_deref(), Ok(expected));
        let shutdown = AuditEvent::Shutdown { step: "stopped".to_owned(), unfinished: Vec::new() };
        assert_eq!(point(&shutdown, UnixNanos::ZERO), None);
    }
}
