//! What was logged, as lines.

use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// A log in memory. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
}

/// A subscriber that nobody uses and that never ends, so that no other is ever the only one.
static ALIVE: OnceLock<Dispatch> = OnceLock::new();

impl Log {
    /// A log that takes everything that this thread logs while the guard lives.
    #[must_use]
    pub fn start() -> (Self, DefaultGuard) {
        // With a single subscriber, what a thread without one meets first would stay disabled for all.
        ALIVE.get_or_init(|| Dispatch::new(Self::default()));
        let log = Self::default();
        let guard = tracing::subscriber::set_default(log.clone());
        (log, guard)
    }

    /// One line per event: `WARN breaker changed breaker=venue/read from=CLOSED to=OPEN`.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    /// Lines so far, each told once.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock())
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let level = event.metadata().level();
        self.lines.lock().push(format!("{level} {}{}", line.message, line.fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.fields.push_str(&format!(" {}={value:?}", field.name()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_with_its_fields() {
        let (log, guard) = Log::start();
        let (absent, present, shown) = (None::<u64>, Some("x"), "yes");
        tracing::warn!(text = "two words", number = 7, %shown, absent, present, "said");
        assert_eq!(log.take(), ["WARN said text=two words number=7 shown=yes present=x"]);
        drop(guard);
        tracing::warn!("not heard");
        assert!(log.lines().is_empty());
    }
}
