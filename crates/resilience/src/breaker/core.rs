//! The decisions of a breaker. Sans-IO: times come in as nanoseconds since the breaker's origin,
//! changes go out.
//!
//! Written to be small. What only some breakers need is in [`Extras`], which the others do not have.

use std::num::NonZeroU16;

use model::audit::{BreakerState, CallOutcome};

use super::config::{AlertConfig, BreakerConfig, BreakerPolicy, milliseconds};
use super::event::Recorded;
use super::extras::Extras;
use super::window::Tally;

/// Leave to make one call. Worth something in the generation that issued it only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    /// The generation, and in the last bit whether the call holds a slot of `HALF_OPEN`.
    packed: u64,
    /// When the call began, if the policy asks how long it takes; else 0.
    pub(super) started_ns: u64,
}

impl Ticket {
    #[inline]
    pub(super) const fn call(generation: u64, started_ns: u64) -> Self {
        Self { packed: generation << 1, started_ns }
    }

    const fn probe(generation: u64, started_ns: u64) -> Self {
        Self { packed: generation << 1 | 1, started_ns }
    }

    #[inline]
    pub(super) const fn generation(self) -> u64 {
        self.packed >> 1
    }

    #[inline]
    pub(super) const fn is_probe(self) -> bool {
        self.packed & 1 == 1
    }
}

/// A call that may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) state: BreakerState,
    pub(super) retry_after_ns: u64,
}

/// Why a generation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    OpenTimeOver,
    NoSignOfLife,
    ProbesSucceeded,
    /// The last failure in a row, or a failed probe; its text says more.
    CallFailed,
    SlowProbe,
    FailureRate(Tally),
    SlowRate(Tally),
    Reset,
    Isolated,
    /// Somebody's text says more.
    Forced,
}

/// A generation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) generation: u64,
    pub(super) from: BreakerState,
    pub(super) to: BreakerState,
    pub(super) why: Why,
    /// For `Open`: milliseconds until a probe may pass.
    pub(super) open_ms: Option<u32>,
    pub(super) at_ns: u64,
    /// Calls opened it.
    pub(super) tripped: bool,
    /// Probes that were given up.
    pub(super) expired: u32,
    pub(super) alert: Option<AlertConfig>,
}

/// The state machine. Every step changes the generation at most once.
#[derive(Debug)]
pub(super) struct Core {
    generation: u64,
    phase: Phase,
    /// [`NEVER`] if no failure has counted yet.
    last_failure_ns: u64,
    open_ms: u32,
    wait_ms: u32,
    /// `None`: the window of [`Extras`] decides.
    failure_threshold: Option<NonZeroU16>,
    success_threshold: u16,
    half_open_max: u16,
    failures: u16,
}

/// No time.
const NEVER: u64 = u64::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Closed {
        /// Start, the end of the last recovery, or the last reset.
        since_ns: u64,
    },
    Open {
        open_ms: u32,
        at_ns: u64,
    },
    HalfOpen {
        probes: u16,
        successes: u16,
        /// When the last probe was let through or ended.
        life_ns: u64,
    },
    Isolated,
}

impl Phase {
    pub(super) const fn state(self) -> BreakerState {
        match self {
            Self::Closed { .. } => BreakerState::Closed,
            Self::Open { .. } => BreakerState::Open,
            Self::HalfOpen { .. } => BreakerState::HalfOpen,
            Self::Isolated => BreakerState::Isolated,
        }
    }
}

impl Core {
    /// Closed, generation 0. The configuration must be valid.
    pub(super) fn new(config: &BreakerConfig) -> Self {
        let count = |count| u16::try_from(count).unwrap_or(u16::MAX);
        Self {
            generation: 0,
            phase: Phase::Closed { since_ns: 0 },
            last_failure_ns: NEVER,
            open_ms: milliseconds(config.open_for),
            wait_ms: milliseconds(config.half_open_max_wait),
            failure_threshold: match config.policy {
                BreakerPolicy::Consecutive { failures } => NonZeroU16::new(count(failures)),
                BreakerPolicy::CountWindow { .. } | BreakerPolicy::TimeWindow { .. } => None,
            },
            success_threshold: count(config.success_threshold),
            half_open_max: count(config.half_open_max),
            failures: 0,
        }
    }

    /// Lets a call through or not.
    pub(super) fn admit(
        &mut self,
        now_ns: u64,
        extras: Option<&mut Extras>,
    ) -> (Result<Ticket, Denial>, Option<Change>) {
        let change = self.due(now_ns).map(|why| self.enter_half_open(why, now_ns, extras));
        let verdict = match self.denial(now_ns) {
            Some(denial) => Err(denial),
            None => Ok(self.issue(now_ns)),
        };
        (verdict, change)
    }

