//! The decisions of a breaker. Sans-IO: time and randomness come in, changes go out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::audit::{BreakerState, CallOutcome};
use platform::EntropyStream;
use rand::RngExt;
use tokio::time::Instant;

use super::config::{AlertConfig, BreakerConfig, DURATION_MAX, OpenGrowth};
use super::event::Recorded;

/// Leave to make one call. Worth something in the generation that issued it only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) generation: u64,
    /// Holds a slot of `HALF_OPEN`.
    pub(super) probe: bool,
}

/// A call that may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) state: BreakerState,
    pub(super) retry_after: Duration,
}

/// A generation began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) generation: u64,
    pub(super) from: BreakerState,
    pub(super) to: BreakerState,
    pub(super) cause: Arc<str>,
    pub(super) open_for: Option<Duration>,
    pub(super) at: Instant,
    pub(super) alert: Option<AlertConfig>,
}

/// The state machine. Every step changes the generation at most once.
#[derive(Debug)]
pub(super) struct Core {
    config: BreakerConfig,
    rng: EntropyStream,
    phase: Phase,
    generation: u64,
    failures: u32,
    last_failure_at: Option<Instant>,
    trips: u64,
    probes_cancelled: u64,
    probes_expired: u64,
    growth: Growth,
    alarm: Alarm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Closed {
        /// End of the last recovery; `None` if the breaker has no trip to recover from.
        since: Option<Instant>,
    },
    Open {
        at: Instant,
        retry_at: Instant,
    },
    HalfOpen {
        probes: u32,
        successes: u32,
        /// When the last probe was let through or ended.
        life_at: Instant,
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
    pub(super) fn new(config: BreakerConfig, rng: EntropyStream) -> Self {
        Self {
            config,
            rng,
            phase: Phase::Closed { since: None },
            generation: 0,
            failures: 0,
            last_failure_at: None,
            trips: 0,
            probes_cancelled: 0,
            probes_expired: 0,
            growth: Growth::default(),
            alarm: Alarm::default(),
        }
    }

    /// Lets a call through or not.
    pub(super) fn admit(&mut self, now: Instant) -> (Result<Ticket, Refusal>, Option<Change>) {
        let change = self.due(now).map(|cause| self.enter_half_open(cause.into(), now));
        let verdict = match self.refusal(now) {
            Some(refusal) => Err(refusal),
            None => Ok(self.issue(now)),
        };
        (verdict, change)
    }

    /// What [`Core::admit`] would say, without taking a slot.
    pub(super) fn peek(&self, now: Instant) -> Result<(), Refusal> {
        match self.refusal(now) {
            Some(refusal) if self.due(now).is_none() => Err(refusal),
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
        cause: &Arc<str>,
        now: Instant,
    ) -> (Recorded, Option<Change>) {
        if ticket.generation != self.generation {
            return (Recorded::Stale, None);
        }
        let change = match self.phase {
            Phase::Closed { .. } => self.settle_call(outcome, cause, now),
            Phase::HalfOpen { probes, successes, .. } => {
                self.phase =
                    Phase::HalfOpen { probes: probes.saturating_sub(1), successes, life_at: now };
                self.settle_probe(outcome, successes, cause, now)
            }
            // No call is let through in these generations.
            Phase::Open { .. } | Phase::Isolated => None,
        };
        (Recorded::Current, change)
    }

    /// Closes the breaker and forgets its past. Calls in flight count no more.
    pub(super) fn reset(&mut self, now: Instant) -> Change {
        self.growth = Growth::default();
        self.alarm = Alarm::default();
        self.failures = 0;
        self.enter(Phase::Closed { since: None }, "reset".into(), now)
    }

    /// Opens the breaker until somebody resets it.
    pub(super) fn isolate(&mut self, now: Instant) -> Option<Change> {
        (self.phase != Phase::Isolated).then(|| self.enter(Phase::Isolated, "isolated".into(), now))
    }

    /// Opens the breaker for a time. Never shortens an opening, never ends an isolation.
    pub(super) fn force_open(
        &mut self,
        open_for: Duration,
        cause: Arc<str>,
        now: Instant,
    ) -> Option<Change> {
        let retry_at = later(now, open_for.min(DURATION_MAX));
        let longer = match self.phase {
            Phase::Closed { .. } | Phase::HalfOpen { .. } => true,
            Phase::Open { retry_at: old, .. } => retry_at > old,
            Phase::Isolated => false,
        };
        longer.then(|| self.enter(Phase::Open { at: now, retry_at }, cause, now))
    }

    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) const fn last_failure_at(&self) -> Option<Instant> {
        self.last_failure_at
    }

    pub(super) const fn trips(&self) -> u64 {
        self.trips
    }

    /// Probes that were dropped, probes that were given up.
    pub(super) const fn probes_lost(&self) -> (u64, u64) {
        (self.probes_cancelled, self.probes_expired)
    }

    /// Why a new round of probes begins now, if it does.
    fn due(&self, now: Instant) -> Option<&'static str> {
        match self.phase {
            Phase::Open { retry_at, .. } => (now >= retry_at).then_some("open time is over"),
            Phase::HalfOpen { probes, life_at, .. } => {
                let given_up = later(life_at, self.config.half_open_max_wait);
                (probes >= self.config.half_open_max && now >= given_up)
                    .then_some("no sign of life from the probes")
            }
            Phase::Closed { .. } | Phase::Isolated => None,
        }
    }

