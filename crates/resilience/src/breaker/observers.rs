//! Those who are told what a breaker does, in the order of its generations.
//!
//! Changes are told after the breaker's lock is released, by whichever thread finds nobody else
//! telling. So a sink may call the breaker, and a thread whose change is told by another one may
//! return before that has happened.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use model::audit::{AuditEvent, BreakerState};
use platform::Auditor;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::config::AlertConfig;
use super::core::{Change, Why};
use super::event::BreakerEvent;
use super::name::BreakerName;
use crate::sync::{Mutex, OnceLock};

/// Events that a subscriber may lag behind before it loses the oldest and is told how many.
const SUBSCRIBER_LAG_MAX: usize = 64;

/// Changes that wait to be told. Reached only if a sink is slower than the breaker changes.
const OUTBOX_MAX: usize = 256;

/// The audit trail, the log and the subscribers.
pub(super) struct Observers {
    pub(super) name: BreakerName,
    auditor: Auditor,
    /// Made for the first subscriber: its buffer is larger than the rest of the breaker.
    subscribers: OnceLock<broadcast::Sender<BreakerEvent>>,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    news: VecDeque<News>,
    /// Some thread is telling.
    telling: bool,
    lost: u64,
}

/// A change with what it takes to tell it.
struct News {
    generation: u64,
    from: BreakerState,
    to: BreakerState,
    cause: Arc<str>,
    open_ms: Option<u32>,
    at: Instant,
    alert: Option<AlertConfig>,
}

impl Observers {
    pub(super) fn new(name: BreakerName, auditor: Auditor) -> Self {
        let outbox = Mutex::new(Outbox::default());
        Self { name, auditor, subscribers: OnceLock::new(), outbox }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<BreakerEvent> {
        let new = || broadcast::Sender::new(SUBSCRIBER_LAG_MAX);
        self.subscribers.get_or_init(new).subscribe()
    }

    /// Changes that were not told, because a sink could not keep up.
    pub(super) fn lost(&self) -> u64 {
        self.outbox.lock().lost
    }

    /// Takes a change to be told; true if the caller has to tell it. Called under the breaker's
    /// lock, which keeps the changes in order.
    pub(super) fn post(&self, change: Change, cause: &str, at: Instant) -> bool {
        let Change { generation, from, to, why, open_ms, alert, .. } = change;
        let cause = why.text(cause);
        let mut outbox = self.outbox.lock();
        if outbox.news.len() >= OUTBOX_MAX {
            outbox.lost += 1;
        } else {
            outbox.news.push_back(News { generation, from, to, cause, open_ms, at, alert });
        }
        !std::mem::replace(&mut outbox.telling, true)
    }

    /// Tells until nothing is left. A panicking listener keeps nothing from the others; its panic
    /// goes on to the caller at the end.
    pub(super) fn tell_all(&self) {
        let mut panic: Option<Box<dyn Any + Send>> = None;
        loop {
            let next = self.outbox.lock().next();
            let Some(news) = next else { break };
            if let Err(caught) = catch_unwind(AssertUnwindSafe(|| self.tell(news))) {
                panic.get_or_insert(caught);
            }
        }
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    fn tell(&self, news: News) {
        let breaker = self.name.as_str();
        let News { generation, from, to, cause, open_ms, at, alert } = news;
        if to == BreakerState::Open {
            tracing::warn!(breaker, generation, %from, %to, %cause, open_ms, "breaker changed");
        } else {
            tracing::info!(breaker, generation, %from, %to, %cause, "breaker changed");
        }
        self.send(BreakerEvent::Changed {
            breaker: self.name,
            generation,
            from,
            to,
            cause: Arc::clone(&cause),
            open_for: open_ms.map(|ms| Duration::from_millis(ms.into())),
            at,
        });
        if let Some(alert) = alert {
            let (trips, window) = (alert.trips, alert.window);
            tracing::error!(breaker, trips, ?window, "breaker trips repeatedly");
            self.send(BreakerEvent::TripsRepeatedly { breaker: self.name, trips, window, at });
        }
        self.auditor.record(AuditEvent::BreakerChanged {
            breaker: breaker.to_owned(),
            generation,
            from,
            to,
            cause: cause.as_ref().to_owned(),
            open_ms: open_ms.map(u64::from),
        });
    }

    fn send(&self, event: BreakerEvent) {
        if let Some(subscribers) = self.subscribers.get() {
            // Fails if nobody listens any more, which is nobody's loss.
            drop(subscribers.send(event));
        }
    }
}

impl Outbox {
    fn next(&mut self) -> Option<News> {
        let next = self.news.pop_front();
        self.telling = next.is_some();
        next
    }
}

impl Why {
    /// In words; `cause` is what the last call or the caller had to say.
    fn text(self, cause: &str) -> Arc<str> {
        let mut text = match self {
            Self::OpenTimeOver => return "open time is over".into(),
            Self::NoSignOfLife => return "no sign of life from the probes".into(),
            Self::ProbesSucceeded => return "probes succeeded".into(),
            Self::SlowProbe => return "the probe was slow".into(),
            Self::Reset => return "reset".into(),
            Self::Isolated => return "isolated".into(),
            Self::CallFailed | Self::Forced => return cause.into(),
            Self::FailureRate(tally) => {
                format!("{} of {} calls failed", tally.failed, tally.calls)
            }
            Self::SlowRate(tally) => format!("{} of {} calls were slow", tally.slow, tally.calls),
        };
        if !cause.is_empty() {
            write!(text, ", the last: {cause}").expect("a string takes every text");
        }
        text.into()
    }
}
