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
//! `tests/breaker_model` runs this text through every order of its steps, two or three threads at a
//! time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::audit::{BreakerState, CallOutcome};
use platform::{Auditor, EntropyStream};
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::call::BreakerCall;
use super::cause::Cause;
use super::config::{BreakerConfig, BreakerConfigError, milliseconds};
use super::core::{Change, Core, Denial, Phase, Ticket};
use super::event::{BreakerEvent, BreakerOpen, BreakerSnapshot, Recorded};
use super::extras::Extras;
use super::name::BreakerName;
use super::observers::Observers;
use super::permit::{OwnedPermit, Permit};
use super::word::{Gate, Word, pack, unpack};
use crate::sync::{AtomicU32, AtomicU64, Mutex, OnceLock, Ordering};

/// A circuit breaker. Shared by reference, or as an `Arc`.
///
/// Two lines of the cache, and nothing elsewhere while the policy counts consecutive failures and
/// nobody observes it.
pub struct Breaker {
    word: AtomicU64,
    /// Time from `origin`, packed; means something while the gate is [`Gate::Open`].
    retry_at: AtomicU64,
    rejected: AtomicU64,
    stale: AtomicU32,
    trips: AtomicU32,
    probes_cancelled: AtomicU32,
    probes_expired: AtomicU32,
    /// The first time that mattered. Not the creation: a breaker may be made before the runtime
    /// whose clock it will read.
    origin: OnceLock<Instant>,
    core: Mutex<Core>,
    attached: Option<Box<Attached>>,
}

/// What not every breaker has.
struct Attached {
    /// Locked while the core is; never the other way round.
    extras: Option<Mutex<Extras>>,
    observers: Option<Observers>,
}

/// A call that may not pass, and the time at which that was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    state: BreakerState,
    now: Instant,
    retry_after: Duration,
}

impl Breaker {
    /// A closed breaker that nobody observes: no name, no audit trail, no log, no subscribers, no
    /// alert. With consecutive failures and openings of one length it allocates nothing, now or
    /// later.
    ///
    /// # Errors
    /// [`BreakerConfigError`]: a setting is out of range, or wants chance, which only
    /// [`Breaker::observed`] has.
    ///
    /// # Determinism
    /// Reads no clock.
    pub fn new(config: BreakerConfig) -> Result<Self, BreakerConfigError> {
        if config.open_growth.is_some_and(|growth| growth.jitter_percent > 0) {
            return Err(BreakerConfigError::JitterWithoutEntropy);
        }
        Self::build(&config, None, None)
    }

    /// A closed breaker that tells what it does. `name` says what it guards: `kraken/read`; at most
    /// [`BreakerName::LENGTH_MAX`] bytes.
    ///
    /// # Errors
    /// [`BreakerConfigError`]: a setting is out of range, or the name empty or too long.
    ///
    /// # Determinism
    /// Reads no clock. Draws from `entropy` once per trip if openings grow with jitter.
    pub fn observed(
        name: &str,
        config: BreakerConfig,
        auditor: Auditor,
        entropy: EntropyStream,
    ) -> Result<Self, BreakerConfigError> {
        if name.is_empty() {
            return Err(BreakerConfigError::Zero("name"));
        }
        let name = BreakerName::new(name).ok_or(BreakerConfigError::TooLarge("name"))?;
        Self::build(&config, Some(Observers::new(name, auditor)), Some(entropy))
    }

    fn build(
        config: &BreakerConfig,
        observers: Option<Observers>,
        entropy: Option<EntropyStream>,
    ) -> Result<Self, BreakerConfigError> {
        config.validate()?;
        let core = Core::new(config);
        let extras = Extras::new(config, entropy);
        let word = Word::of(&core, extras.as_ref());
        let attached = (extras.is_some() || observers.is_some())
            .then(|| Box::new(Attached { extras: extras.map(Mutex::new), observers }));
        Ok(Self {
            word: AtomicU64::new(word.0),
            retry_at: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            stale: AtomicU32::new(0),
            trips: AtomicU32::new(0),
            probes_cancelled: AtomicU32::new(0),
            probes_expired: AtomicU32::new(0),
            origin: OnceLock::new(),
            core: Mutex::new(core),
            attached,
        })
    }

    /// What the breaker guards; empty if it is bare.
    pub fn name(&self) -> &str {
        self.observers().map_or("", |observers| observers.name.as_str())
    }