    fn refusal(&self, now: Instant) -> Option<Refusal> {
        let retry_after = match self.phase {
            Phase::Closed { .. } => return None,
            Phase::HalfOpen { probes, .. } if probes < self.config.half_open_max => return None,
            Phase::Open { retry_at, .. } => retry_at.saturating_duration_since(now),
            Phase::HalfOpen { life_at, .. } => {
                later(life_at, self.config.half_open_max_wait).saturating_duration_since(now)
            }
            Phase::Isolated => self.config.open_for,
        };
        Some(Refusal { state: self.phase.state(), retry_after })
    }

    fn issue(&mut self, now: Instant) -> Ticket {
        let mut probe = false;
        if let Phase::HalfOpen { probes, life_at, .. } = &mut self.phase {
            *probes += 1;
            *life_at = now;
            probe = true;
        }
        Ticket { generation: self.generation, probe }
    }

    fn settle_call(
        &mut self,
        outcome: CallOutcome,
        cause: &Arc<str>,
        now: Instant,
    ) -> Option<Change> {
        match outcome {
            CallOutcome::Success => {
                self.failures = 0;
                None
            }
            CallOutcome::Failure => {
                self.count_failure(now);
                (self.failures >= self.config.failure_threshold).then(|| self.trip(cause, now))
            }
            CallOutcome::Ignored | CallOutcome::Cancelled => None,
        }
    }

    fn settle_probe(
        &mut self,
        outcome: CallOutcome,
        successes: u32,
        cause: &Arc<str>,
        now: Instant,
    ) -> Option<Change> {
        match outcome {
            CallOutcome::Success => {
                let reached = successes.saturating_add(1);
                if reached >= self.config.success_threshold {
                    self.failures = 0;
                    let closed = Phase::Closed { since: Some(now) };
                    return Some(self.enter(closed, "probes succeeded".into(), now));
                }
                if let Phase::HalfOpen { successes, .. } = &mut self.phase {
                    *successes = reached;
                }
                None
            }
            CallOutcome::Failure => {
                self.count_failure(now);
                Some(self.trip(cause, now))
            }
            CallOutcome::Ignored => None,
            CallOutcome::Cancelled => {
                self.probes_cancelled += 1;
                None
            }
        }
    }

    fn count_failure(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.last_failure_at = Some(now);
    }

