//! The breaker as many threads see it: a word for the common cases, a lock for the others.
//!
//! The truth is [`Core`], behind a mutex. After every step the part of it that most calls need is
//! published in one atomic word: the generation and a [`Gate`]. While the breaker is closed and no
//! failure has been counted, a call loads the word twice, before and after, and touches nothing
//! else. While it is open, a call compares the clock with a second atomic, `retry_at`.
//!
//! Why this is right:
//!
//! - Whoever acts on the word alone acts as if he had come at the moment at which he loaded it. A
//!   success that finds the count of failures at zero has nothing to change at that moment.
//! - The word is stored last, with release, and loaded first, with acquire. So a call that sees
//!   `OPEN` sees the `retry_at` of that opening, or of a later one, which only means that the
//!   breaker opened again while the call was looking.
//! - Everything that can change the state happens under the lock and is decided by the core anew;
//!   the word is a hint to go there.
//!
//! Changes are told after the lock is released, in the order of their generations, by whichever
//! thread finds nobody else telling. So a sink may call the breaker, and a thread whose change is
//! told by another one may return before that has happened.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use model::audit::{AuditEvent, BreakerState, CallOutcome};
use parking_lot::Mutex;
use platform::Auditor;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::core::{Change, Core, Phase, Refusal, Ticket};
use super::event::{BreakerEvent, BreakerOpen, BreakerSnapshot, Recorded};
use super::name::BreakerName;

/// Events that a subscriber may lag behind before it loses the oldest and is told how many.
const SUBSCRIBER_LAG_MAX: usize = 64;

/// Changes that wait to be told. Reached only if a sink is slower than the breaker changes.
const OUTBOX_MAX: usize = 256;

/// Longest cause, in characters: error texts may carry whole pages of a venue.
const CAUSE_LENGTH_MAX: usize = 200;

/// What the word says about the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Closed, no failure counted.
    Clean,
    /// Closed, some failures counted.
    Dirty,
    /// Open: compare the clock with `retry_at`.
    Timed,
    /// Half-open or isolated: ask the core.
    Guarded,
}

/// Generation and gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word(u64);

impl Word {
    const GATE_BITS: u32 = 2;
    const GATE_MASK: u64 = 0b11;

    fn of(core: &Core) -> Self {
        let gate = match core.phase() {
            Phase::Closed { .. } if core.failures() == 0 => 0,
            Phase::Closed { .. } => 1,
            Phase::Open { .. } => 2,
            Phase::HalfOpen { .. } | Phase::Isolated => 3,
        };
        Self(core.generation() << Self::GATE_BITS | gate)
    }

    #[inline]
    const fn gate(self) -> Gate {
        match self.0 & Self::GATE_MASK {
            0 => Gate::Clean,
            1 => Gate::Dirty,
            2 => Gate::Timed,
            _ => Gate::Guarded,
        }
    }

    #[inline]
    const fn generation(self) -> u64 {
        self.0 >> Self::GATE_BITS
    }
}

pub(super) struct Shared {
    name: BreakerName,
    word: AtomicU64,
    /// Time from `origin`, packed; means something while the gate is [`Gate::Timed`].
    retry_at: AtomicU64,
    /// The first opening. Not the creation: a breaker may be made before the runtime whose clock
    /// it will read.
    origin: OnceLock<Instant>,
    rejected: AtomicU64,
    stale: AtomicU64,
    state: Mutex<State>,
    auditor: Auditor,
    /// Made for the first subscriber: its buffer is larger than the rest of the breaker.
    subscribers: OnceLock<broadcast::Sender<BreakerEvent>>,
}

struct State {
    core: Core,
    outbox: VecDeque<Change>,
    /// Some thread is telling.
    telling: bool,
    events_lost: u64,
}