    /// Makes a call: acquires at the first poll, classifies the result, records it.
    ///
    /// A future that was never polled holds nothing.
    ///
    /// # Errors
    /// [`super::CallError::Open`]: rejected, `future` was not polled. [`super::CallError::Call`]:
    /// its own error.
    ///
    /// # Cancel safety
    /// Dropping it records a cancelled call, which gives a probe's slot back.
    pub fn call<T, E, F, C>(&self, future: F, classify: C) -> BreakerCall<'_, F, C>
    where
        F: Future<Output = Result<T, E>>,
        C: FnOnce(&Result<T, E>) -> CallOutcome,
        E: fmt::Display,
    {
        BreakerCall::new(self, future, classify)
    }

    /// Lets a call through. The permit must be given back with [`Permit::record`].
    ///
    /// # Errors
    /// [`BreakerOpen`]: the call may not be made.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, BreakerOpen> {
        self.acquire_at(Instant::now)
    }

    /// As [`Breaker::acquire`], with a permit that borrows nothing.
    ///
    /// # Errors
    /// [`BreakerOpen`]: the call may not be made.
    pub fn acquire_owned(self: &Arc<Self>) -> Result<OwnedPermit, BreakerOpen> {
        match self.admit(Instant::now) {
            Ok(ticket) => Ok(OwnedPermit::new(Arc::clone(self), ticket)),
            Err(refusal) => Err(self.reject(refusal)),
        }
    }

    /// Tells whether [`Breaker::acquire`] would let a call through now. Takes no slot and changes
    /// no state, so that a caller can find out before it queues for other things.
    ///
    /// # Errors
    /// [`BreakerOpen`]: the call may not be made. Counts as a rejected call.
    pub fn peek(&self) -> Result<(), BreakerOpen> {
        self.look(Instant::now).map_err(|refusal| self.reject(refusal))
    }

    /// As [`Breaker::peek`], for a caller that only wonders.
    pub(crate) fn lets_pass(&self) -> bool {
        self.look(Instant::now).is_ok()
    }

    /// Closes the breaker and forgets calls, growth and alerts. Calls in flight count no more.
    ///
    /// Begins a new generation in any state, also in `CLOSED`.
    pub fn reset(&self) {
        let now_ns = self.nanos(Instant::now());
        self.step("", |core, extras| ((), Some(core.reset(now_ns, extras))));
    }

    /// Rejects every call until [`Breaker::reset`].
    pub fn isolate(&self) {
        let now_ns = self.nanos(Instant::now());
        self.step("", |core, extras| ((), core.isolate(now_ns, extras)));
    }

    /// Opens the breaker for a time, at most 49 days: the venue has banned us.
    ///
    /// An opening that lasts longer already stays as it is, and so does an isolation. A longer one
    /// begins a new generation, `OPEN` to `OPEN`. Not counted as a trip.
    pub fn force_open(&self, open_for: Duration, cause: &str) {
        self.force_open_at(open_for, cause, Instant::now());
    }

    /// A stream of events from now on; closed from the start if the breaker is bare.
    ///
    /// Bounded: a receiver that lags behind by more than 64 events is told by
    /// [`broadcast::error::RecvError::Lagged`] how many it has lost. Events come in the order of
    /// their generations. If two threads change the breaker at once, one of them tells both
    /// changes, so the other may return from its call a little before its event is out.
    pub fn subscribe(&self) -> broadcast::Receiver<BreakerEvent> {
        self.observers().map_or_else(|| broadcast::channel(1).1, Observers::subscribe)
    }

    /// The state, without a lock.
    pub(super) fn state(&self) -> BreakerState {
        self.word().gate().state()
    }

    /// Trips, rejected calls, stale results, cancelled and expired probes, without a lock.
    pub(super) fn counts(&self) -> [u64; 5] {
        let rejected = self.rejected.load(Ordering::Relaxed);
        let [trips, stale] = [load(&self.trips), load(&self.stale)];
        [trips, rejected, stale, load(&self.probes_cancelled), load(&self.probes_expired)]
    }

    /// Changes that were not told.
    pub(super) fn events_lost(&self) -> u64 {
        self.observers().map_or(0, Observers::lost)
    }

    /// The breaker at this moment.
    pub fn snapshot(&self) -> BreakerSnapshot {
        let core = self.core.lock();
        let extras = self.attached.as_deref().and_then(|attached| attached.extras.as_ref());
        let window = extras.and_then(|extras| extras.lock().calls());
        let opened_at = match core.phase() {
            Phase::Open { at_ns, .. } => Some(self.instant(at_ns)),
            Phase::Closed { .. } | Phase::HalfOpen { .. } | Phase::Isolated => None,
        };
        let (probes, successes) = match core.phase() {
            Phase::HalfOpen { probes, successes, .. } => (probes.into(), successes.into()),
            Phase::Closed { .. } | Phase::Open { .. } | Phase::Isolated => (0, 0),
        };
        BreakerSnapshot {
            breaker: self.name_or_empty(),
            state: core.phase().state(),
            generation: core.generation(),
            failures: core.failures().into(),
            window,
            successes,
            probes,
            last_failure_at: core.last_failure_ns().map(|ns| self.instant(ns)),
            opened_at,
            retry_at: core.retry_at_ns().map(|ns| self.instant(ns)),
            trips: load(&self.trips),
            stale_results: load(&self.stale),
            probes_cancelled: load(&self.probes_cancelled),
            probes_expired: load(&self.probes_expired),
            rejected: self.rejected.load(Ordering::Relaxed),
            events_lost: self.events_lost(),
        }
    }

    #[inline]
    pub(super) fn acquire_at(
        &self,
        clock: impl FnOnce() -> Instant,
    ) -> Result<Permit<'_>, BreakerOpen> {
        if let Some(ticket) = self.admit_closed() {
            return Ok(Permit::new(self, ticket));
        }
        match self.admit(clock) {
            Ok(ticket) => Ok(Permit::new(self, ticket)),
            Err(refusal) => Err(self.reject(refusal)),
        }
    }

    pub(super) fn force_open_at(&self, open_for: Duration, cause: &str, now: Instant) {
        let (cause, open_ms) = (Cause::render(&cause), milliseconds(open_for));
        let now_ns = self.nanos(now);
        self.step(cause.as_str(), |core, extras| ((), core.force_open(open_ms, now_ns, extras)));
    }

    /// Lets a call through if the word alone allows it: closed, and nobody asks how long calls take.
    ///
    /// Apart from [`Breaker::admit`], so that the ticket of most calls stays in registers and is
    /// not taken out of a result that is as large as a refusal.
    #[inline]
    pub(super) fn admit_closed(&self) -> Option<Ticket> {
        let word = self.word();
        matches!(word.gate(), Gate::Clean | Gate::Counted)
            .then(|| Ticket::call(word.generation(), 0))
    }

    /// Lets a call through or not. Reads the clock unless closed, and closed only if the policy
    /// asks how long calls take. See [`Breaker::reject`].
    #[inline]
    pub(super) fn admit(&self, clock: impl FnOnce() -> Instant) -> Result<Ticket, Refusal> {
        let word = self.word();
        match word.gate() {
            Gate::Clean | Gate::Counted => Ok(Ticket::call(word.generation(), 0)),
            Gate::Measured => Ok(self.admit_measured(word.generation(), clock())),
            Gate::Open => {
                let now = clock();
                match self.time_left(now) {
                    Some(retry_after) => {
                        Err(Refusal { state: BreakerState::Open, now, retry_after })
                    }
                    None => self.admit_locked(now),
                }
            }
            Gate::HalfOpen | Gate::Isolated => self.admit_locked(clock()),
        }
    }

    /// What [`Breaker::admit`] would say, without taking a slot.
    pub(super) fn look(&self, clock: impl FnOnce() -> Instant) -> Result<(), Refusal> {
        let gate = self.word().gate();
        if matches!(gate, Gate::Clean | Gate::Counted | Gate::Measured) {
            return Ok(());
        }
        let now = clock();
        if gate == Gate::Open
            && let Some(retry_after) = self.time_left(now)
        {
            return Err(Refusal { state: BreakerState::Open, now, retry_after });
        }
        let now_ns = self.nanos(now);
        self.core.lock().peek(now_ns).map_err(|denial| denial.at(now))
    }

    /// Counts a refusal and names the breaker in it.
    ///
    /// Apart from [`Breaker::admit`], so that a rejection is written where it belongs and not
    /// moved there: it is large enough for that to be felt.
    #[inline]
    pub(super) fn reject(&self, refusal: Refusal) -> BreakerOpen {
        self.rejected.fetch_add(1, Ordering::Relaxed);
        let Refusal { state, now, retry_after } = refusal;
        BreakerOpen { breaker: self.name_or_empty(), state, retry_after, at: now }
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
        if word.generation() != ticket.generation() {
            return self.settle_stale(outcome);
        }
        let nothing_to_change = match outcome {
            CallOutcome::Success => word.gate() == Gate::Clean,
            CallOutcome::Failure => false,
            CallOutcome::Ignored | CallOutcome::Cancelled => !ticket.is_probe(),
        };
        if nothing_to_change {
            return Recorded::Current;
        }
        self.settle_with(ticket, outcome, cause)
    }

    /// Apart and by value, so that the cause of a call that fails costs those nothing that succeed.
    #[cold]
    #[inline(never)]
    fn settle_with(
        &self,
        ticket: Ticket,
        outcome: CallOutcome,
        cause: impl fmt::Display,
    ) -> Recorded {
        self.settle_locked(ticket, outcome, &cause)
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

    /// Apart, so that it costs those nothing who measure nothing.
    #[inline(never)]
    fn admit_measured(&self, generation: u64, now: Instant) -> Ticket {
        Ticket::call(generation, self.nanos(now))
    }

    #[cold]
    #[inline(never)]
    fn admit_locked(&self, now: Instant) -> Result<Ticket, Refusal> {
        let now_ns = self.nanos(now);
        self.step("", |core, extras| core.admit(now_ns, extras)).map_err(|denial| denial.at(now))
    }

    #[cold]
    #[inline(never)]
    fn settle_locked(
        &self,
        ticket: Ticket,
        outcome: CallOutcome,
        cause: &dyn fmt::Display,
    ) -> Recorded {
        let wanted = outcome == CallOutcome::Failure && self.observers().is_some();
        let cause = wanted.then(|| Cause::render(cause));
        let cause = cause.as_ref().map_or("", Cause::as_str);
        let now_ns = self.nanos(Instant::now());
        match self.step(cause, |core, extras| core.settle(ticket, outcome, now_ns, extras)) {
            Recorded::Current => {
                if ticket.is_probe() && outcome == CallOutcome::Cancelled {
                    self.probes_cancelled.fetch_add(1, Ordering::Relaxed);
                }
                Recorded::Current
            }
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
    fn step<R>(
        &self,
        cause: &str,
        decide: impl FnOnce(&mut Core, Option<&mut Extras>) -> (R, Option<Change>),
    ) -> R {
        let attached = self.attached.as_deref();
        let mut core = self.core.lock();
        let mut extras = attached.and_then(|attached| attached.extras.as_ref()).map(Mutex::lock);
        let (result, change) = decide(&mut core, extras.as_deref_mut());
        self.show(&core, extras.as_deref());
        drop(extras);
        let observers = change.and_then(|change| self.note(change, cause));
        drop(core);
        if let Some(observers) = observers {
            observers.tell_all();
        }
        result
    }

    /// Makes what the core says the hint of the next call.
    fn show(&self, core: &Core, extras: Option<&Extras>) {
        if let Some(retry_at_ns) = core.retry_at_ns() {
            let retry_at = pack(Duration::from_nanos(retry_at_ns));
            self.retry_at.store(retry_at, Ordering::Relaxed);
        }
        self.word.store(Word::of(core, extras).0, Ordering::Release);
    }

    /// Counts a change and hands it on; returns the observers if this thread must tell them.
    fn note(&self, change: Change, cause: &str) -> Option<&Observers> {
        self.trips.fetch_add(change.tripped.into(), Ordering::Relaxed);
        self.probes_expired.fetch_add(change.expired, Ordering::Relaxed);
        let observers = self.observers()?;
        observers.post(change, cause, self.instant(change.at_ns)).then_some(observers)
    }

    #[inline]
    fn observers(&self) -> Option<&Observers> {
        self.attached.as_deref()?.observers.as_ref()
    }

    #[inline]
    fn name_or_empty(&self) -> BreakerName {
        self.observers().map_or(BreakerName::EMPTY, |observers| observers.name)
    }

    /// Time since the origin, which the first call of this sets.
    fn nanos(&self, now: Instant) -> u64 {
        let origin = *self.origin.get_or_init(|| now);
        u64::try_from(now.saturating_duration_since(origin).as_nanos()).unwrap_or(u64::MAX)
    }

    /// The other way round.
    fn instant(&self, ns: u64) -> Instant {
        let origin = *self.origin.get().expect("whoever has a time has set the origin");
        origin.checked_add(Duration::from_nanos(ns)).unwrap_or(origin)
    }
}

impl Denial {
    const fn at(self, now: Instant) -> Refusal {
        let retry_after = Duration::from_nanos(self.retry_after_ns);
        Refusal { state: self.state, now, retry_after }
    }
}

fn load(counter: &AtomicU32) -> u64 {
    counter.load(Ordering::Relaxed).into()
}

/// Without the machinery.
impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.core.lock();
        f.debug_struct("Breaker")
            .field("name", &self.name())
            .field("phase", &core.phase())
            .field("generation", &core.generation())
            .finish_non_exhaustive()
    }
}
