//! What the node does, in lines for a person.
//!
//! A thread of its own prints: a terminal that is held, or a pipe that nobody reads, must not hold the
//! node. Lines that find no room are counted and left out.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use model::OrderKind;
use model::audit::{AuditEvent, BreakerState, HealthState};
use parking_lot::Mutex;
use platform::{AuditSink, LogAudit};

/// Lines that may wait for the terminal.
const WAITING_MAX: usize = 1_024;
/// Longest wait for the terminal at the end.
const LAST_LINES_MAX: Duration = Duration::from_secs(2);
/// Time between two looks whether the terminal has taken the last line.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Prints lines. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    lines: Mutex<Option<SyncSender<String>>>,
    lost: AtomicU64,
    printer: Mutex<Option<JoinHandle<()>>>,
}

impl Console {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (lines, waiting) = mpsc::sync_channel::<String>(WAITING_MAX);
        let printer = thread::Builder::new().name("console".to_owned()).spawn(move || {
            let mut out = std::io::stdout().lock();
            for line in waiting {
                // A terminal that is gone is no reason to stop trading.
                drop(writeln!(out, "{line}").and_then(|()| out.flush()));
            }
        })?;
        let shared = Shared {
            started: Instant::now(),
            lines: Mutex::new(Some(lines)),
            lost: AtomicU64::new(0),
            printer: Mutex::new(Some(printer)),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Prints a line, if there is room for it.
    pub(crate) fn say(&self, line: &str) {
        let lines = self.shared.lines.lock();
        let sent = lines.as_ref().map(|lines| lines.try_send(line.to_owned()));
        if let Some(Err(TrySendError::Full(_))) = sent {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the last line is printed, but not for ever.
    pub(crate) fn end(&self) {
        let lost = self.shared.lost.load(Ordering::Relaxed);
        if lost > 0 {
            self.say(&format!("({lost} lines were left out: nobody read them)"));
        }
        drop(self.shared.lines.lock().take());
        let printer = self.shared.printer.lock().take();
        let until = Instant::now() + LAST_LINES_MAX;
        while printer.as_ref().is_some_and(|printer| !printer.is_finished())
            && Instant::now() < until
        {
            thread::sleep(LOOK_EVERY);
        }
    }

    fn tell(&self, text: &str) {
        let elapsed = self.shared.started.elapsed();
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
                HealthState::Up => format!("+ {dependency} works"),
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
}