impl Shared {
    pub(super) fn new(name: BreakerName, core: Core, auditor: Auditor) -> Self {
        Self {
            name,
            word: AtomicU64::new(Word::of(&core).0),
            retry_at: AtomicU64::new(0),
            origin: OnceLock::new(),
            rejected: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            state: Mutex::new(State {
                core,
                outbox: VecDeque::new(),
                telling: false,
                events_lost: 0,
            }),
            auditor,
            subscribers: OnceLock::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<BreakerEvent> {
        let new = || broadcast::Sender::new(SUBSCRIBER_LAG_MAX);
        self.subscribers.get_or_init(new).subscribe()
    }

    /// Lets a call through or not. Reads the clock unless closed. See [`Shared::reject`].
    #[inline]
    pub(super) fn acquire(&self, clock: impl FnOnce() -> Instant) -> Result<Ticket, Refusal> {
        let word = self.word();
        match word.gate() {
            Gate::Clean | Gate::Dirty => Ok(Ticket { generation: word.generation(), probe: false }),
            Gate::Timed => {
                let now = clock();
                match self.time_left(now) {
                    Some(retry_after) => Err(Refusal { state: BreakerState::Open, retry_after }),
                    None => self.acquire_locked(now),
                }
            }
            Gate::Guarded => self.acquire_locked(clock()),
        }
    }

    /// What [`Shared::acquire`] would say, without taking a slot.
    pub(super) fn peek(&self, clock: impl FnOnce() -> Instant) -> Result<(), Refusal> {
        let now = match self.word().gate() {
            Gate::Clean | Gate::Dirty => return Ok(()),
            Gate::Timed => {
                let now = clock();
                if let Some(retry_after) = self.time_left(now) {
                    let state = BreakerState::Open;
                    return Err(Refusal { state, retry_after });
                }
                now
            }
            Gate::Guarded => clock(),
        };
        self.state.lock().core.peek(now)
    }

    /// Counts a refusal and names the breaker in it.
    ///
    /// Apart from [`Shared::acquire`], so that a rejection is written where it belongs and not
    /// moved there: it is large enough for that to be felt.
    #[inline]
    pub(super) fn reject(&self, refusal: Refusal) -> BreakerOpen {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        BreakerOpen { breaker: self.name, state: refusal.state, retry_after: refusal.retry_after }
    }

    /// Takes the outcome of a call. Reads the clock only if the outcome may change something.
    #[inline]
    pub(super) fn settle(
        &self,
        ticket: Ticket,
        outcome: CallOutcome,
        cause: impl fmt::Display,
    ) -> Recorded {
        let word = self.word();
        if word.generation() != ticket.generation {
            return self.settle_stale(outcome);
        }
        let nothing_to_change = match outcome {
            CallOutcome::Success => word.gate() == Gate::Clean,
            CallOutcome::Failure => false,
            CallOutcome::Ignored | CallOutcome::Cancelled => !ticket.probe,
        };
        if nothing_to_change {
            return Recorded::Current;
        }
        self.settle_locked(ticket, outcome, &cause)
    }

    pub(super) fn reset(&self, now: Instant) {
        self.step(|core| ((), Some(core.reset(now))));
    }

    pub(super) fn isolate(&self, now: Instant) {
        self.step(|core| ((), core.isolate(now)));
    }

    pub(super) fn force_open(&self, open_for: Duration, cause: &str, now: Instant) {
        let cause = bounded(&cause);
        self.step(|core| ((), core.force_open(open_for, cause, now)));
    }

    pub(super) fn snapshot(&self) -> BreakerSnapshot {
        let state = self.state.lock();
        let core = &state.core;
        let (opened_at, retry_at) = match core.phase() {
            Phase::Open { at, retry_at } => (Some(at), Some(retry_at)),
            Phase::Closed { .. } | Phase::HalfOpen { .. } | Phase::Isolated => (None, None),
        };
        let (probes, successes) = match core.phase() {
            Phase::HalfOpen { probes, successes, .. } => (probes, successes),
            Phase::Closed { .. } | Phase::Open { .. } | Phase::Isolated => (0, 0),
        };
        let (probes_cancelled, probes_expired) = core.probes_lost();
        BreakerSnapshot {
            breaker: self.name,
            state: core.phase().state(),
            generation: core.generation(),
            failures: core.failures(),
            successes,
            probes,
            last_failure_at: core.last_failure_at(),
            opened_at,
            retry_at,
            trips: core.trips(),
            rejected: self.rejected.load(Ordering::Relaxed),
            stale_results: self.stale.load(Ordering::Relaxed),
            probes_cancelled,
            probes_expired,
            events_lost: state.events_lost,
        }
    }

    #[inline]
    fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// Time left of the opening; `None` when it is over.
    #[inline]
    fn time_left(&self, now: Instant) -> Option<Duration> {
        let retry_at = self.retry_at.load(Ordering::Relaxed);
        let now = now.saturating_duration_since(*self.origin.get()?);
        unpack(retry_at).checked_sub(now).filter(|left| !left.is_zero())
    }

    #[cold]
    #[inline(never)]
    fn acquire_locked(&self, now: Instant) -> Result<Ticket, Refusal> {
        self.step(|core| core.admit(now))
    }

    #[cold]
    #[inline(never)]
    fn settle_locked(
        &self,
        ticket: Ticket,
        outcome: CallOutcome,
        cause: &dyn fmt::Display,
    ) -> Recorded {
        let cause = match outcome {
            CallOutcome::Failure => bounded(cause),
            CallOutcome::Success | CallOutcome::Ignored | CallOutcome::Cancelled => "".into(),
        };
        let now = Instant::now();
        match self.step(|core| core.settle(ticket, outcome, &cause, now)) {
            Recorded::Current => Recorded::Current,
            Recorded::Stale => self.settle_stale(outcome),
        }
    }

    #[cold]
    fn settle_stale(&self, outcome: CallOutcome) -> Recorded {
        if outcome != CallOutcome::Cancelled {
            self.stale.fetch_add(1, Ordering::Relaxed);
        }
        Recorded::Stale
    }

    /// Lets the core decide, publishes what it decided, tells what changed.
    fn step<R>(&self, decide: impl FnOnce(&mut Core) -> (R, Option<Change>)) -> R {
        let mut state = self.state.lock();
        let (result, change) = decide(&mut state.core);
        self.publish(&state.core);
        let tell = change.is_some_and(|change| state.post(change));
        drop(state);
        if tell {
            self.tell_all();
        }
        result
    }

    fn publish(&self, core: &Core) {
        if let Phase::Open { at, retry_at } = core.phase() {
            let origin = *self.origin.get_or_init(|| at);
            let retry_at = pack(retry_at.saturating_duration_since(origin));
            self.retry_at.store(retry_at, Ordering::Relaxed);
        }
        self.word.store(Word::of(core).0, Ordering::Release);
    }

    /// Tells until nothing is left. A panicking listener keeps nothing from the others; its panic
    /// goes on to the caller at the end.
    fn tell_all(&self) {
        let mut panic: Option<Box<dyn Any + Send>> = None;
        loop {
            let next = self.state.lock().next_to_tell();
            let Some(change) = next else { break };
            if let Err(caught) = catch_unwind(AssertUnwindSafe(|| self.tell(change))) {
                panic.get_or_insert(caught);
            }
        }
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    fn tell(&self, change: Change) {
        let breaker = self.name.as_str();
        let Change { generation, from, to, cause, open_for, at, alert } = change;
        let open_ms = open_for.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
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
            open_for,
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
            open_ms,
        });
    }

    fn send(&self, event: BreakerEvent) {
        if let Some(subscribers) = self.subscribers.get() {
            // Fails if nobody listens any more, which is nobody's loss.
            drop(subscribers.send(event));
        }
    }
}

impl State {
    /// Takes a change to be told; true if the caller has to tell it.
    fn post(&mut self, change: Change) -> bool {
        if self.outbox.len() >= OUTBOX_MAX {
            self.events_lost += 1;
        } else {
            self.outbox.push_back(change);
        }
        !std::mem::replace(&mut self.telling, true)
    }