    /// What [`Core::admit`] would say, without taking a slot.
    pub(super) fn peek(&self, now_ns: u64) -> Result<(), Denial> {
        match self.denial(now_ns) {
            Some(denial) if self.due(now_ns).is_none() => Err(denial),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes the outcome of a call.
    ///
    /// "Consecutive" is defined by the order in which calls end: a slow success that was let
    /// through before four failures and ends after them sets the count back to zero.
    pub(super) fn settle(
        &mut self,
        ticket: Ticket,
        outcome: CallOutcome,
        now_ns: u64,
        extras: Option<&mut Extras>,
    ) -> (Recorded, Option<Change>) {
        if ticket.generation() != self.generation {
            return (Recorded::Stale, None);
        }
        let slow = extras.as_deref().is_some_and(|extras| extras.is_slow(ticket, now_ns));
        let change = match self.phase {
            Phase::Closed { .. } => self.settle_call(outcome, slow, now_ns, extras),
            Phase::HalfOpen { probes, successes, .. } => {
                let probes = probes.saturating_sub(1);
                self.phase = Phase::HalfOpen { probes, successes, life_ns: now_ns };
                self.settle_probe(outcome, slow, now_ns, extras)
            }
            // No call is let through in these generations.
            Phase::Open { .. } | Phase::Isolated => None,
        };
        (Recorded::Current, change)
    }

    /// Closes the breaker and forgets its past. Calls in flight count no more.
    pub(super) fn reset(&mut self, now_ns: u64, mut extras: Option<&mut Extras>) -> Change {
        if let Some(extras) = extras.as_deref_mut() {
            extras.forget_trips();
        }
        self.failures = 0;
        self.enter(Phase::Closed { since_ns: now_ns }, Why::Reset, now_ns, extras)
    }

    /// Opens the breaker until somebody resets it.
    pub(super) fn isolate(&mut self, now_ns: u64, extras: Option<&mut Extras>) -> Option<Change> {
        (self.phase != Phase::Isolated)
            .then(|| self.enter(Phase::Isolated, Why::Isolated, now_ns, extras))
    }

    /// Opens the breaker for a time. Never shortens an opening, never ends an isolation.
    pub(super) fn force_open(
        &mut self,
        open_ms: u32,
        now_ns: u64,
        extras: Option<&mut Extras>,
    ) -> Option<Change> {
        let longer = match self.phase {
            Phase::Closed { .. } | Phase::HalfOpen { .. } => true,
            Phase::Open { open_ms: old_ms, at_ns } => later(now_ns, open_ms) > later(at_ns, old_ms),
            Phase::Isolated => false,
        };
        let open = Phase::Open { open_ms, at_ns: now_ns };
        longer.then(|| self.enter(open, Why::Forced, now_ns, extras))
    }

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    /// When the opening is over; `None` unless open.
    pub(super) const fn retry_at_ns(&self) -> Option<u64> {
        match self.phase {
            Phase::Open { open_ms, at_ns } => Some(later(at_ns, open_ms)),
            Phase::Closed { .. } | Phase::HalfOpen { .. } | Phase::Isolated => None,
        }
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) const fn failures(&self) -> u16 {
        self.failures
    }

    /// Returns whether a success leaves everything as it is: closed, no failure counted, and no
    /// window to put it in.
    pub(super) const fn is_clean(&self) -> bool {
        self.failures == 0 && self.failure_threshold.is_some()
    }

    pub(super) fn last_failure_ns(&self) -> Option<u64> {
        (self.last_failure_ns != NEVER).then_some(self.last_failure_ns)
    }

    /// Why a new round of probes begins now, if it does.
    fn due(&self, now_ns: u64) -> Option<Why> {
        match self.phase {
            Phase::Open { open_ms, at_ns } => {
                (now_ns >= later(at_ns, open_ms)).then_some(Why::OpenTimeOver)
            }
            Phase::HalfOpen { probes, life_ns, .. } => {
                let given_up_ns = later(life_ns, self.wait_ms);
                (probes >= self.half_open_max && now_ns >= given_up_ns).then_some(Why::NoSignOfLife)
            }
            Phase::Closed { .. } | Phase::Isolated => None,
        }
    }

    fn denial(&self, now_ns: u64) -> Option<Denial> {
        let retry_at_ns = match self.phase {
            Phase::Closed { .. } => return None,
            Phase::HalfOpen { probes, .. } if probes < self.half_open_max => return None,
            Phase::Open { open_ms, at_ns } => later(at_ns, open_ms),
            Phase::HalfOpen { life_ns, .. } => later(life_ns, self.wait_ms),
            Phase::Isolated => later(now_ns, self.open_ms),
        };
        let retry_after_ns = retry_at_ns.saturating_sub(now_ns);
        Some(Denial { state: self.phase.state(), retry_after_ns })
    }

    fn issue(&mut self, now_ns: u64) -> Ticket {
        if let Phase::HalfOpen { probes, life_ns, .. } = &mut self.phase {
            *probes += 1;
            *life_ns = now_ns;
            return Ticket::probe(self.generation, now_ns);
        }
        Ticket::call(self.generation, now_ns)
    }

    fn settle_call(
        &mut self,
        outcome: CallOutcome,
        slow: bool,
        now_ns: u64,
        mut extras: Option<&mut Extras>,
    ) -> Option<Change> {
        let failed = match outcome {
            CallOutcome::Success => false,
            CallOutcome::Failure => true,
            CallOutcome::Ignored | CallOutcome::Cancelled => return None,
        };
        if failed {
            self.count_failure(now_ns);
        } else {
            self.failures = 0;
        }
        let why = match (self.failure_threshold, extras.as_deref_mut()) {
            (Some(most), _) => (self.failures >= most.get()).then_some(Why::CallFailed),
            (None, Some(extras)) => extras.count(failed, slow, now_ns),
            (None, None) => None,
        };
        why.map(|why| self.trip(why, now_ns, extras))
    }

    fn settle_probe(
        &mut self,
        outcome: CallOutcome,
        slow: bool,
        now_ns: u64,
        extras: Option<&mut Extras>,
    ) -> Option<Change> {
        match outcome {
            CallOutcome::Success if slow => Some(self.trip(Why::SlowProbe, now_ns, extras)),
            CallOutcome::Success => {
                let Phase::HalfOpen { successes, .. } = &mut self.phase else {
                    return None;
                };
                *successes = successes.saturating_add(1);
                if *successes < self.success_threshold {
                    return None;
                }
                self.failures = 0;
                let closed = Phase::Closed { since_ns: now_ns };
                Some(self.enter(closed, Why::ProbesSucceeded, now_ns, extras))
            }
            CallOutcome::Failure => {
                self.count_failure(now_ns);
                Some(self.trip(Why::CallFailed, now_ns, extras))
            }
            CallOutcome::Ignored | CallOutcome::Cancelled => None,
        }
    }

    const fn count_failure(&mut self, now_ns: u64) {
        self.failures = self.failures.saturating_add(1);
        self.last_failure_ns = now_ns;
    }

    fn trip(&mut self, why: Why, now_ns: u64, mut extras: Option<&mut Extras>) -> Change {
        let closed_since_ns = match self.phase {
            Phase::Closed { since_ns } => Some(since_ns),
            Phase::Open { .. } | Phase::HalfOpen { .. } | Phase::Isolated => None,
        };
        let (mut open_ms, mut alert) = (self.open_ms, None);
        if let Some(extras) = extras.as_deref_mut() {
            open_ms = extras.next_open_ms(open_ms, closed_since_ns, now_ns);
            alert = extras.alert(now_ns);
        }
        let open = Phase::Open { open_ms, at_ns: now_ns };
        Change { tripped: true, alert, ..self.enter(open, why, now_ns, extras) }
    }

    fn enter_half_open(&mut self, why: Why, now_ns: u64, extras: Option<&mut Extras>) -> Change {
        let expired = match self.phase {
            Phase::HalfOpen { probes, .. } => probes.into(),
            Phase::Closed { .. } | Phase::Open { .. } | Phase::Isolated => 0,
        };
        let half_open = Phase::HalfOpen { probes: 0, successes: 0, life_ns: now_ns };
        Change { expired, ..self.enter(half_open, why, now_ns, extras) }
    }

    fn enter(
        &mut self,
        phase: Phase,
        why: Why,
        now_ns: u64,
        extras: Option<&mut Extras>,
    ) -> Change {
        if let Some(extras) = extras {
            extras.forget_calls();
        }
        let from = self.phase.state();
        self.phase = phase;
        self.generation += 1;
        let open_ms = match phase {
            Phase::Open { open_ms, .. } => Some(open_ms),
            Phase::Closed { .. } | Phase::HalfOpen { .. } | Phase::Isolated => None,
        };
        Change {
            generation: self.generation,
            from,
            to: phase.state(),
            why,
            open_ms,
            at_ns: now_ns,
            tripped: false,
            expired: 0,
            alert: None,
        }
    }
}

/// A time later by some milliseconds. Good for 500 years.
pub(super) const fn later(ns: u64, by_ms: u32) -> u64 {
    ns.saturating_add(by_ms as u64 * 1_000_000)
}
