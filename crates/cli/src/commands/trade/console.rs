//! What the node does, in lines for a person.

use std::io;
use std::time::{Duration, Instant};

use model::OrderKind;
use model::audit::{AuditEvent, BreakerState, HealthState};
use platform::{AuditSink, LogAudit};

use crate::printer::Printer;

/// Longest wait for the terminal at the end.
const LAST_LINES_MAX: Duration = Duration::from_secs(2);

/// Prints lines, and holds nobody. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    started: Instant,
    printer: Printer,
}

impl Console {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let printer = Printer::start("console", io::stdout)?;
        Ok(Self { started: Instant::now(), printer })
    }

    /// Prints a line, if there is room for it.
    pub(crate) fn say(&self, line: &str) {
        self.printer.say(format!("{line}\n").into_bytes());
    }

    /// Waits until the last line is printed, but not for ever.
    pub(crate) fn end(&self) {
        self.printer.end(LAST_LINES_MAX);
    }

    fn tell(&self, text: &str) {
        let elapsed = self.started.elapsed();
        let (minutes, seconds) = (elapsed.as_secs() / 60, elapsed.as_secs() % 60);
        self.say(&format!("{minutes:02}:{seconds:02}.{:03}  {text}", elapsed.subsec_millis()));
    }
}

impl AuditSink for Console {
    fn record(&self, event: AuditEvent) {
        if let Some(text) = sentence(&event) {
            self.tell(&text);
        }
        LogAudit.record(event);
    }
}

/// What a person wants to read of an event, if anything.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are for the log")]
fn sentence(event: &AuditEvent) -> Option<String> {
    match event {
        AuditEvent::HealthChanged { dependency, state, reason, critical } => {
            let without = if *critical { "" } else { " (trading goes on without it)" };
            Some(match state {
                HealthState::Up if reason.is_empty() => format!("+ {dependency} works"),
                HealthState::Up => format!("+ {dependency} works: {reason}"),
                HealthState::Degraded => format!("! {dependency} works badly: {reason}"),
                HealthState::Down => format!("! {dependency} does not work{without}: {reason}"),
            })
        }
        AuditEvent::BreakerChanged { breaker, to, open_ms, .. } => match (to, open_ms) {
            (BreakerState::Open, Some(ms)) => {
                Some(format!("  breaker {breaker} open, tries again in {:.1} s", seconds(*ms)))
            }
            (BreakerState::HalfOpen, _) => Some(format!("  breaker {breaker} tries again")),
            _ => None,
        },
        AuditEvent::SinkLost { sink, points, reason } => {
            Some(format!("! {sink}: {points} points lost, {reason}"))
        }
        AuditEvent::OrderIntent { order } => {
            let (id, side, quantity) = (&order.client_order_id, order.side, order.quantity);
            let price = match order.kind {
                OrderKind::Market => "at market".to_owned(),
                OrderKind::Limit { price, .. } => format!("at {price}"),
                OrderKind::Triggered { trigger, price, limit: None } => {
                    format!("{} at {price}", trigger.as_str())
                }
                OrderKind::Triggered { trigger, price, limit: Some(limit) } => {
                    format!("{} at {price}, limit {limit}", trigger.as_str())
                }
            };
            Some(format!("  order {id}: {side} {quantity} {} {price}", order.symbol))
        }
        AuditEvent::OrderChanged { client_order_id, state, filled, reason, .. } => {
            let reason = reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            Some(format!("  order {client_order_id} {state}, {filled} filled{reason}"))
        }
        AuditEvent::PositionChanged { symbol, quantity } => {
            Some(format!("  position {symbol} {quantity}"))
        }
        AuditEvent::Shutdown { step, unfinished } if !unfinished.is_empty() => {
            Some(format!("! {}: not done in time: {}", in_words(step), unfinished.join(", ")))
        }
        AuditEvent::Shutdown { step, .. } => Some(format!("- {}", in_words(step))),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

/// A step of the shutdown.
fn in_words(step: &str) -> &str {
    match step {
        "stop-intake" => "no new orders from now on",
        "settle-orders" => "cancelling open orders, resolving those in doubt",
        "flush-sinks" => "writing out what sinks hold",
        "close-streams" => "closing streams",
        "close-connections" => "closing connections",
        "stopped" => "stopped",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_a_shutdown_has_words() {
        let step = |step: &str| AuditEvent::Shutdown { step: step.to_owned(), unfinished: vec![] };
        for name in ["stop-intake", "settle-orders", "flush-sinks", "close-streams"] {
            let text = sentence(&step(name)).expect("told");
            assert!(!text.contains(name), "{text}");
        }
        let late = AuditEvent::Shutdown {
            step: "flush-sinks".to_owned(),
            unfinished: vec!["influxdb: flush".to_owned()],
        };
        let expected = "! writing out what sinks hold: not done in time: influxdb: flush";
        assert_eq!(sentence(&late).as_deref(), Some(expected));
    }

    #[test]
    fn lost_points_are_told() {
        let lost = AuditEvent::SinkLost {
            sink: "influx/write".to_owned(),
            points: 12,
            reason: "no room while the database is away".to_owned(),
        };
        let expected = "! influx/write: 12 points lost, no room while the database is away";
        assert_eq!(sentence(&lost).as_deref(), Some(expected));
    }

    #[test]
    fn what_works_may_have_something_to_say() {
        let up = |reason: &str| AuditEvent::HealthChanged {
            dependency: "endpoint".to_owned(),
            critical: false,
            state: HealthState::Up,
            reason: reason.to_owned(),
        };
        assert_eq!(sentence(&up("")).as_deref(), Some("+ endpoint works"));
        let expected = "+ endpoint works: listens on 127.0.0.1:9090";
        assert_eq!(sentence(&up("listens on 127.0.0.1:9090")).as_deref(), Some(expected));
    }
}