    fn trip(&mut self, cause: &Arc<str>, now: Instant) -> Change {
        self.trips += 1;
        let open_for = self.growth.next(&self.config, self.phase, now, &mut self.rng);
        let open = Phase::Open { at: now, retry_at: later(now, open_for) };
        let alert = self.config.alert.filter(|alert| self.alarm.trip(alert, now));
        Change { alert, ..self.enter(open, Arc::clone(cause), now) }
    }

    fn enter_half_open(&mut self, cause: Arc<str>, now: Instant) -> Change {
        if let Phase::HalfOpen { probes, .. } = self.phase {
            self.probes_expired += u64::from(probes);
        }
        let half_open = Phase::HalfOpen { probes: 0, successes: 0, life_at: now };
        self.enter(half_open, cause, now)
    }

    fn enter(&mut self, phase: Phase, cause: Arc<str>, now: Instant) -> Change {
        let from = self.phase.state();
        self.phase = phase;
        self.generation += 1;
        let open_for = match phase {
            Phase::Open { retry_at, .. } => Some(retry_at.saturating_duration_since(now)),
            Phase::Closed { .. } | Phase::HalfOpen { .. } | Phase::Isolated => None,
        };
        Change {
            generation: self.generation,
            from,
            to: phase.state(),
            cause,
            open_for,
            at: now,
            alert: None,
        }
    }
}

/// The length of the next opening.
#[derive(Debug, Default)]
struct Growth {
    trips_in_a_row: u32,
    last: Duration,
}

impl Growth {
    fn next(
        &mut self,
        config: &BreakerConfig,
        phase: Phase,
        now: Instant,
        rng: &mut EntropyStream,
    ) -> Duration {
        let Some(growth) = &config.open_growth else {
            return config.open_for;
        };
        let recovered = match phase {
            Phase::Closed { since } => {
                since.is_none_or(|since| now.saturating_duration_since(since) > self.last)
            }
            Phase::Open { .. } | Phase::HalfOpen { .. } | Phase::Isolated => false,
        };
        let exponent = if recovered { 0 } else { self.trips_in_a_row };
        self.trips_in_a_row = exponent.saturating_add(1);
        let grown = growth
            .factor
            .checked_pow(exponent)
            .and_then(|factor| config.open_for.checked_mul(factor))
            .unwrap_or(growth.cap)
            .min(growth.cap);
        self.last = shorten(grown, growth, rng);
        self.last
    }
}

/// Takes a random part away, in whole milliseconds.
fn shorten(time: Duration, growth: &OpenGrowth, rng: &mut EntropyStream) -> Duration {
    if growth.jitter_percent == 0 {
        return time;
    }
    let most = (time / 100).saturating_mul(growth.jitter_percent);
    let most_ms = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
    time.saturating_sub(Duration::from_millis(rng.random_range(0..=most_ms)))
}

/// Remembers when the breaker tripped.
#[derive(Debug, Default)]
struct Alarm {
    /// The last trips, at most as many as make an alert.
    trips: VecDeque<Instant>,
    fired_at: Option<Instant>,
}

impl Alarm {
    /// Notes a trip and returns whether it is one too many.
    fn trip(&mut self, alert: &AlertConfig, now: Instant) -> bool {
        let within = |at: Instant| now.saturating_duration_since(at) < alert.window;
        self.trips.push_back(now);
        self.trips.retain(|&at| within(at));
        while u32::try_from(self.trips.len()).is_ok_and(|count| count > alert.trips) {
            self.trips.pop_front();
        }
        let enough = u32::try_from(self.trips.len()).is_ok_and(|count| count >= alert.trips);
        let fires = enough && !self.fired_at.is_some_and(within);
        if fires {
            self.fired_at = Some(now);
        }
        fires
    }
}

/// An instant later by a duration that is at most [`DURATION_MAX`].
fn later(instant: Instant, duration: Duration) -> Instant {
    instant.checked_add(duration).unwrap_or(instant)
}
