//! A second breaker, as simple as possible: replays the calls of one breaker and says what it must do.
//!
//! A breaker changes its state while a call is admitted or reported, so each change has a neighbour
//! among the breaker's own events: the end of a call, just before or just after, or the start of a
//! probe just after. A change without its neighbour, or a neighbour without its change, is wrong.

use std::collections::BTreeMap;

use model::audit::{BreakerState, CallOutcome};

use crate::expectations::{BreakerRules, nanos};
use crate::facts::seconds;
use crate::findings::{Findings, Place};

/// A change of state as the breaker tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub generation: u64,
    pub from: BreakerState,
    pub to: BreakerState,
    pub cause: &'a str,
    pub open_ms: Option<u64>,
}

/// What the next event of the breaker has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Debt {
    /// A change to this state: the calls demand it.
    Change { to: BreakerState, place: Place },
    /// The end of a call of the generation before, with this outcome: a change was seen first.
    Result { outcome: CallOutcome, epoch: u64, place: Place },
    /// The start of a call: a breaker lets probes pass only when somebody calls.
    Probe { place: Place },
}

/// One breaker, replayed.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    name: &'a str,
    rules: &'a BreakerRules,
    slack_ns: u64,
    state: BreakerState,
    generation: Option<u64>,
    /// Changes seen so far: our own count, since the breaker's numbers are under test.
    epoch: u64,
    failures: u32,
    successes: u32,
    since_ns: u64,
    open_until_ns: u64,
    /// Epoch in which each running call was admitted.
    calls: BTreeMap<u64, u64>,
    debt: Option<Debt>,
}

impl<'a> Replay<'a> {
    /// A closed breaker without calls.
    pub(crate) const fn new(name: &'a str, rules: &'a BreakerRules, slack_ns: u64) -> Self {
        Self {
            name,
            rules,
            slack_ns,
            state: BreakerState::Closed,
            generation: None,
            epoch: 0,
            failures: 0,
            successes: 0,
            since_ns: 0,
            open_until_ns: 0,
            calls: BTreeMap::new(),
            debt: None,
        }
    }

    /// A call was admitted.
    pub(crate) fn started(&mut self, place: Place, call: u64, findings: &mut Findings) {
        let probe = matches!(self.debt, Some(Debt::Probe { place: at }) if self.near(at, place));
        if probe {
            self.debt = None;
        } else {
            self.dun(findings);
        }
        self.calls.insert(call, self.epoch);
    }

    /// A call ended.
    pub(crate) fn ended(
        &mut self,
        place: Place,
        call: u64,
        outcome: CallOutcome,
        findings: &mut Findings,
    ) {
        let Some(epoch) = self.calls.remove(&call) else {
            return;
        };
        let settles = matches!(
            self.debt,
            Some(Debt::Result { outcome: wanted, epoch: of, place: at })
                if wanted == outcome && of == epoch && self.near(at, place)
        );
        if settles {
            self.debt = None;
            return;
        }
        self.dun(findings);
        if epoch == self.epoch {
            self.count(place, outcome);
        }
    }

    /// The breaker says that it changed.
    pub(crate) fn changed(&mut self, place: Place, change: Change<'_>, findings: &mut Findings) {
        if let Some(last) = self.generation
            && change.generation != last.saturating_add(1)
        {
            let message =
                format!("breaker {}: generation {} follows {last}", self.name, change.generation);
            findings.violate(place, message);
        }
        if change.from != self.state {
            let message = format!(
                "breaker {}: says that it was {}, but it was {}",
                self.name, change.from, self.state
            );
            findings.violate(place, message);
        }
        let forced = self.rules.is_forced(change.cause);
        let due = self.debt.take();
        let debt = if forced { None } else { self.judge(place, change, due, findings) };
        if change.to == BreakerState::Open {
            self.open(place, change, forced, findings);
        }
        self.generation = Some(change.generation);
        self.state = change.to;
        self.epoch = self.epoch.saturating_add(1);
        self.failures = 0;
        self.successes = 0;
        self.since_ns = place.at_ns;
        self.debt = debt;
    }

    /// The history is over: nothing may be due any more.
    pub(crate) fn finish(&mut self, findings: &mut Findings) {
        self.dun(findings);
    }

    /// Counts an outcome of the current generation.
    fn count(&mut self, place: Place, outcome: CallOutcome) {
        let to = match (self.state, outcome) {
            (BreakerState::Closed, CallOutcome::Failure) => {
                self.failures = self.failures.saturating_add(1);
                (self.failures >= self.rules.failure_threshold).then_some(BreakerState::Open)
            }
            (BreakerState::Closed, CallOutcome::Success) => {
                self.failures = 0;
                None
            }
            (BreakerState::HalfOpen, CallOutcome::Failure) => Some(BreakerState::Open),
            (BreakerState::HalfOpen, CallOutcome::Success) => {
                self.successes = self.successes.saturating_add(1);
                (self.successes >= self.rules.success_threshold).then_some(BreakerState::Closed)
            }
            (_, CallOutcome::Ignored | CallOutcome::Cancelled)
            | (BreakerState::Open | BreakerState::Isolated, _) => None,
        };
        self.debt = to.map(|to| Debt::Change { to, place });
    }