    fn next_to_tell(&mut self) -> Option<Change> {
        let next = self.outbox.pop_front();
        self.telling = next.is_some();
        next
    }
}

/// Without the machinery.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = &self.state.lock().core;
        f.debug_struct("Breaker")
            .field("name", &self.name)
            .field("phase", &core.phase())
            .field("generation", &core.generation())
            .finish_non_exhaustive()
    }
}

/// Seconds above, nanoseconds below: keeps the order of durations, and costs no multiplication by
/// a billion here and division there, which a rejection would pay for. Good for 500 years.
#[inline]
fn pack(duration: Duration) -> u64 {
    duration.as_secs() << NANOS_BITS | u64::from(duration.subsec_nanos())
}

#[inline]
fn unpack(packed: u64) -> Duration {
    let nanos = u32::try_from(packed & NANOS_MASK).unwrap_or(0);
    Duration::new(packed >> NANOS_BITS, nanos)
}

/// Enough for the nanoseconds of a second.
const NANOS_BITS: u32 = 30;
const NANOS_MASK: u64 = (1 << NANOS_BITS) - 1;

/// Renders a cause, cut to [`CAUSE_LENGTH_MAX`].
fn bounded(cause: &dyn fmt::Display) -> Arc<str> {
    let text = cause.to_string();
    match text.char_indices().nth(CAUSE_LENGTH_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}