    /// Judges a change that the rules must justify; returns what must follow it.
    fn judge(
        &self,
        place: Place,
        change: Change<'_>,
        due: Option<Debt>,
        findings: &mut Findings,
    ) -> Option<Debt> {
        if let Some(debt) = due {
            if matches!(debt, Debt::Change { to, place: at } if to == change.to && self.near(at, place))
            {
                return None;
            }
            self.complain(debt, findings);
        }
        let epoch = self.epoch;
        let result = |outcome| Debt::Result { outcome, epoch, place };
        let early = |wanted: u32, seen: u32, what: &str, findings: &mut Findings| {
            let message = format!(
                "breaker {}: {} -> {} after {seen} consecutive {what}, not {wanted}",
                self.name, self.state, change.to
            );
            findings.violate(place, message);
        };
        match (self.state, change.to) {
            (BreakerState::Closed, BreakerState::Open) => {
                let wanted = self.rules.failure_threshold;
                if self.failures.saturating_add(1) == wanted {
                    return Some(result(CallOutcome::Failure));
                }
                early(wanted, self.failures, "failures", findings);
            }
            (BreakerState::HalfOpen, BreakerState::Closed) => {
                let wanted = self.rules.success_threshold;
                if self.successes.saturating_add(1) == wanted {
                    return Some(result(CallOutcome::Success));
                }
                early(wanted, self.successes, "successes", findings);
            }
            (BreakerState::HalfOpen, BreakerState::Open) => {
                return Some(result(CallOutcome::Failure));
            }
            (BreakerState::Open, BreakerState::HalfOpen) => {
                self.probe_time(place, self.open_until_ns, findings);
                return Some(Debt::Probe { place });
            }
            (BreakerState::HalfOpen, BreakerState::HalfOpen)
                if self.rules.half_open_wait_max.is_some() =>
            {
                let wait_ns = self.rules.half_open_wait_max.map_or(u64::MAX, nanos);
                self.probe_time(place, self.since_ns.saturating_add(wait_ns), findings);
                return Some(Debt::Probe { place });
            }
            (from, to) => {
                let message = format!(
                    "breaker {}: {from} -> {to} is no legal transition (cause `{}`)",
                    self.name, change.cause
                );
                findings.violate(place, message);
            }
        }
        None
    }

    /// A probe must not pass before its time.
    fn probe_time(&self, place: Place, not_before_ns: u64, findings: &mut Findings) {
        if place.at_ns.saturating_add(self.slack_ns) < not_before_ns {
            let message = format!(
                "breaker {}: lets a probe pass {} too early",
                self.name,
                seconds(not_before_ns.saturating_sub(place.at_ns))
            );
            findings.violate(place, message);
        }
    }

    /// Notes until when the breaker must reject, and judges what it says about that.
    fn open(&mut self, place: Place, change: Change<'_>, forced: bool, findings: &mut Findings) {
        let told_ns = change.open_ms.map(|ms| ms.saturating_mul(1_000_000));
        let (shortest, longest) = (nanos(self.rules.open_for), nanos(self.rules.open_for_max));
        let fits = told_ns.is_some_and(|told_ns| {
            told_ns.saturating_add(self.slack_ns) >= shortest
                && told_ns <= longest.saturating_add(self.slack_ns)
        });
        if !forced && !fits {
            let told = told_ns.map_or_else(|| "no time".to_owned(), seconds);
            let message = format!(
                "breaker {}: opens for {told}, not for {} to {}",
                self.name,
                seconds(shortest),
                seconds(longest)
            );
            findings.violate(place, message);
        }
        let least_ns = if forced { 0 } else { shortest };
        let open_ns = told_ns.unwrap_or(shortest).max(least_ns);
        self.open_until_ns = place.at_ns.saturating_add(open_ns);
    }

    /// Reports what was due and did not come.
    fn dun(&mut self, findings: &mut Findings) {
        if let Some(debt) = self.debt.take() {
            self.complain(debt, findings);
            // Count anew: one missed change is one violation, not one per later call.
            self.failures = 0;
            self.successes = 0;
        }
    }

    fn complain(&self, debt: Debt, findings: &mut Findings) {
        let name = self.name;
        let (place, message) = match debt {
            Debt::Change { to, place } => {
                let (seen, what) = match (self.state, to) {
                    (_, BreakerState::Closed) => (self.successes, "successes"),
                    (BreakerState::HalfOpen, _) => (1, "failure"),
                    (_, _) => (self.failures, "failures"),
                };
                let state = self.state;
                let message =
                    format!("breaker {name}: stays {state} after {seen} {what}, must be {to}");
                (place, message)
            }
            Debt::Result { outcome, place, .. } => {
                let state = self.state;
                let outcome = outcome.as_str();
                (place, format!("breaker {name}: became {state} without a {outcome} that counts"))
            }
            Debt::Probe { place } => {
                (place, format!("breaker {name}: became HALF_OPEN though nobody called"))
            }
        };
        findings.violate(place, message);
    }

    const fn near(&self, one: Place, other: Place) -> bool {
        one.at_ns.abs_diff(other.at_ns) <= self.slack_ns
    }
}
